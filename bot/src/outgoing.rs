//! Messages that answer nothing: what the shop's events tell customers and operators, and news.
//!
//! ```text
//! outbox ──► courier ──► letter (customer)      ┐
//! outbox ──► herald  ──► notice (operators)     ├──► post: one pace for all ──► Telegram
//! note   ──► newsboy ──► the operator's own text ┘
//! ```
//!
//! One process of a shop sends at a time, because Telegram's limits are the bot's; a lease says which. Events are claimed
//! from the outbox for no longer than that lease lasts, so whoever takes it over finds everything that was not sent, in
//! order. Telegram has no way to send something only once: what was under way when a process died is sent again.

mod courier;
mod herald;
mod letter;
mod newsboy;
mod notice;
mod pace;
mod post;
mod reach;
mod rounds;

use std::sync::Arc;
use std::time::Duration;

use rental_app::{Health, Leadership, WorkerError, supervise};
use rental_core::{Entropy, Leases, Notes, OsEntropy, Rentals, Seconds, Store, StoreError, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::memory::Memory;
use crate::texts::Language;
use courier::Courier;
use herald::Herald;
use newsboy::Newsboy;
pub(crate) use newsboy::{Broadcasts, Progress};
pub(crate) use post::Mailbox;
use post::Post;
pub(crate) use reach::Reach;
use rounds::Rounds;

/// The consumer group of what customers are told.
pub(crate) const CUSTOMERS: &str = "telegram";
/// The consumer group of what operators are told.
pub(crate) const OPERATORS: &str = "telegram-operators";
/// How long an event is claimed for.
const HOLD: Seconds = Seconds(12);
/// How long the right to send lasts; longer than any claim.
const LEASE: Seconds = Seconds(14);
/// How often is looked for events when there were none.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How often an event may be tried; with the longest pauses, about a day.
const MOST_ATTEMPTS: u32 = 1_500;

/// What sending needs.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) rentals: Arc<dyn Rentals>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) notes: Arc<dyn Notes>,
    pub(crate) mailbox: Arc<dyn Mailbox>,
}

impl Office {
    /// In which language a user is written to.
    async fn language(&self, user: u64) -> Result<Language, StoreError> {
        let person = Memory::new(self.notes.clone()).person(user).await?;
        Ok(person.map_or(Language::En, |person| person.language))
    }

    /// The store's clock.
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.store.load(&rental_core::Load::default()).await?.now)
    }
}

/// Sends for the whole shop, when it is this process's turn.
#[derive(Clone)]
pub(crate) struct Outgoing {
    leadership: Leadership,
    post: Post,
    rounds: Rounds,
    stop: CancellationToken,
}

impl Outgoing {
    /// A sender that holds nothing yet, and begins nothing after `stop`.
    pub(crate) fn new(office: &Office, leases: Arc<dyn Leases>, stop: CancellationToken) -> Self {
        let random = OsEntropy.draw();
        let consumer: Arc<str> =
            format!("sender-{:02x}{:02x}{:02x}{:02x}", random[0], random[1], random[2], random[3]).into();
        let post = Post::new(office);
        Self {
            leadership: Leadership::new(leases, "telegram-sender").lasting(LEASE),
            rounds: Rounds::new(
                post.clone(),
                Courier::new(office, post.clone(), consumer.clone(), stop.clone()),
                Herald::new(office, post.clone(), consumer),
                Newsboy::new(office, post.clone()),
                stop.clone(),
            ),
            post,
            stop,
        }
    }

    /// Sends until the program stops. A pass that fails or panics is tried again.
    pub(crate) async fn run(self) {
        let report = Health::default().of("telegram-sender");
        supervise("telegram-sender", LOOK_EVERY, &report, &self.stop, || {
            let this = self.clone();
            async move { this.run_once().await }
        })
        .await;
        self.rounds.finish().await;
        self.leadership.resign().await;
    }

    /// Sends what there is to send: what customers and operators are told, and a piece of the news when there is nothing
    /// new for customers.
    pub(crate) async fn run_once(&self) -> Result<(), WorkerError> {
        while !self.stop.is_cancelled() {
            if !self.leadership.hold().await? {
                self.post.forget();
                return Ok(());
            }
            if !self.rounds.go_on().await? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// How far off `at` is, in whole seconds.
fn seconds_until(at: Instant) -> Seconds {
    let wait = at.saturating_duration_since(Instant::now());
    Seconds(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX / 2))
}

fn count(group: &'static str, result: &'static str) {
    metrics::counter!("rental_telegram_messages_total", "group" => group, "result" => result).increment(1);
}

#[cfg(test)]
mod tests;
