//! Updates arrive, and each is answered.

use bot_testing::{Fault, Where};
use reqwest::Client;
use serde_json::json;

use crate::shop::{SECRET, Shop};

#[tokio::test]
async fn people_are_greeted_in_the_language_of_their_client() {
    let shop = Shop::embedded(&[]).await;
    let _bot = shop.start().await;
    for (id, language, word) in [(7, "en", "numbers"), (8, "ru", "номера"), (9, "de", "numbers")] {
        let chat = shop.telegram.user(id, language);
        chat.send("/start");
        chat.wait_for_text(word).await;
    }
}

#[tokio::test]
async fn what_the_bot_cannot_know_is_passed_over() {
    let shop = Shop::embedded(&[]).await;
    let _bot = shop.start().await;
    let chat = shop.telegram.user(7, "en");
    let person = json!({"id": 7, "is_bot": false, "first_name": "x"});
    shop.telegram.send_update(7, "message_from_the_future", &json!({"chat": {"id": 7}}));
    shop.telegram.send_update(7, "message", &json!({
        "message_id": 1, "date": 1, "from": person, "chat": {"id": 7, "type": "hologram"}, "thought": "hm",
    }));
    shop.telegram.send_update(7, "message", &json!({"message_id": "one"}));
    shop.telegram.send_update(
        7,
        "callback_query",
        &json!({
            "id": "1", "from": person, "chat_instance": "1", "data": "x".repeat(5000),
        }),
    );
    chat.send("/start");
    chat.wait_for_text("numbers").await;
    shop.telegram.wait_for_silence().await;
}

#[tokio::test]
async fn a_button_of_another_age_gets_a_line_and_a_fresh_screen() {
    let shop = Shop::embedded(&[]).await;
    let _bot = shop.start().await;
    let chat = shop.telegram.user(7, "en");
    chat.send("/start");
    let home = chat.wait_for_text("numbers").await;
    for data in ["", "?", "r:1:2", "admin:panel", "\u{1f4a5}", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"] {
        let toast = chat.press_data(home.id, data).toast().await;
        assert!(toast.contains("out of date"), "{data}: {toast}");
    }
    shop.telegram.wait_for_silence().await;
    assert!(
        shop.telegram
            .calls()
            .iter()
            .all(|call| call.is_ok() || call.answer.to_string().contains("not modified"))
    );
}

#[tokio::test]
async fn a_person_whose_answer_hangs_holds_nobody_up() {
    let shop = Shop::embedded(&[]).await;
    let _bot = shop.start().await;
    shop.telegram.fail(Where::everywhere().in_chat(7), Fault::Hang);
    let slow = shop.telegram.user(7, "en");
    for _ in 0..500 {
        slow.send("/start");
    }
    shop.telegram.wait_until("an answer that hangs", |counters| counters.held > 0).await;
    for id in 100..300 {
        shop.telegram.user(id, "en").send("/start");
    }
    for id in 100..300 {
        shop.telegram.user(id, "en").wait_for_text("numbers").await;
    }
    shop.telegram.calm();
    slow.wait_for_text("numbers").await;
}

#[tokio::test]
async fn a_webhook_takes_nothing_from_strangers() {
    let shop = Shop::embedded(&[]).await;
    let (bot, url) = shop.start_replica();
    shop.set_webhook(&url, &[]).await;
    let chat = shop.telegram.user(7, "en");
    chat.send("/start");
    chat.wait_for_text("numbers").await;
    let before = shop.telegram.calls().len();
    let update = json!({"update_id": 5, "message": {
        "message_id": 1, "date": 1, "from": {"id": 7, "is_bot": false, "first_name": "x"},
        "chat": {"id": 7, "type": "private"}, "text": "/start",
    }});
    let client = Client::new();
    for secret in [None, Some(""), Some("wrong"), Some(&SECRET[1..])] {
        let mut request = client.post(&url).json(&update);
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        assert_eq!(request.send().await.unwrap().status(), 401, "{secret:?}");
    }
    let known = || client.post(&url).header("X-Telegram-Bot-Api-Secret-Token", SECRET);
    assert!(known().body("no update").send().await.unwrap().status().is_success());
    assert_eq!(shop.telegram.calls().len(), before, "nothing was done");
    assert!(!bot.log().contains(SECRET), "a secret is not logged");
}

#[tokio::test]
async fn an_answer_that_telegram_failed_to_take_is_sent_again() {
    let shop = Shop::embedded(&[]).await;
    let _bot = shop.start().await;
    let chat = shop.telegram.user(7, "en");
    let faults = [Fault::ServerError, Fault::BadGateway, Fault::DropBefore, Fault::RetryAfter(1)];
    for (fault, answers) in faults.into_iter().zip(1..) {
        shop.telegram.fail(Where::method("sendMessage").in_chat(7).once(), fault);
        chat.send("/help");
        let told = |messages: &[bot_testing::Message]| {
            messages.iter().filter(|message| message.text.contains("How it works")).count()
        };
        chat.wait_for(|messages| (told(messages) == answers).then_some(())).await;
    }
    shop.telegram.wait_for_silence().await;
}
