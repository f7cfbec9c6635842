//! What a person does in a chat, and sees there.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::keyboard::Action;
use crate::markup::Formatted;
use crate::message::{Author, Message};
use crate::query::{LIFE, Pending, Query};
use crate::telegram::BOT_NAME;
use crate::wait;
use crate::world::{Shared, World};

/// A person in a chat with the bot: their private one, or a group.
#[derive(Clone, Debug)]
pub struct Chat {
    shared: Arc<Shared>,
    person: i64,
    id: i64,
}

impl Chat {
    pub(crate) fn new(shared: Arc<Shared>, person: i64, id: i64) -> Self {
        Self { shared, person, id }
    }

    /// The chat's number; in a private chat that of the person.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The same person in a [group](crate::FakeTelegram::group).
    #[must_use]
    pub fn in_group(&self, group: i64) -> Self {
        Self { id: group, ..self.clone() }
    }

    /// Types a text and sends it. Answers the message's number.
    pub fn send(&self, text: &str) -> i32 {
        let entities = match text.split_whitespace().next() {
            Some(word) if word.starts_with('/') => {
                vec![json!({"type": "bot_command", "offset": 0, "length": word.encode_utf16().count()})]
            }
            _ => Vec::new(),
        };
        self.add(Formatted { text: text.to_owned(), entities }, Value::Null)
    }

    /// Follows a link to the bot, `https://t.me/<bot>?start=<payload>`, and presses its start button.
    pub fn open_link(&self, link: &str) -> i32 {
        let payload = link
            .trim_start_matches("https://")
            .strip_prefix(&format!("t.me/{BOT_NAME}?start="))
            .unwrap_or_else(|| panic!("{link} does not start this bot"));
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(
            payload.len() <= 64 && payload.chars().all(fits),
            "Telegram does not take the payload of {link}"
        );
        self.send(&format!("/start {payload}"))
    }

    /// Presses a button of a message, as it stands in this copy: also one that the bot has changed meanwhile. The button is
    /// named by its text, its data, or a part of the text that no other has.
    pub fn press(&self, message: &Message, name: &str) -> Query {
        let button = message.button(name);
        let Some(button) = button else { panic!("no button {name:?} in {}", message.shown()) };
        match &button.action {
            Action::Callback(data) => self.press_data(message.id, data),
            other => panic!("pressing {name:?} does not reach the bot: {other:?}"),
        }
    }

    /// Sends the bot data as if a button of this message had it. Clients can do that.
    pub fn press_data(&self, message: i32, data: &str) -> Query {
        let id = self.shared.change(|world| {
            let id = (4_000_000_000_000 + world.queries.len()).to_string();
            let shown = world.people.room(self.id).message(message).map(|message| message.clone());
            let shown = match shown {
                Some(message) => world.message_json(&message),
                None => json!({"chat": world.people.chat_json(self.id), "message_id": message, "date": 0}),
            };
            let until = world.instant() + LIFE;
            world.queries.insert(id.clone(), Pending { until, answer: None });
            let from = world.people.known[&self.person].json();
            let instance = (self.id.wrapping_mul(2_654_435_761)).to_string();
            let query =
                json!({"id": id, "from": from, "message": shown, "chat_instance": instance, "data": data});
            world.tell(self.id, "callback_query", &query);
            id
        });
        Query { shared: Arc::clone(&self.shared), id }
    }

    /// Waits for the newest message of the bot with such a button, and presses it.
    pub async fn click(&self, name: &str) -> Query {
        let message = self
            .wait_for(|messages| {
                messages.iter().rev().find(|m| m.is_from_bot() && m.button(name).is_some()).cloned()
            })
            .await;
        self.press(&message, name)
    }

    /// Picks people with a button of the keyboard that asks for them.
    pub fn share(&self, button: &str, people: &[i64]) -> i32 {
        let request = self.request_of(button);
        let Some(request) = request else { panic!("there is no button {button:?} that asks for people") };
        let users: Vec<_> = people.iter().map(|id| json!({"user_id": id})).collect();
        self.add(Formatted::default(), json!({"users_shared": {"request_id": request, "users": users}}))
    }

    /// Blocks the bot.
    pub fn block(&self) {
        self.set_blocked(true);
    }

    /// Unblocks the bot.
    pub fn unblock(&self) {
        self.set_blocked(false);
    }

    /// The account is gone: the bot gets 403 from now on.
    pub fn delete_account(&self) {
        self.shared.change(|world| world.people.gone.insert(self.person));
    }

    /// What stands in the chat, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        let world = self.shared.look();
        world.people.rooms.get(&self.id).map(|room| room.messages.clone()).unwrap_or_default()
    }

    /// A message as it stands now; none if it was deleted.
    pub fn message(&self, id: i32) -> Option<Message> {
        self.messages().into_iter().find(|message| message.id == id)
    }

    /// Looks at the chat whenever something has changed, until there is what was looked for.
    pub async fn wait_for<T>(&self, mut look: impl FnMut(&[Message]) -> Option<T>) -> T {
        let what = format!("what should stand in chat {}", self.id);
        wait::until(&self.shared, &what, |world| look(messages(world, self.id))).await
    }

    /// Waits for a message of the bot that contains a text; answers the newest.
    pub async fn wait_for_text(&self, text: &str) -> Message {
        let what = format!("{text:?} in chat {}", self.id);
        wait::until(&self.shared, &what, |world| {
            let mut newest = messages(world, self.id).iter().rev();
            newest.find(|message| message.is_from_bot() && message.text.contains(text)).cloned()
        })
        .await
    }

    /// The chat as the person sees it, for printing.
    pub fn shown(&self) -> String {
        self.messages().iter().map(Message::shown).collect::<Vec<_>>().join("\n")
    }

    /// The number of what a button of the keyboard asks people for.
    pub(crate) fn request_of(&self, button: &str) -> Option<Value> {
        let world = self.shared.look();
        let keyboard = world.people.rooms.get(&self.id)?.reply_keyboard.as_ref()?;
        let mut buttons = keyboard["keyboard"].as_array()?.iter().filter_map(Value::as_array).flatten();
        let sent = buttons.find(|sent| sent["text"] == button)?;
        Some(sent["request_users"]["request_id"].clone()).filter(Value::is_number)
    }

    fn add(&self, content: Formatted, more: Value) -> i32 {
        self.shared.change(|world| {
            let mut message = Message::new(self.id, Author::Person(self.person), content, world.now());
            message.more = more;
            let person = world.people.known.get_mut(&self.person).expect("there is a handle to them");
            assert!(!person.blocked, "a person who blocks the bot cannot write to it");
            person.started |= self.person == self.id;
            // In groups a bot sees commands only, if it has not asked for more.
            let is_seen = self.person == self.id || message.text.starts_with('/');
            let message = world.people.room(self.id).add(message).clone();
            if is_seen {
                let json = world.message_json(&message);
                world.tell(self.id, "message", &json);
            }
            message.id
        })
    }

    fn set_blocked(&self, blocked: bool) {
        self.shared.change(|world| {
            let person = world.people.known.get_mut(&self.person).expect("there is a handle to them");
            if person.blocked == blocked {
                return;
            }
            person.blocked = blocked;
            let from = person.json();
            let (old, new) = if blocked { ("member", "kicked") } else { ("kicked", "member") };
            let member = |status: &str| {
                let mut member = json!({"user": crate::profile::bot_json(), "status": status});
                if status == "kicked" {
                    member["until_date"] = json!(0);
                }
                member
            };
            let content = json!({
                "chat": world.people.chat_json(self.id), "from": from, "date": world.now(),
                "old_chat_member": member(old), "new_chat_member": member(new),
            });
            world.tell(self.id, "my_chat_member", &content);
        });
    }
}

fn messages(world: &World, chat: i64) -> &[Message] {
    world.people.rooms.get(&chat).map(|room| &room.messages[..]).unwrap_or_default()
}
