//! Webhooks.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bot_testing::FakeTelegram;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::bot::Bot;

/// A bot's webhook, which takes a post for each permit and refuses what it is told to.
#[derive(Clone)]
struct Hook {
    got: Arc<Mutex<Vec<Posted>>>,
    permits: Arc<Semaphore>,
    /// How many posts have come, taken or not.
    arrived: Arc<watch::Sender<usize>>,
    refuse: Arc<Mutex<usize>>,
    url: String,
}

impl Hook {
    async fn start(permits: usize, refuse: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let hook = Self {
            got: Arc::default(),
            permits: Arc::new(Semaphore::new(permits)),
            arrived: Arc::new(watch::Sender::new(0)),
            refuse: Arc::new(Mutex::new(refuse)),
            url,
        };
        let router = Router::new().route("/hook", post(Self::take)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hook
    }

    async fn take(State(hook): State<Self>, headers: HeaderMap, body: String) -> StatusCode {
        hook.arrived.send_modify(|count| *count += 1);
        hook.permits.acquire().await.unwrap().forget();
        let secret = headers.get("x-telegram-bot-api-secret-token").map(|it| it.to_str().unwrap().to_owned());
        hook.got.lock().unwrap().push((secret, serde_json::from_str(&body).unwrap()));
        let mut refuse = hook.refuse.lock().unwrap();
        if *refuse == 0 {
            return StatusCode::OK;
        }
        *refuse -= 1;
        StatusCode::SERVICE_UNAVAILABLE
    }

    fn texts(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(_, update)| update["message"]["text"].as_str().unwrap().to_owned()).collect()
    }
}

/// The secret and the update.
type Posted = (Option<String>, Value);

#[tokio::test]
async fn updates_are_posted_in_order_with_the_secret_until_they_are_taken() {
    let telegram = FakeTelegram::start();
    let (bot, hook) = (Bot::of(&telegram), Hook::start(100, 2).await);
    let chat = telegram.user(7, "en");
    chat.send("before");
    bot.call("setWebhook", json!({"url": hook.url, "secret_token": "s-3"})).await;
    chat.send("after");
    telegram.wait_for_silence().await;
    assert_eq!(hook.texts(), ["before", "before", "before", "after"]);
    assert!(hook.got.lock().unwrap().iter().all(|(secret, _)| secret.as_deref() == Some("s-3")));
    assert_eq!(telegram.counters().posts, 4);
    let info = bot.call("getWebhookInfo", json!({})).await;
    assert_eq!((&info["url"], &info["pending_update_count"]), (&json!(hook.url), &json!(0)));
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 503 Service Unavailable");
}

#[tokio::test]
async fn a_slow_chat_does_not_delay_the_others() {
    let telegram = FakeTelegram::start();
    let (bot, hook) = (Bot::of(&telegram), Hook::start(0, 0).await);
    bot.call("setWebhook", json!({"url": hook.url, "max_connections": 2})).await;
    for text in ["1 a", "1 b", "1 c"] {
        telegram.user(1, "en").send(text);
    }
    telegram.user(2, "en").send("2 a");
    hook.arrived.subscribe().wait_for(|count| *count == 2).await.unwrap(); // one post of each chat, none taken yet
    hook.permits.add_permits(2);
    telegram.wait_until("two updates", |counters| counters.confirmed == 2).await;
    let mut texts = hook.texts();
    texts.sort();
    assert_eq!(texts, ["1 a", "2 a"]);
    hook.permits.add_permits(2);
    telegram.wait_for_silence().await;
    assert_eq!(hook.texts()[2..], ["1 b", "1 c"]);
}

#[tokio::test]
async fn every_update_reaches_every_replica() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    let (one, two) = (Hook::start(100, 0).await, Hook::start(100, 100).await);
    telegram.also_post_to(&[&two.url]);
    bot.call("setWebhook", json!({"url": one.url})).await;
    for text in ["a", "b", "c"] {
        telegram.user(7, "en").send(text);
    }
    telegram.wait_for_silence().await;
    assert_eq!(one.texts(), ["a", "b", "c"]);
    assert_eq!(two.texts(), ["a", "b", "c"], "refused by one and taken by the other is taken");
}

#[tokio::test]
async fn a_webhook_is_checked() {
    let telegram = FakeTelegram::start();
    let bot = Bot::of(&telegram);
    assert_eq!(
        bot.refused("setWebhook", json!({"url": "http://bot.example/hook"})).await.1,
        "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    );
    assert_eq!(
        bot.refused("setWebhook", json!({"url": "https://bot.example", "secret_token": "ü"})).await.1,
        "Bad Request: secret token contains unallowed characters"
    );
    telegram.user(7, "en").send("x");
    bot.call("deleteWebhook", json!({"drop_pending_updates": true})).await;
    assert_eq!(telegram.counters().pending(), 0);
}
