//! Starting, ending, and starting again.

use std::process::Stdio;

use serde_json::json;
use tempfile::TempDir;

use crate::shop::{NUMBER, Shop, program};

#[tokio::test]
async fn it_ends_cleanly_and_finds_everything_again() {
    let shop = Shop::start(&[]);
    let rental = shop.rent(NUMBER, "alice").await;
    let key = shop.key.clone();
    let shop = shop.restart();
    assert_eq!(shop.get_as(&key, &format!("/v1/rentals/{NUMBER}")).await.json(), rental);
    let mut shop = shop.restart();
    shop.signal("INT");
    assert_eq!(shop.process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn an_answer_under_way_is_finished() {
    let mut shop = Shop::start(&[]);
    let readiness = shop.get("/readyz").await.json();
    assert_eq!((&readiness["status"], &readiness["store"]), (&json!("ok"), &json!("ok")));
    shop.signal("TERM");
    let stopping = shop.until("/readyz", |answer| answer.status == 503).await;
    assert_eq!(stopping.json()["status"], "stopping");
    assert_eq!(shop.get("/v1/numbers").await.status, 200, "requests are answered to the end");
    assert_eq!(shop.process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn metrics_name_no_number_and_move_to_their_own_port() {
    let shop = Shop::start(&[]);
    shop.invoice(NUMBER, "alice").await;
    shop.get(&format!("/v1/numbers/{NUMBER}")).await;
    let metrics = shop.get("/metrics").await.text;
    assert!(
        metrics.contains(
            r#"rental_http_requests_total{route="/v1/numbers/{number}",method="GET",code="200"} 1"#
        )
    );
    assert!(metrics.contains("rental_http_request_duration_seconds_bucket"));
    assert!(!metrics.contains("88801234567") && !metrics.contains("alice"), "{metrics}");
    let apart = Shop::start(&["--metrics-bind", "127.0.0.1:0"]);
    assert_eq!(apart.get("/metrics").await.refusal().0, 404);
}

#[tokio::test]
async fn the_log_tells_what_was_answered_and_nothing_about_whom() {
    let shop = Shop::start(&[]);
    let invoice = shop.invoice(NUMBER, "alice").await;
    shop.rent("+88807777777", "alice").await;
    shop.get("/v1/numbers/88801234567?x=alice").await;
    shop.get_as("rk_wrong", "/v1/numbers").await;
    let log = shop.log();
    assert!(log.contains("answered") && log.contains("/v1/numbers/{number}"), "{log}");
    let secrets = [
        NUMBER.trim_start_matches('+'),
        "88807777777",
        "alice",
        &shop.key,
        "rk_",
        invoice["payload"].as_str().unwrap(),
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn two_programs_share_one_store() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (Shop::start_in(folder.path(), &[]), Shop::start_in(folder.path(), &[]));
    let invoice = one.invoice(NUMBER, "alice").await;
    let path = format!("/v1/invoices/{}", invoice["id"].as_str().unwrap());
    assert_eq!(two.get(&path).await.json()["status"], "open");
    two.pay(json!({"invoice": invoice["id"]})).await;
    one.until(&path, |answer| answer.json()["status"] == "settled").await;
    assert_eq!(two.get(&path).await.json()["status"], "settled");
}

#[test]
fn what_cannot_start_says_why_in_one_line() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flags, part) in [
        (vec!["--http-bind", address.as_str()], "cannot listen on"),
        (vec!["--ton-provider", "toncenter"], "TON_WALLET is not set"),
        (vec!["--demo", "--ton-provider", "toncenter"], "--demo works in the sandbox only"),
        (vec!["--redis-uri", "http://localhost"], "REDIS_URI is not understood"),
        (vec!["--redis-uri", "redis://127.0.0.1:1", "--redis-timeout-seconds", "1"], "cannot be reached"),
        (vec!["--public-url", "shop"], "PUBLIC_URL"),
        (vec!["--rental-db", "missing/rental.db"], "missing does not exist"),
    ] {
        let ended = program(folder.path())
            .args(&flags)
            .env("RUST_LOG", "off")
            .stdout(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{flags:?}");
        assert!(said.starts_with("error: ") && said.contains(part) && said.lines().count() == 1, "{said}");
    }
}
