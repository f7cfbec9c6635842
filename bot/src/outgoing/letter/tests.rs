use rental_core::{
    Alarm, Amount, Comment, Holding, InvoiceId, InvoiceStatus, NumberRecord, Outcome, Ownership, Payload,
    Seconds, Term, TxHash, Ulid,
};

use super::*;
use crate::outgoing::notice::notice;

const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);
const ME: CustomerId = CustomerId::Telegram(7);
const OTHER: CustomerId = CustomerId::Telegram(8);

fn end() -> Timestamp {
    NOW + Seconds::from_days(5)
}

fn ton(text: &str) -> Amount {
    text.parse().expect("an amount")
}

fn phone() -> PhoneNumber {
    "+88801234567".parse().expect("a number")
}

fn invoice(kind: InvoiceKind) -> Invoice {
    Invoice {
        id: InvoiceId::new(Ulid::from_parts(1, 2)),
        kind,
        number: phone(),
        customer: ME,
        term: Term::from_days(30).expect("a term"),
        amount: ton("10 TON"),
        payload: Payload::from_entropy([1; 8]),
        wallet: "UQ-wallet".to_owned(),
        jetton: None,
        status: InvoiceStatus::Open,
        created_at: NOW,
        expires_at: end(),
        waiting: None,
        doubted: false,
        version: 1,
    }
}

fn payment(amount: &str, reason: ExceptionReason) -> Payment {
    Payment {
        tx: TxHash([1; 32]),
        lt: 1,
        amount: ton(amount),
        comment: Comment::None,
        sender: "0:ab".to_owned(),
        chain_time: NOW,
        booked_at: NOW,
        outcome: Outcome::Exception { reason },
        invoice: None,
        version: 1,
    }
}

/// The number, held by `holder`.
fn held(holder: CustomerId) -> NumberRecord {
    let mut record = NumberRecord::new(phone(), vec!["30d=10".parse().expect("a plan")], NOW);
    record.holding = Holding::Rented(Rental::start(holder, NOW, end().since(NOW)));
    record
}

fn event(kind: EventKind) -> Event {
    Event { at: NOW, number: Some(phone()), customer: Some(ME), kind }
}

fn known() -> Known {
    Known { now: NOW, number: Some(held(ME)), ..Known::default() }
}

fn reminder() -> Event {
    event(EventKind::RentalReminder { notice: Seconds::from_hours(72), expires_at: end() })
}

/// Everything that customers are told, with what is known then.
fn told() -> Vec<(&'static str, Event, Known)> {
    let id = InvoiceId::new(Ulid::from_parts(1, 2));
    let tx = TxHash([1; 32]);
    let settled = || event(EventKind::InvoiceSettled { invoice: id, tx, expires_at: end() });
    let paid = |kind| Known { invoice: Some(invoice(kind)), ..known() };
    let odd = |amount, reason| {
        let kind = EventKind::PaymentException { tx, amount: ton(amount), reason, invoice: Some(id) };
        (event(kind), Known { payment: Some(payment(amount, reason)), ..paid(InvoiceKind::Rent) })
    };
    let (underpaid, short) = odd("9.9 TON", ExceptionReason::Underpaid);
    let (waiting, seen) = odd("10 TON", ExceptionReason::NumberLocked);
    let (doubted, looked_at) = odd("10 TON", ExceptionReason::Unconfirmed);
    let resolved = |outcome: &str| event(EventKind::PaymentResolved { tx, outcome: outcome.to_owned() });
    let decided = || Known { payment: Some(payment("9.9 TON", ExceptionReason::Underpaid)), ..known() };
    let over = || Known { now: end(), ..known() };
    let closed = |reason| event(EventKind::TransferClosed { reason });
    let others = || Known { number: Some(held(OTHER)), ..known() };
    let gone = || Known { number: Some(NumberRecord::new(phone(), vec![], NOW)), ..known() };
    vec![
        ("rented", settled(), paid(InvoiceKind::Rent)),
        ("renewed", settled(), paid(InvoiceKind::Renew)),
        ("payment seen", waiting, seen),
        ("payment checked", doubted, looked_at),
        ("payment odd", underpaid, short),
        ("payment applied", resolved("applied"), decided()),
        ("payment goes back", resolved("refund_pending"), decided()),
        ("payment went back", resolved("refunded"), decided()),
        ("payment kept", resolved("written_off"), decided()),
        ("extended", event(EventKind::RentalExtended { expires_at: end() }), known()),
        ("reminder", reminder(), Known { now: end() + Seconds(0), ..known() }),
        ("reminder in time", reminder(), Known { now: NOW + Seconds::from_days(2), ..known() }),
        ("last reminder", reminder(), Known { now: NOW + Seconds(5 * 86_400 - 3_600), ..known() }),
        ("grace", event(EventKind::RentalGrace { until: end() + Seconds::from_days(1) }), over()),
        ("ended", event(EventKind::RentalEnded { revoked: false }), gone()),
        ("revoked", event(EventKind::RentalEnded { revoked: true }), gone()),
        ("offered", event(EventKind::TransferOffered { to: Some(ME), expires_at: end() }), others()),
        ("offer made", event(EventKind::TransferOffered { to: Some(OTHER), expires_at: end() }), known()),
        ("handed on", event(EventKind::TransferAccepted { from: Some(ME), to: Some(OTHER) }), others()),
        ("received", event(EventKind::TransferAccepted { from: Some(OTHER), to: Some(ME) }), known()),
        ("declined", closed(TransferEnd::Declined), known()),
        ("I declined", closed(TransferEnd::Declined), others()),
        ("offer expired", closed(TransferEnd::Expired), known()),
        ("withdrawn", closed(TransferEnd::Withdrawn), others()),
        ("I withdrew", closed(TransferEnd::Withdrawn), known()),
    ]
}

/// Everything that operators are told.
fn noticed() -> Vec<(&'static str, Event)> {
    let odd = |reason| EventKind::PaymentException {
        tx: TxHash([1; 32]),
        amount: ton("9.9 TON"),
        reason,
        invoice: None,
    };
    let nobodys = |number, kind| Event { at: NOW, number, customer: None, kind };
    let alarm = |alarm| nobodys(None, EventKind::ShopAlarm { alarm });
    let dead = Alarm::DeadLetter { group: "telegram".to_owned(), seq: 7, reason: "<refused>".to_owned() };
    vec![
        ("payment", nobodys(None, odd(ExceptionReason::NoComment))),
        ("payment for a number", event(odd(ExceptionReason::Underpaid))),
        ("payment in another currency", event(odd(ExceptionReason::WrongCurrency))),
        ("payment that waits", event(odd(ExceptionReason::NumberLocked))),
        ("turnover", nobodys(Some(phone()), EventKind::NumberTurnover { until: None })),
        ("turnover by itself", nobodys(Some(phone()), EventKind::NumberTurnover { until: Some(end()) })),
        (
            "lost",
            nobodys(Some(phone()), EventKind::NumberLost { ownership: Ownership::Foreign { owner: None } }),
        ),
        ("regained", nobodys(Some(phone()), EventKind::NumberRegained)),
        ("stalled", alarm(Alarm::ChainStalled { read_to: NOW })),
        ("recovered", alarm(Alarm::ChainRecovered { read_to: NOW })),
        ("dead letter", alarm(dead)),
    ]
}

fn drawn(screen: Option<Screen>) -> String {
    let Some(screen) = screen else { return "(nothing)".to_owned() };
    let rows = screen.keyboard.rows().iter().map(|row| {
        let row: Vec<_> = row.iter().map(|button| format!("[{}]", button.text())).collect();
        row.join(" ")
    });
    std::iter::once(screen.text).chain(rows).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_message_in_both_languages() {
    for language in Language::ALL {
        let letters = told().into_iter().map(|(name, event, known)| (name, letter(language, &event, &known)));
        let notices = noticed().into_iter().map(|(name, event)| (name, notice(language, &event)));
        let all: Vec<_> =
            letters.chain(notices).map(|(name, s)| format!("== {name}\n{}", drawn(s))).collect();
        insta::assert_snapshot!(format!("messages_{}", language.code()), all.join("\n\n"));
    }
}

#[test]
fn a_reminder_of_what_is_over_or_otherwise_is_not_sent() {
    let longer = {
        let mut record = held(ME);
        record.holding = Holding::Rented(Rental::start(ME, NOW, Seconds::from_days(35)));
        record
    };
    for (why, known) in [
        ("renewed meanwhile", Known { number: Some(longer), ..known() }),
        ("handed on meanwhile", Known { number: Some(held(OTHER)), ..known() }),
        ("over meanwhile", Known { now: end(), ..known() }),
        ("number gone", Known { number: None, ..known() }),
    ] {
        assert_eq!(letter(Language::En, &reminder(), &known), None, "{why}");
    }
    assert!(letter(Language::En, &reminder(), &known()).is_some());
}

#[test]
fn what_was_paid_for_is_told_once() {
    let extended = event(EventKind::RentalExtended { expires_at: end() });
    assert_eq!(letter(Language::En, &extended, &Known { paid_for: true, ..known() }), None);
    assert!(letter(Language::En, &extended, &known()).is_some());
}

#[test]
fn only_customers_in_telegram_are_written_to() {
    assert_eq!(reader(&reminder()), Some(7));
    for customer in [None, Some("api:demo:alice".parse().expect("a customer"))] {
        assert_eq!(reader(&Event { customer, ..reminder() }), None);
    }
}
