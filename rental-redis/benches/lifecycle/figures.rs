//! Running one kind of operation many times at once, and what came of it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Instant;

use crate::shop::Shop;

/// Measures operations of `clients` customers at once.
pub(crate) struct Meter {
    pub(crate) shop: Arc<Shop>,
    pub(crate) clients: usize,
}

/// The head of the table.
pub(crate) fn heading() {
    println!("| clients | operation | ops/s | p50 ms | p99 ms | server µs/op | round trips |");
    println!("|---|---|---|---|---|---|---|");
}

impl Meter {
    /// Runs `operation` on every item, and prints a line.
    pub(crate) async fn run<I, T, F, O>(&self, name: &str, items: Vec<I>, operation: O) -> Vec<T>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Future<Output = T> + Send,
        O: Fn(Arc<Shop>, I) -> F + Copy + Send + 'static,
    {
        let count = items.len() as u64;
        let queue = Arc::new(Mutex::new(items.into_iter()));
        let (cpu, calls, begin) = (self.shop.server_micros(), self.shop.calls(), Instant::now());
        let tasks: Vec<_> = (0..self.clients)
            .map(|_| {
                let (queue, shop) = (Arc::clone(&queue), Arc::clone(&self.shop));
                tokio::spawn(async move {
                    let (mut done, mut micros) = (Vec::new(), Vec::new());
                    loop {
                        let Some(item) = queue.lock().expect("no panic").next() else { break };
                        let begin = Instant::now();
                        done.push(operation(Arc::clone(&shop), item).await);
                        micros.push(u64::try_from(begin.elapsed().as_micros()).expect("short"));
                    }
                    (done, micros)
                })
            })
            .collect();
        let (mut results, mut micros) = (Vec::new(), Vec::new());
        for task in tasks {
            let (done, times) = task.await.expect("no panic");
            results.extend(done);
            micros.extend(times);
        }
        let elapsed = u64::try_from(begin.elapsed().as_micros()).expect("short").max(1);
        let (cpu, calls) = (self.shop.server_micros() - cpu, self.shop.calls() - calls);
        micros.sort_unstable();
        println!(
            "| {} | {name} | {} | {} | {} | {} | {} |",
            self.clients,
            count * 1_000_000 / elapsed,
            hundredths(percentile(&micros, 50) / 10),
            hundredths(percentile(&micros, 99) / 10),
            hundredths(cpu * 100 / count.max(1)),
            hundredths(calls * 100 / count.max(1)),
        );
        results
    }
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}
