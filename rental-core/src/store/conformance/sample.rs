//! Documents to store. Only their shape matters here; no rule made them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use ulid::Ulid;

use super::super::{ChainMove, Changes, CommitId, Load, Once, OnceKey};
use crate::{
    Access, Account, Amount, ApiKey, AuditEntry, ChainCursor, ChainState, Comment, Currency, CustomerId,
    Event, EventKind, ExceptionReason, HistoryEntry, HistoryKind, Holding, Invoice, InvoiceId, InvoiceKind,
    InvoiceStatus, LeaseToken, Network, NumberRecord, Outcome, Ownership, Payload, Payment, PhoneNumber,
    Policy, Proof, Renewal, Rental, Scope, Seconds, Shop, Term, Timestamp, TxHash, UsdtWallet, Wallet,
};

/// When everything here begins.
pub(super) const START: Timestamp = Timestamp::from_unix(1_767_225_600);

/// The `n`th standard number.
pub(super) fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).expect("n has at most seven digits")
}

/// The customer written as `text`.
pub(super) fn customer(text: &str) -> CustomerId {
    text.parse().expect("a well-formed customer")
}

/// A load of nothing but what comes with every load.
pub(super) fn nothing() -> Load {
    Load::default()
}

/// A load of one number.
pub(super) fn of_number(number: PhoneNumber) -> Load {
    Load { number: Some(number), ..Load::default() }
}

/// Changes that nobody committed before and that write nothing yet.
pub(super) fn changes() -> Changes {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = Ulid::from_parts(0, NEXT.fetch_add(1, Ordering::Relaxed).into());
    Changes::none(CommitId(id), Load::default())
}

/// Changes that write this number.
pub(super) fn number_changes(record: NumberRecord) -> Changes {
    Changes { read: of_number(record.number), number: Some(record), ..changes() }
}

/// A free number, new in the pool.
pub(super) fn record(number: PhoneNumber) -> NumberRecord {
    let plans = vec!["30d=10".parse().expect("a plan")];
    NumberRecord { version: 1, ..NumberRecord::new(number, plans, START) }
}

/// The next version of a number.
pub(super) fn changed(record: NumberRecord) -> NumberRecord {
    NumberRecord { version: record.version + 1, ..record }
}

/// The chain's word that a number is somebody else's.
pub(super) fn lost() -> Proof {
    Proof { ownership: Ownership::Foreign { owner: Some("0:ff".to_owned()) }, checked_at: START }
}

/// A number that is reserved for `invoice`.
pub(super) fn reserved(invoice: &Invoice) -> NumberRecord {
    NumberRecord {
        holding: Holding::Reserved {
            invoice: invoice.id,
            customer: invoice.customer.clone(),
            until: invoice.expires_at,
        },
        deadline: Some(invoice.expires_at),
        ..record(invoice.number)
    }
}

/// A number in the hands of `holder`.
pub(super) fn rented(number: PhoneNumber, holder: &CustomerId) -> NumberRecord {
    let rental = Rental::start(holder.clone(), START, Seconds::from_days(30));
    NumberRecord { deadline: Some(rental.expires_at), holding: Holding::Rented(rental), ..record(number) }
}

/// The same rental with an open renewal invoice.
pub(super) fn renewing(record: NumberRecord, invoice: &Invoice) -> NumberRecord {
    let renewal = Some(Renewal { invoice: invoice.id, until: invoice.expires_at });
    NumberRecord { holding: record.holding.map_rental(|rental| Rental { renewal, ..rental }), ..record }
}

/// The id of the `n`th invoice.
pub(super) fn invoice_id(n: u64) -> InvoiceId {
    InvoiceId::new(Ulid::from_parts(START.unix() * 1000 + n, n.into()))
}

/// Whole coins.
pub(super) fn coins(currency: Currency, whole: u64) -> Amount {
    Amount::whole(currency, whole).expect("a small amount")
}

/// The `n`th payload.
pub(super) fn payload(n: u64) -> Payload {
    Payload::from_entropy((n << 16).to_be_bytes())
}

/// The `n`th invoice, newer than those before it.
pub(super) fn invoice(n: u64, number: PhoneNumber, customer: &CustomerId) -> Invoice {
    Invoice {
        id: invoice_id(n),
        kind: InvoiceKind::Rent,
        number,
        customer: customer.clone(),
        term: Term::from_days(30).expect("30 days are a term"),
        amount: coins(Currency::Ton, 10),
        payload: payload(n),
        wallet: "UQAAAAAA".to_owned(),
        jetton: None,
        status: InvoiceStatus::Open,
        created_at: START,
        expires_at: START + Seconds(900),
        waiting: None,
        doubted: false,
        version: 1,
    }
}

/// The account of a customer seen for the first time.
pub(super) fn account(id: &CustomerId) -> Account {
    Account { version: 1, ..Account::new(id.clone()) }
}

/// The hash of the `n`th transaction.
pub(super) fn tx(n: u64) -> TxHash {
    let mut hash = [0xa5; 32];
    hash[24..].copy_from_slice(&n.to_be_bytes());
    TxHash(hash)
}

/// The `n`th payment, later on chain than those before it.
pub(super) fn payment(n: u64, invoice: Option<InvoiceId>) -> Payment {
    Payment {
        tx: tx(n),
        lt: 1_000_000 + n,
        amount: coins(Currency::Ton, 10),
        comment: Comment::Text(payload(n).to_string()),
        sender: format!("0:{}", "ab".repeat(32)),
        chain_time: START,
        booked_at: START,
        outcome: match invoice {
            Some(_) => Outcome::Settled,
            None => Outcome::Exception { reason: ExceptionReason::UnknownPayload },
        },
        invoice,
        version: 1,
    }
}

/// A shop, just opened.
pub(super) fn shop() -> Shop {
    Shop {
        wallet: Wallet { network: Network::Sandbox, address: "UQAAAAAA".to_owned() },
        usdt: Some(UsdtWallet {
            master: format!("0:{}", "cd".repeat(32)),
            wallet: format!("0:{}", "ef".repeat(32)),
            chain_start: chain_of(Currency::Usdt, 1).cursor,
            accepted: true,
        }),
        policy: Policy::default(),
        chain_start: ChainCursor::START,
        opened_at: START,
        version: 1,
    }
}

/// Admins and keys, the first of them.
pub(super) fn access() -> Access {
    Access {
        owner: Some(1),
        admins: BTreeSet::from([1, (1 << 52) - 1]),
        keys: vec![ApiKey {
            id: "abcdefghijkl".to_owned(),
            integrator: "demo".parse().expect("a name"),
            digest: "ab".repeat(32),
            scopes: BTreeSet::from([Scope::Read, Scope::Write]),
            created_at: START,
            revoked_at: None,
        }],
        version: 1,
    }
}

/// The position in the chain of TON after the `n`th transaction; the 0th is the start.
pub(super) fn chain(n: u64) -> ChainState {
    chain_of(Currency::Ton, n)
}

/// The position in a currency's chain after its `n`th transaction; the 0th is the start. Chains have nothing in common.
pub(super) fn chain_of(currency: Currency, n: u64) -> ChainState {
    let first = match (currency, n) {
        (_, 0) => return ChainState::start(currency),
        (Currency::Ton, _) => 0,
        (Currency::Usdt, _) => 500_000,
    };
    let cursor = ChainCursor { lt: 1_000_000 + first + n, hash: Some(tx(first + n)) };
    ChainState { currency, cursor, read_to: START + Seconds(n) }
}

/// A movement in the chain of TON.
pub(super) fn chain_move(from: u64, to: u64) -> ChainMove {
    chain_move_of(Currency::Ton, from, to)
}

/// A movement in a currency's chain.
pub(super) fn chain_move_of(currency: Currency, from: u64, to: u64) -> ChainMove {
    ChainMove { from: chain_of(currency, from).cursor, to: chain_of(currency, to) }
}

/// A permanent once-key with its own name recorded under it.
pub(super) fn once(key: OnceKey) -> Once {
    Once { value: key.to_string(), key, keep_until: None }
}

/// The key of a request of the integrator `demo`.
pub(super) fn request(key: &str) -> OnceKey {
    OnceKey::Request { integrator: "demo".parse().expect("a name"), key: key.to_owned() }
}

/// The `n`th event, `n` seconds after the start.
pub(super) fn event(n: u64, customer: Option<&CustomerId>) -> Event {
    Event {
        at: START + Seconds(n),
        number: Some(number(n)),
        customer: customer.cloned(),
        kind: EventKind::RentalStarted { expires_at: START + Seconds(1_000_000 + n) },
    }
}

/// The `n`th line of a number's history.
pub(super) fn line(n: u64, number: PhoneNumber) -> HistoryEntry {
    HistoryEntry {
        at: START + Seconds(n),
        number,
        kind: HistoryKind::Extended,
        customer: Some(customer("tg:1")),
        to: None,
        invoice: None,
        expires_at: Some(START + Seconds(1_000_000 + n)),
    }
}

/// The `n`th line of the audit trail.
pub(super) fn audit(n: u64) -> AuditEntry {
    AuditEntry {
        at: START,
        actor: "console:root".to_owned(),
        action: "number.withdraw".to_owned(),
        object: number(n).to_string(),
        detail: None,
        reason: Some(format!("line {n}")),
    }
}

/// The `n`th lease token.
pub(super) fn token(n: u8) -> LeaseToken {
    LeaseToken::from_entropy([n; 16])
}
