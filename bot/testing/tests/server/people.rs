//! What people do, and what the bot is told of it.

use std::time::Duration;

use bot_testing::FakeTelegram;
use serde_json::{Value, json};

use crate::bot::Bot;

/// The updates that are pending.
async fn told(bot: &Bot) -> Vec<Value> {
    bot.call("getUpdates", json!({"timeout": 0})).await.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_press_is_answered_once_and_in_time() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "ru");
    chat.send("/start");
    let keyboard = json!({"inline_keyboard": [[{"text": "Rent 🟢", "callback_data": "r:1"}]]});
    bot.call("sendMessage", json!({"chat_id": 7, "text": "x", "reply_markup": keyboard})).await;

    let query = chat.click("Rent").await;
    let update = told(&bot).await.pop().unwrap()["callback_query"].clone();
    assert_eq!((&update["data"], &update["id"]), (&json!("r:1"), &json!(query.id)));
    assert_eq!(update["from"]["language_code"], "ru");
    assert_eq!(update["message"]["reply_markup"], keyboard);
    let answer = json!({"callback_query_id": query.id, "text": "Done", "show_alert": true});
    assert!(!query.is_answered());
    bot.call("answerCallbackQuery", answer.clone()).await;
    let seen = query.answer().await;
    assert_eq!((seen.text.as_deref(), seen.alert), (Some("Done"), true));
    let over = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    assert_eq!(bot.refused("answerCallbackQuery", answer).await.1, over);

    let late = chat.press_data(2, "forged");
    telegram.advance(Duration::from_secs(61));
    assert_eq!(bot.refused("answerCallbackQuery", json!({"callback_query_id": late.id})).await.1, over);
    assert_eq!(bot.refused("answerCallbackQuery", json!({"callback_query_id": "1"})).await.1, over);
}

#[tokio::test]
async fn an_old_copy_of_a_message_still_has_its_buttons() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    chat.send("/start");
    let keyboard = json!({"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]});
    bot.call("sendMessage", json!({"chat_id": 7, "text": "x", "reply_markup": keyboard})).await;
    let old = chat.wait_for_text("x").await;
    bot.call("editMessageText", json!({"chat_id": 7, "message_id": old.id, "text": "y"})).await;
    chat.press(&old, "Go");
    let update = told(&bot).await.pop().unwrap()["callback_query"].clone();
    assert_eq!((&update["data"], &update["message"]["text"]), (&json!("go"), &json!("y")));
    bot.call("deleteMessage", json!({"chat_id": 7, "message_id": old.id})).await;
    chat.press(&old, "Go");
    assert_eq!(told(&bot).await.pop().unwrap()["callback_query"]["message"]["date"], 0);
}

#[tokio::test]
async fn people_are_picked_links_followed_and_the_bot_blocked() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    chat.open_link("https://t.me/rental_test_bot?start=tr_Ab-9");
    let keyboard = json!({"keyboard": [[{"text": "Choose", "request_users": {"request_id": 3}}]]});
    bot.call("sendMessage", json!({"chat_id": 7, "text": "who?", "reply_markup": keyboard})).await;
    chat.share("Choose", &[9]);
    chat.block();
    let told = told(&bot).await;
    assert_eq!(told[0]["message"]["text"], "/start tr_Ab-9");
    assert_eq!(told[0]["message"]["entities"], json!([{"type": "bot_command", "offset": 0, "length": 6}]));
    assert_eq!(told[1]["message"]["users_shared"], json!({"request_id": 3, "users": [{"user_id": 9}]}));
    assert_eq!(told[2]["my_chat_member"]["new_chat_member"]["status"], "kicked");
}

#[tokio::test]
async fn in_groups_the_bot_sees_commands_only() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    telegram.group(-100, "Club");
    let group = telegram.user(7, "en").in_group(-100);
    group.send("hello all");
    group.send("/start@rental_test_bot");
    let told = told(&bot).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["message"]["chat"], json!({"id": -100, "type": "supergroup", "title": "Club"}));
    bot.say(-100, "come to my chat").await;
    group.wait_for_text("come").await;
}

#[tokio::test]
async fn a_person_can_be_played_by_hand() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let url = format!("{}/play", telegram.url());
    let post = |path: &str, body: &str| bot.http.post(format!("{url}/{path}")).body(body.to_owned()).send();
    post("7/send?language=ru", "/start\n").await.unwrap();
    assert_eq!(told(&bot).await[0]["message"]["from"]["language_code"], "ru");
    let keyboard = json!({"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]});
    bot.call("sendMessage", json!({"chat_id": 7, "text": "home", "reply_markup": keyboard})).await;
    let shown = bot.http.get(format!("{url}/7")).send().await.unwrap().text().await.unwrap();
    assert_eq!(shown, "#1 7: /start\n#2 bot: home\n    [Go | go]\n");
    assert_eq!(post("7/press", "Stop").await.unwrap().status(), 404);
    let pressed = tokio::spawn(post("7/press", "Go"));
    telegram.wait_until("a press", |counters| counters.updates == 2).await;
    let id = told(&bot).await[1]["callback_query"]["id"].clone();
    bot.call("answerCallbackQuery", json!({"callback_query_id": id, "text": "gone"})).await;
    assert_eq!(pressed.await.unwrap().unwrap().text().await.unwrap(), "gone\n");
    post("7/block", "").await.unwrap();
    assert_eq!(post("7/send", "hi").await.unwrap().status(), 409);
    let calls = bot.http.get(format!("{url}/calls")).send().await.unwrap().text().await.unwrap();
    assert_eq!(calls.lines().count(), 2, "{calls}");
}
