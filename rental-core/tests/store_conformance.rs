//! The reference implementation passes the suite that every store passes.

use std::sync::Arc;

use rental_core::conformance::Harness;
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
