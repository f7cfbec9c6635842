//! A customer's account: what it holds, what it has open, whether it is banned.
//!
//! Opening an invoice always changes the account, so the limits hold however many attempts run at once: the later
//! ones lose their commit and decide again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{CustomerId, InvoiceId, PhoneNumber, Timestamp};

/// A customer of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub id: CustomerId,
    /// Its open invoices.
    pub open_invoices: BTreeSet<InvoiceId>,
    /// The numbers it holds, in term or in grace.
    pub numbers: BTreeSet<PhoneNumber>,
    /// Why it may not open invoices or receive numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<Ban>,
    /// Grows by one with every change; 0 for a customer never seen before.
    pub version: u64,
}

/// A ban.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Since when.
    pub at: Timestamp,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

impl Account {
    /// The account of a customer never seen before.
    pub fn new(id: CustomerId) -> Self {
        Self { id, open_invoices: BTreeSet::new(), numbers: BTreeSet::new(), ban: None, version: 0 }
    }
}
