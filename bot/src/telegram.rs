//! Speaking to Telegram: one method for each call of the Bot API that the bot makes.
//!
//! The calls go over a client of our own and not over teloxide's: that one waits ten seconds by itself after an error
//! of the server, knows no fields that are newer than itself, and hides whether a call may have been carried out.
//! Whoever calls decides about trying again; nothing is repeated here.

mod arrived;
mod error;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::multipart::{Form, Part};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use teloxide::types::BotCommand;

use crate::config::Webhook;
use crate::screen::{Keyboard, Screen};
use error::Refusal;

pub(crate) use arrived::Arrived;
pub(crate) use error::TelegramError;

/// How long a call may take.
const WITHIN: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How much longer than it asks Telegram to wait the bot itself waits for updates.
const POLL_MARGIN: Duration = Duration::from_secs(10);
/// How many updates are taken at once; the most that Telegram gives.
pub(crate) const MOST_UPDATES: usize = 100;
/// The kinds of updates that the bot understands.
const UPDATES: [&str; 3] = ["message", "callback_query", "my_chat_member"];

/// The Bot API.
#[derive(Clone)]
pub(crate) struct Telegram {
    client: reqwest::Client,
    /// Asks for updates. A connection that has read a long answer keeps room for the next one, so the long answers come over
    /// connections of their own.
    asking: reqwest::Client,
    /// `https://host/bot<token>/`.
    base: Arc<Url>,
}

/// A message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Its id in the chat.
    pub(crate) message: i32,
}

/// The bot itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Me {
    /// Its user id.
    pub(crate) id: u64,
    /// Its name after the `@`.
    pub(crate) username: String,
}

/// Whose commands are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandScope {
    /// Everybody's private chat.
    Private,
    /// All groups.
    Groups,
    /// One chat.
    Chat(i64),
}

/// The private chat with a user: it has the user's number.
pub(crate) fn private_chat(user: u64) -> i64 {
    i64::try_from(user).unwrap_or(i64::MAX) // user ids have 52 bits
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telegram")
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    ok: bool,
    result: Option<T>,
}

#[derive(Deserialize)]
struct MessageSent {
    message_id: i32,
}

/// A picture to send.
#[derive(Debug)]
pub(crate) enum Photo<'a> {
    /// A PNG file.
    New(Vec<u8>),
    /// One that Telegram has, by its name there.
    Known(&'a str),
}

/// A picture in all its sizes, the largest last.
#[derive(Deserialize)]
struct PhotoSent {
    #[serde(default)]
    photo: Vec<PhotoSize>,
}

#[derive(Deserialize)]
struct PhotoSize {
    file_id: String,
}

#[derive(Serialize)]
struct Outgoing<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<i32>,
    text: &'a str,
    parse_mode: &'static str,
    link_preview_options: NoPreview,
    reply_markup: &'a Keyboard,
}

#[derive(Serialize)]
struct NoPreview {
    is_disabled: bool,
}

impl<'a> Outgoing<'a> {
    fn new(chat_id: i64, message_id: Option<i32>, screen: &'a Screen) -> Self {
        let Screen { text, keyboard } = screen;
        let link_preview_options = NoPreview { is_disabled: true };
        Self { chat_id, message_id, text, parse_mode: "HTML", link_preview_options, reply_markup: keyboard }
    }
}

impl Telegram {
    /// The Bot API at `url`, such as `https://api.telegram.org`, for the bot with this token. Connects to nothing.
    ///
    /// # Errors
    /// [`TelegramError::Unavailable`] when there is no TLS on this host, or the URL is none.
    pub(crate) fn new(url: &str, token: &SecretString) -> Result<Self, TelegramError> {
        let client = || {
            reqwest::Client::builder()
                .connect_timeout(CONNECT_WITHIN)
                .timeout(WITHIN)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never().max_retries_per_request(0))
                .build()
                .map_err(|error| TelegramError::Unavailable(error.without_url().to_string()))
        };
        let base = Url::parse(&format!("{url}/bot{}/", token.expose_secret()))
            .map_err(|error| TelegramError::Unavailable(error.to_string()))?;
        Ok(Self { client: client()?, asking: client()?, base: Arc::new(base) })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        body: &impl Serialize,
    ) -> Result<T, TelegramError> {
        self.call_with(&self.client, method, |request| request.json(body)).await
    }

    async fn call_with<T: DeserializeOwned>(
        &self,
        client: &reqwest::Client,
        method: &'static str,
        fill: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<T, TelegramError> {
        let url = self.base.join(method).expect("a method is a word");
        let answer = match fill(client.post(url)).send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                match response.bytes().await {
                    Ok(body) => read(status, &body),
                    Err(error) => Err(unavailable(error)),
                }
            }
            Err(error) => Err(unavailable(error)),
        };
        let result = answer.as_ref().err().map_or("ok", TelegramError::kind);
        metrics::counter!("rental_telegram_calls_total", "method" => method, "result" => result).increment(1);
        answer
    }

    /// Who the bot is.
    pub(crate) async fn me(&self) -> Result<Me, TelegramError> {
        self.call("getMe", &json!({})).await
    }

    /// Updates from `offset` on, waiting for `wait` when there are none. Those before `offset` are forgotten by
    /// Telegram.
    pub(crate) async fn updates(&self, offset: i64, wait: Duration) -> Result<Vec<Arrived>, TelegramError> {
        let body = json!({
            "offset": offset, "timeout": wait.as_secs(), "limit": MOST_UPDATES, "allowed_updates": UPDATES,
        });
        let texts: Vec<Box<RawValue>> = self
            .call_with(&self.asking, "getUpdates", |request| request.json(&body).timeout(wait + POLL_MARGIN))
            .await?;
        let read = |text: Box<RawValue>| {
            Arrived::read(text).map_err(|error| TelegramError::Unreadable(error.to_string()))
        };
        texts.into_iter().map(read).collect()
    }

    /// Has updates sent to `webhook`, up to `connections` at once.
    pub(crate) async fn set_webhook(&self, webhook: &Webhook, connections: u32) -> Result<(), TelegramError> {
        let body = json!({
            "url": webhook.url, "secret_token": webhook.secret.expose_secret(),
            "allowed_updates": UPDATES, "max_connections": connections,
        });
        self.done("setWebhook", &body).await
    }

    /// Has updates kept until they are asked for.
    pub(crate) async fn delete_webhook(&self) -> Result<(), TelegramError> {
        self.done("deleteWebhook", &json!({})).await
    }

    /// Sends a screen as a new message.
    pub(crate) async fn send(&self, chat: i64, screen: &Screen) -> Result<Sent, TelegramError> {
        self.call("sendMessage", &Outgoing::new(chat, None, screen)).await.map(MessageSent::into)
    }

    /// Turns a message into `screen`. A message that looks like that already is fine.
    pub(crate) async fn edit(&self, chat: i64, message: i32, screen: &Screen) -> Result<(), TelegramError> {
        match self.done("editMessageText", &Outgoing::new(chat, Some(message), screen)).await {
            Err(TelegramError::NotModified) => Ok(()),
            answer => answer,
        }
    }

    /// Sends a picture with a screen below it; answers by which name Telegram has it.
    pub(crate) async fn send_photo(
        &self,
        chat: i64,
        photo: Photo<'_>,
        below: &Screen,
    ) -> Result<Option<String>, TelegramError> {
        let keyboard = serde_json::to_string(&below.keyboard).expect("buttons are plain data");
        let form = match photo {
            Photo::New(file) => {
                let part = Part::bytes(file).file_name("qr.png").mime_str("image/png");
                Form::new().part("photo", part.map_err(unavailable)?)
            }
            Photo::Known(name) => Form::new().text("photo", name.to_owned()),
        };
        let form = form
            .text("chat_id", chat.to_string())
            .text("caption", below.text.clone())
            .text("parse_mode", "HTML")
            .text("reply_markup", keyboard);
        let sent: PhotoSent =
            self.call_with(&self.client, "sendPhoto", |request| request.multipart(form)).await?;
        Ok(sent.photo.into_iter().last().map(|largest| largest.file_id))
    }

    /// Sends a text with a keyboard of its own in the place of the user's, such as one to pick a person with.
    pub(crate) async fn send_with(
        &self,
        chat: i64,
        text: &str,
        markup: &Value,
    ) -> Result<Sent, TelegramError> {
        let body = json!({ "chat_id": chat, "text": text, "parse_mode": "HTML", "reply_markup": markup });
        self.call("sendMessage", &body).await.map(MessageSent::into)
    }

    /// Deletes a message. One that is gone already is fine.
    pub(crate) async fn delete(&self, chat: i64, message: i32) -> Result<(), TelegramError> {
        match self.done("deleteMessage", &json!({ "chat_id": chat, "message_id": message })).await {
            Err(TelegramError::Gone(_)) => Ok(()),
            answer => answer,
        }
    }

    /// Ends the waiting sign on a button; with a text, shows it, in a window of its own when `alert`.
    pub(crate) async fn answer(&self, query: &str, text: &str, alert: bool) -> Result<(), TelegramError> {
        let mut body = json!({ "callback_query_id": query });
        if !text.is_empty() {
            body["text"] = text.into();
            body["show_alert"] = alert.into();
        }
        self.done("answerCallbackQuery", &body).await
    }

    /// Sets the commands of `scope` for clients in `language`, or for all others.
    pub(crate) async fn set_commands(
        &self,
        scope: CommandScope,
        language: Option<&str>,
        commands: &[BotCommand],
    ) -> Result<(), TelegramError> {
        let scope = match scope {
            CommandScope::Private => json!({ "type": "all_private_chats" }),
            CommandScope::Groups => json!({ "type": "all_group_chats" }),
            CommandScope::Chat(chat) => json!({ "type": "chat", "chat_id": chat }),
        };
        let mut body = json!({ "scope": scope, "commands": commands });
        if let Some(language) = language {
            body["language_code"] = language.into();
        }
        self.done("setMyCommands", &body).await
    }

    async fn done(&self, method: &'static str, body: &impl Serialize) -> Result<(), TelegramError> {
        self.call::<IgnoredAny>(method, body).await.map(drop)
    }
}

fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, TelegramError> {
    if status >= 500 {
        return Err(TelegramError::Unavailable(format!("status {status}")));
    }
    match serde_json::from_slice::<Answer<T>>(body) {
        Ok(Answer { ok: true, result: Some(result) }) => return Ok(result),
        Ok(Answer { ok: true, result: None }) => {
            return Err(TelegramError::Unreadable("there is no result".to_owned()));
        }
        Ok(Answer { ok: false, .. }) | Err(_) => {}
    }
    match serde_json::from_slice::<Answer<IgnoredAny>>(body) {
        Ok(Answer { ok: true, .. }) => {
            Err(TelegramError::Unreadable("the result has another shape".to_owned()))
        }
        Ok(Answer { ok: false, .. }) => match serde_json::from_slice::<Refusal>(body) {
            Ok(refusal) => Err(refusal.into()),
            Err(error) => Err(TelegramError::Unavailable(error.to_string())),
        },
        Err(_) => Err(TelegramError::Unavailable(format!("status {status} and no answer of the Bot API"))),
    }
}

/// Without the address, which holds the token.
fn unavailable(error: reqwest::Error) -> TelegramError {
    use std::error::Error;
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    TelegramError::Unavailable(text)
}

impl From<MessageSent> for Sent {
    fn from(sent: MessageSent) -> Self {
        Self { message: sent.message_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_result_a_refusal_or_none() {
        assert_eq!(read::<u8>(200, br#"{"ok":true,"result":7}"#), Ok(7));
        for (status, body, kind) in [
            (200, r#"{"ok":true,"result":"seven"}"#, "unreadable"),
            (200, r#"{"ok":true}"#, "unreadable"),
            (400, r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#, "blocked"),
            (502, "<html>Bad Gateway</html>", "unavailable"),
            (200, "", "unavailable"),
            (
                429,
                r#"{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":2}}"#,
                "retry_after",
            ),
        ] {
            assert_eq!(read::<u8>(status, body.as_bytes()).expect_err(body).kind(), kind, "{body}");
        }
    }

    #[tokio::test]
    async fn an_error_does_not_give_the_token_away() {
        let token = SecretString::from("123:secret");
        let telegram = Telegram::new("http://127.0.0.1:1", &token).expect("a client");
        let error = telegram.me().await.expect_err("nobody listens there");
        let shown = format!("{error} {error:?} {telegram:?}");
        assert!(error.kind() == "unavailable" && !shown.contains("secret"), "{shown}");
    }
}
