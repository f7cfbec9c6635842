//! Listings, each along the index that narrows it most; the rest is filtered here, page by page.

use redis::{FromRedisValue, Value};
use rental_core::{
    Account, AuditEntry, CustomerId, Due, HistoryEntry, Invoice, InvoiceId, InvoiceQuery, InvoiceStatus,
    NumberQuery, NumberRecord, NumberState, Outcome, Page, PageRequest, Payment, PaymentQuery, PhoneNumber,
    StoreError, Timestamp, TxHash,
};
use serde::de::DeserializeOwned;

use crate::fault::corrupt;
use crate::load::optional;
use crate::script::{Call, DOCUMENTS, DUE, NUMBERS};
use crate::store::RedisStore;
use crate::text;

/// The longest stretch that one call looks at when a listing is filtered.
const STRETCH: usize = 1000;

/// How many entries a page has.
pub(crate) fn length(page: &PageRequest) -> usize {
    page.limit.clamp(1, PageRequest::MOST)
}

/// What a cursor that no page of the listing gave out leads to.
pub(crate) fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
}

/// The page made of entries, one more than asked for when there are, each with its place in the listing.
pub(crate) fn page<T>(request: &PageRequest, mut entries: Vec<(String, T)>) -> Page<T> {
    let length = length(request);
    let more = entries.len() > length;
    entries.truncate(length);
    let next = entries.last().map(|(place, _)| place.clone());
    Page { items: entries.into_iter().map(|(_, item)| item).collect(), next: next.filter(|_| more) }
}

fn strange() -> StoreError {
    corrupt("an answer of the server")
}

/// The entries of a script that answers names and documents.
fn pairs<T: DeserializeOwned>(answer: Value) -> Result<Vec<(String, Option<T>)>, StoreError> {
    let (names, values): (Vec<String>, Vec<Value>) =
        FromRedisValue::from_redis_value(answer).map_err(|_| strange())?;
    // Nil at the end of a list is cut off by the server.
    let values = values.into_iter().chain(std::iter::repeat(Value::Nil));
    names.into_iter().zip(values).map(|(name, value)| Ok((name, optional(value)?))).collect()
}

/// Numbers whose deadline has come.
pub(crate) async fn due(
    store: &RedisStore,
    after: Option<Due>,
    limit: usize,
) -> Result<Vec<Due>, StoreError> {
    let call = Call::script(&DUE, &[store.keys().key("expiry:zset")])
        .arg(store.ahead())
        .arg(after.map(|due| due.deadline.unix().to_string()).unwrap_or_default())
        .arg(limit.min(1 << 20));
    let answer = store.link().ask(call).await?;
    let found: Vec<(String, String)> = FromRedisValue::from_redis_value(answer).map_err(|_| strange())?;
    let mut found = found
        .into_iter()
        .map(|(number, deadline)| {
            let deadline = Timestamp::from_unix(deadline.parse().map_err(|_| corrupt("expiry:zset"))?);
            Ok(Due { deadline, number: number.parse().map_err(|_| corrupt("expiry:zset"))? })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    // Within one deadline the server sorts by text.
    found.sort_unstable();
    found.retain(|due| after.is_none_or(|after| after < *due));
    found.truncate(limit);
    Ok(found)
}

/// Numbers, by number.
pub(crate) async fn numbers(
    store: &RedisStore,
    query: &NumberQuery,
    request: &PageRequest,
) -> Result<Page<NumberRecord>, StoreError> {
    let NumberQuery { states, owner } = query;
    let mut after = match &request.after {
        None => 0,
        Some(text) => match text.parse::<PhoneNumber>() {
            Ok(number) => number.as_u64(),
            Err(_) => return Ok(nothing()),
        },
    };
    let wanted = if states.is_empty() { &NumberState::ALL[..] } else { states };
    let keys = match store.keys().owned("numbers", owner) {
        Some(key) => vec![key],
        None => wanted.iter().map(|state| store.keys().index("numbers", state.name())).collect(),
    };
    let rows = length(request) + 1;
    let mut found = Vec::new();
    loop {
        let call = Call::script(&NUMBERS, &keys).arg(store.keys().prefix()).arg(after).arg(rows);
        let stretch = pairs::<NumberRecord>(store.link().ask(call).await?)?;
        let last = stretch.len() < rows;
        if let Some((name, _)) = stretch.last() {
            after = name.parse::<PhoneNumber>().map_err(|_| corrupt("index:numbers"))?.as_u64();
        }
        let records = stretch.into_iter().filter_map(|(_, record)| record);
        found.extend(records.filter(|record| wanted.contains(&record.state())));
        if last || found.len() >= rows {
            break;
        }
    }
    Ok(page(request, found.into_iter().map(|record| (record.number.to_string(), record)).collect()))
}

/// The direction of a listing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
}

/// A listing of documents whose places sort by their bytes.
struct Documents<'a> {
    store: &'a RedisStore,
    /// The indexes to merge.
    keys: Vec<String>,
    /// What stands before a document's name in its key.
    kind: &'static str,
    /// What stands before its name in a place, as a pattern.
    lead: &'static str,
    order: Order,
}

impl Documents<'_> {
    /// The page after `after` of the documents that `wanted` takes.
    async fn page<T: DeserializeOwned>(
        &self,
        after: Option<String>,
        request: &PageRequest,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, StoreError> {
        let needed = length(request) + 1;
        let (mut found, mut after, mut rows) = (Vec::new(), after, needed);
        loop {
            let bound = match (&after, self.order) {
                (Some(place), _) => format!("({place}"),
                (None, Order::Ascending) => "-".to_owned(),
                (None, Order::Descending) => "+".to_owned(),
            };
            let call = Call::script(&DOCUMENTS, &self.keys)
                .arg(self.store.keys().key(self.kind))
                .arg(if self.order == Order::Ascending { "asc" } else { "desc" })
                .arg(bound)
                .arg(rows)
                .arg(self.lead);
            let stretch = pairs::<T>(self.store.link().ask(call).await?)?;
            let last = stretch.len() < rows;
            after = stretch.last().map(|(place, _)| place.clone());
            let documents = stretch
                .into_iter()
                .filter_map(|(place, document)| document.map(|document| (place, document)));
            found.extend(documents.filter(|(_, document)| wanted(document)));
            if last || found.len() >= needed {
                return Ok(page(request, found));
            }
            rows = STRETCH;
        }
    }
}

/// Of several indexes that all cover a listing, the one with the fewest entries.
async fn narrowest(store: &RedisStore, mut keys: Vec<String>) -> Result<Option<String>, StoreError> {
    if keys.len() < 2 {
        return Ok(keys.pop());
    }
    let mut best = None;
    for key in keys {
        let answer = store.link().ask(Call::command("ZCARD").arg(&key)).await?;
        let size = u64::from_redis_value(answer).map_err(|_| strange())?;
        if best.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
            best = Some((size, key));
        }
    }
    Ok(best.map(|(_, key)| key))
}

/// Invoices, newest first.
pub(crate) async fn invoices(
    store: &RedisStore,
    query: &InvoiceQuery,
    request: &PageRequest,
) -> Result<Page<Invoice>, StoreError> {
    let InvoiceQuery { owner, status, number } = query;
    let after = match &request.after {
        None => None,
        Some(text) => match text.parse::<InvoiceId>() {
            Ok(id) => Some(id.to_string()),
            Err(_) => return Ok(nothing()),
        },
    };
    let index = |what: &str| store.keys().index("invoices", what);
    let mut covering: Vec<_> = store.keys().owned("invoices", owner).into_iter().collect();
    covering.extend(status.map(index));
    let keys = match narrowest(store, covering).await? {
        Some(key) => vec![key],
        None => InvoiceStatus::NAMES.into_iter().map(index).collect(),
    };
    let listing = Documents { store, keys, kind: "invoice:", lead: "", order: Order::Descending };
    listing
        .page(after, request, |invoice: &Invoice| {
            owner.includes(&invoice.customer)
                && status.is_none_or(|status| invoice.status.name() == status)
                && number.is_none_or(|number| invoice.number == number)
        })
        .await
}

/// Payments, newest first.
pub(crate) async fn payments(
    store: &RedisStore,
    query: &PaymentQuery,
    request: &PageRequest,
) -> Result<Page<Payment>, StoreError> {
    let PaymentQuery { owner, outcome, reason } = query;
    let after = match &request.after {
        None => None,
        Some(text) => match place(text) {
            Some(place) => Some(place),
            None => return Ok(nothing()),
        },
    };
    let index = |what: &str| store.keys().index("payments", what);
    let mut covering: Vec<_> = store.keys().owned("payments", owner).into_iter().collect();
    covering.extend(outcome.map(index));
    covering.extend(reason.map(|reason| index(&format!("reason:{}", reason.name()))));
    // Only the index knows whose invoice a payment names, so it is not exchanged for a shorter one.
    let owned = store.keys().owned("payments", owner);
    let keys = match owned {
        Some(key) => vec![key],
        None => match narrowest(store, covering).await? {
            Some(key) => vec![key],
            None => Outcome::NAMES.into_iter().map(index).collect(),
        },
    };
    let listing = Documents { store, keys, kind: "payment:", lead: "%d+:", order: Order::Descending };
    let mut found = listing
        .page(after, request, |payment: &Payment| {
            outcome.is_none_or(|outcome| payment.outcome.name() == outcome)
                && (reason.is_none() || payment.outcome.reason() == *reason)
        })
        .await?;
    found.next = found.next.map(|place| place.trim_start_matches('0').to_owned());
    Ok(found)
}

/// A cursor as a place in the index: logical time, then hash.
fn place(text: &str) -> Option<String> {
    let (lt, tx) = text.split_once(':')?;
    let lt: u64 = if lt.is_empty() { 0 } else { lt.parse().ok()? };
    Some(format!("{lt:020}:{}", tx.parse::<TxHash>().ok()?))
}

/// Accounts, by customer.
pub(crate) async fn accounts(store: &RedisStore, request: &PageRequest) -> Result<Page<Account>, StoreError> {
    let after = match &request.after {
        None => None,
        Some(text) => match text.parse::<CustomerId>() {
            Ok(customer) => Some(customer.to_string()),
            Err(_) => return Ok(nothing()),
        },
    };
    let keys = vec![store.keys().key("index:accounts")];
    let listing = Documents { store, keys, kind: "account:", lead: "", order: Order::Ascending };
    listing.page(after, request, |_: &Account| true).await
}

/// A number's history, oldest first.
pub(crate) async fn history(
    store: &RedisStore,
    number: PhoneNumber,
    request: &PageRequest,
) -> Result<Page<HistoryEntry>, StoreError> {
    let start = match request.after.as_ref().map(|text| text.parse::<i64>()) {
        None => 0,
        Some(Ok(last)) if last >= 0 => last.saturating_add(1),
        Some(_) => return Ok(nothing()),
    };
    let rows = i64::try_from(length(request)).unwrap_or(i64::MAX);
    let call = Call::command("LRANGE").arg(store.keys().history(number));
    let answer = store.link().ask(call.arg(start).arg(start.saturating_add(rows))).await?;
    let lines: Vec<Vec<u8>> = FromRedisValue::from_redis_value(answer).map_err(|_| strange())?;
    let lines = (start..).zip(lines).map(|(place, line)| Ok((place.to_string(), text::document(&line)?)));
    Ok(page(request, lines.collect::<Result<_, StoreError>>()?))
}

/// The audit trail, newest first.
pub(crate) async fn audit(store: &RedisStore, request: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
    let end = match request.after.as_ref().map(|text| text.parse::<u64>()) {
        None => "+".to_owned(),
        Some(Ok(last)) => format!("(0-{last}"),
        Some(Err(_)) => return Ok(nothing()),
    };
    let call = Call::command("XREVRANGE").arg(store.keys().key("audit:admin"));
    let call = call.arg(end).arg("-").arg("COUNT").arg(length(request) + 1);
    let entries = entries(store.link().ask(call).await?)?;
    let lines = entries.into_iter().map(|(seq, fields)| {
        let line = fields.last().ok_or_else(|| corrupt("audit:admin"))?;
        Ok((seq.to_string(), text::document(line)?))
    });
    Ok(page(request, lines.collect::<Result<_, StoreError>>()?))
}

/// An entry of a stream: its sequence, and fields with their values in turns.
pub(crate) type Entry = (u64, Vec<Vec<u8>>);

/// The entries of a stream.
pub(crate) fn entries(answer: Value) -> Result<Vec<Entry>, StoreError> {
    let found: Vec<(String, Vec<Vec<u8>>)> =
        FromRedisValue::from_redis_value(answer).map_err(|_| strange())?;
    let sequence = |id: &str| id.split_once('-').and_then(|(_, seq)| seq.parse().ok());
    let entry = |(id, fields): (String, _)| Ok((sequence(&id).ok_or_else(strange)?, fields));
    found.into_iter().map(entry).collect()
}
