//! What a chat shows: a text and buttons. Screens are plain data, made by pure functions and compared in tests.

use serde::{Serialize, Serializer};

use crate::callback::Callback;

/// A message with its buttons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Screen {
    /// The text, in Telegram's HTML.
    pub(crate) text: String,
    /// The buttons.
    pub(crate) keyboard: Keyboard,
}

/// Rows of buttons below a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Keyboard {
    #[serde(rename = "inline_keyboard")]
    rows: Vec<Vec<Button>>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Button {
    text: String,
    #[serde(flatten)]
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<Style>,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum Action {
    /// Tells the bot.
    #[serde(rename = "callback_data")]
    Press(#[serde(serialize_with = "as_text")] Callback),
    /// Opens an address.
    #[serde(rename = "url")]
    Open(String),
    /// Puts a text into the clipboard.
    #[serde(rename = "copy_text")]
    Copy(Clipping),
}

/// A text for the clipboard, at most 256 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Clipping {
    text: String,
}

/// How a button looks, in clients that know it (Bot API 9.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Style {
    /// The one that goes on.
    Primary,
    /// The one that is good.
    Success,
    /// The one that takes something away.
    Danger,
}

fn as_text<S: Serializer>(callback: &Callback, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(callback)
}

impl Screen {
    /// A text without buttons.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The same with one more row of buttons; an empty row adds nothing.
    #[must_use]
    pub(crate) fn row(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let row: Vec<Button> = buttons.into_iter().collect();
        if !row.is_empty() {
            self.keyboard.rows.push(row);
        }
        self
    }

    /// The same with a row for each of these buttons.
    #[must_use]
    pub(crate) fn rows(self, buttons: impl IntoIterator<Item = Button>) -> Self {
        buttons.into_iter().fold(self, |screen, button| screen.row([button]))
    }
}

impl Keyboard {
    /// All buttons.
    #[cfg(test)]
    pub(crate) fn buttons(&self) -> impl Iterator<Item = &Button> {
        self.rows.iter().flatten()
    }

    /// The rows.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> &[Vec<Button>] {
        &self.rows
    }
}

impl Button {
    /// A button that tells the bot.
    pub(crate) fn press(text: impl Into<String>, callback: Callback) -> Self {
        Self { text: text.into(), action: Action::Press(callback), style: None }
    }

    /// A button that opens an address.
    pub(crate) fn open(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self { text: text.into(), action: Action::Open(url.into()), style: None }
    }

    /// A button that puts `clipping` into the clipboard.
    pub(crate) fn copy(text: impl Into<String>, clipping: impl Into<String>) -> Self {
        let action = Action::Copy(Clipping { text: clipping.into() });
        Self { text: text.into(), action, style: None }
    }

    /// The same, looking like `style`.
    #[must_use]
    pub(crate) fn styled(self, style: Style) -> Self {
        Self { style: Some(style), ..self }
    }

    /// What is written on it.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What it does.
    #[cfg(test)]
    pub(crate) fn action(&self) -> &Action {
        &self.action
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_look_as_the_bot_api_wants_them() {
        let screen = Screen::new("x")
            .row([Button::press("a", Callback::Home), Button::open("b", "https://h/").styled(Style::Primary)])
            .row([])
            .row([Button::copy("c", "text")]);
        let json = serde_json::to_string(&screen.keyboard).expect("plain data");
        assert_eq!(
            json,
            r#"{"inline_keyboard":[[{"text":"a","callback_data":"1h"},{"text":"b","url":"https://h/","style":"primary"}],[{"text":"c","copy_text":{"text":"text"}}]]}"#
        );
    }
}
