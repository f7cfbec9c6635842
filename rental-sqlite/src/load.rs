//! Reading single documents.

use rental_core::{
    Access, Account, ChainState, Currency, CustomerId, Documents, Invoice, InvoiceRef, NumberRecord, OnceKey,
    Payment, PhoneNumber, Shop, Timestamp, TxHash,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;

use crate::error::Fault;
use crate::payments;

/// The documents as a connection's present transaction sees them.
pub(crate) struct Shelves<'a>(pub(crate) &'a Connection);

impl Shelves<'_> {
    fn document<T: DeserializeOwned>(&self, sql: &str, key: impl Params) -> Result<Option<T>, Fault> {
        let document = self.0.prepare_cached(sql)?.query_row(key, document).optional()?;
        Ok(document)
    }
}

/// The document in the first column of `row`.
pub(crate) fn document<T: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    read_document(row, 0)
}

/// The document in one of the columns of `row`. The error says where it is broken, not what it holds.
pub(crate) fn read_document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        let place = format!("a document is broken at line {} column {}", error.line(), error.column());
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, place.into())
    })
}

/// A moment as it is stored.
pub(crate) fn moment(at: Timestamp) -> i64 {
    i64::try_from(at.unix()).unwrap_or(i64::MAX)
}

/// A number as it is stored: its digits.
pub(crate) fn digits(number: PhoneNumber) -> i64 {
    i64::try_from(number.as_u64()).expect("a number has at most eleven digits")
}

impl Documents for Shelves<'_> {
    type Error = Fault;

    fn number(&mut self, number: PhoneNumber) -> Result<Option<NumberRecord>, Fault> {
        self.document("SELECT doc FROM numbers WHERE number = ?1", [digits(number)])
    }

    fn invoice(&mut self, invoice: &InvoiceRef) -> Result<Option<Invoice>, Fault> {
        match invoice {
            InvoiceRef::Id(id) => self.document("SELECT doc FROM invoices WHERE id = ?1", [id.to_string()]),
            InvoiceRef::Payload(payload) => {
                self.document("SELECT doc FROM invoices WHERE payload = ?1", [payload.as_str()])
            }
        }
    }

    fn payment(&mut self, tx: TxHash) -> Result<Option<Payment>, Fault> {
        payments::load(self.0, tx)
    }

    fn account(&mut self, customer: &CustomerId) -> Result<Option<Account>, Fault> {
        self.document("SELECT doc FROM accounts WHERE id = ?1", [customer.to_string()])
    }

    fn shop(&mut self) -> Result<Option<Shop>, Fault> {
        self.document("SELECT doc FROM shop WHERE id = 1", [])
    }

    fn chain(&mut self, currency: Currency) -> Result<Option<ChainState>, Fault> {
        self.document("SELECT doc FROM chain WHERE currency = ?1", [currency.name()])
    }

    fn access(&mut self) -> Result<Option<Access>, Fault> {
        self.document("SELECT doc FROM access WHERE id = 1", [])
    }

    fn once(&mut self, key: &OnceKey, now: Timestamp) -> Result<Option<String>, Fault> {
        let sql = "SELECT value FROM once WHERE key = ?1 AND (keep_until IS NULL OR keep_until > ?2)";
        let value = self
            .0
            .prepare_cached(sql)?
            .query_row((key.to_string(), moment(now)), |row| row.get(0))
            .optional()?;
        Ok(value)
    }
}
