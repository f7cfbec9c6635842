//! Rate limits: requests counted in fixed windows, and paces.

use rental_core::{Allowance, PageRequest, Quota, Seconds, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;
use crate::leases::end;
use crate::listings::{collect, most};
use crate::load::moment;

/// Counts a request.
pub(crate) fn hit(db: &Connection, subject: &str, quota: Quota, now: Timestamp) -> Result<Allowance, Fault> {
    let limit = quota.limit.max(1);
    // A window that is over begins anew; a request that is refused is not counted. Of a window already full
    // nothing comes back.
    let sql = "INSERT INTO rates (subject, used, ends) VALUES (?1, 1, ?2)
               ON CONFLICT (subject) DO UPDATE SET
                   used = CASE WHEN ends <= ?3 THEN 1 ELSE used + 1 END,
                   ends = CASE WHEN ends <= ?3 THEN excluded.ends ELSE ends END
               WHERE ends <= ?3 OR used < ?4
               RETURNING used, ends";
    let ends = moment(end(now, quota.window));
    let counted = collect(db, sql, (subject, ends, moment(now), limit), window)?;
    let (allowed, (used, ends)) = if let Some(window) = counted.first() {
        (true, *window)
    } else {
        let sql = "SELECT used, ends FROM rates WHERE subject = ?1";
        (false, db.prepare_cached(sql)?.query_row([subject], window)?)
    };
    let reset_after = Timestamp::from_unix(ends).since(now).max(Seconds(1));
    Ok(Allowance { allowed, remaining: limit.saturating_sub(used), reset_after })
}

fn window(row: &rusqlite::Row<'_>) -> rusqlite::Result<(u32, u64)> {
    Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
}

/// Counts a request at a pace.
pub(crate) fn pace(db: &Connection, subject: &str, quota: Quota, now: Timestamp) -> Result<Allowance, Fault> {
    let sql = "SELECT tat FROM paces WHERE subject = ?1";
    let tat: Option<i64> = db.prepare_cached(sql)?.query_row([subject], |row| row.get(0)).optional()?;
    let (allowance, moved) = quota.admit(tat.unwrap_or_default().unsigned_abs(), now.unix_micros());
    if let Some(tat) = moved {
        let sql = "INSERT INTO paces (subject, tat) VALUES (?1, ?2)
                   ON CONFLICT (subject) DO UPDATE SET tat = excluded.tat";
        db.prepare_cached(sql)?.execute((subject, micros(tat)))?;
    }
    Ok(allowance)
}

/// Microseconds as they are stored.
fn micros(moment: u64) -> i64 {
    i64::try_from(moment).unwrap_or(i64::MAX)
}

/// Drops windows that are over and paces that have nothing to say any more, up to a page of each; answers how many.
pub(crate) fn forget(db: &Connection, now: Timestamp) -> Result<usize, Fault> {
    let sql = "DELETE FROM rates WHERE subject IN (SELECT subject FROM rates WHERE ends <= ?1 LIMIT ?2)";
    let windows = db.prepare_cached(sql)?.execute((moment(now), most(PageRequest::MOST)))?;
    let sql = "DELETE FROM paces WHERE subject IN (SELECT subject FROM paces WHERE tat <= ?1 LIMIT ?2)";
    let paces = db.prepare_cached(sql)?.execute((micros(now.unix_micros()), most(PageRequest::MOST)))?;
    Ok(windows + paces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_forgotten_once_they_have_run_out() {
        let db = crate::open::in_memory().expect("a store");
        let start = Timestamp::from_unix(1_767_225_600);
        for (subject, window) in [("short", 10), ("long", 11)] {
            let quota = Quota { limit: 1, window: Seconds(window) };
            hit(&db, subject, quota, start).expect("counts");
            pace(&db, subject, quota, start).expect("counts");
        }
        for (passed, forgotten) in [(9, 0), (10, 2), (10, 0), (11, 2), (12, 0)] {
            assert_eq!(forget(&db, start + Seconds(passed)).expect("forgets"), forgotten, "after {passed} s");
        }
    }
}
