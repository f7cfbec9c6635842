//! Asking for updates.

use bot_testing::FakeTelegram;
use serde_json::{Value, json};

use crate::bot::Bot;

fn texts(updates: &Value) -> Vec<&str> {
    updates.as_array().unwrap().iter().map(|update| update["message"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn updates_come_until_a_later_one_is_asked_for() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    for text in ["a", "b", "c"] {
        chat.send(text);
    }
    let two = bot.call("getUpdates", json!({"limit": 2})).await;
    assert_eq!(texts(&two), ["a", "b"]);
    let all = bot.call("getUpdates", json!({})).await;
    assert_eq!(texts(&all), ["a", "b", "c"]);
    let next = all[1]["update_id"].as_u64().unwrap() + 1;
    assert_eq!(texts(&bot.call("getUpdates", json!({"offset": next})).await), ["c"]);
    assert_eq!(telegram.counters().confirmed, 2);
    chat.send("d");
    assert_eq!(texts(&bot.call("getUpdates", json!({"offset": -1})).await), ["d"]);
    assert_eq!(telegram.counters().pending(), 1);
}

#[tokio::test]
async fn a_request_waits_for_the_next_update() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    let waiting = tokio::spawn(async move { bot.call("getUpdates", json!({"timeout": 50})).await });
    telegram.wait_until("a request for updates", |counters| counters.of("getUpdates") == 1).await;
    chat.send("now");
    assert_eq!(texts(&waiting.await.unwrap()), ["now"]);
}

#[tokio::test]
async fn the_older_of_two_requests_is_ended() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let older = tokio::spawn({
        let bot = bot.clone();
        async move { bot.refused("getUpdates", json!({"timeout": 50})).await }
    });
    telegram.wait_until("the first request", |counters| counters.of("getUpdates") == 1).await;
    let newer = tokio::spawn({
        let bot = bot.clone();
        async move { bot.call("getUpdates", json!({"timeout": 50})).await }
    });
    let (code, text) = older.await.unwrap();
    assert_eq!(code, 409);
    assert!(text.starts_with("Conflict: terminated by other getUpdates request"), "{text}");
    telegram.user(7, "en").send("for the newer");
    assert_eq!(texts(&newer.await.unwrap()), ["for the newer"]);
}

#[tokio::test]
async fn a_webhook_and_requests_exclude_each_other() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let waiting = tokio::spawn({
        let bot = bot.clone();
        async move { bot.refused("getUpdates", json!({"timeout": 50})).await }
    });
    telegram.wait_until("the request", |counters| counters.of("getUpdates") == 1).await;
    bot.call("setWebhook", json!({"url": "http://127.0.0.1:9/hook"})).await;
    assert_eq!(waiting.await.unwrap(), (409, "Conflict: terminated by setWebhook request".to_owned()));
    let (code, text) = bot.refused("getUpdates", json!({})).await;
    assert_eq!(code, 409);
    assert!(text.contains("webhook is active"), "{text}");
    bot.call("deleteWebhook", json!({})).await;
    bot.call("getUpdates", json!({})).await;
}

#[tokio::test]
async fn only_wanted_kinds_come() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    assert_eq!(telegram.send_update(7, "message_reaction", &json!({})), None);
    assert!(telegram.send_update(7, "from_the_future", &json!({"x": 1})).is_some());
    bot.call("getUpdates", json!({"allowed_updates": ["callback_query"]})).await;
    chat.send("unwanted");
    chat.press_data(1, "wanted");
    let told = bot.call("getUpdates", json!({})).await;
    assert_eq!(told[0]["from_the_future"], json!({"x": 1}));
    assert_eq!(told[1]["callback_query"]["data"], "wanted");
    assert_eq!(told.as_array().unwrap().len(), 2);
    bot.call("getUpdates", json!({"allowed_updates": []})).await;
    chat.send("usual");
    assert_eq!(telegram.counters().updates, 3);
}
