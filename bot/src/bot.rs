//! What every handler has at hand.

use std::sync::Arc;
use std::time::Duration;

use rental_core::{
    Actor, CustomerId, Entropy, Invoice, Leases, Notes, OsEntropy, PaymentGateway, PaymentLinks, Quota,
    RateLimiter, Rentals, ServiceError, Store, StoreError,
};
use rental_ton::{Sandbox, SandboxTransfer};
use teloxide::types::User;
use tokio::sync::OnceCell;

use crate::callback::Mark;
use crate::catalogue::Catalogue;
use crate::codes::Codes;
use crate::memory::{Acquaintance, Awaited, Memory, Person};
use crate::outgoing::Reach;
use crate::telegram::{Me, Telegram, TelegramError, private_chat};
use crate::texts::Language;

/// How long a chosen language is waited for.
const LANGUAGE_WITHIN: Duration = Duration::from_secs(1);

/// The bot: the shop's door, the way to Telegram, and what is remembered about chats.
pub(crate) struct Bot {
    pub(crate) telegram: Telegram,
    pub(crate) rentals: Arc<dyn Rentals>,
    pub(crate) gateway: Arc<dyn PaymentGateway>,
    /// The chain of toy coins, in a shop that takes them.
    pub(crate) sandbox: Option<Sandbox>,
    pub(crate) memory: Memory,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) notes: Arc<dyn Notes>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) catalogue: Catalogue,
    pub(crate) codes: Codes,
    pub(crate) house: House,
    pub(crate) me: OnceCell<Me>,
}

/// What an operator has settled about this bot.
#[derive(Debug, Clone)]
pub(crate) struct House {
    /// The owner's user id.
    #[expect(dead_code, reason = "the admin screens ask for it")]
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
    /// What the user was asked and has not answered yet.
    pub(crate) awaited: Option<Awaited>,
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
        private_chat(self.user)
    }
}

impl Bot {
    /// Who the bot is; asked for once.
    pub(crate) async fn me(&self) -> Result<&Me, TelegramError> {
        self.me.get_or_try_init(|| self.telegram.me()).await
    }

    /// What stands before the payload in links that open this bot.
    pub(crate) async fn deep_links(&self) -> Result<String, StoreError> {
        let me = self.me().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(format!("https://t.me/{}?start=", me.username))
    }

    /// The session of `user`. Its language is remembered, for what is sent later without being asked for.
    pub(crate) async fn session(&self, user: &User) -> Result<Session, StoreError> {
        let Acquaintance { person, awaited, blocked } = self.memory.acquaintance(user.id.0).await?;
        if blocked {
            self.reach().unblock(user.id.0).await?;
        }
        let client = Language::of_client(user.language_code.as_deref());
        let language = match person {
            Some(Person { language, chosen }) if chosen || language == client => language,
            _ => {
                self.memory.remember(user.id.0, Person { language: client, chosen: false }).await?;
                client
            }
        };
        Ok(Session { user: user.id.0, language, awaited })
    }

    /// Who can be written to.
    pub(crate) fn reach(&self) -> Reach {
        Reach::new(self.notes.clone())
    }

    /// A mark for a question that is about to be shown.
    #[expect(clippy::unused_self, reason = "drawn by the bot, as everything that a handler uses")]
    pub(crate) fn mark(&self) -> Mark {
        let mut random = [0; 8];
        random.copy_from_slice(&OsEntropy.draw()[..8]);
        Mark::new(u64::from_be_bytes(random))
    }

    /// What opens a wallet to pay an invoice.
    pub(crate) fn links(&self, invoice: &Invoice) -> PaymentLinks {
        self.gateway.invoice_links(invoice)
    }

    /// Sends what an invoice asks for on the chain of toy coins, once.
    pub(crate) async fn pay_with_toy_coins(&self, invoice: &Invoice) -> Result<(), ServiceError> {
        let Some(sandbox) = self.sandbox.clone() else {
            return Err(rental_core::DomainError::Denied.into());
        };
        if !self.memory.pays_first(invoice.id).await? {
            return Ok(()); // on its way already
        }
        let transfer = SandboxTransfer::payment(invoice.amount, invoice.payload.to_string());
        let sent = match tokio::task::spawn_blocking(move || sandbox.append(&transfer)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => Err(StoreError::Unavailable(error.to_string()).into()),
            Err(_) => Err(ServiceError::Unexpected),
        };
        self.memory.did_not_pay(invoice.id).await?;
        sent
    }

    /// The language that `user` has chosen, or the client's. For what is said without a session; a store that does not
    /// answer quickly is not waited for.
    pub(crate) async fn language_of(&self, user: &User) -> Language {
        match tokio::time::timeout(LANGUAGE_WITHIN, self.memory.person(user.id.0)).await {
            Ok(Ok(Some(Person { language, chosen: true }))) => language,
            _ => Language::of_client(user.language_code.as_deref()),
        }
    }

    /// Ends the waiting sign of a button whose press could not be handled.
    pub(crate) async fn apologise(&self, query: &str, user: &User) {
        let text = self.language_of(user).await.oops();
        if let Err(error) = self.telegram.answer(query, &text, false).await {
            tracing::debug!(%error, "a button stays waiting");
        }
    }
}
