//! The server dies and a replica takes over, behind Sentinel and in a cluster: customers go on without being started
//! again, and what was acknowledged is there when replicas confirmed it.

mod shop;

use std::time::Duration;

use redis_servers::{Cluster, Proxy, Sentinels, Server};
use rental_core::{Rentals, ServiceError, StoreError};
use rental_redis::RedisConfig;
use shop::Shop;
use shop::books::Books;
use shop::load::{Load, Told};

/// How many customers are at work.
const CUSTOMERS: u64 = 8;

/// Every change is confirmed by one replica.
fn confirmed(uri: String) -> RedisConfig {
    let time_limit = Duration::from_secs(10);
    RedisConfig { time_limit, wait_replicas: 1, ..RedisConfig::new(uri).in_namespace("shop") }
}

fn behind(group: &Sentinels) -> RedisConfig {
    confirmed(format!("redis-sentinel://{}/{}", group.addresses().join(","), Sentinels::MASTER))
}

/// Everything that was acknowledged is there, and nobody was told anything else than that it may have happened.
async fn nothing_is_lost(told: &[Told], shop: &Shop) {
    let books = Books::of(&shop.store).await;
    for told in told {
        assert!(told.errors.iter().all(|code| *code == "store.unavailable"), "{:?}", told.errors);
        told.is_in(&books, shop).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinel_customers_go_on_with_the_new_master() {
    let group = Sentinels::start(3, 2, &Server::builder());
    let shop = Shop::open(behind(&group), CUSTOMERS).await;
    let mut load = Load::start(&shop, CUSTOMERS);
    load.goes_on_for(200).await;
    let dead = group.kill_master().port();
    load.goes_on_for(200).await;
    assert_ne!(group.master().port(), dead);
    nothing_is_lost(&load.stop().await, &shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_replica_has_is_not_acknowledged() {
    let group = Sentinels::start(3, 2, &Server::builder());
    let shop = Shop::open(behind(&group), CUSTOMERS + 1).await;
    let mut load = Load::start(&shop, CUSTOMERS);
    load.goes_on_for(200).await;
    let master = group.master();
    let replicas = || group.servers().iter().filter(|server| server.port() != master.port());
    replicas().for_each(Server::pause);
    let hasty = RedisConfig { time_limit: Duration::from_millis(500), ..behind(&group) };
    let answer = Shop::join(hasty).await.open_invoice(CUSTOMERS).await;
    assert!(matches!(answer, Err(ServiceError::Store(StoreError::Unavailable(_)))), "{answer:?}");
    master.kill();
    replicas().for_each(Server::resume);
    load.goes_on_for(200).await;
    nothing_is_lost(&load.stop().await, &shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stands_still_holds_up_changes_and_nothing_else() {
    let master = Server::builder().start();
    let replica = Server::builder().replica_of(&master).start();
    let proxy = Proxy::before(&master);
    let limit = Duration::from_secs(1);
    let config = RedisConfig { time_limit: limit, ..confirmed(proxy.url()) };
    let shop = Shop::open(config, CUSTOMERS).await;
    let mut load = Load::start(&shop, CUSTOMERS);
    load.goes_on_for(100).await;
    replica.pause();
    // What is on its way may still be confirmed; then nothing is.
    load.stands_still_for(limit).await;
    let acknowledged = load.acknowledged();
    for _ in 0..20 {
        // A request that meets a connection just as it is cut is sent again after half its time.
        shop.service.shop().await.expect("the master is there");
        let read = tokio::time::timeout(limit / 3, shop.service.shop()).await;
        read.expect("reads do not wait for the replica").expect("the shop is there");
        // A new connection has written nothing yet; that must not pass for confirmation.
        proxy.cut();
    }
    assert_eq!(load.acknowledged(), acknowledged);
    replica.resume();
    load.goes_on_for(100).await;
    nothing_is_lost(&load.stop().await, &shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_customers_go_on_with_the_promoted_replica() {
    let cluster = Cluster::start(3, 2, false);
    let hosts = cluster.urls().join(",").replace("redis://", "");
    let shop = Shop::open(confirmed(format!("redis-cluster://{hosts}")), CUSTOMERS).await;
    let mut load = Load::start(&shop, CUSTOMERS);
    load.goes_on_for(200).await;
    let dead = cluster.master_of("{shop}:shop");
    dead.kill();
    load.goes_on_for(200).await;
    assert_ne!(cluster.master_of("{shop}:shop").port(), dead.port());
    nothing_is_lost(&load.stop().await, &shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_moves_to_another_node_is_followed() {
    let cluster = Cluster::start(3, 1, false);
    let hosts = cluster.urls().join(",").replace("redis://", "");
    let config = RedisConfig { wait_replicas: 0, ..confirmed(format!("redis-cluster://{hosts}")) };
    let shop = Shop::open(config, CUSTOMERS).await;
    let mut load = Load::start(&shop, CUSTOMERS);
    load.goes_on_for(100).await;
    let before = cluster.master_of("{shop}:shop").port();
    for replica in cluster.nodes().iter().filter(|node| node.cli(&["ROLE"]).starts_with("slave")) {
        assert_eq!(replica.cli(&["CLUSTER", "FAILOVER"]), "OK");
    }
    load.goes_on_for(500).await;
    assert_ne!(cluster.master_of("{shop}:shop").port(), before);
    nothing_is_lost(&load.stop().await, &shop).await;
}
