//! Which handler gets which update.
//!
//! Handlers share the update: what a filter of the library takes out of it would be copied at every branch.

use std::ops::ControlFlow;
use std::sync::Arc;

use teloxide::dptree::{self, Handler};
use teloxide::types::{CallbackQuery, Message, Update, UpdateKind};

use crate::bot::{Bot, Outcome};
use crate::{conversation, groups};

/// The handlers, ready to be asked.
#[derive(Clone)]
pub(super) struct Tree(Handler<'static, Outcome>);

/// Every update goes to the first handler that wants it; what nobody wants is done.
pub(super) fn tree() -> Tree {
    let is_press = |update: Arc<Update>| press(&update).is_some();
    let is_message = |update: Arc<Update>| message(&update).is_some();
    let is_private = |update: Arc<Update>| message(&update).is_some_and(|message| message.chat.is_private());
    Tree(
        dptree::entry()
            .branch(dptree::filter(is_press).endpoint(pressed))
            .branch(dptree::filter(is_private).endpoint(wrote))
            .branch(dptree::filter(is_message).endpoint(wrote_in_a_group)),
    )
}

impl Tree {
    /// Hands the update on; `false` when its handler failed.
    pub(super) async fn handle(&self, bot: &Arc<Bot>, update: Arc<Update>) -> bool {
        let id = update.id.0;
        match self.0.dispatch(dptree::deps![update, Arc::clone(bot)]).await {
            ControlFlow::Break(Ok(())) | ControlFlow::Continue(_) => true,
            ControlFlow::Break(Err(error)) => {
                tracing::warn!(update = id, %error, "an answer could not be delivered");
                false
            }
        }
    }
}

fn press(update: &Update) -> Option<&CallbackQuery> {
    match &update.kind {
        UpdateKind::CallbackQuery(query) => Some(query),
        _ => None,
    }
}

fn message(update: &Update) -> Option<&Message> {
    match &update.kind {
        UpdateKind::Message(message) => Some(message),
        _ => None,
    }
}

async fn pressed(bot: Arc<Bot>, update: Arc<Update>) -> Outcome {
    match press(&update) {
        Some(query) => conversation::pressed(&bot, query).await,
        None => Ok(()),
    }
}

async fn wrote(bot: Arc<Bot>, update: Arc<Update>) -> Outcome {
    match message(&update) {
        Some(message) => conversation::wrote(&bot, message).await,
        None => Ok(()),
    }
}

async fn wrote_in_a_group(bot: Arc<Bot>, update: Arc<Update>) -> Outcome {
    match message(&update) {
        Some(message) => groups::wrote(&bot, message).await,
        None => Ok(()),
    }
}
