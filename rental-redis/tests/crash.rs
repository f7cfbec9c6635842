//! The server is killed under load and started again: what its settings promise is there, the books are whole, and
//! what was lost of the payments comes back from the chain.

mod shop;

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use redis_servers::{Fsync, Server};
use rental_app::{Watcher, reconcile_books};
use rental_core::{Actor, Comment, FakeGateway};
use rental_redis::RedisConfig;
use shop::Shop;
use shop::books::Books;
use shop::load::Load;

fn on(server: &Server) -> RedisConfig {
    RedisConfig::new(server.url()).in_namespace("shop")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_write_on_disk_nothing_acknowledged_is_lost() {
    const CUSTOMERS: u64 = 8;
    let server = Server::builder().append_only(Fsync::Always).start();
    let shop = Shop::open(on(&server), CUSTOMERS).await;
    let mut load = Load::start(&shop, CUSTOMERS);
    for round in 0..6 {
        // Another moment in every round.
        load.goes_on_for(40 + 7 * round).await;
        server.kill();
        server.start_again();
    }
    load.goes_on_for(40).await;
    let told = load.stop().await;
    let books = Books::of(&shop.store).await;
    for told in &told {
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        told.is_in(&books, &shop).await;
    }
}

/// The file at whose end the server writes.
fn log_of(server: &Server) -> PathBuf {
    let folder = server.cli(&["CONFIG", "GET", "dir"]).lines().last().expect("a folder").to_owned();
    let folder = PathBuf::from(folder).join("appendonlydir");
    let files = fs::read_to_string(folder.join("appendonly.aof.manifest")).expect("the list of files");
    let newest = files.lines().rfind(|line| line.ends_with("type i")).expect("a log");
    folder.join(newest.split(' ').nth(1).expect("its name"))
}

/// What an operator does after a power failure. The server does not run a change of which the log has the beginning only,
/// but leaves that in the log, and would run it together with the next change when it starts once more.
async fn rewrite_log(server: &Server) {
    server.cli(&["BGREWRITEAOF"]);
    let is_done = || server.cli(&["INFO", "persistence"]).contains("aof_rewrite_in_progress:0");
    let done = async {
        while !is_done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), done).await.expect("the log is rewritten");
}

fn length(path: &PathBuf) -> u64 {
    fs::metadata(path).expect("the file").len()
}

/// The end of the file stands in for what the disk did not have when the power failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_last_second_lost_comes_back_from_the_chain() {
    const RENTS: u64 = 12;
    let server = Server::builder().append_only(Fsync::Everysec).start();
    let shop = Shop::open(on(&server), 5 * RENTS).await;
    let gateway = FakeGateway::new();
    let watcher = Watcher::new(shop.service.clone(), Arc::new(gateway.clone()), Arc::new(shop.store.clone()));
    for round in 0..5 {
        let log = log_of(&server);
        let kept = length(&log);
        for n in round * RENTS..(round + 1) * RENTS {
            let invoice = shop.open_invoice(n).await.expect("the invoice opens");
            gateway.pay(invoice.amount, Comment::Text(invoice.payload.to_string()), invoice.created_at);
            if n % 3 == 0 {
                watcher.run_once().await.expect("the payments are booked");
            }
        }
        watcher.run_once().await.expect("the payments are booked");
        let before = Books::of(&shop.store).await.invoices.len();

        server.kill();
        let written = length(&log) - kept;
        // At another byte in every round, mostly in the middle of a change.
        let file = File::options().write(true).open(&log).expect("the file");
        file.set_len(kept + written * 2 / 3 + round * 101).expect("the file ends earlier");
        server.start_again();
        rewrite_log(&server).await;

        assert!(Books::of(&shop.store).await.invoices.len() < before, "something is lost");
        let report = watcher.run_once().await.expect("the payments are booked");
        assert!(report.booked > 0, "{report:?}");
        let books = reconcile_books(&*shop.service, &gateway, &Actor::System).await.expect("the comparison");
        assert!(books.balances(), "{:?}", books.findings);
        assert_eq!(books.transactions as u64, (round + 1) * RENTS, "every coin is booked");
        assert_eq!(books.waiting_transactions, 0);
    }
}
