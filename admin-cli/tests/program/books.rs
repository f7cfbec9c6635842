//! Money: exceptions, reconciliation and the doctor.

use serde_json::json;

use crate::bench::{Bench, NUMBER};

#[test]
fn an_odd_payment_is_applied_refunded_or_kept() {
    let bench = Bench::with_number();
    let invoice = bench.rent(NUMBER, "api:demo:alice").id.to_string();
    let short = bench.pay(&[&invoice, "--amount", "9.5"]);
    let lost = bench.pay(&["--amount", "1", "--comment", "hello \u{1b}[2Jworld"]);
    let silent = bench.pay(&["--nanotons", "7", "--no-comment"]);
    assert_eq!(bench.book().booked, 3);

    let table = bench.ok(&["payments", "list", "--outcome", "exception"]).out;
    assert!(table.contains("hello \\u{1b}[2Jworld") && !table.contains('\u{1b}'), "{table}");
    let underpaid = bench.json(&["payments", "list", "--because", "underpaid"]);
    assert_eq!(underpaid["data"].as_array().unwrap().len(), 1);
    assert_eq!(underpaid["data"][0]["tx_hash"], short.as_str());

    assert_eq!(bench.json(&["payments", "apply", &short])["outcome"], "applied");
    assert_eq!(bench.json(&["rentals", "show", NUMBER])["customer"], "api:demo:alice");
    bench.refused(&["payments", "apply", &lost], 2, "invoice.not_named");
    bench.refused(&["payments", "apply", &lost, "--invoice", &invoice], 5, "invoice.settled");

    let refund = bench.json(&["payments", "refund", &lost]);
    assert_eq!(refund["outcome"], "refund_pending");
    let link = refund["refund_links"]["ton"].as_str().unwrap();
    assert!(link.starts_with("ton://transfer/UQAR") && link.contains("amount=1000000000"), "{link}");
    assert_eq!(bench.json(&["payments", "refund", &lost])["refund_links"], refund["refund_links"]);
    let sent = bench.json(&["payments", "refund", &lost, "--sent", &"ab".repeat(32)]);
    assert_eq!((&sent["outcome"], &sent["refund_tx"]), (&json!("refunded"), &json!("ab".repeat(32))));
    bench.refused(&["payments", "refund", &lost, "--sent"], 5, "payment.refund_not_pending");

    bench.refused(&["payments", "write-off", &silent], 6, "cancelled");
    assert_eq!(bench.json(&["payments", "write-off", &silent, "--yes"])["outcome"], "written_off");
    bench.refused(&["payments", "refund", &silent], 5, "payment.decided");

    let books = bench.json(&["payments", "reconcile"]);
    assert_eq!((&books["balanced"], &books["on_chain"]), (&json!(true), &json!("10500000007")));
    assert_eq!(books["by_outcome"]["refunded"], "1000000000");
}

#[test]
fn a_payment_missing_in_the_books_is_named() {
    let (bench, tx) = Bench::with_rental();
    assert!(bench.ok(&["payments", "reconcile"]).out.contains("balanced"));
    bench.tamper("DELETE FROM payments");
    let ran = bench.refused(&["payments", "reconcile"], 7, "books.unbalanced");
    assert!(ran.out.contains(&format!("{tx}: 10 TON came in and is not booked")), "{}", ran.out);
    let ran = bench.run(&["payments", "reconcile", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["balanced"]), (7, &json!(false)));
    assert_eq!(
        (&report["findings"][0]["finding"], &report["findings"][0]["tx"]),
        (&json!("missing"), &json!(tx))
    );
    let problem: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((&problem["code"], &problem["exit_code"]), (&json!("books.unbalanced"), &json!(7)));
}

#[test]
fn a_changed_amount_and_an_invented_payment_are_named() {
    let (bench, tx) = Bench::with_rental();
    bench.tamper("UPDATE payments SET amount = amount + 1");
    let ran = bench.refused(&["payments", "reconcile", "--output", "csv"], 7, "books.unbalanced");
    assert!(ran.out.starts_with("finding\n") && ran.out.contains(&tx), "{}", ran.out);
    bench.tamper("UPDATE payments SET tx = replace(tx, substr(tx, 1, 8), '00000000')");
    let ran = bench.refused(&["payments", "reconcile"], 7, "books.unbalanced");
    assert!(ran.out.contains(": 10.000000001 TON is booked and did not come in"), "{}", ran.out);
}

#[test]
fn the_doctor_finds_what_the_books_contradict() {
    let (bench, _) = Bench::with_rental();
    assert!(bench.ok(&["doctor"]).out.contains("numbers, invoices and accounts agree"));
    bench.tamper("UPDATE accounts SET doc = json_set(doc, '$.numbers', json('[]'))");
    let ran = bench.refused(&["doctor"], 7, "doctor.broken");
    assert!(
        ran.out.contains(&format!("{NUMBER} is held by api:demo:alice, whose account does not list it")),
        "{}",
        ran.out
    );
    let ran = bench.run(&["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["violations"][0]["violation"]), (7, &json!("not_listed_by_holder")));
}

#[test]
fn the_doctor_finds_payments_that_the_chain_contradicts() {
    let (bench, tx) = Bench::with_rental();
    assert!(bench.ok(&["doctor"]).out.contains("booked as they came in"));
    bench.tamper("UPDATE payments SET amount = amount + 1");
    let ran = bench.refused(&["doctor"], 7, "doctor.broken");
    assert!(ran.out.contains("payments        BROKEN") && ran.out.contains(&tx), "{}", ran.out);
    bench.tamper("DELETE FROM payments");
    bench.refused(&["doctor"], 7, "doctor.broken");
    let ran = bench.run(&["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let missing = findings.iter().find(|found| found["finding"] == "missing").unwrap();
    assert_eq!((ran.code, &missing["tx"], &report["healthy"]), (7, &json!(tx), &json!(false)));
    assert!(missing["text"].as_str().unwrap().contains("is not booked"), "{missing}");
}

#[test]
fn a_long_comment_is_cut_in_tables_of_many_rows_only() {
    let bench = Bench::with_number();
    let letter = "a letter to the shop ".repeat(20);
    let tx = bench.pay(&["--amount", "1", "--comment", &letter]);
    bench.book();
    let table = bench.ok(&["payments", "list"]).out;
    assert!(table.contains(" a letter to the shop a letter t… "), "{table}");
    assert!(bench.ok(&["payments", "list", "--output", "csv"]).out.contains(&letter));
    assert_eq!(bench.json(&["payments", "list"])["data"][0]["comment"], letter.as_str());
    assert!(bench.ok(&["payments", "show", &tx]).out.contains(letter.trim_end()));
}

#[test]
fn the_doctor_makes_no_store_and_tells_what_does_not_work() {
    let bench = Bench::new();
    let ran = bench.refused(&["doctor"], 1, "doctor.failed");
    assert!(ran.out.contains("rental.db does not exist"), "{}", ran.out);
    assert!(!bench.exists("rental.db"));
    let ran = bench.refused(&["doctor", "--redis-uri", "http://h"], 1, "doctor.failed");
    assert!(ran.out.contains("REDIS_URI is not understood"), "{}", ran.out);
    bench.ok(&["numbers", "list"]);
    assert!(bench.ok(&["doctor"]).out.contains("never read"));
    let bytes = std::fs::read(bench.path("rental.db")).unwrap();
    std::fs::write(bench.path("rental.db"), [&bytes[..100], &vec![0x5a; bytes.len() - 100]].concat())
        .unwrap();
    bench.refused(&["doctor"], 7, "doctor.broken");
    bench.refused(&["numbers", "list"], 7, "store.corrupt");
}

#[test]
fn an_unreachable_provider_is_a_failure_and_no_damage() {
    let bench = Bench::new();
    let mainnet = [
        "--ton-provider",
        "toncenter",
        "--ton-wallet",
        "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY",
        // Nobody listens there.
        "--ton-api-url",
        "http://127.0.0.1:9",
    ];
    bench.ok(&[&mainnet[..], &["stats", "--ton-start-lt", "0"]].concat());
    let ran = bench.refused(&[&mainnet[..], &["doctor"]].concat(), 1, "doctor.failed");
    assert!(ran.out.contains("provider        FAILED"), "{}", ran.out);
    assert!(ran.out.contains("payments        warning  not compared with the chain"), "{}", ran.out);
}

#[test]
fn a_comparison_says_how_far_it_goes() {
    let bench = Bench::with_number();
    bench.pay(&["--amount", "1", "--no-comment"]);
    assert!(bench.ok(&["payments", "reconcile"]).out.starts_with("compared  nothing yet"));
    bench.book();
    let ran = bench.ok(&["payments", "reconcile"]);
    assert!(ran.out.contains("on chain  1 TON (transactions: 1)"));
}
