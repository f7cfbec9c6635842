//! Who is who: customers, and the actors that give commands.

use std::fmt;
use std::str::FromStr;

use crate::text_form::serde_as_text;

/// A customer: a Telegram user, or an integrator's own customer.
///
/// Written `tg:<user id>` or `api:<integrator>:<reference>`.
///
/// ```
/// use rental_core::{CustomerId, IntegratorId};
///
/// let demo: IntegratorId = "demo".parse()?;
/// let alice = CustomerId::of_integrator(&demo, "alice")?;
/// assert_eq!(alice.to_string(), "api:demo:alice");
/// assert_eq!("api:demo:alice".parse::<CustomerId>()?, alice);
/// assert!("api:demo".parse::<CustomerId>().is_err());
/// # Ok::<(), rental_core::IdentityError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomerId {
    /// A Telegram user. No command takes an id for which [`is_telegram_user`] does not hold.
    Telegram(u64),
    /// A customer of an integrator, known to us only by the integrator's reference.
    Api {
        /// Whose customer.
        integrator: IntegratorId,
        /// The integrator's own reference: 1 to 64 of `A-Z a-z 0-9 . _ @ + -`.
        reference: String,
    },
}

/// The name of an integrator, the owner of API keys: 1 to 32 of `a-z 0-9 _ -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntegratorId(String);

/// The text names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not a customer.
    #[error("a customer is tg:<user id> or api:<integrator>:<reference>")]
    Customer,
    /// Not a customer reference.
    #[error("a customer reference is 1 to 64 letters, digits or . _ @ + -")]
    Reference,
    /// Not an integrator's name.
    #[error("an integrator's name is 1 to 32 lower-case letters, digits, _ or -")]
    Integrator,
    /// Not an admin.
    #[error("an admin is tg:<user id>")]
    Admin,
}

/// Whether Telegram may have a user with this id: not 0, and at most 52 significant bits (Bot API, `User.id`).
///
/// ```
/// use rental_core::is_telegram_user;
///
/// assert!(is_telegram_user(777_000));
/// assert!(!is_telegram_user(0) && !is_telegram_user(1 << 52));
/// ```
pub const fn is_telegram_user(id: u64) -> bool {
    id != 0 && id < 1 << 52
}

fn telegram_id(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok().filter(|id| is_telegram_user(*id)) } else { None }
}

impl CustomerId {
    /// The customer that `integrator` calls `reference`; the full spelling `api:<integrator>:<reference>` of one
    /// of its own customers is understood too.
    ///
    /// # Errors
    /// [`IdentityError::Reference`].
    pub fn of_integrator(integrator: &IntegratorId, reference: &str) -> Result<Self, IdentityError> {
        let own = format!("api:{integrator}:");
        let reference = reference.strip_prefix(own.as_str()).unwrap_or(reference);
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@+-".contains(&b);
        if (1..=64).contains(&reference.len()) && reference.bytes().all(allowed) {
            Ok(Self::Api { integrator: integrator.clone(), reference: reference.to_owned() })
        } else {
            Err(IdentityError::Reference)
        }
    }

    /// The integrator whose customer this is.
    pub fn integrator(&self) -> Option<&IntegratorId> {
        match self {
            Self::Telegram(_) => None,
            Self::Api { integrator, .. } => Some(integrator),
        }
    }
}

impl FromStr for CustomerId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if let Some(id) = text.strip_prefix("tg:") {
            return telegram_id(id).map(Self::Telegram).ok_or(IdentityError::Customer);
        }
        let (integrator, reference) =
            text.strip_prefix("api:").and_then(|rest| rest.split_once(':')).ok_or(IdentityError::Customer)?;
        Self::of_integrator(&integrator.parse()?, reference)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Telegram(id) => write!(f, "tg:{id}"),
            Self::Api { integrator, reference } => write!(f, "api:{integrator}:{reference}"),
        }
    }
}

impl IntegratorId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IntegratorId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentityError::Integrator)
        }
    }
}

impl fmt::Display for IntegratorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who gives a command or asks a question. What each may do is a rule in `decide`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A customer acting for itself, in Telegram.
    Customer(CustomerId),
    /// A program acting for its own customers, over REST.
    Integrator(IntegratorId),
    /// An operator.
    Admin(AdminId),
    /// One of our own workers.
    System,
}

/// An operator.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdminId {
    /// Somebody with a shell on the host, by login name: whoever can open the store may do everything.
    Console(String),
    /// A Telegram user; must be in the shop's list of admins.
    Telegram(u64),
}

impl FromStr for AdminId {
    type Err = IdentityError;

    /// Reads a Telegram admin, `tg:<user id>` or the bare id; a console admin is never typed in.
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        telegram_id(text.strip_prefix("tg:").unwrap_or(text)).map(Self::Telegram).ok_or(IdentityError::Admin)
    }
}

impl fmt::Display for AdminId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Console(login) => write!(f, "console:{login}"),
            Self::Telegram(id) => write!(f, "tg:{id}"),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(customer) => write!(f, "customer {customer}"),
            Self::Integrator(integrator) => write!(f, "integrator {integrator}"),
            Self::Admin(admin) => write!(f, "admin {admin}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl Actor {
    /// Whether what belongs to `customer` may be shown to this actor.
    ///
    /// A Telegram admin's standing is checked against the shop's list where the actor is made, on every request.
    pub fn may_see(&self, customer: &CustomerId) -> bool {
        match self {
            Self::Customer(own) => own == customer,
            Self::Integrator(integrator) => customer.integrator() == Some(integrator),
            Self::Admin(_) | Self::System => true,
        }
    }
}

macro_rules! text_form {
    ($($type:ty),*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
text_form!(CustomerId, IntegratorId, AdminId, Actor);

serde_as_text!(CustomerId);

serde_as_text!(IntegratorId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_read_back_and_nothing_else_is_one() {
        for text in ["tg:1", "tg:7000000000", "api:demo:alice", "api:a-b_c:x@y.z+1"] {
            assert_eq!(text.parse::<CustomerId>().map(|c| c.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "tg:",
            "tg:0",
            "tg:-1",
            "tg:01",
            "tg:1x",
            "tg:99999999999999999999",
            "api:demo:",
            "api::a",
            "api:Demo:a",
            "api:demo:a:b",
            "alice",
            "api:demo:a b",
        ] {
            assert!(text.parse::<CustomerId>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_integrator_cannot_name_somebody_elses_customer() {
        let demo: IntegratorId = "demo".parse().expect("a name");
        assert_eq!(CustomerId::of_integrator(&demo, "api:demo:a"), CustomerId::of_integrator(&demo, "a"));
        assert_eq!(CustomerId::of_integrator(&demo, "api:other:a"), Err(IdentityError::Reference));
        assert_eq!(CustomerId::of_integrator(&demo, "tg:1"), Err(IdentityError::Reference));
    }

    #[test]
    fn everybody_sees_only_their_own() {
        let alice: CustomerId = "api:demo:alice".parse().expect("a customer");
        let demo = Actor::Integrator("demo".parse().expect("a name"));
        let other = Actor::Integrator("dem".parse().expect("a name"));
        assert!(demo.may_see(&alice) && !other.may_see(&alice));
        assert!(!Actor::Customer(CustomerId::Telegram(1)).may_see(&alice));
    }
}
