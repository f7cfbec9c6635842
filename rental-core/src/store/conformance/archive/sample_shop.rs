//! A shop with something of every kind in it.

use super::super::super::{
    Changes, DeliveryRecord, DeliveryStage, Disposition, FeedEntry, Once, OnceKey, Record, Section,
};
use super::super::{Harness, sample};
use crate::{
    Account, Ban, Currency, ExceptionReason, Invoice, InvoiceStatus, Listing, Note, NoteVersion,
    NumberRecord, Outcome, Payment, Seconds, Timestamp, TxHash, Writing,
};

/// How long the claims of the shop are held.
pub(super) const HOLD: Seconds = Seconds(600);
/// How long the retry of the shop rests.
pub(super) const REST: Seconds = Seconds(60);

/// Opens the shop in an empty store. What the parts say is no matter; no rule made them.
pub(super) async fn open(h: &Harness) {
    h.write(Changes {
        shop: Some(sample::shop()),
        access: Some(sample::access()),
        chain: Some(sample::chain_move(0, 7)),
        audit: vec![sample::audit(1), sample::audit(2)],
        ..sample::changes()
    })
    .await;
    let usdt = Some(sample::chain_move_of(Currency::Usdt, 0, 3));
    h.write(Changes { chain: usdt, ..sample::changes() }).await;
    documents(h).await;
    keys(h).await;
    outbox(h).await;
    for (name, how) in [("chat:7", Writing::LASTING), ("update:9", Writing::passing(Seconds(60)))] {
        let key = name.parse().expect("a name of a note");
        h.notes.put_note(&key, name, how).await.expect("the store answers");
    }
}

async fn documents(h: &Harness) {
    let (alice, bob) = (sample::customer("api:demo:alice"), sample::customer("tg:7"));
    let invoice = |n, number, customer| sample::invoice(n, sample::number(number), customer);
    let settled = InvoiceStatus::Settled { tx: sample::tx(2), at: sample::START };
    let expired = InvoiceStatus::Expired { at: sample::START };
    let cancelled = InvoiceStatus::Cancelled { at: sample::START };
    let open = Invoice { waiting: Some(sample::tx(4)), ..invoice(1, 1, &alice) };
    let invoices = vec![
        open.clone(),
        Invoice { status: settled, ..invoice(2, 2, &bob) },
        Invoice { status: expired, ..invoice(3, 2, &alice) },
        Invoice { status: cancelled, ..invoice(4, 3, &bob) },
    ];
    let ban = Some(Ban { at: sample::START, reason: Some("chargeback".to_owned()) });
    h.write(Changes {
        accounts: vec![sample::account(&alice), Account { ban, ..sample::account(&bob) }],
        history: vec![sample::line(1, sample::number(1)), sample::line(2, sample::number(1))],
        invoices,
        ..sample::number_changes(sample::reserved(&open))
    })
    .await;
    let renewing = sample::renewing(sample::rented(sample::number(2), &bob), &open);
    let withdrawn = NumberRecord { listing: Listing::Withdrawn, ..sample::record(sample::number(3)) };
    for record in [renewing, withdrawn, sample::record("+888 8 001".parse().expect("a number"))] {
        let history = vec![sample::line(3, record.number), sample::line(4, sample::number(1))];
        h.write(Changes { history, ..sample::number_changes(record) }).await;
    }
    // Some have been changed, so that their versions are not all the same.
    h.write(sample::number_changes(sample::changed(sample::record(sample::number(3))))).await;
    let account = Account { version: 2, ..sample::account(&alice) };
    h.write(Changes { accounts: vec![account], ..sample::changes() }).await;

    let reason = ExceptionReason::Underpaid;
    let outcomes = [
        Outcome::Settled,
        Outcome::Exception { reason: ExceptionReason::UnknownPayload },
        Outcome::Applied { reason },
        Outcome::RefundPending { reason, refund_tx: Some(TxHash([9; 32])) },
        Outcome::Deposit,
        Outcome::Refunded { reason, refund_tx: Some(TxHash([7; 32])) },
        Outcome::WrittenOff { reason },
    ];
    for (n, outcome) in (1..).zip(outcomes) {
        let named = Some(sample::invoice_id(n)).filter(|_| n <= 4);
        let amount = sample::coins(Currency::ALL[usize::from(n % 2 == 0)], n);
        let payment = Payment { amount, outcome, ..sample::payment(n, named) };
        h.write(Changes { payment: Some(payment), ..sample::changes() }).await;
    }
}

async fn keys(h: &Harness) {
    let end = Some(h.now() + Seconds::from_hours(2));
    let once = vec![
        sample::once(OnceKey::Tx(sample::tx(1))),
        sample::once(OnceKey::Payload(sample::payload(1))),
        sample::once(sample::request("for ever")),
        Once { keep_until: end, ..sample::once(sample::request("for two hours")) },
    ];
    h.write(Changes { once, ..sample::changes() }).await;
}

/// Ten events after one that was forgotten. The group `bot` has a retry, a dead letter and a claim, and has not been
/// given the last three; `webhooks` is done with all; `idle` was given none.
async fn outbox(h: &Harness) {
    h.write(Changes { events: vec![sample::event(0, None)], ..sample::changes() }).await;
    while h.store.forget(Timestamp::MAX).await.expect("the store forgets") > 0 {}
    assert_eq!(h.store.claim("idle", "a", 10, HOLD).await, Ok(vec![]));
    let customer = sample::customer("api:demo:alice");
    let events = (1..=10).map(|n| sample::event(n, Some(&customer).filter(|_| n % 2 == 0)));
    h.write(Changes { events: events.collect(), ..sample::changes() }).await;
    for (group, given) in [("webhooks", 10), ("bot", 7)] {
        let items = h.store.claim(group, "a", given, HOLD).await.expect("the store answers");
        for (item, n) in items.iter().zip(1..) {
            let disposition = match (group, n) {
                ("bot", 3) => Disposition::Retry(h.now() + REST),
                ("bot", 4) => Disposition::Dead("the customer has blocked the bot".to_owned()),
                ("bot", 5) => continue,
                _ => Disposition::Done,
            };
            let disposed = h.store.dispose(group, "a", item.entry.seq, &disposition).await;
            assert_eq!(disposed, Ok(true));
        }
    }
}

/// A small number of everything, one record of each section, as if a store had read it out.
pub(super) fn one_of_each() -> Vec<Record> {
    let customer = sample::customer("tg:1");
    let invoice = sample::invoice(1, sample::number(1), &customer);
    let event = FeedEntry { seq: 5, event: sample::event(1, None) };
    let delivery = DeliveryRecord {
        group: "bot".to_owned(),
        seq: 5,
        attempt: 3,
        stage: DeliveryStage::Resting { until: sample::START },
    };
    vec![
        Record::Shop(sample::shop()),
        Record::Access(sample::access()),
        Record::Chain(sample::chain(1)),
        Record::Account(sample::account(&customer)),
        Record::Number(sample::reserved(&invoice)),
        Record::Invoice(invoice.clone()),
        Record::Payment(sample::payment(1, Some(invoice.id))),
        Record::Once(sample::once(OnceKey::Tx(sample::tx(1)))),
        Record::History(sample::line(1, invoice.number)),
        Record::Audit(sample::audit(1)),
        Record::Event(event),
        Record::LastEvent { seq: 5 },
        Record::Group { name: "bot".to_owned(), given: 5 },
        Record::Delivery(delivery),
        Record::Note(note()),
    ]
}

fn note() -> Note {
    let key = "chat:7".parse().expect("a name of a note");
    Note { key, text: "en".to_owned(), version: NoteVersion::from_stored(3) }
}

/// The record of this section.
pub(super) fn one_of(section: Section) -> Record {
    let mut records = one_of_each().into_iter();
    records.find(|record| record.section() == section).expect("there is one of each")
}
