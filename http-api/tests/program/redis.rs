//! The program on Redis.

use redis_servers::Server;
use serde_json::json;
use tempfile::TempDir;

use crate::shop::{NUMBER, Shop};

#[tokio::test]
async fn a_number_is_rented_on_redis_and_two_programs_share_the_shop() {
    let (server, folder) = (Server::builder().start(), TempDir::new().unwrap());
    let url = server.url();
    let flags = ["--redis-uri", &url, "--redis-namespace", "shop", "--rate-limit", "60"];
    let one = Shop::start_in(folder.path(), &flags);
    let rental = one.rent(NUMBER, "alice").await;
    let mut two = Shop::start_in(folder.path(), &flags);
    two.key.clone_from(&one.key);
    assert_eq!(two.get(&format!("/v1/rentals/{NUMBER}")).await.json(), rental);
    assert!(server.cli(&["KEYS", "*"]).lines().all(|key| key.starts_with("shop:")));

    let mut statuses = Vec::new();
    for turn in 0..80 {
        let program = if turn % 2 == 0 { &one } else { &two };
        statuses.push(program.get("/v1/numbers").await.status);
    }
    let allowed = statuses.iter().filter(|status| **status == 200).count();
    assert!((10..=70).contains(&allowed), "one limit for both programs: {allowed} of 80 were allowed");
}

#[tokio::test]
async fn a_redis_that_was_emptied_is_noticed_and_not_filled_again() {
    let (server, folder) = (Server::builder().start(), TempDir::new().unwrap());
    let url = server.url();
    let flags = ["--redis-uri", &url];
    let shop = Shop::start_in(folder.path(), &flags);
    server.cli(&["FLUSHALL"]);
    for path in ["/v1/numbers", "/v1/rentals", "/v1/invoices"] {
        assert_eq!(shop.get(path).await.refusal(), (503, "store.shop_gone".to_owned()), "{path}");
    }
    let body = json!({"number": NUMBER, "term_days": 30, "customer": "alice"});
    assert_eq!(shop.post("/v1/invoices", body).await.refusal(), (503, "store.shop_gone".to_owned()));
    assert_eq!(shop.get("/readyz").await.status, 503);
    assert_eq!(shop.get("/livez").await.status, 200);
    drop(shop);

    let again = crate::shop::program(folder.path()).args(flags).output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && said.contains("the shop is gone from Redis"), "{said}");
    let left = server.cli(&["KEYS", "*"]);
    let passing = |key: &str| ["lock:worker:", "pace:"].iter().any(|root| key.starts_with(root));
    assert!(left.lines().all(passing), "{left}");
}
