//! How calls are made: tokens, methods, bodies.

use bot_testing::FakeTelegram;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::bot::{Bot, read};

/// A picture of 200 by 100 pixels, as far as anybody looks.
pub(crate) fn picture() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend([0, 0, 0, 200, 0, 0, 0, 100, 1, 0, 0, 0, 0]);
    png
}

#[tokio::test]
async fn only_the_token_opens_and_only_methods_that_exist_are_done() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    assert_eq!(bot.call("getMe", json!({})).await["is_bot"], true);
    assert_eq!(bot.call("GETME", json!({})).await["username"], "rental_test_bot");
    assert_eq!(bot.refused("getMoney", json!({})).await, (404, "Not Found".to_owned()));
    let stranger = Bot { api: format!("{}/bot1:wrong", telegram.url()), ..bot };
    assert_eq!(stranger.refused("getMe", json!({})).await, (401, "Unauthorized".to_owned()));
}

#[tokio::test]
async fn parameters_come_in_the_address_as_json_as_a_form_or_in_parts() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    chat.send("hello");
    let url = format!("{}/sendMessage", bot.api);
    let keyboard = json!({"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}).to_string();
    let fields =
        [("chat_id", "7"), ("text", "a <b>c</b>"), ("parse_mode", "HTML"), ("reply_markup", &keyboard)];
    let parts = fields.iter().fold(Form::new(), |form, (name, text)| form.text(*name, (*text).to_owned()));
    for request in [
        bot.http.get(&url).query(&fields),
        bot.http.post(&url).query(&fields),
        bot.http.post(&url).form(&fields),
        bot.http.post(&url).multipart(parts),
        bot.http.post(&url).json(&json!({
            "chat_id": "7", "text": "a <b>c</b>", "parse_mode": "html", "reply_markup": keyboard,
        })),
    ] {
        let answer = read(request.send().await.unwrap()).await;
        assert_eq!(answer["result"]["text"], "a c", "{answer}");
        assert_eq!(answer["result"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "go");
        let last = chat.messages().pop().unwrap();
        assert_eq!(last.marked("bold"), ["c"]);
        assert_eq!(last.data("Go"), Some("go"));
    }
    assert_eq!(telegram.counters().of("sendMessage"), 5);
}

#[tokio::test]
async fn a_picture_is_uploaded_once_and_named_afterwards() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.user(7, "en");
    chat.send("hello");
    let form = Form::new()
        .text("chat_id", "7")
        .text("caption", "scan me")
        .part("photo", Part::bytes(picture()).file_name("qr.png"));
    let sent = bot.http.post(format!("{}/sendPhoto", bot.api)).multipart(form).send().await.unwrap();
    let sent = read(sent).await["result"].clone();
    assert_eq!((&sent["caption"], &sent["photo"][0]["width"]), (&json!("scan me"), &json!(200)));
    let id = sent["photo"][0]["file_id"].clone();
    bot.call("sendPhoto", json!({"chat_id": 7, "photo": id})).await;
    assert_eq!(chat.messages().last().unwrap().photo().unwrap().height, 100);
    assert_eq!(
        bot.refused("sendPhoto", json!({"chat_id": 7, "photo": "AgAC"})).await.1,
        "Bad Request: wrong file identifier/HTTP URL specified"
    );
    let path = bot.call("getFile", json!({"file_id": id})).await["file_path"].as_str().unwrap().to_owned();
    let address = bot.api.replace("/bot", "/file/bot");
    let content = bot.http.get(format!("{address}/{path}")).send().await.unwrap();
    assert_eq!(content.bytes().await.unwrap(), picture());

    let message = sent["message_id"].clone();
    let media =
        json!({"type": "photo", "media": "attach://new", "caption": "<i>now</i>", "parse_mode": "HTML"});
    let form = Form::new()
        .text("chat_id", "7")
        .text("message_id", message.to_string())
        .text("media", media.to_string())
        .part("new", Part::bytes(picture()).file_name("qr.png"));
    let edited = bot.http.post(format!("{}/editMessageMedia", bot.api)).multipart(form).send().await.unwrap();
    assert_ne!(read(edited).await["result"]["photo"][0]["file_id"], id);
    assert_eq!(chat.message(2).unwrap().marked("italic"), ["now"]);

    let form = Form::new()
        .text("chat_id", "7")
        .part("photo", Part::bytes(b"no picture".to_vec()).file_name("qr.png"));
    let refused = bot.http.post(format!("{}/sendPhoto", bot.api)).multipart(form).send().await.unwrap();
    assert_eq!(read(refused).await["description"], "Bad Request: IMAGE_PROCESS_FAILED");
}
