//! Change sets with the shape of a customer's rent, for tests and the bench. Only their shape matters; no rule made
//! them.

use std::collections::BTreeSet;

use rental_core::{
    Account, Amount, Changes, CommitId, Currency, CustomerId, Event, EventKind, HistoryEntry, HistoryKind,
    Holding, Invoice, InvoiceId, InvoiceKind, InvoiceStatus, Load, NumberRecord, Once, OnceKey, Payload,
    PhoneNumber, Seconds, Term, Timestamp,
};
use ulid::Ulid;

/// When everything here happens.
pub(crate) const START: Timestamp = Timestamp::from_unix(1_767_225_600);

/// The `n`th standard number.
pub(crate) fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).expect("n has at most seven digits")
}

/// A customer with one number, which it rents over and over.
pub(crate) struct Customer {
    index: u64,
    rents: u64,
    id: CustomerId,
    record: NumberRecord,
    account: Account,
}

impl Customer {
    /// The customer with this index, not seen before.
    pub(crate) fn new(index: u64) -> Self {
        let id: CustomerId = format!("api:demo:c{index}").parse().expect("a customer");
        let plans = ["7d=3", "30d=10", "365d=99.5"].map(|plan| plan.parse().expect("a plan"));
        Self {
            index,
            rents: 0,
            record: NumberRecord::new(number(index), plans.to_vec(), START),
            account: Account::new(id.clone()),
            id,
        }
    }

    /// The next rent: the number, an invoice, the account, two once-keys besides the commit's own, a line of history
    /// and an event.
    pub(crate) fn rent(&mut self) -> Changes {
        self.rents += 1;
        let serial = self.index << 24 | self.rents;
        let commit_id = CommitId(Ulid::from_parts(START.unix() * 1000 + self.rents, serial.into()));
        let invoice = Invoice {
            id: InvoiceId::new(commit_id.0),
            kind: InvoiceKind::Rent,
            number: self.record.number,
            customer: self.id.clone(),
            term: Term::from_days(30).expect("30 days are a term"),
            amount: Amount::whole(Currency::Ton, 10).expect("a small amount"),
            payload: Payload::from_entropy((serial << 16).to_be_bytes()),
            wallet: "UQDYzZmfsrGzhObKJUw4gzdeIxEai3jAFbiGKGwxvxHinf4K".to_owned(),
            jetton: None,
            status: InvoiceStatus::Open,
            created_at: START,
            expires_at: START + Seconds(900),
            waiting: None,
            doubted: false,
            version: 1,
        };
        self.record.holding =
            Holding::Reserved { invoice: invoice.id, customer: self.id.clone(), until: invoice.expires_at };
        self.record.deadline = Some(invoice.expires_at + Seconds(self.rents));
        self.record.version += 1;
        self.account.open_invoices = BTreeSet::from([invoice.id]);
        self.account.version += 1;
        Changes {
            number: Some(self.record.clone()),
            accounts: vec![self.account.clone()],
            once: vec![
                once(OnceKey::Payload(invoice.payload.clone()), &invoice, None),
                once(self.request(), &invoice, Some(START + Seconds::from_days(1))),
            ],
            history: vec![HistoryEntry {
                at: START,
                number: self.record.number,
                kind: HistoryKind::Rented,
                customer: Some(self.id.clone()),
                to: None,
                invoice: Some(invoice.id),
                expires_at: Some(START + Seconds::from_days(30)),
            }],
            events: vec![Event {
                at: START,
                number: Some(self.record.number),
                customer: Some(self.id.clone()),
                kind: EventKind::InvoiceOpened {
                    invoice: invoice.id,
                    kind: invoice.kind,
                    amount: invoice.amount,
                },
            }],
            invoices: vec![invoice],
            ..Changes::none(commit_id, self.load())
        }
    }

    /// What such a rent reads.
    pub(crate) fn load(&self) -> Load {
        Load { number: Some(self.record.number), accounts: vec![self.id.clone()], ..Load::default() }
    }

    fn request(&self) -> OnceKey {
        OnceKey::Request {
            integrator: "demo".parse().expect("a name"),
            key: format!("request-{}-{}", self.index, self.rents),
        }
    }
}

fn once(key: OnceKey, invoice: &Invoice, keep_until: Option<Timestamp>) -> Once {
    Once { key, value: invoice.id.to_string(), keep_until }
}
