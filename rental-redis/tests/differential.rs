//! Random scripts get the same answers here and from the reference implementation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use redis_servers::Server;
use rental_core::conformance::{Harness, same_answers};
use rental_core::{ManualClock, MemoryStore, Timestamp};
use rental_redis::{RedisConfig, RedisStore};

fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_unix(1_767_225_600))
}

fn reference() -> Harness {
    let clock = clock();
    Harness::new(MemoryStore::new(Arc::new(clock.clone())), clock)
}

#[test]
fn the_answers_are_those_of_the_reference() {
    let server = Arc::new(Server::builder().standing_clock().start());
    let shops = AtomicU64::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    proptest!(|(script in vec(any::<u64>(), 0..100))| {
        runtime.block_on(async {
            let shop = format!("shop{}", shops.fetch_add(1, Ordering::Relaxed));
            let turned = Arc::clone(&server);
            let config = RedisConfig::new(server.url()).in_namespace(shop);
            let store = RedisStore::open(&config).await.expect("the store opens");
            let harness = Harness::new(store, clock())
                .turned_by(move |now| turned.set_clock(now.unix().cast_signed()));
            same_answers(reference(), harness, &script).await;
        });
    });
}
