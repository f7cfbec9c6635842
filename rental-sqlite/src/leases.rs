//! Leases. One is live while its end lies after now.

use rental_core::{LeaseName, LeaseToken, PageRequest, Seconds, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;
use crate::listings::most;
use crate::load::moment;

/// The end of what lasts `length`, at least one second.
pub(crate) fn end(now: Timestamp, length: Seconds) -> Timestamp {
    now + length.max(Seconds(1))
}

/// Takes a lease that nobody has.
pub(crate) fn acquire(
    db: &Connection,
    name: &LeaseName,
    token: &LeaseToken,
    ttl: Seconds,
    now: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    let until = end(now, ttl);
    let sql = "INSERT INTO leases (name, token, until) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET token = excluded.token, until = excluded.until WHERE until <= ?4";
    let rows =
        db.prepare_cached(sql)?.execute((name.to_string(), token.as_str(), moment(until), moment(now)))?;
    Ok((rows == 1).then_some(until))
}

/// Moves the end of a lease that `token` holds.
pub(crate) fn renew(
    db: &Connection,
    name: &LeaseName,
    token: &LeaseToken,
    ttl: Seconds,
    now: Timestamp,
) -> Result<bool, Fault> {
    let sql = "UPDATE leases SET until = ?4 WHERE name = ?1 AND token = ?2 AND until > ?3";
    let until = moment(end(now, ttl));
    let renewed = db.prepare_cached(sql)?.execute((name.to_string(), token.as_str(), moment(now), until))?;
    Ok(renewed == 1)
}

/// Ends a lease that `token` holds.
pub(crate) fn release(
    db: &Connection,
    name: &LeaseName,
    token: &LeaseToken,
    now: Timestamp,
) -> Result<bool, Fault> {
    let sql = "DELETE FROM leases WHERE name = ?1 AND token = ?2 AND until > ?3";
    let released = db.prepare_cached(sql)?.execute((name.to_string(), token.as_str(), moment(now)))?;
    Ok(released == 1)
}

/// The end of the live lease.
pub(crate) fn held_until(
    db: &Connection,
    name: &LeaseName,
    now: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    Ok(live(db, name, now)?.map(|(_, until)| until))
}

/// The end of the live lease, when `token` does not hold it.
pub(crate) fn foreign(
    db: &Connection,
    name: &LeaseName,
    token: Option<&LeaseToken>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    let live = live(db, name, now)?;
    Ok(live.filter(|(holder, _)| token != Some(holder)).map(|(_, until)| until))
}

fn live(db: &Connection, name: &LeaseName, now: Timestamp) -> Result<Option<(LeaseToken, Timestamp)>, Fault> {
    let found: Option<(String, i64)> = db
        .prepare_cached("SELECT token, until FROM leases WHERE name = ?1 AND until > ?2")?
        .query_row((name.to_string(), moment(now)), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(token, until)| {
        let until = Timestamp::from_unix(until.unsigned_abs());
        (LeaseToken::from_text(&token), until)
    }))
}

/// Drops leases that have run out, up to a page; answers how many.
pub(crate) fn forget(db: &Connection, now: Timestamp) -> Result<usize, Fault> {
    let sql = "DELETE FROM leases WHERE name IN (SELECT name FROM leases WHERE until <= ?1 LIMIT ?2)";
    Ok(db.prepare_cached(sql)?.execute((moment(now), most(PageRequest::MOST)))?)
}
