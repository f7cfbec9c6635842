//! Whole shops as records: reading one out of a store, and filling another store with it.
//!
//! A [`Record`] is one thing that a shop consists of, exactly as it is stored, versions and sequence numbers included.
//! Its JSON is the same whatever the store, so records are also what a file of a whole shop consists of. [`Tally`]
//! tells whether two stores hold the same.
//!
//! Some things are not part of a shop and do not move: leases, rate limits, notes that have an end, and the once-keys of
//! commits, which matter to whoever sends a commit again within the minute.

mod tally;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{FeedEntry, Once, Page, PageRequest, Store, StoreError};
use crate::{
    Access, Account, AuditEntry, ChainState, HistoryEntry, Invoice, Note, NumberRecord, Payment,
    ServiceError, Shop, Timestamp,
};

pub(super) use tally::Figures;
pub use tally::Tally;

/// One thing that a shop consists of, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The shop.
    Shop(Shop),
    /// Admins and keys.
    Access(Access),
    /// How far a chain has been read.
    Chain(ChainState),
    /// A customer's account.
    Account(Account),
    /// A number.
    Number(NumberRecord),
    /// An invoice.
    Invoice(Invoice),
    /// A payment.
    Payment(Payment),
    /// A once-key of a transaction, a payload or a request that has not expired.
    Once(Once),
    /// A line of a number's history.
    History(HistoryEntry),
    /// A line of the audit trail.
    Audit(AuditEntry),
    /// An event that is kept.
    Event(FeedEntry),
    /// The place of the newest event that there ever was, forgotten or not: the next one comes after it.
    LastEvent {
        /// Its place in the feed, at least 1.
        seq: u64,
    },
    /// A consumer group.
    Group {
        /// Its name.
        name: String,
        /// The place of the newest event that it was given; 0 when none.
        given: u64,
    },
    /// An event that was given to a group and is not done.
    Delivery(DeliveryRecord),
    /// A lasting note of a frontend.
    Note(Note),
}

/// An event that was given to a group and is not done. Those up to [`Record::Group`]'s `given` without one are done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The group.
    pub group: String,
    /// The event's place in the feed.
    pub seq: u64,
    /// How many times it has been claimed.
    pub attempt: u32,
    /// Where it stands.
    #[serde(flatten)]
    pub stage: DeliveryStage,
}

/// Where an event stands that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum DeliveryStage {
    /// To be claimed again, not before this. A claim that a consumer holds is written out as a rest until its end:
    /// the consumer is gone by the time anybody reads this.
    Resting {
        /// The end of the rest, or of the claim.
        until: Timestamp,
    },
    /// Given up.
    Dead {
        /// Why.
        reason: String,
    },
}

/// The parts of a shop, in the order in which a store is filled with them: what refers to something comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// At most one [`Record::Shop`].
    Shop,
    /// At most one [`Record::Access`].
    Access,
    /// At most one [`Record::Chain`] of each currency.
    Chain,
    /// Every [`Record::Account`].
    Accounts,
    /// Every [`Record::Number`].
    Numbers,
    /// Every [`Record::Invoice`].
    Invoices,
    /// Every [`Record::Payment`]; a payment can name an invoice.
    Payments,
    /// Every [`Record::Once`], in whatever order.
    Once,
    /// Every [`Record::History`], of each number oldest first.
    History,
    /// Every [`Record::Audit`], oldest first.
    Audit,
    /// Every [`Record::Event`], oldest first.
    Events,
    /// One [`Record::LastEvent`] when there ever was an event.
    LastEvent,
    /// Every [`Record::Group`].
    Groups,
    /// Every [`Record::Delivery`]; it names an event and a group.
    Deliveries,
    /// Every [`Record::Note`], by name.
    Notes,
}

impl Section {
    /// All sections, in their order.
    pub const ALL: [Self; 15] = [
        Self::Shop,
        Self::Access,
        Self::Chain,
        Self::Accounts,
        Self::Numbers,
        Self::Invoices,
        Self::Payments,
        Self::Once,
        Self::History,
        Self::Audit,
        Self::Events,
        Self::LastEvent,
        Self::Groups,
        Self::Deliveries,
        Self::Notes,
    ];

    /// The stable name, such as `last_event`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Access => "access",
            Self::Chain => "chain",
            Self::Accounts => "accounts",
            Self::Numbers => "numbers",
            Self::Invoices => "invoices",
            Self::Payments => "payments",
            Self::Once => "once",
            Self::History => "history",
            Self::Audit => "audit",
            Self::Events => "events",
            Self::LastEvent => "last_event",
            Self::Groups => "groups",
            Self::Deliveries => "deliveries",
            Self::Notes => "notes",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Record {
    /// The section it belongs to.
    pub fn section(&self) -> Section {
        match self {
            Self::Shop(_) => Section::Shop,
            Self::Access(_) => Section::Access,
            Self::Chain(_) => Section::Chain,
            Self::Account(_) => Section::Accounts,
            Self::Number(_) => Section::Numbers,
            Self::Invoice(_) => Section::Invoices,
            Self::Payment(_) => Section::Payments,
            Self::Once(_) => Section::Once,
            Self::History(_) => Section::History,
            Self::Audit(_) => Section::Audit,
            Self::Event(_) => Section::Events,
            Self::LastEvent { .. } => Section::LastEvent,
            Self::Group { .. } => Section::Groups,
            Self::Delivery(_) => Section::Deliveries,
            Self::Note(_) => Section::Notes,
        }
    }
}

/// Identifies one filling of a store, so that an earlier one that is still running can do no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FillingId(pub Ulid);

/// Why a store was not filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The store holds something that would be lost or mixed up. Nothing was changed.
    #[error("the store is not empty; use a store that holds nothing yet")]
    NotEmpty,
    /// This filling was not begun, has been finished, or another one has begun since. Nothing was changed.
    #[error("another copy into this store has begun, or has finished; see which one you want")]
    Superseded,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArchiveError {
    /// The stable code, such as `store.not_empty`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEmpty => "store.not_empty",
            Self::Superseded => "store.superseded",
            Self::Store(error) => ServiceError::Store(error.clone()).code(),
        }
    }
}

impl StoreError {
    /// The answer of a store that is being filled to whoever takes it for a shop; see [`Archive`].
    pub fn unfinished() -> Self {
        Self::Incompatible(
            "a copy into it was not finished; run the copy again, or use another store".to_owned(),
        )
    }
}

/// A store whose shop can be read out as records, and that can be filled with the records of another.
///
/// # Contract
/// - **Reading** goes section by section and page by page. It shows what is stored at the time of each page; of a shop
///   that does not change meanwhile it shows everything exactly once; only once-keys, of which some stores keep no list,
///   may be shown again. Once-keys of commits and those that have expired by the store's clock are left out, and so are
///   leases, rate limits and notes that have an end.
/// - **Empty** is a store of which every section reads empty.
/// - **Filling** is [`begin_filling`](Self::begin_filling), then [`fill`](Self::fill) with all records in the order
///   of [`Section::ALL`] and, within a section, in the order of reading, then [`finish_filling`](Self::finish_filling).
///   What is read out of the filled store is what was filled in. Events go on after [`Record::LastEvent`], documents
///   from their versions.
/// - **Unfinished is no shop.** From `begin_filling` to `finish_filling`, over restarts and for every process, the
///   store cannot be opened as a shop, and where it is open already, [`Store::load`] and everything that writes answer
///   [`StoreError::unfinished`]. [`Store::totals`] and [`read_out`](Self::read_out) do answer, so that what was
///   filled in can be compared.
/// - **Repeatable.** A filling that was interrupted, also by an error of any kind, is not resumed: it is begun again,
///   and begins with nothing. Whoever was filling before is refused from then on.
/// - **Durable.** After `finish_filling` what was filled in is as durable as what was committed.
#[async_trait]
pub trait Archive: Store {
    /// A page of a section. Stores clamp `limit` to 1 to [`PageRequest::MOST`]; the page is shorter only at the end,
    /// except in [`Section::Once`], where a page may have any length. A text that cannot be one of the section's own
    /// cursors gives an empty page.
    async fn read_out(&self, section: Section, page: &PageRequest) -> Result<Page<Record>, StoreError>;

    /// Marks an empty store, or one whose filling was not finished, as being filled by `id`, and removes whatever is
    /// left in it, leases, rate limits and notes included. The same `id` again begins again.
    ///
    /// # Errors
    /// [`ArchiveError::NotEmpty`] when it is neither.
    async fn begin_filling(&self, id: FillingId) -> Result<(), ArchiveError>;

    /// Writes `records`, at most [`PageRequest::MOST`] of them, as they are. A once-key may come again.
    ///
    /// # Errors
    /// [`ArchiveError::Superseded`] when the store is not being filled by `id`. After any other error the filling has
    /// to be begun again.
    async fn fill(&self, id: FillingId, records: &[Record]) -> Result<(), ArchiveError>;

    /// Makes the filled store a shop. After [`StoreError::Unavailable`] it may have become one.
    ///
    /// # Errors
    /// [`ArchiveError::Superseded`] when the store is not being filled by `id`.
    async fn finish_filling(&self, id: FillingId) -> Result<(), ArchiveError>;
}
