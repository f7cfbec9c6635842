//! What goes through the door, and what comes back.

use crate::{
    Actor, Command, Effect, IdempotencyKey, Invoice, LeaseToken, NumberRecord, Payment, ServiceError,
};

/// A request for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub actor: Actor,
    /// What.
    pub command: Command,
    /// Why, for the audit trail.
    pub reason: Option<String>,
    /// The lease under which this is done.
    pub lease: Option<LeaseToken>,
    /// The client's own name for the request.
    pub idempotency: Option<IdempotencyKey>,
}

impl Request {
    /// A plain request.
    pub fn new(actor: Actor, command: Command) -> Self {
        Self { actor, command, reason: None, lease: None, idempotency: None }
    }
}

/// What a request brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The outcome.
    pub effect: Effect,
    /// Whether something was written by this request.
    pub changed: bool,
    /// Whether this is the answer to an earlier request with the same idempotency key.
    pub replayed: bool,
}

macro_rules! effect_accessor {
    ($name:ident, $variant:ident, $type:ty, $what:literal) => {
        #[doc = concat!("The ", $what, " of a command that leads to one.\n\n# Errors\n[`ServiceError::Unexpected`] for other commands.")]
        pub fn $name(self) -> Result<$type, ServiceError> {
            match self.effect {
                Effect::$variant(value) => Ok(*value),
                _ => Err(ServiceError::Unexpected),
            }
        }
    };
}

impl Receipt {
    effect_accessor!(invoice, Invoice, Invoice, "invoice");
    effect_accessor!(number, Number, NumberRecord, "number");
    effect_accessor!(payment, Payment, Payment, "payment");
}
