//! `numbers lock` and `numbers unlock`: maintenance that nobody else may disturb.

use clap::Args;
use rental_core::{LeaseName, LeaseToken, MaintenanceLock, PhoneNumber, Seconds, lock_number, unlock_number};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Shape, brief};
use crate::shapes::Moment;
use crate::span;

/// What to lock.
#[derive(Debug, Args)]
pub(crate) struct Lock {
    /// The number, in any spelling
    number: PhoneNumber,
    /// For how long, such as 30m or 1h; it ends by itself
    #[arg(long = "for", value_name = "TIME", value_parser = span::parse, allow_hyphen_values = true)]
    ttl: Seconds,
}

/// What to unlock.
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    /// The number, in any spelling
    number: PhoneNumber,
    /// The token that the lock printed
    #[arg(long, value_name = "TOKEN")]
    token: String,
}

/// A lock.
#[derive(Debug, Serialize)]
struct LockShape {
    number: PhoneNumber,
    token: Option<String>,
    locked_until: Option<Moment>,
}

impl Shape for LockShape {
    fn columns() -> Vec<Column> {
        ["number", "token", "locked_until"].map(brief).into()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.token.clone().unwrap_or_default(),
            self.locked_until.map(|until| until.to_string()).unwrap_or_default(),
        ]
    }
}

/// Takes the number's lease.
pub(super) async fn lock(lock: &Lock, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let Lock { number, ttl } = *lock;
    let request = |command| desk.request(command);
    let MaintenanceLock { token, until } =
        lock_number(desk.rentals, desk.leases, number, ttl, request).await?;
    desk.say("locked; pass --lease TOKEN to change it meanwhile")?;
    desk.show(&LockShape {
        number,
        token: Some(token.as_str().to_owned()),
        locked_until: Some(Moment(until)),
    })
}

/// Gives the number's lease back.
pub(super) async fn unlock(unlock: &Unlock, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let number = desk.rentals.number(unlock.number).await?.number;
    let token = LeaseToken::from_text(&unlock.token);
    let request = |command| desk.request(command);
    if unlock_number(desk.rentals, desk.leases, number, &token, request).await? {
        desk.say("unlocked")?;
        return desk.show(&LockShape { number, token: None, locked_until: None });
    }
    Err(match desk.leases.held_until(&LeaseName::Number(number)).await? {
        Some(until) => Failure::new(
            Exit::Conflict,
            "lock.not_yours",
            format!("this token does not hold the lock; use the one that locked it, or wait until {until}"),
        ),
        None => {
            Failure::new(Exit::Conflict, "lock.absent", "this number is not locked; there is nothing to do")
        }
    })
}
