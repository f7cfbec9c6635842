//! What may be written, and to whom.

use std::time::Duration;

use bot_testing::{Action, FakeTelegram};
use serde_json::{Value, json};

use crate::bot::Bot;

const EMPTY: &str = "Bad Request: message text is empty";

async fn refusals(method: &str, cases: Vec<(Value, &str)>) {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    telegram.user(7, "en").send("hello");
    bot.say(7, "first").await;
    for (mut params, description) in cases {
        params["chat_id"] = json!(7);
        let (code, text) = bot.refused(method, params.clone()).await;
        assert_eq!((code, text.as_str()), (400, description), "{params}");
    }
}

#[tokio::test]
async fn a_text_has_a_length_and_proper_markup() {
    refusals(
        "sendMessage",
        vec![
            (json!({}), EMPTY),
            (json!({"text": " \n "}), EMPTY),
            (json!({"text": "<b></b>", "parse_mode": "HTML"}), EMPTY),
            (json!({"text": "x".repeat(4097)}), "Bad Request: message is too long"),
            (
                json!({"text": "<b>x", "parse_mode": "HTML"}),
                "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
            ),
            (json!({"text": "x", "parse_mode": "XML"}), "Bad Request: unsupported parse_mode"),
            (
                json!({"text": "x", "reply_parameters": {"message_id": 99}}),
                "Bad Request: message to be replied not found",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn markup_does_not_count_to_the_length() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    telegram.user(7, "en").send("hello");
    let text = format!("<b>{}</b>", "&lt;".repeat(4096));
    bot.call("sendMessage", json!({"chat_id": 7, "text": text, "parse_mode": "HTML"})).await;
}

#[tokio::test]
async fn buttons_have_limits() {
    fn with(button: &Value) -> Value {
        json!({"text": "x", "reply_markup": {"inline_keyboard": [[button]]}})
    }
    let many: Vec<_> = (0..101).map(|n| json!([{"text": "x", "callback_data": n.to_string()}])).collect();
    refusals(
        "sendMessage",
        vec![
            (with(&json!({"text": "x", "callback_data": "я".repeat(33)})), "Bad Request: BUTTON_DATA_INVALID"),
            (with(&json!({"text": "x", "callback_data": ""})), "Bad Request: BUTTON_DATA_INVALID"),
            (
                with(&json!({"text": "x"})),
                "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ),
            (
                with(&json!({"text": "x", "callback_data": "x", "url": "https://x.y"})),
                "Bad Request: can't parse inline keyboard button: Exactly one of the optional fields must be used",
            ),
            (
                with(&json!({"text": "x", "url": "ton://transfer/UQ"})),
                "Bad Request: inline keyboard button URL 'ton://transfer/UQ' is invalid: Unsupported URL protocol",
            ),
            (
                with(&json!({"text": "x", "copy_text": {"text": "x".repeat(257)}})),
                "Bad Request: BUTTON_COPY_TEXT_INVALID",
            ),
            (
                json!({"text": "x", "reply_markup": {"inline_keyboard": many}}),
                "Bad Request: reply markup is too long",
            ),
            (json!({"text": "x", "reply_markup": "{"}), "Bad Request: can't parse reply_markup JSON object"),
        ],
    )
    .await;
}

#[tokio::test]
async fn buttons_of_newer_versions_are_let_pass() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    chat.send("hello");
    let row = json!([
        {"text": "Stop", "callback_data": "x".repeat(64), "style": "danger", "icon_custom_emoji_id": "5"},
        {"text": "Copy", "copy_text": {"text": "x".repeat(256)}},
        {"text": "Open", "url": "tg://user?id=7"},
    ]);
    let params =
        json!({"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [row]}, "unheard_of": 1});
    bot.call("sendMessage", params).await;
    let message = chat.messages().pop().unwrap();
    assert_eq!(message.button("Stop").unwrap().style.as_deref(), Some("danger"));
    assert_eq!(message.button("Copy").unwrap().action, Action::Copy("x".repeat(256)));
}

#[tokio::test]
async fn a_change_changes_something_that_is_there() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    let theirs = chat.send("hello");
    let ours = bot.say(7, "one").await;
    let edit = |id: i64, text: &str| json!({"chat_id": 7, "message_id": id, "text": text});
    bot.call("editMessageText", edit(ours, "two")).await;
    assert_eq!((chat.messages()[1].text.as_str(), chat.messages()[1].edits), ("two", 1));
    let (_, text) = bot.refused("editMessageText", edit(ours, " two ")).await;
    assert!(text.starts_with("Bad Request: message is not modified: "), "{text}");
    for (id, why) in [(99, "message to edit not found"), (theirs.into(), "message can't be edited")] {
        let (code, text) = bot.refused("editMessageText", edit(id, "three")).await;
        assert_eq!((code, text), (400, format!("Bad Request: {why}")));
    }
    let caption = json!({"chat_id": 7, "message_id": ours, "caption": "x"});
    assert_eq!(
        bot.refused("editMessageCaption", caption).await.1,
        "Bad Request: there is no caption in the message to edit"
    );
    let keyboard = json!({"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]});
    let params = json!({"chat_id": 7, "message_id": ours, "reply_markup": keyboard});
    bot.call("editMessageReplyMarkup", params).await;
    assert_eq!(chat.messages()[1].text, "two");
    bot.call("editMessageText", edit(ours, "two")).await; // its buttons are gone: that is a change
    assert!(chat.messages()[1].buttons().is_empty());

    let delete = json!({"chat_id": 7, "message_id": ours});
    bot.call("deleteMessage", delete.clone()).await;
    assert!(chat.message(2).is_none());
    assert_eq!(bot.refused("deleteMessage", delete).await.1, "Bad Request: message to delete not found");
    let next = bot.say(7, "new").await;
    assert_eq!(next, 3, "numbers are not used again");
    telegram.advance(Duration::from_hours(49));
    let late = json!({"chat_id": 7, "message_id": next});
    assert_eq!(
        bot.refused("deleteMessage", late).await.1,
        "Bad Request: message can't be deleted for everyone"
    );
}

#[tokio::test]
async fn the_bot_writes_to_those_who_want_it() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let say = |chat: i64| json!({"chat_id": chat, "text": "x"});
    assert_eq!(bot.refused("sendMessage", say(5)).await, (400, "Bad Request: chat not found".to_owned()));
    let chat = telegram.user(5, "en");
    assert_eq!(
        bot.refused("sendMessage", say(5)).await,
        (403, "Forbidden: bot can't initiate conversation with a user".to_owned())
    );
    chat.send("/start");
    bot.say(5, "welcome").await;
    chat.block();
    assert_eq!(
        bot.refused("sendMessage", say(5)).await,
        (403, "Forbidden: bot was blocked by the user".to_owned())
    );
    chat.unblock();
    bot.say(5, "welcome back").await;
    chat.delete_account();
    assert_eq!(bot.refused("sendMessage", say(5)).await, (403, "Forbidden: user is deactivated".to_owned()));
}

#[tokio::test]
async fn commands_and_menus_are_kept_by_scope_and_language() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let commands = json!([{"command": "start", "description": "Главная"}]);
    let scope = json!({"type": "all_private_chats"});
    let place = json!({"scope": scope, "language_code": "ru"});
    let mut set = place.clone();
    set["commands"] = commands.clone();
    bot.call("setMyCommands", set).await;
    assert_eq!(bot.call("getMyCommands", place).await, commands);
    assert_eq!(bot.call("getMyCommands", json!({})).await, json!([]));
    let bad = json!({"commands": [{"command": "Start!", "description": "x"}]});
    assert_eq!(bot.refused("setMyCommands", bad).await.1, "Bad Request: BOT_COMMAND_INVALID");
    let unknown = json!({"commands": commands, "scope": {"type": "chat", "chat_id": 1}});
    assert_eq!(bot.refused("setMyCommands", unknown).await.1, "Bad Request: chat not found");
    bot.call("setChatMenuButton", json!({"menu_button": {"type": "commands"}})).await;
    assert_eq!(bot.call("getChatMenuButton", json!({})).await, json!({"type": "commands"}));
}
