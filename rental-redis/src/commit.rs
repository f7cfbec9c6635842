//! Committing: one call of a script that compares everything and then writes everything.

use redis::{FromRedisValue, Value};
use rental_core::{
    AuditEntry, ChainCursor, Changes, Commit, Event, HistoryEntry, LeaseName, NumberRecord, OnceKey, Payment,
    StoreError, Timestamp,
};

use crate::fault::corrupt;
use crate::keys::Keys;
use crate::script::{COMMIT, Call};
use crate::{places, text};

/// How a commit went, but for what a conflict brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As the store answers it.
    Done(Commit),
    /// Somebody else was faster.
    Conflict,
}

/// The call that applies `changes`; `ahead` is how many seconds the shop's clock is ahead of the server's. The script
/// says what stands where.
pub(crate) fn call(keys: &Keys, changes: &Changes, ahead: u64) -> Result<Call, StoreError> {
    let Changes {
        commit_id,
        read: _,
        lease,
        number,
        invoices,
        accounts,
        payment,
        shop,
        access,
        chain,
        once,
        history,
        audit,
        events,
    } = changes;
    let (names, once_keys) = names(keys, changes);
    let texts = texts(keys, changes)?;
    let mut call = Call::script(&COMMIT, &names)
        .arg(keys.prefix())
        .arg(ahead)
        .arg(lease.as_ref().map_or("", |token| token.as_str()));
    call = add_number(call, number.as_ref())?;
    call = call.arg(commit_id.0.to_string()).arg(once_keys).arg(texts.len()).arg(texts);

    call = call.arg(invoices.len());
    for invoice in invoices {
        let (id, customer) = (invoice.id.to_string(), invoice.customer.to_string());
        call = call.arg(before(invoice.version)).arg(id).arg(places::of_invoice(invoice)).arg(customer);
    }
    call = call.arg(accounts.len());
    for account in accounts {
        call = call.arg(before(account.version)).arg(account.id.to_string());
    }
    call = add_payment(call, payment.as_ref(), changes);

    let ending = once.iter().enumerate().filter_map(|(place, once)| Some((place, once, once.keep_until?)));
    call = call.arg(ending.clone().count());
    for (place, once, until) in ending {
        call = call.arg(place).arg(&once.value).arg(until.unix());
    }
    call = add_lines(call, keys, history, events)?;

    if let Some(shop) = shop {
        call = call.arg("shop").arg(before(shop.version)).arg(shop.version).arg(text::json(shop)?);
    }
    if let Some(access) = access {
        call = call.arg("access").arg(before(access.version)).arg(access.version).arg(text::json(access)?);
    }
    if let Some(chain) = chain {
        let [_, field] = text::chain_fields(chain.to.currency);
        call = call.arg(field).arg(position(chain.from)).arg(position(chain.to.cursor));
        call = call.arg(text::json(&chain.to)?);
    }
    add_rest(call, keys, audit, history)
}

/// The keys of the call, and how many of them are once-keys.
fn names(keys: &Keys, changes: &Changes) -> (Vec<String>, usize) {
    let mut names = Vec::with_capacity(10);
    names.push(keys.shop());
    names.push(keys.commits(changes.commit_id));
    match &changes.number {
        Some(record) => {
            names.push(keys.rental(record.number));
            names.push(keys.key(LeaseName::Number(record.number)));
        }
        None => names.extend([keys.key("rental:"), keys.key("lock:number:")]),
    }
    names.push(keys.filling());
    let fixed = names.len();
    names.extend(changes.once.iter().map(|once| keys.once(&once.key)));
    names.extend(changes.new_invoices().map(|new| keys.payload(&new.payload)));
    let once_keys = names.len() - fixed;
    names.extend(changes.new_invoices().map(|new| keys.invoice(new.id)));
    names.extend(changes.accounts.iter().filter(|new| new.version == 1).map(|new| keys.account(&new.id)));
    names.extend(changes.payment.iter().filter(|new| new.version == 1).map(|new| keys.payment(new.tx)));
    (names, once_keys)
}

/// Keys and texts, in turns: documents, payloads, and once-keys that are kept for ever.
fn texts(keys: &Keys, changes: &Changes) -> Result<Vec<String>, StoreError> {
    let mut texts = Vec::with_capacity(12);
    for invoice in &changes.invoices {
        texts.extend([keys.invoice(invoice.id), text::invoice(invoice)?]);
    }
    for account in &changes.accounts {
        texts.extend([keys.account(&account.id), text::account(account)?]);
    }
    if let Some(payment) = &changes.payment {
        texts.extend([keys.payment(payment.tx), text::payment(payment)?]);
    }
    for new in changes.new_invoices() {
        texts.extend([keys.payload(&new.payload), new.id.to_string()]);
    }
    for once in changes.once.iter().filter(|once| once.keep_until.is_none()) {
        texts.extend([keys.once(&once.key), once.value.clone()]);
    }
    Ok(texts)
}

fn add_number(call: Call, number: Option<&NumberRecord>) -> Result<Call, StoreError> {
    let Some(record) = number else {
        return Ok((4..=10).fold(call, |call, _| call.arg("")));
    };
    Ok(call
        .arg(record.number.to_string())
        .arg(before(record.version))
        .arg(text::number(record)?)
        .arg(record.state().name())
        .arg(places::of_number(record))
        .arg(text::customer_of(record))
        .arg(record.deadline.map(|at| at.unix().to_string()).unwrap_or_default()))
}

fn add_payment(call: Call, payment: Option<&Payment>, changes: &Changes) -> Call {
    let Some(payment) = payment else { return call.arg(0) };
    let named = changes.invoices.iter().find(|invoice| payment.invoice == Some(invoice.id));
    let [(whole, whole_unit), (beyond, unit)] = text::parts(payment.amount);
    call.arg(1)
        .arg(before(payment.version))
        .arg(payment.lt)
        .arg(places::name_of_payment(payment.lt, payment.tx))
        .arg(payment.outcome.name())
        .arg(text::reason(payment))
        .arg(text::invoice_of(payment))
        .arg(whole)
        .arg(beyond)
        .arg(named.map(|invoice| invoice.customer.to_string()).unwrap_or_default())
        .arg(whole_unit)
        .arg(unit)
}

/// History of the one number, and events.
fn add_lines(
    mut call: Call,
    keys: &Keys,
    history: &[HistoryEntry],
    events: &[Event],
) -> Result<Call, StoreError> {
    let of = history.first().map(|line| line.number);
    let own = || history.iter().filter(|line| Some(line.number) == of);
    call = call.arg(own().count());
    if let Some(number) = of {
        call = call.arg(keys.history(number));
    }
    for line in own() {
        call = call.arg(text::json(line)?);
    }
    call = call.arg(events.len());
    for event in events {
        call = call.arg(text::event(event)?);
    }
    Ok(call)
}

/// What most commits do not have.
fn add_rest(
    mut call: Call,
    keys: &Keys,
    audit: &[AuditEntry],
    history: &[HistoryEntry],
) -> Result<Call, StoreError> {
    for line in audit {
        call = call.arg("audit").arg(text::json(line)?);
    }
    let of = history.first().map(|line| line.number);
    for line in history.iter().filter(|line| Some(line.number) != of) {
        call = call.arg("history").arg(keys.history(line.number)).arg(text::json(line)?);
    }
    Ok(call)
}

/// The version over which `version` is written. Version 0 follows none: nothing stored is ever equal to it.
fn before(version: u64) -> String {
    version.checked_sub(1).map_or_else(|| "none".to_owned(), |before| before.to_string())
}

/// A chain position as it is compared; the position of a shop that has none is `0`.
pub(crate) fn position(cursor: ChainCursor) -> String {
    match cursor.hash {
        Some(hash) => format!("{}:{hash}", cursor.lt),
        None => cursor.lt.to_string(),
    }
}

/// What the script answered to `changes`.
pub(crate) fn read(answer: Value, changes: &Changes) -> Result<Outcome, StoreError> {
    let strange = || corrupt("an answer of the server");
    let answer = Vec::<i64>::from_redis_value(answer).map_err(|_| strange())?;
    Ok(Outcome::Done(match answer.as_slice() {
        [0] => Commit::Committed,
        [1, 0] => Commit::Duplicate(OnceKey::Commit(changes.commit_id)),
        [1, place] => {
            let place = usize::try_from(*place).map_err(|_| strange())?;
            let listed = changes.once.iter().map(|once| once.key.clone());
            let payloads = changes.new_invoices().map(|new| OnceKey::Payload(new.payload.clone()));
            Commit::Duplicate(listed.chain(payloads).nth(place - 1).ok_or_else(strange)?)
        }
        [2, until] => {
            let until = u64::try_from(*until).map_or(Timestamp::MAX, Timestamp::from_unix);
            Commit::Locked { until }
        }
        [3] => return Ok(Outcome::Conflict),
        _ => return Err(strange()),
    }))
}
