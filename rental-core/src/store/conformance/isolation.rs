//! Many at once, several processes, and restarts.

use super::super::{Changes, Commit, Once, OnceKey, Owner};
use super::{Harness, Load, sample};
use crate::{LeaseName, NumberRecord, Quota, Seconds};

/// Commits all of `changes` at once, every second one from another process; answers in the same order.
async fn at_once(h: &Harness, changes: Vec<Changes>) -> Vec<Commit> {
    let another = h.another().await;
    let tasks: Vec<_> = changes
        .into_iter()
        .enumerate()
        .map(|(n, changes)| {
            let store = if n % 2 == 0 { &h.store } else { &another.store }.clone();
            tokio::spawn(async move { store.commit(&changes).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        let answer = task.await.expect("the task runs to its end");
        answers.push(answer.expect("the store commits"));
    }
    answers
}

pub(super) async fn of_many_commits_on_one_version_one_is_committed(h: Harness) {
    for version in 1..=3 {
        let change = |n| Changes {
            events: vec![sample::event(n, None)],
            history: vec![sample::line(n, sample::number(1))],
            ..sample::number_changes(NumberRecord { version, ..sample::record(sample::number(1)) })
        };
        let answers = at_once(&h, (0..64).map(change).collect()).await;
        let won = answers.iter().filter(|answer| **answer == Commit::Committed);
        assert_eq!(won.count(), 1);
        for answer in answers {
            if let Commit::Conflict { current } = answer {
                assert_eq!(current.number.map(|record| record.version), Some(version));
            } else {
                assert_eq!(answer, Commit::Committed);
            }
        }
    }
    let seen = h.snapshot().await;
    assert_eq!((seen.history.len(), seen.events.len()), (3, 3));
}

pub(super) async fn of_many_bookings_of_one_transaction_one_is_committed(h: Harness) {
    let key = OnceKey::Tx(sample::tx(1));
    let book = |_| Changes {
        once: vec![sample::once(key.clone())],
        audit: vec![sample::audit(1)],
        ..sample::changes()
    };
    let answers = at_once(&h, (0..64).map(book).collect()).await;
    let duplicate = Commit::Duplicate(key);
    assert_eq!(answers.iter().filter(|answer| **answer == duplicate).count(), 63);
    assert_eq!(h.snapshot().await.audit.len(), 1);
}

pub(super) async fn one_commit_sent_many_times_at_once_is_applied_once(h: Harness) {
    let changes = Changes {
        events: vec![sample::event(1, None)],
        ..sample::number_changes(sample::record(sample::number(1)))
    };
    let answers = at_once(&h, vec![changes.clone(); 64]).await;
    let duplicate = Commit::Duplicate(OnceKey::Commit(changes.commit_id));
    assert_eq!(answers.iter().filter(|answer| **answer == duplicate).count(), 63);
    assert_eq!(h.feed(&Owner::Anybody).await.len(), 1);
}

pub(super) async fn many_commits_on_different_things_are_all_committed(h: Harness) {
    let change = |n| Changes {
        invoices: vec![sample::invoice(n, sample::number(n), &sample::customer("tg:1"))],
        audit: vec![sample::audit(n)],
        events: vec![sample::event(n, None), sample::event(n, None)],
        ..sample::number_changes(sample::record(sample::number(n)))
    };
    let answers = at_once(&h, (0..64).map(change).collect()).await;
    assert!(answers.iter().all(|answer| *answer == Commit::Committed));
    let seen = h.snapshot().await;
    assert_eq!((seen.numbers.len(), seen.invoices.len()), (64, 64));
    assert_eq!((seen.audit.len(), seen.events.len()), (64, 128));
    // What one commit wrote stands together.
    assert!(seen.events.chunks(2).all(|pair| pair[0].event == pair[1].event));
    assert!(seen.events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
}

pub(super) async fn a_load_never_sees_half_a_commit(h: Harness) {
    let customer = sample::customer("tg:1");
    let another = h.another().await;
    let (invoice, number) = (sample::invoice(1, sample::number(1), &customer), sample::number(1));
    let writer = tokio::spawn({
        let (store, customer, invoice) = (h.store.clone(), customer.clone(), invoice.clone());
        async move {
            for version in 1..=50 {
                let mut changes = sample::number_changes(sample::reserved(&invoice));
                changes.number.as_mut().expect("it was just set").version = version;
                changes.invoices = vec![invoice.clone()];
                changes.invoices[0].version = version;
                changes.accounts = vec![sample::account(&customer)];
                changes.accounts[0].version = version;
                assert_eq!(store.commit(&changes).await, Ok(Commit::Committed));
                tokio::task::yield_now().await;
            }
        }
    });
    let mut seen = 0;
    loop {
        let last = writer.is_finished();
        let state = another.load(sample::of_number(number)).await;
        let version = state.number.map_or(0, |record| record.version);
        if version > 0 {
            assert_eq!(state.invoices[0].version, version);
            assert_eq!(state.accounts[0].version, version);
        }
        assert!(version >= seen, "what was seen once stays");
        seen = version;
        if last {
            break;
        }
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer runs to its end");
    assert_eq!(seen, 50);
}

pub(super) async fn what_one_process_writes_the_others_see(h: Harness) {
    let another = h.another().await;
    let name = LeaseName::Number(sample::number(1));
    let changes = sample::number_changes(sample::record(sample::number(1)));
    another.write(changes.clone()).await;
    assert_eq!(h.snapshot().await, another.snapshot().await);
    assert_eq!(h.commit(&changes).await, Commit::Duplicate(OnceKey::Commit(changes.commit_id)));
    let taken = another.leases.acquire(&name, &sample::token(1), Seconds(60)).await;
    let until = taken.expect("the store answers").expect("nobody has it");
    assert_eq!(h.leases.held_until(&name).await, Ok(Some(until)));
    let next = sample::number_changes(sample::changed(sample::record(sample::number(1))));
    assert_eq!(h.commit(&next).await, Commit::Locked { until });
    let quota = Quota { limit: 1, window: Seconds(60) };
    for (limiter, allowed) in [(&h.limiter, true), (&another.limiter, false)] {
        let answer = limiter.hit("tg:1", quota).await;
        assert_eq!(answer.map(|answer| answer.allowed), Ok(allowed));
    }
}

pub(super) async fn a_restart_loses_nothing(h: Harness) {
    let customer = sample::customer("tg:1");
    let invoice = sample::invoice(1, sample::number(1), &customer);
    let kept = Once { keep_until: Some(h.now() + Seconds(100)), ..sample::once(sample::request("a")) };
    let changes = Changes {
        invoices: vec![invoice.clone()],
        accounts: vec![sample::account(&customer)],
        payment: Some(sample::payment(1, Some(invoice.id))),
        shop: Some(sample::shop()),
        access: Some(sample::access()),
        chain: Some(sample::chain_move(0, 1)),
        once: vec![kept, sample::once(OnceKey::Tx(sample::tx(1)))],
        history: vec![sample::line(1, invoice.number)],
        audit: vec![sample::audit(1)],
        events: vec![sample::event(1, Some(&customer)), sample::event(2, None)],
        ..sample::number_changes(sample::reserved(&invoice))
    };
    h.write(changes.clone()).await;
    let claimed = h.store.claim("bot", "a", 1, Seconds(60)).await;
    let claimed = claimed.expect("the store answers");
    let name = LeaseName::Worker("sweeper");
    let until = h.leases.acquire(&name, &sample::token(1), Seconds(60)).await;
    let before = h.snapshot().await;

    let h = h.restarted().await;
    assert_eq!(h.snapshot().await, before);
    assert_eq!(h.leases.held_until(&name).await, until);
    assert_eq!(h.commit(&changes).await, Commit::Duplicate(OnceKey::Commit(changes.commit_id)));
    let once = Load { once: Some(sample::request("a")), ..sample::nothing() };
    assert_eq!(h.load(once).await.once.as_deref(), Some("request:demo:a"));
    let rest = h.store.claim("bot", "b", 10, Seconds(60)).await;
    assert_eq!(rest.expect("the store answers").len(), 1);
    let done = crate::Disposition::Done;
    let disposed = h.store.dispose("bot", "a", claimed[0].entry.seq, &done).await;
    assert_eq!(disposed, Ok(true));
}
