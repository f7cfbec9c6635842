//! Once-keys: what happens at most once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::text_form::serde_as_text;
use crate::{IntegratorId, Payload, Timestamp, TxHash};

/// Identifies one commit for ever, so that sending it twice applies it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommitId(pub Ulid);

/// Something that happens at most once.
///
/// ```
/// use rental_core::OnceKey;
///
/// let key: OnceKey = "request:demo:order 7: again".parse()?;
/// assert!(matches!(&key, OnceKey::Request { key, .. } if key == "order 7: again"));
/// assert_eq!(key.to_string(), "request:demo:order 7: again");
/// assert!("request:demo".parse::<OnceKey>().is_err());
/// # Ok::<(), rental_core::OnceKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OnceKey {
    /// A commit.
    Commit(CommitId),
    /// The booking of a transaction; permanent.
    Tx(TxHash),
    /// The use of a payload; permanent.
    Payload(Payload),
    /// A request under an integrator's idempotency key.
    Request {
        /// Whose key.
        integrator: IntegratorId,
        /// The key as it was sent.
        key: String,
    },
}

/// The text is not the stored form of a once-key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a once-key is commit:…, tx:…, payload:… or request:…")]
pub struct OnceKeyError;

/// The stored form, such as `tx:…` or `request:demo:…`.
impl fmt::Display for OnceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(id) => write!(f, "commit:{}", id.0),
            Self::Tx(tx) => write!(f, "tx:{tx}"),
            Self::Payload(payload) => write!(f, "payload:{payload}"),
            Self::Request { integrator, key } => write!(f, "request:{integrator}:{key}"),
        }
    }
}

/// Reads the stored form, and no other spelling of it.
impl FromStr for OnceKey {
    type Err = OnceKeyError;

    fn from_str(text: &str) -> Result<Self, OnceKeyError> {
        let key = match text.split_once(':').ok_or(OnceKeyError)? {
            ("commit", id) => Ulid::from_string(id).ok().map(|id| Self::Commit(CommitId(id))),
            ("tx", tx) => tx.parse().ok().map(Self::Tx),
            ("payload", payload) => payload.parse().ok().map(Self::Payload),
            ("request", request) => request.split_once(':').and_then(|(integrator, key)| {
                Some(Self::Request { integrator: integrator.parse().ok()?, key: key.to_owned() })
            }),
            _ => None,
        };
        key.filter(|key| key.to_string() == text).ok_or(OnceKeyError)
    }
}

serde_as_text!(OnceKey);

/// A once-key to claim, with what to record under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// The key.
    pub key: OnceKey,
    /// What a later load of the key gives back.
    pub value: String,
    /// When it may be forgotten; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until: Option<Timestamp>,
}

impl Once {
    /// Whether the key still counts at `now`.
    pub(crate) fn is_kept(&self, now: Timestamp) -> bool {
        self.keep_until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_from_its_stored_form_and_from_no_other() {
        let keys = [
            OnceKey::Commit(CommitId(Ulid::from_parts(1, u128::MAX))),
            OnceKey::Tx(TxHash([0xab; 32])),
            OnceKey::Payload(Payload::from_entropy([0xa5; 8])),
        ];
        for key in keys {
            assert_eq!(key.to_string().parse(), Ok(key.clone()));
            let text = key.to_string();
            let (kind, rest) = text.split_once(':').expect("a colon");
            for other in [rest.to_lowercase(), rest.to_uppercase()].into_iter().filter(|other| other != rest)
            {
                assert_eq!(format!("{kind}:{other}").parse::<OnceKey>(), Err(OnceKeyError), "{other}");
            }
        }
        for key in ["", ":\0 x", "Order"] {
            let integrator = "demo".parse().expect("a name");
            let key = OnceKey::Request { integrator, key: key.to_owned() };
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for text in ["", "tx", "tx:", "tx:00", "request:demo", "request::x", "lock:number:+8888123"] {
            assert_eq!(text.parse::<OnceKey>(), Err(OnceKeyError), "{text}");
        }
    }
}
