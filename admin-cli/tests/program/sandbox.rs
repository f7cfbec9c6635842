//! The local chain and clock.

use serde_json::json;

use crate::bench::{Bench, NUMBER};

#[test]
fn every_kind_of_transfer_is_what_it_says() {
    let bench = Bench::with_number();
    let invoice = bench.rent(NUMBER, "tg:7").id.to_string();
    for kind in ["bounced", "returned", "self", "zero", "jetton", "op"] {
        bench.pay(&[&invoice, "--kind", kind]);
        assert_eq!(bench.book().booked, 0, "{kind} is not a payment");
    }
    for (kind, reason, comment) in [
        ("encrypted", "unreadable_comment", "encrypted"),
        ("binary", "unreadable_comment", "binary"),
        ("unreadable", "unreadable_message", ""),
    ] {
        let tx = bench.pay(&[&invoice, "--kind", kind]);
        bench.book();
        let payment = bench.json(&["payments", "show", &tx]);
        assert_eq!((&payment["reason"], &payment["comment"]), (&json!(reason), &json!(null)), "{kind}");
        assert!(comment.is_empty() || payment["comment_kind"] == comment, "{payment}");
    }
    let made = bench.json(&["sandbox", "pay", &invoice, "--times", "3"]);
    assert_eq!(made["data"].as_array().unwrap().len(), 3);
    assert_eq!(
        (bench.book().booked, bench.json(&["rentals", "list"])["data"].as_array().unwrap().len()),
        (3, 1)
    );
    assert_eq!(
        bench.json(&["payments", "list", "--because", "duplicate"])["data"].as_array().unwrap().len(),
        2
    );
    bench.ok(&["payments", "reconcile"]);
    bench.ok(&["doctor"]);
}

#[test]
fn half_a_payment_cannot_be_made() {
    let bench = Bench::new();
    bench.refused(&["sandbox", "pay"], 2, "usage");
    bench.refused(&["sandbox", "pay", "--amount", "1"], 2, "usage");
    bench.refused(&["sandbox", "pay", "inv_01KX0000000000000000000000"], 3, "invoice.not_found");
    let long = "x".repeat(70_000);
    bench.refused(&["sandbox", "pay", "--amount", "1", "--comment", &long], 2, "sandbox.transfer");
}

#[test]
fn the_clock_turns_for_everybody() {
    let (bench, _) = Bench::with_rental();
    let end = bench.json(&["rentals", "show", NUMBER])["expires_at"].clone();
    bench.ok(&["sandbox", "advance", "20d"]);
    assert_eq!(bench.json(&["rentals", "show", NUMBER])["state"], "active");
    let now = bench.json(&["sandbox", "advance", "10d"])["now"].clone();
    assert!(now.as_str() >= end.as_str());
    assert_eq!(bench.json(&["rentals", "show", NUMBER])["state"], "grace");
    bench.ok(&["sandbox", "advance", "2d"]);
    assert_eq!(bench.json(&["numbers", "show", NUMBER])["state"], "available");
    bench.ok(&["doctor"]);
}
