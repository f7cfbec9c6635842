//! Whether a number is the operator's: what the chain says of its NFT.
//!
//! A +888 number is an item of an NFT collection, and whoever owns the item can take the number's Telegram account. So a
//! number that is not the operator's must not be rented out, however it stands in the shop. A [`NumberRegistry`] asks
//! the chain; what to do with the answer is a rule (`decide`).

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{GatewayError, PhoneNumber, Timestamp};

/// What the chain says of a number's NFT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ownership", rename_all = "snake_case")]
pub enum Ownership {
    /// It belongs to one of the operator's wallets, and nobody bids for it.
    Ours {
        /// The wallet, as a raw address.
        wallet: String,
    },
    /// It belongs to somebody else.
    Foreign {
        /// The owner, as a raw address; `None` when it belongs to nobody.
        owner: Option<String>,
    },
    /// It is being sold. While an auction has a bid the chain may still name the seller as the owner, also after its
    /// end: the contract changes hands only when somebody touches it.
    Auction {
        /// Who bids most, as a raw address; `None` when nobody has bid yet.
        bidder: Option<String>,
    },
    /// There is no such NFT.
    NotMinted,
}

impl Ownership {
    /// Whether the operator can rely on having the number.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Ours { .. })
    }

    /// The stable name: `ours`, `foreign`, `auction` or `not_minted`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ours { .. } => "ours",
            Self::Foreign { .. } => "foreign",
            Self::Auction { .. } => "auction",
            Self::NotMinted => "not_minted",
        }
    }
}

/// The last answer of the chain about a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What it was.
    #[serde(flatten)]
    pub ownership: Ownership,
    /// When it was given.
    pub checked_at: Timestamp,
}

/// Says whose a number is.
///
/// # Contract
/// - An answer is what the chain says now of the number's own NFT, whose address is derived from the real collection's
///   code or asked of the collection that was configured instead. Whatever cannot be read, or contradicts itself, is an error: an error changes nothing in the shop.
/// - [`Ownership::Ours`] is never said while somebody bids for the number.
#[async_trait]
pub trait NumberRegistry: Send + Sync + std::fmt::Debug {
    /// The address of the number's NFT as wallets and explorers show it; `None` when it cannot be derived.
    fn item(&self, number: PhoneNumber) -> Option<String>;

    /// Whose the number is.
    async fn ownership(&self, number: PhoneNumber) -> Result<Ownership, GatewayError>;
}
