//! People, the chats they are in, and what stands in these.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::message::Message;
use crate::params::Params;
use crate::refusal::Refusal;

/// A person with a Telegram account.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) language: String,
    /// Has written to the bot, or pressed its start button.
    pub(crate) started: bool,
    pub(crate) blocked: bool,
}

impl Person {
    /// As the Bot API tells it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "is_bot": false,
            "first_name": self.name(),
            "username": self.username(),
            "language_code": self.language,
        })
    }

    pub(crate) fn name(&self) -> String {
        format!("Person {}", self.id)
    }

    pub(crate) fn username(&self) -> String {
        format!("person_{}", self.id)
    }
}

/// Messages, oldest first, without those that were deleted.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// The name, if it is a group.
    pub(crate) group: Option<String>,
    pub(crate) messages: Vec<Message>,
    /// The keyboard that stands in place of the person's own.
    pub(crate) reply_keyboard: Option<Value>,
    last_id: i32,
}

impl Room {
    pub(crate) fn add(&mut self, mut message: Message) -> &Message {
        self.last_id += 1;
        message.id = self.last_id;
        self.messages.push(message);
        self.messages.last().expect("one was just added")
    }

    pub(crate) fn message(&mut self, id: i32) -> Option<&mut Message> {
        let at = self.position(id)?;
        self.messages.get_mut(at)
    }

    pub(crate) fn remove(&mut self, id: i32) {
        if let Some(at) = self.position(id) {
            self.messages.remove(at);
        }
    }

    fn position(&self, id: i32) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |message| message.id).ok()
    }
}

/// Everybody, and every chat.
#[derive(Debug, Default)]
pub(crate) struct People {
    pub(crate) known: HashMap<i64, Person>,
    pub(crate) rooms: HashMap<i64, Room>,
    pub(crate) gone: BTreeSet<i64>,
}

impl People {
    /// The person with this number, who comes into being when first met, with a client in this language.
    pub(crate) fn meet(&mut self, id: i64, language: &str) -> &mut Person {
        let new = || Person { id, language: language.to_owned(), started: false, blocked: false };
        self.known.entry(id).or_insert_with(new)
    }

    /// The chat that the parameter `chat_id` names, whether the bot may write there or not.
    pub(crate) fn chat(&self, params: &Params) -> Result<i64, Refusal> {
        let text = params.text("chat_id").filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Refusal::bad("chat_id is empty"))?;
        let id = text.trim().parse().map_err(|_| Refusal::bad("chat not found"))?;
        if self.known.contains_key(&id) || self.rooms.contains_key(&id) {
            Ok(id)
        } else {
            Err(Refusal::bad("chat not found"))
        }
    }

    /// The same, if the bot may write there.
    pub(crate) fn open_chat(&self, params: &Params) -> Result<i64, Refusal> {
        let id = self.chat(params)?;
        if self.gone.contains(&id) {
            return Err(Refusal::forbidden("user is deactivated"));
        }
        match self.known.get(&id) {
            Some(person) if person.blocked => Err(Refusal::forbidden("bot was blocked by the user")),
            Some(person) if !person.started => {
                Err(Refusal::forbidden("bot can't initiate conversation with a user"))
            }
            _ => Ok(id),
        }
    }

    /// A chat as the Bot API tells it.
    pub(crate) fn chat_json(&self, id: i64) -> Value {
        match (self.known.get(&id), self.rooms.get(&id).and_then(|room| room.group.as_ref())) {
            (Some(person), _) => json!({
                "id": id, "type": "private", "first_name": person.name(), "username": person.username(),
            }),
            (None, title) => json!({"id": id, "type": "supergroup", "title": title}),
        }
    }

    pub(crate) fn room(&mut self, chat: i64) -> &mut Room {
        self.rooms.entry(chat).or_default()
    }
}
