//! The feed of events, the outbox of each consumer group, and what is forgotten.

use super::super::{Changes, Disposition, FeedEntry, Once, OutboxItem, Owner};
use super::snapshot::{all, pages};
use super::{Harness, sample};
use crate::{CustomerId, Event, LeaseName, Quota, Seconds, Timestamp};

const HOLD: Seconds = Seconds(60);

impl Harness {
    async fn emit(&self, ns: impl IntoIterator<Item = u64>) {
        let events = ns.into_iter().map(|n| sample::event(n, None)).collect();
        self.write(Changes { events, ..sample::changes() }).await;
    }

    async fn claim(&self, group: &str, consumer: &str, limit: usize) -> Vec<OutboxItem> {
        let claimed = self.store.claim(group, consumer, limit, HOLD).await;
        claimed.expect("the store answers")
    }

    async fn dispose(&self, group: &str, consumer: &str, item: &OutboxItem, what: Disposition) -> bool {
        let disposed = self.store.dispose(group, consumer, item.entry.seq, &what).await;
        disposed.expect("the store answers")
    }

    async fn done(&self, group: &str, consumer: &str, items: &[OutboxItem]) {
        for item in items {
            assert!(self.dispose(group, consumer, item, Disposition::Done).await);
        }
    }

    async fn dead(&self, group: &str) -> Vec<(FeedEntry, String)> {
        all(async |page| self.store.dead_letters(group, &page).await).await
    }

    /// Forgets until nothing is left to forget; answers how much it was.
    pub(super) async fn forget(&self, events_before: Timestamp) -> u64 {
        let mut sum = 0;
        loop {
            let forgotten = self.store.forget(events_before).await;
            match forgotten.expect("the store forgets") {
                0 => return sum,
                some => sum += some,
            }
        }
    }
}

fn events(ns: impl IntoIterator<Item = u64>) -> Vec<Event> {
    ns.into_iter().map(|n| sample::event(n, None)).collect()
}

fn of_feed(entries: &[FeedEntry]) -> Vec<Event> {
    entries.iter().map(|entry| entry.event.clone()).collect()
}

fn of_items(items: &[OutboxItem]) -> Vec<Event> {
    items.iter().map(|item| item.entry.event.clone()).collect()
}

fn attempts(items: &[OutboxItem]) -> Vec<u32> {
    items.iter().map(|item| item.attempt).collect()
}

pub(super) async fn the_feed_grows_in_the_order_of_commits(h: Harness) {
    h.emit([1, 2, 3]).await;
    h.emit([9]).await;
    h.emit([4, 5]).await;
    let feed = h.feed(&Owner::Anybody).await;
    assert_eq!(of_feed(&feed), events([1, 2, 3, 9, 4, 5]));
    assert!(feed[0].seq > 0);
    assert!(feed.windows(2).all(|pair| pair[0].seq < pair[1].seq));

    for (n, entry) in feed.iter().enumerate() {
        let rest = h.store.feed(&Owner::Anybody, entry.seq, usize::MAX).await;
        assert_eq!(rest.expect("the store answers"), feed[n + 1..]);
    }
    let part = h.store.feed(&Owner::Anybody, feed[0].seq, 2).await;
    assert_eq!(part.expect("the store answers"), feed[1..3]);
    for (after, limit) in [(0, 0), (u64::MAX, 10)] {
        let none = h.store.feed(&Owner::Anybody, after, limit).await;
        assert_eq!(none.expect("the store answers"), []);
    }
}

pub(super) async fn the_feed_shows_owners_only_what_concerns_them(h: Harness) {
    let customers = ["api:demo:al", "api:demo:alice", "api:dem:alice", "tg:1", "tg:11"];
    let customers: Vec<CustomerId> = customers.map(sample::customer).to_vec();
    let mut events = vec![sample::event(100, None)];
    events.extend((0..).zip(&customers).map(|(n, customer)| sample::event(n, Some(customer))));
    h.write(Changes { events, ..sample::changes() }).await;
    let integrator = |name: &str| Owner::Integrator(name.parse().expect("a name"));
    let mut owners = vec![
        (integrator("demo"), vec![0, 1]),
        (integrator("dem"), vec![2]),
        (integrator("de"), vec![]),
        (Owner::Customer(sample::customer("api:demo:ali")), vec![]),
    ];
    let each = customers.iter().cloned().map(Owner::Customer);
    owners.extend(each.zip(0..).map(|(owner, n)| (owner, vec![n])));
    for (owner, own) in owners {
        let seen = of_feed(&h.feed(&owner).await);
        let seen: Vec<_> = seen.into_iter().map(|event| event.customer).collect();
        let own: Vec<_> = own.into_iter().map(|n| Some(customers[n].clone())).collect();
        assert_eq!(seen, own, "{owner:?}");
    }
    // The limit counts what is shown, not what is passed over.
    let feed = h.store.feed(&integrator("dem"), 0, 1).await;
    assert_eq!(feed.expect("the store answers").len(), 1);
}

pub(super) async fn events_are_claimed_oldest_first_and_once(h: Harness) {
    h.emit(1..=5).await;
    let first = h.claim("bot", "a", 2).await;
    assert_eq!(of_items(&first), events([1, 2]));
    assert_eq!(attempts(&first), [1, 1]);
    assert_eq!(of_items(&h.claim("bot", "a", usize::MAX).await), events([3, 4, 5]));
    assert_eq!(h.claim("bot", "a", 10).await, []);
    h.emit([6]).await;
    assert_eq!(h.claim("bot", "a", 0).await, []);
    assert_eq!(of_items(&h.claim("bot", "a", 10).await), events([6]));
    let feed = h.feed(&Owner::Anybody).await;
    assert_eq!(first[0].entry, feed[0]);
}

pub(super) async fn what_is_done_is_not_given_again(h: Harness) {
    h.emit(1..=3).await;
    let items = h.claim("bot", "a", 10).await;
    h.done("bot", "a", &items).await;
    assert!(!h.dispose("bot", "a", &items[0], Disposition::Done).await);
    let again = Disposition::Retry(Timestamp::EPOCH);
    assert!(!h.dispose("bot", "a", &items[0], again).await);
    h.pass(10_000);
    assert_eq!(h.claim("bot", "b", 10).await, []);
}

pub(super) async fn a_retry_comes_back_when_it_is_due(h: Harness) {
    h.emit(1..=3).await;
    let items = h.claim("bot", "a", 2).await;
    let later = h.now() + Seconds(100);
    assert!(h.dispose("bot", "a", &items[0], Disposition::Retry(later)).await);
    assert!(!h.dispose("bot", "a", &items[0], Disposition::Done).await);
    h.done("bot", "a", &items[1..]).await;
    h.pass(99);
    let third = h.claim("bot", "b", 10).await;
    assert_eq!(of_items(&third), events([3]));
    h.done("bot", "b", &third).await;
    h.emit([4]).await;
    h.pass(1);
    let again = h.claim("bot", "b", 10).await;
    assert_eq!(of_items(&again), events([1, 4]));
    assert_eq!(attempts(&again), [2, 1]);
    assert_eq!(again[0].entry.seq, items[0].entry.seq);
}

pub(super) async fn a_claim_that_ran_out_is_given_to_the_next(h: Harness) {
    h.emit(1..=2).await;
    let items = h.claim("bot", "a", 10).await;
    h.pass(59);
    assert_eq!(h.claim("bot", "b", 10).await, []);
    h.pass(1);
    assert!(!h.dispose("bot", "a", &items[0], Disposition::Done).await);
    let taken = h.claim("bot", "b", 1).await;
    assert_eq!((of_items(&taken), attempts(&taken)), (events([1]), vec![2]));
    assert!(!h.dispose("bot", "a", &items[0], Disposition::Done).await);
    let dead = Disposition::Dead("too late".to_owned());
    assert!(!h.dispose("bot", "a", &items[0], dead).await);
    h.done("bot", "b", &taken).await;
    let own = h.claim("bot", "a", 10).await;
    assert_eq!((of_items(&own), attempts(&own)), (events([2]), vec![2]));
    h.done("bot", "a", &own).await;
    assert_eq!(h.dead("bot").await, []);
}

pub(super) async fn a_dead_letter_is_kept_with_its_reason(h: Harness) {
    h.emit(1..=4).await;
    let items = h.claim("bot", "a", 10).await;
    let mut wanted = Vec::new();
    for (n, reason) in [(2, "blocked"), (0, "it's \"gone\"\0\u{1f4a5}"), (3, "")] {
        let dead = Disposition::Dead(reason.to_owned());
        assert!(h.dispose("bot", "a", &items[n], dead.clone()).await);
        assert!(!h.dispose("bot", "a", &items[n], dead).await);
        wanted.push((items[n].entry.clone(), reason.to_owned()));
    }
    wanted.sort_unstable_by_key(|(entry, _)| entry.seq);
    h.pass(10_000);
    assert_eq!(of_items(&h.claim("bot", "b", 10).await), events([2]));
    for limit in [1, 2, 1000] {
        let listed = pages(limit, async |page| h.store.dead_letters("bot", &page).await).await;
        assert_eq!(listed.concat(), wanted);
    }
    assert_eq!(h.dead("webhooks").await, []);
}

pub(super) async fn groups_are_independent(h: Harness) {
    h.emit(1..=3).await;
    let bot = h.claim("bot", "a", 10).await;
    h.done("bot", "a", &bot).await;
    let hooks = h.claim("webhooks", "a", 10).await;
    assert_eq!((of_items(&hooks), attempts(&hooks)), (events(1..=3), vec![1; 3]));
    let dead = Disposition::Dead("410".to_owned());
    assert!(h.dispose("webhooks", "a", &hooks[0], dead).await);
    assert_eq!((h.dead("webhooks").await.len(), h.dead("bot").await.len()), (1, 0));
    assert_eq!(of_items(&h.claim("web", "a", 10).await), events(1..=3));
    assert!(!h.dispose("bot", "a", &hooks[1], Disposition::Done).await);
    assert!(!h.dispose("nobody", "a", &hooks[1], Disposition::Done).await);
}

pub(super) async fn consumers_of_a_group_share_its_events(h: Harness) {
    h.emit(1..=6).await;
    let (a, b) = (h.claim("bot", "a", 2).await, h.claim("bot", "b", 3).await);
    assert_eq!((of_items(&a), of_items(&b)), (events([1, 2]), events([3, 4, 5])));
    assert!(!h.dispose("bot", "b", &a[0], Disposition::Done).await);
    assert!(!h.dispose("bot", "c", &a[0], Disposition::Done).await);
    h.done("bot", "a", &a).await;
    h.done("bot", "b", &b).await;
}

pub(super) async fn of_many_claims_at_once_no_two_share_an_event(h: Harness) {
    h.emit(1..=100).await;
    let another = h.another().await;
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let store = if n % 2 == 0 { &h.store } else { &another.store }.clone();
            tokio::spawn(async move { store.claim("bot", &format!("c{n}"), 5, HOLD).await })
        })
        .collect();
    let mut seqs = Vec::new();
    for task in tasks {
        let claimed = task.await.expect("the task runs to its end");
        let claimed = claimed.expect("the store answers");
        assert_eq!(claimed.len(), 5);
        seqs.extend(claimed.iter().map(|item| item.entry.seq));
    }
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 80);
}

pub(super) async fn forgetting_drops_old_events_that_every_group_is_done_with(h: Harness) {
    h.emit(1..=6).await;
    let bot = h.claim("bot", "a", 10).await;
    h.done("bot", "a", &bot).await;
    let hooks = h.claim("webhooks", "a", 3).await;
    h.done("webhooks", "a", &hooks[..2]).await;
    h.forget(Timestamp::MAX).await;
    assert_eq!(of_feed(&h.feed(&Owner::Anybody).await), events(3..=6));

    h.done("webhooks", "a", &hooks[2..]).await;
    let hooks = h.claim("webhooks", "a", 10).await;
    h.done("webhooks", "a", &hooks).await;
    let cut = sample::event(5, None).at;
    assert!(h.forget(cut).await >= 2);
    assert_eq!(of_feed(&h.feed(&Owner::Anybody).await), events(5..=6));

    let late = h.claim("late", "a", 10).await;
    assert_eq!(of_items(&late), events(5..=6));
    h.done("late", "a", &late).await;
    h.forget(Timestamp::MAX).await;
    assert_eq!(h.feed(&Owner::Anybody).await, []);

    h.emit([7]).await;
    let feed = h.feed(&Owner::Anybody).await;
    assert!(feed[0].seq > late[1].entry.seq, "a place in the feed is never used twice");
    for group in ["bot", "webhooks", "late"] {
        assert_eq!(of_items(&h.claim(group, "a", 10).await), events([7]));
    }
}

pub(super) async fn forgetting_drops_no_event_that_a_group_still_needs(h: Harness) {
    assert_eq!(h.claim("idle", "a", 10).await, []);
    h.emit(1..=4).await;
    let bot = h.claim("bot", "a", 10).await;
    let dead = Disposition::Dead("blocked".to_owned());
    assert!(h.dispose("bot", "a", &bot[0], dead).await);
    let retry = Disposition::Retry(h.now() + Seconds(1_000));
    assert!(h.dispose("bot", "a", &bot[1], retry).await);
    h.done("bot", "a", &bot[2..3]).await;
    h.forget(Timestamp::MAX).await;
    assert_eq!(of_feed(&h.feed(&Owner::Anybody).await), events(1..=4));

    let idle = h.claim("idle", "a", 10).await;
    assert_eq!(of_items(&idle), events(1..=4));
    h.done("idle", "a", &idle).await;
    h.pass(60);
    h.forget(Timestamp::MAX).await;
    assert_eq!(of_feed(&h.feed(&Owner::Anybody).await), events([1, 2, 4]));
    assert_eq!(h.dead("bot").await, [(bot[0].entry.clone(), "blocked".to_owned())]);
    h.pass(1_000);
    assert_eq!(of_items(&h.claim("bot", "a", 10).await), events([2, 4]));
}

pub(super) async fn without_a_group_old_events_are_forgotten(h: Harness) {
    h.emit(1..=4).await;
    h.forget(sample::event(3, None).at).await;
    assert_eq!(of_feed(&h.feed(&Owner::Anybody).await), events(3..=4));
    assert_eq!(of_items(&h.claim("bot", "a", 10).await), events(3..=4));
}

pub(super) async fn forgetting_keeps_what_still_counts(h: Harness) {
    let key =
        |name: &str, keep_until| Once { key: sample::request(name), value: name.to_owned(), keep_until };
    let soon = Some(h.now() + Seconds(10));
    let later = Some(h.now() + Seconds(1_000));
    h.write(Changes {
        once: vec![key("soon", soon), key("later", later), key("for ever", None)],
        ..sample::changes()
    })
    .await;
    let (short, long) = (LeaseName::Worker("short"), LeaseName::Worker("long"));
    let quota = |window| Quota { limit: 1, window: Seconds(window) };
    for (name, length) in [(&short, 10), (&long, 1_000)] {
        let taken = h.leases.acquire(name, &sample::token(1), Seconds(length)).await;
        assert!(taken.expect("the store answers").is_some());
        let hit = h.limiter.hit(&name.to_string(), quota(length)).await;
        assert!(hit.expect("the store answers").allowed);
        let paced = h.limiter.pace(&name.to_string(), quota(length)).await;
        assert!(paced.expect("the store answers").allowed);
    }
    h.pass(20);
    h.forget(Timestamp::EPOCH).await;

    for (name, kept) in [("soon", false), ("later", true), ("for ever", true)] {
        let load = super::Load { once: Some(sample::request(name)), ..sample::nothing() };
        assert_eq!(h.load(load).await.once.is_some(), kept, "{name}");
    }
    for (name, length, kept) in [(&short, 10, false), (&long, 1_000, true)] {
        let until = h.leases.held_until(name).await;
        assert_eq!(until.expect("the store answers").is_some(), kept);
        let hit = h.limiter.hit(&name.to_string(), quota(length)).await;
        assert_eq!(hit.expect("the store answers").allowed, !kept);
        let paced = h.limiter.pace(&name.to_string(), quota(length)).await;
        assert_eq!(paced.expect("the store answers").allowed, !kept);
    }
}
