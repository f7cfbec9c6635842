//! What goes wrong when it is told to.

use std::time::Duration;

use bot_testing::{FakeTelegram, Fault, Where};
use serde_json::json;

use crate::bot::Bot;

#[tokio::test]
async fn faults_meet_the_calls_that_are_meant() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    for id in [7, 8] {
        telegram.user(id, "en").send("hello");
    }
    telegram.fail(Where::method("sendMessage").in_chat(7).after(1).times(2), Fault::RetryAfter(3));
    let say = |chat: i64| json!({"chat_id": chat, "text": "x"});
    bot.say(7, "not yet").await;
    let refused = bot.ask("sendMessage", say(7)).await;
    assert_eq!((&refused["error_code"], &refused["parameters"]["retry_after"]), (&json!(429), &json!(3)));
    bot.say(8, "another chat").await;
    bot.call("sendChatAction", json!({"chat_id": 7, "action": "typing"})).await;
    assert_eq!(bot.refused("sendMessage", say(7)).await.0, 429);
    bot.say(7, "no more").await;

    telegram.fail(Where::everywhere(), Fault::ServerError);
    telegram.fail(Where::everywhere().once(), Fault::blocked());
    assert_eq!(bot.refused("sendMessage", say(7)).await.0, 403);
    assert_eq!(bot.refused("getMe", json!({})).await, (500, "Internal Server Error".to_owned()));
    telegram.calm();
    bot.call("getMe", json!({})).await;
    assert_eq!(telegram.counters().refused.values().sum::<u64>(), 4);
    assert_eq!(telegram.calls_of("sendMessage").iter().filter(|call| call.is_ok()).count(), 3);
}

#[tokio::test]
async fn a_dropped_connection_hides_what_was_done() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    chat.send("hello");
    let url = format!("{}/sendMessage", bot.api);
    let send = |text: &str| bot.http.post(&url).json(&json!({"chat_id": 7, "text": text})).send();
    telegram.fail(Where::method("sendMessage").once(), Fault::DropBefore);
    assert!(send("lost").await.is_err());
    telegram.fail(Where::method("sendMessage").once(), Fault::DropAfter);
    assert!(send("done").await.is_err());
    let texts: Vec<_> = chat.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["hello", "done"]);
    telegram.fail(Where::everywhere().once(), Fault::BadGateway);
    let answer = send("x").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &*answer.text().await.unwrap()),
        (502, "<html><body>502 Bad Gateway</body></html>")
    );
}

#[tokio::test]
async fn what_hangs_is_done_late() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    chat.send("hello");
    telegram.fail(Where::method("sendMessage").once(), Fault::Hang);
    let hanging = tokio::spawn({
        let bot = bot.clone();
        async move { bot.say(7, "late").await }
    });
    telegram.wait_until("a call that hangs", |counters| counters.held == 1).await;
    let first = bot.say(7, "overtakes").await;
    assert!(!hanging.is_finished());
    telegram.calm();
    assert_eq!(hanging.await.unwrap(), first + 1);
}

#[tokio::test]
async fn a_bot_that_writes_too_fast_is_told_to_wait() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    telegram.user(7, "en").send("hello");
    telegram.limit_speed();
    let mut refused = 0;
    for _ in 0..10 {
        let answer = bot.ask("sendMessage", json!({"chat_id": 7, "text": "x"})).await;
        refused += u64::from(answer["error_code"] == 429);
    }
    assert!(refused >= 1, "ten messages in one chat at once are too many");
    assert_eq!(telegram.counters().flooded, refused);
    telegram.advance(Duration::from_secs(10));
    bot.say(7, "later").await;
}
