//! The gateway over the live chain, read through one or more providers.
//!
//! One poll of an idle wallet is one request to each provider through which a chain can be read. The one that is
//! furthest leads: the chain is walked back from its newest transaction, and any provider can hand over the pages,
//! because each row is demanded by its hash. A provider that fails, lags or contradicts the chain costs a warning, not
//! the read.
//!
//! The hash of a newest transaction stands for the whole chain before it. So a second provider confirms everything
//! that was read by merely having its own newest transaction somewhere in it; only where its newest one is on no
//! known chain are the transactions looked up one by one.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use rental_core::{
    ChainCursor, ChainHead, ChainRead, ChainTransaction, Clock, Currency, GatewayError, Network,
    PaymentGateway, PaymentLinks, PaymentRequest, Seconds, Sighting, SourceStatus, Timestamp, Wallet,
};

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::classify::recognise;
use crate::provider::{CallError, Provider, Shown};
use crate::walk::{Link, Walk};
use crate::{Providers, TonAddress, Watched, payment_links};

/// How long a transaction that another provider has not shown yet is held back. Providers are seconds apart; so nearly
/// every payment is confirmed when it is first reported.
const HELD_BACK: Seconds = Seconds(10);
/// How far a provider's clock may be ahead of this host's before that is reported.
const AHEAD: Seconds = Seconds(30);
/// How long the other providers may take to say how far the chain is, once one has.
const STRAGGLERS: Duration = Duration::from_secs(2);
/// How many transactions the gateway remembers as connected with the last position.
const REMEMBERED: usize = 20_000;
/// How many transactions are looked up one by one with one call; the others are answered as not seen yet.
const LOOKED_UP: usize = 32;

/// Reads one account's chain through [`Providers`]: the deposit wallet's, or that of its USDT wallet.
pub struct TonGateway {
    wallet: Wallet,
    watched: Watched,
    providers: Arc<Providers>,
    clock: Arc<dyn Clock>,
    owners: Vec<TonAddress>,
    memory: Mutex<Memory>,
}

/// What the last read has shown.
#[derive(Debug, Default)]
struct Memory {
    /// Transactions that are connected by their hashes, oldest first; the last one is the newest that was read.
    chain: VecDeque<Link>,
    /// The newest transaction of each provider, in the order of the providers.
    heads: Vec<Option<ChainCursor>>,
    /// The newest position that two providers had.
    sure: Option<ChainCursor>,
}

impl Memory {
    /// Goes on from `after` with `read`, which the walk has connected with it.
    fn connect(&mut self, after: &ChainCursor, read: &[ChainTransaction]) {
        let connected = self.chain.back().is_some_and(|last| Some(last.hash) == after.hash);
        if !connected {
            self.chain = after.hash.map(|hash| Link { lt: after.lt, hash }).into_iter().collect();
        }
        self.chain.extend(read.iter().map(|transaction| Link { lt: transaction.lt, hash: transaction.tx }));
        let surplus = self.chain.len().saturating_sub(REMEMBERED);
        self.chain.drain(..surplus);
    }

    fn holds(&self, place: &ChainCursor) -> bool {
        let found = self.chain.binary_search_by_key(&place.lt, |link| link.lt);
        found.is_ok_and(|index| Some(self.chain[index].hash) == place.hash)
    }

    /// Whether two providers' newest transactions say that they have `position`, or two have said so before.
    fn is_sure(&self, position: &ChainCursor) -> bool {
        let has = |head: &&ChainCursor| self.shown(head, position) == Some(Shown::Has);
        self.sure == Some(*position) || self.heads.iter().flatten().filter(has).count() >= 2
    }

    /// What a provider whose newest transaction is `head` thereby says of `place`; nothing when that takes a look.
    fn shown(&self, head: &ChainCursor, place: &ChainCursor) -> Option<Shown> {
        if !self.holds(place) {
            return None;
        }
        if self.holds(head) {
            return Some(if place.lt <= head.lt { Shown::Has } else { Shown::NotYet });
        }
        (head.lt < place.lt).then_some(Shown::NotYet)
    }
}

impl TonGateway {
    /// A gateway to the chain of `watched` on `network`. Sends nothing yet.
    pub fn new(network: Network, watched: Watched, providers: Arc<Providers>, clock: Arc<dyn Clock>) -> Self {
        let wallet = Wallet { network, address: watched.owner().friendly(network) };
        Self { wallet, watched, providers, clock, owners: Vec::new(), memory: Mutex::default() }
    }

    /// Knows these wallets as the operator's own.
    #[must_use]
    pub fn owned_by(self, owners: Vec<TonAddress>) -> Self {
        Self { owners, ..self }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest transaction at each reader that answers, the furthest first; or why none does. Once one has answered,
    /// the others have little time left: one that hangs does not stop the reading.
    async fn heads(&self) -> Result<Vec<(usize, ChainHead)>, GatewayError> {
        let mut asked = JoinSet::new();
        for index in (0..self.providers.all().len()).filter(|index| self.providers.all()[*index].reads()) {
            let (providers, address) = (Arc::clone(&self.providers), *self.watched.account());
            asked.spawn(async move { (index, providers.all()[index].head(&address).await) });
        }
        let (mut heads, mut first_error, mut until) = (Vec::new(), None, None::<Instant>);
        let mut known = vec![None; self.providers.all().len()];
        loop {
            let answer = match until {
                None => asked.join_next().await,
                Some(until) => timeout_at(until, asked.join_next()).await.unwrap_or_default(),
            };
            // Whoever is late finds out alone whether it works.
            let Some(answer) = answer else { break asked.detach_all() };
            match answer {
                Ok((index, Ok(head))) => {
                    let head = self.not_in_the_future(self.providers.all()[index].name(), head);
                    known[index] = Some(head.cursor);
                    heads.push((index, head));
                    until = until.or_else(|| Some(Instant::now() + STRAGGLERS));
                }
                Ok((index, Err(error))) => {
                    let (provider, error) = (self.providers.all()[index].name(), GatewayError::from(error));
                    tracing::warn!(provider, %error, "a provider does not say how far the chain is");
                    first_error.get_or_insert(error);
                }
                Err(panic) => {
                    first_error.get_or_insert(GatewayError::Unavailable(panic.to_string()));
                }
            }
        }
        self.memory().heads = known;
        heads.sort_by_key(|(index, head)| (Reverse((head.cursor.lt, head.read_to)), *index));
        match first_error {
            Some(error) if heads.is_empty() => Err(error),
            _ => Ok(heads),
        }
    }

    /// `head` with a time that is not later than this host's: reservations end by it, and a provider's clock that is ahead
    /// must not end them.
    fn not_in_the_future(&self, provider: &str, head: ChainHead) -> ChainHead {
        let now = self.clock.now();
        if head.read_to > now + AHEAD {
            let ahead = head.read_to.since(now).0;
            tracing::error!(
                provider,
                ahead,
                "a provider has seen the chain of a time to come; this host's counts"
            );
        }
        let lag = u32::try_from(now.since(head.read_to).0).unwrap_or(u32::MAX);
        metrics::gauge!("rental_provider_lag_seconds", "provider" => provider.to_owned()).set(lag);
        ChainHead { read_to: head.read_to.min(now), ..head }
    }

    /// Lets no time pass while the place up to which is read is one that only one of several providers has: it may be made
    /// up, and what the others show meanwhile is not read.
    async fn stand_by(&self, after: &ChainCursor, read: ChainRead) -> ChainRead {
        let position = read.transactions.last().map_or(*after, ChainTransaction::cursor);
        if self.providers.all().len() < 2 || position.hash.is_none() {
            return read;
        }
        let sure = self.memory().is_sure(&position) || {
            let seen = self.sightings(&[position]).await;
            seen.is_ok_and(|seen| seen.iter().any(|seen| seen.confirmed >= 2))
        };
        metrics::gauge!("rental_chain_position_unconfirmed", "currency" => self.currency().name())
            .set(f64::from(u8::from(!sure)));
        if sure {
            self.memory().sure = Some(position);
            return read;
        }
        tracing::warn!(lt = position.lt, "no second provider has the newest transaction that was read");
        ChainRead { read_to: Timestamp::EPOCH, ..read }
    }

    /// Walks from `head`, the newest transaction at the provider `leader`, back to `after`.
    async fn walk(
        &self,
        leader: usize,
        head: &ChainHead,
        after: &ChainCursor,
    ) -> Result<Vec<ChainTransaction>, GatewayError> {
        let mut walk = Walk::new(&self.watched, &head.cursor, after)?;
        while let Some(from) = walk.next() {
            self.step(leader, from, after, &mut walk).await?;
        }
        Ok(walk.finish())
    }

    /// Takes the page at `from`, from the leader or from whoever has it.
    async fn step(
        &self,
        leader: usize,
        from: Link,
        after: &ChainCursor,
        walk: &mut Walk<'_>,
    ) -> Result<(), GatewayError> {
        let first = std::iter::once(&self.providers.all()[leader]);
        let others = self.providers.all().iter().enumerate().filter(|(index, _)| *index != leader);
        let mut first_error = None;
        for provider in first.chain(others.map(|(_, provider)| provider)).filter(|provider| provider.reads())
        {
            let page = provider.page(self.watched.account(), from, after).await;
            match page.map_err(GatewayError::from).and_then(|page| walk.take(&page)) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::warn!(provider = provider.name(), %error, "a page of the chain cannot be used");
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error
            .unwrap_or_else(|| GatewayError::Unavailable("there is no provider to ask".to_owned())))
    }

    /// Leaves out what came just now and is not confirmed by a second provider yet, so that it is reported once and
    /// for good a moment later.
    async fn hold_back(&self, mut read: ChainRead) -> ChainRead {
        if self.providers.all().len() < 2 || !read.transactions.iter().any(|tx| tx.incoming().is_some()) {
            return read;
        }
        let places: Vec<_> = read.transactions.iter().map(ChainTransaction::cursor).collect();
        let Ok(sightings) = self.sightings(&places).await else { return read };
        let now = self.clock.now();
        let young = |tx: &ChainTransaction| now.since(tx.chain_time) < HELD_BACK;
        let wait =
            read.transactions.iter().zip(&sightings).position(|(tx, seen)| seen.confirmed < 2 && young(tx));
        if let Some(first) = wait {
            let before = read.transactions[first].chain_time.minus(Seconds(1));
            read.read_to = read.read_to.min(before);
            read.transactions.truncate(first);
        }
        read
    }

    /// What `provider` says of `places`; nothing is said where it cannot be asked.
    async fn ask(&self, index: usize, provider: &Provider, places: &[ChainCursor]) -> Vec<Shown> {
        let mut shown = vec![Shown::NotYet; places.len()];
        let known = self.memory().heads.get(index).copied().flatten();
        let quick = |head: &ChainCursor| -> Vec<Option<Shown>> {
            let memory = self.memory();
            places.iter().map(|place| memory.shown(head, place)).collect()
        };
        let mut head = known;
        let mut answers = known.as_ref().map(quick).unwrap_or_default();
        // Who has not said so, or had not come far enough, is asked once more.
        if answers.is_empty() || answers.iter().any(|answer| *answer != Some(Shown::Has)) {
            match provider.head(self.watched.account()).await {
                Ok(newest) => {
                    answers = quick(&newest.cursor);
                    head = Some(newest.cursor);
                    if let Some(known) = self.memory().heads.get_mut(index) {
                        *known = head;
                    }
                }
                Err(error) if answers.is_empty() => {
                    let error = GatewayError::from(error);
                    tracing::warn!(provider = provider.name(), %error, "a payment cannot be confirmed");
                    return shown;
                }
                Err(_) => {}
            }
        }
        let Some(head) = head else { return shown };
        for (shown, answer) in shown.iter_mut().zip(&answers) {
            *shown = answer.unwrap_or(Shown::NotYet);
        }
        let open = (0..places.len()).filter(|index| answers.get(*index).is_none_or(Option::is_none));
        if let Err(error) = self.look_up(provider, &head, places, open.take(LOOKED_UP), &mut shown).await {
            let error = GatewayError::from(error);
            tracing::warn!(provider = provider.name(), %error, "a payment cannot be confirmed");
        }
        shown
    }

    /// Looks for the `open` ones of `places` in the provider's chain, of which `head` is the newest: first among its
    /// newest transactions, and those that are older one by one.
    async fn look_up(
        &self,
        provider: &Provider,
        head: &ChainCursor,
        places: &[ChainCursor],
        open: impl Iterator<Item = usize>,
        shown: &mut [Shown],
    ) -> Result<(), CallError> {
        let account = self.watched.account();
        let open: Vec<_> = open.filter(|index| places[*index].lt <= head.lt).collect();
        let Some(lowest) = open.iter().map(|index| places[*index].lt).min() else { return Ok(()) };
        let chain = provider.newest_chain(account, head, lowest).await?;
        let led_to = chain.last().map_or(u64::MAX, |end| end.lt);
        for index in open {
            let place = places[index];
            shown[index] = match place.hash {
                _ if chain.contains(&place) => Shown::Has,
                _ if led_to <= place.lt => Shown::Lacks,
                Some(hash) => provider.shows(account, Link { lt: place.lt, hash }).await?,
                None => Shown::NotYet,
            };
        }
        Ok(())
    }
}

#[async_trait]
impl PaymentGateway for TonGateway {
    fn currency(&self) -> Currency {
        self.watched.currency()
    }

    fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    async fn head(&self) -> Result<ChainHead, GatewayError> {
        let heads = self.heads().await?;
        Ok(heads.first().map(|(_, head)| *head).expect("one of them has answered"))
    }

    async fn read(&self, after: &ChainCursor) -> Result<ChainRead, GatewayError> {
        let mut first_error = None;
        for (index, head) in self.heads().await? {
            match self.walk(index, &head, after).await {
                Ok(mut transactions) => {
                    recognise(&mut transactions, &self.owners);
                    self.memory().connect(after, &transactions);
                    let read = ChainRead { transactions, read_to: head.read_to };
                    let read = self.hold_back(read).await;
                    return Ok(self.stand_by(after, read).await);
                }
                Err(error) => {
                    let provider = self.providers.all()[index].name();
                    if matches!(error, GatewayError::Unverified(_)) {
                        metrics::counter!("rental_provider_refuted_total", "provider" => provider.to_owned())
                            .increment(1);
                        tracing::error!(provider, %error, "a provider's chain does not go on from what was read");
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error.expect("one of them has answered"))
    }

    async fn sightings(&self, places: &[ChainCursor]) -> Result<Vec<Sighting>, GatewayError> {
        let providers = self.providers.all();
        if providers.len() < 2 || places.is_empty() {
            return Ok(vec![Sighting::SOLE; places.len()]);
        }
        let asked = providers.iter().enumerate().map(|(index, provider)| self.ask(index, provider, places));
        let answers = join_all(asked).await;
        let count = |place: usize, what: Shown| {
            let count = answers.iter().filter(|answer| answer[place] == what).count();
            u8::try_from(count).unwrap_or(u8::MAX)
        };
        let sources = u8::try_from(providers.len()).unwrap_or(u8::MAX);
        let sighting = |place| Sighting {
            sources,
            confirmed: count(place, Shown::Has),
            denied: count(place, Shown::Lacks),
        };
        Ok((0..places.len()).map(sighting).collect())
    }

    fn sources(&self) -> Vec<SourceStatus> {
        self.providers.all().iter().map(Provider::status).collect()
    }

    fn links(&self, request: &PaymentRequest) -> PaymentLinks {
        payment_links(self.wallet.network, request)
    }
}

impl fmt::Debug for TonGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TonGateway")
            .field("wallet", &self.wallet)
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}
