//! Notes. One counts while its end lies after now.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

use super::{Page, PageRequest, nothing, page};
use crate::{Expected, Note, NoteKey, NoteVersion, Seconds, Timestamp, Writing, Written};

/// All notes.
#[derive(Default)]
pub(super) struct Notes {
    notes: BTreeMap<String, Kept>,
    last: u64,
}

struct Kept {
    note: Note,
    until: Option<Timestamp>,
}

impl Kept {
    fn counts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Notes {
    pub(super) fn get(&self, key: &NoteKey, now: Timestamp) -> Option<Note> {
        self.notes.get(key.as_str()).filter(|kept| kept.counts(now)).map(|kept| kept.note.clone())
    }

    pub(super) fn put(&mut self, key: &NoteKey, text: &str, how: Writing, now: Timestamp) -> Written {
        let current = self.get(key, now);
        let as_expected = match how.expected {
            Expected::Anything => true,
            Expected::Absent => current.is_none(),
            Expected::Version(version) => current.as_ref().is_some_and(|note| note.version == version),
        };
        if !as_expected {
            return Written::Refused { current };
        }
        self.last += 1;
        let version = NoteVersion::from_stored(self.last);
        let until = how.keep.map(|keep| now + keep.max(Seconds(1)));
        let note = Note { key: key.clone(), text: text.to_owned(), version };
        self.notes.insert(key.to_string(), Kept { note, until });
        Written::Done(version)
    }

    pub(super) fn remove(&mut self, key: &NoteKey, now: Timestamp) -> bool {
        self.notes.remove(key.as_str()).is_some_and(|kept| kept.counts(now))
    }

    /// Lasting notes whose names begin with `prefix`.
    pub(super) fn list(&self, prefix: &str, request: &PageRequest) -> Page<Note> {
        let start = match &request.after {
            None => Included(prefix),
            Some(after) if after.parse::<NoteKey>().is_ok() && after.starts_with(prefix) => {
                Excluded(after.as_str())
            }
            Some(_) => return nothing(),
        };
        let found = self.notes.range::<str, _>((start, Unbounded));
        let found = found.take_while(|(key, _)| key.starts_with(prefix));
        page(
            request,
            found.filter(|(_, kept)| kept.until.is_none()).map(|(key, kept)| (key, kept.note.clone())),
        )
    }

    /// Writes a lasting note as it is.
    pub(super) fn fill(&mut self, note: Note) {
        self.last = self.last.max(note.version.get());
        self.notes.insert(note.key.to_string(), Kept { note, until: None });
    }

    /// Drops what is over; answers how much.
    pub(super) fn forget(&mut self, now: Timestamp) -> usize {
        self.notes.extract_if(.., |_, kept| !kept.counts(now)).take(PageRequest::MOST).count()
    }
}
