//! Looking at the server: whether it can be used at all, and whether it is set up as a shop needs it.

use redis::{FromRedisValue, Value};
use rental_core::StoreError;

use crate::fault::corrupt;
use crate::script::Call;
use crate::store::RedisStore;

/// The oldest server that has all commands the scripts use.
const OLDEST: (u32, u32) = (7, 0);
/// The layout of keys and documents that this version writes.
pub(crate) const LAYOUT: u32 = 2;

/// Checks that the server and what it holds can be used.
pub(crate) async fn admit(store: &RedisStore) -> Result<(), StoreError> {
    let server = info(store, "server").await?;
    if let Some(version) = server.field("redis_version") {
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if found < OLDEST {
            return Err(StoreError::Incompatible(format!(
                "the server is Redis {version}; install 7.0 or newer, or Valkey"
            )));
        }
    }
    let memory = info(store, "memory").await?;
    if let Some(policy) = memory.field("maxmemory_policy").filter(|policy| policy.starts_with("allkeys")) {
        return Err(StoreError::Incompatible(format!(
            "the server may drop a shop's keys when memory is short (maxmemory-policy {policy}); set noeviction"
        )));
    }
    let filling = store.link().ask(Call::command("EXISTS").arg(store.keys().filling())).await?;
    if filling != Value::Int(0) {
        return Err(StoreError::unfinished());
    }
    let layout = store.link().ask(Call::command("HGET").arg(store.keys().shop()).arg("layout")).await?;
    let layout = Option::<u32>::from_redis_value(layout).map_err(|_| corrupt("the key shop"))?;
    let other = |age: &str| Err(StoreError::Incompatible(format!("the shop was written by {age}")));
    match layout {
        Some(layout) if layout > LAYOUT => other("a newer version; install that version"),
        Some(layout) if layout < LAYOUT => other("an older version; let that version copy it to a file"),
        _ => Ok(()),
    }
}

/// What an operator should change.
pub(crate) async fn advice(store: &RedisStore) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let persistence = info(store, "persistence").await?;
    if persistence.field("aof_enabled") == Some("0") {
        found.push(
            "the append-only file is off: a crash of the server loses changes; set appendonly yes".to_owned(),
        );
    }
    if persistence.field("rdb_last_bgsave_status").is_some_and(|status| status != "ok") {
        found.push("the server's last snapshot failed; look at its log".to_owned());
    }
    if persistence.field("aof_last_write_status").is_some_and(|status| status != "ok") {
        found.push("the server's last write to the append-only file failed; look at its log".to_owned());
    }
    if let Ok(answer) = store.link().ask(Call::command("CONFIG").arg("GET").arg("appendfsync")).await
        && let Ok(setting) = Vec::<String>::from_redis_value(answer)
        && let Some(fsync) = setting.get(1).filter(|fsync| *fsync != "always")
    {
        found.push(format!(
            "appendfsync is {fsync}: a crash of the server can lose the last changes; set always"
        ));
    }
    let replication = info(store, "replication").await?;
    if replication.field("role").is_some_and(|role| role != "master") {
        found.push("this server is a replica: nothing can be changed; connect to the master".to_owned());
    }
    let replicas = replication.field("connected_slaves").and_then(|count| count.parse::<u32>().ok());
    if let Some(replicas) = replicas.filter(|replicas| *replicas < store.replicas_wanted()) {
        let wanted = store.replicas_wanted();
        found.push(format!("{wanted} replicas are to confirm changes and {replicas} are connected"));
    }
    let memory = info(store, "memory").await?;
    let bytes = |name: &str| memory.field(name).and_then(|bytes| bytes.parse::<u64>().ok()).unwrap_or(0);
    if bytes("maxmemory") > 0 && bytes("used_memory") >= bytes("maxmemory") {
        found.push("the server has reached maxmemory: nothing can be changed; raise it".to_owned());
    }
    if let Some(policy) = memory.field("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        found.push(format!("maxmemory-policy is {policy}: locks and once-keys may vanish; set noeviction"));
    }
    Ok(found)
}

/// A section of the server's own report.
struct Info(String);

impl Info {
    fn field(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }
}

/// A section of the report; empty when the user may not see it.
async fn info(store: &RedisStore, section: &str) -> Result<Info, StoreError> {
    match store.link().ask(Call::command("INFO").arg(section)).await {
        Ok(answer) => {
            String::from_redis_value(answer).map(Info).map_err(|_| corrupt("an answer of the server"))
        }
        Err(StoreError::Incompatible(why)) if why.contains("ACL user") => Ok(Info(String::new())),
        Err(error) => Err(error),
    }
}
