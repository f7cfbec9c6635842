use std::sync::{Arc, Mutex};

use rental_core::{
    Account, Actor, Command, Currency, CustomerId, DomainError, Effect, Invoice, InvoiceId, InvoiceKind,
    InvoiceStatus, MockRentals, OfferRef, Page, Payload, Receipt, Request, Seconds, Ulid,
};

use super::*;
use crate::callback::{Mark, Order, Place, Purpose, Wish};
use crate::conversation::answer_press;
use crate::screen::{Action, Screen};
use crate::testing::{NOW, bot, number, record, session, shop_view};

fn wish() -> Wish {
    let term = record().plans[0].term();
    Wish { purpose: Purpose::Rent, number: number(), term, currency: Currency::Ton }
}

fn order(price: &str) -> Order {
    Order { wish: wish(), price: price.parse().expect("an amount"), mark: Mark::new(5) }
}

fn invoice() -> Invoice {
    Invoice {
        id: InvoiceId::new(Ulid::from_parts(1, 2)),
        kind: InvoiceKind::Rent,
        number: number(),
        customer: CustomerId::Telegram(7),
        term: wish().term,
        amount: "10".parse().expect("an amount"),
        jetton: None,
        payload: Payload::from_entropy([1; 8]),
        wallet: "UQtest".to_owned(),
        status: InvoiceStatus::Open,
        created_at: NOW,
        expires_at: NOW + Seconds(900),
        waiting: None,
        doubted: false,
        version: 1,
    }
}

fn receipt(effect: Effect) -> Receipt {
    Receipt { effect, changed: true, replayed: false }
}

/// A shop in which everything can be looked at and nothing belongs to anybody.
fn looking() -> MockRentals {
    let mut rentals = MockRentals::new();
    rentals.expect_shop().returning(|| Ok(shop_view()));
    rentals.expect_number().returning(|_| Ok(record()));
    rentals.expect_rental().returning(|_, _| Err(DomainError::RentalUnknown.into()));
    rentals.expect_account().returning(|_, customer| Ok(Account::new(customer.clone())));
    rentals.expect_rentals().returning(|_, _, _| Ok(Page { items: Vec::new(), next: None }));
    rentals.expect_payments().returning(|_, _, _| Ok(Page { items: Vec::new(), next: None }));
    rentals
}

fn presses(screen: &Screen) -> Vec<Callback> {
    let press = |button: &crate::screen::Button| match button.action() {
        Action::Press(callback) => Some(callback.clone()),
        _ => None,
    };
    screen.keyboard.buttons().filter_map(press).collect()
}

#[tokio::test]
async fn an_order_is_the_customers_own_and_pressing_twice_is_one_request() {
    let (mut rentals, asked) = (looking(), Arc::new(Mutex::new(Vec::<Request>::new())));
    let heard = asked.clone();
    rentals.expect_execute().returning(move |request| {
        heard.lock().expect("not poisoned").push(request);
        Ok(receipt(Effect::Invoice(Box::new(invoice()))))
    });
    rentals.expect_invoice().returning(|_, _| Ok(invoice()));
    let bot = bot(rentals);
    for _ in 0..2 {
        let view = press(&bot, &session(7), Callback::Order(order("10"))).await.expect("opened");
        assert_eq!(view.invoice, Some(invoice().id), "its screen is kept current");
        assert!(view.screen.expect("the pay screen").text.contains("Pay 10 TON"));
    }
    let another = Order { mark: Mark::new(6), ..order("10") };
    press(&bot, &session(7), Callback::Order(another)).await.expect("opened");
    let asked = asked.lock().expect("not poisoned");
    assert_eq!(asked[0].actor, Actor::Customer(CustomerId::Telegram(7)));
    let customer = CustomerId::Telegram(7);
    let command =
        Command::OpenRent { number: number(), term: wish().term, customer, currency: Currency::Ton };
    assert_eq!(asked[0].command, command);
    assert!(asked[0].idempotency.is_some() && asked[0].idempotency == asked[1].idempotency);
    assert_ne!(
        asked[0].idempotency, asked[2].idempotency,
        "another showing of the question is another order"
    );
}

#[tokio::test]
async fn nothing_is_opened_at_a_price_that_was_not_shown() {
    let mut rentals = looking();
    rentals.expect_execute().never();
    let view = press(&bot(rentals), &session(7), Callback::Order(order("9"))).await.expect("asked again");
    let screen = view.screen.expect("the question");
    assert!(screen.text.contains("10 TON") && view.toast.is_some_and(|toast| toast.alert));
    assert!(matches!(&presses(&screen)[0], Callback::Order(order) if order.price == invoice().amount));
}

#[tokio::test]
async fn what_is_somebody_elses_is_refused_and_nothing_of_it_is_shown() {
    let mut rentals = looking();
    rentals.expect_invoice().returning(|_, _| Err(DomainError::InvoiceUnknown.into()));
    rentals.expect_offered().returning(|_, _, _| Err(DomainError::TransferUnknown.into()));
    rentals.expect_execute().returning(|request| {
        assert_eq!(request.actor, Actor::Customer(CustomerId::Telegram(8)));
        Err(DomainError::RentalUnknown.into())
    });
    let bot = bot(rentals);
    let id = invoice().id;
    for callback in [
        Callback::Invoice(id),
        Callback::Qr(id),
        Callback::AskCancel(id),
        Callback::Cancel(id),
        Callback::TryPay(id),
        Callback::Rental(number()),
        Callback::Renew(number()),
        Callback::Transfer(number()),
        Callback::PickPerson(number()),
        Callback::Offer(number(), 9, Mark::new(1)),
        Callback::MakeLink(number(), Mark::new(1)),
        Callback::Withdraw(number()),
        Callback::Offered(number()),
        Callback::Accept(number()),
        Callback::Decline(number()),
    ] {
        let view = answer_press(&bot, &session(8), callback.clone()).await;
        assert!(view.toast.is_some_and(|toast| toast.alert), "{callback}");
        let screen = view.screen.unwrap_or_else(|| panic!("{callback} leads nowhere"));
        assert!(!screen.text.contains("4567") && view.beside.is_none(), "{callback}: {}", screen.text);
    }
}

#[tokio::test]
async fn toy_coins_are_sent_in_the_sandbox_only() {
    let mut rentals = looking();
    rentals.expect_invoice().returning(|_, _| Ok(invoice()));
    let refused = press(&bot(rentals), &session(7), Callback::TryPay(invoice().id)).await;
    assert_eq!(refused.err().map(|error| error.code()), Some("access.denied"));
}

#[tokio::test]
async fn an_addressed_offer_is_taken_without_a_token() {
    let mut rentals = looking();
    let rental = rental_core::Rental::start(CustomerId::Telegram(8), NOW, Seconds::from_days(30));
    let taken = rental_core::NumberRecord { holding: rental_core::Holding::Rented(rental), ..record() };
    rentals
        .expect_execute()
        .withf(|request| {
            let customer = CustomerId::Telegram(8);
            request.command == Command::AcceptTransfer { offer: OfferRef::Addressed(number()), customer }
        })
        .returning(move |_| Ok(receipt(Effect::Number(Box::new(taken.clone())))));
    let view = press(&bot(rentals), &session(8), Callback::Accept(number())).await.expect("taken");
    assert!(view.screen.expect("the news").text.contains("is yours"));
}

#[tokio::test]
async fn who_takes_an_offer_twice_sees_the_number_twice() {
    let mut rentals = MockRentals::new();
    let rental = rental_core::Rental::start(CustomerId::Telegram(8), NOW, Seconds::from_days(30));
    let taken = rental_core::NumberRecord { holding: rental_core::Holding::Rented(rental), ..record() };
    rentals.expect_execute().returning(|_| Err(DomainError::TransferUnknown.into()));
    rentals.expect_rental().returning(move |_, _| Ok(taken.clone()));
    let view = press(&bot(rentals), &session(8), Callback::Accept(number())).await.expect("taken before");
    assert!(view.screen.expect("the news").text.contains("is yours"));

    let mut rentals = looking();
    rentals.expect_execute().returning(|_| Err(DomainError::TransferUnknown.into()));
    let refused = press(&bot(rentals), &session(9), Callback::Accept(number())).await;
    assert_eq!(refused.err().map(|error| error.code()), Some("transfer.not_found"));
}

#[tokio::test]
async fn an_old_button_tells_of_no_offer_that_is_over() {
    let replayed = |_| {
        let effect = Effect::Offer { number: number(), token: "tr_x".to_owned(), expires_at: NOW };
        Ok(Receipt { replayed: true, ..receipt(effect) })
    };
    for button in [Callback::Offer(number(), 9, Mark::new(1)), Callback::MakeLink(number(), Mark::new(1))] {
        let mut rentals = looking();
        rentals.expect_execute().returning(replayed);
        let refused = press(&bot(rentals), &session(7), button.clone()).await;
        assert_eq!(
            refused.err().map(|error| error.code()),
            Some("rental.not_found"),
            "handed over meanwhile"
        );

        let mut rentals = MockRentals::new();
        let rental = rental_core::Rental::start(CustomerId::Telegram(7), NOW, Seconds::from_days(30));
        let held = rental_core::NumberRecord { holding: rental_core::Holding::Rented(rental), ..record() };
        rentals.expect_shop().returning(|| Ok(shop_view()));
        rentals.expect_account().returning(|_, customer| Ok(Account::new(customer.clone())));
        rentals.expect_rental().returning(move |_, _| Ok(held.clone()));
        rentals.expect_execute().returning(replayed);
        let view = press(&bot(rentals), &session(7), button).await.expect("taken back meanwhile");
        assert!(!view.screen.expect("the number").text.contains("tr_x"));
    }
}

#[tokio::test]
async fn a_link_carries_the_offers_token() {
    let mut rentals = looking();
    rentals.expect_execute().returning(|request| {
        assert_eq!(request.command, Command::OfferTransfer { number: number(), to: None });
        let token = "tr_x".to_owned();
        Ok(receipt(Effect::Offer { number: number(), token, expires_at: NOW }))
    });
    let make = Callback::MakeLink(number(), Mark::new(1));
    let view = press(&bot(rentals), &session(7), make).await.expect("made");
    assert!(view.screen.expect("the link").text.contains("https://t.me/shop_bot?start=tr_x"));
}

#[tokio::test]
async fn the_choice_of_a_language_counts_at_once_and_stays() {
    let bot = bot(looking());
    let view = press(&bot, &session(7), Callback::Speak(crate::texts::Language::Ru)).await.expect("chosen");
    assert!(view.screen.expect("home").text.contains("номера"));
    let known = bot.memory.person(7).await.expect("read").expect("remembered");
    assert_eq!((known.language, known.chosen), (crate::texts::Language::Ru, true));
}

#[tokio::test]
async fn the_list_is_asked_for_once_in_a_while_and_not_for_every_page() {
    let mut rentals = looking();
    rentals.expect_search().times(2).returning(|_, _| Ok(Page { items: vec![record()], next: None }));
    let bot = bot(rentals);
    for page in 0..5 {
        let place = Place { page, ..Place::default() };
        let view = press(&bot, &session(7), Callback::Browse(place)).await.expect("listed");
        assert!(view.screen.expect("the list").text.contains("1 free number"));
    }
    bot.catalogue.outdated();
    press(&bot, &session(8), Callback::Browse(Place::default())).await.expect("listed anew");
}
