//! A rent beside two others on servers like ours: the same script sent by `redis-benchmark`, which is the limit, and
//! the usual way to do it, in Python.

use std::sync::Arc;

use crate::customers::{Shop, Size};
use crate::figures::{CELLS, Figures, Meter, heading, hundredths};
use crate::rivals::{self, Raw};

/// Each figure is the middle one of so many.
const ROUNDS: usize = 3;
/// Rents in each, at several customers and at one.
const RENTS: u64 = 40_000;

/// Who is measured, in the order of the table.
const NAMES: [&str; 5] = [
    "`RentalService`, open invoice",
    "`RedisStore`, commit",
    "redis-benchmark, same script",
    "redis-benchmark, same script, 16 deep",
    "lock, read, MULTI, unlock in Python",
];

pub(crate) async fn run() {
    let has_python = rivals::has_python();
    if !has_python {
        println!("\nwithout the shop in Python: pip install redis hiredis");
    }
    heading(&format!("customers | who | {CELLS}"));
    let mut ratios = Vec::new();
    for clients in [1, 64, 256] {
        let mut rounds: Vec<Vec<Figures>> = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(round(clients, has_python).await);
        }
        let middle: Vec<Figures> = (0..rounds[0].len())
            .map(|who| {
                let mut of_one: Vec<_> = rounds.iter().map(|round| round[who]).collect();
                of_one.sort_by_key(Figures::rate);
                of_one[ROUNDS / 2]
            })
            .collect();
        for (name, figures) in NAMES.iter().zip(&middle) {
            println!("| {clients} | {name} | {} |", figures.cells());
        }
        ratios.push((clients, middle));
    }
    heading(
        "customers | commit / redis-benchmark | 16 deep | service / redis-benchmark | 16 deep | / Python",
    );
    for (clients, who) in ratios {
        let ratio = |above: usize, below: usize| {
            let (above, below) = (who.get(above), who.get(below));
            let ratio = above.zip(below).map(|(above, below)| above.rate() * 100 / below.rate().max(1));
            ratio.map_or(String::new(), hundredths)
        };
        let cells = [ratio(1, 2), ratio(1, 3), ratio(0, 2), ratio(0, 3), ratio(0, 4)].join(" | ");
        println!("| {clients} | {cells} |");
    }
}

/// Everybody once, each with as many numbers to rent.
async fn round(clients: usize, has_python: bool) -> Vec<Figures> {
    let rents = if clients == 1 { RENTS / 8 } else { RENTS };
    let size = Size { listed: 2 * rents, rented: 0 };
    let open = async || Meter { shop: Arc::new(Shop::open(size).await), clients };

    let meter = open().await;
    let (_, service) = meter.measure((0..rents).collect(), Shop::open_invoice).await;
    let meter = open().await;
    let planner = Meter { shop: Arc::clone(&meter.shop), clients: 64 };
    let (changes, _) = planner.measure((0..rents).collect(), Shop::decide_invoice).await;
    let (_, commit) = meter.measure(changes, Shop::commit).await;
    let mut figures = vec![service, commit];
    for deep in [1, 16] {
        figures.push(Raw::shop(2 * rents).await.redis_benchmark(clients, deep, rents).await);
    }
    if has_python {
        figures.push(Raw::shop(2 * rents).await.python(clients, rents).await);
    }
    figures
}
