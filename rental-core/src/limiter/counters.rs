//! Counters in the memory of one process.

use std::collections::HashMap;

use super::{Allowance, Quota};
use crate::{Seconds, Timestamp};

/// Rate counters in memory, for stores and programs that keep them there.
///
/// It keeps what [`RateLimiter`](crate::RateLimiter) promises, once it stands behind a lock.
#[derive(Debug, Default)]
pub struct RateCounters {
    windows: HashMap<String, Window>,
    /// Theoretical arrival times.
    paces: HashMap<String, u64>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    used: u32,
    ends: Timestamp,
}

impl RateCounters {
    /// Counts a request of `subject` in fixed windows.
    pub fn hit(&mut self, subject: &str, quota: Quota, now: Timestamp) -> Allowance {
        let limit = quota.limit.max(1);
        let fresh = Window { used: 0, ends: now + quota.window.max(Seconds(1)) };
        let window = self.windows.entry(subject.to_owned()).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        let allowed = window.used < limit;
        window.used += u32::from(allowed);
        Allowance {
            allowed,
            remaining: limit.saturating_sub(window.used),
            reset_after: window.ends.since(now).max(Seconds(1)),
        }
    }

    /// Counts a request of `subject` at a pace.
    pub fn pace(&mut self, subject: &str, quota: Quota, now: Timestamp) -> Allowance {
        let tat = self.paces.get(subject).copied().unwrap_or_default();
        let (allowance, moved) = quota.admit(tat, now.unix_micros());
        if let Some(tat) = moved {
            self.paces.insert(subject.to_owned(), tat);
        }
        allowance
    }

    /// How many counters there are.
    pub fn count(&self) -> usize {
        self.windows.len() + self.paces.len()
    }

    /// Drops windows that are over and paces that have nothing to say any more, up to `most` of each; answers how
    /// many.
    pub fn forget(&mut self, now: Timestamp, most: usize) -> usize {
        let windows = self.windows.extract_if(|_, window| window.ends <= now);
        let paces = self.paces.extract_if(|_, tat| *tat <= now.unix_micros());
        windows.take(most).count() + paces.take(most).count()
    }
}
