//! Committing: one call of a script that compares everything and then writes everything.

use redis::{FromRedisValue, Value};
use rental_core::{ChainCursor, Changes, Commit, LeaseName, OnceKey, StoreError, Timestamp};

use crate::fault::corrupt;
use crate::keys::Keys;
use crate::script::{COMMIT, Call};
use crate::text;

/// How a commit went, but for what a conflict brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As the store answers it.
    Done(Commit),
    /// Somebody else was faster.
    Conflict,
}

/// How many nanotons are a TON.
const TON: u64 = 1_000_000_000;

/// The call that applies `changes`; `ahead` is how many seconds the shop's clock is ahead of the server's.
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
    let mut names = Vec::with_capacity(8);
    names.push(keys.shop());
    names.push(keys.once(&OnceKey::Commit(*commit_id)));
    if let Some(record) = number {
        names.push(keys.key(LeaseName::Number(record.number)));
        names.push(keys.rental(record.number));
    }
    names.extend(once.iter().map(|once| keys.once(&once.key)));

    let mut call = Call::script(&COMMIT, &names)
        .arg(keys.prefix())
        .arg(ahead)
        .arg(lease.as_ref().map_or("", |token| token.as_str()));
    match number {
        None => {
            for _ in 4..=12 {
                call = call.arg("");
            }
        }
        Some(record) => {
            call = call
                .arg(record.number.to_string())
                .arg(before(record.version))
                .arg(record.version)
                .arg(text::json(record)?)
                .arg(text::summary(record))
                .arg(record.state().name())
                .arg(text::customer_of(record))
                .arg(record.deadline.map(|at| at.unix().to_string()).unwrap_or_default())
                .arg(record.number.as_u64());
        }
    }

    let mut texts = Vec::with_capacity(12);
    for invoice in invoices {
        texts.extend([keys.key(format_args!("invoice:{}", invoice.id)), text::invoice(invoice)?]);
    }
    for account in accounts {
        texts.extend([keys.key(format_args!("account:{}", account.id)), text::account(account)?]);
    }
    if let Some(payment) = payment {
        texts.extend([keys.key(format_args!("payment:{}", payment.tx)), text::payment(payment)?]);
    }
    for new in invoices.iter().filter(|invoice| invoice.version == 1) {
        texts.extend([keys.key(format_args!("payload:{}", new.payload)), new.id.to_string()]);
    }
    for once in once.iter().filter(|once| once.keep_until.is_none()) {
        texts.extend([keys.once(&once.key), once.value.clone()]);
    }
    call = call.arg(texts.len()).arg(texts);

    call = call.arg(invoices.len());
    for invoice in invoices {
        let (id, customer) = (invoice.id.to_string(), invoice.customer.to_string());
        call = call.arg(before(invoice.version)).arg(id).arg(invoice.status.name()).arg(customer);
    }
    call = call.arg(accounts.len());
    for account in accounts {
        call = call.arg(before(account.version)).arg(account.id.to_string());
    }
    call = call.arg(usize::from(payment.is_some()));
    if let Some(payment) = payment {
        let amount = payment.amount.get();
        call = call
            .arg(before(payment.version))
            .arg(text::place(payment))
            .arg(payment.outcome.name())
            .arg(text::reason(payment))
            .arg(text::invoice_of(payment))
            .arg(amount / TON)
            .arg(amount % TON);
    }
    let ending = once.iter().enumerate().filter_map(|(place, once)| Some((place, once, once.keep_until?)));
    call = call.arg(ending.clone().count());
    for (place, once, until) in ending {
        call = call.arg(place).arg(&once.value).arg(until.unix());
    }
    // Nearly always all lines belong to the one number.
    let of = history.first().map(|line| line.number);
    let (own, other): (Vec<_>, Vec<_>) = history.iter().partition(|line| Some(line.number) == of);
    call = call.arg(own.len()).arg(of.map(|number| keys.history(number)).unwrap_or_default());
    for line in own {
        call = call.arg(text::json(line)?);
    }
    call = call.arg(events.len());
    for event in events {
        let customer = event.customer.as_ref().map(ToString::to_string);
        call = call.arg(customer.unwrap_or_default()).arg(event.at.unix()).arg(text::json(event)?);
    }

    if let Some(shop) = shop {
        call = call.arg("shop").arg(before(shop.version)).arg(shop.version).arg(text::json(shop)?);
    }
    if let Some(access) = access {
        call = call.arg("access").arg(before(access.version)).arg(access.version).arg(text::json(access)?);
    }
    if let Some(chain) = chain {
        call = call.arg("chain").arg(position(chain.from)).arg(position(chain.to.cursor));
        call = call.arg(text::json(&chain.to)?);
    }
    for line in audit {
        call = call.arg("audit").arg(text::json(line)?);
    }
    for line in other {
        call = call.arg("history").arg(keys.history(line.number)).arg(text::json(line)?);
    }
    Ok(call)
}

/// The version over which `version` is written. Version 0 follows none: nothing stored is ever equal to it.
fn before(version: u64) -> String {
    version.checked_sub(1).map_or_else(|| "none".to_owned(), |before| before.to_string())
}

/// A chain position as it is compared; the position of a shop that has none is `0`.
fn position(cursor: ChainCursor) -> String {
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
            let once = changes.once.get(place - 1).ok_or_else(strange)?;
            Commit::Duplicate(once.key.clone())
        }
        [2, until] => {
            let until = u64::try_from(*until).map_or(Timestamp::MAX, Timestamp::from_unix);
            Commit::Locked { until }
        }
        [3] => return Ok(Outcome::Conflict),
        _ => return Err(strange()),
    }))
}
