//! What is stored under a key: a few words that scripts read, then the document as JSON.

use std::fmt::Display;

use rental_core::{Account, Amount, Currency, Event, Invoice, NumberRecord, Payment, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A word that stands for nothing.
const NONE: &str = "-";

/// The document as JSON.
pub(crate) fn json(document: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(document)
        .map_err(|_| StoreError::Corrupt("a document cannot be written".to_owned()))
}

/// The document in `value`, after its words. The error says where it is broken, not what it holds.
pub(crate) fn document<T: DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    let start = value.iter().position(|byte| *byte == b'{').unwrap_or(0);
    let json = value.get(start..).unwrap_or_default();
    serde_json::from_slice(json).map_err(|error| {
        StoreError::Corrupt(format!(
            "a document is broken at line {} column {}",
            error.line(),
            error.column()
        ))
    })
}

fn word(value: Option<impl Display>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| value.to_string())
}

/// `{version} {state} {customer} {open invoice} {json}`
pub(crate) fn number(record: &NumberRecord) -> Result<String, StoreError> {
    let (version, state, customer) = (record.version, record.state().name(), customer_of(record));
    let (invoice, json) = (word(record.open_invoice()), json(record)?);
    Ok(format!("{version} {state} {customer} {invoice} {json}"))
}

/// `{version} {status} {number} {customer} {waiting transaction} {json}`
pub(crate) fn invoice(invoice: &Invoice) -> Result<String, StoreError> {
    let Invoice { version, status, number, customer, waiting, .. } = invoice;
    let (status, waiting, json) = (status.name(), word(*waiting), json(invoice)?);
    Ok(format!("{version} {status} {number} {customer} {waiting} {json}"))
}

/// `{version} {json}`
pub(crate) fn account(account: &Account) -> Result<String, StoreError> {
    Ok(format!("{} {}", account.version, json(account)?))
}

/// `{version} {outcome} {reason} {invoice} {json}`
pub(crate) fn payment(payment: &Payment) -> Result<String, StoreError> {
    let (outcome, reason) = (payment.outcome.name(), reason(payment));
    let (version, invoice, json) = (payment.version, word(payment.invoice), json(payment)?);
    Ok(format!("{version} {outcome} {reason} {invoice} {json}"))
}

/// An amount in two parts, each with the name of its unit in the sums: the server's integers cannot hold the sum of many
/// amounts in smallest units.
pub(crate) fn parts(amount: Amount) -> [(u64, &'static str); 2] {
    let per_whole = amount.currency().units_per_whole();
    let [whole, beyond] = units(amount.currency());
    [(amount.units() / per_whole, whole), (amount.units() % per_whole, beyond)]
}

/// The names of a currency's units in the sums: of whole coins, and of its smallest unit.
pub(crate) fn units(currency: Currency) -> [&'static str; 2] {
    match currency {
        Currency::Ton => ["ton", "nano"],
        Currency::Usdt => ["usdt", "micro"],
    }
}

/// Where a chain's position stands in the shop's hash: the field that is compared, and that of the document.
pub(crate) fn chain_fields(currency: Currency) -> [&'static str; 2] {
    match currency {
        Currency::Ton => ["position", "chain"],
        Currency::Usdt => ["position:usdt", "chain:usdt"],
    }
}

/// The reason of a payment as a word.
pub(crate) fn reason(payment: &Payment) -> &'static str {
    payment.outcome.reason().map_or(NONE, rental_core::ExceptionReason::name)
}

/// The invoice of a payment as a word.
pub(crate) fn invoice_of(payment: &Payment) -> String {
    word(payment.invoice)
}

/// The customer who has a number, as a word.
pub(crate) fn customer_of(record: &NumberRecord) -> String {
    word(record.customer())
}

/// `{time} {json}`
pub(crate) fn event(event: &Event) -> Result<String, StoreError> {
    Ok(format!("{} {}", event.at.unix(), json(event)?))
}
