//! Configuration: environment variables, each also a flag; secrets also from files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rental_core::{Network, Policy, Seconds};
use rental_redis::{RedisConfig, RedisConfigError};
use secrecy::{ExposeSecret, SecretString};

use crate::place::Place;
use crate::witness::Witness;

/// Where payments are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The toncenter v2 API.
    Toncenter,
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

    /// Where payments are read from: toncenter, or sandbox for trying things out.
    #[arg(long, env = "TON_PROVIDER", default_value = "sandbox", value_name = "NAME", global = true)]
    pub ton_provider: String,

    /// Base URL of the provider, when it is not the public one.
    #[arg(long, env = "TON_API_URL", value_name = "URL", global = true)]
    pub ton_api_url: Option<String>,

    /// The provider's API key; better in the environment or in a file than here.
    #[arg(long, env = "TON_API_TOKEN", value_name = "KEY", hide_env_values = true, global = true)]
    pub ton_api_token: Option<String>,

    /// File that holds the provider's API key.
    #[arg(long, env = "TON_API_TOKEN_FILE", value_name = "FILE", global = true)]
    pub ton_api_token_file: Option<PathBuf>,

    /// Address that customers pay to, in any spelling.
    #[arg(long, env = "TON_WALLET", value_name = "ADDRESS", global = true)]
    pub ton_wallet: Option<String>,

    /// mainnet or testnet.
    #[arg(long, env = "TON_NETWORK", default_value = "mainnet", value_name = "NETWORK", global = true)]
    pub ton_network: String,

    /// Logical time from which a new shop reads the chain: by default the newest transaction, 0 for the whole history.
    #[arg(long, env = "TON_START_LT", value_name = "LT", global = true)]
    pub ton_start_lt: Option<u64>,

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
    #[error("TON_PROVIDER={0} is not supported; use toncenter, or sandbox for trying things out")]
    Provider(String),
    /// The network is not known.
    #[error("TON_NETWORK={0} is not known; use mainnet or testnet")]
    Network(String),
    /// There is no wallet.
    #[error("TON_WALLET is not set; set it to the address that customers pay to")]
    NoWallet,
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
        if self.provider()? == Provider::Toncenter && self.ton_wallet.as_ref().is_none_or(String::is_empty) {
            return Err(ConfigError::NoWallet);
        }
        self.api_token().map(|_| ())
    }

    /// Where payments are read from.
    ///
    /// # Errors
    /// [`ConfigError::Provider`].
    pub fn provider(&self) -> Result<Provider, ConfigError> {
        match self.ton_provider.as_str() {
            "toncenter" => Ok(Provider::Toncenter),
            "sandbox" => Ok(Provider::Sandbox),
            other => Err(ConfigError::Provider(other.to_owned())),
        }
    }

    /// The network of the wallet; the sandbox is its own.
    ///
    /// # Errors
    /// [`ConfigError::Network`] or [`ConfigError::Provider`].
    pub fn network(&self) -> Result<Network, ConfigError> {
        let network = match self.ton_network.as_str() {
            "mainnet" => Network::Mainnet,
            "testnet" => Network::Testnet,
            other => return Err(ConfigError::Network(other.to_owned())),
        };
        Ok(if self.provider()? == Provider::Sandbox { Network::Sandbox } else { network })
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

    /// The provider's API key.
    ///
    /// # Errors
    /// [`ConfigError::Twice`] or [`ConfigError::SecretFile`].
    pub fn api_token(&self) -> Result<Option<SecretString>, ConfigError> {
        read_secret("TON_API_TOKEN", self.ton_api_token.as_deref(), self.ton_api_token_file.as_deref())
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

    /// The file with the sandbox clock's offset, beside the store's.
    pub fn sandbox_clock_file(&self) -> PathBuf {
        beside(&self.rental_db, "sandbox-clock")
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

    fn parse(arguments: &[&str]) -> ShopConfig {
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
