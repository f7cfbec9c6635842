//! Providers: the HTTP APIs through which the chain is read.
//!
//! A [`Provider`] is one of them, with a key, a budget of requests, time limits, retries and a circuit of its own.
//! [`Providers`] are all that a shop uses, the preferred one first. Neither believes what it reads: transactions are
//! verified by the walk (see [`crate`]).

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rental_core::{
    ChainCursor, ChainHead, GatewayError, Network, Seconds, SourceState, SourceStatus, Timestamp,
};
use reqwest::Url;
use tokio::time::Instant;

use self::circuit::Standing;
use self::client::Client;
pub(crate) use self::client::{CallError, Failure};
pub use self::key::ApiKey;
pub use self::stack::{MethodResult, StackValue};
use crate::TonAddress;
use crate::walk::{Link, Row, links_of};

mod budget;
mod circuit;
mod client;
mod key;
mod stack;
mod tonapi;
mod toncenter;
mod toncenter_v3;
mod wire;

/// How far `read_to` stays behind the block that the provider answered from.
///
/// The provider's time is that of a masterchain block. A shard block carries its own, and may be taken into the
/// masterchain a few blocks after it was made: its transactions then appear with a chain time before one that was
/// already reported as read. Inclusion takes about a second since April 2026; ten leave room for a slow minute,
/// and cost no more than reservations that end ten seconds later.
pub const INCLUSION_MARGIN: Seconds = Seconds(10);

/// How long a masterchain time is used for `read_to` where an account is answered without a time. It only delays the
/// end of reservations.
pub(crate) const CLOCK_KEPT: Duration = Duration::from_secs(15);

/// How many pages of its newest transactions a provider is asked for as evidence against one that it does not show.
const EVIDENCE_PAGES: u32 = 3;

/// Which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// toncenter v2: hands over bags of cells.
    Toncenter,
    /// toncenter v3, an index: can only confirm what others show.
    ToncenterV3,
    /// tonapi v2: hands over bags of cells.
    Tonapi,
}

impl ProviderKind {
    /// Whether it hands over bags of cells, so that a chain can be read through it.
    pub fn reads(self) -> bool {
        !matches!(self, Self::ToncenterV3)
    }

    fn public_url(self, network: Network) -> &'static str {
        match (self, network) {
            (Self::Toncenter, Network::Testnet) => "https://testnet.toncenter.com/api/v2",
            (Self::Toncenter, _) => "https://toncenter.com/api/v2",
            (Self::ToncenterV3, Network::Testnet) => "https://testnet.toncenter.com/api/v3",
            (Self::ToncenterV3, _) => "https://toncenter.com/api/v3",
            (Self::Tonapi, Network::Testnet) => "https://testnet.tonapi.io",
            (Self::Tonapi, _) => "https://tonapi.io",
        }
    }

    /// The header that carries the key, and what comes before the key.
    fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Self::Toncenter | Self::ToncenterV3 => ("X-API-Key", ""),
            Self::Tonapi => ("Authorization", "Bearer "),
        }
    }
}

/// The text names no provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no provider; there are toncenter, toncenter-v3 and tonapi")]
pub struct UnknownProvider(pub String);

impl FromStr for ProviderKind {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        match text {
            "toncenter" => Ok(Self::Toncenter),
            "toncenter-v3" => Ok(Self::ToncenterV3),
            "tonapi" => Ok(Self::Tonapi),
            other => Err(UnknownProvider(other.to_owned())),
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Toncenter => "toncenter",
            Self::ToncenterV3 => "toncenter-v3",
            Self::Tonapi => "tonapi",
        })
    }
}

/// How to reach a provider.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Which API.
    pub kind: ProviderKind,
    /// The network, [`Network::Mainnet`] or [`Network::Testnet`].
    pub network: Network,
    /// The API's base URL: for toncenter up to and without the method's name, for tonapi the host. `None`: the public
    /// server of the network.
    pub base_url: Option<String>,
    /// The API key.
    pub key: Option<ApiKey>,
    /// How long one request may take, from connecting to the last byte.
    pub timeout: Duration,
    /// How often a failed request is tried again before the call fails.
    pub retries: u32,
    /// The longest pause before the first retry. It doubles with each, up to ten seconds; the pause itself is drawn
    /// between nothing and that.
    pub backoff: Duration,
    /// The time in which one more request is allowed; zero for no limit.
    pub pace: Duration,
    /// How many requests may go at once after a quiet time.
    pub burst: u32,
    /// Transactions per page, 1 to 100 (one of the servers refuses more).
    pub page_size: u16,
    /// How long the masterchain's time is used where it costs a request of its own.
    pub clock_kept: Duration,
}

impl ProviderConfig {
    /// The usual settings: the public server or `base_url`, 10 s per request, two retries, and the pace that the public
    /// server allows.
    pub fn new(kind: ProviderKind, network: Network, base_url: Option<String>, key: Option<ApiKey>) -> Self {
        let pace = match (&base_url, &key) {
            (Some(_), _) => Duration::ZERO,
            (None, Some(_)) => Duration::from_millis(110),
            (None, None) => Duration::from_millis(1_100),
        };
        Self {
            kind,
            network,
            base_url,
            key,
            timeout: Duration::from_secs(10),
            retries: 2,
            backoff: Duration::from_millis(500),
            pace,
            burst: 1,
            page_size: 100,
            clock_kept: CLOCK_KEPT,
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// There are no providers in the sandbox.
    #[error("providers serve mainnet and testnet; for the sandbox set TON_PROVIDER=sandbox")]
    Network,
    /// The base URL is that of a public server of the other network.
    #[error("TON_API_URL is a server of the other network; correct it, or TON_NETWORK")]
    OtherNetwork,
    /// The base URL is not an http or https URL.
    #[error("TON_API_URL must be a URL such as https://toncenter.com/api/v2")]
    Url,
    /// The key holds characters that no header can carry.
    #[error("TON_API_TOKEN holds characters that a key cannot have; copy it again")]
    Key,
    /// The key's file cannot be read.
    #[error("the file in TON_API_TOKEN_FILE cannot be read: {0}")]
    KeyFile(String),
    /// Pages are of 1 to 100 transactions.
    #[error("a page has 1 to 100 transactions")]
    PageSize,
    /// No provider hands over bags of cells.
    #[error(
        "toncenter-v3 can only confirm what another provider shows; add toncenter or tonapi to TON_PROVIDER"
    )]
    NoReader,
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up: {0}; check the host's TLS certificates")]
    Client(String),
}

/// Whether `url` is that of one of the public servers of the other network, which is in their names.
fn is_of_another_network(url: &str, network: Network) -> bool {
    let others = match network {
        Network::Testnet => ["toncenter.com", "tonapi.io"],
        _ => ["testnet.toncenter.com", "testnet.tonapi.io"],
    };
    Url::parse(url.trim()).is_ok_and(|url| url.host_str().is_some_and(|host| others.contains(&host)))
}

/// What a provider says of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It is in its chain.
    Has,
    /// Its chain has gone past that place and holds another transaction there, or none.
    Lacks,
    /// Its chain has not come there yet, or it does not know.
    NotYet,
}

/// One HTTP API through which the chain is read.
///
/// Cheap to share behind an `Arc`; all requests of one value keep its budget.
pub struct Provider {
    kind: ProviderKind,
    network: Network,
    client: Client,
    page_size: u16,
    clock_kept: Duration,
    /// The masterchain's time, and when it was asked for.
    masterchain: Mutex<Option<(Instant, Timestamp)>>,
    /// Up to where it last said that it had seen the chain.
    read_to: Mutex<Option<Timestamp>>,
}

impl Provider {
    /// A provider with these settings. Sends nothing yet.
    ///
    /// # Errors
    /// [`ProviderError`], which names the setting to correct.
    pub fn new(config: ProviderConfig) -> Result<Self, ProviderError> {
        Self::named(config.kind.to_string(), config)
    }

    fn named(name: String, config: ProviderConfig) -> Result<Self, ProviderError> {
        let ProviderConfig { kind, network, page_size, clock_kept, .. } = config;
        if config.base_url.as_deref().is_some_and(|url| is_of_another_network(url, network)) {
            return Err(ProviderError::OtherNetwork);
        }
        if !(1..=100).contains(&page_size) {
            return Err(ProviderError::PageSize);
        }
        if network == Network::Sandbox {
            return Err(ProviderError::Network);
        }
        let client = Client::new(name, config)?;
        Ok(Self {
            kind,
            network,
            client,
            page_size,
            clock_kept,
            masterchain: Mutex::default(),
            read_to: Mutex::default(),
        })
    }

    /// Its name, such as `toncenter` or, for the second one of its kind, `toncenter-2`.
    pub fn name(&self) -> &str {
        self.client.name()
    }

    /// Whether a chain can be read through it.
    pub(crate) fn reads(&self) -> bool {
        self.kind.reads()
    }

    /// How it is doing.
    pub fn status(&self) -> SourceStatus {
        let (standing, last_error) = self.client.standing();
        let state = match standing {
            Standing::Open => SourceState::LeftAlone,
            Standing::HalfOpen => SourceState::Failing,
            Standing::Closed if last_error.is_some() => SourceState::Failing,
            Standing::Closed => SourceState::Ok,
        };
        let read_to = *self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
        SourceStatus { name: self.name().to_owned(), state, last_error, read_to }
    }

    /// The newest transaction of `account`. From an index, `read_to` is the epoch: it does not say.
    pub(crate) async fn head(&self, account: &TonAddress) -> Result<ChainHead, CallError> {
        let head = match self.kind {
            ProviderKind::Toncenter => toncenter::head(&self.client, account).await?,
            ProviderKind::ToncenterV3 => {
                let cursor = toncenter_v3::newest(&self.client, account).await?;
                return Ok(ChainHead { cursor, read_to: Timestamp::EPOCH });
            }
            ProviderKind::Tonapi => {
                // The time first: it must not be later than what the account's answer has seen.
                let read_to = self.masterchain_time().await?.minus(INCLUSION_MARGIN);
                ChainHead { cursor: tonapi::newest(&self.client, account).await?, read_to }
            }
        };
        *self.read_to.lock().unwrap_or_else(PoisonError::into_inner) = Some(head.read_to);
        Ok(head)
    }

    async fn masterchain_time(&self) -> Result<Timestamp, CallError> {
        let kept = *self.masterchain.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, time)) = kept.filter(|(asked, _)| asked.elapsed() < self.clock_kept) {
            return Ok(time);
        }
        let time = tonapi::clock(&self.client, self.network).await?;
        *self.masterchain.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), time));
        Ok(time)
    }

    /// Transactions of `account` from `from` backwards, as far as `after`. Answers that are too long are asked for in
    /// smaller pages: anybody can send a large message.
    pub(crate) async fn page(
        &self,
        account: &TonAddress,
        from: Link,
        after: &ChainCursor,
    ) -> Result<Vec<Row>, CallError> {
        let mut limit = self.page_size;
        loop {
            match self.page_of(account, from, after.lt, limit).await {
                Err(error) if error.kind == Failure::TooLong && limit > 1 => limit /= 2,
                answer => return answer,
            }
        }
    }

    async fn page_of(
        &self,
        account: &TonAddress,
        from: Link,
        after_lt: u64,
        limit: u16,
    ) -> Result<Vec<Row>, CallError> {
        match self.kind {
            ProviderKind::Toncenter => toncenter::page(&self.client, account, from, after_lt, limit).await,
            ProviderKind::Tonapi => tonapi::page(&self.client, account, from, after_lt, limit).await,
            ProviderKind::ToncenterV3 => {
                Err(CallError::new(Failure::Refused(404), "an index has no bags of cells"))
            }
        }
    }

    /// Whether the transaction at `place` is in its chain of `account`. That an answer does not hold it says nothing,
    /// unless it comes from an index: see [`Provider::newest_chain`].
    pub(crate) async fn shows(&self, account: &TonAddress, place: Link) -> Result<Shown, CallError> {
        if self.kind == ProviderKind::ToncenterV3 {
            return Ok(match toncenter_v3::from(&self.client, account, place.lt).await? {
                // The replica that answers now is not as far as the one that named the newest transaction.
                links if links.is_empty() => Shown::NotYet,
                links if links.contains(&place) => Shown::Has,
                _ => Shown::Lacks,
            });
        }
        let after_lt = place.lt.saturating_sub(1);
        match self.page_of(account, place, after_lt, self.page_size).await {
            Ok(rows) if links_of(&rows, account).contains_key(&place.hash) => Ok(Shown::Has),
            Ok(_) => Ok(Shown::NotYet),
            Err(error) if error.reason.contains("cannot locate transaction") => Ok(Shown::NotYet),
            Err(error) => Err(error),
        }
    }

    /// Its chain of `account` from `head`, the newest, back to the logical time `down_to` or past it, as far as a few pages go
    /// and hold together. It ends before anything that is left out or changed: so what is not in it although it leads
    /// that far is not in this provider's chain, and not merely missing from an answer. An index hands over
    /// nothing that could be followed; its own is empty.
    pub(crate) async fn newest_chain(
        &self,
        account: &TonAddress,
        head: &ChainCursor,
        down_to: u64,
    ) -> Result<Vec<ChainCursor>, CallError> {
        let (mut chain, mut next) = (Vec::new(), *head);
        for _ in 0..EVIDENCE_PAGES {
            let further = chain.is_empty() || next.lt > down_to;
            let (Some(hash), true) = (next.hash, further && self.reads()) else { break };
            let from = Link { lt: next.lt, hash };
            let page = self.page_of(account, from, down_to.saturating_sub(1), self.page_size).await?;
            let mut links = links_of(&page, account);
            let before = chain.len();
            while let Some((link, previous)) = next.hash.and_then(|hash| links.remove(&hash)) {
                if previous.lt >= link.lt {
                    return Ok(chain);
                }
                if chain.is_empty() {
                    chain.push(link.cursor());
                }
                chain.push(previous);
                next = previous;
            }
            if chain.len() == before {
                break;
            }
        }
        Ok(chain)
    }

    /// Runs `method` of the contract at `account` on its newest state.
    ///
    /// # Errors
    /// [`GatewayError`]. A method that does not exist is a result with another exit code than 0.
    pub async fn run_get_method(
        &self,
        account: &TonAddress,
        method: &str,
        arguments: &[StackValue],
    ) -> Result<MethodResult, GatewayError> {
        let result = match self.kind {
            ProviderKind::Toncenter => {
                toncenter::run_get_method(&self.client, account, method, arguments).await
            }
            ProviderKind::Tonapi => tonapi::run_get_method(&self.client, account, method, arguments).await,
            ProviderKind::ToncenterV3 => {
                Err(CallError::new(Failure::Refused(404), "toncenter-v3 is asked for no get methods"))
            }
        };
        Ok(result?)
    }
}

/// Reads `body` as an answer of this kind of provider to whatever can be asked; the rows of a page, if it is one.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_anything(kind: ProviderKind, status: reqwest::StatusCode, body: &[u8]) -> Vec<Row> {
    match kind {
        ProviderKind::Toncenter => toncenter::read_anything(status, body),
        ProviderKind::ToncenterV3 => toncenter_v3::read_anything(status, body),
        ProviderKind::Tonapi => tonapi::read_anything(status, body),
    }
}

/// Without the key, and without the URL, which may hold a password.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// All providers that a shop uses, the preferred one first.
#[derive(Debug)]
pub struct Providers(Vec<Provider>);

impl Providers {
    /// Providers with these settings.
    ///
    /// # Errors
    /// [`ProviderError`]; one of them has to hand over bags of cells.
    pub fn new(configs: Vec<ProviderConfig>) -> Result<Self, ProviderError> {
        let mut providers = Vec::<Provider>::new();
        let public_toncenter =
            |config: &ProviderConfig| config.kind != ProviderKind::Tonapi && config.base_url.is_none();
        let sharing =
            u32::try_from(configs.iter().filter(|config| public_toncenter(config)).count()).unwrap_or(1);
        for mut config in configs {
            // The public server counts the requests to both of its APIs together.
            if public_toncenter(&config) {
                config.pace *= sharing.max(1);
            }
            let same = providers.iter().filter(|provider| provider.kind == config.kind).count();
            let name = match same {
                0 => config.kind.to_string(),
                _ => format!("{}-{}", config.kind, same + 1),
            };
            providers.push(Provider::named(name, config)?);
        }
        if providers.iter().any(Provider::reads) { Ok(Self(providers)) } else { Err(ProviderError::NoReader) }
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Provider] {
        &self.0
    }

    /// Those through which a chain can be read.
    pub fn readers(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter().filter(|provider| provider.reads())
    }

    /// Runs `method` of the contract at `account`, at the first provider that answers.
    ///
    /// # Errors
    /// The [`GatewayError`] of the preferred provider when none answers.
    pub async fn run_get_method(
        &self,
        account: &TonAddress,
        method: &str,
        arguments: &[StackValue],
    ) -> Result<MethodResult, GatewayError> {
        let mut first = None;
        for provider in self.readers() {
            match provider.run_get_method(account, method, arguments).await {
                Ok(result) => return Ok(result),
                Err(error) => {
                    tracing::warn!(provider = provider.name(), method, %error, "a get method was not answered");
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.unwrap_or_else(|| GatewayError::Unavailable("there is no provider to ask".to_owned())))
    }
}
