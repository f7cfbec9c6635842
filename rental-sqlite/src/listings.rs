//! Listings, each along an index.
//!
//! A listing goes along the index that narrows it most and filters the rest. `INDEXED BY` makes the choice: a
//! statement whose index is missing fails in the tests instead of becoming slow in a large shop.

use rental_core::{
    Account, AuditEntry, Due, HistoryEntry, Invoice, InvoiceId, InvoiceQuery, NumberQuery, NumberRecord,
    NumberState, Owner, Page, PageRequest, Payment, PaymentQuery, PhoneNumber, Timestamp, TxHash,
};
use rusqlite::{Connection, Params, Row, params};
use serde::de::DeserializeOwned;

use crate::error::Fault;
use crate::load::{digits, document, moment, read_document};
use crate::payments;

/// What a cursor that no page of the listing gave out leads to.
pub(crate) fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
}

/// How many entries a page has.
pub(crate) fn length(page: &PageRequest) -> usize {
    page.limit.clamp(1, PageRequest::MOST)
}

/// Rows to ask for: one more than the page, to see whether it is the last.
pub(crate) fn rows(page: &PageRequest) -> i64 {
    most(length(page) + 1)
}

/// A limit for SQLite.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The page made of entries, one more than asked for when there are, each with its place in the listing.
pub(crate) fn page<T>(request: &PageRequest, mut entries: Vec<(String, T)>) -> Page<T> {
    let length = length(request);
    let more = entries.len() > length;
    entries.truncate(length);
    let next = entries.last().map(|(place, _)| place.clone());
    Page { items: entries.into_iter().map(|(_, item)| item).collect(), next: next.filter(|_| more) }
}

/// All that `sql` finds.
pub(crate) fn collect<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Fault> {
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map(params, read)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// `owner` as two filters: a customer and an integrator.
fn filters(owner: &Owner) -> (Option<String>, Option<&str>) {
    match owner {
        Owner::Anybody => (None, None),
        Owner::Integrator(integrator) => (None, Some(integrator.as_str())),
        Owner::Customer(customer) => (Some(customer.to_string()), None),
    }
}

/// Numbers whose deadline has come.
pub(crate) fn due(
    db: &Connection,
    after: Option<Due>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Due>, Fault> {
    let (deadline, number) = after.map_or((0, 0), |due| (moment(due.deadline), digits(due.number)));
    let sql = "SELECT deadline, number FROM numbers INDEXED BY numbers_by_deadline
               WHERE deadline <= ?1 AND (deadline, number) > (?2, ?3) ORDER BY deadline, number LIMIT ?4";
    let found = collect(db, sql, (moment(now), deadline, number, most(limit)), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let due = |(deadline, number)| {
        Some(Due {
            deadline: Timestamp::from_unix(u64::try_from(deadline).ok()?),
            number: PhoneNumber::from_digits(u64::try_from(number).ok()?)?,
        })
    };
    found.into_iter().map(|found| due(found).ok_or_else(|| Fault::corrupt("the table numbers"))).collect()
}

/// Numbers.
pub(crate) fn numbers(
    db: &Connection,
    query: &NumberQuery,
    request: &PageRequest,
) -> Result<Page<NumberRecord>, Fault> {
    let NumberQuery { states, owner } = query;
    let after = match &request.after {
        None => 0,
        Some(text) => match text.parse() {
            Ok(number) => digits(number),
            Err(_) => return Ok(nothing()),
        },
    };
    let (customer, integrator) = filters(owner);
    let rows = rows(request);
    let read = |row: &Row<'_>| document::<NumberRecord>(row);
    let mut found = match (customer, integrator) {
        (Some(customer), _) => {
            let sql = "SELECT doc FROM numbers INDEXED BY numbers_by_customer
                       WHERE customer = ?1 AND number > ?2
                       AND (?4 = '[]' OR state IN (SELECT value FROM json_each(?4))) ORDER BY number LIMIT ?3";
            collect(db, sql, (customer, after, rows, names(states)), read)?
        }
        (None, Some(integrator)) => {
            let sql = "SELECT doc FROM numbers INDEXED BY numbers_by_integrator
                       WHERE integrator = ?1 AND number > ?2
                       AND (?4 = '[]' OR state IN (SELECT value FROM json_each(?4))) ORDER BY number LIMIT ?3";
            collect(db, sql, (integrator, after, rows, names(states)), read)?
        }
        (None, None) if states.is_empty() => {
            let sql = "SELECT doc FROM numbers WHERE number > ?1 ORDER BY number LIMIT ?2";
            collect(db, sql, (after, rows), read)?
        }
        (None, None) => in_states(db, states, after, rows)?,
    };
    found.truncate(length(request) + 1);
    let placed = found.into_iter().map(|record| (record.number.to_string(), record));
    Ok(page(request, placed.collect()))
}

/// State by state along the index, then merged: a shop is never sorted as a whole.
fn in_states(
    db: &Connection,
    states: &[NumberState],
    after: i64,
    rows: i64,
) -> Result<Vec<NumberRecord>, Fault> {
    let sql = "SELECT doc FROM numbers INDEXED BY numbers_by_state
               WHERE state = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
    let mut found = Vec::new();
    for state in states {
        found.extend(collect(db, sql, (state.name(), after, rows), document::<NumberRecord>)?);
    }
    found.sort_by_key(|record| record.number);
    // A state may have been named twice.
    found.dedup_by_key(|record| record.number);
    Ok(found)
}

/// A JSON list of the states' names.
fn names(states: &[NumberState]) -> String {
    let names: Vec<_> = states.iter().map(|state| state.name()).collect();
    serde_json::json!(names).to_string()
}

/// Invoices, newest first.
pub(crate) fn invoices(
    db: &Connection,
    query: &InvoiceQuery,
    request: &PageRequest,
) -> Result<Page<Invoice>, Fault> {
    let InvoiceQuery { owner, status, number } = query;
    let before = match &request.after {
        None => None,
        Some(text) => match text.parse::<InvoiceId>() {
            Ok(id) => Some(id.to_string()),
            Err(_) => return Ok(nothing()),
        },
    };
    let (customer, integrator) = filters(owner);
    let along = match (&customer, number, integrator, status) {
        (_, Some(_), _, _) => "INDEXED BY invoices_by_number WHERE number = :number AND",
        (Some(_), None, _, _) => "INDEXED BY invoices_by_customer WHERE customer = :customer AND",
        (None, None, Some(_), Some(_)) => {
            "INDEXED BY invoices_by_integrator_and_status WHERE integrator = :integrator AND status = :status AND"
        }
        (None, None, Some(_), None) => "INDEXED BY invoices_by_integrator WHERE integrator = :integrator AND",
        (None, None, None, Some(_)) => "INDEXED BY invoices_by_status WHERE status = :status AND",
        (None, None, None, None) => "WHERE",
    };
    // A tilde comes after every id.
    let sql = format!(
        "SELECT doc FROM invoices {along} id < coalesce(:before, '~')
         AND (:number IS NULL OR +number = :number) AND (:customer IS NULL OR +customer = :customer)
         AND (:integrator IS NULL OR +integrator = :integrator) AND (:status IS NULL OR +status = :status)
         ORDER BY id DESC LIMIT :rows"
    );
    let params = rusqlite::named_params! {
        ":before": before, ":number": number.map(digits), ":customer": customer, ":integrator": integrator,
        ":status": status, ":rows": rows(request),
    };
    let found = collect(db, &sql, params, |row| {
        let invoice: Invoice = document(row)?;
        Ok((invoice.id.to_string(), invoice))
    })?;
    Ok(page(request, found))
}

/// Payments, newest first.
pub(crate) fn payments(
    db: &Connection,
    query: &PaymentQuery,
    request: &PageRequest,
) -> Result<Page<Payment>, Fault> {
    let PaymentQuery { owner, outcome, reason } = query;
    let (lt, tx) = match &request.after {
        None => (i64::MAX, "~".to_owned()),
        Some(text) => match place(text) {
            Some(place) => place,
            None => return Ok(nothing()),
        },
    };
    let (customer, integrator) = filters(owner);
    let along = match (&customer, integrator, outcome, reason) {
        (Some(_), _, _, _) => "INDEXED BY payments_by_customer WHERE customer = :customer AND",
        (None, Some(_), _, _) => "INDEXED BY payments_by_integrator WHERE integrator = :integrator AND",
        (None, None, Some(_), _) => "INDEXED BY payments_by_outcome WHERE outcome = :outcome AND",
        (None, None, None, Some(_)) => "INDEXED BY payments_by_reason WHERE reason = :reason AND",
        (None, None, None, None) => "INDEXED BY payments_by_lt WHERE",
    };
    let sql = format!(
        "SELECT {} FROM payments {along} (lt, tx) < (:lt, :tx)
         AND (:customer IS NULL OR +customer = :customer) AND (:integrator IS NULL OR +integrator = :integrator)
         AND (:outcome IS NULL OR +outcome = :outcome) AND (:reason IS NULL OR +reason = :reason)
         ORDER BY lt DESC, tx DESC LIMIT :rows",
        payments::COLUMNS
    );
    let params = rusqlite::named_params! {
        ":lt": lt, ":tx": tx, ":customer": customer, ":integrator": integrator, ":outcome": outcome,
        ":reason": reason.map(rental_core::ExceptionReason::name), ":rows": rows(request),
    };
    let found = collect(db, &sql, params, |row| Ok(payments::read(row)))?;
    let placed = found.into_iter().map(|payment| {
        let payment = payment?;
        Ok((format!("{}:{}", payment.lt, payment.tx), payment))
    });
    Ok(page(request, placed.collect::<Result<_, Fault>>()?))
}

/// Where a payment stands in the listing: its logical time, then its hash.
fn place(text: &str) -> Option<(i64, String)> {
    let (lt, tx) = text.split_once(':')?;
    Some((lt.parse().ok()?, tx.parse::<TxHash>().ok()?.to_string()))
}

/// Accounts, by customer.
pub(crate) fn accounts(db: &Connection, request: &PageRequest) -> Result<Page<Account>, Fault> {
    let after = match &request.after {
        None => String::new(),
        Some(text) => match text.parse::<rental_core::CustomerId>() {
            Ok(customer) => customer.to_string(),
            Err(_) => return Ok(nothing()),
        },
    };
    let sql = "SELECT doc FROM accounts WHERE id > ?1 ORDER BY id LIMIT ?2";
    let found = collect(db, sql, params![after, rows(request)], |row| {
        let account: Account = document(row)?;
        Ok((account.id.to_string(), account))
    })?;
    Ok(page(request, found))
}

/// A number's history, oldest first.
pub(crate) fn history(
    db: &Connection,
    number: PhoneNumber,
    request: &PageRequest,
) -> Result<Page<HistoryEntry>, Fault> {
    let sql = "SELECT id, doc FROM history INDEXED BY history_by_number
               WHERE number = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    lines(request, 0, |after| collect(db, sql, (digits(number), after, rows(request)), line))
}

/// The audit trail, newest first.
pub(crate) fn audit(db: &Connection, request: &PageRequest) -> Result<Page<AuditEntry>, Fault> {
    let sql = "SELECT id, doc FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    lines(request, i64::MAX, |before| collect(db, sql, (before, rows(request)), line))
}

/// A page of numbered lines, beginning after `start`.
pub(crate) fn lines<T>(
    request: &PageRequest,
    start: i64,
    find: impl FnOnce(i64) -> Result<Vec<(String, T)>, Fault>,
) -> Result<Page<T>, Fault> {
    let place = match &request.after {
        None => start,
        Some(text) => match text.parse() {
            Ok(id) => sequence(id),
            Err(_) => return Ok(nothing()),
        },
    };
    Ok(page(request, find(place)?))
}

/// A place in a sequence; one beyond what can be counted is beyond the end.
pub(crate) fn sequence(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// A line and its place.
pub(crate) fn line<T: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<(String, T)> {
    Ok((row.get::<_, i64>(0)?.to_string(), read_document(row, 1)?))
}
