//! Configuration: environment variables, each also a flag; secrets also from files.

mod providers;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rental_core::{LabelError, Nanotons, Network, Policy, Seconds, check_label};
use rental_redis::{RedisConfig, RedisConfigError};
use rental_ton::{AddressError, NUMBERS, ProviderKind, TonAddress};
use secrecy::{ExposeSecret, SecretString};

use crate::alerts::{AlertConfig, AlertConfigError};
use crate::app::OwnershipChecks;
use crate::place::Place;
use crate::witness::Witness;

/// Where payments are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The live chain, through one or more APIs.
    Live,
    /// The local chain for trying things out.
    Sandbox,
}

/// What every program needs to know to open the shop.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Shop")]
pub struct ShopConfig {
    /// File of the embedded store; created when missing.
    #[arg(long, env = "RENTAL_DB", default_value = "rental.db", value_name = "FILE", global = true)]
    pub rental_db: PathBuf,

    /// Redis instead of the embedded store; with a password better in the environment or in a file than here.
    ///
    /// Write `redis://`, `rediss://` (TLS), `unix://`, `redis-sentinel://h1,h2/master` or `redis-cluster://h1,h2`.
    #[arg(long, env = "REDIS_URI", value_name = "URI", hide_env_values = true, global = true)]
    pub redis_uri: Option<String>,

    /// File that holds the URI.
    #[arg(long, env = "REDIS_URI_FILE", value_name = "FILE", global = true)]
    pub redis_uri_file: Option<PathBuf>,

    /// Prefix of all keys in Redis, so that several shops share a server; required on a cluster.
    #[arg(long, env = "REDIS_NAMESPACE", value_name = "NAME", global = true)]
    pub redis_namespace: Option<String>,

    /// Seconds that one call of Redis may take, reconnecting included.
    #[arg(long, env = "REDIS_TIMEOUT_SECONDS", default_value_t = 5, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=300), global = true)]
    pub redis_timeout_seconds: u64,

    /// How many replicas confirm a change before it counts as done; 0 asks none.
    #[arg(long, env = "REDIS_WAIT_REPLICAS", default_value_t = 0, value_name = "COUNT", global = true)]
    pub redis_wait_replicas: u32,

    /// File of the certificates (PEM) that sign the Redis server's, when the system does not know them.
    #[arg(long, env = "REDIS_CA_FILE", value_name = "FILE", global = true)]
    pub redis_ca_file: Option<PathBuf>,

    /// Password of the sentinels, when they have one; better in the environment or in a file than here.
    #[arg(
        long,
        env = "REDIS_SENTINEL_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        global = true
    )]
    pub redis_sentinel_password: Option<String>,

    /// File that holds the password of the sentinels.
    #[arg(long, env = "REDIS_SENTINEL_PASSWORD_FILE", value_name = "FILE", global = true)]
    pub redis_sentinel_password_file: Option<PathBuf>,

    /// Where payments are read from: toncenter, tonapi, toncenter-v3, several of them separated by commas, or sandbox
    /// for trying things out.
    #[arg(long, env = "TON_PROVIDER", default_value = "sandbox", value_name = "NAMES", global = true)]
    pub ton_provider: String,

    /// Base URL of each provider that is not the public one, in the order of the providers.
    #[arg(long, env = "TON_API_URL", value_name = "URLS", hide_env_values = true, global = true)]
    pub ton_api_url: Option<String>,

    /// API key of each provider, in their order; better in the environment or in a file than here.
    #[arg(long, env = "TON_API_TOKEN", value_name = "KEYS", hide_env_values = true, global = true)]
    pub ton_api_token: Option<String>,

    /// File that holds the API key of each provider, in their order; read again when it changes.
    #[arg(long, env = "TON_API_TOKEN_FILE", value_name = "FILES", global = true)]
    pub ton_api_token_file: Option<String>,

    /// Requests per second that each provider allows, in their order.
    #[arg(long, env = "TON_API_RPS", value_name = "COUNTS", global = true)]
    pub ton_api_rps: Option<String>,

    /// Above which payment a second provider has to confirm, where there are several; changes the shop's figure when
    /// given (0 in a new shop: every payment).
    #[arg(long, env = "TON_CROSS_CHECK_ABOVE", value_name = "TON", global = true)]
    pub ton_cross_check_above: Option<Nanotons>,

    /// Address that customers pay to, in any spelling.
    #[arg(long, env = "TON_WALLET", value_name = "ADDRESS", global = true)]
    pub ton_wallet: Option<String>,

    /// The operator's other wallets, separated by commas: numbers in them are the operator's, money from them is a deposit.
    #[arg(long, env = "OWNER_WALLETS", value_name = "ADDRESSES", global = true)]
    pub owner_wallets: Option<String>,

    /// Address of the collection that the numbers' NFTs belong to, when it is not the real one; needed on the test network.
    #[arg(long, env = "NUMBER_COLLECTION", value_name = "ADDRESS", global = true)]
    pub number_collection: Option<String>,

    /// How many seconds after the last answer the chain is asked again whose a verified number is; 0 for never.
    #[arg(long, env = "OWNERSHIP_CHECK_SECONDS", default_value_t = 3600, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(0..=31_536_000), global = true)]
    pub ownership_check_seconds: u64,

    /// What TON is called where people read an amount, such as GRAM.
    #[arg(long, env = "CURRENCY_LABEL", default_value = "TON", value_name = "NAME", global = true)]
    pub currency_label: String,

    /// mainnet or testnet.
    #[arg(long, env = "TON_NETWORK", default_value = "mainnet", value_name = "NETWORK", global = true)]
    pub ton_network: String,

    /// Logical time from which a new shop reads the chain: by default the newest transaction, 0 for the whole history.
    #[arg(long, env = "TON_START_LT", value_name = "LT", global = true)]
    pub ton_start_lt: Option<u64>,

    /// Whether USDT is taken too: `on` or `off`; changes the shop when given (on in a new sandbox).
    #[arg(long, env = "USDT", value_name = "ON|OFF", value_parser = parse_switch, global = true)]
    pub usdt: Option<bool>,

    /// Master contract of USDT; by default Tether's on mainnet.
    #[arg(long, env = "USDT_MASTER", value_name = "ADDRESS", global = true)]
    pub usdt_master: Option<String>,

    /// Seconds between two looks at the chain.
    #[arg(long, env = "TON_POLL_SECONDS", default_value_t = 3, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600), global = true)]
    pub ton_poll_seconds: u64,

    /// How long an invoice can be paid; changes the shop's figure when given (900 in a new shop).
    #[arg(long, env = "INVOICE_TTL_SECONDS", value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=86_400), global = true)]
    pub invoice_ttl_seconds: Option<u64>,

    /// How long an ended rental can still be renewed; changes the shop's figure when given (86400 in a new shop).
    #[arg(long, env = "GRACE_SECONDS", value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(0..=31_536_000), global = true)]
    pub grace_seconds: Option<u64>,

    /// How long a number rests between two rentals, or `manual`; changes the shop's figure when given (600 in a new shop).
    #[arg(long, env = "TURNOVER_SECONDS", value_name = "SECONDS", value_parser = parse_turnover, global = true)]
    pub turnover_seconds: Option<Turnover>,

    /// How long an offered transfer can be accepted; changes the shop's figure when given (86400 in a new shop).
    #[arg(long, env = "TRANSFER_TTL_SECONDS", value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=2_592_000), global = true)]
    pub transfer_ttl_seconds: Option<u64>,

    /// How many open invoices one customer can have; changes the shop's figure when given (10 in a new shop).
    #[arg(long, env = "MAX_OPEN_INVOICES", value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1000), global = true)]
    pub max_open_invoices: Option<u32>,

    /// How many numbers one customer can have; changes the shop's figure when given (50 in a new shop).
    #[arg(long, env = "MAX_NUMBERS", value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=10_000), global = true)]
    pub max_numbers: Option<u32>,

    /// Where operators' alerts are posted.
    #[command(flatten)]
    pub alerts: AlertConfig,
}

/// How long a number rests: for a time, or until the operator confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turnover(pub Option<Seconds>);

fn parse_turnover(text: &str) -> Result<Turnover, String> {
    if text == "manual" {
        return Ok(Turnover(None));
    }
    match text.parse::<u64>() {
        Ok(seconds) if seconds <= 31_536_000 => Ok(Turnover(Some(Seconds(seconds)))),
        _ => Err("write a number of seconds up to 31536000, or manual".to_owned()),
    }
}

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Redis.
    #[error(transparent)]
    Redis(#[from] RedisConfigError),
    /// The provider is not known.
    #[error(
        "TON_PROVIDER={0} is not supported; use toncenter, tonapi, toncenter-v3 or a list, or sandbox for trying things out"
    )]
    Provider(String),
    /// None of the providers hands over transactions.
    #[error(
        "toncenter-v3 can only confirm what another provider shows; add toncenter or tonapi to TON_PROVIDER"
    )]
    NoReader,
    /// The same provider at the same address twice.
    #[error(
        "TON_PROVIDER names {0} twice at the same address, and nobody can confirm itself; set TON_API_URL for each, in the same order"
    )]
    SameProvider(ProviderKind),
    /// A list is longer than the list of providers.
    #[error("{0} has more entries than TON_PROVIDER; write them in the same order, separated by commas")]
    TooMany(&'static str),
    /// A number of requests per second.
    #[error("TON_API_RPS={0} is not a whole number from 1 to 1000 for each provider")]
    Rate(String),
    /// The network is not known.
    #[error("TON_NETWORK={0} is not known; use mainnet or testnet")]
    Network(String),
    /// There is no wallet.
    #[error("TON_WALLET is not set; set it to the address that customers pay to")]
    NoWallet,
    /// The name for TON.
    #[error("CURRENCY_LABEL={label} cannot be used: {error}")]
    Label {
        /// What is written there.
        label: String,
        /// What is wrong with it.
        error: LabelError,
    },
    /// One of the operator's wallets is no address.
    #[error("OWNER_WALLETS cannot be used: {wallet}: {error}")]
    OwnerWallet {
        /// What is written there.
        wallet: String,
        /// What is wrong with it.
        error: AddressError,
    },
    /// The collection is no address.
    #[error("NUMBER_COLLECTION cannot be used: {0}")]
    Collection(AddressError),
    /// The alert webhook.
    #[error(transparent)]
    Alerts(#[from] AlertConfigError),
    /// A secret is given twice.
    #[error("{0} and {0}_FILE are both set; keep one")]
    Twice(&'static str),
    /// A secret's file cannot be read.
    #[error("the file in {name}_FILE cannot be read: {why}")]
    SecretFile {
        /// The variable without `_FILE`.
        name: &'static str,
        /// Why.
        why: String,
    },
}

impl ShopConfig {
    /// Checks what can be checked without touching anything.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.redis()?;
        self.network()?;
        if self.provider()? == Provider::Live && self.ton_wallet.as_ref().is_none_or(String::is_empty) {
            return Err(ConfigError::NoWallet);
        }
        let refuse = |error| ConfigError::Label { label: self.currency_label.clone(), error };
        check_label(&self.currency_label).map_err(refuse)?;
        self.owner_wallets()?;
        self.collection()?;
        self.alerts.endpoint()?;
        self.providers().map(|_| ())
    }

    /// The operator's wallets beside the one that customers pay to.
    ///
    /// # Errors
    /// [`ConfigError::OwnerWallet`].
    pub fn owner_wallets(&self) -> Result<Vec<TonAddress>, ConfigError> {
        let network = self.network()?;
        let listed = self.owner_wallets.as_deref().unwrap_or_default().split(',').map(str::trim);
        let parse = |wallet: &str| {
            let wallet = wallet.to_owned();
            TonAddress::parse(&wallet, network).map_err(|error| ConfigError::OwnerWallet { wallet, error })
        };
        listed.filter(|wallet| !wallet.is_empty()).map(parse).collect()
    }

    /// The collection of the numbers; `None` where it is not known.
    ///
    /// # Errors
    /// [`ConfigError::Collection`].
    pub fn collection(&self) -> Result<Option<TonAddress>, ConfigError> {
        let network = self.network()?;
        match self.number_collection.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => TonAddress::parse(text, network).map(Some).map_err(ConfigError::Collection),
            None => Ok((network != Network::Testnet).then_some(NUMBERS)),
        }
    }

    /// How often the chain is asked whose the numbers are.
    ///
    /// # Errors
    /// The [`ConfigError`] of the providers.
    pub(crate) fn ownership_checks(&self) -> Result<OwnershipChecks, ConfigError> {
        let interval = Some(Seconds(self.ownership_check_seconds)).filter(|interval| interval.0 > 0);
        // A number takes two requests; the payments come first.
        let slow = self.providers()?.iter().any(|provider| provider.pace > Duration::from_millis(200));
        Ok(OwnershipChecks { interval, batch: if slow { 2 } else { 20 } })
    }

    /// How Redis is reached; `None` when the embedded store is used.
    ///
    /// # Errors
    /// [`ConfigError::Redis`], [`ConfigError::Twice`] or [`ConfigError::SecretFile`].
    pub fn redis(&self) -> Result<Option<RedisConfig>, ConfigError> {
        let uri = read_secret("REDIS_URI", self.redis_uri.as_deref(), self.redis_uri_file.as_deref())?;
        uri.map(|uri| self.redis_at(uri)).transpose()
    }

    /// How the Redis at `uri` is reached, with everything else as configured. A namespace after `#` in the URI counts
    /// before the configured one.
    ///
    /// # Errors
    /// [`ConfigError::Redis`], [`ConfigError::Twice`] or [`ConfigError::SecretFile`].
    pub fn redis_at(&self, uri: SecretString) -> Result<RedisConfig, ConfigError> {
        let (uri, namespace) = match uri.expose_secret().split_once('#') {
            Some((plain, namespace)) => (plain.into(), Some(namespace.to_owned())),
            None => (uri, self.redis_namespace.clone()),
        };
        let redis = RedisConfig {
            uri,
            namespace: namespace.filter(|name| !name.is_empty()),
            time_limit: Duration::from_secs(self.redis_timeout_seconds),
            wait_replicas: self.redis_wait_replicas,
            ca_file: self.redis_ca_file.clone().filter(|file| !file.as_os_str().is_empty()),
            sentinel_password: read_secret(
                "REDIS_SENTINEL_PASSWORD",
                self.redis_sentinel_password.as_deref(),
                self.redis_sentinel_password_file.as_deref(),
            )?,
        };
        redis.validate()?;
        Ok(redis)
    }

    /// `policy` with the figures that are configured.
    #[must_use]
    pub fn apply_to(&self, policy: &Policy) -> Policy {
        Policy {
            invoice_ttl: self.invoice_ttl_seconds.map_or(policy.invoice_ttl, Seconds),
            grace: self.grace_seconds.map_or(policy.grace, Seconds),
            turnover: self.turnover_seconds.map_or(policy.turnover, |turnover| turnover.0),
            transfer_ttl: self.transfer_ttl_seconds.map_or(policy.transfer_ttl, Seconds),
            max_open_invoices: self.max_open_invoices.unwrap_or(policy.max_open_invoices),
            max_numbers: self.max_numbers.unwrap_or(policy.max_numbers),
            cross_check_above: self.ton_cross_check_above.unwrap_or(policy.cross_check_above),
        }
    }

    /// Which shop this host has seen on the Redis that is configured; `None` with the embedded store.
    pub(crate) fn witness(&self) -> Result<Option<Witness>, ConfigError> {
        let Some(redis) = self.redis()? else { return Ok(None) };
        let place = Place::Redis(redis.uri.expose_secret().to_owned());
        let place = match &redis.namespace {
            Some(namespace) => format!("{place} namespace {namespace}"),
            None => place.to_string(),
        };
        Ok(Some(Witness::new(self.shops_file(), place)))
    }

    /// The file in which this host remembers the shops that it has seen on servers, beside the store's.
    pub(crate) fn shops_file(&self) -> PathBuf {
        beside(&self.rental_db, "shops")
    }

    /// The sandbox chain's file, beside the store's.
    pub fn sandbox_file(&self) -> PathBuf {
        beside(&self.rental_db, "sandbox")
    }

    /// The file that says whose the sandbox's numbers are, beside the store's.
    pub fn sandbox_numbers_file(&self) -> PathBuf {
        beside(&self.rental_db, "sandbox-numbers")
    }

    /// The file with the sandbox clock's offset, beside the store's.
    pub fn sandbox_clock_file(&self) -> PathBuf {
        beside(&self.rental_db, "sandbox-clock")
    }
}

/// `on` or `off`.
fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("write on or off".to_owned()),
    }
}

fn beside(db: &Path, suffix: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// A secret from its variable or from the file that `NAME_FILE` names; an empty one counts as absent.
///
/// # Errors
/// [`ConfigError::Twice`] when both are given, [`ConfigError::SecretFile`] when the file cannot be read.
pub fn read_secret(
    name: &'static str,
    value: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, ConfigError> {
    let value = value.filter(|value| !value.is_empty());
    match (value, file) {
        (Some(_), Some(_)) => Err(ConfigError::Twice(name)),
        (Some(value), None) => Ok(Some(SecretString::from(value))),
        (None, Some(file)) => match std::fs::read_to_string(file) {
            Ok(text) => Ok(Some(SecretString::from(text.trim())).filter(|_| !text.trim().is_empty())),
            Err(error) => Err(ConfigError::SecretFile { name, why: error.to_string() }),
        },
        (None, None) => Ok(None),
    }
}

/// Loads `.env` from the working directory when there is one; variables that are set already win.
///
/// # Errors
/// A text that says which line cannot be read.
pub fn load_dotenv() -> Result<(), String> {
    match dotenvy::from_path(".env") {
        Ok(()) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        // Not the line itself: it may hold a secret.
        Err(dotenvy::Error::LineParse(line, _)) => {
            let name = line.split('=').next().unwrap_or_default().trim();
            Err(format!(
                "the file .env cannot be read: the line of {name} is not NAME=value; check its quotes"
            ))
        }
        Err(error) => Err(format!("the file .env cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        shop: ShopConfig,
    }

    pub(super) fn parse(arguments: &[&str]) -> ShopConfig {
        Program::parse_from(std::iter::once(&"program").chain(arguments)).shop
    }

    #[test]
    fn refuses_what_it_cannot_do_instead_of_ignoring_it() {
        let redis = |arguments: &[&str]| parse(arguments).validate();
        assert_eq!(redis(&["--redis-uri", "http://h"]), Err(RedisConfigError::Scheme.into()));
        let cluster = ["--redis-uri", "redis-cluster://h"];
        assert_eq!(redis(&cluster), Err(RedisConfigError::NoNamespace.into()));
        assert_eq!(parse(&["--ton-provider", "x"]).validate(), Err(ConfigError::Provider("x".to_owned())));
        assert_eq!(parse(&["--ton-network", "x"]).validate(), Err(ConfigError::Network("x".to_owned())));
        assert_eq!(parse(&["--ton-provider", "toncenter"]).validate(), Err(ConfigError::NoWallet));
        let live = |arguments: &[&str]| {
            let always = ["--ton-wallet", "UQ", "--ton-provider"];
            parse(&[&always[..], arguments].concat()).validate()
        };
        assert_eq!(live(&["toncenter-v3"]), Err(ConfigError::NoReader));
        let same = ConfigError::SameProvider(ProviderKind::Toncenter);
        assert_eq!(live(&["toncenter,toncenter"]), Err(same.clone()));
        let twice = ["toncenter,toncenter", "--ton-api-url", "http://a/api/v2,http://A/api/v2/"];
        assert_eq!(live(&twice), Err(same), "one server cannot confirm itself");
        assert_eq!(live(&["toncenter,sandbox"]), Err(ConfigError::Provider("toncenter,sandbox".to_owned())));
        assert_eq!(
            live(&["tonapi", "--ton-api-url", "http://a,http://b"]),
            Err(ConfigError::TooMany("TON_API_URL"))
        );
        assert_eq!(live(&["tonapi", "--ton-api-rps", "0"]), Err(ConfigError::Rate("0".to_owned())));
        let both = ["tonapi", "--ton-api-token", "a", "--ton-api-token-file", "b"];
        assert_eq!(live(&both), Err(ConfigError::Twice("TON_API_TOKEN")));
        assert_eq!(live(&["toncenter, toncenter-v3,tonapi"]), Ok(()));
        assert_eq!(parse(&[]).validate(), Ok(()));
    }

    #[test]
    fn only_configured_figures_change_the_policy() {
        let policy =
            parse(&["--grace-seconds", "60", "--turnover-seconds", "manual"]).apply_to(&Policy::default());
        assert_eq!(policy, Policy { grace: Seconds(60), turnover: None, ..Policy::default() });
    }

    #[test]
    fn a_secret_comes_from_one_place_and_is_not_shown_by_help() {
        let both = read_secret("TON_API_TOKEN", Some("a"), Some(Path::new("b")));
        assert_eq!(both.err(), Some(ConfigError::Twice("TON_API_TOKEN")));
        assert!(matches!(
            read_secret("X", None, Some(Path::new("/none"))),
            Err(ConfigError::SecretFile { .. })
        ));
        assert!(read_secret("X", Some(""), None).expect("nothing is wrong").is_none());
        let help = Program::command().render_long_help().to_string();
        assert!(help.contains("[env: TON_API_TOKEN]"), "{help}");
    }
}
