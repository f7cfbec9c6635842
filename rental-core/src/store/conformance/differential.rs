//! One script on two stores: every answer must be the same.
//!
//! The suite checks what somebody thought of; this finds what nobody did. A script is a list of plain numbers, each
//! of which becomes one operation, whatever the numbers around it are: a test tool that drops and lowers numbers
//! shrinks a failing script to the few operations that matter.

mod script;

use std::fmt::Debug;

use self::script::{Operation, Script};
use super::super::{Commit, State};
use super::snapshot::{Snapshot, pages};
use super::{ArchiveHarness, Harness, sample};
use crate::{Seconds, Timestamp};

/// Runs `script` on two empty stores and compares every answer and all that is stored in the end. Both clocks are
/// set to the same moment first. What the contract leaves open is not compared: the spelling of cursors, the
/// values of sequence numbers, how much one call forgets.
///
/// ```
/// # use std::sync::Arc;
/// # use rental_core::conformance::{Harness, same_answers};
/// # use rental_core::{ManualClock, MemoryStore};
/// # fn empty_store() -> Harness {
/// #     let clock = ManualClock::default();
/// #     Harness::new(MemoryStore::new(Arc::new(clock.clone())), clock)
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// same_answers(empty_store(), empty_store(), &[1, 7, 7 << 40, u64::MAX]).await;
/// # }
/// ```
///
/// # Panics
/// At the first difference, with the operation and both answers.
pub async fn same_answers(one: Harness, other: Harness, script: &[u64]) {
    compare([Side::new(one), Side::new(other)], script).await;
}

/// Runs the script `before` on the empty store `from`, copies its shop into the empty store `to`, and compares how
/// both go on with the script `after`. Two days lie between the scripts: what does not move, such as a lease, is over
/// by then.
///
/// # Panics
/// At the first difference, with the operation and both answers.
pub async fn same_after_copy(from: ArchiveHarness, to: ArchiveHarness, before: &[u64], after: &[u64]) {
    let ArchiveHarness { shop, archive } = from;
    let mut side = Side::new(shop);
    let mut script = Script::of(before);
    while let Some(operation) = script.next(&side.harness).await {
        side.answer(&operation).await;
    }
    side.harness.pass(Seconds::from_days(2).0);
    let Side { harness, claims } = side;
    let from = ArchiveHarness { shop: harness, archive };
    to.copy_from(&from).await;
    let copy = Side { harness: to.shop, claims: claims.clone() };
    compare([Side { harness: from.shop, claims }, copy], after).await;
}

async fn compare(mut sides: [Side; 2], script: &[u64]) {
    let mut script = Script::of(script);
    while let Some(operation) = script.next(&sides[0].harness).await {
        let [one, other] = &mut sides;
        let (first, second) = (one.answer(&operation).await, other.answer(&operation).await);
        assert_eq!(first, second, "the stores disagree about {operation:?}");
    }
    let [one, other] = sides;
    let (first, second) = (one.everything().await, other.everything().await);
    assert_eq!(first, second, "the stores hold different things in the end");
}

/// One of the two stores.
struct Side {
    harness: Harness,
    claims: Vec<ClaimedEvent>,
}

#[derive(Clone)]
struct ClaimedEvent {
    group: &'static str,
    consumer: &'static str,
    seq: u64,
}

/// The answer as text, which is easy to compare and to read.
fn text(answer: impl Debug) -> String {
    format!("{answer:#?}")
}

/// The order of invoices and accounts in a load is left open.
fn sorted(mut state: State) -> State {
    state.invoices.sort_unstable_by_key(|invoice| invoice.id);
    state.accounts.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    state
}

impl Side {
    fn new(harness: Harness) -> Self {
        harness.set_clock(sample::START);
        Self { harness, claims: Vec::new() }
    }

    async fn answer(&mut self, operation: &Operation) -> String {
        let h = &self.harness;
        let (store, leases) = (&h.store, &h.leases);
        match operation {
            Operation::Pass(seconds) => {
                h.pass(*seconds);
                String::new()
            }
            Operation::Load(load) => text(sorted(h.load(load.clone()).await)),
            Operation::Commit(changes) => text(match h.commit(changes).await {
                Commit::Conflict { current } => Commit::Conflict { current: Box::new(sorted(*current)) },
                other => other,
            }),
            Operation::Due(after, limit) => text(store.due(*after, *limit).await),
            Operation::Numbers(query, limit) => {
                text(pages(*limit, async |page| store.numbers(query, &page).await).await)
            }
            Operation::Invoices(query, limit) => {
                text(pages(*limit, async |page| store.invoices(query, &page).await).await)
            }
            Operation::Payments(query, limit) => {
                text(pages(*limit, async |page| store.payments(query, &page).await).await)
            }
            Operation::Accounts(limit) => text(pages(*limit, async |page| store.accounts(&page).await).await),
            Operation::Audit(limit) => text(pages(*limit, async |page| store.audit(&page).await).await),
            Operation::History(number, limit) => {
                text(pages(*limit, async |page| store.history(*number, &page).await).await)
            }
            Operation::Feed { owner, skip, limit } => {
                let whole = h.feed(owner).await;
                let last = whole.iter().take(*skip).next_back();
                let after = last.map_or(0, |entry| entry.seq);
                let rest = store.feed(owner, after, *limit).await;
                let rest = rest.expect("the store answers");
                text(rest.into_iter().map(|entry| entry.event).collect::<Vec<_>>())
            }
            Operation::Totals => text(h.totals().await),
            Operation::Claim { group, consumer, limit, hold } => {
                self.claim(group, consumer, *limit, *hold).await
            }
            Operation::Dispose(nth, disposition) => {
                let Some(claim) = self.claims.get(nth % self.claims.len().max(1)) else {
                    return String::new();
                };
                let (group, consumer) = (claim.group, claim.consumer);
                text(store.dispose(group, consumer, claim.seq, disposition).await)
            }
            Operation::DeadLetters(group, limit) => {
                let dead = pages(*limit, async |page| store.dead_letters(group, &page).await).await;
                let letters = |page: Vec<_>| page.into_iter().map(letter).collect::<Vec<_>>();
                text(dead.into_iter().map(letters).collect::<Vec<_>>())
            }
            Operation::Forget(before) => {
                self.forget(*before).await;
                String::new()
            }
            Operation::Acquire(name, token, ttl) => text(leases.acquire(name, token, *ttl).await),
            Operation::Renew(name, token, ttl) => text(leases.renew(name, token, *ttl).await),
            Operation::Release(name, token) => text(leases.release(name, token).await),
            Operation::HeldUntil(name) => text(leases.held_until(name).await),
            Operation::Hit(subject, quota) => text(h.limiter.hit(subject, *quota).await),
            Operation::Pace(subject, quota) => text(h.limiter.pace(subject, *quota).await),
        }
    }

    async fn claim(
        &mut self,
        group: &'static str,
        consumer: &'static str,
        limit: usize,
        hold: Seconds,
    ) -> String {
        let claimed = self.harness.store.claim(group, consumer, limit, hold).await;
        let claimed = claimed.expect("the store answers");
        self.claims.extend(claimed.iter().map(|item| ClaimedEvent { group, consumer, seq: item.entry.seq }));
        let items = claimed.into_iter();
        text(items.map(|item| (item.entry.event, item.attempt)).collect::<Vec<_>>())
    }

    async fn forget(&self, before: Timestamp) {
        while self.harness.store.forget(before).await.expect("the store forgets") > 0 {}
    }

    /// All that is stored, with the sequence numbers taken out.
    async fn everything(&self) -> Snapshot {
        let mut everything = self.harness.snapshot().await;
        for (place, entry) in (0..).zip(&mut everything.events) {
            entry.seq = place;
        }
        everything
    }
}

fn letter((entry, reason): (super::super::FeedEntry, String)) -> (crate::Event, String) {
    (entry.event, reason)
}
