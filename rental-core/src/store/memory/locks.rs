//! What runs out by itself: leases and rate counters.

use std::collections::HashMap;

use super::PageRequest;
use crate::{Allowance, LeaseName, LeaseToken, PhoneNumber, Quota, Seconds, Timestamp};

/// All leases and rate counters.
#[derive(Default)]
pub(super) struct Locks {
    leases: HashMap<LeaseName, Lease>,
    windows: HashMap<String, Window>,
}

struct Lease {
    token: LeaseToken,
    until: Timestamp,
}

#[derive(Clone, Copy)]
struct Window {
    used: u32,
    ends: Timestamp,
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

    pub(super) fn hit(&mut self, subject: &str, quota: Quota, now: Timestamp) -> Allowance {
        let limit = quota.limit.max(1);
        let fresh = Window { used: 0, ends: end(now, quota.window) };
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

    /// Drops what has run out; answers how much.
    pub(super) fn forget(&mut self, now: Timestamp) -> usize {
        let over = |until: Timestamp| until <= now;
        let leases = self.leases.extract_if(|_, lease| over(lease.until));
        let windows = self.windows.extract_if(|_, window| over(window.ends));
        leases.take(PageRequest::MOST).count() + windows.take(PageRequest::MOST).count()
    }
}
