//! Private chats: who is it, may they go on, what do they want, and how the answer gets there.

use teloxide::types::{CallbackQuery, ChatMemberUpdated, Message};

use crate::bot::{Bot, Outcome, Session};
use crate::callback::Callback;
use crate::screen::Screen;
use crate::screens;
use crate::telegram::TelegramError;

/// The answer to a press or a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct View {
    /// What the chat shows from now on; what it showed before when absent.
    pub(crate) screen: Option<Screen>,
    /// A line shown for a moment.
    pub(crate) toast: Option<Toast>,
}

/// A line shown for a moment, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    /// The text, without markup.
    pub(crate) text: String,
    /// Whether it waits to be closed.
    pub(crate) alert: bool,
}

impl From<Screen> for View {
    fn from(screen: Screen) -> Self {
        Self { screen: Some(screen), toast: None }
    }
}

impl View {
    /// The same with a line that goes by itself.
    #[must_use]
    pub(crate) fn toast(self, text: impl Into<String>) -> Self {
        Self { toast: Some(Toast { text: text.into(), alert: false }), ..self }
    }
}

/// A button was pressed.
pub(crate) async fn pressed(bot: &Bot, query: CallbackQuery) -> Outcome {
    let session = bot.session(&query.from).await?;
    let private = query.message.as_ref().is_none_or(|message| message.chat().is_private());
    let view = match query.data.as_deref().map(str::parse::<Callback>) {
        _ if !private => View::default(),
        Some(Ok(callback)) => answer_press(bot, &session, callback).await,
        Some(Err(_)) | None => View::from(screens::home(&session)).toast(session.language.stale_button()),
    };
    let shown = query.message.as_ref().filter(|_| private).map(|message| message.id().0);
    let toast = view.toast.unwrap_or(Toast { text: String::new(), alert: false });
    let answer = bot.telegram.answer(&query.id.0, &toast.text, toast.alert);
    let (answered, shown) = futures::join!(answer, async {
        match view.screen {
            Some(screen) => show(bot, &session, shown, &screen).await,
            None => Ok(()),
        }
    });
    if let Err(error) = answered {
        tracing::debug!(%error, "a button stays waiting");
    }
    shown
}

async fn answer_press(_bot: &Bot, session: &Session, callback: Callback) -> View {
    match callback {
        Callback::Nothing => View::default(),
        Callback::Home => screens::home(session).into(),
    }
}

/// A message came.
pub(crate) async fn wrote(bot: &Bot, message: Message) -> Outcome {
    let Some(user) = message.from.as_ref() else { return Ok(()) };
    let session = bot.session(user).await?;
    bot.telegram.send(session.chat(), &screens::home(&session)).await?;
    Ok(())
}

/// The user blocked the bot, or came back.
pub(crate) async fn moved(_bot: &Bot, _change: &ChatMemberUpdated) -> Outcome {
    Ok(())
}

/// Turns the message into `screen`, or sends it anew where that cannot be done.
async fn show(bot: &Bot, session: &Session, message: Option<i32>, screen: &Screen) -> Outcome {
    if let Some(message) = message {
        match bot.telegram.edit(session.chat(), message, screen).await {
            Err(TelegramError::Gone(_)) => {}
            answer => return Ok(answer?),
        }
    }
    bot.telegram.send(session.chat(), screen).await?;
    Ok(())
}
