//! Everything that the server knows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::counters::Counters;
use crate::faults::Faults;
use crate::files::Files;
use crate::flood::Flood;
use crate::message::{Author, Message};
use crate::people::People;
use crate::profile::{Profile, bot_json};
use crate::query::Pending;
use crate::transcript::Call;
use crate::updates::Updates;

/// What the server, the people and the tests share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) faults: Faults,
    /// Changes with the world.
    pub(crate) changed: watch::Sender<()>,
    /// There is something for those who wait for updates.
    pub(crate) arrived: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) people: People,
    pub(crate) updates: Updates,
    pub(crate) queries: HashMap<String, Pending>,
    pub(crate) files: Files,
    pub(crate) profile: Profile,
    pub(crate) flood: Option<Flood>,
    pub(crate) calls: Vec<Call>,
    pub(crate) counters: Counters,
    /// Addresses that get every update besides the webhook's.
    pub(crate) mirrors: Vec<String>,
    /// How much later it is here than it really is.
    pub(crate) ahead: Duration,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            world: Mutex::default(),
            faults: Faults::new(),
            changed: watch::Sender::new(()),
            arrived: Notify::new(),
        }
    }

    /// To look at the world.
    pub(crate) fn look(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world, and wakes everybody who waits for a change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let (changed, has_news) = {
            let mut world = self.look();
            let before = (world.counters.updates, world.updates.turn);
            let changed = change(&mut world);
            (changed, (world.counters.updates, world.updates.turn) != before)
        };
        self.changed.send_replace(());
        if has_news {
            self.arrived.notify_waiters();
        }
        changed
    }
}

impl World {
    /// Seconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "bots compare the dates of messages with their own clocks")]
    pub(crate) fn now(&self) -> i64 {
        let now = SystemTime::now() + self.ahead;
        let since = now.duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
        i64::try_from(since.as_secs()).expect("it is earlier than the end of time")
    }

    /// The instant on the server's own clock.
    pub(crate) fn instant(&self) -> Instant {
        Instant::now() + self.ahead
    }

    /// Puts an update on its way, if the bot wants it.
    pub(crate) fn tell(&mut self, chat: i64, kind: &str, content: &Value) -> Option<u32> {
        let id = self.updates.add(chat, kind, content)?;
        self.counters.updates += 1;
        Some(id)
    }

    /// A message as the Bot API tells it.
    pub(crate) fn message_json(&self, message: &Message) -> Value {
        let from = match message.author {
            Author::Bot => bot_json(),
            Author::Person(id) => self.people.known[&id].json(),
        };
        message.json(&from, &self.people.chat_json(message.chat))
    }
}
