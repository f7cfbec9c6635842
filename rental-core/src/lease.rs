//! Leases: exclusive, expiring, token-checked.
//!
//! For work with an outside call in the middle: turnover of a number, maintenance, being the one replica that reads
//! the chain. Single-step changes need none, because one commit is atomic.

use std::fmt;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::{PhoneNumber, Seconds, StoreError, Timestamp};

/// What a lease is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LeaseName {
    /// A number; every commit that changes the number checks this lease.
    Number(PhoneNumber),
    /// A worker's job, of which one replica at a time does the work.
    Worker(&'static str),
}

/// The stored form: `lock:number:…` or `lock:worker:…`.
impl fmt::Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "lock:number:{number}"),
            Self::Worker(name) => write!(f, "lock:worker:{name}"),
        }
    }
}

/// Proves that its owner took the lease.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseToken(String);

impl LeaseToken {
    /// The token made of these random bytes.
    pub fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(HEXLOWER.encode(&entropy))
    }

    /// Reads a token that was shown to an operator; anything else simply matches no lease.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text to store and compare.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken(…)")
    }
}

/// Exclusive, expiring locks, on the same backend and clock as the store.
///
/// # Contract
/// - At most one live lease per name. A lease is live until its end by the store's clock.
/// - Only the token that took a lease renews or releases it; with any other token these answer `false` and change
///   nothing. So an owner that slept past the end cannot free or prolong somebody else's lease.
/// - Whoever slept past the end must expect its commits to fail: versions are the fencing.
#[async_trait]
pub trait Leases: Send + Sync + fmt::Debug {
    /// Takes the lease for `ttl` (at least one second), or answers `None` when somebody has it.
    async fn acquire(
        &self,
        name: &LeaseName,
        token: &LeaseToken,
        ttl: Seconds,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Moves the end to now + `ttl`; `false` when `token` does not hold the lease (any more).
    async fn renew(&self, name: &LeaseName, token: &LeaseToken, ttl: Seconds) -> Result<bool, StoreError>;

    /// Gives the lease back; `false` when `token` does not hold it (any more).
    async fn release(&self, name: &LeaseName, token: &LeaseToken) -> Result<bool, StoreError>;

    /// When the live lease on `name` ends; `None` when there is none.
    async fn held_until(&self, name: &LeaseName) -> Result<Option<Timestamp>, StoreError>;
}
