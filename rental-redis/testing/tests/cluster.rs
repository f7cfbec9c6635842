//! A cluster: it forms, survives its clock, and replaces a dead master.

use std::collections::HashSet;

use redis_servers::{Cluster, FIRST_SECOND, Server};

#[test]
fn every_master_serves_its_share_of_the_slots() {
    let cluster = Cluster::start(3, 0, true);
    assert_eq!(cluster.urls().len(), 3);
    let masters: HashSet<_> = ["a", "b", "c", "d", "e", "f", "{shop}:x"]
        .iter()
        .map(|key| {
            let master = cluster.master_of(key);
            assert_eq!(master.cli(&["SET", key, "value"]), "OK");
            for other in cluster.nodes().iter().filter(|node| node.port() != master.port()) {
                assert!(other.cli(&["GET", key]).starts_with("MOVED "));
            }
            master.port()
        })
        .collect();
    assert_eq!(masters.len(), 3);
}

#[test]
fn a_cluster_survives_jumps_of_its_clock() {
    let cluster = Cluster::start(3, 1, true);
    let year = 31_557_600;
    cluster.master_of("key").cli(&["SET", "key", "value", "EXAT", &(FIRST_SECOND + 3 * year).to_string()]);
    for (years, value) in [(0, "value"), (2, "value"), (3, ""), (40, ""), (1000, ""), (-20, "")] {
        let now = FIRST_SECOND + years * year;
        cluster.set_clock(now);
        // Long enough for the nodes to look after each other several times.
        std::thread::sleep(std::time::Duration::from_millis(400));
        cluster.wait_until_ok();
        let master = cluster.master_of("key");
        assert_eq!(master.cli(&["TIME"]), format!("{now}\n500000"));
        assert_eq!(master.cli(&["GET", "key"]), value, "after {years} years");
        for node in cluster.nodes() {
            let map = node.cli(&["CLUSTER", "NODES"]);
            assert!(!map.contains("fail"), "after {years} years: {map}");
        }
    }
}

#[test]
fn a_replica_takes_over_when_a_master_dies() {
    let cluster = Cluster::start(3, 1, false);
    let before = cluster.master_of("key");
    assert_eq!(before.cli(&["SET", "key", "value"]), "OK");
    before.kill();
    let after = cluster.master_of("key");
    assert_ne!(after.port(), before.port());
    cluster.wait_until_ok();
    assert_eq!(after.cli(&["GET", "key"]), "value");
    before.start_again();
    cluster.wait_until_ok();
    assert!(before.cli(&["ROLE"]).starts_with("slave"));
}

#[test]
fn a_replica_takes_over_when_it_is_told_to() {
    let cluster = Cluster::start(1, 1, true);
    let [master, replica] = cluster.nodes() else { panic!("two nodes") };
    master.kill();
    assert_eq!(replica.cli(&["CLUSTER", "FAILOVER", "TAKEOVER"]), "OK");
    assert_eq!(cluster.master_of("key").port(), replica.port());
}

#[test]
fn a_master_serves_again_when_its_clock_goes_on() {
    let cluster = Cluster::start(2, 1, true);
    let master = cluster.master_of("key");
    master.kill();
    master.start_again();
    assert!(master.cli(&["GET", "key"]).starts_with("CLUSTERDOWN"));
    cluster.set_clock(FIRST_SECOND + 3);
    cluster.wait_until_ok();
    assert_eq!(cluster.master_of("key").port(), master.port());
    assert_eq!(master.cli(&["GET", "key"]), "");
}

#[test]
fn nodes_can_have_passwords_and_speak_tls() {
    let cluster = Cluster::start_with(1, 1, &Server::builder().password("secret").tls().standing_clock());
    assert!(cluster.urls().iter().all(|url| url.starts_with("rediss://:secret@127.0.0.1:")));
    assert_eq!(cluster.master_of("key").cli(&["SET", "key", "value"]), "OK");
}
