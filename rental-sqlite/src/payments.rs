//! Payments as rows of plain columns.

use rental_core::{Amount, Comment, ExceptionReason, Payment, Timestamp, TxHash};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Fault;
use crate::load::moment;

/// The columns that [`read`] takes, in its order.
pub(crate) const COLUMNS: &str = "tx, lt, amount, comment_kind, comment, sender, chain_time, booked_at, outcome, \
                                  reason, refund_tx, invoice, version, currency";

/// The payment with this hash.
pub(crate) fn load(db: &Connection, tx: TxHash) -> Result<Option<Payment>, Fault> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM payments WHERE tx = ?1"))?
        .query_row([tx.to_string()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// What the names of a tagged enum are in JSON, and so in a row.
#[derive(Serialize, Deserialize)]
struct CommentColumns {
    kind: String,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct OutcomeColumns {
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<ExceptionReason>,
    #[serde(default)]
    refund_tx: Option<TxHash>,
}

/// The payment in `row`. A row that was tampered with so that it is none answers `Corrupt`.
pub(crate) fn read(row: &Row<'_>) -> Result<Payment, Fault> {
    let key: String = row.get(0)?;
    let broken = || Fault::corrupt(&format!("payment {key} in the table payments"));
    let unsigned = |column: usize| -> Result<u64, Fault> {
        u64::try_from(row.get::<_, i64>(column)?).map_err(|_| broken())
    };
    let text = |column: usize| row.get::<_, Option<String>>(column);
    let hash = |text: String| -> Result<TxHash, Fault> {
        text.parse().ok().filter(|hash: &TxHash| hash.to_string() == text).ok_or_else(broken)
    };

    let comment = CommentColumns { kind: row.get(3)?, value: text(4)? };
    let outcome = OutcomeColumns {
        outcome: row.get(8)?,
        reason: text(9)?.map(|name| named(Value::String(name)).ok_or_else(broken)).transpose()?,
        refund_tx: text(10)?.map(hash).transpose()?,
    };
    let currency = named(Value::String(row.get(13)?)).ok_or_else(broken)?;
    let invoice = text(11)?.map(|id| id.parse().map_err(|_| broken())).transpose()?;
    Ok(Payment {
        // One hash has one spelling: another one would be another row for the same transaction.
        tx: hash(key.clone())?,
        lt: unsigned(1)?,
        amount: Amount::new(currency, unsigned(2)?).ok_or_else(broken)?,
        comment: serde_json::to_value(comment).ok().and_then(named).ok_or_else(broken)?,
        sender: row.get(5)?,
        chain_time: Timestamp::from_unix(unsigned(6)?),
        booked_at: Timestamp::from_unix(unsigned(7)?),
        outcome: serde_json::to_value(outcome).ok().and_then(named).ok_or_else(broken)?,
        invoice,
        version: unsigned(12)?,
    })
}

fn named<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

/// Writes `payment` over its row.
pub(crate) fn put(db: &Connection, payment: &Payment) -> Result<(), Fault> {
    let Payment { tx, lt, amount, comment, sender, chain_time, booked_at, outcome, invoice, version } =
        payment;
    let too_large = |_| Fault::corrupt("a payment");
    let (comment_kind, comment) = match comment {
        Comment::None => ("none", None),
        Comment::Text(text) => ("text", Some(text)),
        Comment::Encrypted => ("encrypted", None),
        Comment::Binary(hex) => ("binary", Some(hex)),
        Comment::Malformed => ("malformed", None),
    };
    let sql =
        "INSERT INTO payments (tx, lt, amount, comment_kind, comment, sender, chain_time, booked_at, outcome,
                                     reason, refund_tx, invoice, version, currency, customer)
               VALUES (:tx, :lt, :amount, :comment_kind, :comment, :sender, :chain_time, :booked_at, :outcome,
                       :reason, :refund_tx, :invoice, :version, :currency,
                       (SELECT customer FROM invoices WHERE id = :invoice))
               ON CONFLICT (tx) DO UPDATE SET
                   lt = excluded.lt, amount = excluded.amount, currency = excluded.currency, comment_kind = excluded.comment_kind,
                   comment = excluded.comment, sender = excluded.sender, chain_time = excluded.chain_time,
                   booked_at = excluded.booked_at, outcome = excluded.outcome, reason = excluded.reason,
                   refund_tx = excluded.refund_tx, invoice = excluded.invoice, version = excluded.version,
                   customer = excluded.customer";
    db.prepare_cached(sql)?.execute(named_params! {
        ":tx": tx.to_string(),
        ":lt": i64::try_from(*lt).map_err(too_large)?,
        ":amount": i64::try_from(amount.units()).map_err(too_large)?,
        ":currency": amount.currency().name(),
        ":comment_kind": comment_kind,
        ":comment": comment,
        ":sender": sender,
        ":chain_time": moment(*chain_time),
        ":booked_at": moment(*booked_at),
        ":outcome": outcome.name(),
        ":reason": outcome.reason().map(ExceptionReason::name),
        ":refund_tx": outcome.refund_tx().map(|tx| tx.to_string()),
        ":invoice": invoice.map(|id| id.to_string()),
        ":version": i64::try_from(*version).map_err(too_large)?,
    })?;
    Ok(())
}
