//! The second way to pay, from the price to the rental.

use serde_json::{Value, json};

use crate::shop::{NUMBER, Shop};

#[tokio::test]
async fn a_number_is_rented_for_usdt_and_renewed_for_ton() {
    let shop = Shop::start(&[]);
    let number = shop.get(&format!("/v1/numbers/{NUMBER}")).await.json();
    let plan = number["plans"].as_array().unwrap().iter().find(|plan| plan["term_days"] == 30).unwrap();
    assert_eq!((&plan["price"], &plan["price_usdt"]), (&json!("10000000000"), &json!("25000000")));
    assert_eq!(plan["price_usdt_display"], "25 USDT");

    let body = json!({"number": NUMBER, "term_days": 30, "customer": "alice", "currency": "usdt"});
    let invoice = shop.post("/v1/invoices", body).await.json();
    assert_eq!((&invoice["currency"], &invoice["amount"]), (&json!("usdt"), &json!("25000000")));
    assert_eq!(invoice["amount_display"], "25 USDT");
    for link in ["ton", "https"] {
        let link = invoice["links"][link].as_str().unwrap();
        assert!(link.contains("amount=25000000&jetton="), "{link}");
    }
    let id = invoice["id"].as_str().unwrap();
    let page = shop.send(reqwest::Method::GET, &format!("/pay/{id}"), &[], vec![]).await.text;
    assert!(page.contains("USDT") && !page.contains("TON</dd>"), "{page}");

    // Coins, as many as the tokens would be and as many as the number costs in them, settle nothing.
    for amount in ["25000000", "10000000000"] {
        let tx = shop.pay(json!({"invoice": id, "currency": "ton", "amount": amount})).await;
        let payment = shop.until(&format!("/v1/payments/{tx}"), |answer| answer.status == 200).await.json();
        assert_eq!((&payment["reason"], &payment["currency"]), (&json!("wrong_currency"), &json!("ton")));
    }
    let short = shop.pay(json!({"invoice": id, "amount": "24999999"})).await;
    let short = shop.until(&format!("/v1/payments/{short}"), |answer| answer.status == 200).await.json();
    assert_eq!((&short["reason"], &short["amount_display"]), (&json!("underpaid"), &json!("24.999999 USDT")));
    let tx = shop.pay(json!({"invoice": id})).await;
    let settled = |answer: &crate::shop::Answer| answer.json()["status"] == "settled";
    let paid = shop.until(&format!("/v1/invoices/{id}"), settled).await.json();
    assert_eq!(paid["payment"], tx.as_str());
    let payment = shop.get(&format!("/v1/payments/{tx}")).await.json();
    assert_eq!((&payment["outcome"], &payment["currency"]), (&json!("settled"), &json!("usdt")));

    let renewal = shop.post(&format!("/v1/rentals/{NUMBER}/renew"), json!({"term_days": 30})).await.json();
    assert_eq!((&renewal["currency"], &renewal["amount"]), (&json!("ton"), &json!("10000000000")));
    shop.pay(json!({"invoice": renewal["id"]})).await;
    shop.until(&format!("/v1/invoices/{}", renewal["id"].as_str().unwrap()), settled).await;
    let events = shop.get("/v1/events").await.json();
    let opened: Vec<&Value> = events["data"].as_array().unwrap().iter().collect();
    let currencies: Vec<&str> = opened
        .iter()
        .filter(|event| event["type"] == "invoice.opened")
        .map(|event| event["data"]["currency"].as_str().unwrap())
        .collect();
    assert_eq!(currencies, ["usdt", "ton"]);
}

#[tokio::test]
async fn a_currency_that_is_none_or_not_taken_is_refused() {
    let shop = Shop::start(&["--usdt", "off"]);
    let ask = async |currency: Value| {
        let body = json!({"number": NUMBER, "term_days": 30, "customer": "alice", "currency": currency});
        shop.post("/v1/invoices", body).await
    };
    assert_eq!(ask(json!("eur")).await.refusal(), (422, "currency.invalid".to_owned()));
    assert_eq!(ask(json!("")).await.refusal(), (422, "currency.invalid".to_owned()));
    assert_eq!(ask(json!(1)).await.refusal(), (422, "request.invalid".to_owned()));
    assert_eq!(ask(json!("usdt")).await.refusal(), (422, "currency.not_accepted".to_owned()));
    let number = shop.get(&format!("/v1/numbers/{NUMBER}")).await.json();
    assert!(number["plans"].as_array().unwrap().iter().all(|plan| plan["price_usdt"].is_null()), "{number}");
    assert_eq!(ask(json!("TON")).await.status, 201);
}
