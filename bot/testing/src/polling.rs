//! `getUpdates`: the one call that waits.

use std::fmt::Write;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::params::Params;
use crate::refusal::Refusal;
use crate::world::Shared;

/// The most updates of one answer.
const MOST: i64 = 100;
/// The longest wait, in seconds.
const LONGEST: i64 = 50;

/// Answers a list of updates as JSON.
pub(crate) async fn get_updates(shared: &Shared, params: &Params) -> Result<String, Refusal> {
    let limit = params.integer("limit")?.filter(|limit| (1..=MOST).contains(limit)).unwrap_or(MOST);
    let limit = usize::try_from(limit).expect("it is between 1 and 100");
    let timeout = params.integer("timeout")?.unwrap_or_default().clamp(0, LONGEST);
    let timeout = Duration::from_secs(timeout.unsigned_abs());
    let offset = params.integer("offset")?;
    let allowed = params.json("allowed_updates")?;
    let turn = shared.change(|world| {
        if world.updates.webhook.is_some() {
            return Err(Refusal::conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        world.updates.allow(allowed.as_ref());
        world.updates.turn += 1;
        if let Some(offset) = offset.filter(|offset| *offset != 0) {
            world.counters.confirmed += world.updates.confirm(offset);
        }
        Ok(world.updates.turn)
    })?;
    let until = Instant::now() + timeout;
    loop {
        let mut arrived = pin!(shared.arrived.notified());
        arrived.as_mut().enable();
        {
            let world = shared.look();
            if world.updates.turn != turn {
                let by = if world.updates.webhook.is_some() {
                    "terminated by setWebhook request"
                } else {
                    "terminated by other getUpdates request; make sure that only one bot instance is running"
                };
                return Err(Refusal::conflict(by));
            }
            if !world.updates.pending.is_empty() || timeout.is_zero() {
                let mut list = String::from("[");
                for (place, update) in world.updates.pending.values().take(limit).enumerate() {
                    let comma = if place == 0 { "" } else { "," };
                    write!(list, "{comma}{}", update.json).expect("a text takes everything");
                }
                return Ok(list + "]");
            }
        }
        if tokio::time::timeout_at(until, arrived).await.is_err() {
            return Ok("[]".to_owned());
        }
    }
}
