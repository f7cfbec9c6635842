//! Notes: small texts that a frontend keeps beside the shop.
//!
//! Which language a chat has chosen, which message is its screen, what it was asked, which updates are being handled:
//! things that a frontend has to remember over restarts and share between replicas, and on which no rule of the shop
//! depends. A note that is lost costs somebody a question asked twice, never money.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::text_form::serde_as_text;
use crate::{Page, PageRequest, Seconds, StoreError};

/// The name of a note, such as `chat:123`: 1 to 128 of the visible ASCII characters.
///
/// ```
/// use rental_core::NoteKey;
///
/// let key = NoteKey::new("chat", 123)?;
/// assert_eq!(key.to_string(), "chat:123");
/// assert!("two words".parse::<NoteKey>().is_err());
/// # Ok::<(), rental_core::NoteKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKey(String);

/// The text names no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a note's name is 1 to 128 visible ASCII characters")]
pub struct NoteKeyError;

impl NoteKey {
    /// The longest name, in bytes.
    pub const LONGEST: usize = 128;

    /// The note `kind:name`.
    ///
    /// # Errors
    /// [`NoteKeyError`] when that is too long, or when it has a space or anything else that is not visible ASCII.
    pub fn new(kind: &str, name: impl fmt::Display) -> Result<Self, NoteKeyError> {
        format!("{kind}:{name}").parse()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NoteKey {
    type Err = NoteKeyError;

    fn from_str(text: &str) -> Result<Self, NoteKeyError> {
        let allowed = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if allowed { Ok(Self(text.to_owned())) } else { Err(NoteKeyError) }
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(NoteKey);

/// Tells one writing of a note from every other one. Says nothing about which came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoteVersion(u64);

impl NoteVersion {
    /// The version made of these random bytes.
    pub fn from_entropy(entropy: [u8; 8]) -> Self {
        // 63 bits, because stores have signed integers.
        Self(u64::from_be_bytes(entropy) >> 1)
    }

    /// The version as a store keeps it.
    pub const fn from_stored(stored: u64) -> Self {
        Self(stored)
    }

    /// What a store keeps of it; less than 2⁶³.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A note as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its name.
    pub key: NoteKey,
    /// What it says.
    pub text: String,
    /// Which writing of it this is.
    pub version: NoteVersion,
}

/// What has to be there for a note to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expected {
    /// No matter what.
    #[default]
    Anything,
    /// No note of this name.
    Absent,
    /// This very writing of it.
    Version(NoteVersion),
}

/// How a note is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Writing {
    /// What has to be there.
    pub expected: Expected,
    /// How long the note is kept, at least one second; `None` until it is removed.
    pub keep: Option<Seconds>,
}

impl Writing {
    /// Over whatever is there, to stay until it is removed.
    pub const LASTING: Self = Self { expected: Expected::Anything, keep: None };

    /// Over whatever is there, kept for `keep`.
    pub const fn passing(keep: Seconds) -> Self {
        Self { expected: Expected::Anything, keep: Some(keep) }
    }

    /// The same, on a condition.
    #[must_use]
    pub const fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }
}

/// How a writing went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The note says what it was to say.
    Done(NoteVersion),
    /// Something else was there; nothing was written.
    Refused {
        /// What is there.
        current: Option<Note>,
    },
}

/// Keeps notes, on the same backend and clock as the store.
///
/// # Contract
/// - **Atomic.** A writing compares and writes in one step: of any number at one moment that expect nothing to be
///   there, one is done.
/// - **Versions** are never used twice, not even by a note that was removed and written anew.
/// - **An end** is judged by the store's clock: a note is over at its end, not after it, and is then as good as absent.
///   Every writing sets the end anew.
/// - **Lasting notes**, those without an end, survive what a commit survives, are listed, and are part of an
///   [`Archive`](crate::Archive).
/// - **Passing notes**, those with an end, are cheap to write: an answered writing survives a crash of the process, but
///   perhaps not one of the machine. They are not listed and do not move to another store.
/// - **Idempotent.** Where the store sends a writing again because an answer was lost, it is done once.
/// - While a store is being filled with another shop, writing and removing answer [`StoreError::unfinished`].
/// - A text is any text; it is meant to have no more than some KiB.
#[async_trait]
pub trait Notes: Send + Sync + fmt::Debug {
    /// The notes of these names, in their order, all read at one moment and with one question to the backend.
    async fn notes_at(&self, keys: &[NoteKey]) -> Result<Vec<Option<Note>>, StoreError>;

    /// The note, when there is one.
    async fn note(&self, key: &NoteKey) -> Result<Option<Note>, StoreError> {
        Ok(self.notes_at(std::slice::from_ref(key)).await?.pop().flatten())
    }

    /// Makes the note say `text`.
    async fn put_note(&self, key: &NoteKey, text: &str, how: Writing) -> Result<Written, StoreError>;

    /// Removes the note; `false` when there was none.
    async fn remove_note(&self, key: &NoteKey) -> Result<bool, StoreError>;

    /// Lasting notes whose names begin with `prefix`, by the bytes of their names. A page is full unless it is the last.
    async fn notes(&self, prefix: &str, page: &PageRequest) -> Result<Page<Note>, StoreError>;
}
