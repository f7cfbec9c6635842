//! Rate limits, shared by all processes of a shop.

use std::fmt;

use async_trait::async_trait;

use crate::{Seconds, StoreError};

/// How many requests in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests per window; at least 1.
    pub limit: u32,
    /// The window's length; at least one second.
    pub window: Seconds,
}

/// The answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether the request may go on.
    pub allowed: bool,
    /// How many more are allowed in this window.
    pub remaining: u32,
    /// When the window ends, from now; at least one second.
    pub reset_after: Seconds,
}

/// Counts requests in fixed windows.
///
/// # Contract
/// - A window begins with the first request of a subject and ends `window` later, whatever is asked meanwhile: a
///   refused request neither counts against the next window nor moves the end of this one.
/// - A counter always has an end; a crash cannot leave one that stands for ever.
/// - Counting is atomic over all processes: of any number of concurrent requests exactly `limit` are allowed.
#[async_trait]
pub trait RateLimiter: Send + Sync + fmt::Debug {
    /// Counts a request of `subject`, such as `key:ab12` or `tg:1`.
    async fn hit(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError>;
}
