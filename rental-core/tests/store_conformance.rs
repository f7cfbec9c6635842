//! The reference implementation passes the suite that every store passes.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use rental_core::conformance::{ArchiveHarness, Harness, same_answers};
use rental_core::{ManualClock, MemoryStore, Timestamp};

async fn empty_store() -> Harness {
    let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
    let store = MemoryStore::new(Arc::new(clock.clone()));
    over(&store, &clock).reopened_by(move || {
        let opened = over(&store, &clock);
        async { opened }
    })
}

fn over(store: &MemoryStore, clock: &ManualClock) -> Harness {
    Harness::new(store.clone(), clock.clone())
}

rental_core::store_conformance!(empty_store);

mod archive {
    use super::*;

    async fn empty_archive() -> ArchiveHarness {
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = MemoryStore::new(Arc::new(clock.clone()));
        ArchiveHarness::new(over(&store, &clock), store)
    }

    rental_core::archive_conformance!(empty_archive);
}

proptest! {
    #[test]
    fn the_same_script_gets_the_same_answers(script in vec(any::<u64>(), 0..100)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            same_answers(empty_store().await, empty_store().await, &script).await;
        });
    }
}
