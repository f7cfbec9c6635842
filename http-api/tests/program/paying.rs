//! Payments that fit and payments that do not.

use serde_json::json;

use crate::shop::{NUMBER, Shop};

#[tokio::test]
async fn what_does_not_fit_is_kept_with_its_reason_and_settles_nothing() {
    let shop = Shop::start(&[]);
    let invoice = shop.invoice(NUMBER, "alice").await;
    let id = invoice["id"].as_str().unwrap();
    let lower = invoice["payload"].as_str().unwrap().to_lowercase();
    for (body, reason) in [
        (json!({"invoice": id, "amount": "9999999999"}), "underpaid"),
        (json!({"invoice": id, "amount": "10000000001"}), "overpaid"),
    ] {
        let tx = shop.pay(body).await;
        let payment = shop.until(&format!("/v1/payments/{tx}"), |answer| answer.status == 200).await.json();
        assert_eq!((&payment["outcome"], &payment["reason"]), (&json!("exception"), &json!(reason)));
    }
    // An unknown comment names nobody's invoice: the operator sees it, an integrator does not.
    let stray = shop.pay(json!({"comment": "RENT-0000000000", "amount": "10000000000"})).await;
    let near = shop.pay(json!({"invoice": id, "comment": format!("for {lower}")})).await;
    let exact = shop.pay(json!({"invoice": id, "comment": format!(" {lower} ")})).await;
    let twice = shop.pay(json!({"invoice": id})).await;
    let payment = shop.until(&format!("/v1/payments/{twice}"), |answer| answer.status == 200).await.json();
    assert_eq!((&payment["outcome"], &payment["reason"]), (&json!("exception"), &json!("duplicate")));
    assert_eq!(shop.get(&format!("/v1/payments/{exact}")).await.json()["outcome"], "settled");
    for tx in [stray, near] {
        assert_eq!(shop.get(&format!("/v1/payments/{tx}")).await.status, 404);
    }
    let settled = shop.get(&format!("/v1/invoices/{id}")).await.json();
    assert_eq!((&settled["status"], &settled["payment"]), (&json!("settled"), &json!(exact)));
    let odd = shop.get("/v1/payments?outcome=exception&customer=alice").await.json();
    assert_eq!(odd["data"].as_array().unwrap().len(), 3);
    assert_eq!(shop.get("/v1/payments?reason=underpaid").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_checkout_page_follows_the_invoice() {
    let shop = Shop::start(&[]);
    let invoice = shop.invoice(NUMBER, "alice").await;
    let path = invoice["checkout_url"].as_str().unwrap().strip_prefix(&shop.url).unwrap().to_owned();
    let open = shop.send(reqwest::Method::GET, &path, &[], vec![]).await;
    assert_eq!(open.status, 200);
    assert!(open.text.contains(invoice["payload"].as_str().unwrap()) && !open.text.contains("alice"));
    shop.pay(json!({"invoice": invoice["id"]})).await;
    let paid = shop.until(&path, |answer| answer.text.contains("data-final=\"true\"")).await;
    assert!(paid.text.contains("Paid") && !paid.text.contains("ton://"));
}
