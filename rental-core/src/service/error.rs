//! Why the door stays shut.

use crate::{DomainError, ErrorKind, StoreError};

/// Why a request was not carried out, or a question not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// A rule said no.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for a different request; use a new key")]
    IdempotencyMismatch,
    /// Too many others change the same thing at once.
    #[error("too many requests change the same thing at once; try again")]
    Contended,
    /// The configured wallet is not the shop's.
    #[error(
        "this store belongs to wallet {shop} on {network}, not to {configured}; set TON_WALLET and TON_NETWORK back or use another store"
    )]
    WalletDiffers {
        /// The shop's address.
        shop: String,
        /// The shop's network.
        network: crate::Network,
        /// The configured address.
        configured: String,
    },
    /// The key is unknown, wrong or revoked.
    #[error("the API key is not valid; send Authorization: Bearer rk_…")]
    Unauthenticated,
    /// The store was emptied, or another shop stands in it, since this program started.
    #[error(
        "the shop is gone from the store, which was emptied or exchanged; nothing is done until it is back: restore the \
         store from its own files or a copy, then go on"
    )]
    ShopGone,
    /// A command led to something else than it always does.
    #[error("internal error: the command led to an unexpected answer")]
    Unexpected,
}

impl ServiceError {
    /// The stable code, such as `number.reserved` or `store.unavailable`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Domain(error) => error.code(),
            Self::Store(StoreError::Unavailable(_)) => "store.unavailable",
            Self::Store(StoreError::Unreachable(_)) => "store.unreachable",
            Self::Store(StoreError::Unwritable(_)) => "store.unwritable",
            Self::Store(StoreError::Corrupt(_)) => "store.corrupt",
            Self::Store(StoreError::Incompatible(_)) => "store.incompatible",
            Self::ShopGone => "store.shop_gone",
            Self::IdempotencyMismatch => "idempotency.mismatch",
            Self::Contended => "contended",
            Self::WalletDiffers { .. } => "shop.wallet_differs",
            Self::Unauthenticated => "access.unauthenticated",
            Self::Unexpected => "internal",
        }
    }

    /// What sort of refusal it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Domain(error) => error.kind(),
            Self::Store(
                StoreError::Unavailable(_) | StoreError::Unreachable(_) | StoreError::Unwritable(_),
            )
            | Self::Contended
            | Self::ShopGone => ErrorKind::Unavailable,
            Self::Store(StoreError::Corrupt(_) | StoreError::Incompatible(_)) | Self::Unexpected => {
                ErrorKind::Internal
            }
            Self::IdempotencyMismatch => ErrorKind::Invalid,
            Self::WalletDiffers { .. } => ErrorKind::Conflict,
            Self::Unauthenticated => ErrorKind::Unauthenticated,
        }
    }
}
