//! What unit tests share: a desk in front of a mocked shop.

use std::sync::Arc;

use rental_core::{
    Account, Actor, AdminId, FakeGateway, Holding, Invoice, InvoiceId, InvoiceKind, InvoiceStatus,
    ManualClock, MemoryStore, MockRentals, NumberRecord, Payload, Rental, Seconds, Timestamp, TxHash, Ulid,
};
use rental_core::{Comment, ExceptionReason, Outcome, Payment, Request};
use rental_ton::SandboxRegistry;

use crate::consent::Consent;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::Format;

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// What a verb wrote and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Data.
    pub(crate) out: String,
    /// Messages.
    pub(crate) err: String,
    /// The end.
    pub(crate) result: Result<(), Failure>,
}

/// Lets `verb` work on `shop`, without a terminal and with or without `--yes`.
pub(crate) fn at_desk(
    shop: &MockRentals,
    format: Format,
    yes: bool,
    verb: impl AsyncFnOnce(&mut Desk<'_>) -> Result<(), Failure>,
) -> Ended {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let leases = MemoryStore::new(Arc::new(ManualClock::at(start())));
    let gateway = FakeGateway::new();
    let mut desk = Desk {
        rentals: shop,
        leases: &leases,
        gateway: &gateway,
        registry: &SandboxRegistry::new("no-such-folder/numbers"),
        usdt: None,
        actor: operator(),
        reason: Some("because".to_owned()),
        lease: None,
        consent: if yes { Consent::Given } else { Consent::Absent },
        format,
        out: &mut out,
        err: &mut err,
    };
    let result = block_on(verb(&mut desk));
    Ended { out: String::from_utf8(out).expect("text"), err: String::from_utf8(err).expect("text"), result }
}

/// Whether `request` comes from the operator, with the reason given.
pub(crate) fn is_audited(request: &Request) -> bool {
    request.actor == operator() && request.reason.as_deref() == Some("because")
}

fn operator() -> Actor {
    Actor::Admin(AdminId::Console("tester".to_owned()))
}

/// 2026-01-01.
pub(crate) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("a time")
}

/// A number that nobody has.
pub(crate) fn number() -> NumberRecord {
    let plans = ["7d=3", "30d=10.5"].map(|plan| plan.parse().expect("a plan"));
    NumberRecord {
        version: 1,
        ..NumberRecord::new("+88801234567".parse().expect("a number"), plans.into(), start())
    }
}

/// The same number in the hands of a customer.
pub(crate) fn rented() -> NumberRecord {
    let holder = "api:demo:alice".parse().expect("a customer");
    NumberRecord {
        holding: Holding::Rented(Rental::start(holder, start(), Seconds::from_days(30))),
        ..number()
    }
}

/// An open invoice for the number.
pub(crate) fn invoice() -> Invoice {
    Invoice {
        id: InvoiceId::new(Ulid::from_parts(1_767_225_600_000, 7)),
        kind: InvoiceKind::Rent,
        number: number().number,
        customer: "api:demo:alice".parse().expect("a customer"),
        term: "30d".parse().expect("a term"),
        amount: "10.5".parse().expect("an amount"),
        payload: Payload::from_entropy([7; 8]),
        wallet: "UQ…".to_owned(),
        jetton: None,
        status: InvoiceStatus::Open,
        created_at: start(),
        expires_at: start() + Seconds(900),
        waiting: None,
        doubted: false,
        version: 1,
    }
}

/// A payment that is too small.
pub(crate) fn payment() -> Payment {
    Payment {
        tx: TxHash([0xab; 32]),
        lt: 1,
        amount: "9.5".parse().expect("an amount"),
        comment: Comment::Text(invoice().payload.to_string()),
        sender: FakeGateway::SENDER.to_owned(),
        chain_time: start() + Seconds(60),
        booked_at: start() + Seconds(61),
        outcome: Outcome::Exception { reason: ExceptionReason::Underpaid },
        invoice: Some(invoice().id),
        version: 1,
    }
}

/// A customer with a number.
pub(crate) fn account() -> Account {
    let mut account = Account::new("api:demo:alice".parse().expect("a customer"));
    account.numbers.insert(number().number);
    account.open_invoices.insert(invoice().id);
    account.version = 2;
    account
}
