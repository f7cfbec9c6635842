//! Sentinels: they find each other, and promote a replica when the master dies.

use redis_servers::{FIRST_SECOND, Sentinels, Server};

#[test]
fn a_replica_is_promoted_when_the_master_dies() {
    let group = Sentinels::start(3, 1, &Server::builder());
    assert_eq!(group.addresses().len(), 3);
    assert_eq!(group.addresses()[0], format!("127.0.0.1:{}", group.sentinels()[0].port()));
    let master = group.master();
    assert_eq!(group.servers().len(), 2);
    assert_eq!(master.cli(&["SET", "key", "value"]), "OK");
    let dead = group.kill_master();
    assert_eq!(dead.port(), master.port());
    let promoted = group.master();
    assert_ne!(promoted.port(), dead.port());
    assert_eq!(promoted.cli(&["GET", "key"]), "value");
    dead.start_again();
    assert_eq!(group.master().port(), promoted.port());
}

#[test]
fn a_paused_master_is_replaced_too() {
    let group =
        Sentinels::start(1, 2, &Server::builder().password("secret").config("min-replicas-to-write", "1"));
    let master = group.master();
    assert_eq!(master.cli(&["CONFIG", "GET", "min-replicas-to-write"]), "min-replicas-to-write\n1");
    master.pause();
    assert_ne!(group.master().port(), master.port());
}

#[test]
fn the_servers_clock_may_stand() {
    let group = Sentinels::start(3, 1, &Server::builder().standing_clock());
    group.set_clock(FIRST_SECOND + 1_000_000_000);
    for server in group.servers() {
        assert_eq!(server.cli(&["TIME"]), format!("{}\n500000", FIRST_SECOND + 1_000_000_000));
    }
    assert_ne!(group.sentinels()[0].cli(&["INFO", "server"]), "");
    let dead = group.kill_master();
    assert_ne!(group.master().port(), dead.port());
}

#[test]
fn the_group_may_speak_tls() {
    let group = Sentinels::start(1, 1, &Server::builder().tls());
    assert!(group.master().url().starts_with("rediss://"));
}
