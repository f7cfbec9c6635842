//! Presses of buttons, and the bot's answers to them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::wait;
use crate::world::Shared;

/// How long a press can be answered.
pub(crate) const LIFE: Duration = Duration::from_mins(1);

/// A press of a button.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) shared: Arc<Shared>,
    /// What the bot has to answer to.
    pub id: String,
}

/// What the person saw after a press.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The text; none just stops the button's animation.
    pub text: Option<String>,
    /// It has to be closed by the person.
    pub alert: bool,
    /// A link that was opened.
    pub url: Option<String>,
}

/// What the server knows of a press.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) until: Instant,
    pub(crate) answer: Option<Answer>,
}

impl Query {
    /// The bot's answer, once it has come.
    pub async fn answer(&self) -> Answer {
        let id = &self.id;
        wait::until(&self.shared, "the answer to a press", |world| {
            world.queries.get(id).and_then(|pending| pending.answer.clone())
        })
        .await
    }

    /// The text of the bot's answer, once it has come; empty when it has none.
    pub async fn toast(&self) -> String {
        self.answer().await.text.unwrap_or_default()
    }

    /// Whether the bot has answered by now.
    pub fn is_answered(&self) -> bool {
        self.shared.look().queries.get(&self.id).is_some_and(|pending| pending.answer.is_some())
    }
}
