//! Every way to a server that the configuration knows, and what is said when there is no way.

use std::time::Duration;

use redis_servers::{Builder, Cluster, Fsync, Sentinels, Server};
use rental_core::{Changes, Commit, CommitId, Load, NumberRecord, Store, StoreError, Timestamp, Ulid};
use rental_redis::{RedisConfig, RedisConfigError, RedisOpenError, RedisStore};

/// What an ACL user of the shop `shop` is allowed; the operator's guide shows it. Besides, `+select` where the URI names a
/// database, and in a cluster `~{shop}:* +ping +cluster|slots`. Without `+info` the server's version and settings are not
/// checked, and Sentinel's master is not accepted; `+wait` is for `wait_replicas`.
const RULES: &str = "~shop:* resetchannels -@all +eval +evalsha +time +info +wait +exists +expireat +expiretime +scan \
    +del +unlink +get +getrange +incr +mget +mset +set +hget +hgetall +hincrby +hmget +hset +hsetnx +lrange +rpush \
    +zadd +zcard +zcount +zrangebylex +zrangebyscore +zrem +zrevrangebyscore +zscore \
    +xack +xadd +xclaim +xdel +xgroup|create +xgroup|destroy +xinfo|groups +xinfo|stream +xpending +xrange +xreadgroup \
    +xrevrange +xsetid";

/// Stores a number and reads it back.
async fn use_it(config: &RedisConfig) {
    let store = RedisStore::open(config).await.expect("the store opens");
    let number = "+88801234567".parse().expect("a number");
    let read = Load { number: Some(number), ..Load::default() };
    let mut record = NumberRecord::new(number, vec!["30d=10".parse().expect("a plan")], Timestamp::EPOCH);
    record.version = 1;
    let mut changes = Changes::none(CommitId(Ulid::from_parts(1, 1)), read.clone());
    changes.number = Some(record.clone());
    assert_eq!(store.commit(&changes).await, Ok(Commit::Committed));
    assert_eq!(store.load(&read).await.expect("the store loads").number, Some(record));
}

async fn refusal(config: &RedisConfig) -> RedisOpenError {
    RedisStore::open(config).await.expect_err("this does not open")
}

fn shop(uri: String) -> RedisConfig {
    RedisConfig { time_limit: Duration::from_secs(2), ..RedisConfig::new(uri).in_namespace("shop") }
}

#[tokio::test]
async fn over_tls_with_its_own_authority() {
    let server = Server::builder().tls().start();
    let known = RedisConfig { ca_file: Some(server.certificate_authority()), ..shop(server.url()) };
    use_it(&known).await;
    let unknown = refusal(&shop(server.url())).await.to_string();
    assert!(unknown.contains("certificate") || unknown.contains("UnknownIssuer"), "{unknown}");
    let missing = RedisConfig { ca_file: Some("/nowhere.pem".into()), ..shop(server.url()) };
    assert!(matches!(refusal(&missing).await, RedisOpenError::Config(RedisConfigError::CaFile { .. })));
}

#[tokio::test]
async fn with_a_password_or_as_a_user_with_few_rights() {
    let builder = Server::builder().password("p@ss word").acl_user("shop", "s3cret", RULES);
    let server = builder.append_only(Fsync::Everysec).start();
    use_it(&RedisConfig::new(server.url())).await;
    use_it(&shop(server.url_as("shop"))).await;
    let outside = refusal(&RedisConfig::new(server.url_as("shop"))).await.to_string();
    assert!(outside.contains("ACL user"), "{outside}");

    let port = server.port();
    for uri in [format!("redis://:wrong-secret@127.0.0.1:{port}"), format!("redis://127.0.0.1:{port}")] {
        let error = refusal(&shop(uri)).await;
        assert!(matches!(error, RedisOpenError::Store(StoreError::Incompatible(_))), "{error}");
        assert!(
            error.to_string().contains("password") && !error.to_string().contains("wrong-secret"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn such_a_user_can_touch_nothing_else() {
    let server = Server::builder().acl_user("shop", "s3cret", RULES).start();
    for command in [&["GET", "other:shop"][..], &["FLUSHALL"], &["KEYS", "*"], &["CONFIG", "GET", "*"]] {
        let answer = server.cli(&[&["ACL", "DRYRUN", "shop"], command].concat());
        assert!(answer.contains("no permissions"), "{command:?}: {answer}");
    }
}

#[tokio::test]
async fn such_a_user_gets_in_by_every_way() {
    let numbered = Server::builder().acl_user("shop", "s3cret", &format!("{RULES} +select")).start();
    use_it(&shop(format!("{}/2", numbered.url_as("shop")))).await;

    let servers = Server::builder().acl_user("shop", "s3cret", RULES);
    let group = Sentinels::start(1, 1, &servers);
    let hosts = group.addresses().join(",");
    let uri = format!("redis-sentinel://shop:s3cret@{hosts}/{}", Sentinels::MASTER);
    use_it(&RedisConfig { wait_replicas: 1, ..shop(uri) }).await;

    let rules = format!("{RULES} ~{{shop}}:* +ping +cluster|slots");
    let cluster = Cluster::start_with(1, 0, &Server::builder().acl_user("shop", "s3cret", &rules));
    let hosts = cluster.urls().join(",").replace("redis://", "");
    use_it(&shop(format!("redis-cluster://shop:s3cret@{hosts}"))).await;
}

#[tokio::test]
async fn in_a_database_of_its_own_and_under_a_namespace() {
    let server = Server::builder().start();
    use_it(&RedisConfig::new(format!("{}/3", server.url().trim_end_matches('/')))).await;
    assert_eq!(server.cli(&["DBSIZE"]), "0");
    let stored = server.cli(&["-n", "3", "HGET", "rental:+88801234567", "doc"]);
    assert!(stored.starts_with("1 available - - {"), "{stored}");
    use_it(&shop(server.url())).await;
    assert!(server.cli(&["KEYS", "*"]).lines().all(|key| key.starts_with("shop:")));
}

#[tokio::test]
async fn through_a_unix_socket() {
    let server = Server::builder().unix_socket(true).start();
    assert!(server.url().starts_with("unix://"));
    use_it(&shop(server.url())).await;
}

#[tokio::test]
async fn through_sentinels() {
    let group = Sentinels::start(3, 1, &Builder::default());
    let hosts = group.addresses().join(",");
    use_it(&shop(format!("redis-sentinel://{hosts}/{}", Sentinels::MASTER))).await;
    let error = refusal(&shop(format!("redis-sentinel://{hosts}/nobody"))).await;
    assert!(error.to_string().contains("no sentinel names a master"), "{error}");
}

#[tokio::test]
async fn in_one_slot_of_a_cluster() {
    let cluster = Cluster::start(3, 0, false);
    let hosts = cluster.urls().join(",").replace("redis://", "");
    for namespace in ["shop", "other"] {
        let config = RedisConfig::new(format!("redis-cluster://{hosts}")).in_namespace(namespace);
        use_it(&config).await;
        let tag = format!("{{{namespace}}}:");
        let keys = cluster.master_of(&tag).cli(&["KEYS", &format!("{tag}*")]);
        assert!(keys.lines().any(|key| key == format!("{tag}rental:+88801234567")), "{keys}");
    }
    let error = refusal(&RedisConfig::new(format!("redis-cluster://{hosts}"))).await;
    assert_eq!(error, RedisConfigError::NoNamespace.into());
}

#[tokio::test]
async fn a_server_that_cannot_keep_a_shop_is_refused() {
    let server = Server::builder().config("maxmemory-policy", "allkeys-lru").start();
    assert!(refusal(&shop(server.url())).await.to_string().contains("set noeviction"));
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    server.cli(&["HSET", "shop:shop", "layout", "99"]);
    assert!(refusal(&shop(server.url())).await.to_string().contains("newer version"));
    server.cli(&["HSET", "shop:shop", "layout", "1"]);
    assert!(refusal(&shop(server.url())).await.to_string().contains("older version"));
}

#[tokio::test]
async fn where_nobody_listens_the_time_limit_holds() {
    let config =
        RedisConfig { time_limit: Duration::from_millis(300), ..shop("redis://127.0.0.1:1".to_owned()) };
    let refused = tokio::time::timeout(Duration::from_secs(2), refusal(&config)).await.expect("in time");
    assert!(matches!(refused, RedisOpenError::Store(StoreError::Unreachable(_))), "{refused}");
}
