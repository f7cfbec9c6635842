//! Random scripts get the same answers here and from the reference implementation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use redis_servers::Server;
use rental_core::conformance::{ArchiveHarness, Harness, same_after_copy, same_answers};
use rental_core::{ManualClock, MemoryStore, Timestamp};
use rental_redis::{RedisConfig, RedisStore};

fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_unix(1_767_225_600))
}

fn reference() -> ArchiveHarness {
    let clock = clock();
    let store = MemoryStore::new(Arc::new(clock.clone()));
    ArchiveHarness::new(Harness::new(store.clone(), clock), store)
}

/// A server whose time the tests set, and new shops on it.
struct Place {
    server: Arc<Server>,
    shops: AtomicU64,
}

impl Place {
    fn new() -> Self {
        Self { server: Arc::new(Server::builder().standing_clock().start()), shops: AtomicU64::new(0) }
    }

    async fn shop(&self) -> ArchiveHarness {
        let name = format!("shop{}", self.shops.fetch_add(1, Ordering::Relaxed));
        let turned = Arc::clone(&self.server);
        let config = RedisConfig::new(self.server.url()).in_namespace(name);
        let store = RedisStore::open(&config).await.expect("the store opens");
        let harness = Harness::new(store.clone(), clock());
        ArchiveHarness::new(harness.turned_by(move |now| turned.set_clock(now.unix().cast_signed())), store)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn the_answers_are_those_of_the_reference() {
    let (place, runtime) = (Place::new(), runtime());
    proptest!(|(script in vec(any::<u64>(), 0..100))| {
        runtime.block_on(async { same_answers(reference().shop, place.shop().await.shop, &script).await });
    });
}

#[test]
fn a_copy_goes_on_as_its_origin_either_way() {
    let (place, runtime) = (Place::new(), runtime());
    let config = ProptestConfig::with_cases(64);
    let scripts = (vec(any::<u64>(), 0..60), vec(any::<u64>(), 0..60), any::<bool>());
    proptest!(config, |((before, after, out) in scripts)| {
        runtime.block_on(async {
            let (ours, reference) = (place.shop().await, reference());
            let (from, to) = if out { (ours, reference) } else { (reference, ours) };
            same_after_copy(from, to, &before, &after).await;
        });
    });
}
