//! Random scripts get the same answers here and from the reference implementation.

use std::path::Path;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use rental_core::conformance::{ArchiveHarness, Harness, same_after_copy, same_answers};
use rental_core::{ManualClock, MemoryStore, Timestamp};
use rental_sqlite::SqliteStore;

fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_unix(1_767_225_600))
}

fn reference() -> Harness {
    let clock = clock();
    Harness::new(MemoryStore::new(Arc::new(clock.clone())), clock)
}

fn in_memory() -> Harness {
    let clock = clock();
    let store = SqliteStore::in_memory(Arc::new(clock.clone())).expect("the store opens");
    Harness::new(store, clock)
}

fn reference_archive() -> ArchiveHarness {
    let clock = clock();
    let store = MemoryStore::new(Arc::new(clock.clone()));
    ArchiveHarness::new(Harness::new(store.clone(), clock), store)
}

fn archive() -> ArchiveHarness {
    let clock = clock();
    let store = SqliteStore::in_memory(Arc::new(clock.clone())).expect("the store opens");
    ArchiveHarness::new(Harness::new(store.clone(), clock), store)
}

fn on_file() -> Harness {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, clock) = (folder.path().join("rental.db"), clock());
    let open = |path: &Path, clock: ManualClock| {
        let store = SqliteStore::open(path, Arc::new(clock.clone())).expect("the store opens");
        Harness::new(store, clock)
    };
    let harness = open(&path, clock.clone()).keeping(folder);
    harness.reopened_by(move || std::future::ready(open(&path, clock.clone())))
}

fn compare(harness: Harness, script: &[u64]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(same_answers(reference(), harness, script));
}

proptest! {
    #[test]
    fn in_memory_the_answers_are_those_of_the_reference(script in vec(any::<u64>(), 0..100)) {
        compare(in_memory(), &script);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_copy_goes_on_as_its_origin_either_way(
        before in vec(any::<u64>(), 0..60), after in vec(any::<u64>(), 0..60), out in any::<bool>(),
    ) {
        let (from, to) = if out { (archive(), reference_archive()) } else { (reference_archive(), archive()) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(same_after_copy(from, to, &before, &after));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn on_a_file_the_answers_are_those_of_the_reference(script in vec(any::<u64>(), 0..100)) {
        compare(on_file(), &script);
    }
}
