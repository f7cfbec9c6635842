//! The shop: its wallet, its policy, and how far its chain has been read.

use serde::{Deserialize, Serialize};

use crate::{ChainCursor, Seconds, Timestamp, Wallet};

/// The shop itself; one per store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Where customers pay to. Never changes: the books belong to it.
    pub wallet: Wallet,
    /// The rules' figures.
    pub policy: Policy,
    /// Where the reading of the chain began.
    pub chain_start: ChainCursor,
    /// When the shop was opened.
    pub opened_at: Timestamp,
    /// Grows by one with every change; 1 when opened.
    pub version: u64,
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
        }
    }
}

/// How far the wallet's chain has been read and booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChainState {
    /// The last transaction that was dealt with.
    pub cursor: ChainCursor,
    /// Every transaction up to this chain time has been dealt with.
    pub read_to: Timestamp,
}
