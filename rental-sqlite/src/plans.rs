//! Every statement goes along an index: what a query costs does not grow with the shop.

use std::collections::BTreeSet;
use std::sync::Mutex;

use rental_core::{
    Amount, AuditEntry, ChainMove, ChainState, Changes, Comment, CommitId, Currency, CustomerId, Disposition,
    Documents, Due, ExceptionReason, InvoiceQuery, InvoiceRef, LeaseName, LeaseToken, Load, NumberQuery,
    NumberState, Outcome, Owner, PageRequest, Payload, Payment, PaymentQuery, PhoneNumber, Quota, Seconds,
    Section, Timestamp, TxHash, Writing, collect,
};
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use ulid::Ulid;

use crate::commit::Parcel;
use crate::load::Shelves;
use crate::rent::{Customer, START, number};
use crate::{archive, leases, limiter, listings, notes, open, outbox, totals};

/// All statements that were run.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        let sql = statement.sql().into_owned();
        SEEN.lock().expect("no test panics here").insert(sql);
    }
}

fn do_everything(db: &Connection) {
    let now = START;
    let apply = |changes: &Changes| {
        let parcel = Parcel::pack(changes).expect("packs");
        parcel.apply(db, now).expect("applies");
    };
    let mut customer = Customer::new(1);
    apply(&customer.rent());
    let again = customer.rent();
    apply(&again);
    let tx = TxHash([1; 32]);
    apply(&Changes {
        payment: Some(Payment {
            tx,
            lt: 1,
            amount: Amount::whole(Currency::Ton, 0).expect("nothing"),
            comment: Comment::None,
            sender: "0:00".to_owned(),
            chain_time: now,
            booked_at: now,
            outcome: Outcome::Settled,
            invoice: Some(again.invoices[0].id),
            version: 1,
        }),
        chain: Some(ChainMove { from: rental_core::ChainCursor::START, to: ChainState::default() }),
        audit: vec![AuditEntry {
            at: now,
            actor: "console:root".to_owned(),
            action: "number.withdraw".to_owned(),
            object: number(1).to_string(),
            detail: None,
            reason: None,
        }],
        ..Changes::none(CommitId(Ulid::from_parts(9, 9)), Load::default())
    });
    let load = Load {
        invoice: Some(InvoiceRef::Payload(Payload::from_entropy([0; 8]))),
        payment: Some(tx),
        access: true,
        ..customer.load()
    };
    collect(&mut Shelves(db), &load, now).expect("loads");
    Shelves(db).invoice(&InvoiceRef::Id(again.invoices[0].id)).expect("loads");

    list(db, now, number(1));
    outbox::claim(db, "bot", "a", 10, Seconds(60), now).expect("claims");
    for disposition in [Disposition::Done, Disposition::Retry(now), Disposition::Dead("why".to_owned())] {
        outbox::dispose(db, "bot", "a", 1, &disposition, now).expect("disposes");
    }
    outbox::dead_letters(db, "bot", &PageRequest::first(10)).expect("lists");
    for section in Section::ALL {
        let first = archive::read_out(db, section, &PageRequest::first(1), now).expect("reads");
        let rest = PageRequest { after: first.next, limit: 10 };
        archive::read_out(db, section, &rest, now).expect("reads");
    }
    outbox::forget(db, now).expect("forgets");
    crate::store::forget_once(db, now).expect("forgets");

    let (name, token) = (LeaseName::Number(number(1)), LeaseToken::from_entropy([0; 16]));
    leases::acquire(db, &name, &token, Seconds(1), now).expect("answers");
    leases::renew(db, &name, &token, Seconds(1), now).expect("answers");
    leases::held_until(db, &name, now).expect("answers");
    leases::release(db, &name, &token, now).expect("answers");
    leases::forget(db, now).expect("forgets");
    let quota = Quota { limit: 1, window: Seconds(1) };
    limiter::hit(db, "tg:1", quota, now).expect("answers");
    limiter::hit(db, "tg:1", quota, now).expect("answers");
    limiter::pace(db, "key:ab12", quota, now).expect("answers");
    limiter::forget(db, now).expect("forgets");

    let key = "chat:1".parse().expect("a name of a note");
    notes::put(db, &key, "en", Writing::LASTING, now).expect("writes");
    notes::get(db, &key, now).expect("answers");
    notes::list(db, "chat:", &PageRequest::first(10)).expect("lists");
    notes::remove(db, &key, now).expect("removes");
    notes::forget(db, now).expect("forgets");
}

fn list(db: &Connection, now: Timestamp, number: PhoneNumber) {
    let customer: CustomerId = "api:demo:c1".parse().expect("a customer");
    let integrator = customer.integrator().expect("an integrator's").clone();
    let page = PageRequest::first(10);
    let due = Due { deadline: now, number };
    listings::due(db, Some(due), 10, now).expect("lists");
    for owner in [Owner::Anybody, Owner::Integrator(integrator), Owner::Customer(customer)] {
        outbox::feed(db, &owner, 0, 10).expect("lists");
        for states in [vec![], vec![NumberState::Available, NumberState::Rented]] {
            let query = NumberQuery { states, owner: owner.clone() };
            listings::numbers(db, &query, &page).expect("lists");
        }
        for (status, number) in
            [(None, None), (Some("open"), None), (None, Some(number)), (Some("open"), Some(number))]
        {
            let query = InvoiceQuery { owner: owner.clone(), status, number };
            listings::invoices(db, &query, &page).expect("lists");
        }
        for (outcome, reason) in [
            (None, None),
            (Some("exception"), None),
            (None, Some(ExceptionReason::Late)),
            (Some("exception"), Some(ExceptionReason::Late)),
        ] {
            let query = PaymentQuery { owner: owner.clone(), outcome, reason };
            listings::payments(db, &query, &page).expect("lists");
        }
    }
    listings::accounts(db, &page).expect("lists");
    listings::history(db, number, &page).expect("lists");
    listings::audit(db, &page).expect("lists");
    totals::totals(db).expect("counts");
}

/// What a statement may read from end to end: a handful of groups or sequences, the list of states that a query names,
/// and for the figures about the whole shop one index each. (Where the plan does not call an index of stored generated columns
/// covering, SQLite seeks the row only when another column is asked for, and none is.)
fn may_be_scanned(step: &str) -> bool {
    let whole_shop = [
        "SCAN numbers USING INDEX numbers_by_state",
        "SCAN invoices USING INDEX invoices_by_status",
        "SCAN payments USING COVERING INDEX payments_by_outcome",
        "SCAN accounts USING COVERING INDEX sqlite_autoindex_accounts_1",
    ];
    let short = ["SCAN groups", "SCAN sqlite_sequence", "SCAN json_each"];
    whole_shop.contains(&step) || short.iter().any(|table| step.starts_with(table))
}

#[test]
fn no_statement_reads_a_whole_table_or_sorts() {
    let db = open::in_memory().expect("a store");
    db.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
    do_everything(&db);
    db.trace_v2(TraceEventCodes::empty(), None);

    let seen = SEEN.lock().expect("no test panics here").clone();
    assert!(seen.len() > 50, "only {} statements were seen", seen.len());
    for sql in seen {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("explains");
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().expect("a plan") {
            let step: String = row.get(3).expect("a step");
            let whole = step.starts_with("SCAN ") && !may_be_scanned(&step);
            assert!(!whole && !step.contains("TEMP B-TREE"), "{step}\n{sql}");
        }
    }
}
