//! What happens to an update, however it arrives.
//!
//! Updates of one chat are handled one after the other, in order; those of different chats beside each other. Each runs
//! in a frame that survives a panic and ends what takes too long, so that a fault hurts one update only. What changes a
//! chat by itself stands in the same line, so it never comes between a user's press and what that brings.

mod lanes;
mod tree;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use teloxide::types::{Update, UpdateKind};
use tokio::sync::oneshot;

use crate::bot::Bot;
use crate::telegram::Arrived;
use lanes::Lanes;
pub(crate) use lanes::MOST_AT_WORK;
use tree::Tree;

/// How long an update may take.
const LONGEST: Duration = Duration::from_secs(20);

/// Takes updates in.
#[derive(Clone)]
pub(crate) struct Intake {
    bot: Arc<Bot>,
    tree: Tree,
    lanes: Lanes,
}

/// How the handling of an update ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handled {
    /// As it should.
    Done,
    /// With a refusal that the user was told, or with an answer that could not be delivered.
    Failed,
    /// Not at all: the chat has too many updates waiting.
    Dropped,
}

impl Intake {
    /// An intake for `bot`.
    pub(crate) fn new(bot: Arc<Bot>) -> Self {
        Self { bot, tree: tree::tree(), lanes: Lanes::default() }
    }

    /// Puts an update in its chat's line. The answer comes when it has been handled.
    pub(crate) fn submit(&self, arrived: &Arrived) -> oneshot::Receiver<Handled> {
        let (done, handled) = oneshot::channel();
        let (this, line, arrived) = (self.clone(), arrived.line(), arrived.clone());
        let work = async move {
            // In a box of its own, so that what waits takes no more room than it must.
            let handled = this.process(&arrived).boxed().await;
            let _ = done.send(handled); // nobody waits for it when the program ends
        };
        if !self.lanes.submit(line, work.boxed()) {
            count("dropped");
            let (dropped, answer) = oneshot::channel();
            let _ = dropped.send(Handled::Dropped); // the other end is below
            return answer;
        }
        handled
    }

    /// Does work on a chat that no update asks for, in that chat's line: nothing else of the chat is done beside it.
    /// `None` when the line is full, or the work has failed.
    pub(crate) async fn in_line<T: Send + 'static>(
        &self,
        chat: i64,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (done, ended) = oneshot::channel();
        let work = async move {
            match framed(work).await {
                Ok(value) => drop(done.send(value)), // nobody waits for it when the program ends
                Err(trouble) => tracing::error!(trouble, "work on a chat could not be done"),
            }
        };
        if self.lanes.submit(chat, work.boxed()) { ended.await.ok() } else { None }
    }

    /// Waits until every update has been handled.
    pub(crate) async fn finish(&self) {
        self.lanes.finish().await;
    }

    /// Handles one update.
    async fn process(&self, arrived: &Arrived) -> Handled {
        let id = arrived.id();
        let update = match arrived.update() {
            Ok(update) => Arc::new(update),
            Err(error) => {
                count("error");
                // Where it is wrong, not what it says.
                tracing::warn!(
                    update = id,
                    at = error.column(),
                    "an update could not be read and was skipped"
                );
                return Handled::Failed;
            }
        };
        let trouble = match framed(self.tree.handle(&self.bot, update.clone())).await {
            Ok(true) => {
                count("ok");
                return Handled::Done;
            }
            Ok(false) => {
                count("error");
                return Handled::Failed;
            }
            Err(trouble) => trouble,
        };
        count(trouble);
        tracing::error!(update = id, kind = kind(&update), trouble, "an update could not be handled");
        if let UpdateKind::CallbackQuery(query) = &update.kind {
            self.bot.apologise(&query.id.0, &query.from).await;
        }
        Handled::Failed
    }
}

/// What the work comes to, unless it panics or takes too long: then which of them.
async fn framed<T>(work: impl Future<Output = T>) -> Result<T, &'static str> {
    match tokio::time::timeout(LONGEST, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) => Err("panic"),
        Err(_) => Err("timeout"),
    }
}

fn count(result: &'static str) {
    metrics::counter!("rental_bot_updates_total", "result" => result).increment(1);
}

fn kind(update: &Update) -> &'static str {
    match update.kind {
        UpdateKind::Message(_) => "message",
        UpdateKind::CallbackQuery(_) => "callback_query",
        UpdateKind::MyChatMember(_) => "my_chat_member",
        _ => "other",
    }
}
