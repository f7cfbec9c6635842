//! Ending, gently and otherwise.

use bot_testing::{Fault, Message, Where};
use rental_core::{Actor, CustomerId, InvoiceQuery, Owner, PageRequest, Rentals};

use crate::person::Person;
use crate::shop::Shop;

#[tokio::test]
async fn a_bot_that_is_asked_to_end_finishes_what_it_has_begun() {
    let shop = Shop::embedded(&[]).await;
    let chats: Vec<_> = (100..600).map(|id| shop.telegram.user(id, "en")).collect();
    for chat in &chats {
        chat.send("/start");
    }
    let mut bot = shop.start().await;
    shop.telegram.wait_until("some answers", |counters| counters.of("sendMessage") > 50).await;
    bot.terminate();
    assert!(bot.wait().success(), "{}", bot.log());
    let _next = shop.start().await;
    for chat in &chats {
        chat.wait_for_text("numbers").await;
    }
    shop.telegram.wait_for_silence().await;
    for chat in &chats {
        let answers = chat.messages().iter().filter(|message| message.is_from_bot()).count();
        assert_eq!(answers, 1, "chat {}:\n{}", chat.id(), chat.shown());
    }
}

#[tokio::test]
async fn nothing_is_lost_when_it_is_killed() {
    let shop = Shop::embedded(&[]).await;
    let chats: Vec<_> = (100..600).map(|id| shop.telegram.user(id, "en")).collect();
    for chat in &chats {
        chat.send("/start");
    }
    let mut bot = shop.start().await;
    shop.telegram.wait_until("some answers", |counters| counters.of("sendMessage") > 50).await;
    bot.kill();
    let _next = shop.start().await;
    for chat in &chats {
        chat.wait_for_text("numbers").await;
    }
}

/// A tap is under way when the program is killed, and somebody else's was answered meanwhile.
async fn a_tap_is_not_lost_when_it_is_killed(shop: Shop) {
    let mut bot = shop.start().await;
    let (alice, bob) = (Person::new(&shop, 7).await, Person::new(&shop, 8).await);
    alice.press("📞 Free numbers", "free number").await;
    alice.press("+888 0123 4567", "For how long?").await;
    let quote = alice.press("30 days", "Rent").await;
    shop.telegram.fail(Where::everywhere().in_chat(7), Fault::Hang);
    alice.chat.press(&quote, "Go on to payment");
    shop.telegram.wait_until("an answer that hangs", |counters| counters.held > 0).await;
    bob.chat.send("/start");
    let greeted = |messages: &[Message]| messages.iter().filter(|message| message.is_from_bot()).count();
    bob.chat.wait_for(|messages| (greeted(messages) == 2).then_some(())).await;
    shop.telegram.wait_for_silence().await; // also the tap is confirmed, although it is not done
    bot.kill();
    shop.telegram.calm();

    let _next = shop.start().await;
    alice.chat.wait_for_text("Pay 10 TON").await;
    alice.is_heard_out().await;
    let hers = InvoiceQuery { owner: Owner::Customer(CustomerId::Telegram(7)), ..InvoiceQuery::default() };
    let invoices = shop.app.service.invoices(&Actor::System, &hers, &PageRequest::first(50)).await.unwrap();
    assert_eq!(invoices.items.len(), 1);
    let bills = alice.chat.messages().iter().filter(|message| message.text.contains("Pay 10 TON")).count();
    assert_eq!(bills, 1, "{}", alice.chat.shown());
    assert_eq!(greeted(&bob.chat.messages()), 2, "what was done is not done again:\n{}", bob.chat.shown());
}

#[tokio::test]
async fn a_tap_is_not_lost_when_it_is_killed_in_a_file() {
    a_tap_is_not_lost_when_it_is_killed(Shop::embedded(&["+88801234567"]).await).await;
}

#[tokio::test]
async fn a_tap_is_not_lost_when_it_is_killed_on_redis() {
    a_tap_is_not_lost_when_it_is_killed(Shop::on_redis(&["+88801234567"]).await).await;
}

/// Telegram answers nothing in fifty chats, each of which has asked twice, when the program is killed.
async fn what_waits_for_telegram_is_not_lost_when_it_is_killed(shop: Shop) {
    let mut bot = shop.start().await;
    let chats: Vec<_> = (100..150).map(|id| shop.telegram.user(id, "en")).collect();
    for chat in &chats {
        shop.telegram.fail(Where::everywhere().in_chat(chat.id()), Fault::Hang);
    }
    for text in ["/start", "/help"] {
        for chat in &chats {
            chat.send(text);
        }
    }
    shop.telegram.wait_for_silence().await; // all are confirmed
    bot.kill();
    shop.telegram.calm();

    let _next = shop.start().await;
    for chat in &chats {
        chat.wait_for_text("How it works").await;
        let answers: Vec<_> = chat.messages().into_iter().filter(Message::is_from_bot).collect();
        let (helped, greeted) = answers.split_last().expect("an answer");
        assert!(helped.text.contains("How it works"), "{}", chat.shown());
        assert!(greeted.iter().any(|message| message.text.contains("Anonymous")), "{}", chat.shown());
    }
}

#[tokio::test]
async fn what_waits_for_telegram_is_not_lost_when_it_is_killed_in_a_file() {
    what_waits_for_telegram_is_not_lost_when_it_is_killed(Shop::embedded(&[]).await).await;
}

#[tokio::test]
async fn what_waits_for_telegram_is_not_lost_when_it_is_killed_on_redis() {
    what_waits_for_telegram_is_not_lost_when_it_is_killed(Shop::on_redis(&[]).await).await;
}
