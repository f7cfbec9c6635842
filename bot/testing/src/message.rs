//! Messages as they stand in a chat.

use serde_json::{Value, json};

use crate::keyboard::{Action, Button, Keyboard, Markup};
use crate::markup::Formatted;

/// Who wrote a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Author {
    /// The bot.
    Bot,
    /// The person with this id.
    Person(i64),
}

/// A picture of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Photo {
    /// What the bot may send instead of the picture.
    pub file_id: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: usize,
}

/// What a message carries besides its text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Media {
    Photo(Photo),
    Document { file_id: String, name: String, bytes: usize },
}

/// A message as it stood when the test looked.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its number in its chat.
    pub id: i32,
    /// The chat.
    pub chat: i64,
    /// Who wrote it.
    pub author: Author,
    /// The text or caption, without markup.
    pub text: String,
    /// How often the bot has changed it.
    pub edits: u32,
    /// It cannot be forwarded or saved.
    pub protected: bool,
    pub(crate) entities: Vec<Value>,
    pub(crate) media: Option<Media>,
    pub(crate) markup: Markup,
    pub(crate) date: i64,
    pub(crate) edited_at: Option<i64>,
    /// Fields that only a person's messages have, like `users_shared`.
    pub(crate) more: Value,
}

impl Message {
    pub(crate) fn new(chat: i64, author: Author, content: Formatted, date: i64) -> Self {
        Self {
            id: 0,
            chat,
            author,
            text: content.text,
            edits: 0,
            protected: false,
            entities: content.entities,
            media: None,
            markup: Markup::None,
            date,
            edited_at: None,
            more: Value::Null,
        }
    }

    /// The bot wrote it.
    pub fn is_from_bot(&self) -> bool {
        self.author == Author::Bot
    }

    /// The picture, if it has one.
    pub fn photo(&self) -> Option<&Photo> {
        match &self.media {
            Some(Media::Photo(photo)) => Some(photo),
            _ => None,
        }
    }

    /// The buttons under it, in rows.
    pub fn buttons(&self) -> &[Vec<Button>] {
        match &self.markup {
            Markup::Inline(keyboard) => &keyboard.rows,
            _ => &[],
        }
    }

    /// The button with this text or data; with none, the only one whose text contains it.
    pub fn button(&self, name: &str) -> Option<&Button> {
        let all = || self.buttons().iter().flatten();
        let exact = all().find(|button| {
            button.text == name || matches!(&button.action, Action::Callback(data) if data == name)
        });
        exact.or_else(|| {
            let mut near = all().filter(|button| button.text.contains(name));
            near.next().filter(|_| near.next().is_none())
        })
    }

    /// The data of the button with this text.
    pub fn data(&self, name: &str) -> Option<&str> {
        match &self.button(name)?.action {
            Action::Callback(data) => Some(data),
            _ => None,
        }
    }

    /// The parts of the text with a kind of entity: `code`, `bold`, …
    pub fn marked(&self, kind: &str) -> Vec<String> {
        let units: Vec<u16> = self.text.encode_utf16().collect();
        let place = |entity: &Value, field: &str| usize::try_from(entity[field].as_u64()?).ok();
        let marked = self.entities.iter().filter(|entity| entity["type"] == kind).filter_map(|entity| {
            let from = place(entity, "offset")?;
            units.get(from..from + place(entity, "length")?).map(String::from_utf16_lossy)
        });
        marked.collect()
    }

    pub(crate) fn keyboard(&self) -> Option<&Keyboard> {
        match &self.markup {
            Markup::Inline(keyboard) => Some(keyboard),
            _ => None,
        }
    }

    /// As a person sees it, for printing.
    pub(crate) fn shown(&self) -> String {
        let author = match self.author {
            Author::Bot => "bot".to_owned(),
            Author::Person(id) => id.to_string(),
        };
        let media = match &self.media {
            Some(Media::Photo(photo)) => format!("[photo {}x{}] ", photo.width, photo.height),
            Some(Media::Document { name, .. }) => format!("[file {name}] "),
            None => String::new(),
        };
        let mut shown = format!("#{} {author}: {media}{}", self.id, self.text);
        for row in self.buttons() {
            shown += "\n   ";
            for button in row {
                shown += " ";
                shown += &button.shown();
            }
        }
        shown
    }

    /// As the Bot API tells it. `from` and `chat` are its author and its chat as the API tells them.
    pub(crate) fn json(&self, from: &Value, chat: &Value) -> Value {
        let mut json = json!({"message_id": self.id, "from": from, "chat": chat, "date": self.date});
        if let Some(date) = self.edited_at {
            json["edit_date"] = json!(date);
        }
        let (text, entities) =
            if self.media.is_some() { ("caption", "caption_entities") } else { ("text", "entities") };
        if !self.text.is_empty() {
            json[text] = json!(self.text);
            if !self.entities.is_empty() {
                json[entities] = json!(self.entities);
            }
        }
        match &self.media {
            Some(Media::Photo(photo)) => {
                json["photo"] = json!([{
                    "file_id": photo.file_id, "file_unique_id": unique(&photo.file_id), "file_size": photo.bytes,
                    "width": photo.width, "height": photo.height,
                }]);
            }
            Some(Media::Document { file_id, name, bytes }) => {
                json["document"] = json!({
                    "file_id": file_id, "file_unique_id": unique(file_id), "file_name": name, "file_size": bytes,
                });
            }
            None => {}
        }
        if let Some(keyboard) = self.keyboard()
            && !keyboard.sent.is_empty()
        {
            json["reply_markup"] = json!({"inline_keyboard": keyboard.sent});
        }
        if self.protected {
            json["has_protected_content"] = json!(true);
        }
        if let Some(more) = self.more.as_object() {
            json.as_object_mut().expect("it was made as an object").extend(more.clone());
        }
        json
    }
}

/// The name of a file that is the same for all bots.
pub(crate) fn unique(file_id: &str) -> String {
    file_id.chars().rev().take(12).collect()
}
