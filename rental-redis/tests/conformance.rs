//! The suite that every store passes, on a server of its own for every case.

use std::sync::Arc;

use redis_servers::Server;
use rental_core::conformance::Harness;
use rental_core::{ManualClock, Timestamp};
use rental_redis::{RedisConfig, RedisStore};

async fn open(server: &Arc<Server>, clock: ManualClock) -> Harness {
    let config = RedisConfig::new(server.url()).in_namespace("shop");
    let store = RedisStore::open(&config).await.expect("the store opens");
    let turned = Arc::clone(server);
    Harness::new(store, clock).turned_by(move |now| turned.set_clock(now.unix().cast_signed()))
}

async fn on_a_server() -> Harness {
    let server = tokio::task::spawn_blocking(|| Arc::new(Server::builder().standing_clock().start()));
    let server = server.await.expect("the server starts");
    let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
    let harness = open(&server, clock.clone()).await;
    harness.reopened_by(move || {
        let (server, clock) = (Arc::clone(&server), clock.clone());
        async move { open(&server, clock).await }
    })
}

rental_core::store_conformance!(on_a_server);
