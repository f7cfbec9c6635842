//! Refunds that are known again on chain, and the operator's own money.

use serde_json::json;

use crate::bench::Bench;

const SAVINGS: &str = "0:2222222222222222222222222222222222222222222222222222222222222222";

#[test]
fn a_refund_is_noted_once_it_is_on_chain() {
    let bench = Bench::with_number();
    let tx = bench.pay(&["--amount", "5", "--comment", "hello"]);
    bench.book();
    let begun = bench.json(&["payments", "refund", &tx]);
    assert_eq!(begun["outcome"], json!("refund_pending"));
    let link = begun["refund_links"]["ton"].as_str().unwrap();
    assert!(link.contains(&format!("text=Refund%20{}", &tx[..16])), "{link}");

    let odd = bench.json(&["sandbox", "send", &tx, "--amount", "4.9"])["tx_hash"].clone();
    bench.book();
    let shown = bench.json(&["payments", "show", &tx]);
    assert_eq!((&shown["outcome"], &shown["refund_tx"]), (&json!("refund_pending"), &odd));
    assert!(bench.ok(&["payments", "refund", &tx]).err.contains("is like this refund"));

    let sent = bench.json(&["sandbox", "send", &tx])["tx_hash"].clone();
    bench.book();
    let shown = bench.json(&["payments", "show", &tx]);
    assert_eq!((&shown["outcome"], &shown["refund_tx"]), (&json!("refunded"), &sent));
    let books = bench.json(&["payments", "reconcile"]);
    assert_eq!(
        (&books["balanced"], &books["sent_back"], &books["sent"]),
        (&json!(true), &json!("5000000000"), &json!("4900000000"))
    );
}

#[test]
fn money_from_the_operators_own_wallets_is_a_deposit_and_part_of_the_books() {
    let bench = Bench::with_number().owning(SAVINGS);
    let tx = bench.pay(&["--amount", "3", "--no-comment", "--from", SAVINGS]);
    bench.book();
    assert_eq!(bench.json(&["payments", "show", &tx])["outcome"], json!("deposit"));
    assert_eq!(bench.json(&["payments", "list", "--outcome", "exception"])["data"], json!([]));
    let books = bench.json(&["payments", "reconcile"]);
    assert_eq!((&books["balanced"], &books["by_outcome"]["deposit"]), (&json!(true), &json!("3000000000")));
    // A wallet that is no longer named makes the deposit unproven.
    bench.write(".env", "");
    bench.refused(&["payments", "reconcile"], 7, "books.unbalanced");
}

#[test]
fn amounts_are_called_as_the_operator_likes_where_people_read_them() {
    let bench = Bench::new();
    bench.write(".env", "CURRENCY_LABEL=GRAM\n");
    bench.ok(&["numbers", "add", "8888123", "--plan", "30d=10"]);
    let plan = &bench.json(&["numbers", "show", "8888123"])["plans"][0];
    assert_eq!((&plan["price"], &plan["price_display"]), (&json!("10000000000"), &json!("10 GRAM")));
    bench.write(".env", "CURRENCY_LABEL=usdt\n");
    let refused = bench.run(&["numbers", "list"]);
    assert!(refused.code == 2 && refused.err.contains("CURRENCY_LABEL=usdt"), "{refused:?}");
}
