//! From the list to a rental in other hands.

use rental_core::{Scope, Seconds, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{NUMBER, Shop};

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_number_is_rented_renewed_and_handed_on() {
    let shop = Shop::start(&[]);
    let list = shop.get("/v1/numbers?state=available&limit=3").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
    let next = list["next_cursor"].as_str().unwrap();
    let rest = shop.get(&format!("/v1/numbers?state=available&cursor={next}")).await.json();
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (5, &Value::Null));

    let body = |customer: &str| json!({"number": "+888 0123 4567", "term_days": 30, "customer": customer});
    let answers =
        futures::join!(shop.post("/v1/invoices", body("alice")), shop.post("/v1/invoices", body("carol")));
    let (opened, refused) = if answers.0.status == 201 { answers } else { (answers.1, answers.0) };
    assert_eq!(opened.status, 201);
    assert_eq!(refused.refusal(), (409, "number.reserved".to_owned()));
    let location = opened.headers["location"].to_str().unwrap().to_owned();
    let invoice = shop.get(&location).await.json();
    assert_eq!((&invoice["status"], &invoice["payable"]), (&json!("open"), &json!(true)));
    assert_eq!(invoice["id"], opened.json()["id"]);
    let holder = invoice["customer"].as_str().unwrap().to_owned();
    assert_eq!(shop.get(&format!("/v1/numbers/{NUMBER}")).await.json()["state"], "reserved");

    let tx = shop.pay(json!({"invoice": invoice["id"]})).await;
    let settled = shop.until(&location, |answer| answer.json()["status"] == "settled").await.json();
    assert_eq!(settled["payment"], tx.as_str());
    let rental_path = format!("/v1/rentals/{NUMBER}");
    let rental = shop.get(&rental_path).await.json();
    assert_eq!((&rental["state"], &rental["customer"]), (&json!("active"), &json!(holder)));
    let end = moment(&rental["expires_at"]);
    assert_eq!(end.since(moment(&rental["started_at"])), Seconds::from_days(30));

    let renewal = shop.post(&format!("{rental_path}/renew"), json!({"term_days": 30})).await;
    assert_eq!((renewal.status, &renewal.json()["kind"]), (201, &json!("renew")));
    let again = shop.post(&format!("{rental_path}/renew"), json!({"term_days": 30})).await;
    assert_eq!(again.refusal(), (409, "rental.renewal_open".to_owned()));
    shop.pay(json!({"invoice": renewal.json()["id"]})).await;
    let longer = format!("\"{}\"", end + Seconds::from_days(30));
    shop.until(&rental_path, |answer| answer.text.contains(&longer)).await;

    hand_on(&shop, &rental_path, &holder).await;

    let history = shop.get(&format!("/v1/numbers/{NUMBER}/history")).await.json();
    let kinds: Vec<&str> =
        history["data"].as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["added", "rented", "renewed", "transferred"]);
    let events = shop.get("/v1/events").await.text;
    for kind in
        ["invoice.opened", "invoice.settled", "rental.started", "rental.extended", "transfer.accepted"]
    {
        assert!(events.contains(kind), "{kind}");
    }
}

/// Hands the number from `holder` on to Bob; nobody else can take it, and nobody can take it twice.
async fn hand_on(shop: &Shop, rental_path: &str, holder: &str) {
    let offer = shop.post(&format!("{rental_path}/transfers"), json!({"to": "bob"})).await;
    assert_eq!(offer.status, 201);
    let accept = format!("/v1/transfers/{}/accept", offer.json()["token"].as_str().unwrap());
    assert_eq!(shop.post(&accept, json!({"customer": "carol"})).await.refusal().0, 404);
    let accepted = shop.post(&accept, json!({"customer": "bob"})).await;
    assert_eq!((accepted.status, &accepted.json()["customer"]), (200, &json!("api:demo:bob")));
    assert_eq!(shop.post(&accept, json!({"customer": "bob"})).await.refusal().0, 404);
    assert_eq!(shop.get("/v1/rentals?customer=bob").await.json()["data"].as_array().unwrap().len(), 1);
    let reference = holder.rsplit(':').next().unwrap();
    assert_eq!(shop.get(&format!("/v1/rentals?customer={reference}")).await.json()["data"], json!([]));
}

#[tokio::test]
async fn an_offer_is_declined_or_taken_back_and_the_holder_keeps_the_number() {
    let shop = Shop::start(&[]);
    shop.rent(NUMBER, "alice").await;
    let offers = format!("/v1/rentals/{NUMBER}/transfers");
    let offer = shop.post(&offers, json!({})).await.json();
    assert_eq!(shop.post(&offers, json!({})).await.refusal(), (409, "transfer.open".to_owned()));
    let decline = format!("/v1/transfers/{}/decline", offer["token"].as_str().unwrap());
    assert_eq!(shop.post(&decline, json!({"customer": "bob"})).await.status, 204);
    let offer = shop.post(&offers, json!({"to": "bob"})).await.json();
    let bearer = format!("Bearer {}", shop.key);
    let withdrawn = shop.send(Method::DELETE, &offers, &[("authorization", &bearer)], vec![]).await;
    assert_eq!(withdrawn.status, 204);
    let accept = format!("/v1/transfers/{}/accept", offer["token"].as_str().unwrap());
    assert_eq!(shop.post(&accept, json!({"customer": "bob"})).await.refusal().0, 404);
    assert_eq!(shop.get(&format!("/v1/rentals/{NUMBER}")).await.json()["customer"], "api:demo:alice");
}

#[tokio::test]
async fn nothing_of_one_integrator_exists_for_another() {
    let shop = Shop::start(&[]);
    let invoice = shop.invoice(NUMBER, "alice").await;
    let id = invoice["id"].as_str().unwrap();
    let tx = shop.pay(json!({"invoice": id})).await;
    shop.until(&format!("/v1/payments/{tx}"), |answer| answer.status == 200).await;
    let offer = shop.post(&format!("/v1/rentals/{NUMBER}/transfers"), json!({"to": "bob"})).await.json();
    let token = offer["token"].as_str().unwrap();

    let other = shop.key_of("other", vec![Scope::Read, Scope::Write]).await;
    for path in [format!("/v1/invoices/{id}"), format!("/v1/rentals/{NUMBER}"), format!("/v1/payments/{tx}")]
    {
        assert_eq!(shop.get_as(&other, &path).await.refusal().0, 404, "{path}");
    }
    for path in ["/v1/invoices", "/v1/rentals", "/v1/payments", "/v1/events", "/v1/invoices?customer=alice"] {
        assert_eq!(shop.get_as(&other, path).await.json()["data"], json!([]), "{path}");
    }
    for (path, body) in [
        (format!("/v1/invoices/{id}/cancel"), json!({})),
        (format!("/v1/rentals/{NUMBER}/renew"), json!({"term_days": 30})),
        (format!("/v1/rentals/{NUMBER}/transfers"), json!({"to": "x"})),
        (format!("/v1/transfers/{token}/accept"), json!({"customer": "bob"})),
        (format!("/v1/transfers/{token}/decline"), json!({"customer": "bob"})),
    ] {
        assert_eq!(shop.post_as(&other, &path, body, &[]).await.refusal().0, 404, "{path}");
    }
    let history = shop.get_as(&other, &format!("/v1/numbers/{NUMBER}/history")).await.text;
    assert!(!history.contains("alice") && !history.contains("inv_"), "{history}");

    let reader = shop.key_of("demo", vec![Scope::Read]).await;
    assert_eq!(shop.get_as(&reader, &format!("/v1/invoices/{id}")).await.status, 200);
    let refused = shop.post_as(&reader, &format!("/v1/invoices/{id}/cancel"), json!({}), &[]).await;
    assert_eq!(refused.refusal(), (403, "access.scope".to_owned()));
}

#[tokio::test]
async fn a_request_sent_twice_under_one_name_acts_once() {
    let shop = Shop::start(&[]);
    let body = json!({"number": NUMBER, "term_days": 30, "customer": "alice"});
    let keyed = [("idempotency-key", "4b2f")];
    let first = shop.post_as(&shop.key, "/v1/invoices", body.clone(), &keyed).await;
    let second = shop.post_as(&shop.key, "/v1/invoices", body, &keyed).await;
    assert_eq!((first.status, &first.text), (201, &second.text));
    assert_eq!((second.status, second.headers["idempotent-replayed"].to_str().unwrap()), (201, "true"));
    let other = json!({"number": NUMBER, "term_days": 7, "customer": "alice"});
    let refused = shop.post_as(&shop.key, "/v1/invoices", other, &keyed).await;
    assert_eq!(refused.refusal(), (422, "idempotency.mismatch".to_owned()));
    assert_eq!(shop.get("/v1/invoices").await.json()["data"].as_array().unwrap().len(), 1);

    let cancel = format!("/v1/invoices/{}/cancel", first.json()["id"].as_str().unwrap());
    let keyed = [("idempotency-key", "4b30")];
    let cancelled = shop.post_as(&shop.key, &cancel, json!({}), &keyed).await;
    let repeated = shop.post_as(&shop.key, &cancel, json!({}), &keyed).await;
    assert_eq!((cancelled.status, &cancelled.text), (200, &repeated.text));
    assert_eq!(shop.post(&cancel, json!({})).await.refusal(), (409, "invoice.cancelled".to_owned()));
}
