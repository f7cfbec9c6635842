//! Running one kind of operation many times at once, and what came of it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Instant;

use crate::customers::Shop;

/// Measures operations of `clients` customers at once.
pub(crate) struct Meter {
    pub(crate) shop: Arc<Shop>,
    pub(crate) clients: usize,
}

/// What many runs of one operation came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    /// How many were run.
    pub(crate) count: u64,
    /// How long all took together.
    pub(crate) elapsed_micros: u64,
    /// The middle one's time.
    pub(crate) p50_micros: u64,
    /// The time that one in a hundred exceeds.
    pub(crate) p99_micros: u64,
    /// What the server's processor spent on all.
    pub(crate) server_micros: u64,
    /// How often the server was asked.
    pub(crate) trips: u64,
}

impl Figures {
    /// Operations a second.
    pub(crate) fn rate(&self) -> u64 {
        self.count * 1_000_000 / self.elapsed_micros.max(1)
    }

    /// Hundredths of a microsecond of the server's processor for one.
    pub(crate) fn server_hundredths(&self) -> u64 {
        self.server_micros * 100 / self.count.max(1)
    }

    /// The cells of a table's line.
    pub(crate) fn cells(&self) -> String {
        format!(
            "{} | {} | {} | {} | {}",
            self.rate(),
            hundredths(self.p50_micros / 10),
            hundredths(self.p99_micros / 10),
            hundredths(self.server_hundredths()),
            hundredths(self.trips * 100 / self.count.max(1)),
        )
    }
}

/// The names of [`Figures::cells`].
pub(crate) const CELLS: &str = "ops/s | p50 ms | p99 ms | server µs/op | round trips";

/// Prints the head of a table.
pub(crate) fn heading(names: &str) {
    println!("\n| {names} |");
    println!("|{}", "---|".repeat(names.split('|').count()));
}

impl Meter {
    /// Runs `operation` on every item; answers what it led to, and the figures.
    pub(crate) async fn measure<I, T, F, O>(&self, items: Vec<I>, operation: O) -> (Vec<T>, Figures)
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Future<Output = T> + Send,
        O: Fn(Arc<Shop>, I) -> F + Copy + Send + 'static,
    {
        let count = items.len() as u64;
        let queue = Arc::new(Mutex::new(items.into_iter()));
        let (cpu, calls, begin) = (self.shop.server_micros().await, self.shop.calls(), Instant::now());
        let tasks: Vec<_> = (0..self.clients)
            .map(|_| {
                let (queue, shop) = (Arc::clone(&queue), Arc::clone(&self.shop));
                tokio::spawn(async move {
                    let (mut done, mut times) = (Vec::new(), Vec::new());
                    loop {
                        let Some(item) = queue.lock().expect("no panic").next() else { break };
                        let begin = Instant::now();
                        done.push(operation(Arc::clone(&shop), item).await);
                        times.push(micros_since(begin));
                    }
                    (done, times)
                })
            })
            .collect();
        let (mut results, mut times) = (Vec::new(), Vec::new());
        for task in tasks {
            let (done, own) = task.await.expect("no panic");
            results.extend(done);
            times.extend(own);
        }
        let elapsed_micros = micros_since(begin);
        times.sort_unstable();
        let figures = Figures {
            count,
            elapsed_micros,
            p50_micros: percentile(&times, 50),
            p99_micros: percentile(&times, 99),
            server_micros: self.shop.server_micros().await - cpu,
            trips: self.shop.calls() - calls,
        };
        (results, figures)
    }
}

pub(crate) fn micros_since(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_micros()).expect("short")
}

/// Two decimal places.
pub(crate) fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}
