//! How many requests a provider allows: a token bucket.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A token bucket without a timer: the time at which the next token would be there.
#[derive(Debug)]
pub(crate) struct Budget {
    /// The time in which one token comes; zero is no limit.
    pace: Duration,
    /// How far requests may run ahead of the pace.
    ahead: Duration,
    /// When the bucket will be full of debt no more.
    even: Mutex<Option<Instant>>,
}

impl Budget {
    /// One request every `pace`, and up to `burst` at once after a quiet time.
    pub(crate) fn new(pace: Duration, burst: u32) -> Self {
        Self { pace, ahead: pace * burst.saturating_sub(1), even: Mutex::new(None) }
    }

    /// Waits for a token.
    pub(crate) async fn take(&self) {
        let start = {
            let mut even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let due = even.map_or(now, |even| even.max(now));
            *even = Some(due + self.pace);
            due.checked_sub(self.ahead).map_or(now, |start| start.max(now))
        };
        sleep_until(start).await;
    }

    /// Keeps everybody waiting for `pause` from now, as a provider has asked.
    pub(crate) fn hold(&self, pause: Duration) {
        let until = Instant::now() + pause + self.ahead;
        let mut even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
        *even = Some(even.map_or(until, |even| even.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_then_the_pace_is_kept() {
        let budget = Budget::new(Duration::from_millis(100), 3);
        let start = Instant::now();
        for _ in 0..3 {
            budget.take().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..5 {
            budget.take().await;
        }
        assert_eq!(start.elapsed(), Duration::from_millis(500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_was_asked_for_holds_for_everybody() {
        let budget = Budget::new(Duration::from_millis(100), 5);
        budget.hold(Duration::from_secs(7));
        let start = Instant::now();
        budget.take().await;
        assert_eq!(start.elapsed(), Duration::from_secs(7));
        let free = Budget::new(Duration::ZERO, 1);
        free.take().await;
        free.take().await;
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }
}
