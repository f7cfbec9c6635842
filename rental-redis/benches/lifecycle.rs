//! What a rental costs from its first invoice to its end: operations a second, latency, round trips, and microseconds
//! of the server's processor.
//!
//! ```text
//! cargo bench -p rental-redis --bench lifecycle                      # 1, 64 and 256 customers at once
//! cargo bench -p rental-redis --bench lifecycle -- --numbers 1000000 # the same in a large shop
//! ```
//!
//! Starts a private server without persistence and goes through `RentalService`, as the programs do.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::disallowed_methods, reason = "measures durations")]

#[path = "lifecycle/figures.rs"]
mod figures;
#[path = "lifecycle/shop.rs"]
mod shop;

use std::sync::Arc;

use figures::{Meter, heading};
use rental_core::{Invoice, Seconds};
use shop::Shop;

/// How many numbers are taken through their life in each run.
const RENTED: u64 = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let figure = |name: &str, default: u64| {
        let place = arguments.iter().position(|argument| argument == name);
        place.map_or(default, |place| arguments[place + 1].parse().expect("a number"))
    };
    let (numbers, rented) = (figure("--numbers", RENTED), figure("--rented", 0));
    let lives = figure("--lives", RENTED);
    let only = usize::try_from(figure("--clients", 0)).expect("small");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    heading();
    for clients in [1, 64, 256].into_iter().filter(|clients| only == 0 || *clients == only) {
        let lives = if clients == 1 { lives / 10 } else { lives };
        runtime.block_on(run(clients, numbers.max(lives), rented, lives));
    }
}

async fn run(clients: usize, numbers: u64, rented: u64, lives: u64) {
    let shop = Arc::new(Shop::open(numbers + rented, rented).await);
    let meter = Meter { shop: Arc::clone(&shop), clients };
    let all: Vec<u64> = (0..lives).collect();

    let invoices: Vec<Invoice> = meter.run("open invoice", all.clone(), Shop::open_invoice).await;
    meter.run("settle", invoices, Shop::pay).await;
    let renewals = meter.run("open renewal", all.clone(), Shop::open_renewal).await;
    meter.run("settle renewal", renewals, Shop::pay).await;
    let offers = meter.run("offer transfer", all.clone(), Shop::offer).await;
    meter.run("accept transfer", offers, Shop::accept).await;
    meter.run("list page of 50", (0..lives / 10).collect(), Shop::list_page).await;
    meter.run("my rentals", all, Shop::my_rentals).await;

    shop.pass(Seconds::from_days(61));
    let due = shop.due().await;
    meter.run("tick to grace", due, Shop::tick).await;
    shop.pass(Seconds::from_days(2));
    let due = shop.due().await;
    meter.run("tick to turnover", due, Shop::tick).await;
    shop.print_memory(numbers, rented);
}
