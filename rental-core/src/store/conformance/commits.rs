//! When a commit applies, what it writes, and what it answers otherwise.

use super::super::{Changes, Commit, CommitId, Load, Once, OnceKey};
use super::{Harness, sample};
use crate::{Account, ChainMove, Currency, CustomerId, NumberRecord, Payment, Seconds, Shop, State};

/// Changes that touch every table and list.
fn everything(customer: &CustomerId) -> Changes {
    let invoice = sample::invoice(1, sample::number(1), customer);
    Changes {
        invoices: vec![invoice.clone(), sample::invoice(2, sample::number(2), customer)],
        accounts: vec![sample::account(customer), sample::account(&sample::customer("tg:2"))],
        payment: Some(sample::payment(1, Some(invoice.id))),
        shop: Some(sample::shop()),
        access: Some(sample::access()),
        chain: Some(sample::chain_move(0, 1)),
        once: vec![
            sample::once(OnceKey::Tx(sample::tx(1))),
            sample::once(OnceKey::Payload(sample::payload(1))),
            sample::once(sample::request("first")),
        ],
        history: vec![sample::line(1, sample::number(1)), sample::line(2, sample::number(1))],
        audit: vec![sample::audit(1), sample::audit(2)],
        events: vec![sample::event(1, Some(customer)), sample::event(2, None)],
        ..sample::number_changes(sample::reserved(&invoice))
    }
}

/// Everything of `changes` once more, under another commit id and with other once-keys.
fn again(changes: &Changes) -> Changes {
    Changes { commit_id: sample::changes().commit_id, once: Vec::new(), ..changes.clone() }
}

async fn recorded(h: &Harness, key: OnceKey) -> Option<String> {
    let load = Load { once: Some(key), ..sample::nothing() };
    h.load(load).await.once
}

fn current(answer: Commit) -> State {
    match answer {
        Commit::Conflict { current } => *current,
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

pub(super) async fn a_commit_writes_all_its_parts(h: Harness) {
    let customer = sample::customer("tg:1");
    let changes = everything(&customer);
    h.write(changes.clone()).await;

    let seen = h.snapshot().await;
    assert_eq!(seen.numbers, changes.number.as_slice());
    assert_eq!(seen.invoices.len(), 2);
    assert!(changes.invoices.iter().all(|invoice| seen.invoices.contains(invoice)));
    assert_eq!(seen.accounts, changes.accounts);
    assert_eq!(seen.payments, changes.payment.as_slice());
    assert_eq!((&seen.shop, &seen.access), (&changes.shop, &changes.access));
    assert_eq!(seen.chains.of(Currency::Ton), sample::chain(1));
    assert_eq!(seen.history, changes.history);
    assert_eq!(seen.audit, [sample::audit(2), sample::audit(1)]);
    let events: Vec<_> = seen.events.into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, changes.events);
    for once in changes.once {
        assert_eq!(recorded(&h, once.key).await, Some(once.value));
    }
}

pub(super) async fn a_commit_leaves_alone_what_it_does_not_name(h: Harness) {
    h.write(everything(&sample::customer("tg:1"))).await;
    let before = h.snapshot().await;
    h.write(sample::changes()).await;
    assert_eq!(h.snapshot().await, before);

    let number = sample::record(sample::number(9));
    h.write(sample::number_changes(number.clone())).await;
    let mut after = h.snapshot().await;
    assert_eq!(after.numbers.pop(), Some(number));
    after.totals = before.totals.clone();
    assert_eq!(after, before);
}

pub(super) async fn the_same_commit_sent_again_is_applied_once(h: Harness) {
    let changes = everything(&sample::customer("tg:1"));
    h.write(changes.clone()).await;
    let before = h.snapshot().await;
    for _ in 0..3 {
        assert_eq!(h.commit(&changes).await, Commit::Duplicate(OnceKey::Commit(changes.commit_id)));
    }
    assert_eq!(h.snapshot().await, before);
}

pub(super) async fn an_empty_commit_claims_its_id(h: Harness) {
    let empty = sample::changes();
    h.write(empty.clone()).await;
    let own = OnceKey::Commit(empty.commit_id);
    assert_eq!(h.commit(&empty).await, Commit::Duplicate(own.clone()));
    assert_eq!(recorded(&h, own).await, Some(String::new()));
}

pub(super) async fn the_id_of_a_commit_is_kept_for_a_day(h: Harness) {
    let empty = sample::changes();
    h.write(empty.clone()).await;
    h.pass(Seconds::from_days(1).0 - 1);
    let own = OnceKey::Commit(empty.commit_id);
    assert_eq!(h.commit(&empty).await, Commit::Duplicate(own.clone()));
    h.pass(1);
    assert_eq!(recorded(&h, own).await, None);
}

pub(super) async fn a_refused_commit_can_be_sent_again(h: Harness) {
    h.write(sample::number_changes(sample::record(sample::number(1)))).await;
    let early = sample::number_changes(NumberRecord { version: 3, ..sample::record(sample::number(1)) });
    current(h.commit(&early).await);
    h.write(sample::number_changes(sample::changed(sample::record(sample::number(1))))).await;
    h.write(early).await;
}

pub(super) async fn a_new_document_is_not_written_over_an_existing_one(h: Harness) {
    let changes = everything(&sample::customer("tg:1"));
    h.write(changes.clone()).await;
    let before = h.snapshot().await;
    let (number, invoices, accounts, payment, shop, access) = (
        Changes { number: changes.number, ..sample::changes() },
        Changes { invoices: changes.invoices, ..sample::changes() },
        Changes { accounts: changes.accounts, ..sample::changes() },
        Changes { payment: changes.payment, ..sample::changes() },
        Changes { shop: changes.shop, ..sample::changes() },
        Changes { access: changes.access, ..sample::changes() },
    );
    for changes in [number, invoices, accounts, payment, shop, access] {
        current(h.commit(&changes).await);
    }
    assert_eq!(h.snapshot().await, before);
}

/// One set of changes for each kind of document, all in this version.
fn in_version(version: u64) -> Vec<Changes> {
    let customer = sample::customer("tg:1");
    let Changes { number, invoices, payment, shop, access, .. } = everything(&customer);
    let mut sets: Vec<_> = (0..6).map(|_| sample::changes()).collect();
    sets[0].number = number.map(|record| NumberRecord { version, ..record });
    sets[1].invoices = invoices;
    sets[1].invoices.truncate(1);
    sets[1].invoices[0].version = version;
    sets[2].accounts = vec![Account { version, ..sample::account(&customer) }];
    sets[3].payment = payment.map(|payment| Payment { version, ..payment });
    sets[4].shop = shop.map(|shop| Shop { version, ..shop });
    sets[5].access = access.map(|access| crate::Access { version, ..access });
    sets
}

pub(super) async fn a_document_is_written_only_over_the_version_before(h: Harness) {
    for version in [1, 2, 3] {
        for (wrong, right) in in_version(version + 1).into_iter().zip(in_version(version)) {
            current(h.commit(&wrong).await);
            h.write(right).await;
        }
        for stale in in_version(version) {
            current(h.commit(&stale).await);
        }
    }
}

pub(super) async fn a_conflict_in_the_last_document_writes_nothing(h: Harness) {
    let bob = sample::customer("tg:2");
    h.write(Changes { accounts: vec![sample::account(&bob)], ..sample::changes() }).await;
    let before = h.snapshot().await;

    let changes = everything(&sample::customer("tg:1")); // its last account is bob's, as if he were new
    current(h.commit(&changes).await);
    assert_eq!(h.snapshot().await, before);
    for once in changes.once {
        assert_eq!(recorded(&h, once.key).await, None);
    }
    assert_eq!(recorded(&h, OnceKey::Commit(changes.commit_id)).await, None);
}

pub(super) async fn a_conflict_in_any_one_document_writes_nothing(h: Harness) {
    for taken in in_version(1) {
        h.write(taken).await;
    }
    let before = h.snapshot().await;
    let all_right = Changes {
        number: Some(sample::record(sample::number(9))),
        invoices: vec![sample::invoice(9, sample::number(9), &sample::customer("tg:9"))],
        accounts: vec![sample::account(&sample::customer("tg:9"))],
        payment: Some(sample::payment(9, None)),
        ..again(&everything(&sample::customer("tg:9")))
    };
    let all_right = Changes { shop: None, access: None, ..all_right };
    for (n, wrong) in in_version(1).into_iter().enumerate() {
        let mut changes = again(&all_right);
        match n {
            0 => changes.number = wrong.number,
            1 => changes.invoices.extend(wrong.invoices),
            2 => changes.accounts.extend(wrong.accounts),
            3 => changes.payment = wrong.payment,
            4 => changes.shop = wrong.shop,
            _ => changes.access = wrong.access,
        }
        current(h.commit(&changes).await);
        assert_eq!(h.snapshot().await, before, "document {n}");
    }
    h.write(all_right).await;
}

pub(super) async fn a_taken_last_once_key_writes_nothing(h: Harness) {
    h.write(Changes { once: vec![sample::once(sample::request("first"))], ..sample::changes() }).await;
    let before = h.snapshot().await;
    let changes = everything(&sample::customer("tg:1"));
    assert_eq!(h.commit(&changes).await, Commit::Duplicate(sample::request("first")));
    assert_eq!(h.snapshot().await, before);
    assert_eq!(recorded(&h, OnceKey::Tx(sample::tx(1))).await, None);
    assert_eq!(recorded(&h, OnceKey::Commit(changes.commit_id)).await, None);
}

pub(super) async fn a_conflict_carries_what_is_stored_now(h: Harness) {
    let customer = sample::customer("tg:1");
    h.write(everything(&customer)).await;
    h.pass(5);
    let read = Load {
        access: true,
        once: Some(sample::request("first")),
        accounts: vec![sample::customer("tg:2")],
        ..sample::of_number(sample::number(1))
    };
    let late = Changes { read: read.clone(), ..sample::number_changes(sample::record(sample::number(1))) };
    let seen = current(h.commit(&late).await);
    assert_eq!(seen, h.load(read).await);
    assert_eq!(seen.now, h.now());
    assert_eq!(seen.once.as_deref(), Some("request:demo:first"));
    assert_eq!((seen.invoices.len(), seen.accounts.len()), (1, 2));

    // What was read decides what comes back, not what was to be written.
    let unread = Changes { read: Load::default(), ..again(&late) };
    assert_eq!(current(h.commit(&unread).await).number, None);
}

pub(super) async fn a_transaction_is_booked_once(h: Harness) {
    let book = |payment: u64| Changes {
        payment: Some(sample::payment(payment, None)),
        once: vec![sample::once(OnceKey::Tx(sample::tx(1)))],
        ..sample::changes()
    };
    h.write(book(1)).await;
    h.pass(Seconds::from_days(10_000).0);
    assert_eq!(h.commit(&book(2)).await, Commit::Duplicate(OnceKey::Tx(sample::tx(1))));
}

pub(super) async fn once_keys_are_compared_in_order_and_before_versions(h: Harness) {
    let stored = everything(&sample::customer("tg:1"));
    h.write(stored.clone()).await;
    let keys = |keys: &[OnceKey]| keys.iter().cloned().map(sample::once).collect::<Vec<_>>();
    let tx = OnceKey::Tx(sample::tx(1));
    let payload = OnceKey::Payload(sample::payload(1));
    let free = sample::request("free");

    for (first, second) in [(&tx, &payload), (&payload, &tx)] {
        let mut changes = again(&stored);
        changes.once = keys(&[free.clone(), first.clone(), second.clone()]);
        assert_eq!(h.commit(&changes).await, Commit::Duplicate(first.clone()));
    }
    let mut same_id = again(&stored);
    same_id.commit_id = stored.commit_id;
    same_id.once = keys(&[tx]);
    assert_eq!(h.commit(&same_id).await, Commit::Duplicate(OnceKey::Commit(stored.commit_id)));
    assert_eq!(recorded(&h, free).await, None);
}

pub(super) async fn an_expired_once_key_is_free_again(h: Harness) {
    let key = sample::request("a");
    let claim = |value: &str, keep_until| Changes {
        once: vec![Once { key: sample::request("a"), value: value.to_owned(), keep_until }],
        ..sample::changes()
    };
    h.write(claim("first", Some(h.now() + Seconds(60)))).await;
    h.pass(59);
    assert_eq!(recorded(&h, key.clone()).await.as_deref(), Some("first"));
    assert_eq!(h.commit(&claim("second", None)).await, Commit::Duplicate(key.clone()));
    h.pass(1);
    assert_eq!(recorded(&h, key.clone()).await, None);
    h.write(claim("third", None)).await;
    h.pass(Seconds::from_days(10_000).0);
    assert_eq!(recorded(&h, key.clone()).await.as_deref(), Some("third"));
    assert_eq!(h.commit(&claim("fourth", None)).await, Commit::Duplicate(key));
}

pub(super) async fn once_keys_of_different_kinds_and_owners_do_not_meet(h: Harness) {
    let CommitId(ulid) = sample::changes().commit_id;
    let request = |integrator: &str, key: &str| OnceKey::Request {
        integrator: integrator.parse().expect("a name"),
        key: key.to_owned(),
    };
    let keys = [
        request("demo", "a"),
        request("dem", "a"),
        request("demo", "A"),
        request("demo", "a "),
        request("demo", ""),
        request("demo", &sample::tx(1).to_string()),
        request("demo", &ulid.to_string()),
        OnceKey::Tx(sample::tx(1)),
        OnceKey::Payload(sample::payload(1)),
    ];
    h.write(Changes { once: keys.iter().cloned().map(sample::once).collect(), ..sample::changes() }).await;
    for key in keys {
        assert_eq!(recorded(&h, key.clone()).await, Some(key.to_string()));
    }
}

pub(super) async fn the_chain_moves_only_from_where_it_stands(h: Harness) {
    let step = |from, to| Changes { chain: Some(sample::chain_move(from, to)), ..sample::changes() };
    assert_eq!(current(h.commit(&step(1, 2)).await).chains.of(Currency::Ton), sample::chain(0));
    h.write(step(0, 1)).await;
    h.write(step(1, 3)).await;
    for stale in [step(0, 4), step(1, 4), step(2, 4)] {
        assert_eq!(current(h.commit(&stale).await).chains.of(Currency::Ton), sample::chain(3));
    }
    let mut without_hash = step(3, 4);
    if let Some(chain) = &mut without_hash.chain {
        chain.from.hash = None;
    }
    current(h.commit(&without_hash).await);
    h.write(step(3, 3)).await;
    assert_eq!(h.load(sample::nothing()).await.chains.of(Currency::Ton), sample::chain(3));
}

pub(super) async fn every_currency_has_a_chain_of_its_own(h: Harness) {
    let step = |currency, from, to| Changes {
        chain: Some(sample::chain_move_of(currency, from, to)),
        ..sample::changes()
    };
    h.write(step(Currency::Ton, 0, 5)).await;
    h.write(step(Currency::Usdt, 0, 2)).await;
    current(h.commit(&step(Currency::Usdt, 5, 6)).await);
    let mut confused = step(Currency::Usdt, 2, 3);
    confused.chain = confused.chain.map(|chain| ChainMove { from: sample::chain(5).cursor, ..chain });
    current(h.commit(&confused).await);
    h.write(step(Currency::Ton, 5, 6)).await;
    h.write(step(Currency::Usdt, 2, 3)).await;
    let chains = h.load(sample::nothing()).await.chains;
    assert_eq!(chains.of(Currency::Ton), sample::chain_of(Currency::Ton, 6));
    assert_eq!(chains.of(Currency::Usdt), sample::chain_of(Currency::Usdt, 3));
}

pub(super) async fn a_wrong_chain_position_writes_nothing(h: Harness) {
    let before = h.snapshot().await;
    let mut changes = everything(&sample::customer("tg:1"));
    changes.chain = Some(sample::chain_move(1, 2));
    current(h.commit(&changes).await);
    assert_eq!(h.snapshot().await, before);
}
