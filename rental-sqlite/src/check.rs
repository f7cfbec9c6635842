//! Looking over the whole file, for operators.

use rusqlite::Connection;

use crate::error::Fault;
use crate::listings::collect;

/// What is wrong with the file, in SQLite's words; empty when nothing is.
///
/// The quick check covers every page and every rule of the schema, also that documents and their keys agree. The
/// other two cover what refers to something else.
pub(crate) fn check(db: &Connection) -> Result<Vec<String>, Fault> {
    let mut found = collect(db, "PRAGMA quick_check", [], |row| row.get::<_, String>(0))?;
    found.retain(|line| line != "ok");
    found.extend(collect(db, "PRAGMA foreign_key_check", [], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!(
            "a row of {table} refers to a row of {parent} that does not exist"
        ))
    })?);
    let sql = "SELECT tx FROM payments AS p JOIN invoices AS i ON i.id = p.invoice WHERE p.customer IS NOT i.customer";
    found.extend(collect(db, sql, [], |row| {
        Ok(format!(
            "payment {} is listed for the wrong customer",
            row.get::<_, String>(0)?
        ))
    })?);
    Ok(found)
}
