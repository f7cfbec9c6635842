//! Maintenance: an operator's lock on a number, with its line in the audit trail.
//!
//! Whoever works on a number for longer than one change takes its lease, and nobody can see later who had it on unless
//! that is written down. Both together are one step for every frontend.

use crate::{
    Command, DomainError, Entropy, LeaseName, LeaseToken, Leases, OsEntropy, PhoneNumber, Rentals, Request,
    Seconds, ServiceError, Timestamp,
};

/// A lock that was put on a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceLock {
    /// Proves whose it is; changes of the number need it meanwhile.
    pub token: LeaseToken,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// Locks `number` for `ttl` and notes that in the audit trail; `request` says who does it.
///
/// # Errors
/// [`DomainError::NumberUnknown`]; [`DomainError::NumberLocked`] or [`ServiceError::Contended`] when somebody else has it
/// locked; whatever stands against the line in the trail, and then there is no lock either.
pub async fn lock_number(
    rentals: &dyn Rentals,
    leases: &dyn Leases,
    number: PhoneNumber,
    ttl: Seconds,
    request: impl FnOnce(Command) -> Request,
) -> Result<MaintenanceLock, ServiceError> {
    let number = rentals.number(number).await?.number;
    let name = LeaseName::Number(number);
    let entropy = OsEntropy.draw();
    let token = LeaseToken::from_entropy(std::array::from_fn(|i| entropy[i]));
    let Some(until) = leases.acquire(&name, &token, ttl).await? else {
        return Err(match leases.held_until(&name).await? {
            Some(until) => DomainError::NumberLocked { until }.into(),
            None => ServiceError::Contended,
        });
    };
    if let Err(error) = rentals.execute(request(Command::NoteLock { number, until: Some(until) })).await {
        leases.release(&name, &token).await?;
        return Err(error);
    }
    Ok(MaintenanceLock { token, until })
}

/// Takes the lock with this token off `number` and notes that; `false` when it is not there.
///
/// # Errors
/// [`ServiceError`]. When only the line in the audit trail failed, the lock is off.
pub async fn unlock_number(
    rentals: &dyn Rentals,
    leases: &dyn Leases,
    number: PhoneNumber,
    token: &LeaseToken,
    request: impl FnOnce(Command) -> Request,
) -> Result<bool, ServiceError> {
    let freed = leases.release(&LeaseName::Number(number), token).await?;
    if freed {
        rentals.execute(request(Command::NoteLock { number, until: None })).await?;
    }
    Ok(freed)
}
