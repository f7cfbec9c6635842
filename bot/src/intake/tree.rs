//! Which handler gets which update.

use std::ops::ControlFlow;
use std::sync::Arc;

use teloxide::dispatching::{DpHandlerDescription, UpdateFilterExt};
use teloxide::dptree::{self, Handler};
use teloxide::types::{CallbackQuery, Message, Update};

use crate::bot::{Bot, Outcome};
use crate::{conversation, groups};

/// The handlers, ready to be asked.
#[derive(Clone)]
pub(super) struct Tree(Handler<'static, Outcome, DpHandlerDescription>);

/// Every update goes to the first handler that wants it; what nobody wants is done.
pub(super) fn tree() -> Tree {
    let private = |message: Message| message.chat.is_private();
    Tree(
        dptree::entry()
            .branch(Update::filter_callback_query().endpoint(pressed))
            .branch(Update::filter_message().filter(private).endpoint(wrote))
            .branch(Update::filter_message().endpoint(in_a_group)),
    )
}

impl Tree {
    /// Hands the update on; `false` when its handler failed.
    pub(super) async fn handle(&self, bot: &Arc<Bot>, update: Update) -> bool {
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

async fn pressed(bot: Arc<Bot>, query: CallbackQuery) -> Outcome {
    conversation::pressed(&bot, query).await
}

async fn wrote(bot: Arc<Bot>, message: Message) -> Outcome {
    conversation::wrote(&bot, message).await
}

async fn in_a_group(bot: Arc<Bot>, message: Message) -> Outcome {
    groups::wrote(&bot, &message).await
}
