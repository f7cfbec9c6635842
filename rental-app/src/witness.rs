//! Remembers on this host which shop was seen on a server, so that a server that was emptied is not taken for a new one.
//!
//! The embedded store needs no such thing: its file is there or it is not. A Redis that has lost its data looks like
//! one that never had any; a program that is started then would open a new shop, and the old one's customers and
//! payments would be forgotten.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use rental_core::Timestamp;

/// What this host has seen, in a file beside the embedded store's.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    file: PathBuf,
    place: String,
}

impl Witness {
    /// The witness for the shop at `place`, a text without secrets.
    pub(crate) fn new(file: PathBuf, place: String) -> Self {
        Self { file, place }
    }

    /// When the shop was opened that this host has seen there; `None` when it has seen none.
    pub(crate) fn seen(&self) -> Option<Timestamp> {
        self.read().get(&self.place).copied().map(Timestamp::from_unix)
    }

    /// Remembers the shop that was opened at `opened_at`. That this is not possible is told and no reason to stop.
    pub(crate) fn remember(&self, opened_at: Timestamp) {
        if self.seen() == Some(opened_at) {
            return;
        }
        let mut shops = self.read();
        shops.insert(self.place.clone(), opened_at.unix());
        if let Err(error) = self.write(&shops) {
            let file = self.file.display();
            tracing::warn!(%error, %file, "cannot remember that there is a shop; a lost one would not be noticed");
        }
    }

    fn read(&self) -> BTreeMap<String, u64> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let line = |line: &str| {
            let (opened_at, place) = line.split_once(' ')?;
            Some((place.to_owned(), opened_at.parse().ok()?))
        };
        text.lines().filter_map(line).collect()
    }

    fn write(&self, shops: &BTreeMap<String, u64>) -> io::Result<()> {
        let lines: Vec<_> = shops.iter().map(|(place, opened_at)| format!("{opened_at} {place}")).collect();
        let new = self.file.with_extension("new");
        fs::write(&new, lines.join("\n"))?;
        fs::rename(new, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_are_remembered_by_their_places() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |place: &str| Witness::new(folder.path().join("rental.db.shops"), place.to_owned());
        assert_eq!(at("redis://a").seen(), None);
        at("redis://a").remember(Timestamp::from_unix(5));
        at("redis://b namespace x").remember(Timestamp::from_unix(6));
        assert_eq!(at("redis://a").seen(), Some(Timestamp::from_unix(5)));
        assert_eq!(at("redis://b namespace x").seen(), Some(Timestamp::from_unix(6)));
        assert_eq!(at("redis://b").seen(), None);
    }

    #[test]
    fn where_nothing_can_be_written_the_shop_opens_all_the_same() {
        let witness = Witness::new(PathBuf::from("/nowhere/rental.db.shops"), "redis://a".to_owned());
        witness.remember(Timestamp::from_unix(5));
        assert_eq!(witness.seen(), None);
    }
}
