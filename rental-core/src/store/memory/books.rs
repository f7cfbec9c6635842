//! The documents, their indexes, and the append-only lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::fmt;
use std::ops::Bound::{self, Excluded, Unbounded};
use std::str::FromStr;

use super::{
    Changes, Due, InvoiceQuery, NumberQuery, Owner, Page, PageRequest, PaymentQuery, Totals, nothing, page,
};
use crate::store::archive::Figures;
use crate::store::{Documents, InvoiceRef, Once, OnceKey, Record, Section};
use crate::{
    Access, Account, AuditEntry, ChainState, Currency, CustomerId, HistoryEntry, Invoice, InvoiceId,
    NumberRecord, Payload, Payment, PhoneNumber, Seconds, Shop, Timestamp, TxHash,
};

/// How long a commit's own once-key is kept: longer than anybody tries to send the commit again.
const COMMIT_KEPT: Seconds = Seconds::from_days(1);

/// All documents and lists.
#[derive(Default)]
pub(super) struct Books {
    shop: Option<Shop>,
    access: Option<Access>,
    chains: BTreeMap<Currency, ChainState>,
    numbers: BTreeMap<PhoneNumber, NumberRecord>,
    deadlines: BTreeSet<Due>,
    invoices: BTreeMap<InvoiceId, Invoice>,
    payloads: HashMap<Payload, InvoiceId>,
    payments: HashMap<TxHash, Payment>,
    payment_order: BTreeSet<PaymentPlace>,
    /// By the text of the id, which is the order of the listing.
    accounts: BTreeMap<String, Account>,
    once: HashMap<OnceKey, Once>,
    history: BTreeMap<PhoneNumber, Vec<HistoryEntry>>,
    audit: Vec<AuditEntry>,
}

/// Where a payment stands in the listing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PaymentPlace {
    lt: u64,
    tx: TxHash,
}

impl fmt::Display for PaymentPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.lt, self.tx)
    }
}

impl PaymentPlace {
    fn parse(text: &str) -> Option<Self> {
        let (lt, tx) = text.split_once(':')?;
        Some(Self { lt: lt.parse().ok()?, tx: tx.parse().ok()? })
    }
}

impl Documents for &Books {
    type Error = Infallible;

    fn number(&mut self, number: PhoneNumber) -> Result<Option<NumberRecord>, Infallible> {
        Ok(self.numbers.get(&number).cloned())
    }

    fn invoice(&mut self, invoice: &InvoiceRef) -> Result<Option<Invoice>, Infallible> {
        let id = match invoice {
            InvoiceRef::Id(id) => Some(id),
            InvoiceRef::Payload(payload) => self.payloads.get(payload),
        };
        Ok(id.and_then(|id| self.invoices.get(id)).cloned())
    }

    fn payment(&mut self, tx: TxHash) -> Result<Option<Payment>, Infallible> {
        Ok(self.payments.get(&tx).cloned())
    }

    fn account(&mut self, customer: &CustomerId) -> Result<Option<Account>, Infallible> {
        Ok(self.accounts.get(&customer.to_string()).cloned())
    }

    fn shop(&mut self) -> Result<Option<Shop>, Infallible> {
        Ok(self.shop.clone())
    }

    fn chain(&mut self, currency: Currency) -> Result<Option<ChainState>, Infallible> {
        Ok(self.chains.get(&currency).copied())
    }

    fn access(&mut self) -> Result<Option<Access>, Infallible> {
        Ok(self.access.clone())
    }

    fn once(&mut self, key: &OnceKey, now: Timestamp) -> Result<Option<String>, Infallible> {
        let once = self.once.get(key).filter(|once| once.is_kept(now));
        Ok(once.map(|once| once.value.clone()))
    }
}

/// Whether a document with version `new` may be written over `stored`.
fn follows(new: u64, stored: Option<u64>) -> bool {
    new.checked_sub(1) == Some(stored.unwrap_or(0))
}

impl Books {
    /// The first once-key of `changes` that is taken, the commit's own first.
    pub(super) fn taken_key(&self, changes: &Changes, now: Timestamp) -> Option<OnceKey> {
        let others = changes.once.iter().map(|once| once.key.clone());
        let taken = std::iter::once(OnceKey::Commit(changes.commit_id))
            .chain(others)
            .find(|key| self.once.get(key).is_some_and(|once| once.is_kept(now)));
        let is_taken = |new: &&Invoice| self.payloads.get(&new.payload).is_some_and(|owner| *owner != new.id);
        taken.or_else(|| {
            changes.new_invoices().find(is_taken).map(|new| OnceKey::Payload(new.payload.clone()))
        })
    }

    /// Whether all documents and the chain's position stand where `changes` expect them.
    pub(super) fn accepts(&self, changes: &Changes) -> bool {
        let Changes {
            commit_id: _,
            read: _,
            lease: _,
            number,
            invoices,
            accounts,
            payment,
            shop,
            access,
            chain,
            once: _,
            history: _,
            audit: _,
            events: _,
        } = changes;
        let position = |currency| self.chains.get(&currency).map(|stored| stored.cursor).unwrap_or_default();
        let version_of_number = |number| self.numbers.get(number).map(|stored| stored.version);
        let version_of_invoice = |id| self.invoices.get(id).map(|stored| stored.version);
        let version_of_account = |id: &CustomerId| self.accounts.get(&id.to_string()).map(|old| old.version);
        let version_of_payment = |tx| self.payments.get(tx).map(|stored| stored.version);

        number.iter().all(|new| follows(new.version, version_of_number(&new.number)))
            && invoices.iter().all(|new| follows(new.version, version_of_invoice(&new.id)))
            && accounts.iter().all(|new| follows(new.version, version_of_account(&new.id)))
            && payment.iter().all(|new| follows(new.version, version_of_payment(&new.tx)))
            && shop.iter().all(|new| follows(new.version, self.shop.as_ref().map(|stored| stored.version)))
            && access
                .iter()
                .all(|new| follows(new.version, self.access.as_ref().map(|stored| stored.version)))
            && chain.iter().all(|chain| chain.from == position(chain.to.currency))
    }

    /// Writes `changes`, which have been compared.
    pub(super) fn write(&mut self, changes: &Changes, now: Timestamp) {
        let Changes {
            commit_id,
            read: _,
            lease: _,
            number,
            invoices,
            accounts,
            payment,
            shop,
            access,
            chain,
            once,
            history,
            audit,
            events: _,
        } = changes.clone();
        self.claim(Once {
            key: OnceKey::Commit(commit_id),
            value: String::new(),
            keep_until: Some(now + COMMIT_KEPT),
        });
        for once in once {
            self.claim(once);
        }
        if let Some(record) = number {
            self.put_number(record);
        }
        for invoice in invoices {
            self.put_invoice(invoice);
        }
        if let Some(payment) = payment {
            self.put_payment(payment);
        }
        for account in accounts {
            self.put_account(account);
        }
        self.shop = shop.or(self.shop.take());
        self.access = access.or(self.access.take());
        self.chains.extend(chain.map(|chain| (chain.to.currency, chain.to)));
        for line in history {
            self.put_line(line);
        }
        self.audit.extend(audit);
    }

    fn claim(&mut self, once: Once) {
        self.once.insert(once.key.clone(), once);
    }

    fn put_number(&mut self, record: NumberRecord) {
        let number = record.number;
        let due = |deadline| Due { deadline, number };
        let new = record.deadline.map(due);
        let old = self.numbers.insert(number, record).and_then(|old| old.deadline);
        if let Some(old) = old.map(due) {
            self.deadlines.remove(&old);
        }
        self.deadlines.extend(new);
    }

    fn put_invoice(&mut self, invoice: Invoice) {
        self.payloads.insert(invoice.payload.clone(), invoice.id);
        self.invoices.insert(invoice.id, invoice);
    }

    fn put_payment(&mut self, payment: Payment) {
        let (lt, tx) = (payment.lt, payment.tx);
        self.payment_order.insert(PaymentPlace { lt, tx });
        self.payments.insert(tx, payment);
    }

    fn put_account(&mut self, account: Account) {
        self.accounts.insert(account.id.to_string(), account);
    }

    fn put_line(&mut self, line: HistoryEntry) {
        self.history.entry(line.number).or_default().push(line);
    }

    pub(super) fn due(&self, after: Option<Due>, limit: usize, now: Timestamp) -> Vec<Due> {
        let start = after.map_or(Unbounded, Excluded);
        self.deadlines
            .range((start, Unbounded))
            .take_while(|due| due.deadline <= now)
            .take(limit)
            .copied()
            .collect()
    }

    pub(super) fn numbers(&self, query: &NumberQuery, request: &PageRequest) -> Page<NumberRecord> {
        let NumberQuery { states, owner } = query;
        let Some(start) = place::<PhoneNumber>(request) else {
            return nothing();
        };
        let found = self.numbers.range((start, Unbounded)).filter(|(_, record)| {
            (states.is_empty() || states.contains(&record.state()))
                && (*owner == Owner::Anybody || record.customer().is_some_and(|own| owner.includes(own)))
        });
        page(request, found.map(|(number, record)| (number, record.clone())))
    }

    pub(super) fn invoices(&self, query: &InvoiceQuery, request: &PageRequest) -> Page<Invoice> {
        let InvoiceQuery { owner, status, number } = query;
        let Some(end) = place::<InvoiceId>(request) else {
            return nothing();
        };
        let newest_first = self.invoices.range((Unbounded, end)).rev();
        let found = newest_first.filter(|(_, invoice)| {
            owner.includes(&invoice.customer)
                && status.is_none_or(|status| invoice.status.name() == status)
                && number.is_none_or(|number| invoice.number == number)
        });
        page(request, found.map(|(id, invoice)| (id, invoice.clone())))
    }

    pub(super) fn payments(&self, query: &PaymentQuery, request: &PageRequest) -> Page<Payment> {
        let PaymentQuery { owner, outcome, reason } = query;
        let end = match &request.after {
            None => Unbounded,
            Some(text) => match PaymentPlace::parse(text) {
                Some(place) => Excluded(place),
                None => return nothing(),
            },
        };
        let newest_first = self.payment_order.range((Unbounded, end)).rev();
        let found = newest_first.filter_map(|place| Some((place, self.payments.get(&place.tx)?))).filter(
            |(_, payment)| {
                let invoice = payment.invoice.and_then(|id| self.invoices.get(&id));
                (*owner == Owner::Anybody || invoice.is_some_and(|named| owner.includes(&named.customer)))
                    && outcome.is_none_or(|outcome| payment.outcome.name() == outcome)
                    && (reason.is_none() || payment.outcome.reason() == *reason)
            },
        );
        page(request, found.map(|(place, payment)| (place, payment.clone())))
    }

    pub(super) fn accounts(&self, request: &PageRequest) -> Page<Account> {
        let Some(start) = place::<CustomerId>(request) else {
            return nothing();
        };
        let start = start.map(|customer| customer.to_string());
        let found = self.accounts.range((start, Unbounded));
        page(request, found.map(|(id, account)| (id, account.clone())))
    }

    pub(super) fn history(&self, number: PhoneNumber, request: &PageRequest) -> Page<HistoryEntry> {
        numbered(request, self.history.get(&number).into_iter().flatten().cloned())
    }

    pub(super) fn audit(&self, request: &PageRequest) -> Page<AuditEntry> {
        let Some(end) = place::<usize>(request) else {
            return nothing();
        };
        let newest_first = self.audit.iter().enumerate().rev();
        let found = newest_first.filter(|(index, _)| match end {
            Excluded(last) => *index < last,
            _ => true,
        });
        page(request, found.map(|(index, line)| (index, line.clone())))
    }

    pub(super) fn totals(&self) -> Totals {
        let mut figures = Figures::default();
        for record in self.numbers.values() {
            figures.add_number(record);
        }
        for invoice in self.invoices.values() {
            figures.add_invoice(invoice);
        }
        for payment in self.payments.values() {
            figures.add_payment(payment);
        }
        for _ in self.accounts.values() {
            figures.add_account();
        }
        figures.totals()
    }

    /// A page of one of the sections that are kept here.
    pub(super) fn read_out(&self, section: Section, request: &PageRequest, now: Timestamp) -> Page<Record> {
        match section {
            Section::Shop => numbered(request, self.shop.iter().cloned().map(Record::Shop)),
            Section::Access => numbered(request, self.access.iter().cloned().map(Record::Access)),
            Section::Chain => numbered(request, self.chains.values().copied().map(Record::Chain)),
            Section::Accounts => self.accounts(request).map(Record::Account),
            Section::Numbers => self.numbers(&NumberQuery::default(), request).map(Record::Number),
            Section::Invoices => self.invoices(&InvoiceQuery::default(), request).map(Record::Invoice),
            Section::Payments => self.payments(&PaymentQuery::default(), request).map(Record::Payment),
            Section::Once => {
                let kept = self.once.values().filter(|once| once.is_kept(now));
                let mut moved: Vec<_> = kept.filter(|once| !matches!(once.key, OnceKey::Commit(_))).collect();
                moved.sort_by_cached_key(|once| once.key.to_string());
                numbered(request, moved.into_iter().cloned().map(Record::Once))
            }
            Section::History => {
                numbered(request, self.history.values().flatten().cloned().map(Record::History))
            }
            Section::Audit => numbered(request, self.audit.iter().cloned().map(Record::Audit)),
            Section::Events | Section::LastEvent | Section::Groups | Section::Deliveries | Section::Notes => {
                nothing()
            }
        }
    }

    /// Writes a record as it is, when it is kept here.
    pub(super) fn fill(&mut self, record: Record) {
        match record {
            Record::Shop(shop) => self.shop = Some(shop),
            Record::Access(access) => self.access = Some(access),
            Record::Chain(chain) => _ = self.chains.insert(chain.currency, chain),
            Record::Account(account) => self.put_account(account),
            Record::Number(number) => self.put_number(number),
            Record::Invoice(invoice) => self.put_invoice(invoice),
            Record::Payment(payment) => self.put_payment(payment),
            Record::Once(once) => self.claim(once),
            Record::History(line) => self.put_line(line),
            Record::Audit(line) => self.audit.push(line),
            Record::Event(_)
            | Record::LastEvent { .. }
            | Record::Group { .. }
            | Record::Delivery(_)
            | Record::Note(_) => {}
        }
    }

    /// Drops once-keys that have expired; answers how many.
    pub(super) fn forget(&mut self, now: Timestamp) -> usize {
        let expired = self.once.extract_if(|_, once| !once.is_kept(now));
        expired.take(PageRequest::MOST).count()
    }
}

/// A page of a list whose entries are found by their position.
pub(super) fn numbered<T>(request: &PageRequest, entries: impl Iterator<Item = T>) -> Page<T> {
    let Some(start) = place::<usize>(request) else {
        return nothing();
    };
    let first = match start {
        Excluded(last) => last.saturating_add(1),
        _ => 0,
    };
    page(request, entries.enumerate().skip(first))
}

/// Where the page starts; `None` for a cursor that no page of this listing gave out.
fn place<K: FromStr>(request: &PageRequest) -> Option<Bound<K>> {
    match &request.after {
        None => Some(Unbounded),
        Some(text) => text.parse().ok().map(Excluded),
    }
}
