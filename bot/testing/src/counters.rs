//! How much has happened.

use std::collections::BTreeMap;

/// Counts since the server was started.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Calls of each method, refused ones included; by its name as Telegram spells it.
    pub calls: BTreeMap<String, u64>,
    /// Calls that were refused, by code.
    pub refused: BTreeMap<u16, u64>,
    /// Calls refused because the bot wrote too fast.
    pub flooded: u64,
    /// Calls that met [`Fault::Hang`](crate::Fault::Hang).
    pub held: u64,
    /// Updates that were made.
    pub updates: u64,
    /// Updates that the bot has confirmed, by asking for later ones or by answering its webhook.
    pub confirmed: u64,
    /// Requests to webhooks, repeated ones included.
    pub posts: u64,
}

impl Counters {
    /// How often a method was called.
    pub fn of(&self, method: &str) -> u64 {
        self.calls.get(method).copied().unwrap_or_default()
    }

    /// Updates that nobody has confirmed.
    pub fn pending(&self) -> u64 {
        self.updates - self.confirmed
    }
}
