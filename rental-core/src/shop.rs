//! The shop: its wallet, its policy, and how far its chain has been read.

use serde::{Deserialize, Serialize};

use crate::{ChainCursor, Currency, Nanotons, Seconds, Timestamp, Wallet};

/// The shop itself; one per store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Where customers pay to. Never changes: the books belong to it.
    pub wallet: Wallet,
    /// Where USDT arrives, once the shop has begun to take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usdt: Option<UsdtWallet>,
    /// The rules' figures.
    pub policy: Policy,
    /// Where the reading of the chain began.
    pub chain_start: ChainCursor,
    /// When the shop was opened.
    pub opened_at: Timestamp,
    /// Grows by one with every change; 1 when opened.
    pub version: u64,
}

/// The jetton wallet in which our USDT lies. It belongs to the shop's wallet; customers pay to that one and never see
/// this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsdtWallet {
    /// The jetton's master contract, a raw address.
    pub master: String,
    /// Our own jetton wallet, a raw address: its chain is read. Pinned like the shop's wallet, because whoever could
    /// exchange it could invent payments.
    pub wallet: String,
    /// Where the reading of its chain began.
    pub chain_start: ChainCursor,
    /// Whether new invoices can be in USDT. What is open stays payable, and the chain is read either way.
    pub accepted: bool,
}

impl Shop {
    /// Whether new invoices can be in `currency`.
    pub fn accepts(&self, currency: Currency) -> bool {
        match currency {
            Currency::Ton => true,
            Currency::Usdt => self.usdt.as_ref().is_some_and(|usdt| usdt.accepted),
        }
    }

    /// The master contract of the jetton that `currency` is; `None` for the coin of the chain itself.
    pub fn jetton(&self, currency: Currency) -> Option<&str> {
        match currency {
            Currency::Ton => None,
            Currency::Usdt => self.usdt.as_ref().map(|usdt| usdt.master.as_str()),
        }
    }

    /// Where the reading of `currency`'s chain began; `None` when it is not read.
    pub fn chain_start(&self, currency: Currency) -> Option<ChainCursor> {
        match currency {
            Currency::Ton => Some(self.chain_start),
            Currency::Usdt => self.usdt.as_ref().map(|usdt| usdt.chain_start),
        }
    }
}

/// The figures that the rules use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long an invoice can be paid.
    pub invoice_ttl: Seconds,
    /// How long after its end a rental can still be renewed.
    pub grace: Seconds,
    /// How long a number rests between two rentals; `None`: until the operator confirms.
    pub turnover: Option<Seconds>,
    /// How long an offered transfer can be accepted.
    pub transfer_ttl: Seconds,
    /// How many invoices one customer can have open.
    pub max_open_invoices: u32,
    /// How many numbers one customer can hold, those it is about to pay for included.
    pub max_numbers: u32,
    /// Where the chain is read through several sources: payments above this settle only when a second source has them.
    #[serde(default)]
    pub cross_check_above: Nanotons,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            invoice_ttl: Seconds(15 * 60),
            grace: Seconds::from_hours(24),
            turnover: Some(Seconds(10 * 60)),
            transfer_ttl: Seconds::from_hours(24),
            max_open_invoices: 10,
            max_numbers: 50,
            cross_check_above: Nanotons::ZERO,
        }
    }
}

/// How far the chain of one currency's wallet has been read and booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChainState {
    /// Whose chain: that of the shop's wallet for TON, that of its jetton wallet for USDT.
    #[serde(default)]
    pub currency: Currency,
    /// The last transaction that was dealt with.
    pub cursor: ChainCursor,
    /// Every transaction up to this chain time has been dealt with.
    pub read_to: Timestamp,
}

impl ChainState {
    /// Nothing has been read.
    pub const fn start(currency: Currency) -> Self {
        Self { currency, cursor: ChainCursor::START, read_to: Timestamp::EPOCH }
    }
}

/// How far every chain has been read and booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chains([ChainState; 2]);

impl Chains {
    /// How far the chain of `currency` has been read.
    pub const fn of(&self, currency: Currency) -> ChainState {
        self.0[currency.place()]
    }

    /// Notes how far a chain has been read.
    pub const fn set(&mut self, state: ChainState) {
        self.0[state.currency.place()] = state;
    }
}

/// Nothing has been read of any.
impl Default for Chains {
    fn default() -> Self {
        Self(Currency::ALL.map(ChainState::start))
    }
}

impl FromIterator<ChainState> for Chains {
    fn from_iter<I: IntoIterator<Item = ChainState>>(states: I) -> Self {
        let mut chains = Self::default();
        states.into_iter().for_each(|state| chains.set(state));
        chains
    }
}
