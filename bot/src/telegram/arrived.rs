//! Updates as they arrive.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use teloxide::types::Update;

/// An update as Telegram sent it. Where it belongs is read at once, the rest when its turn has come: what waits takes a
/// tenth of the room as text, and the types do not write everything as they read it, should it have to be kept.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    id: u32,
    line: i64,
    text: Arc<RawValue>,
}

/// What tells where an update belongs.
#[derive(Deserialize)]
struct Envelope {
    update_id: u32,
    message: Option<Inside>,
    callback_query: Option<Pressed>,
    my_chat_member: Option<Inside>,
}

#[derive(Deserialize)]
struct Pressed {
    from: Numbered,
    message: Option<Inside>,
}

#[derive(Deserialize)]
struct Inside {
    chat: Numbered,
}

#[derive(Deserialize)]
struct Numbered {
    id: i64,
}

/// All that is needed to pass over an update that makes no sense.
#[derive(Deserialize)]
struct Least {
    update_id: u32,
}

impl Arrived {
    /// The update of this text.
    ///
    /// # Errors
    /// When it has no number, and so is none.
    pub(crate) fn read(text: Box<RawValue>) -> serde_json::Result<Self> {
        let (id, line) = match serde_json::from_str::<Envelope>(text.get()) {
            Ok(envelope) => (envelope.update_id, envelope.line()),
            Err(_) => (serde_json::from_str::<Least>(text.get())?.update_id, 0),
        };
        Ok(Self { id, line, text: text.into() })
    }

    /// Its number; a later one has a greater one.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// In whose line it stands: that of its chat, or of its user when there is none.
    pub(crate) fn line(&self) -> i64 {
        self.line
    }

    /// The text.
    pub(crate) fn text(&self) -> &RawValue {
        &self.text
    }

    /// What it says.
    ///
    /// # Errors
    /// When the types cannot read it.
    pub(crate) fn update(&self) -> serde_json::Result<Update> {
        serde_json::from_str(self.text.get())
    }
}

impl Envelope {
    fn line(&self) -> i64 {
        let pressed = self.callback_query.as_ref();
        let inside = pressed.and_then(|pressed| pressed.message.as_ref());
        let inside = inside.or(self.message.as_ref()).or(self.my_chat_member.as_ref());
        inside.map(|inside| inside.chat.id).or(pressed.map(|pressed| pressed.from.id)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(u32, i64)> {
        let text = RawValue::from_string(text.to_owned()).expect("JSON");
        Arrived::read(text).ok().map(|arrived| (arrived.id(), arrived.line()))
    }

    #[test]
    fn an_update_stands_in_the_line_of_its_chat() {
        let chat = r#"{"chat":{"id":-5,"type":"group"},"date":0}"#;
        for (text, place) in [
            (format!(r#"{{"update_id":1,"message":{chat}}}"#), Some((1, -5))),
            (format!(r#"{{"update_id":2,"my_chat_member":{chat}}}"#), Some((2, -5))),
            (
                format!(r#"{{"update_id":3,"callback_query":{{"from":{{"id":7}},"message":{chat}}}}}"#),
                Some((3, -5)),
            ),
            (r#"{"update_id":4,"callback_query":{"from":{"id":7},"data":"1h"}}"#.to_owned(), Some((4, 7))),
            (r#"{"update_id":5,"poll":{"id":"x"}}"#.to_owned(), Some((5, 0))),
            (r#"{"update_id":6,"message":{"message_id":"one"}}"#.to_owned(), Some((6, 0))),
            (r#"{"message":{"chat":{"id":1}}}"#.to_owned(), None),
            ("7".to_owned(), None),
        ] {
            assert_eq!(read(&text), place, "{text}");
        }
    }
}
