//! Posting updates to the bot.
//!
//! Like Telegram's: the updates of one chat one after another, those of different chats at once up to the number of
//! connections that the bot allows, again and again until the answer is a success.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::task::JoinSet;

use crate::updates::Update;
use crate::world::Shared;

/// How long the bot may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// The wait before an update is posted once more; it doubles every time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest wait.
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// An update that is being posted.
struct Post {
    update: Update,
    urls: Vec<String>,
    secret: Option<String>,
    turn: u64,
}

/// Posts what is pending, while there is a webhook. Never ends.
pub(crate) async fn deliver(shared: Arc<Shared>) {
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(ANSWER_WITHIN).build();
    let client = client.expect("a client without special wishes can be built");
    let mut under_way = JoinSet::new();
    loop {
        let mut arrived = pin!(shared.arrived.notified());
        arrived.as_mut().enable();
        while let Some(post) = next(&shared, under_way.len()) {
            under_way.spawn(carry(Arc::clone(&shared), client.clone(), post));
        }
        tokio::select! {
            () = arrived => {}
            Some(_) = under_way.join_next() => {}
        }
    }
}

fn next(shared: &Shared, under_way: usize) -> Option<Post> {
    let mut world = shared.look();
    let webhook = world.updates.webhook.clone().filter(|webhook| under_way < webhook.connections)?;
    let update = world.updates.next_to_post()?;
    let urls = std::iter::once(webhook.url).chain(world.mirrors.clone()).collect();
    Some(Post { update, urls, secret: webhook.secret, turn: world.updates.turn })
}

/// Posts one update to all addresses at once, until one of them takes it or the webhook is changed.
async fn carry(shared: Arc<Shared>, client: Client, post: Post) {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut answers = JoinSet::new();
        for url in &post.urls {
            let mut request = client.post(url).header(CONTENT_TYPE, "application/json");
            if let Some(secret) = &post.secret {
                request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
            }
            let request = request.body(post.update.json.clone());
            answers.spawn(async move { request.send().await.map(|answer| answer.status()) });
        }
        let answers = answers.join_all().await;
        let has_arrived = answers.iter().flatten().any(StatusCode::is_success);
        let is_over = shared.change(|world| {
            world.counters.posts += answers.len() as u64;
            if has_arrived {
                world.updates.posted(&post.update, post.turn);
                world.counters.confirmed += 1;
                return true;
            }
            let now = world.now();
            let why = match &answers[0] {
                Ok(status) => format!("Wrong response from the webhook: {status}"),
                Err(_) => "Connection failed".to_owned(),
            };
            if let Some(webhook) = &mut world.updates.webhook {
                webhook.last_error = Some((now, why));
            }
            world.updates.turn != post.turn
        });
        if is_over {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}
