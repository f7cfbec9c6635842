//! The gateway over the toncenter v2 HTTP API.
//!
//! One poll of an idle wallet is one request: `getAddressInformation` names the newest transaction and the time of
//! the block it was read from. Only when the wallet has moved are pages of `getTransactions` fetched, and of these
//! only the bags of cells are used (see [`crate`]). Two servers answer under this API, one in Python and one in
//! C++, in slightly different JSON; `wire` reads both.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use rental_core::{
    ChainCursor, ChainHead, ChainRead, GatewayError, Network, PaymentGateway, PaymentLinks, PaymentRequest,
    Seconds, Timestamp, Wallet,
};
use secrecy::SecretString;

use self::http::Http;
use self::wire::{AccountState, RawTransaction};
use crate::walk::{Link, Row, Walk};
use crate::{TonAddress, payment_links};

mod http;
mod wire;

/// How far `read_to` stays behind the block that the provider answered from.
///
/// The provider's time is that of a masterchain block. A shard block carries its own, and may be taken into the
/// masterchain a few blocks after it was made: its transactions then appear with a chain time before one that was
/// already reported as read. Inclusion takes about a second since April 2026; ten leave room for a slow minute,
/// and cost no more than reservations that end ten seconds later.
pub const INCLUSION_MARGIN: Seconds = Seconds(10);

/// How to reach toncenter, and for which wallet.
#[derive(Debug, Clone)]
pub struct ToncenterConfig {
    /// The network, [`Network::Mainnet`] or [`Network::Testnet`].
    pub network: Network,
    /// The deposit wallet.
    pub wallet: TonAddress,
    /// The API's base URL, up to and without the method's name. `None`: the public server of the network.
    pub base_url: Option<String>,
    /// The API key. It is sent in a header and shown nowhere.
    pub api_key: Option<SecretString>,
    /// How long one request may take, from connecting to the last byte.
    pub timeout: Duration,
    /// How often a failed request is tried again before the read fails.
    pub retries: usize,
    /// The pause before the first retry. It doubles with each, up to ten seconds, with jitter.
    pub backoff: Duration,
    /// The least time between two requests. The public server allows one request a second without a key and ten
    /// with a free one.
    pub pace: Duration,
    /// Transactions per page, at most 100 (the Python server refuses more).
    pub page_size: u8,
}

impl ToncenterConfig {
    /// The usual settings for `wallet` on `network`: the public server or `base_url`, 15 s per request, three
    /// retries, and the pace that the public server allows.
    pub fn new(
        network: Network,
        wallet: TonAddress,
        base_url: Option<String>,
        api_key: Option<SecretString>,
    ) -> Self {
        let pace = match (&base_url, &api_key) {
            (Some(_), _) => Duration::ZERO,
            (None, Some(_)) => Duration::from_millis(110),
            (None, None) => Duration::from_millis(1_100),
        };
        Self {
            network,
            wallet,
            base_url,
            api_key,
            timeout: Duration::from_secs(15),
            retries: 3,
            backoff: Duration::from_millis(500),
            pace,
            page_size: 100,
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ToncenterError {
    /// There is no toncenter for the sandbox.
    #[error("toncenter serves mainnet and testnet; for the sandbox set TON_PROVIDER=sandbox")]
    Network,
    /// The base URL is not an http or https URL.
    #[error("TON_API_URL must be a URL such as https://toncenter.com/api/v2")]
    Url,
    /// The key holds characters that no header can carry.
    #[error("TON_API_TOKEN holds characters that a key cannot have; copy it again")]
    Key,
    /// Pages are of 1 to 100 transactions.
    #[error("a page has 1 to 100 transactions")]
    PageSize,
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up: {0}; check the host's TLS certificates")]
    Client(String),
}

/// Reads one wallet through toncenter v2.
///
/// Cheap to share behind an `Arc`; requests of one value keep its pace.
pub struct Toncenter {
    wallet: Wallet,
    address: TonAddress,
    page_size: u8,
    http: Http,
}

impl Toncenter {
    /// A gateway with these settings. Sends nothing yet.
    ///
    /// # Errors
    /// [`ToncenterError`], which names the setting to correct.
    pub fn new(config: ToncenterConfig) -> Result<Self, ToncenterError> {
        let ToncenterConfig { network, wallet: address, page_size, .. } = config;
        if !(1..=100).contains(&page_size) {
            return Err(ToncenterError::PageSize);
        }
        let public = match network {
            Network::Mainnet => "https://toncenter.com/api/v2",
            Network::Testnet => "https://testnet.toncenter.com/api/v2",
            Network::Sandbox => return Err(ToncenterError::Network),
        };
        let wallet = Wallet { network, address: address.friendly(network) };
        Ok(Self { wallet, address, page_size, http: Http::new(public, config)? })
    }

    /// The rows of one page, from `from` backwards.
    async fn page(&self, from: Link, after: &ChainCursor) -> Result<Vec<Row>, GatewayError> {
        let mut query = vec![
            ("address", self.address.to_string()),
            ("limit", self.page_size.to_string()),
            ("lt", from.lt.to_string()),
            ("hash", data_encoding::BASE64.encode(&from.hash.0)),
        ];
        if after.lt > 0 {
            query.push(("to_lt", after.lt.to_string()));
        }
        let rows: Vec<RawTransaction> = match self.http.get("getTransactions", &query).await {
            // A server without the whole history says that it cannot find old transactions; others can.
            Err(GatewayError::Unavailable(reason)) if reason.contains("LITE_SERVER") => {
                query.push(("archival", true.to_string()));
                self.http.get("getTransactions", &query).await?
            }
            answer => answer?,
        };
        rows.into_iter().map(Row::try_from).collect()
    }
}

#[async_trait]
impl PaymentGateway for Toncenter {
    fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    async fn head(&self) -> Result<ChainHead, GatewayError> {
        let query = [("address", self.address.to_string())];
        let state: AccountState = self.http.get("getAddressInformation", &query).await?;
        let read_to = Timestamp::from_unix(state.sync_utime.0).minus(INCLUSION_MARGIN);
        Ok(ChainHead { cursor: state.last_transaction_id.cursor()?, read_to })
    }

    async fn read(&self, after: &ChainCursor) -> Result<ChainRead, GatewayError> {
        let head = self.head().await?;
        let mut walk = Walk::new(&self.address, &head.cursor, after)?;
        while let Some(from) = walk.next() {
            walk.take(&self.page(from, after).await?)?;
        }
        Ok(ChainRead { transactions: walk.finish(), read_to: head.read_to })
    }

    fn links(&self, request: &PaymentRequest) -> PaymentLinks {
        payment_links(self.wallet.network, request)
    }
}

/// Without the key, and without the URL, which may hold a password.
impl fmt::Debug for Toncenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toncenter").field("wallet", &self.wallet).finish_non_exhaustive()
    }
}
