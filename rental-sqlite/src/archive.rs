//! Reading the whole shop out, and filling an empty file with another store's shop.
//!
//! A file that is being filled has another application id, so that no program, of whatever version, takes it for a
//! shop; the id comes back with the transaction that finishes the filling. Meanwhile the table `filling` holds the id
//! of the filling, so that of two copies into one file the later one goes on and the earlier one is told.

use rental_core::{
    ArchiveError, Currency, DeliveryRecord, DeliveryStage, Documents, FeedEntry, FillingId, InvoiceQuery,
    NumberQuery, Once, Owner, Page, PageRequest, PaymentQuery, Record, Section, Timestamp,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;

use crate::commit::{AUDIT, Document, HISTORY, append, claim, put_chain, text};
use crate::error::Fault;
use crate::listings::{self, collect, length, lines, nothing, page, rows, sequence};
use crate::load::{Shelves, moment};
use crate::schema::{APPLICATION_ID, FILLING_ID};
use crate::{notes, outbox, payments};

/// A page of a section.
pub(crate) fn read_out(
    db: &Connection,
    section: Section,
    request: &PageRequest,
    now: Timestamp,
) -> Result<Page<Record>, Fault> {
    let everything = (NumberQuery::default(), InvoiceQuery::default(), PaymentQuery::default());
    let (numbers, invoices, payments) = &everything;
    Ok(match section {
        Section::Shop => only(request, Shelves(db).shop()?.map(Record::Shop)),
        Section::Access => only(request, Shelves(db).access()?.map(Record::Access)),
        Section::Chain => chains(db, request)?,
        Section::Accounts => listings::accounts(db, request)?.map(Record::Account),
        Section::Numbers => listings::numbers(db, numbers, request)?.map(Record::Number),
        Section::Invoices => listings::invoices(db, invoices, request)?.map(Record::Invoice),
        Section::Payments => listings::payments(db, payments, request)?.map(Record::Payment),
        Section::Once => once(db, request, now)?,
        Section::History => {
            let sql = "SELECT id, doc FROM history WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, request)?.map(Record::History)
        }
        Section::Audit => {
            let sql = "SELECT id, doc FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, request)?.map(Record::Audit)
        }
        Section::Events => events(db, request)?,
        Section::LastEvent => only(request, last_event(db)?),
        Section::Groups => groups(db, request)?,
        Section::Deliveries => deliveries(db, request)?,
        Section::Notes => notes::list(db, "", request)?.map(Record::Note),
    })
}

/// The page of a section that has one record at most.
fn only(request: &PageRequest, record: Option<Record>) -> Page<Record> {
    let items = record.filter(|_| request.after.is_none()).into_iter().collect();
    Page { items, next: None }
}

/// A page of the positions in all chains.
fn chains(db: &Connection, request: &PageRequest) -> Result<Page<Record>, Fault> {
    // A cursor is the name of a currency.
    let given = |after: &String| 1 + Currency::ALL.iter().take_while(|given| given.name() != after).count();
    let mut found = Vec::new();
    for currency in Currency::ALL.into_iter().skip(request.after.as_ref().map_or(0, given)) {
        let chain = Shelves(db).chain(currency)?;
        found.extend(chain.map(|chain| (currency.name().to_owned(), Record::Chain(chain))));
    }
    Ok(page(request, found))
}

/// A page of a list, oldest first.
fn list<T: DeserializeOwned>(db: &Connection, sql: &str, request: &PageRequest) -> Result<Page<T>, Fault> {
    lines(request, 0, |after| collect(db, sql, (after, rows(request)), listings::line))
}

fn once(db: &Connection, request: &PageRequest, now: Timestamp) -> Result<Page<Record>, Fault> {
    let after = request.after.as_deref().unwrap_or_default();
    let sql = "SELECT key, value, keep_until FROM once
               WHERE key > ?1 AND substr(key, 1, 7) <> 'commit:' AND (keep_until IS NULL OR keep_until > ?2)
               ORDER BY key LIMIT ?3";
    let found = collect(db, sql, (after, moment(now), rows(request)), |row| {
        let (key, end): (String, Option<i64>) = (row.get(0)?, row.get(2)?);
        let once = Once {
            key: key.parse().map_err(|error| unreadable(0, error))?,
            value: row.get(1)?,
            keep_until: end.map(|end| Timestamp::from_unix(end.unsigned_abs())),
        };
        Ok((key, Record::Once(once)))
    })?;
    Ok(page(request, found))
}

fn events(db: &Connection, request: &PageRequest) -> Result<Page<Record>, Fault> {
    let Ok(after) = request.after.as_deref().map_or(Ok(0), str::parse) else {
        return Ok(nothing());
    };
    let found = outbox::feed(db, &Owner::Anybody, after, length(request) + 1)?;
    let placed = found.into_iter().map(|entry| (entry.seq.to_string(), Record::Event(entry)));
    Ok(page(request, placed.collect()))
}

fn last_event(db: &Connection) -> Result<Option<Record>, Fault> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'";
    let last: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(last.map(i64::unsigned_abs).filter(|seq| *seq > 0).map(|seq| Record::LastEvent { seq }))
}

fn groups(db: &Connection, request: &PageRequest) -> Result<Page<Record>, Fault> {
    let sql = "SELECT name, given FROM groups WHERE ?1 IS NULL OR name > ?1 ORDER BY name LIMIT ?2";
    let found = collect(db, sql, (request.after.as_deref(), rows(request)), |row| {
        let (name, given): (String, i64) = (row.get(0)?, row.get(1)?);
        Ok((name.clone(), Record::Group { name, given: given.unsigned_abs() }))
    })?;
    Ok(page(request, found))
}

fn deliveries(db: &Connection, request: &PageRequest) -> Result<Page<Record>, Fault> {
    let place = |text: &str| {
        let (seq, group) = text.split_once(':')?;
        Some((group.to_owned(), sequence(seq.parse().ok()?)))
    };
    let start = request.after.as_deref().map_or_else(|| Some((String::new(), 0)), place);
    let Some((group, seq)) = start else {
        return Ok(nothing());
    };
    let sql = "SELECT group_name, seq, attempt, until, reason FROM deliveries
               WHERE (group_name, seq) > (?1, ?2) ORDER BY group_name, seq LIMIT ?3";
    let found = collect(db, sql, (group, seq, rows(request)), |row| {
        let record = delivery(row)?;
        Ok((format!("{}:{}", record.seq, record.group), Record::Delivery(record)))
    })?;
    Ok(page(request, found))
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let stage = match row.get(4)? {
        Some(reason) => DeliveryStage::Dead { reason },
        None => DeliveryStage::Resting { until: Timestamp::from_unix(row.get::<_, i64>(3)?.unsigned_abs()) },
    };
    let seq: i64 = row.get(1)?;
    Ok(DeliveryRecord { group: row.get(0)?, seq: seq.unsigned_abs(), attempt: row.get(2)?, stage })
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

/// Whether a filling was begun and not finished.
pub(crate) fn is_being_filled(db: &Connection) -> rusqlite::Result<bool> {
    let id: u32 = db.prepare_cached("PRAGMA application_id")?.query_row([], |row| row.get(0))?;
    Ok(id == FILLING_ID)
}

/// Marks the store and removes whatever is left in it; answers why not.
pub(crate) fn begin(db: &Connection, id: FillingId, now: Timestamp) -> Result<Option<ArchiveError>, Fault> {
    if !is_being_filled(db)? && !is_empty(db, now)? {
        return Ok(Some(ArchiveError::NotEmpty));
    }
    wipe(db)?;
    db.pragma_update(None, "application_id", FILLING_ID)?;
    db.execute("CREATE TABLE IF NOT EXISTS filling (id TEXT NOT NULL) STRICT", [])?;
    db.execute("INSERT INTO filling (id) VALUES (?1)", [id.0.to_string()])?;
    Ok(None)
}

fn is_empty(db: &Connection, now: Timestamp) -> Result<bool, Fault> {
    for section in Section::ALL {
        if !read_out(db, section, &PageRequest::first(1), now)?.items.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Empties every table. The triggers that keep lists append-only are put back afterwards.
fn wipe(db: &Connection) -> Result<(), Fault> {
    db.pragma_update(None, "defer_foreign_keys", true)?;
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";
    let triggers = collect(db, sql, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for (name, _) in &triggers {
        db.execute(&format!("DROP TRIGGER {name}"), [])?;
    }
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'";
    let tables = collect(db, sql, [], |row| row.get::<_, String>(0))?;
    for table in tables.iter().map(String::as_str).chain(["sqlite_sequence"]) {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    for (_, sql) in &triggers {
        db.execute(sql, [])?;
    }
    Ok(())
}

/// Writes `records` as they are, when the store is being filled by `id`; answers why not.
pub(crate) fn fill(
    db: &Connection,
    id: FillingId,
    records: &[Record],
) -> Result<Option<ArchiveError>, Fault> {
    if !is_filled_by(db, id)? {
        return Ok(Some(ArchiveError::Superseded));
    }
    records.iter().try_for_each(|record| put(db, record))?;
    Ok(None)
}

/// Makes the store a shop, when it is being filled by `id`; answers why not.
pub(crate) fn finish(db: &Connection, id: FillingId) -> Result<Option<ArchiveError>, Fault> {
    if !is_filled_by(db, id)? {
        return Ok(Some(ArchiveError::Superseded));
    }
    db.execute("DROP TABLE filling", [])?;
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(None)
}

fn is_filled_by(db: &Connection, id: FillingId) -> Result<bool, Fault> {
    if !is_being_filled(db)? {
        return Ok(false);
    }
    let holder: String = db.prepare_cached("SELECT id FROM filling")?.query_row([], |row| row.get(0))?;
    Ok(holder == id.0.to_string())
}

fn put(db: &Connection, record: &Record) -> Result<(), Fault> {
    match record {
        Record::Shop(new) => Document::of_shop(new)?.put(db),
        Record::Access(new) => Document::of_access(new)?.put(db),
        Record::Chain(new) => put_chain(db, new.currency, &text(new)?),
        Record::Account(new) => Document::of_account(new)?.put(db),
        Record::Number(new) => Document::of_number(new)?.put(db),
        Record::Invoice(new) => Document::of_invoice(new)?.put(db),
        Record::Payment(new) => payments::put(db, new),
        Record::Once(Once { key, value, keep_until }) => claim(db, key, value, *keep_until),
        Record::History(line) => append(db, HISTORY, &[text(line)?]),
        Record::Audit(line) => append(db, AUDIT, &[text(line)?]),
        Record::Event(FeedEntry { seq, event }) => {
            let sql = "INSERT INTO outbox (seq, doc) VALUES (?1, ?2)";
            db.prepare_cached(sql)?.execute((sequence(*seq), text(event)?))?;
            Ok(())
        }
        Record::LastEvent { seq } => {
            db.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox'", [])?;
            let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?1)";
            db.execute(sql, [sequence(*seq)])?;
            Ok(())
        }
        Record::Group { name, given } => {
            let sql = "INSERT INTO groups (name, given) VALUES (?1, ?2)";
            db.prepare_cached(sql)?.execute((name, sequence(*given)))?;
            Ok(())
        }
        Record::Delivery(DeliveryRecord { group, seq, attempt, stage }) => {
            let (until, reason) = match stage {
                DeliveryStage::Resting { until } => (*until, None),
                DeliveryStage::Dead { reason } => (Timestamp::EPOCH, Some(reason)),
            };
            let sql = "INSERT INTO deliveries (group_name, seq, attempt, until, reason)
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            db.prepare_cached(sql)?.execute((group, sequence(*seq), attempt, moment(until), reason))?;
            Ok(())
        }
        Record::Note(note) => notes::write(db, note, None),
    }
}
