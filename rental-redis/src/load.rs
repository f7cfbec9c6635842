//! Loading: one call of a script that follows the references.

use std::collections::BTreeSet;

use redis::{FromRedisValue, Value};
use rental_core::{
    Access, ChainState, Chains, Currency, InvoiceRef, Load, OnceKey, Shop, State, StoreError, Timestamp,
};
use serde::de::DeserializeOwned;

use crate::fault::corrupt;
use crate::keys::Keys;
use crate::script::{Call, LOAD};
use crate::text::document;

/// The call that loads `load`; `ahead` is how many seconds the shop's clock is ahead of the server's.
pub(crate) fn call(keys: &Keys, load: &Load, ahead: u64) -> Call {
    let Load { number, invoice, payment, accounts, once, access } = load;
    let mut names = vec![keys.shop(), keys.filling()];
    // Which of the keys it becomes, 0 for none.
    let mut take = |name: Option<String>| {
        let place = if name.is_some() { names.len() + 1 } else { 0 };
        names.extend(name);
        place
    };
    let (once, commit) = match once {
        Some(OnceKey::Commit(id)) => (None, Some(*id)),
        other => (other.as_ref().map(|once| keys.once(once)), None),
    };
    let (payload, id) = match invoice {
        None => (None, None),
        Some(InvoiceRef::Payload(payload)) => (Some(keys.payload(payload)), None),
        Some(InvoiceRef::Id(id)) => (None, Some(keys.invoice(*id))),
    };
    let places = [once, payment.map(|tx| keys.payment(tx)), payload, id].map(&mut take);
    let accounts: BTreeSet<_> = accounts.iter().collect();
    for customer in &accounts {
        take(Some(keys.account(customer)));
    }
    let mut call = Call::script(&LOAD, &names)
        .arg(keys.prefix())
        .arg(ahead)
        .arg(number.map(|number| number.to_string()).unwrap_or_default())
        .arg(if *access { "1" } else { "" })
        .arg(commit.map(|id| id.0.to_string()).unwrap_or_default())
        .arg(commit.map(|id| keys.commits(id)).unwrap_or_default())
        .arg(&places);
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
