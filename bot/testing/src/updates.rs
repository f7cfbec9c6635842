//! Updates on their way to the bot.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::{Value, json};

/// The kinds that a bot gets only when it asks for them by name.
const ONLY_BY_NAME: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// One update, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) id: u32,
    /// Updates of one chat reach a webhook in order.
    pub(crate) chat: i64,
    pub(crate) json: String,
}

/// Where updates are posted to.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
    pub(crate) connections: usize,
    pub(crate) last_error: Option<(i64, String)>,
}

/// What the bot has not confirmed, and how it wants to get it.
#[derive(Debug)]
pub(crate) struct Updates {
    next_id: u32,
    pub(crate) pending: BTreeMap<u32, Update>,
    /// The kinds that the bot wants; with none, the usual ones.
    pub(crate) allowed: Option<BTreeSet<String>>,
    pub(crate) webhook: Option<Webhook>,
    /// Grows with every request for updates and every change of the webhook, so that an older request knows that it is
    /// over.
    pub(crate) turn: u64,
    lines: Lines,
}

/// Who is next, when updates are posted: one update a chat at a time, chats in the order of their oldest update.
#[derive(Debug, Default)]
struct Lines {
    waiting: HashMap<i64, VecDeque<u32>>,
    ready: VecDeque<i64>,
}

impl Default for Updates {
    fn default() -> Self {
        Self {
            next_id: 700_000_001,
            pending: BTreeMap::new(),
            allowed: None,
            webhook: None,
            turn: 0,
            lines: Lines::default(),
        }
    }
}

impl Updates {
    /// Makes an update of a kind and its content. Answers its id, or nothing when the bot does not want this kind.
    pub(crate) fn add(&mut self, chat: i64, kind: &str, content: &Value) -> Option<u32> {
        let wanted = match &self.allowed {
            Some(kinds) => kinds.contains(kind),
            None => !ONLY_BY_NAME.contains(&kind),
        };
        if !wanted {
            return None;
        }
        let id = self.next_id;
        self.next_id += 1;
        let json = json!({"update_id": id, kind: content}).to_string();
        self.pending.insert(id, Update { id, chat, json });
        if self.webhook.is_some() {
            self.lines.add(chat, id);
        }
        Some(id)
    }

    /// Sets which kinds the bot wants, if it says so. An empty list means the usual ones.
    pub(crate) fn allow(&mut self, kinds: Option<&Value>) {
        let Some(kinds) = kinds.and_then(Value::as_array) else { return };
        let kinds: BTreeSet<_> = kinds.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        self.allowed = Some(kinds).filter(|kinds| !kinds.is_empty());
    }

    /// Forgets what comes before `offset`; answers how many that were. A negative offset counts from the end.
    pub(crate) fn confirm(&mut self, offset: i64) -> u64 {
        let first = if offset < 0 {
            let kept = usize::try_from(-offset).unwrap_or(usize::MAX);
            let skipped = self.pending.len().saturating_sub(kept);
            self.pending.keys().nth(skipped).copied().unwrap_or(self.next_id)
        } else {
            u32::try_from(offset).unwrap_or(u32::MAX)
        };
        let kept = self.pending.split_off(&first);
        std::mem::replace(&mut self.pending, kept).len() as u64
    }

    /// Arranges everything that is pending for being posted.
    pub(crate) fn line_up(&mut self) {
        self.lines = Lines::default();
        if self.webhook.is_some() {
            for update in self.pending.values() {
                self.lines.add(update.chat, update.id);
            }
        }
    }

    /// The next update to post. Its chat gets no other before [`posted`](Self::posted).
    pub(crate) fn next_to_post(&mut self) -> Option<Update> {
        loop {
            let chat = self.lines.ready.pop_front()?;
            let id = self.lines.waiting.get(&chat)?.front()?;
            match self.pending.get(id) {
                Some(update) => return Some(update.clone()),
                // It has arrived at an earlier webhook meanwhile.
                None => self.lines.advance(chat),
            }
        }
    }

    /// An update has arrived. In its own turn, the next one of its chat may go.
    pub(crate) fn posted(&mut self, update: &Update, turn: u64) {
        self.pending.remove(&update.id);
        if turn == self.turn {
            self.lines.advance(update.chat);
        }
    }
}

impl Lines {
    fn add(&mut self, chat: i64, id: u32) {
        let line = self.waiting.entry(chat).or_default();
        line.push_back(id);
        if line.len() == 1 {
            self.ready.push_back(chat);
        }
    }

    fn advance(&mut self, chat: i64) {
        let Some(line) = self.waiting.get_mut(&chat) else { return };
        line.pop_front();
        if line.is_empty() {
            self.waiting.remove(&chat);
        } else {
            self.ready.push_back(chat);
        }
    }
}
