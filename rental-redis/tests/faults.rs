//! What goes wrong between a program and its server: each time a clear answer or a repetition that nobody notices, never
//! a double effect, and never a wait beyond the time limit.

mod shop;

use std::time::Duration;

use redis_servers::{Proxy, Server};
use rental_core::{
    Actor, Command, DomainError, Load, Owner, PageRequest, Rentals, Request, ServiceError, Store, StoreError,
};
use rental_redis::RedisConfig;
use shop::books::Books;
use shop::{Shop, customer, load, number};

const LIMIT: Duration = Duration::from_secs(2);

/// Nothing takes longer than this.
const PATIENCE: Duration = Duration::from_secs(4);

fn config(uri: String) -> RedisConfig {
    RedisConfig { time_limit: LIMIT, ..RedisConfig::new(uri).in_namespace("shop") }
}

async fn in_time<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, answer).await.expect("the time limit holds")
}

/// How many invoices there are, as the server counts them.
fn invoices(server: &Server) -> usize {
    server.cli(&["ZCARD", "shop:index:invoices"]).parse().expect("a count")
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_made_once() {
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    let shop = Shop::open(config(proxy.url()), 40).await;
    for n in 0..40 {
        if n % 2 == 0 {
            proxy.swallow_replies_to("EVALSHA", 1);
        }
        let invoice = in_time(shop.open_invoice(n)).await.expect("the invoice opens");
        assert_eq!(invoice.number, number(n));
    }
    proxy.pass();
    assert_eq!(invoices(&server), 40);
    let history = shop.store.feed(&Owner::Anybody, 0, 1000).await.expect("the store answers");
    let opened =
        history.iter().filter(|entry| format!("{:?}", entry.event.kind).starts_with("InvoiceOpened"));
    assert_eq!(opened.count(), 40);
    assert!(proxy.swallowed() >= 20 && shop.store.activity().resent >= 20);
}

#[tokio::test]
async fn a_commit_that_was_applied_says_so_when_it_is_sent_again() {
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    let shop = Shop::open(config(proxy.url()), 1).await;
    let changes = shop.changes(0).await;
    let one_try = RedisConfig { time_limit: Duration::from_millis(400), ..config(proxy.url()) };
    let hasty = rental_redis::RedisStore::open(&one_try).await.expect("the store opens");
    proxy.delay(Duration::from_millis(600));
    let unknown = in_time(hasty.commit(&changes)).await;
    assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
    proxy.pass();
    let again = in_time(shop.store.commit(&changes)).await.expect("the store answers");
    let own = rental_core::OnceKey::Commit(changes.commit_id);
    assert_eq!(again, rental_core::Commit::Duplicate(own));
    assert_eq!(invoices(&server), 1);
}

#[tokio::test]
async fn cut_connections_are_made_anew() {
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    let shop = Shop::open(config(proxy.url()), 60).await;
    let opening = (0..60).map(|n| {
        let (shop, proxy) = (&shop, &proxy);
        async move {
            if n % 10 == 0 {
                proxy.cut();
            }
            in_time(shop.open_invoice(n)).await
        }
    });
    for opened in futures::future::join_all(opening).await {
        opened.expect("the invoice opens");
    }
    assert_eq!(invoices(&server), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_every_change_is_made_once_whatever_happens_on_the_way() {
    const CUSTOMERS: u64 = 8;
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    let shop = Shop::open(config(proxy.url()), CUSTOMERS).await;
    let mut load = load::Load::start(&shop, CUSTOMERS);
    for round in 0..10 {
        load.goes_on_for(50).await;
        match round % 5 {
            0 => proxy.cut(),
            1 => proxy.swallow_replies_to("EVALSHA", 4),
            2 => proxy.delay(Duration::from_millis(3)),
            3 => _ = server.cli(&["SCRIPT", "FLUSH"]),
            _ => proxy.pass(),
        }
    }
    load.goes_on_for(50).await;
    let told = load.stop().await;
    let books = Books::of(&shop.store).await;
    for told in &told {
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        told.is_in(&books, &shop).await;
    }
    let activity = shop.store.activity();
    assert!(activity.resent > 0 && activity.connected > 2, "{activity:?}");
}

#[tokio::test]
async fn what_may_have_happened_is_not_denied_when_it_is_refused_later() {
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    let shop = Shop::open(config(proxy.url()), 1).await;
    let changes = shop.changes(0).await;
    proxy.delay(Duration::from_millis(300));
    proxy.swallow_replies(1);
    let (answer, ()) = tokio::join!(in_time(shop.store.commit(&changes)), async {
        while invoices(&server) == 0 {
            tokio::task::yield_now().await;
        }
        server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
    });
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_connection_that_hangs_costs_no_more_than_the_time_limit() {
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    let shop = Shop::open(config(proxy.url()), 2).await;
    proxy.hang();
    let answer = in_time(shop.open_invoice(0)).await;
    assert!(matches!(answer, Err(ServiceError::Store(_))) || answer.is_ok(), "{answer:?}");
    assert!(in_time(shop.store.load(&Load::default())).await.is_err());
    proxy.pass();
    proxy.cut();
    in_time(shop.open_invoice(1)).await.expect("it works again");
}

#[tokio::test]
async fn a_server_that_is_away_or_starting_is_waited_for() {
    let server = Server::builder().append_only(redis_servers::Fsync::Always).start();
    let shop = Shop::open(config(server.url()), 4).await;
    server.kill();
    let answer = in_time(shop.store.load(&Load::default())).await;
    assert!(matches!(answer, Err(StoreError::Unreachable(_) | StoreError::Unavailable(_))), "{answer:?}");
    server.start_again();
    in_time(shop.open_invoice(0)).await.expect("it works again");
    server.pause();
    let (answer, ()) = tokio::join!(in_time(shop.open_invoice(1)), async {
        tokio::time::sleep(Duration::from_millis(300)).await; // a pause is a length of time
        server.resume();
    });
    answer.expect("a pause shorter than the time limit is not noticed");
}

#[tokio::test]
async fn forgotten_scripts_are_sent_again() {
    let server = Server::builder().start();
    let shop = Shop::open(config(server.url()), 3).await;
    for n in 0..3 {
        server.cli(&["SCRIPT", "FLUSH"]);
        shop.open_invoice(n).await.expect("the invoice opens");
    }
}

#[tokio::test]
async fn a_read_only_replica_changes_nothing_and_says_so() {
    let server = Server::builder().start();
    let shop = Shop::open(config(server.url()), 2).await;
    let away = Server::builder().start();
    server.cli(&["CONFIG", "SET", "replica-serve-stale-data", "yes"]);
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let answer = in_time(shop.open_invoice(0)).await;
    assert!(matches!(answer, Err(ServiceError::Store(StoreError::Unwritable(_)))), "{answer:?}");
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    shop.open_invoice(0).await.expect("it works again");
    drop(away);
}

#[tokio::test]
async fn a_server_without_memory_refuses_changes_and_still_answers() {
    let server = Server::builder().start();
    let shop = Shop::open(config(server.url()), 2).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
    let answer = in_time(shop.open_invoice(0)).await;
    assert!(matches!(answer, Err(ServiceError::Store(StoreError::Unwritable(_)))), "{answer:?}");
    assert_eq!(invoices(&server), 0);
    let page = shop.service.numbers(&[], &PageRequest::first(10)).await.expect("reads go on");
    assert_eq!(page.items.len(), 2);
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    shop.open_invoice(0).await.expect("it works again");
}

#[tokio::test]
async fn a_master_that_was_cut_off_refuses_changes() {
    let server = Server::builder().start();
    let shop = Shop::open(config(server.url()), 1).await;
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let answer = in_time(shop.open_invoice(0)).await;
    assert!(matches!(answer, Err(ServiceError::Store(StoreError::Unwritable(_)))), "{answer:?}");
    assert_eq!(invoices(&server), 0);
}

#[tokio::test]
async fn a_script_that_blocks_the_server_is_waited_for() {
    let server = Server::builder().config("busy-reply-threshold", "10").start();
    let shop = Shop::open(config(server.url()), 2).await;
    let port = server.port().to_string();
    let blocking = tokio::process::Command::new("redis-cli")
        .args(["-p", &port, "EVAL", "local t = 0 while t < 1e8 do t = t + 1 end return t", "0"])
        .output();
    let (answer, blocked) = tokio::join!(in_time(shop.open_invoice(0)), blocking);
    answer.expect("the invoice opens");
    assert!(blocked.expect("redis-cli runs").status.success());
}

#[tokio::test]
async fn an_emptied_server_is_noticed_and_goes_on_when_it_is_restored() {
    let server = Server::builder().start();
    let shop = Shop::open(config(server.url()), 3).await;
    shop.open_invoice(0).await.expect("the invoice opens");
    let keys: Vec<String> = server.cli(&["KEYS", "shop:*"]).lines().map(ToOwned::to_owned).collect();
    let copies = Server::builder().start();
    let port = copies.port().to_string();
    let migrate = |from: &Server, port: &str| {
        let fixed = ["MIGRATE", "127.0.0.1", port, "", "0", "5000", "COPY", "REPLACE", "KEYS"];
        let arguments: Vec<&str> = fixed.into_iter().chain(keys.iter().map(String::as_str)).collect();
        assert_eq!(from.cli(&arguments), "OK");
    };
    migrate(&server, &port);

    server.cli(&["FLUSHALL"]);
    assert_eq!(shop.open_invoice(1).await.map(drop), Err(ServiceError::ShopGone));
    let plans = vec!["30d=10".parse().expect("a plan")];
    let add = Command::AddNumber { number: number(9), plans };
    let added = shop.service.execute(Request::new(Actor::System, add)).await;
    assert_eq!(added.map(drop), Err(ServiceError::ShopGone));
    assert_eq!(
        shop.service.numbers(&[], &PageRequest::first(1)).await.map(drop),
        Err(ServiceError::ShopGone)
    );
    assert_eq!(server.cli(&["DBSIZE"]), "0");

    migrate(&copies, &server.port().to_string());
    shop.open_invoice(1).await.expect("it goes on");
    let taken = shop.open_invoice(0).await.map(drop);
    assert_eq!(taken, Err(ServiceError::Domain(DomainError::NumberReserved)), "{:?}", customer(0));
}

#[tokio::test]
async fn what_no_replica_confirmed_is_not_answered_under_its_request_either() {
    let server = Server::builder().start();
    let shop = Shop::open(config(server.url()), 1).await;
    let careful = RedisConfig { wait_replicas: 1, ..config(server.url()) };
    let careful = rental_redis::RedisStore::open(&careful).await.expect("the store opens");
    let key = rental_core::OnceKey::Request {
        integrator: "demo".parse().expect("a name"),
        key: "order 7".to_owned(),
    };
    let mut changes = shop.changes(0).await;
    let keep_until = Some(changes.invoices[0].expires_at);
    changes.once.push(rental_core::Once { key: key.clone(), value: "done".to_owned(), keep_until });
    assert!(matches!(in_time(careful.commit(&changes)).await, Err(StoreError::Unavailable(_))));
    let again = Load { once: Some(key), ..Load::default() };
    assert!(matches!(in_time(careful.load(&again)).await, Err(StoreError::Unavailable(_))));
    let _replica = Server::builder().replica_of(&server).start();
    assert_eq!(in_time(careful.load(&again)).await.expect("confirmed").once.as_deref(), Some("done"));
}
