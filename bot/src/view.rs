//! The answer to a press or a message, as data: what is shown, what is said in passing, what comes beside it.

use rental_core::InvoiceId;
use serde_json::{Value, json};

use crate::screen::Screen;
use crate::texts::Language;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct View {
    /// What the message shows from now on; what it showed before when absent.
    pub(crate) screen: Option<Screen>,
    /// A line shown for a moment.
    pub(crate) toast: Option<Toast>,
    /// The invoice that the screen shows, which is then kept up to date.
    pub(crate) invoice: Option<InvoiceId>,
    /// Another message.
    pub(crate) beside: Option<Beside>,
    /// What the user is asked for: the next message is the answer.
    pub(crate) question: Option<Question>,
}

/// A line shown for a moment, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    /// The text, without markup.
    pub(crate) text: String,
    /// Whether it waits to be closed.
    pub(crate) alert: bool,
}

/// Another message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beside {
    /// A link as a code to scan, with a text below.
    Code(String, Screen),
    /// A text with a keyboard of its own.
    Keyboard(String, Value),
    /// None: the message itself goes.
    Nothing,
}

/// What the user is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Digits to look for, asked at this place of the list.
    Digits(crate::callback::Place),
    /// A person to hand a number to.
    Person(rental_core::PhoneNumber),
}

impl From<Screen> for View {
    fn from(screen: Screen) -> Self {
        Self { screen: Some(screen), ..Self::default() }
    }
}

impl View {
    /// Only a line that goes by itself.
    pub(crate) fn saying(text: impl Into<String>) -> Self {
        Self::default().toast(text)
    }

    /// The same with a line that goes by itself.
    #[must_use]
    pub(crate) fn toast(self, text: impl Into<String>) -> Self {
        Self { toast: Some(Toast { text: text.into(), alert: false }), ..self }
    }

    /// The same with a line that waits to be closed.
    #[must_use]
    pub(crate) fn alert(self, text: impl Into<String>) -> Self {
        Self { toast: Some(Toast { text: text.into(), alert: true }), ..self }
    }
}

impl Beside {
    /// The keyboard with which a person is chosen.
    pub(crate) fn person_picker(language: Language, pretty_number: String) -> Self {
        let keyboard = json!({
            "keyboard": [
                [{ "text": language.pick_person_button(),
                   "request_users": { "request_id": 1, "user_is_bot": false, "max_quantity": 1,
                                      "request_name": true } }],
                [{ "text": language.pick_cancel() }],
            ],
            "resize_keyboard": true, "one_time_keyboard": true,
        });
        Self::Keyboard(language.pick_person(pretty_number), keyboard)
    }

    /// The end of such a keyboard.
    pub(crate) fn no_keyboard(text: String) -> Self {
        Self::Keyboard(text, json!({ "remove_keyboard": true }))
    }
}
