//! Whatever happens on the way to the server, every call ends in time with an answer or a clear error, and every change
//! is made exactly once.

#[path = "support/load.rs"]
mod load;
#[path = "support/shop.rs"]
mod shop;

use std::time::Duration;

use load::Load;
use redis_servers::{Proxy, Server};
use rental_redis::RedisConfig;
use shop::{Books, Shop};

fn through(proxy: &Proxy) -> RedisConfig {
    RedisConfig::new(proxy.url()).in_namespace("shop")
}

/// How many customers are at work.
const CUSTOMERS: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_go_through_although_connections_are_cut() {
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    let shop = Shop::with_numbers(&through(&proxy), CUSTOMERS).await;
    let mut load = Load::start(&shop, CUSTOMERS);
    for _ in 0..20 {
        load.goes_on_for(100).await;
        proxy.cut();
    }
    load.goes_on_for(100).await;
    let told = load.stop().await;
    let books = Books::of(&shop.store).await;
    for told in &told {
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        told.is_in(&books, &shop).await;
    }
    let activity = shop.store.activity();
    assert!(activity.resent > 0 && activity.connected > 10, "{activity:?}");
}
