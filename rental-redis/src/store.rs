//! The handle that programs hold.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use redis::{FromRedisValue, Value};
use rental_core::{
    Account, Allowance, AuditEntry, Changes, Commit, CommitId, Disposition, Due, FeedEntry, HistoryEntry,
    Invoice, InvoiceQuery, LeaseName, LeaseToken, Leases, Load, NumberQuery, NumberRecord, OnceKey,
    OutboxItem, Owner, Page, PageRequest, Payment, PaymentQuery, PhoneNumber, Quota, RateLimiter, Seconds,
    State, Store, StoreError, Timestamp, Totals, Ulid,
};

use crate::config::{RedisConfig, RedisConfigError};
use crate::confirming::Confirming;
use crate::fault::corrupt;
use crate::keys::Keys;
use crate::link::{Link, count};
use crate::script::{ACQUIRE, Call, HIT, PACE, RELEASE, RENEW};
use crate::{commit, inspect, listings, load, outbox, totals};

/// How many seconds the shop's clock is ahead of the server's; a sandbox turns its clock forward.
pub type Ahead = Arc<dyn Fn() -> Seconds + Send + Sync>;

/// A shop on Redis. Clones are handles to the same connection.
///
/// ```no_run
/// use rental_core::{Load, Store};
/// use rental_redis::{RedisConfig, RedisStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = RedisConfig::new("redis://127.0.0.1:6379").in_namespace("shop");
/// let store = RedisStore::open(&config).await?;
/// println!("{:?}", store.load(&Load::default()).await?.shop);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore(Arc<Shared>);

struct Shared {
    link: Link,
    keys: Keys,
    confirming: Option<Confirming>,
    ahead: Option<Ahead>,
}

/// Why a store cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisOpenError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] RedisConfigError),
    /// The server, or what it holds.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one process has done with Redis so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Calls made.
    pub calls: u64,
    /// Commands sent again because an answer was lost.
    pub resent: u64,
    /// Connections made.
    pub connected: u64,
    /// Commits that somebody else beat.
    pub conflicts: u64,
    /// Commits refused because of a foreign lock.
    pub locked: u64,
    /// Leases that somebody else had.
    pub contended: u64,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("activity", &self.activity()).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Opens the shop that `config` names and looks whether the server and what it holds can be used.
    ///
    /// # Errors
    /// [`RedisOpenError`]; nothing was changed.
    pub async fn open(config: &RedisConfig) -> Result<Self, RedisOpenError> {
        Self::open_ahead(config, None).await
    }

    /// The same, on a clock that `ahead` turns forward.
    ///
    /// # Errors
    /// [`RedisOpenError`]; nothing was changed.
    pub async fn open_ahead(config: &RedisConfig, ahead: Option<Ahead>) -> Result<Self, RedisOpenError> {
        config.validate()?;
        let store = Self::unchecked(config, ahead)?;
        inspect::admit(&store).await?;
        Ok(store)
    }

    /// Opens the place that `config` names to fill it, also when a filling was begun there and not finished.
    ///
    /// # Errors
    /// [`RedisOpenError`]; nothing was changed.
    pub async fn open_to_fill(config: &RedisConfig) -> Result<Self, RedisOpenError> {
        match Self::open_ahead(config, None).await {
            Err(RedisOpenError::Store(error)) if error == StoreError::unfinished() => {
                Ok(Self::unchecked(config, None)?)
            }
            opened => opened,
        }
    }

    fn unchecked(config: &RedisConfig, ahead: Option<Ahead>) -> Result<Self, RedisConfigError> {
        let keys = Keys::new(config.namespace.as_deref(), config.is_clustered());
        let link = || Ok::<_, RedisConfigError>(Link::new(config.source()?, &keys.shop(), config.time_limit));
        let confirming = match config.wait_replicas {
            0 => None,
            replicas => Some(Confirming::new(link()?, replicas)),
        };
        Ok(Self(Arc::new(Shared { link: link()?, keys, confirming, ahead })))
    }

    /// What this process has done so far.
    pub fn activity(&self) -> Activity {
        let counters = &self.0.link.counters;
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Activity {
            calls: read(&counters.calls),
            resent: read(&counters.resent),
            connected: read(&counters.connected),
            conflicts: read(&counters.conflicts),
            locked: read(&counters.locked),
            contended: read(&counters.contended),
        }
    }

    /// What an operator should change in the server's settings; nothing when all is well.
    ///
    /// # Errors
    /// [`StoreError`] when the server does not answer.
    pub async fn advice(&self) -> Result<Vec<String>, StoreError> {
        inspect::advice(self).await
    }

    /// The command that [`Store::commit`] sends for `changes`, word by word; for measuring a server with other tools.
    ///
    /// # Errors
    /// [`StoreError`] when a document cannot be written.
    pub fn commit_command(&self, changes: &Changes) -> Result<Vec<Vec<u8>>, StoreError> {
        let call = commit::call(self.keys(), changes, self.ahead())?;
        let words = call.cmd.args_iter().filter_map(|word| match word {
            redis::Arg::Simple(word) => Some(word.to_vec()),
            _ => None,
        });
        Ok(words.collect())
    }

    /// How many replicas are to confirm changes.
    pub(crate) fn replicas_wanted(&self) -> u32 {
        self.0.confirming.as_ref().map_or(0, Confirming::replicas)
    }

    pub(crate) fn link(&self) -> &Link {
        &self.0.link
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Seconds by which the shop's clock is ahead of the server's.
    pub(crate) fn ahead(&self) -> u64 {
        self.0.ahead.as_ref().map_or(0, |ahead| ahead().0)
    }

    /// Drops the ids of commits that nobody sends again; answers of how many days.
    async fn forget_commits(&self) -> Result<u64, StoreError> {
        let now = self.load(&Load::default()).await?.now;
        let today = now.unix() / 86_400;
        let days = today.saturating_sub(60)..today.saturating_sub(2);
        let keys: Vec<_> = days.map(|day| self.keys().commits_of_day(day)).collect();
        if keys.is_empty() {
            return Ok(0);
        }
        let answer = self.link().ask(Call::command("UNLINK").arg(keys)).await?;
        u64::from_redis_value(answer).map_err(|_| corrupt("an answer of the server"))
    }

    async fn lease(&self, call: Call, again: Call) -> Result<Value, StoreError> {
        let answer = self.link().ask_or(call, Some(again)).await?;
        if matches!(answer, Value::Nil | Value::Int(0)) {
            count(&self.link().counters.contended, "rental_leases_contended_total");
        }
        Ok(answer)
    }

    async fn allowance(&self, call: Call) -> Result<Allowance, StoreError> {
        let answer = self.link().ask(call).await?;
        let (allowed, remaining, reset) =
            <(bool, u64, u64)>::from_redis_value(answer).map_err(|_| corrupt("an answer of the server"))?;
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        Ok(Allowance { allowed, remaining, reset_after: Seconds(reset) })
    }
}

/// A length of time that the server can add to its clock.
pub(crate) fn seconds(length: Seconds) -> u64 {
    length.0.clamp(1, Timestamp::MAX.unix() / 2)
}

#[async_trait]
impl Store for RedisStore {
    async fn load(&self, load: &Load) -> Result<State, StoreError> {
        let answer = self.link().ask(load::call(self.keys(), load, self.ahead())).await?;
        let state = load::read(answer, load)?;
        if state.once.is_some() && self.0.confirming.is_some() {
            // What was recorded may have been answered as unknown, for want of replicas: it is confirmed before it is
            // answered again. An empty commit waits for everything before it.
            let id = CommitId(Ulid::from_parts(
                state.now.unix() * 1000,
                self.0.link.counters.calls.load(Ordering::Relaxed).into(),
            ));
            self.commit(&Changes::none(id, Load::default())).await?;
        }
        Ok(state)
    }

    async fn commit(&self, changes: &Changes) -> Result<Commit, StoreError> {
        let answer = self.link().ask(commit::call(self.keys(), changes, self.ahead())?).await?;
        match commit::read(answer, changes)? {
            commit::Outcome::Conflict => {
                count(&self.link().counters.conflicts, "rental_store_conflicts_total");
                let current = Box::new(self.load(&changes.read).await?);
                Ok(Commit::Conflict { current })
            }
            commit::Outcome::Done(done) => {
                let applied = match &done {
                    Commit::Committed => true,
                    Commit::Duplicate(OnceKey::Commit(id)) => *id == changes.commit_id,
                    _ => false,
                };
                if applied && let Some(confirming) = &self.0.confirming {
                    confirming.wait(self.keys(), changes.commit_id).await?;
                }
                if matches!(done, Commit::Locked { .. }) {
                    count(&self.link().counters.locked, "rental_store_locked_total");
                }
                Ok(done)
            }
        }
    }

    async fn due(&self, after: Option<Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        listings::due(self, after, limit).await
    }

    async fn numbers(
        &self,
        query: &NumberQuery,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, StoreError> {
        listings::numbers(self, query, page).await
    }

    async fn invoices(&self, query: &InvoiceQuery, page: &PageRequest) -> Result<Page<Invoice>, StoreError> {
        listings::invoices(self, query, page).await
    }

    async fn payments(&self, query: &PaymentQuery, page: &PageRequest) -> Result<Page<Payment>, StoreError> {
        listings::payments(self, query, page).await
    }

    async fn accounts(&self, page: &PageRequest) -> Result<Page<Account>, StoreError> {
        listings::accounts(self, page).await
    }

    async fn history(
        &self,
        number: PhoneNumber,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        listings::history(self, number, page).await
    }

    async fn audit(&self, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        listings::audit(self, page).await
    }

    async fn feed(&self, owner: &Owner, after: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError> {
        outbox::feed(self, owner, after, limit).await
    }

    async fn claim(
        &self,
        group: &str,
        consumer: &str,
        limit: usize,
        hold: Seconds,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        outbox::claim(self, group, consumer, limit, hold).await
    }

    async fn dispose(
        &self,
        group: &str,
        consumer: &str,
        seq: u64,
        disposition: &Disposition,
    ) -> Result<bool, StoreError> {
        outbox::dispose(self, group, consumer, seq, disposition).await
    }

    async fn dead_letters(
        &self,
        group: &str,
        page: &PageRequest,
    ) -> Result<Page<(FeedEntry, String)>, StoreError> {
        outbox::dead_letters(self, group, page).await
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        totals::totals(self).await
    }

    /// Once-keys of requests, leases, rate windows and notes are forgotten by the server itself.
    async fn forget(&self, events_before: Timestamp) -> Result<u64, StoreError> {
        let days = self.forget_commits().await?;
        Ok(days + outbox::forget(self, events_before).await?)
    }
}

#[async_trait]
impl Leases for RedisStore {
    async fn acquire(
        &self,
        name: &LeaseName,
        token: &LeaseToken,
        ttl: Seconds,
    ) -> Result<Option<Timestamp>, StoreError> {
        let call = |again: &str| {
            Call::script(&ACQUIRE, &[self.keys().key(name)])
                .arg(self.ahead())
                .arg(token.as_str())
                .arg(seconds(ttl))
                .arg(again)
        };
        let answer = self.lease(call(""), call("1")).await?;
        let until =
            Option::<u64>::from_redis_value(answer).map_err(|_| corrupt("an answer of the server"))?;
        Ok(until.map(Timestamp::from_unix))
    }

    async fn renew(&self, name: &LeaseName, token: &LeaseToken, ttl: Seconds) -> Result<bool, StoreError> {
        let call = Call::script(&RENEW, &[self.keys().key(name)]).arg(token.as_str()).arg(seconds(ttl));
        Ok(self.link().ask(call).await? == Value::Int(1))
    }

    async fn release(&self, name: &LeaseName, token: &LeaseToken) -> Result<bool, StoreError> {
        let call =
            |again: &str| Call::script(&RELEASE, &[self.keys().key(name)]).arg(token.as_str()).arg(again);
        Ok(self.link().ask_or(call(""), Some(call("1"))).await? == Value::Int(1))
    }

    async fn held_until(&self, name: &LeaseName) -> Result<Option<Timestamp>, StoreError> {
        let answer = self.link().ask(Call::command("EXPIRETIME").arg(self.keys().key(name))).await?;
        Ok(match answer {
            Value::Int(-1) => Some(Timestamp::MAX),
            Value::Int(until) => {
                let until = u64::try_from(until).ok();
                until.map(|until| Timestamp::from_unix(until.saturating_add(self.ahead())))
            }
            _ => None,
        })
    }
}

#[async_trait]
impl RateLimiter for RedisStore {
    async fn hit(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        let key = self.keys().key(format_args!("rate:{subject}"));
        self.allowance(Call::script(&HIT, &[key]).arg(quota.limit.max(1)).arg(seconds(quota.window))).await
    }

    async fn pace(&self, subject: &str, quota: Quota) -> Result<Allowance, StoreError> {
        let key = self.keys().key(format_args!("pace:{subject}"));
        self.allowance(Call::script(&PACE, &[key]).arg(quota.limit.max(1)).arg(seconds(quota.window))).await
    }
}
