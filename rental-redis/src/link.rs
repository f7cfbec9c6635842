//! The connection: made when needed, made anew when lost, and never waited for longer than the time limit.
//!
//! All calls of a process share one connection, on which answers come in the order of the questions. The library's own
//! repeating is not used: only this module knows which commands may be sent twice.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::sentinel::SentinelClient;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisError, Value};
use rental_core::StoreError;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::fault::{Verdict, judge};
use crate::script::Call;

/// Where the server is found.
pub(crate) enum Source {
    /// One server.
    Server(Box<Client>),
    /// The master that sentinels name.
    Sentinel(Box<Mutex<SentinelClient>>),
    /// The node of a cluster that has the shop's slot.
    Cluster(Box<ClusterClient>),
}

/// An open connection.
#[derive(Clone)]
enum Wire {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection, SingleNodeRoutingInfo),
}

impl Wire {
    /// Sends `cmd`, and `then` right behind it.
    async fn send(&mut self, cmd: &Cmd, then: &[Cmd]) -> Result<Value, RedisError> {
        if then.is_empty() {
            let answer = match self {
                Self::Server(connection) => connection.req_packed_command(cmd).await?,
                Self::Cluster(connection, node) => {
                    connection.route_command(cmd.clone(), RoutingInfo::SingleNode(node.clone())).await?
                }
            };
            return answer.extract_error();
        }
        let count = 1 + then.len();
        let mut all = Pipeline::with_capacity(count);
        all.add_command(cmd.clone());
        for next in then {
            all.add_command(next.clone());
        }
        let answers = match self {
            Self::Server(connection) => connection.req_packed_commands(&all, 0, count).await?,
            Self::Cluster(connection, node) => connection.route_pipeline(all, 0, count, node.clone()).await?,
        };
        let answers: Result<_, _> = answers.into_iter().map(Value::extract_error).collect();
        answers.map(Value::Array)
    }
}

/// What one process has done with its connection so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) resent: AtomicU64,
    pub(crate) connected: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) locked: AtomicU64,
    pub(crate) contended: AtomicU64,
}

/// Adds one, also to the metric of this name.
pub(crate) fn count(counter: &AtomicU64, metric: &'static str) {
    counter.fetch_add(1, Ordering::Relaxed);
    metrics::counter!(metric).increment(1);
}

/// The connection of one process.
pub(crate) struct Link {
    source: Source,
    /// The way to the node that has the shop, on a cluster.
    node: Option<SingleNodeRoutingInfo>,
    limit: Duration,
    open: Mutex<Open>,
    pub(crate) counters: Counters,
}

#[derive(Default)]
struct Open {
    wire: Option<Wire>,
    /// Which connection this is; a call that failed on an earlier one does not close this one.
    generation: u64,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("counters", &self.counters).finish_non_exhaustive()
    }
}

/// How long to wait before the next try.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(5))
    .with_max_delay(Duration::from_millis(250))
    .without_max_times()
    .with_jitter();

/// How far one try came.
struct Try {
    /// Whether a command was sent whose answer never came.
    in_doubt: Option<String>,
    /// Why the last try failed without having run.
    not_run: Option<StoreError>,
}

impl Try {
    /// The error once the time is over.
    fn over(self, limit: Duration) -> StoreError {
        match (self.in_doubt, self.not_run) {
            (Some(why), _) => StoreError::Unavailable(why),
            (None, Some(error)) => error,
            (None, None) => StoreError::Unavailable(no_answer(limit)),
        }
    }
}

fn no_answer(limit: Duration) -> String {
    format!("Redis gave no answer within {} s", limit.as_secs_f32())
}

impl Link {
    /// A link to `source`; `key` is any key of the shop. Nothing is connected yet. Every call has `limit` in all.
    pub(crate) fn new(source: Source, key: &str, limit: Duration) -> Self {
        let node = match source {
            Source::Cluster(_) => Some(node_of(key)),
            _ => None,
        };
        Self { source, node, limit, open: Mutex::default(), counters: Counters::default() }
    }

    /// Sends `call` and waits for the answer; sends it again where that does no harm.
    pub(crate) async fn ask(&self, call: Call) -> Result<Value, StoreError> {
        self.ask_or(call, None).await
    }

    /// Sends `call`; once an answer was lost, `again` is sent instead.
    pub(crate) async fn ask_or(&self, call: Call, again: Option<Call>) -> Result<Value, StoreError> {
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let deadline = Instant::now() + self.limit;
        let mut tried = Try { in_doubt: None, not_run: None };
        let mut pauses = PAUSES.build();
        loop {
            let call = again.as_ref().filter(|_| tried.in_doubt.is_some()).unwrap_or(&call);
            match self.attempt(call, deadline, &mut tried).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                // The command before may have been run, so this is not the last word.
                Err(error) => return Err(tried.in_doubt.map_or(error, StoreError::Unavailable)),
            }
            if tried.in_doubt.is_some() {
                if !call.repeatable {
                    return Err(tried.over(self.limit));
                }
                count(&self.counters.resent, "rental_redis_resent_total");
            }
            let wake = Instant::now() + pauses.next().unwrap_or_default();
            if wake >= deadline {
                return Err(tried.over(self.limit));
            }
            tokio::time::sleep_until(wake).await;
        }
    }

    /// One try: the answer, `None` when it is worth another one, or an error that is final.
    async fn attempt(
        &self,
        call: &Call,
        deadline: Instant,
        tried: &mut Try,
    ) -> Result<Option<Value>, StoreError> {
        let (mut wire, generation) = match timeout_at(deadline, self.wire()).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                tried.not_run = match judge(&error) {
                    Verdict::Refused(refused @ StoreError::Incompatible(_)) => return Err(refused),
                    Verdict::NotNow(why) => Some(StoreError::Unreachable(why.to_owned())),
                    _ => Some(StoreError::Unreachable(unreachable_because(&error))),
                };
                return Ok(None);
            }
            Err(_) => {
                let why = "no connection to Redis in time".to_owned();
                tried.not_run.get_or_insert(StoreError::Unreachable(why));
                return Ok(None);
            }
        };
        // Half the time for one answer leaves the other half for a second connection when this one is half open.
        let patience =
            if call.repeatable { (Instant::now() + self.limit / 2).min(deadline) } else { deadline };
        let mut answer = timeout_at(patience, wire.send(&call.cmd, &call.then)).await;
        if let Ok(Err(error)) = &answer
            && judge(error) == Verdict::UnknownScript
        {
            answer = timeout_at(patience, wire.send(&call.spelled_out(), &call.then)).await;
        }
        let error = match answer {
            Ok(Ok(value)) => return Ok(Some(value)),
            Ok(Err(error)) => error,
            Err(_) => {
                self.close(generation).await;
                tried.in_doubt = Some(no_answer(self.limit));
                return Ok(None);
            }
        };
        match judge(&error) {
            Verdict::Refused(refused) => return Err(refused),
            Verdict::NotNow(why) => tried.not_run = Some(StoreError::Unreachable(why.to_owned())),
            Verdict::UnknownScript => {
                tried.not_run = Some(StoreError::Unreachable("Redis forgot a script".to_owned()));
            }
            Verdict::NotMaster => {
                self.close(generation).await;
                let why = "this Redis is a read-only replica".to_owned();
                tried.not_run = Some(StoreError::Unwritable(why));
            }
            Verdict::Lost(why) => {
                self.close(generation).await;
                tried.in_doubt = Some(format!("the connection to Redis was lost: {why}"));
            }
        }
        Ok(None)
    }

    async fn wire(&self) -> Result<(Wire, u64), RedisError> {
        let mut open = self.open.lock().await;
        if let Some(wire) = &open.wire {
            return Ok((wire.clone(), open.generation));
        }
        let wire = self.connect().await?;
        count(&self.counters.connected, "rental_redis_connections_total");
        open.generation += 1;
        open.wire = Some(wire.clone());
        Ok((wire, open.generation))
    }

    async fn connect(&self) -> Result<Wire, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limit / 2))
            .set_response_timeout(None);
        Ok(match &self.source {
            Source::Server(client) => {
                Wire::Server(client.get_multiplexed_async_connection_with_config(&config).await?)
            }
            Source::Sentinel(client) => {
                Wire::Server(client.lock().await.get_async_connection_with_config(&config).await?)
            }
            Source::Cluster(client) => {
                let node = self.node.clone().expect("a cluster's link knows the way to its node");
                Wire::Cluster(client.get_async_connection().await?, node)
            }
        })
    }

    /// How long one call may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Makes the next call connect anew.
    pub(crate) async fn reopen(&self) {
        self.open.lock().await.wire = None;
    }

    /// Closes connection `generation` if it is still the present one.
    async fn close(&self, generation: u64) {
        let mut open = self.open.lock().await;
        if open.generation == generation {
            open.wire = None;
        }
    }
}

/// The way to the master of the slot that `key` is in: the checksum of its hash tag, as the cluster specification says.
fn node_of(key: &str) -> SingleNodeRoutingInfo {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or(key, |(tag, _)| tag);
    let slot = crc16::State::<crc16::XMODEM>::calculate(tag.as_bytes()) % 16_384;
    SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master))
}

fn unreachable_because(error: &RedisError) -> String {
    match error.kind() {
        redis::ErrorKind::MasterNameNotFoundBySentinel => "no sentinel names a master".to_owned(),
        _ => error.to_string(),
    }
}
