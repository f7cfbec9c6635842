//! Rate limits: requests counted in fixed windows.

use rental_core::{Allowance, PageRequest, Quota, Seconds, Timestamp};
use rusqlite::Connection;

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

/// Drops windows that are over, up to a page; answers how many.
pub(crate) fn forget(db: &Connection, now: Timestamp) -> Result<usize, Fault> {
    let sql = "DELETE FROM rates WHERE subject IN (SELECT subject FROM rates WHERE ends <= ?1 LIMIT ?2)";
    Ok(db.prepare_cached(sql)?.execute((moment(now), most(PageRequest::MOST)))?)
}
