//! What every handler has at hand.

use std::sync::Arc;

use rental_core::{Actor, CustomerId, Quota, RateLimiter, Rentals, StoreError};
use tokio::sync::OnceCell;

use crate::memory::Memory;
use crate::telegram::{Me, Telegram, TelegramError};
use crate::texts::Language;

/// The bot: the shop's door, the way to Telegram, and what is remembered about chats.
pub(crate) struct Bot {
    pub(crate) telegram: Telegram,
    pub(crate) rentals: Arc<dyn Rentals>,
    pub(crate) memory: Memory,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) house: House,
    pub(crate) me: OnceCell<Me>,
}

/// What an operator has settled about this bot.
#[derive(Debug, Clone)]
pub(crate) struct House {
    /// The owner's user id.
    pub(crate) owner: Option<u64>,
    /// Where customers find a person.
    pub(crate) support_url: Option<String>,
    /// The shop's own rules.
    pub(crate) rules: Option<String>,
    /// How many taps and messages a customer has.
    pub(crate) quota: Quota,
}

/// How a handler ended: refusals by the shop are answers, only what could not be delivered is an error.
pub(crate) type Outcome = Result<(), Undelivered>;

/// Why an update's answer did not reach the user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undelivered {
    /// Telegram.
    #[error(transparent)]
    Telegram(#[from] TelegramError),
    /// What is remembered about the chat cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who is at the other end of an update, in the private chat with the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The user; the private chat has the same number.
    pub(crate) user: u64,
    /// In which language the user is spoken to.
    pub(crate) language: Language,
}

impl Session {
    /// The customer.
    pub(crate) fn customer(&self) -> CustomerId {
        CustomerId::Telegram(self.user)
    }

    /// The customer as the one who asks. Never anybody else, whatever a button says.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Customer(self.customer())
    }

    /// The private chat.
    pub(crate) fn chat(&self) -> i64 {
        i64::try_from(self.user).unwrap_or(i64::MAX) // user ids have 52 bits
    }
}

impl Bot {
    /// Who the bot is; asked for once.
    pub(crate) async fn me(&self) -> Result<&Me, TelegramError> {
        self.me.get_or_try_init(|| self.telegram.me()).await
    }

    /// The session of `user`.
    pub(crate) async fn session(&self, user: &teloxide::types::User) -> Result<Session, StoreError> {
        let chosen = self.memory.language(user.id.0).await?;
        let language = chosen.unwrap_or_else(|| Language::of_client(user.language_code.as_deref()));
        Ok(Session { user: user.id.0, language })
    }

    /// Ends the waiting sign of a button whose press could not be handled.
    pub(crate) async fn apologise(&self, query: &str) {
        let text = Language::En.oops();
        if let Err(error) = self.telegram.answer(query, &text, false).await {
            tracing::debug!(%error, "a button stays waiting");
        }
    }
}
