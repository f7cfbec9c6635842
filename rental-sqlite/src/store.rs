//! The handle that programs hold: what goes to the writer, and what to the readers.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rental_core::{
    Account, Allowance, Archive, ArchiveError, AuditEntry, Changes, Clock, Commit, Disposition, Due,
    FeedEntry, FillingId, HistoryEntry, Invoice, InvoiceQuery, LeaseName, LeaseToken, Leases, Load, Note,
    NoteKey, Notes, NumberQuery, NumberRecord, OutboxItem, Owner, Page, PageRequest, Payment, PaymentQuery,
    PhoneNumber, Quota, RateLimiter, Record, Seconds, Section, State, Store, StoreError, Timestamp, Totals,
    Writing, Written, collect,
};
use rusqlite::Connection;

use crate::commit::Parcel;
use crate::desk::Desk;
use crate::error::Fault;
use crate::load::{Shelves, moment};
use crate::open::{self, OpenError, Purpose};
use crate::readers::Readers;
use crate::writer::{Activity, Counters, Writer};
use crate::{archive, check, leases, limiter, listings, notes, outbox, totals};

/// A shop in one SQLite file. Clones are handles to the same connections; when the last one is dropped, what was
/// handed in is finished and the file is closed.
///
/// ```
/// use std::sync::Arc;
/// use rental_core::{Load, Store, SystemClock};
/// use rental_sqlite::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let store = SqliteStore::open(folder.path().join("rental.db"), Arc::new(SystemClock))?;
/// assert_eq!(store.load(&Load::default()).await?.shop, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

struct Shared {
    /// A store in memory has one connection only, so it reads at the writer's desk too.
    readers: Option<Readers>,
    writer: Desk,
    counters: Arc<Counters>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("activity", &self.activity()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store in the file `path`, making the file when there is none. Any number of processes of one host
    /// may have it open.
    ///
    /// # Errors
    /// [`OpenError`] when the file is not ours, not of a version we know, or not to be read and written; it has not
    /// been touched then.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_for(Purpose::Shop, path.as_ref(), clock)
    }

    /// Opens the store in the file `path` to fill it with another store's shop, making the file when there is none.
    /// What [`open`](Self::open) opens is opened, and what an earlier filling left unfinished; what is in it is for
    /// [`Archive::begin_filling`] to judge.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_to_fill(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_for(Purpose::Filling, path.as_ref(), clock)
    }

    fn open_for(purpose: Purpose, path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let opened = open::open(path, purpose)?;
        let counters = Arc::<Counters>::default();
        let failed =
            |error: std::io::Error| OpenError::Failed { path: path.to_owned(), why: error.to_string() };
        let readers = Readers::start(opened.at_hand, opened.readers, Arc::clone(&clock)).map_err(failed)?;
        let writer =
            Writer { db: opened.writer, turns: Some(opened.turns), clock, counters: Arc::clone(&counters) };
        let writer = writer.start().map_err(failed)?;
        Ok(Self(Arc::new(Shared { readers: Some(readers), writer, counters })))
    }

    /// A store that is gone with its last handle, for trying things out and for tests.
    ///
    /// # Errors
    /// [`OpenError::Failed`] when the system has no memory or no thread left.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let counters = Arc::<Counters>::default();
        let writer = Writer { db: open::in_memory()?, turns: None, clock, counters: Arc::clone(&counters) };
        let writer = writer
            .start()
            .map_err(|error| OpenError::Failed { path: ":memory:".into(), why: error.to_string() })?;
        Ok(Self(Arc::new(Shared { readers: None, writer, counters })))
    }

    /// What the writer of this process has done so far.
    pub fn activity(&self) -> Activity {
        self.0.counters.read()
    }

    /// Looks over the whole file; answers what is wrong with it, nothing when it is whole. Reads every page.
    ///
    /// # Errors
    /// [`StoreError`] when the file is too damaged to be looked over.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.read_any(|db, _| check::check(db)).await
    }

    /// Finishes what was handed in, through whichever handle, and closes the file. Later calls answer
    /// [`StoreError::Unavailable`]. Blocks for as long as that takes; dropping the last handle does the same.
    pub fn close(&self) {
        if let Some(readers) = &self.0.readers {
            readers.close();
        }
        self.0.writer.close();
    }

    /// Reads single documents of a shop, on the spot.
    async fn glance<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.glance_any(of_a_shop(work)).await
    }

    /// Reads a shop.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.read_any(of_a_shop(work)).await
    }

    /// Writes to a shop.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.write_any(of_a_shop(work)).await
    }

    /// Reads single documents on the spot, also of what is being filled.
    async fn glance_any<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        // Whoever does nothing but read lets others have their turn.
        tokio::task::coop::consume_budget().await;
        match self.0.readers.as_ref().and_then(|readers| readers.glance(&work)) {
            Some(Ok(found)) => Ok(found),
            // A thread has the patience to wait for a lock, and says what is wrong.
            _ => self.read_any(work).await,
        }
    }

    /// Reads, also what is being filled.
    async fn read_any<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let desk = self.0.readers.as_ref().map_or(&self.0.writer, Readers::desk);
        Ok(desk.ask(work).await?)
    }

    /// Writes, also to what is being filled.
    async fn write_any<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        Ok(self.0.writer.ask(work).await?)
    }
}

/// `work`, unless the store is being filled.
fn of_a_shop<T, F>(work: F) -> impl Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static
where
    F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
{
    move |db, now| {
        if archive::is_being_filled(db)? { Err(Fault(StoreError::unfinished())) } else { work(db, now) }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, load: &Load) -> Result<State, StoreError> {
        let load = load.clone();
        self.glance(move |db, now| collect(&mut Shelves(db), &load, now)).await
    }

    async fn commit(&self, changes: &Changes) -> Result<Commit, StoreError> {
        let parcel = Parcel::pack(changes)?;
        self.write(move |db, now| parcel.apply(db, now)).await
    }

    async fn due(&self, after: Option<Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.read(move |db, now| listings::due(db, after, limit, now)).await
    }

    async fn numbers(
        &self,
        query: &NumberQuery,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, StoreError> {
        let (query, page) = (query.clone(), page.clone());
        self.read(move |db, _| listings::numbers(db, &query, &page)).await
    }

    async fn invoices(&self, query: &InvoiceQuery, page: &PageRequest) -> Result<Page<Invoice>, StoreError> {
        let (query, page) = (query.clone(), page.clone());
        self.read(move |db, _| listings::invoices(db, &query, &page)).await
    }

    async fn payments(&self, query: &PaymentQuery, page: &PageRequest) -> Result<Page<Payment>, StoreError> {
        let (query, page) = (query.clone(), page.clone());
        self.read(move |db, _| listings::payments(db, &query, &page)).await
    }

    async fn accounts(&self, page: &PageRequest) -> Result<Page<Account>, StoreError> {
        let page = page.clone();
        self.read(move |db, _| listings::accounts(db, &page)).await
    }

    async fn history(
        &self,
        number: PhoneNumber,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let page = page.clone();
        self.read(move |db, _| listings::history(db, number, &page)).await
    }

    async fn audit(&self, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let page = page.clone();
        self.read(move |db, _| listings::audit(db, &page)).await
    }

    async fn feed(&self, owner: &Owner, after: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError> {
        let owner = owner.clone();
        self.read(move |db, _| outbox::feed(db, &owner, after, limit)).await
    }

    async fn claim(
        &self,
        group: &str,
        consumer: &str,
        limit: usize,
        hold: Seconds,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let (group, consumer) = (group.to_owned(), consumer.to_owned());
        self.write(move |db, now| outbox::claim(db, &group, &consumer, limit, hold, now)).await
    }

    async fn dispose(
        &self,
        group: &str,
        consumer: &str,
        seq: u64,
        disposition: &Disposition,
    ) -> Result<bool, StoreError> {
        let (group, consumer, disposition) = (group.to_owned(), consumer.to_owned(), disposition.clone());
        self.write(move |db, now| outbox::dispose(db, &group, &consumer, seq, &disposition, now)).await
    }

    async fn dead_letters(
        &self,
        group: &str,
        page: &PageRequest,
    ) -> Result<Page<(FeedEntry, String)>, StoreError> {
        let (group, page) = (group.to_owned(), page.clone());
        self.read(move |db, _| outbox::dead_letters(db, &group, &page)).await
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        self.read_any(|db, _| totals::totals(db)).await
    }

    async fn forget(&self, events_before: Timestamp) -> Result<u64, StoreError> {
        self.write(move |db, now| {
            let forgotten = forget_once(db, now)?
                + leases::forget(db, now)?
                + limiter::forget(db, now)?
                + notes::forget(db, now)?
                + outbox::forget(db, events_before)?;
            Ok(forgotten as u64)
        })
        .await
    }
}

#[async_trait]
impl Archive for SqliteStore {
    async fn read_out(&self, section: Section, page: &PageRequest) -> Result<Page<Record>, StoreError> {
        let page = page.clone();
        self.read_any(move |db, now| archive::read_out(db, section, &page, now)).await
    }

    async fn begin_filling(&self, id: FillingId) -> Result<(), ArchiveError> {
        accepted(self.write_any(move |db, now| archive::begin(db, id, now)).await?)
    }

    async fn fill(&self, id: FillingId, records: &[Record]) -> Result<(), ArchiveError> {
        let records = records.to_vec();
        accepted(self.write_any(move |db, _| archive::fill(db, id, &records)).await?)
    }

    async fn finish_filling(&self, id: FillingId) -> Result<(), ArchiveError> {
        accepted(self.write_any(move |db, _| archive::finish(db, id)).await?)
    }
}

fn accepted(refusal: Option<ArchiveError>) -> Result<(), ArchiveError> {
    refusal.map_or(Ok(()), Err)
}

#[async_trait]
impl Leases for SqliteStore {
    async fn acquire(
        &self,
        name: &LeaseName,
        token: &LeaseToken,
        ttl: Seconds,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (name, token) = (name.clone(), token.clone());
        self.write(move |db, now| leases::acquire(db, &name, &token, ttl, now)).await
    }

    async fn renew(&self, name: &LeaseName, token: &LeaseToken, ttl: Seconds) -> Result<bool, StoreError> {
        let (name, token) = (name.clone(), token.clone());
        self.write(move |db, now| leases::renew(db, &name, &token, ttl, now)).await
    }

    async fn release(&self, name: &LeaseName, token: &LeaseToken) -> Result<bool, StoreError> {
        let (name, token) = (name.clone(), token.clone());
        self.write(move |db, now| leases::release(db, &name, &token, now)).await
    }

    async fn held_until(&self, name: &LeaseName) -> Result<Option<Timestamp>, StoreError> {
        let name = name.clone();
        self.glance(move |db, now| leases::held_until(db, &name, now)).await
    }
}

#[async_trait]
impl RateLimiter for SqliteStore {
    async fn hit(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        let subject = subject.to_owned();
        self.write(move |db, now| limiter::hit(db, &subject, quota, now)).await
    }

    async fn pace(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        let subject = subject.to_owned();
        self.write(move |db, now| limiter::pace(db, &subject, quota, now)).await
    }
}

#[async_trait]
impl Notes for SqliteStore {
    async fn notes_at(&self, keys: &[NoteKey]) -> Result<Vec<Option<Note>>, StoreError> {
        let keys = keys.to_vec();
        self.glance_any(move |db, now| keys.iter().map(|key| notes::get(db, key, now)).collect()).await
    }

    async fn put_note(&self, key: &NoteKey, text: &str, how: Writing) -> Result<Written, StoreError> {
        let (key, text) = (key.clone(), text.to_owned());
        let work = of_a_shop(move |db, now| notes::put(db, &key, &text, how, now));
        let written = match how.keep {
            None => self.0.writer.ask(work).await,
            Some(_) => self.0.writer.ask_lightly(work).await,
        };
        Ok(written?)
    }

    async fn remove_note(&self, key: &NoteKey) -> Result<bool, StoreError> {
        let key = key.clone();
        self.write(move |db, now| notes::remove(db, &key, now)).await
    }

    async fn notes(&self, prefix: &str, page: &PageRequest) -> Result<Page<Note>, StoreError> {
        let (prefix, page) = (prefix.to_owned(), page.clone());
        self.read_any(move |db, _| notes::list(db, &prefix, &page)).await
    }
}

/// Drops once-keys that have expired, up to a page; answers how many.
pub(crate) fn forget_once(db: &Connection, now: Timestamp) -> Result<usize, Fault> {
    let sql = "DELETE FROM once WHERE key IN (SELECT key FROM once WHERE keep_until <= ?1 LIMIT ?2)";
    let params = (moment(now), listings::most(PageRequest::MOST));
    Ok(db.prepare_cached(sql)?.execute(params)?)
}
