//! Links to the bot that lead nowhere.

use rental_core::{Actor, Command as Change, CustomerId, Effect, OfferRef, Rentals, Request};

use crate::person::Person;
use crate::shop::Shop;

const NUMBER: &str = "+88801234567";

/// Opens a link and answers what the bot says; it always says more than home, and leads there.
async fn opened(person: &Person, payload: &str, then: &str) {
    person.chat.send(&format!("/start {payload}"));
    let told = person.chat.wait_for_text(then).await;
    assert!(told.button("🏠 Home").is_some(), "{payload}: {}", told.text);
}

async fn offer(shop: &Shop, holder: u64) -> String {
    let command = Change::OfferTransfer { number: NUMBER.parse().unwrap(), to: None };
    let request = Request::new(Actor::Customer(CustomerId::Telegram(holder)), command);
    match shop.app.service.execute(request).await.unwrap().effect {
        Effect::Offer { token, .. } => token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_opens_a_link_that_is_no_good_is_told_why() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let (alice, bob, carol) =
        (Person::new(&shop, 7).await, Person::new(&shop, 8).await, Person::new(&shop, 9).await);
    alice.rent(&shop, NUMBER).await;
    for payload in ["tr_nonsense", "n_12", "r_", "i_x", "o_8"] {
        opened(&carol, payload, "cannot be read").await;
        carol.press("🏠 Home", "Anonymous").await;
    }
    opened(&carol, "n_88800000001", "not in the shop").await;
    opened(&carol, "r_88801234567", "You do not have this number").await;

    let token = offer(&shop, 7).await;
    opened(&alice, &token, "yours already").await;
    bob.chat.send(&format!("/start {token}"));
    bob.chat.wait_for_text("is offered to you").await;
    bob.press("✅ Take it", "is yours").await;
    opened(&carol, &token, "This offer does not exist (any more)").await;

    let token = offer(&shop, 8).await;
    let withdraw = Change::WithdrawTransfer { number: NUMBER.parse().unwrap() };
    let request = Request::new(Actor::Customer(CustomerId::Telegram(8)), withdraw);
    shop.app.service.execute(request).await.unwrap();
    carol.press("🏠 Home", "Anonymous").await;
    opened(&carol, &token, "This offer does not exist (any more)").await;
    assert!(token.parse::<rental_core::TransferToken>().map(OfferRef::Token).is_ok());
}

#[tokio::test]
async fn an_offer_that_has_expired_is_called_so_in_ones_language() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    alice.rent(&shop, NUMBER).await;
    let token = offer(&shop, 7).await;
    let clock = &shop.app.sandbox.as_ref().unwrap().clock;
    clock.advance(rental_core::Seconds::from_hours(25)).unwrap();
    let dora = shop.telegram.user(10, "ru");
    dora.send(&format!("/start {token}"));
    let told = dora.wait_for_text("предложени").await;
    assert!(told.button("🏠 Главная").is_some(), "{}", told.text);
}
