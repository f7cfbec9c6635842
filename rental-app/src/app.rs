//! Wiring: from a configuration to a shop that is open.

use std::path::PathBuf;
use std::sync::Arc;

use rental_core::{
    Actor, ChainCursor, Clock, Command, DomainError, GatewayError, Leases, Notes, NumberRegistry,
    PaymentGateway, RateLimiter, RentalService, Rentals, Request, Seconds, ServiceError, ShopView,
    SystemClock, call_ton,
};
use rental_ton::{
    Providers, Sandbox, SandboxError, SandboxRegistry, TonAddress, TonGateway, TonRegistry, Watched,
};

use crate::backend::Backend;
use crate::config::Provider;
use crate::usdt::UsdtError;
use crate::witness::Witness;
use crate::{Alerter, ConfigError, LocalCounters, SandboxClock, ShopConfig};

/// An open shop with everything that a program needs.
#[derive(Debug, Clone)]
pub struct App {
    /// The door.
    pub service: Arc<RentalService>,
    /// The store, for what the door does not offer.
    pub store: Backend,
    /// Exclusive work.
    pub leases: Arc<dyn Leases>,
    /// Rate limits for requests and taps. Where a count in the store would wait for the disk, they are counted in this process.
    pub limiter: Arc<dyn RateLimiter>,
    /// What frontends keep beside the shop.
    pub notes: Arc<dyn Notes>,
    /// Where payments are read from.
    pub gateway: Arc<dyn PaymentGateway>,
    /// The providers of the live chain.
    pub providers: Option<Arc<Providers>>,
    /// The operator's wallets beside the one that customers pay to.
    pub(crate) owners: Vec<TonAddress>,
    /// Whose numbers are.
    pub registry: Arc<dyn NumberRegistry>,
    /// How often that is asked.
    pub ownership_checks: OwnershipChecks,
    /// Posts operators' alerts, where a webhook is configured.
    pub(crate) alerter: Option<Alerter>,
    /// The time of the chain.
    pub(crate) clock: Arc<dyn Clock>,
    /// The sandbox, when that is the provider.
    pub sandbox: Option<SandboxTools>,
}

/// How often the chain is asked whose the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnershipChecks {
    /// How long an answer is good for; `None`: it is not asked by itself.
    pub interval: Option<Seconds>,
    /// About how many numbers at a time.
    pub batch: usize,
}

/// What only a sandbox can do.
#[derive(Debug, Clone)]
pub struct SandboxTools {
    /// The local chain.
    pub chain: Sandbox,
    /// The clock that can be turned forward.
    pub clock: SandboxClock,
    /// Whose the numbers are.
    pub registry: SandboxRegistry,
}

/// Why the shop cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address to pay to.
    #[error("TON_WALLET cannot be used: {0}")]
    Wallet(#[from] rental_ton::AddressError),
    /// The embedded store.
    #[error(transparent)]
    Store(#[from] rental_sqlite::OpenError),
    /// Redis.
    #[error(transparent)]
    Redis(#[from] rental_redis::RedisOpenError),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The providers.
    #[error(transparent)]
    Provider(#[from] rental_ton::ProviderError),
    /// The chain's head, which a new shop needs to know.
    #[error(
        "a new shop begins at the newest transaction, which cannot be read now: {0}; set TON_START_LT to begin elsewhere"
    )]
    Head(GatewayError),
    /// The place to begin at lies beyond the chain: nothing would ever be read.
    #[error(
        "TON_START_LT is {lt}, and the wallet's newest transaction is at {newest}; name that or an earlier one"
    )]
    StartAhead {
        /// The place that is configured.
        lt: u64,
        /// The newest transaction.
        newest: u64,
    },
    /// This host has seen a shop there, and now there is none or another one.
    #[error(
        "the shop is gone from Redis: the server was emptied or exchanged; restore its files (AOF or RDB), or a copy with \
         `admin-cli store copy`; to begin a new shop there, delete {}", .file.display()
    )]
    ShopGone {
        /// Where this host remembers it.
        file: PathBuf,
    },
    /// There is nothing to look at.
    #[error(
        "there is no shop on this Redis; check REDIS_URI and REDIS_NAMESPACE, or add numbers to begin one"
    )]
    NoShop,
    /// The alert webhook.
    #[error("alerts cannot be posted from this host: {0}")]
    Alerts(reqwest::Error),
    /// USDT.
    #[error(transparent)]
    Usdt(#[from] UsdtError),
    /// The shop itself.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl App {
    /// Opens the store, the gateway and the shop; opens a new shop on an empty store.
    ///
    /// # Errors
    /// [`OpenError`]; then nothing was changed, except that an empty store may have been created.
    pub async fn open(config: &ShopConfig) -> Result<Self, OpenError> {
        Self::open_or(config, true).await
    }

    /// The same for whoever only wants to look: an empty Redis stays empty.
    ///
    /// # Errors
    /// [`OpenError::NoShop`] besides.
    pub async fn open_existing(config: &ShopConfig) -> Result<Self, OpenError> {
        Self::open_or(config, config.redis()?.is_none()).await
    }

    async fn open_or(config: &ShopConfig, new_too: bool) -> Result<Self, OpenError> {
        config.validate()?;
        if call_ton(&config.currency_label).is_err() {
            tracing::warn!("CURRENCY_LABEL is not changed in a running process");
        }
        let sandbox_clock = SandboxClock::new(config.sandbox_clock_file());
        let clock: Arc<dyn Clock> = match config.provider()? {
            Provider::Sandbox => Arc::new(sandbox_clock.clone()),
            Provider::Live => Arc::new(SystemClock),
        };
        if config.provider()? == Provider::Sandbox
            && config.ton_wallet.as_ref().is_some_and(|wallet| !wallet.is_empty())
        {
            tracing::warn!(
                "TON_WALLET is ignored in the sandbox; set TON_PROVIDER=toncenter to take real payments"
            );
        }
        let turned = (config.provider()? == Provider::Sandbox).then(|| sandbox_clock.clone());
        let store = Backend::open(config, Arc::clone(&clock), turned).await?;
        let registry = SandboxRegistry::new(config.sandbox_numbers_file());
        let (gateway, providers, sandbox) = match config.provider()? {
            Provider::Sandbox => {
                let chain = Sandbox::open(config.sandbox_file(), Arc::clone(&clock))?
                    .owned_by(config.owner_wallets()?);
                let tools =
                    SandboxTools { chain: chain.clone(), clock: sandbox_clock, registry: registry.clone() };
                (Arc::new(chain) as Arc<dyn PaymentGateway>, None, Some(tools))
            }
            Provider::Live => {
                let providers = Arc::new(Providers::new(config.providers()?)?);
                let gateway = live(config, Arc::clone(&providers), Arc::clone(&clock))?;
                (Arc::new(gateway) as Arc<dyn PaymentGateway>, Some(providers), None)
            }
        };
        let registry = match &providers {
            None => Arc::new(registry) as Arc<dyn NumberRegistry>,
            Some(providers) => {
                let mut wallets = config.owner_wallets()?;
                wallets.push(deposit(config)?);
                let (network, collection) = (config.network()?, config.collection()?);
                Arc::new(TonRegistry::new(network, collection, wallets, Arc::clone(providers)))
            }
        };
        let service = Arc::new(RentalService::new(store.store()));
        let alerter = config.alerts.endpoint()?.map(|endpoint| {
            Alerter::new(service.clone(), store.store(), store.leases(), endpoint).map_err(OpenError::Alerts)
        });
        let app = Self {
            service,
            leases: store.leases(),
            limiter: store
                .fast_limiter()
                .unwrap_or_else(|| Arc::new(LocalCounters::new(Arc::new(SystemClock)))),
            notes: store.notes(),
            store,
            gateway,
            providers,
            owners: config.owner_wallets()?,
            registry,
            ownership_checks: config.ownership_checks()?,
            alerter: alerter.transpose()?,
            clock,
            sandbox,
        };
        app.open_shop(config, new_too).await?;
        app.settle_usdt(config).await?;
        Ok(app)
    }

    async fn open_shop(&self, config: &ShopConfig, new_too: bool) -> Result<(), OpenError> {
        let witness = config.witness()?;
        let seen = witness.as_ref().and_then(Witness::seen);
        let gone = || OpenError::ShopGone { file: config.shops_file() };
        let policy = match self.service.shop().await {
            Ok(ShopView { shop, .. }) if seen.is_some_and(|seen| seen != shop.opened_at) => {
                return Err(gone());
            }
            Err(ServiceError::Domain(DomainError::ShopClosed)) if seen.is_some() => return Err(gone()),
            Err(ServiceError::Domain(DomainError::ShopClosed)) if !new_too => return Err(OpenError::NoShop),
            Ok(ShopView { shop, .. }) => {
                self.service.open_shop(self.gateway.wallet(), &shop.policy, shop.chain_start).await?;
                shop.policy
            }
            Err(ServiceError::Domain(DomainError::ShopClosed)) => {
                let start = match config.ton_start_lt {
                    Some(0) => ChainCursor::START,
                    Some(lt) => {
                        let newest = self.gateway.head().await.map_err(OpenError::Head)?.cursor.lt;
                        if lt > newest {
                            return Err(OpenError::StartAhead { lt, newest });
                        }
                        ChainCursor { lt, hash: None }
                    }
                    None => self.gateway.head().await.map_err(OpenError::Head)?.cursor,
                };
                let policy = config.apply_to(&rental_core::Policy::default());
                tracing::warn!("the store is empty; a new shop is opened in it");
                self.service.open_shop(self.gateway.wallet(), &policy, start).await?.policy
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(witness) = witness {
            witness.remember(self.service.shop().await?.shop.opened_at);
        }
        let configured = config.apply_to(&policy);
        if configured != policy {
            let command = Command::SetPolicy { policy: configured };
            self.service.execute(Request::new(Actor::System, command)).await?;
        }
        Ok(())
    }
}

fn live(
    config: &ShopConfig,
    providers: Arc<Providers>,
    clock: Arc<dyn Clock>,
) -> Result<TonGateway, OpenError> {
    let watched = Watched::Wallet(deposit(config)?);
    let gateway = TonGateway::new(config.network()?, watched, providers, clock);
    Ok(gateway.owned_by(config.owner_wallets()?))
}

/// The wallet that customers pay to.
fn deposit(config: &ShopConfig) -> Result<TonAddress, OpenError> {
    let wallet = config.ton_wallet.as_deref().ok_or(ConfigError::NoWallet)?;
    Ok(TonAddress::parse(wallet, config.network()?)?)
}
