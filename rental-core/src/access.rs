//! Who may do what from outside: admins and API keys.

use std::collections::BTreeSet;
use std::fmt;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{IntegratorId, Timestamp};

/// Admins and API keys of the shop; one per store. Read on every request, so that a removal counts at once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Access {
    /// The Telegram user who owns the shop: an admin always, and the only one in Telegram who appoints admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<u64>,
    /// Telegram users who are admins besides.
    pub admins: BTreeSet<u64>,
    /// API keys, revoked ones included.
    pub keys: Vec<ApiKey>,
    /// Grows by one with every change; 0 before the first.
    pub version: u64,
}

/// An API key. The secret itself is shown once, at creation, and not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The public part: 12 characters.
    pub id: String,
    /// Whose key it is.
    pub integrator: IntegratorId,
    /// SHA-256 of the whole key, in hex. The secret has 256 random bits, so a slow hash would add nothing.
    pub digest: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped counting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look at numbers and at its own customers' invoices, rentals and payments.
    Read,
    /// Open, cancel, renew and transfer for its own customers.
    Write,
}

/// A complete API key: `rk_<id>_<secret>`. `Debug` hides the secret.
///
/// ```
/// use rental_core::ApiSecret;
///
/// let secret = ApiSecret::from_entropy([7; 32]);
/// assert_eq!(ApiSecret::parse(&secret.expose()).map(|key| key.digest()), Some(secret.digest()));
/// assert!(format!("{secret:?}").ends_with("_…"));
/// assert!(ApiSecret::parse("rk_nonsense").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiSecret {
    id: String,
    text: String,
}

const ID_LENGTH: usize = 12;
const SECRET_LENGTH: usize = 43;

impl ApiSecret {
    /// The key made of these random bytes.
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        let id = BASE32_NOPAD.encode(&Sha256::digest(entropy))[..ID_LENGTH].to_ascii_lowercase();
        let text = format!("rk_{id}_{}", BASE64URL_NOPAD.encode(&entropy));
        Self { id, text }
    }

    /// Reads a presented key; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("rk_")?.split_at_checked(ID_LENGTH)?;
        let secret = secret.strip_prefix('_')?;
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let shaped = secret.len() == SECRET_LENGTH && plain(id) && plain(secret);
        shaped.then(|| Self { id: id.to_owned(), text: text.to_owned() })
    }

    /// The public part.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole key, to be shown once.
    pub fn expose(&self) -> String {
        self.text.clone()
    }

    /// What is stored of it: SHA-256 in lower-case hex.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.text.as_bytes()))
    }
}

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rk_{}_…", self.id)
    }
}

impl Access {
    /// Whether this Telegram user has an admin's rights now.
    pub fn is_admin(&self, user: u64) -> bool {
        self.owner == Some(user) || self.admins.contains(&user)
    }

    /// Everybody in Telegram who has an admin's rights now, the owner first.
    pub fn all_admins(&self) -> impl Iterator<Item = u64> {
        let appointed = self.admins.iter().copied().filter(|user| self.owner != Some(*user));
        self.owner.into_iter().chain(appointed)
    }

    /// The live key that `secret` opens. Unknown and wrong keys take the same path and the same time.
    pub fn authenticate(&self, secret: &ApiSecret) -> Option<&ApiKey> {
        let digest = secret.digest();
        let known = self.keys.iter().find(|key| key.id == secret.id);
        let expected = known.map_or("", |key| key.digest.as_str());
        let equal: bool = expected.as_bytes().ct_eq(digest.as_bytes()).into();
        known.filter(|key| equal && key.revoked_at.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_live_key_opens() {
        let secret = ApiSecret::from_entropy([1; 32]);
        let mut access = Access::default();
        access.keys.push(ApiKey {
            id: secret.id().to_owned(),
            integrator: "demo".parse().expect("a name"),
            digest: secret.digest(),
            scopes: BTreeSet::from([Scope::Read]),
            created_at: Timestamp::EPOCH,
            revoked_at: None,
        });
        assert!(access.authenticate(&secret).is_some());
        let mut forged = secret.expose();
        forged.replace_range(forged.len() - 2.., "xx");
        assert!(access.authenticate(&ApiSecret::parse(&forged).expect("shaped like a key")).is_none());
        assert!(access.authenticate(&ApiSecret::from_entropy([2; 32])).is_none());
        access.keys[0].revoked_at = Some(Timestamp::EPOCH);
        assert!(access.authenticate(&secret).is_none());
    }
}
