//! The suite that every store passes: on a server of its own for every case, and on one cluster and one Sentinel group
//! that the cases take turns on, each with a shop of its own.

use std::sync::Arc;

use redis_servers::Server;
use rental_core::conformance::{ArchiveHarness, Harness};
use rental_core::{ManualClock, Timestamp};
use rental_redis::{RedisConfig, RedisStore};

/// Where a case finds its empty shop, and how the time is set there.
#[derive(Clone)]
struct Place {
    config: RedisConfig,
    turn: Arc<dyn Fn(Timestamp) + Send + Sync>,
}

impl Place {
    async fn open(&self, clock: ManualClock) -> (RedisStore, Harness) {
        (self.turn)(rental_core::Clock::now(&clock));
        let store = RedisStore::open(&self.config).await.expect("the store opens");
        let turn = Arc::clone(&self.turn);
        (store.clone(), Harness::new(store, clock).turned_by(move |now| turn(now)))
    }

    async fn harness(self) -> (RedisStore, Harness) {
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let (store, harness) = self.open(clock.clone()).await;
        let harness = harness.reopened_by(move || {
            let (place, clock) = (self.clone(), clock.clone());
            async move { place.open(clock).await.1 }
        });
        (store, harness)
    }
}

fn seconds(now: Timestamp) -> i64 {
    now.unix().cast_signed()
}

async fn blocking<T: Send + 'static>(start: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(start).await.expect("it starts")
}

mod on_a_server {
    use super::*;

    async fn fresh() -> (RedisStore, Harness) {
        let server = blocking(|| Server::builder().standing_clock().acl_user("shop", "s3cret", &std::env::var("RULES").expect("rules")).start()).await;
        let config = RedisConfig::new(server.url_as("shop")).in_namespace("shop");
        let turn = Arc::new(move |now| server.set_clock(seconds(now)));
        Place { config, turn }.harness().await
    }

    async fn shop() -> Harness {
        fresh().await.1
    }

    async fn archive() -> ArchiveHarness {
        let (store, harness) = fresh().await;
        ArchiveHarness::new(harness, store)
    }

    rental_core::store_conformance!(shop);

    mod archives {
        rental_core::archive_conformance!(super::archive);
    }
}

