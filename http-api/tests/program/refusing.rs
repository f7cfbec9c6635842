//! Requests that make no sense: each is refused with a code, and nothing changes.

use rental_core::{ApiSecret, Scope};
use reqwest::Method;
use serde_json::json;

use crate::shop::{NUMBER, Shop};

/// Path, status, code.
const GETS: &[(&str, u16, &str)] = &[
    ("/", 404, "route.not_found"),
    ("/v1", 404, "route.not_found"),
    ("/v2/numbers", 404, "route.not_found"),
    ("/v1/numbers/", 404, "route.not_found"),
    ("/v1/webhooks", 404, "route.not_found"),
    ("/v1/numbers?limit=0", 422, "limit.invalid"),
    ("/v1/numbers?limit=101", 422, "limit.invalid"),
    ("/v1/numbers?limit=-1", 422, "limit.invalid"),
    ("/v1/numbers?limit=ten", 422, "limit.invalid"),
    ("/v1/numbers?limit=", 422, "limit.invalid"),
    ("/v1/numbers?limit=1&limit=2", 422, "query.invalid"),
    ("/v1/numbers?cursor=zzzz", 422, "cursor.invalid"),
    ("/v1/numbers?cursor=", 422, "cursor.invalid"),
    ("/v1/numbers?state=free", 422, "filter.invalid"),
    ("/v1/numbers?sort=price", 422, "query.invalid"),
    ("/v1/numbers/12", 422, "number.invalid"),
    ("/v1/numbers/+12025550100", 422, "number.invalid"),
    ("/v1/numbers/%2B888%2F01234567", 422, "number.invalid"),
    ("/v1/numbers/%FF%FE", 400, "request.malformed"),
    ("/v1/numbers/+88809999999", 404, "number.not_found"),
    ("/v1/numbers/12/history", 422, "number.invalid"),
    ("/v1/invoices?status=paid", 422, "filter.invalid"),
    ("/v1/invoices?customer=a%20b", 422, "customer.invalid"),
    ("/v1/invoices?customer=api:other:a", 422, "customer.invalid"),
    ("/v1/invoices?number=1", 422, "number.invalid"),
    ("/v1/invoices/inv_1", 404, "invoice.not_found"),
    ("/v1/invoices/inv_01KDVDNA00000000000000001A", 404, "invoice.not_found"),
    ("/v1/invoices/..%2F..%2Fetc", 404, "invoice.not_found"),
    ("/v1/rentals?customer=", 422, "customer.invalid"),
    ("/v1/rentals/+88801234567", 404, "rental.not_found"),
    ("/v1/payments?outcome=lost", 422, "filter.invalid"),
    ("/v1/payments/xyz", 404, "payment.not_found"),
    ("/v1/events?after=-1", 422, "cursor.invalid"),
    ("/v1/events?after=x", 422, "cursor.invalid"),
    ("/v1/events?limit=1000", 422, "limit.invalid"),
];

/// Path, body, status, code.
const POSTS: &[(&str, &str, u16, &str)] = &[
    ("/v1/invoices", "", 422, "request.invalid"),
    ("/v1/invoices", "{", 400, "request.malformed"),
    ("/v1/invoices", "{} {}", 422, "request.invalid"),
    ("/v1/invoices", "null", 422, "request.invalid"),
    ("/v1/invoices", "[]", 422, "request.invalid"),
    ("/v1/invoices", r#" ["+88801234567",30,"alice"]"#, 422, "request.invalid"),
    ("/v1/invoices", "\u{0}", 400, "request.malformed"),
    ("/v1/invoices", r#"{"number":"+88801234567"}"#, 422, "request.invalid"),
    (
        "/v1/invoices",
        r#"{"number":"+88801234567","term_days":30,"customer":"a","price":"1"}"#,
        422,
        "request.invalid",
    ),
    (
        "/v1/invoices",
        r#"{"number":"+88801234567","term_days":30,"customer":"a","customer":"b"}"#,
        422,
        "request.invalid",
    ),
    ("/v1/invoices", r#"{"number":88801234567,"term_days":30,"customer":"a"}"#, 422, "request.invalid"),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":"30","customer":"a"}"#, 422, "request.invalid"),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":1e2,"customer":"a"}"#, 422, "request.invalid"),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":null,"customer":"a"}"#, 422, "request.invalid"),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":0,"customer":"a"}"#, 422, "term.invalid"),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":-30,"customer":"a"}"#, 422, "term.invalid"),
    (
        "/v1/invoices",
        r#"{"number":"+88801234567","term_days":4294967326,"customer":"a"}"#,
        422,
        "term.invalid",
    ),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":31,"customer":"a"}"#, 422, "plan.not_found"),
    ("/v1/invoices", r#"{"number":"+1","term_days":30,"customer":"a"}"#, 422, "number.invalid"),
    ("/v1/invoices", r#"{"number":"","term_days":30,"customer":"a"}"#, 422, "number.invalid"),
    ("/v1/invoices", r#"{"number":"+88809999999","term_days":30,"customer":"a"}"#, 404, "number.not_found"),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":30,"customer":""}"#, 422, "customer.invalid"),
    ("/v1/invoices", r#"{"number":"+88801234567","term_days":30,"customer":"a/b"}"#, 422, "customer.invalid"),
    (
        "/v1/invoices",
        r#"{"number":"+88801234567","term_days":30,"customer":"tg:1"}"#,
        422,
        "customer.invalid",
    ),
    (
        "/v1/invoices",
        r#"{"number":"+88801234567","term_days":30,"customer":"api:other:a"}"#,
        422,
        "customer.invalid",
    ),
    ("/v1/invoices/inv_1/cancel", "{}", 404, "invoice.not_found"),
    ("/v1/invoices/inv_01KDVDNA00000000000000001A/cancel", "", 404, "invoice.not_found"),
    ("/v1/invoices/inv_01KDVDNA00000000000000001A/cancel", r#"{"force":true}"#, 422, "request.invalid"),
    ("/v1/rentals/+88801234567/renew", r#"{"term_days":30}"#, 404, "rental.not_found"),
    ("/v1/rentals/x/renew", r#"{"term_days":30}"#, 422, "number.invalid"),
    ("/v1/rentals/+88801234567/transfers", r#"{"to":"bob"}"#, 404, "rental.not_found"),
    ("/v1/rentals/+88801234567/transfers", r#"{"to":"tg:1"}"#, 422, "customer.invalid"),
    ("/v1/transfers/tr_x/accept", r#"{"customer":"a"}"#, 404, "transfer.not_found"),
    (
        "/v1/transfers/tr_AAAAFKzpLgcHBwcHBwcHBwcHBwcHBwcH/accept",
        r#"{"customer":"a"}"#,
        404,
        "transfer.not_found",
    ),
    ("/sandbox/pay", "{}", 422, "request.invalid"),
    ("/sandbox/pay", r#"{"invoice":"inv_1"}"#, 404, "invoice.not_found"),
    ("/sandbox/pay", r#"{"amount":"1.5","comment":"x"}"#, 422, "amount.invalid"),
    ("/sandbox/pay", r#"{"amount":"-1","comment":"x"}"#, 422, "amount.invalid"),
    ("/sandbox/pay", r#"{"amount":"9223372036854775808","comment":"x"}"#, 422, "amount.invalid"),
    ("/sandbox/pay", r#"{"amount":10,"comment":"x"}"#, 422, "request.invalid"),
];

#[tokio::test]
async fn bad_requests_are_refused_and_change_nothing() {
    let shop = Shop::start(&["--rate-limit", "100000"]);
    let before = shop.get("/v1/numbers").await.text;
    let bearer = format!("Bearer {}", shop.key);
    for (path, status, code) in GETS {
        assert_eq!(shop.get(path).await.refusal(), (*status, (*code).to_owned()), "GET {path}");
    }

    let long = format!(r#"{{"number":"{NUMBER}","term_days":30,"customer":"{}"}}"#, "a".repeat(65));
    let deep = "[".repeat(10_000);
    let extremes = [
        ("/v1/invoices", long.as_str(), 422, "customer.invalid"),
        ("/v1/invoices", deep.as_str(), 422, "request.invalid"),
    ];
    for (path, body, status, code) in POSTS.iter().chain(&extremes) {
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = shop.send(Method::POST, path, &headers, body.as_bytes().to_vec()).await;
        assert_eq!(answer.refusal(), (*status, (*code).to_owned()), "POST {path} {body:.200}");
    }

    assert_eq!(shop.get("/v1/numbers").await.text, before);
    for path in ["/v1/invoices", "/v1/rentals", "/v1/payments", "/v1/events"] {
        assert_eq!(shop.get(path).await.json()["data"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn the_form_of_a_request_is_checked_before_its_meaning() {
    let shop = Shop::start(&[]);
    let bearer = format!("Bearer {}", shop.key);
    let authorization = ("authorization", bearer.as_str());
    let json = ("content-type", "application/json");
    let good = json!({"number": NUMBER, "term_days": 30, "customer": "alice"}).to_string();
    let long_key = "k".repeat(256);
    let stranger = format!("Bearer {}", ApiSecret::from_entropy([1; 32]).expose());
    for (method, headers, body, status, code) in [
        (Method::POST, vec![authorization], good.clone(), 415, "request.unsupported_type"),
        (
            Method::POST,
            vec![authorization, ("content-type", "text/plain")],
            good.clone(),
            415,
            "request.unsupported_type",
        ),
        (Method::POST, vec![authorization, json], "x".repeat(65_537), 413, "request.too_large"),
        (
            Method::POST,
            vec![authorization, json, ("idempotency-key", "")],
            good.clone(),
            400,
            "idempotency.malformed",
        ),
        (
            Method::POST,
            vec![authorization, json, ("idempotency-key", "a b")],
            good.clone(),
            400,
            "idempotency.malformed",
        ),
        (
            Method::POST,
            vec![authorization, json, ("idempotency-key", &long_key)],
            good.clone(),
            400,
            "idempotency.malformed",
        ),
        (Method::POST, vec![json], good.clone(), 401, "access.unauthenticated"),
        (
            Method::POST,
            vec![json, ("authorization", "Bearer rk_x")],
            good.clone(),
            401,
            "access.unauthenticated",
        ),
        (Method::POST, vec![json, ("authorization", &stranger)], good.clone(), 401, "access.unauthenticated"),
        (Method::PUT, vec![authorization, json], good.clone(), 405, "route.method_not_allowed"),
        (Method::DELETE, vec![authorization], String::new(), 405, "route.method_not_allowed"),
    ] {
        let answer = shop.send(method, "/v1/invoices", &headers, body.into_bytes()).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()));
        assert_eq!(answer.headers.contains_key("allow"), status == 405);
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
    }
    assert_eq!(shop.get("/v1/invoices").await.json()["data"], json!([]));
    assert_eq!(shop.get(&format!("/v1/numbers/{NUMBER}")).await.json()["state"], "available");
}

#[tokio::test]
async fn a_client_in_a_hurry_is_slowed_down_and_others_are_not() {
    let shop = Shop::start(&["--rate-limit", "5"]);
    let mut last = shop.get("/v1/numbers").await;
    assert_eq!(last.headers["ratelimit-policy"], r#""default";q=5;w=60"#);
    for _ in 0..5 {
        last = shop.get("/v1/numbers").await;
    }
    assert_eq!(last.refusal(), (429, "rate.limited".to_owned()));
    let wait = last.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
    assert!((1..=12).contains(&wait), "one request comes back every 12 s, not after {wait} s");
    let other = shop.key_of("other", vec![Scope::Read]).await;
    assert_eq!(shop.get_as(&other, "/v1/numbers").await.status, 200);
    for _ in 0..10 {
        assert_eq!(shop.get("/livez").await.status, 200);
    }
}
