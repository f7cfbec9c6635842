//! Loading: one call of a script that follows the references.

use redis::{FromRedisValue, Value};
use rental_core::{
    Access, ChainState, Chains, Currency, InvoiceRef, Load, OnceKey, Shop, State, StoreError, Timestamp,
};
use serde::de::DeserializeOwned;

use crate::fault::corrupt;
use crate::keys::{self, Keys};
use crate::script::{Call, LOAD};
use crate::text::document;

/// The call that loads `load`; `ahead` is how many seconds the shop's clock is ahead of the server's.
pub(crate) fn call(keys: &Keys, load: &Load, ahead: u64) -> Call {
    let Load { number, invoice, payment, accounts, once, access } = load;
    let (id, payload) = match invoice {
        None => (String::new(), ""),
        Some(InvoiceRef::Id(id)) => (id.to_string(), ""),
        Some(InvoiceRef::Payload(payload)) => (String::new(), payload.as_str()),
    };
    let (once, commit) = match once {
        None => (String::new(), String::new()),
        Some(OnceKey::Commit(id)) => (format!("commits:{}", keys::day_of(*id)), id.0.to_string()),
        Some(other) => (other.to_string(), String::new()),
    };
    let mut call = Call::script(&LOAD, &[keys.shop()])
        .arg(keys.prefix())
        .arg(number.map(|number| number.to_string()).unwrap_or_default())
        .arg(id)
        .arg(payload)
        .arg(payment.map(|tx| tx.to_string()).unwrap_or_default())
        .arg(once)
        .arg(if *access { "1" } else { "" })
        .arg(commit)
        .arg(ahead);
    for customer in accounts {
        call = call.arg(customer.to_string());
    }
    call
}

/// The script's answer.
type Answer = (u64, Vec<Value>, Value, Value, Value, Vec<Value>, Vec<Value>);

/// What the script answered, as a state.
pub(crate) fn read(answer: Value, load: &Load) -> Result<State, StoreError> {
    let answer = Answer::from_redis_value(answer).map_err(|_| corrupt("an answer of the server"))?;
    let (seconds, head, once, payment, number, invoices, accounts) = answer;
    let mut head = head.into_iter();
    let shop: Option<Shop> = optional(head.next().unwrap_or(Value::Nil))?;
    let mut chains = Chains::default();
    for currency in Currency::ALL {
        let chain: Option<ChainState> = optional(head.next().unwrap_or(Value::Nil))?;
        match chain {
            Some(chain) if chain.currency != currency => return Err(corrupt("a chain position")),
            Some(chain) => chains.set(chain),
            None => {}
        }
    }
    let access: Option<Access> = optional(head.next().unwrap_or(Value::Nil))?;
    Ok(State {
        now: Timestamp::from_unix(seconds),
        shop,
        chains,
        access: load.access.then(|| access.unwrap_or_default()),
        number: optional(number)?,
        invoices: all(invoices)?,
        accounts: all(accounts)?,
        payment: optional(payment)?,
        once: text(once)?,
    })
}

/// The document in `value`, if there is one.
pub(crate) fn optional<T: DeserializeOwned>(value: Value) -> Result<Option<T>, StoreError> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => document(&bytes).map(Some),
        _ => Err(corrupt("a document")),
    }
}

/// The documents in `values`; those that do not exist are left out.
pub(crate) fn all<T: DeserializeOwned>(values: Vec<Value>) -> Result<Vec<T>, StoreError> {
    values.into_iter().filter_map(|value| optional(value).transpose()).collect()
}

fn text(value: Value) -> Result<Option<String>, StoreError> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| corrupt("a once-key")),
        _ => Err(corrupt("a once-key")),
    }
}
