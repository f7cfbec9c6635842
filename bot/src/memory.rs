//! What is remembered about chats, beside the shop: nothing that a rule depends on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rental_core::StoreError;

use crate::texts::Language;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    languages: Mutex<HashMap<u64, Language>>,
    updates: Mutex<HashMap<u32, bool>>,
}

/// Whether an update may be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// By the caller.
    Mine,
    /// Somebody else is at it.
    Busy,
    /// It has been handled.
    Done,
}

impl Memory {
    /// The language that a user has chosen.
    pub(crate) async fn language(&self, user: u64) -> Result<Option<Language>, StoreError> {
        Ok(self.languages.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied())
    }

    /// Takes an update to be handled, for a minute.
    pub(crate) async fn claim(&self, update: u32) -> Result<Claim, StoreError> {
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(match updates.get(&update) {
            Some(true) => Claim::Done,
            Some(false) => Claim::Busy,
            None => {
                updates.insert(update, false);
                Claim::Mine
            }
        })
    }

    /// Notes for a day that an update has been handled.
    pub(crate) async fn finish(&self, update: u32) -> Result<(), StoreError> {
        self.updates.lock().unwrap_or_else(PoisonError::into_inner).insert(update, true);
        Ok(())
    }
}
