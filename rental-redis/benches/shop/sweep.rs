//! Numbers whose deadline has come, as the sweeper goes through them: pages of due numbers, many ticks at once.

use std::sync::Arc;
use std::time::Instant;

use futures::{StreamExt, stream};
use rental_core::{Seconds, Store, Timestamp};

use crate::customers::{Shop, Size};
use crate::figures::{Figures, heading, hundredths, micros_since};

const DUE: u64 = 10_000;
/// How many due numbers the sweeper takes from the index at a time.
const PAGE: usize = 256;
/// How many numbers the sweeper ticks at once.
const CONCURRENCY: usize = 64;

/// Sweeps the numbers into the grace period, and then out of it.
pub(crate) async fn run() {
    let shop = Arc::new(Shop::open(Size { listed: DUE, rented: 0 }).await);
    Shop::fill(&shop, 0..DUE, Shop::rent_for_a_month).await;
    heading("sweep of 10,000 | seconds | numbers/s | server µs/number | round trips/number");
    for (name, days) in [("into the grace period", 30), ("out of it", 1), ("back into the list", 1)] {
        shop.pass(Seconds::from_days(days));
        let figures = sweep(&shop).await;
        assert_eq!(figures.count, DUE);
        println!(
            "| {name} | {} | {} | {} | {} |",
            hundredths(figures.elapsed_micros / 10_000),
            figures.rate(),
            hundredths(figures.server_hundredths()),
            hundredths(figures.trips * 100 / figures.count),
        );
    }
}

async fn sweep(shop: &Arc<Shop>) -> Figures {
    let (cpu, calls, begin) = (shop.server_micros().await, shop.calls(), Instant::now());
    let (mut after, mut count) = (None, 0);
    loop {
        let due = shop.store.due(after, PAGE).await.expect("the store answers");
        after = due.last().copied();
        count += due.len() as u64;
        let last = due.len() < PAGE;
        let ticks = stream::iter(due).map(|due| Shop::tick(Arc::clone(shop), due));
        ticks.buffer_unordered(CONCURRENCY).collect::<Vec<()>>().await;
        if last {
            break;
        }
    }
    shop.store.forget(Timestamp::from_unix(0)).await.expect("the store answers");
    Figures {
        count,
        elapsed_micros: micros_since(begin),
        server_micros: shop.server_micros().await - cpu,
        trips: shop.calls() - calls,
        ..Figures::default()
    }
}
