//! Handing a rental on.

use rental_core::*;

use crate::shop::*;

async fn offer(shop: &TestShop, n: u64, who: u64, to: Option<u64>) -> Result<TransferToken, ServiceError> {
    let command = Command::OfferTransfer { number: number(n), to: to.map(customer) };
    match shop.ask(actor(who), command).await?.effect {
        Effect::Offer { token, .. } => Ok(token.parse().unwrap()),
        other => panic!("expected an offer, got {other:?}"),
    }
}

async fn accept(shop: &TestShop, token: &TransferToken, who: u64) -> Result<Receipt, ServiceError> {
    shop.ask(actor(who), Command::AcceptTransfer { offer: token.clone().into(), customer: customer(who) })
        .await
}

#[tokio::test]
async fn term_and_price_stay_and_the_holder_changes_once() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let before = shop.rental(1).await;
    let token = offer(&shop, 1, 7, Some(8)).await.unwrap();
    shop.pass(3600);
    accept(&shop, &token, 8).await.unwrap();
    let after = shop.rental(1).await;
    assert_eq!((after.holder.clone(), after.expires_at), (customer(8), before.expires_at));
    assert!(shop.account(7).await.numbers.is_empty());
    assert!(shop.account(8).await.numbers.contains(&number(1)));
    assert_eq!(refusal(accept(&shop, &token, 8).await), DomainError::TransferUnknown);
    assert_eq!(refusal(shop.open_renewal(1, 7).await), DomainError::RentalUnknown);
    assert!(shop.service.rental(&actor(7), number(1)).await.is_err());
    shop.open_renewal(1, 8).await.unwrap();
}

#[tokio::test]
async fn both_sides_see_the_transfer_and_nobody_else_sees_names() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let token = offer(&shop, 1, 7, None).await.unwrap();
    accept(&shop, &token, 8).await.unwrap();
    let seen = async |who: u64| {
        let page = shop.service.history(&actor(who), number(1), &PageRequest::first(10)).await.unwrap();
        let last = page.items.into_iter().last().unwrap();
        (last.kind, last.customer, last.to)
    };
    assert_eq!(seen(7).await, (HistoryKind::Transferred, Some(customer(7)), None));
    assert_eq!(seen(8).await, (HistoryKind::Transferred, None, Some(customer(8))));
    assert_eq!(seen(9).await, (HistoryKind::Transferred, None, None));
}

#[tokio::test]
async fn an_offer_is_for_its_recipient_and_its_time() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let token = offer(&shop, 1, 7, Some(8)).await.unwrap();
    assert_eq!(refusal(accept(&shop, &token, 9).await), DomainError::TransferUnknown);
    let forged = TransferToken::new(number(1), [0; 16]);
    assert_eq!(refusal(accept(&shop, &forged, 8).await), DomainError::TransferUnknown);
    assert_eq!(refusal(offer(&shop, 1, 7, Some(9)).await), DomainError::TransferOpen);
    shop.pass(DAY + 1);
    assert_eq!(refusal(accept(&shop, &token, 8).await), DomainError::TransferExpired);
    assert!(shop.tick(1).await);
    assert_eq!(refusal(accept(&shop, &token, 8).await), DomainError::TransferUnknown);
    offer(&shop, 1, 7, Some(9)).await.unwrap();
}

#[tokio::test]
async fn who_is_named_in_an_offer_needs_no_token_and_others_see_nothing() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let addressed = OfferRef::Addressed(number(1));
    let seen = async |who: u64, offer: &OfferRef| {
        shop.service.offered(&actor(who), offer, &customer(who)).await.map(|record| record.number)
    };
    assert_eq!(refusal(seen(8, &addressed).await), DomainError::TransferUnknown);
    let token = offer(&shop, 1, 7, Some(8)).await.unwrap();
    assert_eq!(seen(8, &addressed).await, Ok(number(1)));
    assert_eq!(seen(8, &token.clone().into()).await, Ok(number(1)));
    for stranger in [9, 7] {
        assert_eq!(refusal(seen(stranger, &addressed).await), DomainError::TransferUnknown);
        assert_eq!(refusal(seen(stranger, &token.clone().into()).await), DomainError::TransferUnknown);
    }
    let look = shop.service.offered(&actor(9), &addressed, &customer(8)).await;
    assert_eq!(refusal(look), DomainError::Denied);
    let decline = Command::DeclineTransfer { offer: addressed.clone(), customer: customer(8) };
    shop.ask(actor(8), decline).await.unwrap();

    let token = offer(&shop, 1, 7, None).await.unwrap();
    assert_eq!(refusal(seen(8, &addressed).await), DomainError::TransferUnknown, "it is made to nobody");
    assert_eq!(seen(8, &token.clone().into()).await, Ok(number(1)));
    assert_eq!(
        refusal(seen(7, &token.into()).await),
        DomainError::TransferToSelf,
        "it is the holder's already"
    );
    shop.ask(actor(7), Command::WithdrawTransfer { number: number(1) }).await.unwrap();

    offer(&shop, 1, 7, Some(8)).await.unwrap();
    shop.pass(DAY + 1);
    assert_eq!(refusal(seen(8, &addressed).await), DomainError::TransferExpired);
    offer(&shop, 1, 7, Some(8)).await.unwrap();
    let take = Command::AcceptTransfer { offer: addressed, customer: customer(8) };
    shop.ask(actor(8), take).await.unwrap();
    assert_eq!(shop.rental(1).await.holder, customer(8));
}

#[tokio::test]
async fn offers_can_be_declined_and_withdrawn() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let token = offer(&shop, 1, 7, Some(8)).await.unwrap();
    let decline = Command::DeclineTransfer { offer: token.clone().into(), customer: customer(8) };
    shop.ask(actor(8), decline).await.unwrap();
    assert_eq!(refusal(accept(&shop, &token, 8).await), DomainError::TransferUnknown);
    let token = offer(&shop, 1, 7, Some(8)).await.unwrap();
    let withdraw = Command::WithdrawTransfer { number: number(1) };
    assert_eq!(refusal(shop.ask(actor(8), withdraw.clone()).await), DomainError::RentalUnknown);
    shop.ask(actor(7), withdraw.clone()).await.unwrap();
    assert_eq!(refusal(accept(&shop, &token, 8).await), DomainError::TransferUnknown);
    assert_eq!(refusal(shop.ask(actor(7), withdraw).await), DomainError::TransferUnknown);
}

#[tokio::test]
async fn what_cannot_be_handed_on() {
    let shop = TestShop::open().await;
    assert_eq!(refusal(offer(&shop, 1, 7, Some(8)).await), DomainError::RentalUnknown);
    shop.rent(1, 7).await;
    assert_eq!(refusal(offer(&shop, 1, 7, Some(7)).await), DomainError::TransferToSelf);
    assert_eq!(refusal(offer(&shop, 1, 8, Some(9)).await), DomainError::RentalUnknown);
    let token = offer(&shop, 1, 7, None).await.unwrap();
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    assert!(matches!(refusal(accept(&shop, &token, 8).await), DomainError::RenewalOpen { .. }));
    shop.ask(actor(7), Command::CancelInvoice { invoice: renewal.id }).await.unwrap();
    shop.admin(Command::Ban { customer: customer(8) }).await.unwrap();
    assert_eq!(refusal(accept(&shop, &token, 8).await), DomainError::CustomerBanned);
    assert_eq!(refusal(accept(&shop, &token, 7).await), DomainError::TransferToSelf);
    shop.pass(30 * DAY);
    assert_eq!(refusal(offer(&shop, 1, 7, Some(9)).await), DomainError::RentalInGrace);
}

#[tokio::test]
async fn nobody_is_named_who_cannot_exist() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    for user in [0, 1 << 52, u64::MAX] {
        let nobody = || CustomerId::Telegram(user);
        assert_eq!(refusal(offer(&shop, 1, 7, Some(user)).await), DomainError::PersonUnknown);
        assert_eq!(
            refusal(shop.admin(Command::Ban { customer: nobody() }).await),
            DomainError::PersonUnknown
        );
        let owner = Command::SetOwner { user: Some(user) };
        assert_eq!(refusal(shop.ask(Actor::System, owner).await), DomainError::PersonUnknown);
        let open = Command::OpenRent {
            number: number(2),
            term: Term::from_days(30).unwrap(),
            customer: nobody(),
            currency: Currency::Ton,
        };
        assert_eq!(refusal(shop.ask(Actor::Customer(nobody()), open).await), DomainError::PersonUnknown);
    }
    assert_eq!(shop.rental(1).await.transfer, None);
}

#[tokio::test]
async fn the_event_feed_names_no_strangers() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let token = offer(&shop, 1, 7, Some(8)).await.unwrap();
    accept(&shop, &token, 8).await.unwrap();
    for (who, other) in [(7, 8), (8, 7), (9, 7)] {
        let feed = shop.service.feed(&actor(who), 0, 1000).await.unwrap();
        assert_eq!(feed.is_empty(), who == 9);
        let text =
            serde_json::to_string(&feed.into_iter().map(|entry| entry.event).collect::<Vec<_>>()).unwrap();
        assert!(!text.contains(&format!("\"{}\"", customer(other))), "{text}");
    }
}

#[tokio::test]
async fn every_event_is_named_as_in_json() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    for event in shop.events().await {
        assert_eq!(serde_json::to_value(&event).unwrap()["type"], event.kind.name());
    }
}
