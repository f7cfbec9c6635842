//! A complete store in memory: the reference implementation.
//!
//! It says what the contracts of [`Store`], [`Archive`], [`Leases`], [`RateLimiter`] and [`Notes`](crate::Notes) mean in their shortest form:
//! ordered maps behind one lock. Tests of rules and frontends run on it, and other stores are compared with it. What it
//! holds is gone with the last handle.

mod books;
mod locks;
mod notes;
mod outbox;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use self::books::Books;
use self::locks::Locks;
use self::notes::Notes;
use self::outbox::Outbox;
use super::{
    Archive, ArchiveError, Changes, Commit, Disposition, Due, FeedEntry, FillingId, InvoiceQuery, Load,
    NumberQuery, OutboxItem, Owner, Page, PageRequest, PaymentQuery, Record, Section, State, Store,
    StoreError, Totals, collect,
};
use crate::{
    Account, Allowance, AuditEntry, Clock, HistoryEntry, Invoice, LeaseName, LeaseToken, Leases, Note,
    NoteKey, NumberRecord, Payment, PhoneNumber, Quota, RateCounters, RateLimiter, Seconds, Timestamp,
    Writing, Written,
};

/// A shop in memory. Clones are handles to the same shop, as several processes would have them.
///
/// ```
/// use std::sync::Arc;
/// use rental_core::{Changes, Commit, CommitId, Load, ManualClock, MemoryStore, NumberRecord, Store, Timestamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new(Arc::new(ManualClock::at(Timestamp::from_unix(1_000))));
/// let number = "+88801234567".parse()?;
/// let read = Load { number: Some(number), ..Load::default() };
///
/// let mut added = NumberRecord::new(number, vec!["30d=10".parse()?], Timestamp::from_unix(1_000));
/// added.version = 1;
/// let mut changes = Changes::none(CommitId(ulid::Ulid::from_parts(1, 1)), read.clone());
/// changes.number = Some(added.clone());
///
/// assert_eq!(store.commit(&changes).await?, Commit::Committed);
/// assert!(matches!(store.commit(&changes).await?, Commit::Duplicate(_)));
/// assert_eq!(store.clone().load(&read).await?.number, Some(added));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    shelves: Arc<Mutex<Shelves>>,
}

/// Everything that is stored.
#[derive(Default)]
struct Shelves {
    books: Books,
    outbox: Outbox,
    locks: Locks,
    rates: RateCounters,
    notes: Notes,
    /// Who is filling it; then it is no shop.
    filling: Option<FillingId>,
}

impl MemoryStore {
    /// An empty shop that runs on `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, shelves: Arc::default() }
    }

    /// Everything and the present moment; nobody else reads or writes until the guard is dropped.
    fn open(&self) -> (MutexGuard<'_, Shelves>, Timestamp) {
        let shelves = self.shelves.lock().expect("no operation panics while it holds the shelves");
        let now = self.clock.now();
        (shelves, now)
    }

    /// The same, of a shop.
    fn shop(&self) -> Result<(MutexGuard<'_, Shelves>, Timestamp), StoreError> {
        let (shelves, now) = self.open();
        if shelves.filling.is_some() { Err(StoreError::unfinished()) } else { Ok((shelves, now)) }
    }

    /// Everything, while `id` is filling it.
    fn filled_by(&self, id: FillingId) -> Result<MutexGuard<'_, Shelves>, ArchiveError> {
        let (shelves, _) = self.open();
        if shelves.filling == Some(id) { Ok(shelves) } else { Err(ArchiveError::Superseded) }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Shelves {
    fn load(&self, load: &Load, now: Timestamp) -> State {
        let Ok(state) = collect(&mut &self.books, load, now);
        state
    }

    /// Why `changes` cannot be written, in the order of the contract.
    fn refusal(&self, changes: &Changes, now: Timestamp) -> Option<Commit> {
        if let Some(taken) = self.books.taken_key(changes, now) {
            return Some(Commit::Duplicate(taken));
        }
        if let Some(record) = &changes.number
            && let Some(until) = self.locks.foreign(record.number, changes.lease.as_ref(), now)
        {
            return Some(Commit::Locked { until });
        }
        if !self.books.accepts(changes) {
            let current = Box::new(self.load(&changes.read, now));
            return Some(Commit::Conflict { current });
        }
        None
    }

    fn commit(&mut self, changes: &Changes, now: Timestamp) -> Commit {
        if let Some(refusal) = self.refusal(changes, now) {
            return refusal;
        }
        self.books.write(changes, now);
        self.outbox.append(&changes.events);
        Commit::Committed
    }

    fn read_out(&self, section: Section, request: &PageRequest, now: Timestamp) -> Page<Record> {
        match section {
            Section::Events | Section::LastEvent | Section::Groups | Section::Deliveries => {
                self.outbox.read_out(section, request)
            }
            Section::Notes => self.notes.list("", request).map(Record::Note),
            _ => self.books.read_out(section, request, now),
        }
    }

    fn is_empty(&self, now: Timestamp) -> bool {
        let first = PageRequest::first(1);
        Section::ALL.into_iter().all(|section| self.read_out(section, &first, now).items.is_empty())
    }

    fn fill(&mut self, record: Record) {
        match record {
            Record::Event(_) | Record::LastEvent { .. } | Record::Group { .. } | Record::Delivery(_) => {
                self.outbox.fill(record);
            }
            Record::Note(note) => self.notes.fill(note),
            _ => self.books.fill(record),
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, load: &Load) -> Result<State, StoreError> {
        let (shelves, now) = self.shop()?;
        Ok(shelves.load(load, now))
    }

    async fn commit(&self, changes: &Changes) -> Result<Commit, StoreError> {
        let (mut shelves, now) = self.shop()?;
        Ok(shelves.commit(changes, now))
    }

    async fn due(&self, after: Option<Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        let (shelves, now) = self.shop()?;
        Ok(shelves.books.due(after, limit, now))
    }

    async fn numbers(
        &self,
        query: &NumberQuery,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, StoreError> {
        Ok(self.shop()?.0.books.numbers(query, page))
    }

    async fn invoices(&self, query: &InvoiceQuery, page: &PageRequest) -> Result<Page<Invoice>, StoreError> {
        Ok(self.shop()?.0.books.invoices(query, page))
    }

    async fn payments(&self, query: &PaymentQuery, page: &PageRequest) -> Result<Page<Payment>, StoreError> {
        Ok(self.shop()?.0.books.payments(query, page))
    }

    async fn accounts(&self, page: &PageRequest) -> Result<Page<Account>, StoreError> {
        Ok(self.shop()?.0.books.accounts(page))
    }

    async fn history(
        &self,
        number: PhoneNumber,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        Ok(self.shop()?.0.books.history(number, page))
    }

    async fn audit(&self, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        Ok(self.shop()?.0.books.audit(page))
    }

    async fn feed(&self, owner: &Owner, after: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError> {
        Ok(self.shop()?.0.outbox.feed(owner, after, limit))
    }

    async fn claim(
        &self,
        group: &str,
        consumer: &str,
        limit: usize,
        hold: Seconds,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let (mut shelves, now) = self.shop()?;
        Ok(shelves.outbox.claim(group, consumer, limit, hold, now))
    }

    async fn dispose(
        &self,
        group: &str,
        consumer: &str,
        seq: u64,
        disposition: &Disposition,
    ) -> Result<bool, StoreError> {
        let (mut shelves, now) = self.shop()?;
        Ok(shelves.outbox.dispose(group, consumer, seq, disposition, now))
    }

    async fn dead_letters(
        &self,
        group: &str,
        page: &PageRequest,
    ) -> Result<Page<(FeedEntry, String)>, StoreError> {
        Ok(self.shop()?.0.outbox.dead_letters(group, page))
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.open().0.books.totals())
    }

    async fn forget(&self, events_before: Timestamp) -> Result<u64, StoreError> {
        let (mut shelves, now) = self.shop()?;
        let forgotten = shelves.books.forget(now)
            + shelves.locks.forget(now)
            + shelves.rates.forget(now, PageRequest::MOST)
            + shelves.notes.forget(now)
            + shelves.outbox.forget(events_before);
        Ok(forgotten as u64)
    }
}

#[async_trait]
impl Archive for MemoryStore {
    async fn read_out(&self, section: Section, page: &PageRequest) -> Result<Page<Record>, StoreError> {
        let (shelves, now) = self.open();
        Ok(shelves.read_out(section, page, now))
    }

    async fn begin_filling(&self, id: FillingId) -> Result<(), ArchiveError> {
        let (mut shelves, now) = self.open();
        if shelves.filling.is_none() && !shelves.is_empty(now) {
            return Err(ArchiveError::NotEmpty);
        }
        *shelves = Shelves { filling: Some(id), ..Shelves::default() };
        Ok(())
    }

    async fn fill(&self, id: FillingId, records: &[Record]) -> Result<(), ArchiveError> {
        let mut shelves = self.filled_by(id)?;
        for record in records {
            shelves.fill(record.clone());
        }
        Ok(())
    }

    async fn finish_filling(&self, id: FillingId) -> Result<(), ArchiveError> {
        self.filled_by(id)?.filling = None;
        Ok(())
    }
}

#[async_trait]
impl Leases for MemoryStore {
    async fn acquire(
        &self,
        name: &LeaseName,
        token: &LeaseToken,
        ttl: Seconds,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (mut shelves, now) = self.open();
        Ok(shelves.locks.acquire(name, token, ttl, now))
    }

    async fn renew(&self, name: &LeaseName, token: &LeaseToken, ttl: Seconds) -> Result<bool, StoreError> {
        let (mut shelves, now) = self.open();
        Ok(shelves.locks.renew(name, token, ttl, now))
    }

    async fn release(&self, name: &LeaseName, token: &LeaseToken) -> Result<bool, StoreError> {
        let (mut shelves, now) = self.open();
        Ok(shelves.locks.release(name, token, now))
    }

    async fn held_until(&self, name: &LeaseName) -> Result<Option<Timestamp>, StoreError> {
        let (shelves, now) = self.open();
        Ok(shelves.locks.held_until(name, now))
    }
}

#[async_trait]
impl RateLimiter for MemoryStore {
    async fn hit(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        let (mut shelves, now) = self.open();
        Ok(shelves.rates.hit(subject, quota, now))
    }

    async fn pace(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        let (mut shelves, now) = self.open();
        Ok(shelves.rates.pace(subject, quota, now))
    }
}

#[async_trait]
impl crate::Notes for MemoryStore {
    async fn notes_at(&self, keys: &[NoteKey]) -> Result<Vec<Option<Note>>, StoreError> {
        let (shelves, now) = self.open();
        Ok(keys.iter().map(|key| shelves.notes.get(key, now)).collect())
    }

    async fn put_note(&self, key: &NoteKey, text: &str, how: Writing) -> Result<Written, StoreError> {
        let (mut shelves, now) = self.shop()?;
        Ok(shelves.notes.put(key, text, how, now))
    }

    async fn remove_note(&self, key: &NoteKey) -> Result<bool, StoreError> {
        let (mut shelves, now) = self.shop()?;
        Ok(shelves.notes.remove(key, now))
    }

    async fn notes(&self, prefix: &str, page: &PageRequest) -> Result<Page<Note>, StoreError> {
        Ok(self.open().0.notes.list(prefix, page))
    }
}

/// Up to `page.limit` of `entries`, each with its place in the listing, and where to go on.
fn page<K: fmt::Display, T>(page: &PageRequest, entries: impl Iterator<Item = (K, T)>) -> Page<T> {
    let limit = page.limit.clamp(1, PageRequest::MOST);
    let mut entries = entries.peekable();
    let mut items = Vec::new();
    let mut last = None;
    while items.len() < limit
        && let Some((place, item)) = entries.next()
    {
        items.push(item);
        last = Some(place);
    }
    let more = entries.peek().is_some();
    let next = last.filter(|_| more).map(|place| place.to_string());
    Page { items, next }
}

/// What a cursor that no page gave out leads to.
fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
}
