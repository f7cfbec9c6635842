//! Events, and how far each consumer group has come with them.
//!
//! An event is done with for a group when it was given to it (`seq <= given`) and has no delivery any more.

use rental_core::{Disposition, FeedEntry, OutboxItem, Owner, Page, PageRequest, Seconds, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Fault;
use crate::listings::{collect, most, nothing, page, rows, sequence};
use crate::load::{moment, read_document};

fn entry(row: &Row<'_>) -> rusqlite::Result<FeedEntry> {
    let seq: i64 = row.get(0)?;
    Ok(FeedEntry { seq: seq.unsigned_abs(), event: read_document(row, 1)? })
}

/// Events that concern `owner`, after `after`.
pub(crate) fn feed(
    db: &Connection,
    owner: &Owner,
    after: u64,
    limit: usize,
) -> Result<Vec<FeedEntry>, Fault> {
    let (after, limit) = (sequence(after), most(limit));
    match owner {
        Owner::Anybody => {
            let sql = "SELECT seq, doc FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2";
            collect(db, sql, (after, limit), entry)
        }
        Owner::Integrator(integrator) => {
            let sql = "SELECT seq, doc FROM outbox INDEXED BY outbox_by_integrator
                       WHERE integrator = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2";
            collect(db, sql, (after, limit, integrator.as_str()), entry)
        }
        Owner::Customer(customer) => {
            let sql = "SELECT seq, doc FROM outbox INDEXED BY outbox_by_customer
                       WHERE customer = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2";
            collect(db, sql, (after, limit, customer.to_string()), entry)
        }
    }
}

/// Gives events to a consumer. Writes nothing when there is nothing to give.
pub(crate) fn claim(
    db: &Connection,
    group: &str,
    consumer: &str,
    limit: usize,
    hold: Seconds,
    now: Timestamp,
) -> Result<Vec<OutboxItem>, Fault> {
    db.prepare_cached("INSERT INTO groups (name, given) VALUES (?1, 0) ON CONFLICT DO NOTHING")?
        .execute([group])?;
    let again = "SELECT seq FROM deliveries INDEXED BY deliveries_alive
                 WHERE group_name = ?1 AND reason IS NULL AND until <= ?2 ORDER BY seq LIMIT ?3";
    let seq = |row: &Row<'_>| row.get::<_, i64>(0);
    let mut seqs = collect(db, again, (group, moment(now), most(limit)), seq)?;
    let fresh = "SELECT seq FROM outbox WHERE seq > (SELECT given FROM groups WHERE name = ?1)
                 ORDER BY seq LIMIT ?2";
    seqs.extend(collect(db, fresh, (group, most(limit - seqs.len())), seq)?);

    let until = moment(now + hold);
    seqs.into_iter().map(|seq| give(db, group, consumer, seq, until)).collect()
}

fn give(db: &Connection, group: &str, consumer: &str, seq: i64, until: i64) -> Result<OutboxItem, Fault> {
    let sql = "INSERT INTO deliveries (group_name, seq, attempt, consumer, until) VALUES (?1, ?2, 1, ?3, ?4)
               ON CONFLICT (group_name, seq) DO UPDATE SET
                   attempt = min(attempt + 1, 4294967295), consumer = excluded.consumer, until = excluded.until
               RETURNING attempt";
    let attempt = db.prepare_cached(sql)?.query_row((group, seq, consumer, until), |row| row.get(0))?;
    db.prepare_cached("UPDATE groups SET given = ?2 WHERE name = ?1 AND given < ?2")?
        .execute((group, seq))?;
    let entry = db.prepare_cached("SELECT seq, doc FROM outbox WHERE seq = ?1")?.query_row([seq], entry)?;
    Ok(OutboxItem { entry, attempt })
}

/// Takes down what became of a claimed event, when `consumer` still holds it.
pub(crate) fn dispose(
    db: &Connection,
    group: &str,
    consumer: &str,
    seq: u64,
    disposition: &Disposition,
    now: Timestamp,
) -> Result<bool, Fault> {
    let held = "group_name = ?1 AND seq = ?2 AND consumer = ?3 AND until > ?4";
    let (seq, now) = (sequence(seq), moment(now));
    let changed = match disposition {
        Disposition::Done => db
            .prepare_cached(&format!("DELETE FROM deliveries WHERE {held}"))?
            .execute((group, seq, consumer, now))?,
        Disposition::Retry(at) => db
            .prepare_cached(&format!("UPDATE deliveries SET consumer = NULL, until = ?5 WHERE {held}"))?
            .execute((group, seq, consumer, now, moment(*at)))?,
        Disposition::Dead(reason) => db
            .prepare_cached(&format!("UPDATE deliveries SET consumer = NULL, reason = ?5 WHERE {held}"))?
            .execute((group, seq, consumer, now, reason))?,
    };
    Ok(changed == 1)
}

/// Events that `group` gave up on.
pub(crate) fn dead_letters(
    db: &Connection,
    group: &str,
    request: &PageRequest,
) -> Result<Page<(FeedEntry, String)>, Fault> {
    let after = match request.after.as_ref().map_or(Ok(0), |text| text.parse()) {
        Ok(seq) => sequence(seq),
        Err(_) => return Ok(nothing()),
    };
    let sql = "SELECT d.seq, o.doc, d.reason FROM deliveries AS d INDEXED BY deliveries_dead JOIN outbox AS o USING (seq)
               WHERE d.group_name = ?1 AND d.reason IS NOT NULL AND d.seq > ?2 ORDER BY d.seq LIMIT ?3";
    let found = collect(db, sql, (group, after, rows(request)), |row| {
        let entry = entry(row)?;
        Ok((entry.seq.to_string(), (entry, row.get(2)?)))
    })?;
    Ok(page(request, found))
}

/// Drops events older than `before` that every group is done with, up to a page; answers how many. A dead letter
/// keeps its event.
pub(crate) fn forget(db: &Connection, before: Timestamp) -> Result<usize, Fault> {
    let given: Option<i64> = db
        .prepare_cached("SELECT min(given) FROM groups")?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten();
    let sql = "DELETE FROM outbox WHERE seq IN (
                   SELECT seq FROM outbox AS o INDEXED BY outbox_by_time
                   WHERE at < ?1 AND seq <= ?2 AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.seq = o.seq)
                   LIMIT ?3)";
    let params = params![moment(before), given.unwrap_or(i64::MAX), most(PageRequest::MOST)];
    Ok(db.prepare_cached(sql)?.execute(params)?)
}
