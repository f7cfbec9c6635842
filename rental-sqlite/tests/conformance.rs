//! The suite that every store passes, on a file and in memory.

use std::sync::Arc;

use rental_core::conformance::{ArchiveHarness, Harness};
use rental_core::{ManualClock, Timestamp};
use rental_sqlite::SqliteStore;

fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_unix(1_767_225_600))
}

mod on_file {
    use super::*;

    fn open(path: &std::path::Path, clock: ManualClock) -> Harness {
        let store = SqliteStore::open(path, Arc::new(clock.clone())).expect("the store opens");
        Harness::new(store, clock)
    }

    async fn new_file() -> Harness {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (path, clock) = (folder.path().join("rental.db"), clock());
        let harness = open(&path, clock.clone()).keeping(folder);
        harness.reopened_by(move || std::future::ready(open(&path, clock.clone())))
    }

    rental_core::store_conformance!(new_file);

    async fn new_archive() -> ArchiveHarness {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (path, clock) = (folder.path().join("rental.db"), clock());
        let store = SqliteStore::open_to_fill(&path, Arc::new(clock.clone())).expect("the store opens");
        let shop = Harness::new(store.clone(), clock.clone()).keeping(folder);
        let reopened = move || std::future::ready(open(&path, clock.clone()));
        ArchiveHarness::new(shop.reopened_by(reopened), store)
    }

    mod archive {
        rental_core::archive_conformance!(super::new_archive);
    }
}

mod in_memory {
    use super::*;

    async fn new_store() -> Harness {
        let clock = clock();
        let store = SqliteStore::in_memory(Arc::new(clock.clone())).expect("the store opens");
        Harness::new(store, clock)
    }

    rental_core::store_conformance!(new_store);

    async fn new_archive() -> ArchiveHarness {
        let clock = clock();
        let store = SqliteStore::in_memory(Arc::new(clock.clone())).expect("the store opens");
        ArchiveHarness::new(Harness::new(store.clone(), clock), store)
    }

    mod archive {
        rental_core::archive_conformance!(super::new_archive);
    }
}
