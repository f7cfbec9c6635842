//! Who can be written to: not those who have blocked the bot, and with news not those who want none.
//!
//! | note | says | kept |
//! |---|---|---|
//! | `blocked:<user>` | that the user cannot be reached | until the user writes again |
//! | `nonews:<user>` | that the user wants no news | until the user wants some |

use std::sync::Arc;

use rental_core::{NoteKey, Notes, StoreError, Writing};

/// What is noted about who can be written to.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    notes: Arc<dyn Notes>,
}

impl Reach {
    /// What is kept in `notes`.
    pub(crate) fn new(notes: Arc<dyn Notes>) -> Self {
        Self { notes }
    }

    /// Whether the user could not be reached the last time.
    pub(crate) async fn is_blocked(&self, user: u64) -> Result<bool, StoreError> {
        Ok(self.notes.note(&Self::blocked(user)).await?.is_some())
    }

    /// The user cannot be reached.
    pub(crate) async fn block(&self, user: u64) -> Result<(), StoreError> {
        self.notes.put_note(&Self::blocked(user), "", Writing::LASTING).await.map(drop)
    }

    /// The user has been heard of.
    pub(crate) async fn unblock(&self, user: u64) -> Result<(), StoreError> {
        self.notes.remove_note(&Self::blocked(user)).await.map(drop)
    }

    /// The note that is there while the user cannot be reached.
    pub(crate) fn blocked(user: u64) -> NoteKey {
        key("blocked", user)
    }

    /// Whether the user wants news.
    pub(crate) async fn wants_news(&self, user: u64) -> Result<bool, StoreError> {
        Ok(self.notes.note(&key("nonews", user)).await?.is_none())
    }

    /// Sends no more news to the user, or some again.
    pub(crate) async fn set_news(&self, user: u64, wanted: bool) -> Result<(), StoreError> {
        let key = key("nonews", user);
        if wanted {
            self.notes.remove_note(&key).await.map(drop)
        } else {
            self.notes.put_note(&key, "", Writing::LASTING).await.map(drop)
        }
    }
}

fn key(kind: &str, user: u64) -> NoteKey {
    NoteKey::new(kind, user).expect("a number is short and visible")
}
