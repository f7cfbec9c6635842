//! A bot that does what the tests say.

use bot_testing::FakeTelegram;
use reqwest::{Client, Response};
use serde_json::{Value, json};

/// A client of the Bot API.
#[derive(Clone)]
pub(crate) struct Bot {
    pub(crate) http: Client,
    pub(crate) api: String,
}

impl Bot {
    pub(crate) fn of(telegram: &FakeTelegram) -> Self {
        Self { http: Client::builder().no_proxy().build().unwrap(), api: telegram.api() }
    }

    /// Calls a method with JSON; answers everything that comes back.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        read(self.http.post(format!("{}/{method}", self.api)).json(&params).send().await.unwrap()).await
    }

    /// The same, and it must be granted.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code and the text that a method is refused with.
    pub(crate) async fn refused(&self, method: &str, params: Value) -> (u64, String) {
        let answer = self.ask(method, params).await;
        assert_eq!(answer["ok"], false, "{method}: {answer}");
        (answer["error_code"].as_u64().unwrap(), answer["description"].as_str().unwrap().to_owned())
    }

    /// Sends a text to a chat; answers the message's number.
    pub(crate) async fn say(&self, chat: i64, text: &str) -> i64 {
        self.call("sendMessage", json!({"chat_id": chat, "text": text})).await["message_id"].as_i64().unwrap()
    }
}

/// The body of an answer; its status must be the code that the body tells.
pub(crate) async fn read(response: Response) -> Value {
    let status = response.status().as_u16();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(u64::from(status), answer["error_code"].as_u64().unwrap_or(200), "{answer}");
    answer
}
