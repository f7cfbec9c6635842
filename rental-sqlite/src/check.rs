//! Looking over the whole file, for operators.

use rental_core::{
    Access, Account, AuditEntry, ChainState, Event, HistoryEntry, Invoice, NumberRecord, Shop,
};
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use crate::error::Fault;
use crate::listings::collect;
use crate::load::read_document;
use crate::payments;

/// What is wrong with the file; empty when nothing is.
///
/// SQLite's quick check covers every page and every rule of the schema, also that documents and their keys agree.
/// The rest covers what refers to something else, and that everything can be read back.
pub(crate) fn check(db: &Connection) -> Result<Vec<String>, Fault> {
    let mut found = collect(db, "PRAGMA quick_check", [], |row| row.get::<_, String>(0))?;
    found.retain(|line| line != "ok");
    found.extend(collect(db, "PRAGMA foreign_key_check", [], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of {table} refers to a row of {parent} that does not exist"))
    })?);
    let sql = "SELECT tx FROM payments AS p JOIN invoices AS i ON i.id = p.invoice WHERE p.customer IS NOT i.customer";
    found.extend(collect(db, sql, [], |row| {
        Ok(format!("payment {} is listed for the wrong customer", row.get::<_, String>(0)?))
    })?);
    documents::<NumberRecord>(db, "numbers", "number", &mut found)?;
    documents::<Invoice>(db, "invoices", "id", &mut found)?;
    documents::<Account>(db, "accounts", "id", &mut found)?;
    documents::<Shop>(db, "shop", "id", &mut found)?;
    documents::<ChainState>(db, "chain", "currency", &mut found)?;
    documents::<Access>(db, "access", "id", &mut found)?;
    documents::<HistoryEntry>(db, "history", "id", &mut found)?;
    documents::<AuditEntry>(db, "audit", "id", &mut found)?;
    documents::<Event>(db, "outbox", "seq", &mut found)?;
    rows_of_payments(db, &mut found)?;
    Ok(found)
}

/// Reads every document of a table.
fn documents<T: DeserializeOwned>(
    db: &Connection,
    table: &str,
    key: &str,
    found: &mut Vec<String>,
) -> Result<(), Fault> {
    let mut statement = db.prepare(&format!("SELECT CAST({key} AS TEXT), doc FROM {table}"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(error) = read_document::<T>(row, 1) {
            let key: String = row.get(0)?;
            found.push(format!("{table} {key} cannot be read: {error}"));
        }
    }
    Ok(())
}

fn rows_of_payments(db: &Connection, found: &mut Vec<String>) -> Result<(), Fault> {
    let mut statement = db.prepare(&format!("SELECT {} FROM payments", payments::COLUMNS))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if payments::read(row).is_err() {
            let tx: String = row.get(0)?;
            found.push(format!("payments {tx} cannot be read"));
        }
    }
    Ok(())
}
