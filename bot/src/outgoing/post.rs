//! The one way out: everything that is sent without being asked for goes through here, at one pace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rental_core::{Entropy, OsEntropy, StoreError};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::pace::{Pace, Turn};
use super::{Office, Reach};
use crate::screen::Screen;
use crate::telegram::{Telegram, TelegramError, private_chat};

/// How long a message may take, so that it is not claimed by somebody else meanwhile.
const WITHIN: Duration = Duration::from_secs(6);
/// How long a call may go unanswered before nothing else waits for its end.
const PROMPT: Duration = Duration::from_millis(500);
/// How many such calls there can be: more than are begun within the time of one.
const MOST_UNANSWERED: usize = 192;

/// Where messages are dropped.
#[async_trait]
pub(crate) trait Mailbox: Send + Sync {
    /// Sends a screen as a new message.
    async fn send(&self, chat: i64, screen: &Screen) -> Result<i32, TelegramError>;

    /// Turns a message into `screen`.
    async fn edit(&self, chat: i64, message: i32, screen: &Screen) -> Result<(), TelegramError>;
}

#[async_trait]
impl Mailbox for Telegram {
    async fn send(&self, chat: i64, screen: &Screen) -> Result<i32, TelegramError> {
        Telegram::send(self, chat, screen).await.map(|sent| sent.message)
    }

    async fn edit(&self, chat: i64, message: i32, screen: &Screen) -> Result<(), TelegramError> {
        Telegram::edit(self, chat, message, screen).await
    }
}

/// The way out.
#[derive(Clone)]
pub(super) struct Post {
    mailbox: Arc<dyn Mailbox>,
    reach: Reach,
    pace: Arc<Mutex<Pace>>,
    unanswered: Arc<Semaphore>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was sent.
    Sent,
    /// The user cannot be reached; that has been noted.
    Unreachable,
    /// Not yet: to be tried again then.
    Later(Instant),
    /// Telegram does not take it, now or later.
    Refused(String),
}

impl Post {
    pub(super) fn new(office: &Office) -> Self {
        let reach = Reach::new(office.notes.clone());
        let unanswered = Arc::new(Semaphore::new(MOST_UNANSWERED));
        Self { mailbox: office.mailbox.clone(), reach, pace: Arc::default(), unanswered }
    }

    /// Who can be written to.
    pub(super) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Forgets whose turn it is: another process sends now.
    pub(super) fn forget(&self) {
        *self.pace() = Pace::default();
    }

    /// Lays event `seq` of `user` aside until then: what is younger waits behind it.
    pub(super) fn lay_aside(&self, user: u64, seq: u64, until: Instant) {
        self.pace().lay_aside(private_chat(user), seq, until);
    }

    /// Whether `user` cannot be written to for a while.
    pub(super) fn has_to_wait(&self, user: u64) -> bool {
        self.pace().has_to_wait(private_chat(user), Instant::now())
    }

    /// Whether nobody can be written to now.
    pub(super) fn is_resting(&self) -> bool {
        self.pace().is_resting(Instant::now())
    }

    /// Whether Telegram did not answer the last time that `user` was written to.
    pub(super) fn is_in_doubt(&self, user: u64) -> bool {
        self.pace().is_in_doubt(private_chat(user))
    }

    /// How many calls have been unanswered for longer than usual.
    pub(super) fn unanswered(&self) -> usize {
        MOST_UNANSWERED - self.unanswered.available_permits()
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn of event `seq` of `user`; answers until when to lay it aside when that is long after `since`.
    pub(super) async fn wait_for_turn(&self, user: u64, seq: u64, since: Instant) -> Option<Instant> {
        let turn = self.pace().turn(private_chat(user), seq, since, Instant::now());
        self.wait(user, turn).await
    }

    /// The same for something that belongs to no order.
    pub(super) async fn wait_for_free_turn(&self, user: u64) -> Option<Instant> {
        let turn = self.pace().free_turn(private_chat(user), Instant::now());
        self.wait(user, turn).await
    }

    async fn wait(&self, user: u64, turn: Turn) -> Option<Instant> {
        match turn {
            Turn::Aside(until) => Some(until),
            Turn::At(at) => {
                tokio::time::sleep_until(at).await;
                let slot = self.pace().slot(private_chat(user), Instant::now());
                tokio::time::sleep_until(slot).await;
                None
            }
        }
    }

    /// Sends to `user`, whose turn it is; for event `seq`.
    pub(super) async fn send(
        &self,
        user: u64,
        seq: Option<u64>,
        screen: &Screen,
    ) -> Result<Fate, StoreError> {
        let chat = private_chat(user);
        let sent = self.call(chat, screen).await;
        let now = Instant::now();
        let answered = !matches!(sent, Err(TelegramError::Unavailable(_) | TelegramError::Unauthorized));
        if answered {
            self.pace().answered(chat);
        }
        Ok(match sent {
            // One that cannot be understood says that it was sent.
            Ok(_) | Err(TelegramError::Unreadable(_)) => Fate::Sent,
            Err(TelegramError::Blocked(_)) => {
                self.reach.block(user).await?;
                Fate::Unreachable
            }
            Err(TelegramError::RetryAfter(wait)) => Fate::Later(self.pace().refused(chat, seq, wait, now)),
            Err(error @ (TelegramError::Unavailable(_) | TelegramError::Unauthorized)) => {
                if self.is_in_doubt(user) {
                    tracing::debug!(%error, "a message cannot be sent yet");
                } else {
                    tracing::warn!(%error, "a message cannot be sent; it is tried again");
                }
                Fate::Later(self.pace().failed(chat, seq, OsEntropy.draw()[0], now))
            }
            Err(error) => Fate::Refused(error.to_string()),
        })
    }

    async fn call(&self, chat: i64, screen: &Screen) -> Result<i32, TelegramError> {
        let call = tokio::time::timeout(WITHIN, self.mailbox.send(chat, screen));
        tokio::pin!(call);
        let sent = if let Ok(sent) = tokio::time::timeout(PROMPT, &mut call).await {
            sent
        } else {
            let _unanswered = self.unanswered.try_acquire();
            call.await
        };
        sent.unwrap_or_else(|_| Err(TelegramError::Unavailable("it took too long".to_owned())))
    }

    /// Turns a message of `user` into `screen`, if that can be done now: it is done again soon.
    pub(super) async fn update(&self, user: u64, message: i32, screen: &Screen) {
        if self.wait_for_free_turn(user).await.is_some() {
            return;
        }
        if let Err(error) = self.mailbox.edit(private_chat(user), message, screen).await {
            tracing::debug!(%error, "a message is not up to date");
        }
    }
}
