//! Rate limits, shared by all processes of a shop.
//!
//! There are two kinds. [`RateLimiter::hit`] counts in fixed windows, for people: easy to explain, and a refused
//! attempt changes nothing. [`RateLimiter::pace`] spreads requests evenly, for programs: no rush at every window's
//! beginning. The arithmetic of a pace is one pure function, [`Quota::admit`]; stores keep one number per subject.

mod counters;

use std::fmt;

use async_trait::async_trait;

use crate::{Seconds, StoreError};

pub use counters::RateCounters;

/// How many requests in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests per window, and of a pace as many at once; at least 1.
    pub limit: u32,
    /// The window's length; at least one second.
    pub window: Seconds,
}

/// The answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether the request may go on.
    pub allowed: bool,
    /// How many more are allowed: in this window or, at a pace, at once. 0 when the request is refused.
    pub remaining: u32,
    /// Seconds from now, rounded up, at least one. In windows: until this one ends. At a pace: until the whole burst is
    /// there again when this request is allowed, until one request is allowed when it is refused. So after a refusal
    /// it is either way how long to wait.
    pub reset_after: Seconds,
}

/// Limits how often something is done.
///
/// # Contract
/// - Both methods decide and count in one step that is atomic over all processes: of any number of requests at one
///   moment, exactly `limit` are allowed.
/// - A refused request changes nothing.
/// - What is kept about a subject always has an end; a crash cannot leave anything that stands for ever.
/// - The two methods keep nothing in common: a subject may be used with both.
/// - One subject has one quota. What another quota means while the first still counts is left open, except that the
///   counter keeps an end.
/// - Time is the store's clock. One that has whole seconds only is good enough; what a pace frees between two of them
///   then comes with the second.
#[async_trait]
pub trait RateLimiter: Send + Sync + fmt::Debug {
    /// Counts a request of `subject`, such as `tg:1`, in fixed windows.
    ///
    /// A window begins with the first request of a subject and ends `window` later, whatever is asked meanwhile: a
    /// refused request neither counts against the next window nor moves the end of this one.
    async fn hit(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError>;

    /// Counts a request of `subject`, such as `key:ab12`, at a pace: the generic cell rate algorithm.
    ///
    /// A subject that has been quiet for long enough has a burst of `limit` requests at once; each of them comes back
    /// `window / limit` after the one before. In any time `t` at most `limit + t / (window / limit)` are allowed.
    /// [`Quota::admit`] says exactly how; a store uses it or agrees with it to the microsecond.
    async fn pace(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError>;
}

impl Quota {
    /// Decides about one request at a pace, and answers with the new theoretical arrival time when it is allowed.
    ///
    /// All times are microseconds. The theoretical arrival time (`tat`) is when, since 1970, the requests so far would
    /// have come had they come evenly; 0 when nothing is known. One that is not after `now` says nothing either: it can
    /// be forgotten.
    ///
    /// ```text
    /// interval = window / limit, rounded down, at least 1
    /// burst    = interval * limit
    /// backlog  = max(tat, now) - now + interval
    /// backlog <= burst:  allowed   tat = now + backlog   remaining = (burst - backlog) / interval, rounded down
    ///                              reset_after = backlog
    /// backlog >  burst:  refused   tat stays             remaining = 0
    ///                              reset_after = backlog - burst
    /// ```
    ///
    /// `reset_after` is rounded up to seconds. A quota's limit and window count as at least 1 and one second.
    ///
    /// ```
    /// use rental_core::{Quota, Seconds};
    ///
    /// let quota = Quota { limit: 2, window: Seconds(10) };
    /// let now = 1_767_225_600_000_000;
    /// let (first, tat) = quota.admit(0, now);
    /// assert_eq!((first.allowed, first.remaining, first.reset_after), (true, 1, Seconds(5)));
    /// let (_, tat) = quota.admit(tat.expect("allowed"), now);
    /// let (third, unchanged) = quota.admit(tat.expect("allowed"), now);
    /// assert_eq!((third.allowed, third.reset_after, unchanged), (false, Seconds(5), None));
    /// ```
    pub fn admit(self, tat: u64, now: u64) -> (Allowance, Option<u64>) {
        let limit = self.limit.max(1);
        let window = self.window.0.max(1).saturating_mul(MICROS);
        let interval = (window / u64::from(limit)).max(1);
        let burst = interval * u64::from(limit);
        let backlog = tat.saturating_sub(now).saturating_add(interval);
        if backlog > burst {
            let reset_after = Seconds((backlog - burst).div_ceil(MICROS));
            return (Allowance { allowed: false, remaining: 0, reset_after }, None);
        }
        let remaining = u32::try_from((burst - backlog) / interval).unwrap_or(limit);
        let reset_after = Seconds(backlog.div_ceil(MICROS));
        (Allowance { allowed: true, remaining, reset_after }, Some(now.saturating_add(backlog)))
    }
}

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;

#[cfg(test)]
mod tests;
