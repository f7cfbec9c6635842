//! A shop is moved to another store, and is the same shop there.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::Arc;

use rental_core::{
    Actor, Archive, AuditEntry, Command as Deed, Currency, FillingId, PageRequest, Record, Rentals, Request,
    Section, SystemClock, Timestamp, Ulid,
};
use rental_sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::bench::{Bench, NUMBER};

/// Lines of the audit trail in a shop that takes a moment to copy.
const LINES: u64 = 30_000;

const COPY: [&str; 6] = ["store", "copy", "--from", "big.db", "--to", "copy.db"];

/// Starts a copy of the shop with many lines and waits until its audit trail is under way.
fn copying(bench: &Bench) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut child = bench.program(&COPY).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.by_ref().any(|line| line.starts_with("copying: history")));
    (child, told)
}

/// Fills the shop's audit trail, as years would.
fn with_many_lines(bench: &Bench) {
    bench.ok(&["numbers", "list"]);
    let line = |n| {
        Record::Audit(AuditEntry {
            at: Timestamp::from_unix(n),
            actor: "console:root".to_owned(),
            action: "number.withdraw".to_owned(),
            object: NUMBER.to_owned(),
            detail: None,
            reason: Some(format!("line {n}")),
        })
    };
    let lines: Vec<Record> = (0..LINES).map(line).collect();
    let old = SqliteStore::open(bench.path("rental.db"), Arc::new(SystemClock)).unwrap();
    let new = SqliteStore::open_to_fill(bench.path("big.db"), Arc::new(SystemClock)).unwrap();
    let id = FillingId(Ulid::from_parts(1, 1));
    bench.wait(async {
        new.begin_filling(id).await.unwrap();
        for section in Section::ALL {
            let page = old.read_out(section, &PageRequest::first(PageRequest::MOST)).await.unwrap();
            new.fill(id, &page.items).await.unwrap();
        }
        for lines in lines.chunks(PageRequest::MOST) {
            new.fill(id, lines).await.unwrap();
        }
        new.finish_filling(id).await.unwrap();
    });
}

/// Everything that the command line shows of a shop.
fn shown(bench: &Bench, db: &str) -> Vec<Value> {
    let lists = ["numbers", "rentals", "invoices", "payments", "customers", "admins", "keys", "audit"];
    let shown = lists.map(|noun| bench.json(&["--rental-db", db, noun, "list", "--all"]));
    shown.into_iter().chain([bench.json(&["--rental-db", db, "stats"])]).collect()
}

#[test]
fn a_moved_shop_is_the_same_and_goes_on() {
    let (old, tx) = Bench::with_rental();
    old.ok(&["numbers", "add", "8888123", "--plan", "7d=3"]);
    old.ok(&["numbers", "withdraw", "8888123", "--reason", "restricted"]);
    old.ok(&["admins", "add", "7"]);
    old.ok(&["keys", "create", "partner"]);
    let late = old.pay(&["--amount", "2.5", "--no-comment"]);
    old.book();
    old.ok(&["payments", "write-off", &late, "--yes", "--reason", "unknown"]);
    let new = Bench::new();
    let target = new.path("rental.db");

    let report = old.json(&["store", "copy", "--from", "rental.db", "--to", target.to_str().unwrap()]);
    assert_eq!((&report["from"], &report["to"]), (&json!("rental.db"), &json!(target.to_str())));
    assert_eq!((&report["numbers"]["rented"], &report["numbers"]["withdrawn"]), (&json!(1), &json!(1)));
    assert_eq!(report["payments"]["settled"]["amount"], "10000000000");
    assert_eq!((&report["booked"], &report["booked_display"]), (&json!("12500000000"), &json!("12.5 TON")));
    let copied = &report["copied"];
    assert_eq!((&copied["numbers"], &copied["payments"], &copied["shop"]), (&json!(2), &json!(2), &json!(1)));
    assert_eq!(copied["audit"], old.json(&["audit", "list", "--all"])["data"].as_array().unwrap().len());

    for file in ["rental.db.sandbox", "rental.db.sandbox-clock"] {
        if old.exists(file) {
            std::fs::copy(old.path(file), new.path(file)).unwrap();
        }
    }
    assert_eq!(shown(&new, "rental.db"), shown(&old, "rental.db"));
    new.ok(&["payments", "reconcile"]);
    new.ok(&["doctor"]);
    new.refused(&["payments", "write-off", &tx, "--yes"], 5, "payment.decided");

    let customer = "api:demo:alice".parse().unwrap();
    let deed = Deed::OpenRenewal {
        number: NUMBER.parse().unwrap(),
        term: "30d".parse().unwrap(),
        currency: Currency::Ton,
    };
    let request = Request::new(Actor::Customer(customer), deed);
    let invoice = new.wait(new.app().service.execute(request)).unwrap().invoice().unwrap();
    new.pay(&[&invoice.id.to_string()]);
    assert_eq!(new.book().settled, 1);
    new.ok(&["payments", "reconcile"]);
    new.ok(&["doctor"]);
}

#[test]
fn a_copy_that_was_killed_is_no_shop_and_can_be_repeated() {
    let bench = Bench::with_rental().0;
    with_many_lines(&bench);
    for _ in 0..3 {
        let (mut child, _) = copying(&bench);
        child.kill().unwrap(); // SIGKILL
        assert!(!child.wait().unwrap().success());
        let ran = bench.refused(&["--rental-db", "copy.db", "stats"], 1, "store.incompatible");
        assert!(
            ran.err.contains("copy.db holds a copy that was not finished; run the copy again"),
            "{}",
            ran.err
        );
    }
    let ran = bench.ok(&COPY);
    let lines =
        bench.json(&["--rental-db", "big.db", "audit", "list", "--all"])["data"].as_array().unwrap().len();
    assert!(ran.err.contains(&format!("\ncopying: audit {lines}\n")), "{}", ran.err);
    assert!(
        ran.err.contains("\nreading back: audit") && ran.err.contains("\ncomparing with the source: audit")
    );
    assert!(
        ran.err.ends_with("copy.db holds the shop now; run the programs on it, and never again on big.db\n")
    );
    assert!(!ran.err.contains('\u{1b}'), "no terminal, no control characters");
    assert_eq!(shown(&bench, "copy.db"), shown(&bench, "big.db"));
    bench.refused(&COPY, 5, "store.not_empty");
    assert_eq!(shown(&bench, "copy.db"), shown(&bench, "big.db"));
}

#[test]
fn a_source_that_changes_under_the_copy_is_noticed() {
    let bench = Bench::with_rental().0;
    with_many_lines(&bench);
    let (mut child, told) = copying(&bench);
    bench.ok(&["--rental-db", "big.db", "admins", "add", "7"]);
    let told: Vec<String> = told.collect();
    assert_eq!(child.wait().unwrap().code(), Some(5), "{told:?}");
    let last = told.last().unwrap();
    assert!(last.starts_with("error[copy.source_changed]: ") && last.contains("access"), "{last}");
    bench.refused(&["--rental-db", "copy.db", "stats"], 1, "store.incompatible");
    bench.ok(&COPY);
    assert_eq!(shown(&bench, "copy.db"), shown(&bench, "big.db"));
}

#[test]
fn only_a_shop_is_copied_and_only_into_nothing() {
    let bench = Bench::with_number();
    let names = || {
        let entries = std::fs::read_dir(bench.path(".")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let copy = |from: &str, to: &str, exit: i32, code: &str| {
        bench.refused(&["store", "copy", "--from", from, "--to", to], exit, code)
    };
    let ran = copy("none.db", "copy.db", 3, "store.not_found");
    assert!(ran.err.contains("none.db does not exist"), "{}", ran.err);
    let ran = copy("rental.db", "./rental.db", 2, "usage");
    assert!(ran.err.contains("both rental.db"), "{}", ran.err);
    let ran = copy("rental.db", "redsi://:secret@host", 2, "usage");
    assert!(ran.err.contains("--to: redsi:// is no kind of store"), "{}", ran.err);
    assert!(!ran.err.contains("secret"), "{}", ran.err);
    copy("rental.db", "", 2, "usage");
    copy("rental.db", "no/such/folder.db", 1, "store.open");
    assert_eq!(bench.run(&["store", "copy", "--from", "rental.db"]).code, 2);
    bench.refused(&["store", "copy", "--from", "rental.db", "--to", "copy.db", "--reason", "x"], 2, "usage");
    assert_eq!(names(), before, "nothing was made");

    bench.write("letter.db", "Dear shop, ".repeat(100).as_str());
    copy("letter.db", "copy.db", 1, "store.open");
    copy("rental.db", "letter.db", 1, "store.open");
    drop(SqliteStore::open(bench.path("empty.db"), Arc::new(SystemClock)).unwrap());
    copy("empty.db", "copy.db", 3, "copy.no_shop");
    bench.ok(&["--rental-db", "other.db", "stats"]);
    let stats = bench.json(&["--rental-db", "other.db", "stats"]);
    copy("rental.db", "other.db", 5, "store.not_empty");
    assert_eq!(bench.json(&["--rental-db", "other.db", "stats"]), stats);
}

#[test]
fn the_report_is_a_table_or_json_on_stdout() {
    let bench = Bench::with_rental().0;
    let ran = bench.ok(&["store", "copy", "--from", "rental.db", "--to", "a.db"]);
    for row in ["numbers    rented", "payments   settled", "records    audit", "records    history"] {
        assert!(ran.out.contains(row), "{row}: {}", ran.out);
    }
    assert!(ran.out.contains("10 TON"), "{}", ran.out);
    let ran = bench.ok(&["store", "copy", "--from", "a.db", "--to", "b.db", "--output", "csv"]);
    assert!(ran.out.starts_with("what,name,count,amount\nnumbers,rented,1,\n"), "{}", ran.out);
}
