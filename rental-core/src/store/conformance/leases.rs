//! Leases, and what they do to commits.

use super::super::{Changes, Commit, OnceKey};
use super::{Harness, sample};
use crate::{LeaseName, LeaseToken, Seconds, Timestamp};

const MINUTE: Seconds = Seconds(60);

impl Harness {
    async fn acquire(&self, name: &LeaseName, token: &LeaseToken) -> Option<Timestamp> {
        let until = self.leases.acquire(name, token, MINUTE).await;
        until.expect("the store answers")
    }

    async fn renew(&self, name: &LeaseName, token: &LeaseToken, ttl: Seconds) -> bool {
        let renewed = self.leases.renew(name, token, ttl).await;
        renewed.expect("the store answers")
    }

    async fn release(&self, name: &LeaseName, token: &LeaseToken) -> bool {
        let released = self.leases.release(name, token).await;
        released.expect("the store answers")
    }

    async fn held_until(&self, name: &LeaseName) -> Option<Timestamp> {
        let until = self.leases.held_until(name).await;
        until.expect("the store answers")
    }
}

fn lock() -> LeaseName {
    LeaseName::Number(sample::number(1))
}

/// A change of the locked number, under `lease`.
fn change(lease: Option<LeaseToken>) -> Changes {
    Changes { lease, ..sample::number_changes(sample::record(sample::number(1))) }
}

pub(super) async fn one_lease_per_name_until_its_end(h: Harness) {
    let (mine, other) = (sample::token(1), sample::token(2));
    let end = h.now() + MINUTE;
    assert_eq!(h.held_until(&lock()).await, None);
    assert_eq!(h.acquire(&lock(), &mine).await, Some(end));
    assert_eq!(h.acquire(&lock(), &other).await, None);
    assert_eq!(h.acquire(&lock(), &mine).await, None);
    h.pass(59);
    assert_eq!(h.acquire(&lock(), &other).await, None);
    assert_eq!(h.held_until(&lock()).await, Some(end));
    h.pass(1);
    assert_eq!(h.held_until(&lock()).await, None);
    assert_eq!(h.acquire(&lock(), &other).await, Some(end + MINUTE));
}

pub(super) async fn names_of_leases_do_not_meet(h: Harness) {
    let names = [
        lock(),
        LeaseName::Number(sample::number(2)),
        LeaseName::Worker("sweeper"),
        LeaseName::Worker("sweep"),
        LeaseName::Worker("+88800000001"),
    ];
    for name in &names {
        assert!(h.acquire(name, &sample::token(1)).await.is_some(), "{name}");
    }
    assert!(h.release(&names[3], &sample::token(1)).await);
    for name in [&names[0], &names[1], &names[2], &names[4]] {
        assert!(h.held_until(name).await.is_some(), "{name}");
    }
}

pub(super) async fn only_the_owner_renews_and_releases(h: Harness) {
    let (mine, other) = (sample::token(1), sample::token(2));
    for name in [lock(), LeaseName::Worker("sweeper")] {
        let end = h.acquire(&name, &mine).await;
        for stranger in [&other, &LeaseToken::from_text(""), &LeaseToken::from_text("*")] {
            assert!(!h.renew(&name, stranger, Seconds(600)).await);
            assert!(!h.release(&name, stranger).await);
        }
        assert_eq!(h.held_until(&name).await, end);
        assert!(h.release(&name, &mine).await);
        assert!(!h.release(&name, &mine).await);
        assert!(!h.renew(&name, &mine, MINUTE).await);
        assert!(h.acquire(&name, &other).await.is_some());
    }
}

pub(super) async fn a_renewal_counts_from_now(h: Harness) {
    let mine = sample::token(1);
    h.acquire(&lock(), &mine).await;
    h.pass(30);
    assert!(h.renew(&lock(), &mine, MINUTE).await);
    assert_eq!(h.held_until(&lock()).await, Some(h.now() + MINUTE));
    assert!(h.renew(&lock(), &mine, Seconds(10)).await);
    assert_eq!(h.held_until(&lock()).await, Some(h.now() + Seconds(10)));
}

pub(super) async fn whoever_slept_past_the_end_has_lost_the_lease(h: Harness) {
    let (mine, other) = (sample::token(1), sample::token(2));
    h.acquire(&lock(), &mine).await;
    h.pass(60);
    assert!(!h.renew(&lock(), &mine, MINUTE).await);
    assert!(!h.release(&lock(), &mine).await);
    let end = h.acquire(&lock(), &other).await;
    assert!(!h.renew(&lock(), &mine, MINUTE).await);
    assert!(!h.release(&lock(), &mine).await);
    assert_eq!(h.held_until(&lock()).await, end);
}

pub(super) async fn a_lease_lasts_at_least_a_second(h: Harness) {
    let mine = sample::token(1);
    let taken = h.leases.acquire(&lock(), &mine, Seconds(0)).await;
    assert_eq!(taken, Ok(Some(h.now() + Seconds(1))));
    assert!(h.renew(&lock(), &mine, Seconds(0)).await);
    assert_eq!(h.held_until(&lock()).await, Some(h.now() + Seconds(1)));
}

pub(super) async fn a_foreign_lock_stops_commits_on_its_number(h: Harness) {
    let until = h.acquire(&lock(), &sample::token(1)).await.expect("nobody has it");
    let before = h.snapshot().await;
    for lease in [None, Some(sample::token(2)), Some(LeaseToken::from_text(""))] {
        let mut changes = change(lease);
        changes.events = vec![sample::event(1, None)];
        changes.audit = vec![sample::audit(1)];
        assert_eq!(h.commit(&changes).await, Commit::Locked { until });
    }
    assert_eq!(h.snapshot().await, before);
    h.write(change(Some(sample::token(1)))).await;
}

pub(super) async fn a_lock_does_not_stop_what_leaves_its_number_alone(h: Harness) {
    h.acquire(&lock(), &sample::token(1)).await;
    h.acquire(&LeaseName::Worker("sweeper"), &sample::token(2)).await;
    let customer = sample::customer("tg:1");
    h.write(Changes {
        read: sample::of_number(sample::number(1)),
        invoices: vec![sample::invoice(1, sample::number(1), &customer)],
        accounts: vec![sample::account(&customer)],
        payment: Some(sample::payment(1, None)),
        history: vec![sample::line(1, sample::number(1))],
        ..sample::changes()
    })
    .await;
    h.write(sample::number_changes(sample::record(sample::number(2)))).await;
}

pub(super) async fn an_ended_lock_stops_nothing(h: Harness) {
    let mine = sample::token(1);
    h.acquire(&lock(), &mine).await;
    let waiting = change(None);
    assert!(matches!(h.commit(&waiting).await, Commit::Locked { .. }));
    h.pass(60);
    h.write(waiting).await;

    // Versions are the fencing: the former owner's token is no reason against its commit, a newer version is.
    let late = h.commit(&change(Some(mine.clone()))).await;
    assert!(matches!(late, Commit::Conflict { .. }), "{late:?}");
    let next = sample::changed(sample::record(sample::number(1)));
    h.write(Changes { lease: Some(mine), ..sample::number_changes(next) }).await;

    let other = sample::token(2);
    h.acquire(&lock(), &other).await;
    assert!(h.release(&lock(), &other).await);
    let next = sample::changed(sample::changed(sample::record(sample::number(1))));
    h.write(sample::number_changes(next)).await;
}

pub(super) async fn a_lock_is_compared_after_once_keys_and_before_versions(h: Harness) {
    let taken = OnceKey::Tx(sample::tx(1));
    h.write(Changes { once: vec![sample::once(taken.clone())], ..change(None) }).await;
    let until = h.acquire(&lock(), &sample::token(1)).await.expect("nobody has it");
    assert_eq!(h.commit(&change(None)).await, Commit::Locked { until });
    let duplicate = Changes { once: vec![sample::once(taken.clone())], ..change(None) };
    assert_eq!(h.commit(&duplicate).await, Commit::Duplicate(taken));
}

pub(super) async fn of_many_at_once_one_gets_the_lease(h: Harness) {
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let leases = h.leases.clone();
            tokio::spawn(async move { leases.acquire(&lock(), &sample::token(n), MINUTE).await })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        let answer = task.await.expect("the task runs to its end");
        taken += u32::from(answer.expect("the store answers").is_some());
    }
    assert_eq!(taken, 1);
}
