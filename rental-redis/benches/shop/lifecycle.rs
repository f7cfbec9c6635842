//! A rental from its first invoice to its end.

use std::sync::Arc;

use rental_core::Seconds;

use crate::customers::{Shop, Size};
use crate::figures::{CELLS, Figures, Meter, heading};

/// How many numbers are taken through their life.
const LIVES: u64 = 20_000;

/// 1, 64 and 256 customers at once.
pub(crate) async fn run() {
    heading(&format!("customers | operation | {CELLS}"));
    for clients in [1, 64, 256] {
        let lives = if clients == 1 { LIVES / 10 } else { LIVES };
        let size = Size { listed: lives + 1_000, rented: 0 };
        for (name, figures) in live(size, lives, clients).await {
            println!("| {clients} | {name} | {} |", figures.cells());
        }
    }
}

/// Takes the first `lives` listed numbers through their life.
async fn live(size: Size, lives: u64, clients: usize) -> Vec<(&'static str, Figures)> {
    let shop = Arc::new(Shop::open(size).await);
    let meter = Meter { shop: Arc::clone(&shop), clients };
    let all: Vec<u64> = (0..lives).collect();
    let mut table = Vec::new();

    let (invoices, figures) = meter.measure(all.clone(), Shop::open_invoice).await;
    table.push(("open invoice", figures));
    let (_, figures) = meter.measure(invoices, Shop::pay).await;
    table.push(("settle", figures));
    let (renewals, figures) = meter.measure(all.clone(), Shop::open_renewal).await;
    table.push(("open renewal", figures));
    let (_, figures) = meter.measure(renewals, Shop::pay).await;
    table.push(("settle renewal", figures));
    let (offers, figures) = meter.measure(all.clone(), Shop::offer).await;
    table.push(("offer transfer", figures));
    let (_, figures) = meter.measure(offers, Shop::accept).await;
    table.push(("accept transfer", figures));
    // Pages that begin anywhere among the numbers that are still available, and are full.
    let starts = size.listed - lives - Shop::PAGE;
    let pages = (0..lives.div_ceil(10)).map(|n| lives + n * 7_919 % starts).collect();
    let (_, figures) = meter.measure(pages, Shop::list_page).await;
    table.push(("list page of 50", figures));
    let (_, figures) = meter.measure(all, Shop::my_rentals).await;
    table.push(("my rentals", figures));

    shop.pass(Seconds::from_days(61));
    let (_, figures) = meter.measure(shop.due(lives).await, Shop::tick).await;
    table.push(("tick to grace", figures));
    shop.pass(Seconds::from_days(2));
    let (_, figures) = meter.measure(shop.due(lives).await, Shop::tick).await;
    table.push(("tick to turnover", figures));
    table
}
