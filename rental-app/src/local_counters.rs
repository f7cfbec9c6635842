//! Rate limits in the memory of one process.
//!
//! For the embedded store, where a count is a transaction of its own that waits for the disk. The price: after a restart
//! everybody has a whole burst again, and each process counts for itself.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rental_core::{Allowance, Clock, Quota, RateCounters, RateLimiter, StoreError, Timestamp};

/// How many counters are remembered at once.
const MOST_COUNTERS: usize = 65_536;

/// Counts requests in the memory of this process.
#[derive(Debug)]
pub struct LocalCounters {
    clock: Arc<dyn Clock>,
    counters: Mutex<RateCounters>,
}

impl LocalCounters {
    /// No counts yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, counters: Mutex::default() }
    }

    fn count(&self, count: impl FnOnce(&mut RateCounters, Timestamp) -> Allowance) -> Allowance {
        let now = self.clock.now();
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let allowance = count(&mut counters, now);
        if counters.count() > MOST_COUNTERS {
            counters.forget(now, usize::MAX);
        }
        if counters.count() > MOST_COUNTERS {
            // A flood from everywhere: rather a new start for all than memory without end.
            *counters = RateCounters::default();
        }
        allowance
    }
}

#[async_trait]
impl RateLimiter for LocalCounters {
    async fn hit(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        Ok(self.count(|counters, now| counters.hit(subject, quota, now)))
    }

    async fn pace(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        Ok(self.count(|counters, now| counters.pace(subject, quota, now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::{ManualClock, Seconds};

    #[tokio::test]
    async fn requests_are_counted_per_subject_and_come_back_with_time() {
        let clock = ManualClock::at(Timestamp::from_unix(1_000));
        let counters = LocalCounters::new(Arc::new(clock.clone()));
        let quota = Quota { limit: 2, window: Seconds(60) };
        for (paced, again) in [(false, 60), (true, 30)] {
            let asked = async |subject| {
                let answer = if paced {
                    counters.pace(subject, quota).await
                } else {
                    counters.hit(subject, quota).await
                };
                answer.expect("counted")
            };
            let answers = [asked("a").await, asked("a").await, asked("a").await];
            assert_eq!(answers.map(|answer| answer.allowed), [true, true, false], "paced: {paced}");
            assert_eq!(answers[2].reset_after, Seconds(again));
            assert!(asked("b").await.allowed);
            clock.advance(Seconds(again));
            assert!(asked("a").await.allowed);
        }
    }

    #[tokio::test]
    async fn a_flood_of_subjects_does_not_fill_the_memory() {
        let clock = ManualClock::at(Timestamp::from_unix(1_000));
        let counters = LocalCounters::new(Arc::new(clock.clone()));
        let count = || counters.counters.lock().expect("not poisoned").count();
        let quota = |window| Quota { limit: 1, window: Seconds(window) };
        counters.pace("long", quota(1_000)).await.expect("counted");
        for n in 1..MOST_COUNTERS {
            counters.pace(&n.to_string(), quota(10)).await.expect("counted");
        }
        assert_eq!(count(), MOST_COUNTERS);
        clock.advance(Seconds(10));
        counters.pace("new", quota(10)).await.expect("counted");
        assert_eq!(count(), 2, "what has nothing to say any more goes first");
        assert!(!counters.pace("long", quota(1_000)).await.expect("counted").allowed);
        for n in 2..=MOST_COUNTERS {
            counters.pace(&n.to_string(), quota(10)).await.expect("counted");
        }
        assert_eq!(count(), 0);
    }
}
