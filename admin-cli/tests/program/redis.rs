//! The command line on Redis, and shops that move there and back.

use redis_servers::Server;

use crate::bench::{Bench, NUMBER};

#[test]
fn a_shop_moves_to_redis_and_back_and_is_the_same_shop() {
    let server = Server::builder().start();
    let (bench, _) = Bench::with_rental();
    let (url, other) = (server.url(), format!("{}#other", server.url()));
    let before = bench.json(&["stats"]);

    bench.ok(&["store", "copy", "--from", "rental.db", "--to", &url]);
    let on_redis = ["--redis-uri", &url];
    let with = |arguments: &[&'static str]| [arguments, &on_redis].concat();
    assert_eq!(bench.json(&with(&["stats"])), before);
    let rental = bench.json(&with(&["rentals", "show", NUMBER]));
    assert_eq!(rental["customer"], "api:demo:alice");
    bench.ok(&with(&["payments", "reconcile"]));
    bench.ok(&with(&["rentals", "extend", NUMBER, "--by", "1d", "--reason", "a gift"]));
    bench.ok(&with(&["doctor"]));

    bench.ok(&["store", "copy", "--from", &url, "--to", &other]);
    bench.ok(&["store", "copy", "--from", &other, "--to", "back.db"]);
    let shown = |arguments: &[&str]| bench.json(arguments);
    for noun in ["numbers", "invoices", "payments", "customers", "audit"] {
        let there = shown(&[noun, "list", "--redis-uri", &url]);
        assert_eq!(shown(&[noun, "list", "--rental-db", "back.db"]), there, "{noun}");
    }
    bench.refused(&["store", "copy", "--from", "back.db", "--to", &url], 5, "store.not_empty");
}

#[test]
fn a_copy_into_redis_that_was_not_finished_is_no_shop_and_is_repeated() {
    let server = Server::builder().start();
    let bench = Bench::with_number();
    let url = server.url();
    server.cli(&["SET", "filling", "01KDVDNA020000000000000002"]);
    server.cli(&["SET", "invoice:inv_01KDVDNA020000000000000002", "left over"]);
    bench.refused(&["numbers", "list", "--redis-uri", &url], 1, "store.incompatible");
    bench.ok(&["store", "copy", "--from", "rental.db", "--to", &url]);
    assert_eq!(server.cli(&["EXISTS", "filling", "invoice:inv_01KDVDNA020000000000000002"]), "0");
    bench.ok(&["numbers", "show", NUMBER, "--redis-uri", &url]);
}

#[test]
fn a_redis_that_was_emptied_is_not_taken_for_a_new_one() {
    let server = Server::builder().start();
    let bench = Bench::new();
    let url = server.url();
    bench.ok(&["numbers", "add", NUMBER, "--plan", "30d=10", "--redis-uri", &url]);
    server.cli(&["FLUSHALL"]);
    bench.refused(&["numbers", "list", "--redis-uri", &url], 1, "store.shop_gone");
    assert_eq!(server.cli(&["DBSIZE"]), "0");
    bench.refused(&["numbers", "list", "--redis-uri", "redis://127.0.0.1:1"], 1, "store.unreachable");
}
