//! Leases. One is live while its end lies after now.

use std::collections::HashMap;

use super::PageRequest;
use crate::{LeaseName, LeaseToken, PhoneNumber, Seconds, Timestamp};

/// All leases.
#[derive(Default)]
pub(super) struct Locks {
    leases: HashMap<LeaseName, Lease>,
}

struct Lease {
    token: LeaseToken,
    until: Timestamp,
}

/// The end of something that lasts `length`, at least one second.
fn end(now: Timestamp, length: Seconds) -> Timestamp {
    now + length.max(Seconds(1))
}

impl Locks {
    fn live(&self, name: &LeaseName, now: Timestamp) -> Option<&Lease> {
        self.leases.get(name).filter(|lease| now < lease.until)
    }

    fn holds(&self, name: &LeaseName, token: &LeaseToken, now: Timestamp) -> bool {
        self.live(name, now).is_some_and(|lease| lease.token == *token)
    }

    pub(super) fn acquire(
        &mut self,
        name: &LeaseName,
        token: &LeaseToken,
        ttl: Seconds,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if self.live(name, now).is_some() {
            return None;
        }
        let until = end(now, ttl);
        let token = token.clone();
        self.leases.insert(name.clone(), Lease { token, until });
        Some(until)
    }

    pub(super) fn renew(
        &mut self,
        name: &LeaseName,
        token: &LeaseToken,
        ttl: Seconds,
        now: Timestamp,
    ) -> bool {
        let held = self.holds(name, token, now);
        if held {
            let (token, until) = (token.clone(), end(now, ttl));
            self.leases.insert(name.clone(), Lease { token, until });
        }
        held
    }

    pub(super) fn release(&mut self, name: &LeaseName, token: &LeaseToken, now: Timestamp) -> bool {
        let held = self.holds(name, token, now);
        if held {
            self.leases.remove(name);
        }
        held
    }

    pub(super) fn held_until(&self, name: &LeaseName, now: Timestamp) -> Option<Timestamp> {
        self.live(name, now).map(|lease| lease.until)
    }

    /// The end of the live lease on `number`, when `token` is not its token.
    pub(super) fn foreign(
        &self,
        number: PhoneNumber,
        token: Option<&LeaseToken>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        self.live(&LeaseName::Number(number), now)
            .filter(|lease| token != Some(&lease.token))
            .map(|lease| lease.until)
    }

    /// Drops what has run out; answers how much.
    pub(super) fn forget(&mut self, now: Timestamp) -> usize {
        self.leases.extract_if(|_, lease| lease.until <= now).take(PageRequest::MOST).count()
    }
}
