//! Numbers, rentals, keys, admins and customers.

use rental_core::{Actor, ApiSecret, Rentals};
use serde_json::json;

use crate::bench::{Bench, NUMBER};

#[test]
fn a_number_goes_through_its_life() {
    let (bench, tx) = Bench::with_rental();
    let payments = bench.json(&["payments", "list"]);
    assert_eq!(payments["data"][0]["tx_hash"], tx.as_str());
    assert_eq!(payments["data"][0]["outcome"], "settled");
    assert_eq!(bench.json(&["payments", "show", &tx])["amount"], "10000000000");
    let invoice = bench.json(&["invoices", "list", "--status", "settled"])["data"][0].clone();
    assert_eq!((&invoice["customer"], &invoice["links"]), (&json!("api:demo:alice"), &json!(null)));

    let rental = bench.json(&["rentals", "show", "+888 0123 4567"]);
    assert_eq!((&rental["customer"], &rental["state"]), (&json!("api:demo:alice"), &json!("active")));
    let extended = bench.json(&["rentals", "extend", NUMBER, "--by", "5d", "--reason", "sorry"]);
    assert!(extended["expires_at"].as_str() > rental["expires_at"].as_str());
    assert_eq!(bench.json(&["rentals", "list", "--integrator", "demo"])["data"].as_array().unwrap().len(), 1);
    assert_eq!(bench.json(&["rentals", "list", "--customer", "tg:1"])["data"], json!([]));
    assert_eq!(bench.json(&["customers", "show", "api:demo:alice"])["numbers"], json!([NUMBER]));

    bench.refused(&["rentals", "revoke", NUMBER], 6, "cancelled");
    assert_eq!(bench.json(&["rentals", "revoke", NUMBER, "--yes"])["state"], "turnover");
    bench.refused(&["rentals", "show", NUMBER], 3, "rental.not_found");
    let history = bench.json(&["numbers", "show", NUMBER])["history"].clone();
    let kinds: Vec<_> = history.as_array().unwrap().iter().map(|line| line["kind"].clone()).collect();
    assert_eq!(kinds, ["added", "rented", "extended", "revoked"]);

    let audit = bench.json(&["audit", "list", "--limit", "2"]);
    assert_eq!(audit["data"][1]["action"], "rental.extend");
    assert_eq!(
        (&audit["data"][1]["actor"], &audit["data"][1]["reason"]),
        (&json!("console:tester"), &json!("sorry"))
    );
    let stats = bench.json(&["stats"]);
    assert_eq!(
        (&stats["payments"]["settled"]["count"], &stats["booked_display"]),
        (&json!(1), &json!("10 TON"))
    );
    bench.ok(&["payments", "reconcile"]);
    let doctor = bench.json(&["doctor"]);
    assert_eq!((&doctor["healthy"], &doctor["violations"]), (&json!(true), &json!([])));
}

#[test]
fn withdrawing_and_restoring_keep_the_plans() {
    let bench = Bench::with_number();
    let priced = bench.json(&["numbers", "price", "888 0123 4567", "--plan", "90d=27", "--plan", "7d=3.5"]);
    assert_eq!(
        priced["plans"][0],
        json!({"term_days": 7, "price": "3500000000", "price_display": "3.5 TON", "price_usdt": null,
            "price_usdt_display": null})
    );
    let withdrawn = bench.json(&["numbers", "withdraw", NUMBER]);
    assert_eq!(
        (&withdrawn["data"][0]["state"], &withdrawn["data"][0]["plans"]),
        (&json!("withdrawn"), &priced["plans"])
    );
    assert_eq!(bench.json(&["numbers", "price", NUMBER, "--plan", "7d=4"])["state"], "withdrawn");
    assert_eq!(bench.json(&["numbers", "restore", NUMBER])["data"][0]["state"], "available");
    bench.refused(&["numbers", "restore", NUMBER], 5, "number.listed");
    assert_eq!(bench.json(&["numbers", "restrict", NUMBER])["data"][0]["state"], "restricted");
    let waiting = bench.json(&["numbers", "await-deletion", NUMBER, "--until", "2999-01-01T00:00:00Z"]);
    assert_eq!(
        (&waiting["state"], &waiting["until"]),
        (&json!("pending_deletion"), &json!("2999-01-01T00:00:00Z"))
    );
}

#[test]
fn many_numbers_are_added_or_none() {
    let bench = Bench::with_number();
    bench.refused(&["numbers", "add", "8888123", NUMBER, "--plan", "1d=1"], 5, "number.exists");
    assert_eq!(bench.json(&["numbers", "list"])["data"].as_array().unwrap().len(), 1);
    bench.refused(&["numbers", "add", "8888123", "--plan", "1d=1", "--plan", "1d=2"], 2, "plan.invalid");
    bench.ok(&["numbers", "add", "8888123", "+888 8 123", "8888124", "--plan", "1d=1"]);
    assert_eq!(bench.json(&["numbers", "list", "--state", "available"])["data"].as_array().unwrap().len(), 3);
    bench.refused(&["numbers", "withdraw", "8888123", "8888124"], 6, "cancelled");
    bench.ok(&["numbers", "withdraw", "8888123", "8888124", "-y"]);

    let first = bench.json(&["numbers", "list", "--limit", "2"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = bench.json(&["numbers", "list", "--limit", "2", "--cursor", cursor]);
    assert_eq!((&second["data"][0]["number"], &second["next_cursor"]), (&json!(NUMBER), &json!(null)));
    let csv = bench.ok(&["numbers", "list", "--state", "withdrawn", "--output", "csv"]).out;
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some(
            "number,display,state,plans,listing,customer,invoice,until,added_at,version,ownership,checked_at"
        )
    );
    assert!(lines.next().unwrap().starts_with("+8888123,+888 8 123,withdrawn,1d=1,withdrawn,,,,20"));
}

#[test]
fn many_numbers_are_changed_or_none() {
    let bench = Bench::with_number();
    for verb in ["withdraw", "restrict", "restore"] {
        if verb == "restore" {
            bench.ok(&["numbers", "withdraw", NUMBER]);
        }
        let before = bench.json(&["numbers", "show", NUMBER]);
        // Without a yes: nobody is asked about numbers that do not exist.
        let ran = bench.refused(&["numbers", verb, NUMBER, "8888123"], 3, "number.not_found");
        assert!(ran.err.contains("+8888123: ") && ran.out.is_empty(), "{verb}: {ran:?}");
        assert_eq!(bench.json(&["numbers", "show", NUMBER]), before, "{verb}");
    }
}

#[test]
fn a_locked_number_changes_only_with_its_token() {
    let bench = Bench::with_number();
    let token = bench.json(&["numbers", "lock", NUMBER, "--for", "1h"])["token"].as_str().unwrap().to_owned();
    bench.refused(&["numbers", "lock", NUMBER, "--for", "1h"], 5, "number.locked");
    bench.refused(&["numbers", "withdraw", NUMBER], 5, "number.locked");
    bench.ok(&["numbers", "withdraw", NUMBER, "--lease", &token]);
    assert!(bench.json(&["numbers", "show", NUMBER])["locked_until"].is_string());
    bench.refused(&["numbers", "unlock", NUMBER, "--token", "other"], 5, "lock.not_yours");
    bench.ok(&["numbers", "unlock", NUMBER, "--token", &token]);
    bench.refused(&["numbers", "unlock", NUMBER, "--token", &token], 5, "lock.absent");
    let trail = bench.json(&["audit", "list"]).to_string();
    assert_eq!(
        (trail.matches("number.lock").count(), trail.matches("number.unlock").count()),
        (1, 1),
        "{trail}"
    );
    bench.ok(&["numbers", "restore", NUMBER]);
}

#[test]
fn a_key_is_shown_once_and_ends_at_once() {
    let bench = Bench::new();
    let key = bench.json(&["keys", "create", "partner", "--read-only"]);
    assert_eq!(key["scopes"], json!(["read"]));
    let secret = ApiSecret::parse(key["secret"].as_str().unwrap()).unwrap();
    let app = bench.app();
    let known = bench.wait(app.service.authenticate(&secret)).unwrap();
    assert_eq!(Actor::Integrator(known.integrator), Actor::Integrator("partner".parse().unwrap()));

    let listed = bench.ok(&["keys", "list", "--json"]).out;
    assert!(listed.contains(secret.id()) && !listed.contains(key["secret"].as_str().unwrap()));
    bench.refused(&["keys", "revoke", secret.id()], 6, "cancelled");
    // The whole key will do, as it is what somebody finds leaked.
    assert!(bench.json(&["keys", "revoke", &secret.expose(), "--yes"])["revoked_at"].is_string());
    assert!(bench.wait(app.service.authenticate(&secret)).is_err());
    bench.refused(&["keys", "revoke", secret.id(), "--yes"], 3, "key.not_found");
}

#[test]
fn admins_and_bans() {
    let bench = Bench::with_number();
    bench.ok(&["admins", "add", "tg:42"]);
    bench.refused(&["admins", "add", "42"], 5, "admin.exists");
    assert_eq!(bench.json(&["admins", "list"])["data"], json!([{"admin": "tg:42"}]));
    bench.refused(&["admins", "remove", "42"], 6, "cancelled");
    bench.ok(&["admins", "remove", "42", "-y"]);
    bench.refused(&["admins", "remove", "42", "-y"], 3, "admin.not_found");

    bench.refused(&["customers", "show", "tg:7"], 3, "customer.not_found");
    let banned = bench.json(&["customers", "ban", "tg:7", "--reason", "fraud"]);
    assert_eq!((&banned["banned"], &banned["ban_reason"]), (&json!(true), &json!("fraud")));
    assert_eq!(bench.json(&["customers", "list"])["data"][0], banned);
    assert_eq!(bench.json(&["customers", "unban", "tg:7"])["banned"], false);
    bench.refused(&["customers", "unban", "tg:7"], 5, "customer.not_banned");
}
