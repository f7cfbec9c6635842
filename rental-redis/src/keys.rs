//! Names of keys. The patterns are the interface to operators and their tools; `docs/data-model.md` lists them.

use std::fmt::Display;

use rental_core::{
    CommitId, CustomerId, IntegratorId, InvoiceId, NoteKey, OnceKey, Owner, Payload, PhoneNumber, TxHash,
};

/// The prefix of all keys of one shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys(String);

impl Keys {
    /// Keys of the shop `namespace`; on a cluster the namespace is the hash tag that keeps them in one slot.
    pub(crate) fn new(namespace: Option<&str>, clustered: bool) -> Self {
        Self(match namespace {
            None => String::new(),
            Some(name) if clustered => format!("{{{name}}}:"),
            Some(name) => format!("{name}:"),
        })
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.0
    }

    pub(crate) fn key(&self, name: impl Display) -> String {
        format!("{}{name}", self.0)
    }

    pub(crate) fn shop(&self) -> String {
        self.key("shop")
    }

    pub(crate) fn rental(&self, number: PhoneNumber) -> String {
        self.key(format_args!("rental:{number}"))
    }

    pub(crate) fn invoice(&self, id: InvoiceId) -> String {
        self.key(format_args!("invoice:{id}"))
    }

    pub(crate) fn payload(&self, payload: &Payload) -> String {
        self.key(format_args!("payload:{payload}"))
    }

    pub(crate) fn account(&self, customer: &CustomerId) -> String {
        self.key(format_args!("account:{customer}"))
    }

    pub(crate) fn payment(&self, tx: TxHash) -> String {
        self.key(format_args!("payment:{tx}"))
    }

    /// The ids of commits that were made on the same day as this one.
    pub(crate) fn commits(&self, id: CommitId) -> String {
        self.commits_of_day(day_of(id))
    }

    /// The ids of commits that were made on this day since 1970.
    pub(crate) fn commits_of_day(&self, day: u64) -> String {
        self.key(format_args!("once:commits:{day}"))
    }

    pub(crate) fn once(&self, key: &OnceKey) -> String {
        self.key(format_args!("once:{key}"))
    }

    pub(crate) fn note(&self, key: &NoteKey) -> String {
        self.key(format_args!("note:{key}"))
    }

    /// Holds the id of the copy that fills the store.
    pub(crate) fn filling(&self) -> String {
        self.key("filling")
    }

    pub(crate) fn history(&self, number: PhoneNumber) -> String {
        self.key(format_args!("history:number:{number}"))
    }

    /// A listing of `kind` by `what`.
    pub(crate) fn index(&self, kind: &str, what: impl Display) -> String {
        self.key(format_args!("index:{kind}:{what}"))
    }

    /// The listing of what belongs to `owner`; `None` for anybody.
    pub(crate) fn owned(&self, kind: &str, owner: &Owner) -> Option<String> {
        let integrator = |own: &IntegratorId| self.index(kind, format_args!("integrator:{own}"));
        match owner {
            Owner::Anybody => None,
            Owner::Integrator(own) => Some(integrator(own)),
            Owner::Customer(own) => Some(self.index(kind, format_args!("customer:{own}"))),
        }
    }

    /// A part of what the consumer group `group` keeps.
    pub(crate) fn outbox(&self, part: &str, group: &str) -> String {
        self.key(format_args!("outbox:{part}:{group}"))
    }
}

/// The day since 1970 on which a commit was made.
fn day_of(id: CommitId) -> u64 {
    id.0.timestamp_ms() / 86_400_000
}
