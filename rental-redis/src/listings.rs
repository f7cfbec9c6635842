//! Listings, each along the index that narrows it most; the rest is filtered here, page by page.

use std::collections::BTreeSet;

use redis::{FromRedisValue, Value};
use rental_core::{
    Account, AuditEntry, CustomerId, Due, HistoryEntry, Invoice, InvoiceId, InvoiceQuery, InvoiceStatus,
    NumberQuery, NumberRecord, NumberState, Outcome, Owner, Page, PageRequest, Payment, PaymentQuery,
    PhoneNumber, StoreError, Timestamp, TxHash,
};
use serde::de::DeserializeOwned;

use crate::fault::corrupt;
use crate::load::{all, optional};
use crate::places;
use crate::script::{Call, DUE, NAMED, NEWEST, NUMBERS};
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

fn answers(answer: Value) -> Result<Vec<Value>, StoreError> {
    FromRedisValue::from_redis_value(answer).map_err(|_| strange())
}

/// The documents that a script answers, with `None` for what does not exist.
fn documents<T: DeserializeOwned>(answer: Value) -> Result<Vec<Option<T>>, StoreError> {
    answers(answer)?.into_iter().map(optional).collect()
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
    // A state may be named twice; its stretch is read once.
    let wanted: BTreeSet<NumberState> = wanted.iter().copied().collect();
    let (key, stretches) = match store.keys().owned("numbers", owner) {
        Some(key) => (key, vec![(0, places::NUMBERS)]),
        None => (
            store.keys().key("index:numbers"),
            wanted.iter().map(|state| places::of_state(*state)).collect::<Vec<_>>(),
        ),
    };
    let rows = length(request) + 1;
    let mut found: Vec<NumberRecord> = Vec::new();
    loop {
        let listed = listed(store, &key, &stretches, after, rows).await?;
        let last = listed.len() < rows;
        after = listed.last().map_or(after, |number| number.as_u64());
        // Between the listing and the documents a number may have changed hands.
        found.extend(
            records(store, &listed)
                .await?
                .into_iter()
                .filter(|record| wanted.contains(&record.state()) && is_of(owner, record)),
        );
        if last || found.len() >= rows {
            break;
        }
    }
    Ok(page(request, found.into_iter().map(|record| (record.number.to_string(), record)).collect()))
}

fn is_of(owner: &Owner, record: &NumberRecord) -> bool {
    record.customer().map_or(*owner == Owner::Anybody, |customer| owner.includes(customer))
}

/// Up to `rows` numbers after `after` in any of these stretches of a listing, by their digits.
async fn listed(
    store: &RedisStore,
    key: &String,
    stretches: &[(u64, u64)],
    after: u64,
    rows: usize,
) -> Result<Vec<PhoneNumber>, StoreError> {
    let call = if let [(first, last)] = stretches {
        let call = Call::command("ZRANGEBYSCORE").arg(key).arg(format!("({}", first + after)).arg(last);
        call.arg("LIMIT").arg(0).arg(rows)
    } else {
        let places = stretches.iter().map(|(first, last)| (first + after, last));
        let call = Call::script(&NUMBERS, std::slice::from_ref(key)).arg(rows);
        places.fold(call, |call, (after, last)| call.arg(after).arg(last))
    };
    let members: Vec<String> =
        FromRedisValue::from_redis_value(store.link().ask(call).await?).map_err(|_| strange())?;
    members.iter().map(|member| member.parse().map_err(|_| corrupt("index:numbers"))).collect()
}

/// The documents of `numbers`, each by a command of its own: a script would take every text in before it gives it out,
/// which costs the server twice as much.
async fn records(store: &RedisStore, numbers: &[PhoneNumber]) -> Result<Vec<NumberRecord>, StoreError> {
    let mut calls =
        numbers.iter().map(|number| Call::command("HGET").arg(store.keys().rental(*number)).arg("doc"));
    let Some(call) = calls.next() else { return Ok(Vec::new()) };
    let call = calls.fold(call, Call::then);
    let answer = store.link().ask(call).await?;
    let answers = if numbers.len() == 1 { vec![answer] } else { answers(answer)? };
    all(answers)
}

/// A stretch of a listing, from its first place to its last.
struct Stretch {
    key: String,
    first: u64,
    last: u64,
}

/// A listing of documents, newest first.
struct Newest<'a> {
    store: &'a RedisStore,
    /// What is merged.
    stretches: Vec<Stretch>,
    /// What stands before a document's name in its key.
    kind: &'static str,
    /// How many characters a document's name has.
    name: usize,
    /// How far stretches of one listing lie apart.
    apart: &'static str,
}

/// Where a document stands: how far from the beginning of its stretch, and under which text.
type Spot = (u64, String);

impl Newest<'_> {
    /// The page after `after` of the documents that `wanted` takes; `spot` tells where a document stands, and `cursor` what
    /// leads behind it.
    async fn page<T: DeserializeOwned>(
        &self,
        mut after: Option<Spot>,
        request: &PageRequest,
        wanted: impl Fn(&T) -> bool,
        spot: impl Fn(&T) -> Spot,
        cursor: impl Fn(&T) -> String,
    ) -> Result<Page<T>, StoreError> {
        let needed = length(request) + 1;
        let (mut found, mut rows) = (Vec::new(), needed);
        loop {
            let keys: Vec<_> = self.stretches.iter().map(|stretch| stretch.key.clone()).collect();
            let mut call = Call::script(&NEWEST, &keys)
                .arg(self.store.keys().key(self.kind))
                .arg(self.name)
                .arg(rows)
                .arg(self.apart)
                .arg(after.as_ref().map_or("", |(_, name)| name.as_str()));
            for Stretch { first, last, .. } in &self.stretches {
                call = call.arg(after.as_ref().map_or(*last, |(place, _)| first + place)).arg(first);
            }
            let stretch: Vec<Option<T>> = documents(self.store.link().ask(call).await?)?;
            let last = stretch.len() < rows || stretch.iter().all(Option::is_none);
            after = stretch.iter().flatten().next_back().map(&spot);
            found.extend(stretch.into_iter().flatten().filter(|document| wanted(document)));
            if last || found.len() >= needed {
                return Ok(page(request, found.into_iter().map(|found| (cursor(&found), found)).collect()));
            }
            rows = STRETCH;
        }
    }
}

/// Of several stretches that all cover a listing, the one with the fewest entries.
async fn narrowest(store: &RedisStore, mut stretches: Vec<Stretch>) -> Result<Option<Stretch>, StoreError> {
    if stretches.len() < 2 {
        return Ok(stretches.pop());
    }
    let mut best = None;
    for stretch in stretches {
        let call = Call::command("ZCOUNT").arg(&stretch.key).arg(stretch.first).arg(stretch.last);
        let size = u64::from_redis_value(store.link().ask(call).await?).map_err(|_| strange())?;
        if best.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
            best = Some((size, stretch));
        }
    }
    Ok(best.map(|(_, stretch)| stretch))
}

/// Invoices, newest first.
pub(crate) async fn invoices(
    store: &RedisStore,
    query: &InvoiceQuery,
    request: &PageRequest,
) -> Result<Page<Invoice>, StoreError> {
    let InvoiceQuery { owner, status, number } = query;
    let spot = |id: InvoiceId| (id.timestamp_ms(), id.to_string());
    let after = match request.after.as_ref().map(|text| text.parse::<InvoiceId>()) {
        None => None,
        Some(Ok(id)) => Some(spot(id)),
        Some(Err(_)) => return Ok(nothing()),
    };
    let with_status = |status: &str| {
        let (first, last) = places::of_status(status)?;
        Some(Stretch { key: store.keys().key("index:invoices"), first, last })
    };
    let mut covering = Vec::new();
    if let Some(key) = store.keys().owned("invoices", owner) {
        covering.push(Stretch { key, first: 0, last: places::INVOICES });
    }
    if let Some(status) = status {
        let Some(stretch) = with_status(status) else { return Ok(nothing()) };
        covering.push(stretch);
    }
    let stretches = match narrowest(store, covering).await? {
        Some(stretch) => vec![stretch],
        None => InvoiceStatus::NAMES.into_iter().filter_map(with_status).collect(),
    };
    let wanted = |invoice: &Invoice| {
        owner.includes(&invoice.customer)
            && status.is_none_or(|status| invoice.status.name() == status)
            && number.is_none_or(|number| invoice.number == number)
    };
    let listing = Newest { store, stretches, kind: "invoice:", name: 30, apart: "1e15" };
    listing.page(after, request, wanted, |invoice| spot(invoice.id), |invoice| invoice.id.to_string()).await
}

/// Payments, newest first.
pub(crate) async fn payments(
    store: &RedisStore,
    query: &PaymentQuery,
    request: &PageRequest,
) -> Result<Page<Payment>, StoreError> {
    let PaymentQuery { owner, outcome, reason } = query;
    let spot = |lt: u64, tx: TxHash| (lt, places::name_of_payment(lt, tx));
    let after = match request.after.as_ref().map(|text| cursor_of_payment(text)) {
        None => None,
        Some(Some((lt, tx))) => Some(spot(lt, tx)),
        Some(None) => return Ok(nothing()),
    };
    let index = |what: &str| Stretch { key: store.keys().index("payments", what), first: 0, last: u64::MAX };
    let mut covering = Vec::new();
    covering.extend(outcome.map(index));
    covering.extend(reason.map(|reason| index(&format!("reason:{}", reason.name()))));
    // Only the index knows whose invoice a payment names, so it is not exchanged for a shorter one.
    let stretches = match store.keys().owned("payments", owner) {
        Some(key) => vec![Stretch { key, first: 0, last: u64::MAX }],
        None => match narrowest(store, covering).await? {
            Some(stretch) => vec![stretch],
            None => Outcome::NAMES.into_iter().map(index).collect(),
        },
    };
    let wanted = |payment: &Payment| {
        outcome.is_none_or(|outcome| payment.outcome.name() == outcome)
            && (reason.is_none() || payment.outcome.reason() == *reason)
    };
    let listing = Newest { store, stretches, kind: "payment:", name: 64, apart: "1e300" };
    listing
        .page(
            after,
            request,
            wanted,
            |payment| spot(payment.lt, payment.tx),
            |payment| format!("{}:{}", payment.lt, payment.tx),
        )
        .await
}

/// The place that a payment's cursor names: logical time and hash.
fn cursor_of_payment(text: &str) -> Option<(u64, TxHash)> {
    let (lt, tx) = text.split_once(':')?;
    Some((lt.parse().ok()?, tx.parse().ok()?))
}

/// Accounts, by customer.
pub(crate) async fn accounts(store: &RedisStore, request: &PageRequest) -> Result<Page<Account>, StoreError> {
    let begin = match request.after.as_ref().map(|text| text.parse::<CustomerId>()) {
        None => "-".to_owned(),
        Some(Ok(customer)) => format!("({customer}"),
        Some(Err(_)) => return Ok(nothing()),
    };
    let call = Call::script(&NAMED, &[store.keys().key("index:accounts")])
        .arg(store.keys().key("account:"))
        .arg(begin)
        .arg("+")
        .arg(length(request) + 1);
    let (names, values): (Vec<String>, Vec<Value>) =
        FromRedisValue::from_redis_value(store.link().ask(call).await?).map_err(|_| strange())?;
    let accounts = names.into_iter().zip(values).filter_map(|(name, value)| {
        optional(value).map(|account| account.map(|account| (name, account))).transpose()
    });
    Ok(page(request, accounts.collect::<Result<_, StoreError>>()?))
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
