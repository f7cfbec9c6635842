//! The storage trait and everything that passes through it.
//!
//! A change is `load → decide → commit`. [`Store::load`] gives one consistent cut with the store's own clock;
//! `decide` turns it into [`Changes`]; [`Store::commit`] applies all of them or none. Stores compare and write;
//! they hold no rules.

mod archive;
#[cfg(feature = "conformance")]
pub mod conformance;
mod memory;
mod once;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    Access, Account, AuditEntry, ChainCursor, ChainState, Chains, Currency, CustomerId, Event,
    ExceptionReason, HistoryEntry, IntegratorId, Invoice, InvoiceId, LeaseToken, NumberRecord, NumberState,
    Payload, Payment, PhoneNumber, Policy, Seconds, Shop, Sums, Timestamp, TxHash,
};

pub use archive::*;
pub use memory::MemoryStore;
pub use once::{CommitId, Once, OnceKey, OnceKeyError};

/// What to load. Besides what is named here, a load brings what belongs to it; see [`Store::load`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Load {
    /// A number.
    pub number: Option<PhoneNumber>,
    /// An invoice.
    pub invoice: Option<InvoiceRef>,
    /// A payment.
    pub payment: Option<TxHash>,
    /// Customers' accounts.
    pub accounts: Vec<CustomerId>,
    /// What an earlier request recorded.
    pub once: Option<OnceKey>,
    /// Admins and API keys.
    pub access: bool,
}

/// How an invoice is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceRef {
    /// By its id.
    Id(InvoiceId),
    /// By the comment that payers write.
    Payload(Payload),
}

/// One consistent cut of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The store's clock at the cut.
    pub now: Timestamp,
    /// The shop, once it is open.
    pub shop: Option<Shop>,
    /// How far the chains have been read.
    pub chains: Chains,
    /// Admins and keys, when asked for; the default when there are none yet.
    pub access: Option<Access>,
    /// The number, when it exists.
    pub number: Option<NumberRecord>,
    /// The invoices that were asked for or hang on the number.
    pub invoices: Vec<Invoice>,
    /// The accounts that were asked for or hang on the number or the invoice, as far as they exist.
    pub accounts: Vec<Account>,
    /// The payment, when it exists.
    pub payment: Option<Payment>,
    /// What was recorded under the once-key.
    pub once: Option<String>,
}

impl State {
    /// The invoice with this id.
    pub fn invoice(&self, id: InvoiceId) -> Option<&Invoice> {
        self.invoices.iter().find(|invoice| invoice.id == id)
    }

    /// The number as it stands now, whether or not the sweeper has been there: passed deadlines count as passed, and its
    /// open invoice as lapsed when it has.
    pub fn number_now(&self, policy: &Policy) -> Option<NumberRecord> {
        let record = self.number.clone()?;
        let open = record.open_invoice().and_then(|id| self.invoice(id));
        let record = match open.filter(|invoice| invoice.has_lapsed(&self.chains)) {
            Some(lapsed) => record.released_from(lapsed.id),
            None => record,
        };
        Some(record.at(self.now, policy))
    }

    /// The account of this customer.
    pub fn account(&self, id: &CustomerId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == *id)
    }
}

/// Reads single documents; the part of loading that differs between stores.
///
/// [`collect`] walks the references with it, so every store loads the same things.
pub trait Documents {
    /// Why a document could not be read.
    type Error;

    /// The number's record.
    fn number(&mut self, number: PhoneNumber) -> Result<Option<NumberRecord>, Self::Error>;
    /// The invoice.
    fn invoice(&mut self, invoice: &InvoiceRef) -> Result<Option<Invoice>, Self::Error>;
    /// The payment.
    fn payment(&mut self, tx: TxHash) -> Result<Option<Payment>, Self::Error>;
    /// The account.
    fn account(&mut self, customer: &CustomerId) -> Result<Option<Account>, Self::Error>;
    /// The shop.
    fn shop(&mut self) -> Result<Option<Shop>, Self::Error>;
    /// How far the chain of `currency` has been read.
    fn chain(&mut self, currency: Currency) -> Result<Option<ChainState>, Self::Error>;
    /// Admins and keys.
    fn access(&mut self) -> Result<Option<Access>, Self::Error>;
    /// What was recorded under a once-key that has not expired by `now`.
    fn once(&mut self, key: &OnceKey, now: Timestamp) -> Result<Option<String>, Self::Error>;
}

/// Loads `load` and all that belongs to it from `documents`, following the references that [`Store::load`] lists.
///
/// # Errors
/// The first error of `documents`.
pub fn collect<D: Documents>(documents: &mut D, load: &Load, now: Timestamp) -> Result<State, D::Error> {
    let mut chains = Chains::default();
    for currency in Currency::ALL {
        if let Some(chain) = documents.chain(currency)? {
            chains.set(chain);
        }
    }
    let mut state = State {
        now,
        shop: documents.shop()?,
        chains,
        access: if load.access { Some(documents.access()?.unwrap_or_default()) } else { None },
        once: load.once.as_ref().map(|key| documents.once(key, now)).transpose()?.flatten(),
        ..State::default()
    };
    state.payment = load.payment.map(|tx| documents.payment(tx)).transpose()?.flatten();

    let paid_for = state.payment.as_ref().and_then(|payment| payment.invoice).map(InvoiceRef::Id);
    if let Some(reference) = load.invoice.clone().or(paid_for) {
        state.invoices.extend(documents.invoice(&reference)?);
    }
    let number = load.number.or_else(|| state.invoices.first().map(|invoice| invoice.number));
    state.number = number.map(|number| documents.number(number)).transpose()?.flatten();
    if let Some(id) = state.number.as_ref().and_then(NumberRecord::open_invoice)
        && state.invoice(id).is_none()
    {
        state.invoices.extend(documents.invoice(&InvoiceRef::Id(id))?);
    }
    if load.payment.is_none()
        && let Some(tx) = state.invoices.iter().find_map(|invoice| invoice.waiting)
    {
        state.payment = documents.payment(tx)?;
    }

    let mut customers = load.accounts.clone();
    customers.extend(state.number.as_ref().and_then(NumberRecord::customer).cloned());
    customers.extend(state.invoices.iter().map(|invoice| invoice.customer.clone()));
    customers.sort();
    customers.dedup();
    for customer in customers {
        state.accounts.extend(documents.account(&customer)?);
    }
    Ok(state)
}

/// A movement of a chain's position; applied only when the stored position of that chain is still `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainMove {
    /// The position that was read from.
    pub from: ChainCursor,
    /// The new position.
    pub to: ChainState,
}

/// Everything that one commit writes.
///
/// A document carries its *new* version; it is written only over the version before (`version - 1`, where 0 is
/// "does not exist"). Stores destructure this without `..`, so that a new field cannot be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Identifies this commit; itself a once-key.
    pub commit_id: CommitId,
    /// What was loaded to decide; loaded again for [`Commit::Conflict`].
    pub read: Load,
    /// The token of the lease under which this is done, when the number is locked by the caller.
    pub lease: Option<LeaseToken>,
    /// The number.
    pub number: Option<NumberRecord>,
    /// Invoices.
    pub invoices: Vec<Invoice>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// The payment.
    pub payment: Option<Payment>,
    /// The shop.
    pub shop: Option<Shop>,
    /// Admins and keys.
    pub access: Option<Access>,
    /// The position in one chain.
    pub chain: Option<ChainMove>,
    /// Once-keys to claim, besides the commit's own.
    pub once: Vec<Once>,
    /// Lines for the number's history.
    pub history: Vec<HistoryEntry>,
    /// Lines for the audit trail.
    pub audit: Vec<AuditEntry>,
    /// Events for the outbox.
    pub events: Vec<Event>,
}

impl Changes {
    /// Changes that write nothing.
    pub fn none(commit_id: CommitId, read: Load) -> Self {
        Self {
            commit_id,
            read,
            lease: None,
            number: None,
            invoices: Vec::new(),
            accounts: Vec::new(),
            payment: None,
            shop: None,
            access: None,
            chain: None,
            once: Vec::new(),
            history: Vec::new(),
            audit: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The new invoices: each takes its payload, for ever.
    pub fn new_invoices(&self) -> impl Iterator<Item = &Invoice> {
        self.invoices.iter().filter(|invoice| invoice.version == 1)
    }

    /// Whether a commit would write nothing.
    pub fn is_empty(&self) -> bool {
        let Self {
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
            once,
            history,
            audit,
            events,
        } = self;
        number.is_none()
            && invoices.is_empty()
            && accounts.is_empty()
            && payment.is_none()
            && shop.is_none()
            && access.is_none()
            && chain.is_none()
            && once.is_empty()
            && history.is_empty()
            && audit.is_empty()
            && events.is_empty()
    }
}

/// How a commit went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// Everything is written.
    Committed,
    /// Somebody else was faster; nothing is written. Carries a fresh load, so that deciding again costs no trip.
    Conflict {
        /// What beat us.
        current: Box<State>,
    },
    /// A once-key is taken; nothing is written. The commit's own id means: this very commit was applied before.
    Duplicate(OnceKey),
    /// Somebody else's lease is on the number; nothing is written.
    Locked {
        /// When that lease ends by itself.
        until: Timestamp,
    },
}

/// Why a store could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No answer, or none in time. A commit may or may not have happened: send the same commit again.
    #[error("the store did not answer: {0}; try again")]
    Unavailable(String),
    /// The store could not be asked in time. Nothing happened.
    #[error("the store cannot be reached: {0}; nothing was changed, try again")]
    Unreachable(String),
    /// The store refused to write (read-only, full). Nothing happened.
    #[error("the store cannot be written: {0}; nothing was changed, make room or fix the permissions")]
    Unwritable(String),
    /// What is stored cannot be read or contradicts itself.
    #[error("the store is damaged: {0}; stop the programs and restore a backup")]
    Corrupt(String),
    /// The store belongs to another application or to a newer version of this one.
    #[error("the store cannot be used: {0}")]
    Incompatible(String),
}

/// Whose things to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Owner {
    /// Everybody's.
    #[default]
    Anybody,
    /// All customers of one integrator.
    Integrator(IntegratorId),
    /// One customer's.
    Customer(CustomerId),
}

impl Owner {
    /// Whether `customer`'s things are listed.
    pub fn includes(&self, customer: &CustomerId) -> bool {
        match self {
            Self::Anybody => true,
            Self::Integrator(integrator) => customer.integrator() == Some(integrator),
            Self::Customer(own) => own == customer,
        }
    }
}

/// Which part of a listing. `after` is the `next` of the page before; a new entry never shifts a page.
///
/// Stores clamp `limit` to 1 to [`PageRequest::MOST`] and fill every page; a text that cannot be one of the listing's
/// own cursors gives an empty page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the page before ended.
    pub after: Option<String>,
    /// How many entries, at most [`PageRequest::MOST`].
    pub limit: usize,
}

impl PageRequest {
    /// The longest page.
    pub const MOST: usize = 1000;

    /// The first page of up to `limit` entries.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with `change` made to every entry.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

/// Which numbers to list, by number ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberQuery {
    /// Only numbers stored in one of these states; empty: all.
    pub states: Vec<NumberState>,
    /// Only numbers that these customers have or are about to pay for.
    pub owner: Owner,
}

/// Which invoices to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoiceQuery {
    /// Only these customers'.
    pub owner: Owner,
    /// Only those with this status name.
    pub status: Option<&'static str>,
    /// Only those for this number.
    pub number: Option<PhoneNumber>,
}

/// Which payments to list, newest (highest logical time) first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentQuery {
    /// Only payments that name an invoice of these customers.
    pub owner: Owner,
    /// Only those with this outcome name.
    pub outcome: Option<&'static str>,
    /// Only those with this reason.
    pub reason: Option<ExceptionReason>,
}

/// A number whose deadline has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The deadline.
    pub deadline: Timestamp,
    /// The number.
    pub number: PhoneNumber,
}

/// An event with its place in the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedEntry {
    /// Grows with every event; not necessarily by one.
    pub seq: u64,
    /// What happened.
    pub event: Event,
}

/// An event that a consumer group has to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// The event and its stable id.
    pub entry: FeedEntry,
    /// How many times it has been claimed, this time included.
    pub attempt: u32,
}

/// What became of a claimed event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// Acted on.
    Done,
    /// To be claimed again, not before this.
    Retry(Timestamp),
    /// Given up; kept for the operator with the reason.
    Dead(String),
}

/// Figures about the whole shop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many numbers are stored in each state; states without a number are absent.
    pub numbers: Vec<(NumberState, u64)>,
    /// How many invoices have each status name.
    pub invoices: Vec<(String, u64)>,
    /// How many payments have each outcome name, and their sums.
    pub payments: Vec<(String, u64, Sums)>,
    /// How many customers have an account.
    pub accounts: u64,
}

/// Holds one shop.
///
/// # Contract
/// - **Atomic.** A commit applies completely or not at all, also when the process or the machine stops in the
///   middle. It first compares everything (the commit's id, the other once-keys and the payloads of new invoices, in
///   this order; then the lock of the number; then all versions and the chain position), then writes everything.
/// - **Once.** A payment is stored under its transaction's hash, and a new one only where there is none. A payload
///   belongs to the invoice that was stored with it first; a new invoice with another one's payload answers
///   `Duplicate`. An invoice keeps its number, customer and payload, and a payment its place, for ever. A line
///   of history belongs to a number that is stored, no later than in the same commit. Events come in the order of their times,
///   as far as the store's clock goes forward; where it did not, an old event may be forgotten a little later.
/// - **Isolated.** A load sees one moment; commits happen one after the other.
/// - **Durable.** `Committed` means: survives a crash of the process and, where the store's settings promise it, of
///   the machine.
/// - **Idempotent.** The same commit sent again, after whatever error, is applied at most once and then answers
///   `Duplicate` with the commit's own id.
/// - **One clock.** `now` in every load is the store's clock; all processes of a shop see the same one. Expiry of
///   once-keys, leases, claims and rate windows is judged by it: each is over at its end, not after it.
/// - **Ordered.** Numbers sort as integers (short ones first), accounts by the bytes of their text. Sequence numbers
///   of events are never used twice.
/// - **Complete.** Every method is implemented by every store, with the same answers to the same calls.
/// - **Errors.** [`StoreError::Unavailable`] leaves open whether a commit happened; all other errors mean that
///   nothing was changed.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Loads what `load` names and what belongs to it:
    /// - the shop and the chain positions, always;
    /// - of a payment: the invoice it names, unless another one is asked for;
    /// - of an invoice: its number, unless another one is asked for;
    /// - of a number: the open invoice that hangs on it;
    /// - of an invoice with a waiting payment: that payment, unless another one is asked for;
    /// - of the number and the invoices: their customers' accounts.
    async fn load(&self, load: &Load) -> Result<State, StoreError>;

    /// Applies `changes`. An empty change set still claims its commit id, which is kept for one day.
    ///
    /// The lease of a caller that has lapsed does not stop its commit; versions do.
    async fn commit(&self, changes: &Changes) -> Result<Commit, StoreError>;

    /// Up to `limit` numbers whose deadline is not later than the store's clock, by deadline and number, after
    /// `after`.
    async fn due(&self, after: Option<Due>, limit: usize) -> Result<Vec<Due>, StoreError>;

    /// Lists numbers.
    async fn numbers(
        &self,
        query: &NumberQuery,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, StoreError>;

    /// Lists invoices.
    async fn invoices(&self, query: &InvoiceQuery, page: &PageRequest) -> Result<Page<Invoice>, StoreError>;

    /// Lists payments.
    async fn payments(&self, query: &PaymentQuery, page: &PageRequest) -> Result<Page<Payment>, StoreError>;

    /// Lists accounts, by customer ascending (as text).
    async fn accounts(&self, page: &PageRequest) -> Result<Page<Account>, StoreError>;

    /// A number's history, oldest first.
    async fn history(
        &self,
        number: PhoneNumber,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError>;

    /// The audit trail, newest first.
    async fn audit(&self, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError>;

    /// Events that concern `owner`, oldest first, after `after`.
    async fn feed(&self, owner: &Owner, after: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError>;

    /// Gives up to `limit` events to `consumer` of `group`, oldest first: those never given to the group, those
    /// whose retry is due, and those whose claim has run out. The claim runs out at the store's now + `hold`
    /// seconds. A group begins, at its first claim, with the oldest event kept.
    async fn claim(
        &self,
        group: &str,
        consumer: &str,
        limit: usize,
        hold: Seconds,
    ) -> Result<Vec<OutboxItem>, StoreError>;

    /// Says what became of a claimed event. Answers `false`, and changes nothing, when `consumer` no longer holds
    /// the claim, also when it ran out and nobody has claimed the event since.
    async fn dispose(
        &self,
        group: &str,
        consumer: &str,
        seq: u64,
        disposition: &Disposition,
    ) -> Result<bool, StoreError>;

    /// Events that `group` gave up on, oldest first, with the reason.
    async fn dead_letters(
        &self,
        group: &str,
        page: &PageRequest,
    ) -> Result<Page<(FeedEntry, String)>, StoreError>;

    /// Figures about the whole shop.
    async fn totals(&self) -> Result<Totals, StoreError>;

    /// Forgets once-keys that have expired, leases, rate counters and notes that have run out, and events older than
    /// `events_before` that every group is done with; a dead letter keeps its event. Answers how many things it forgot. Bounded work per call.
    async fn forget(&self, events_before: Timestamp) -> Result<u64, StoreError>;
}

impl Totals {
    /// The same figures in one order: by state, by status, by outcome.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.numbers.sort_unstable();
        self.invoices.sort_unstable();
        self.payments.sort_unstable();
        self
    }

    /// Everything that was ever booked in `currency`, in its smallest units.
    pub fn booked(&self, currency: Currency) -> u128 {
        self.payments.iter().map(|(_, _, sums)| sums.of(currency)).sum()
    }

    /// The sums of payments with this outcome.
    pub fn sums_of(&self, outcome: &str) -> Sums {
        let row = self.payments.iter().find(|(name, _, _)| name == outcome);
        row.map(|(_, _, sums)| sums.clone()).unwrap_or_default()
    }
}
