//! Prices, payments and books in USDT.

use rental_core::Currency;
use serde_json::json;

use crate::bench::{Bench, NUMBER};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.ok(&["numbers", "add", NUMBER, "--plan", "30d=10+25usdt", "--plan", "7d=8USDT"]);
    bench
}

#[test]
fn a_price_in_usdt_is_kept_shown_and_paid() {
    let bench = bench();
    let number = bench.json(&["numbers", "show", NUMBER]);
    assert_eq!(
        number["plans"],
        json!([
            {"term_days": 7, "price": null, "price_display": null, "price_usdt": "8000000", "price_usdt_display": "8 USDT"},
            {"term_days": 30, "price": "10000000000", "price_display": "10 TON", "price_usdt": "25000000",
             "price_usdt_display": "25 USDT"},
        ])
    );
    let invoice = bench.rent_in(Currency::Usdt, NUMBER, "tg:7").id.to_string();
    let shown = bench.json(&["invoices", "show", &invoice]);
    assert_eq!((&shown["amount"], &shown["currency"]), (&json!("25000000"), &json!("usdt")));
    for kind in ["bounced", "returned", "self", "zero", "jetton", "op"] {
        bench.pay(&[&invoice, "--kind", kind]);
        assert_eq!(bench.book_in(Currency::Usdt).booked, 0, "{kind} is not a payment");
    }
    // A notification to the deposit wallet moves no tokens, whatever it says.
    bench.pay(&[&invoice, "--amount", "25 TON", "--kind", "jetton"]);
    assert_eq!(bench.book().booked, 0);
    bench.pay(&[&invoice, "--amount", "24.999999"]);
    bench.pay(&[&invoice, "--amount", "25usdt", "--kind", "encrypted"]);
    bench.pay(&[&invoice, "--kind", "unreadable"]);
    bench.pay(&[&invoice, "--amount", "25 TON"]);
    assert_eq!((bench.book_in(Currency::Usdt).booked, bench.book().booked), (3, 1));
    bench.pay(&[&invoice]);
    assert_eq!(bench.book_in(Currency::Usdt).settled, 1);
    let because = |reason: &str| {
        let listed = bench.json(&["payments", "list", "--because", reason]);
        listed["data"].as_array().unwrap().iter().map(|row| row["amount_display"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(because("underpaid"), ["24.999999 USDT"]);
    assert_eq!(because("unreadable_comment"), ["25 USDT"]);
    assert_eq!(because("unreadable_message"), ["25 USDT"]);
    assert_eq!(because("wrong_currency"), ["25 TON"]);
}

#[test]
fn the_books_of_each_currency_are_proved_by_themselves() {
    let bench = bench();
    let invoice = bench.rent_in(Currency::Usdt, NUMBER, "tg:7").id.to_string();
    bench.pay(&[&invoice]);
    let odd = bench.pay(&["--amount", "1.5 USDT", "--comment", "for my friends"]);
    bench.pay(&["--amount", "3", "--comment", "for my friends"]);
    assert_eq!((bench.book_in(Currency::Usdt).booked, bench.book().booked), (2, 1));

    let books = bench.json(&["payments", "reconcile"]);
    assert_eq!((&books["balanced"], &books["on_chain"]), (&json!(true), &json!("3000000000")));
    assert_eq!(
        (&books["usdt"]["on_chain"], &books["usdt"]["booked_display"]),
        (&json!("26500000"), &json!("26.5 USDT"))
    );
    let stats = bench.json(&["stats"]);
    assert_eq!((&stats["booked"], &stats["booked_usdt"]), (&json!("3000000000"), &json!("26500000")));
    assert_eq!(stats["payments"]["exception"]["amount_usdt_display"], "1.5 USDT");
    bench.ok(&["doctor"]);

    let refund = bench.json(&["payments", "refund", &odd]);
    let link = refund["refund_links"]["ton"].as_str().unwrap();
    assert!(link.contains("amount=1500000&jetton=EQ"), "{link}");
    let sent = bench.json(&["sandbox", "send", &odd])["tx_hash"].clone();
    bench.book_in(Currency::Usdt);
    let shown = bench.json(&["payments", "show", &odd]);
    assert_eq!((&shown["outcome"], &shown["refund_tx"]), (&json!("refunded"), &sent));
    let books = &bench.json(&["payments", "reconcile"])["usdt"];
    assert_eq!(
        (&books["by_outcome"]["refunded"], &books["sent_back"]),
        (&json!("1500000"), &json!("1500000"))
    );

    bench.tamper("UPDATE payments SET amount = amount + 1 WHERE currency = 'usdt' AND outcome = 'settled'");
    let unbalanced = bench.refused(&["payments", "reconcile"], 7, "books.unbalanced");
    assert!(unbalanced.out.contains("25 USDT came in, 25.000001 USDT is booked"), "{}", unbalanced.out);
}

#[test]
fn a_shop_that_takes_no_usdt_offers_none() {
    let bench = bench();
    bench.ok(&["--usdt", "off", "numbers", "list"]);
    bench.refused(&["numbers", "price", NUMBER, "--plan", "30d=25usdt"], 2, "currency.not_accepted");
    bench.ok(&["numbers", "price", NUMBER, "--plan", "30d=12"]);
    bench.ok(&["--usdt", "on", "numbers", "price", NUMBER, "--plan", "30d=25usdt"]);
    assert_eq!(bench.run(&["--usdt", "perhaps", "numbers", "list"]).code, 2);
    let lines = bench.json(&["audit", "list"]);
    let lines = lines["data"].as_array().unwrap();
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions.iter().filter(|action| action.contains("usdt")).count(), 3, "{actions:?}");
}

#[test]
fn a_price_that_is_none_is_refused() {
    let bench = Bench::new();
    for plan in [
        "30d=",
        "30d=usdt",
        "30d=0usdt",
        "30d=1eur",
        "30d=10+11",
        "30d=0.0000001usdt",
        "30d=10+",
        "30d=-1usdt",
    ] {
        assert_eq!(bench.run(&["numbers", "add", NUMBER, "--plan", plan]).code, 2, "{plan}");
    }
}
