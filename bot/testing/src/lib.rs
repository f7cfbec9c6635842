//! A Telegram Bot API server for tests.
//!
//! Each [`FakeTelegram`] has a port of its own on 127.0.0.1 and is gone when its value is dropped. It is as strict as
//! Telegram is about lengths, markup, buttons, message ids, callback queries and who may be written to, and answers with
//! Telegram's codes and texts. People are [`Chat`]s: they type, press buttons, share others, block the bot. What shall go
//! wrong is a [`Fault`].
//!
//! Where Telegram's own limit is not published exactly, the stricter reading is taken: lengths are counted in UTF-16
//! units, and message ids begin anew in each chat, so that a bot which mixes up chats is found out.
//!
//! What a person does returns at once; what the bot does is [waited for](Chat::wait_for), by notification.
#![expect(clippy::missing_panics_doc, reason = "a person who cannot do what the test asks ends the test")]

mod chat;
mod counters;
mod faults;
mod files;
mod flood;
mod keyboard;
mod markup;
mod message;
mod methods;
mod params;
mod people;
mod play;
mod polling;
mod profile;
mod query;
mod refusal;
mod server;
mod telegram;
mod transcript;
mod updates;
mod wait;
mod webhook;
mod world;

pub use chat::Chat;
pub use counters::Counters;
pub use faults::{Fault, Where};
pub use keyboard::{Action, Button};
pub use message::{Author, Message, Photo};
pub use query::{Answer, Query};
pub use telegram::{BOT_ID, BOT_NAME, FakeTelegram, TOKEN};
pub use transcript::Call;
