//! The same operations in a small shop and in a large one.
//!
//! In both, as many rentals are on their way at once, and each number is as far from the one before. Plain commands on
//! the same keys come last: they tell how much of a difference is the server's memory.

use std::sync::Arc;

use rental_core::{Due, Seconds};

use crate::customers::{Shop, Size};
use crate::figures::{Figures, Meter, heading, hundredths};
use crate::floor::memory_walk;

const CLIENTS: usize = 64;
const SMALL: Size = Size { listed: 800, rented: 200 };
/// So many numbers go from their first invoice to a new owner before the next do.
const BATCH: u64 = 500;
/// And so many pages are read in the meantime.
const PAGES: u64 = 250;
/// How many times.
const ROUNDS: u64 = 20;
/// How far the next number is; a prime, so that none comes twice.
const STRIDE: u64 = 7_919;

/// Figures by operation.
type Table = Vec<(&'static str, Figures)>;

/// `SCALE_NUMBERS` tells how many numbers the large shop lists; a fifth as many more are rented.
pub(crate) async fn run() {
    let listed = std::env::var("SCALE_NUMBERS").map_or(1_000_000, |n| n.parse().expect("a count of numbers"));
    assert!(listed >= 4 * BATCH * ROUNDS, "{} numbers at least", 4 * BATCH * ROUNDS);
    let large = Size { listed, rented: listed / 5 };

    let mut small_table = Table::new();
    for _ in 0..ROUNDS {
        walk(SMALL, 1, &mut small_table).await;
    }
    let mut large_table = Table::new();
    walk(large, ROUNDS, &mut large_table).await;

    let numbers = large.listed + large.rented;
    heading(&format!("operation | server µs/op, 1,000 numbers | {numbers} numbers | large / small"));
    for ((name, small), (_, large)) in small_table.iter().zip(&large_table) {
        let (small, large) = (small.server_hundredths(), large.server_hundredths());
        let ratio = hundredths(large * 100 / small.max(1));
        println!("| {name} | {} | {} | {ratio} |", hundredths(small), hundredths(large));
    }
}

/// Takes `rounds` batches of numbers of a new shop through their life; adds what it cost.
async fn walk(size: Size, rounds: u64, table: &mut Table) {
    let shop = Arc::new(Shop::open(size).await);
    let meter = Meter { shop: Arc::clone(&shop), clients: CLIENTS };
    let mut add = |name: &'static str, more: Figures| {
        if let Some((_, sum)) = table.iter_mut().find(|(known, _)| *known == name) {
            sum.count += more.count;
            sum.server_micros += more.server_micros;
        } else {
            table.push((name, more));
        }
    };
    for round in 0..rounds {
        let (pages, batch) = (pages(size, round), batch(size, round));
        let (_, figures) = meter.measure(pages, Shop::list_page).await;
        add("list page of 50", figures);
        let (invoices, figures) = meter.measure(batch.clone(), Shop::open_invoice).await;
        add("open invoice", figures);
        let (_, figures) = meter.measure(invoices, Shop::pay).await;
        add("settle", figures);
        let (renewals, figures) = meter.measure(batch.clone(), Shop::open_renewal).await;
        add("open renewal", figures);
        let (_, figures) = meter.measure(renewals, Shop::pay).await;
        add("settle renewal", figures);
        let (offers, figures) = meter.measure(batch.clone(), Shop::offer).await;
        add("offer transfer", figures);
        let (_, figures) = meter.measure(offers, Shop::accept).await;
        add("accept transfer", figures);
        let (_, figures) = meter.measure(batch, Shop::my_rentals).await;
        add("my rentals", figures);
    }
    for (name, days) in [("tick to grace", 61), ("tick to turnover", 2)] {
        shop.pass(Seconds::from_days(days));
        let due = apart(&shop.due(rounds * BATCH).await);
        let (_, figures) = meter.measure(due, Shop::tick).await;
        add(name, figures);
    }
    add("floor: 100 reads anywhere in as much memory", memory_walk(shop.used_memory()));
    // In the large shop these are numbers to which nothing has happened.
    for round in rounds..2 * rounds {
        let (pages, batch) = (pages(size, round), batch(size, round));
        let (_, figures) = meter.measure(batch.clone(), Shop::ping).await;
        add("floor: PING", figures);
        let (_, figures) = meter.measure(batch.clone(), Shop::read_number).await;
        add("floor: HGET of a number", figures);
        let (_, figures) = meter.measure(pages, Shop::read_page).await;
        add("floor: 51 HGET, one after the other", figures);
        let (_, figures) = meter.measure(batch.clone(), Shop::move_number).await;
        add("floor: ZADD that moves a number", figures);
        let (_, figures) = meter.measure(batch.clone(), Shop::write_new).await;
        add("floor: SET of a new document", figures);
        let (_, figures) = meter.measure(batch, Shop::write_settlement).await;
        add("floor: MULTI with what a settlement writes", figures);
    }
}

/// The numbers that are rented in a round.
fn batch(size: Size, round: u64) -> Vec<u64> {
    (round * BATCH..(round + 1) * BATCH).map(|n| n * STRIDE % size.listed).collect()
}

/// The numbers after which the pages of a round begin. Behind each there are enough that are available.
fn pages(size: Size, round: u64) -> Vec<u64> {
    let starts = size.listed - size.listed / 20 - 2 * Shop::PAGE;
    (round * PAGES..(round + 1) * PAGES).map(|n| n * STRIDE % starts).collect()
}

/// The same, none beside its neighbour.
fn apart(due: &[Due]) -> Vec<Due> {
    let (count, stride) = (due.len(), usize::try_from(STRIDE).expect("small"));
    (0..count).map(|n| due[n * stride % count]).collect()
}
