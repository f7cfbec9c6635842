//! Whose chain is read, and what arrives on it.

use rental_core::Currency;

use crate::TonAddress;

/// The account whose transactions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The deposit wallet itself: coins of the chain arrive there.
    Wallet(TonAddress),
    /// The USDT wallet that belongs to the deposit wallet: tokens arrive there, whoever is told about it.
    Usdt {
        /// The USDT wallet.
        wallet: TonAddress,
        /// The deposit wallet.
        owner: TonAddress,
    },
}

impl Watched {
    /// The account.
    pub const fn account(&self) -> &TonAddress {
        match self {
            Self::Wallet(wallet) | Self::Usdt { wallet, .. } => wallet,
        }
    }

    /// The wallet that customers pay to.
    pub const fn owner(&self) -> &TonAddress {
        match self {
            Self::Wallet(owner) | Self::Usdt { owner, .. } => owner,
        }
    }

    /// What arrives there.
    pub const fn currency(&self) -> Currency {
        match self {
            Self::Wallet(_) => Currency::Ton,
            Self::Usdt { .. } => Currency::Usdt,
        }
    }
}
