//! The program's settings.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use rental_app::{ConfigError, ShopConfig, read_secret};
use secrecy::SecretString;

/// The Telegram bot of a shop that rents out +888 numbers.
// No `Debug`: it holds the token as it was given.
#[derive(Parser)]
#[command(name = "bot", version, about)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,

    /// The bot's token, as the bot father gave it; better in the environment or in a file than here.
    #[arg(long, env = "BOT_TOKEN", value_name = "TOKEN", hide_env_values = true, global = true)]
    pub(crate) bot_token: Option<String>,

    /// File that holds the token.
    #[arg(long, env = "BOT_TOKEN_FILE", value_name = "FILE", global = true)]
    pub(crate) bot_token_file: Option<PathBuf>,

    /// Telegram user id of the owner, who is always an admin; without it the owner stays who it was.
    #[arg(long, env = "OWNER_ID", value_name = "ID", value_parser = clap::value_parser!(u64).range(1..1 << 52))]
    pub(crate) owner_id: Option<u64>,

    /// Base URL of the Bot API.
    #[arg(
        long,
        env = "TELEGRAM_API_URL",
        default_value = "https://api.telegram.org",
        value_name = "URL",
        global = true
    )]
    pub(crate) telegram_api_url: String,

    /// Accepted and not used: only a Bot API server of your own needs it.
    #[arg(long, env = "API_ID", value_name = "ID", hide = true)]
    pub(crate) api_id: Option<String>,

    /// Accepted and not used: only a Bot API server of your own needs it.
    #[arg(long, env = "API_HASH", value_name = "HASH", hide = true, hide_env_values = true)]
    pub(crate) api_hash: Option<String>,

    /// Where Telegram sends updates, such as `https://bot.example/telegram`; without it the bot asks for them.
    #[arg(long, env = "WEBHOOK_URL", value_name = "URL", global = true)]
    pub(crate) webhook_url: Option<String>,

    /// Address on which the updates arrive; port 0 takes a free one.
    #[arg(long, env = "WEBHOOK_BIND", default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    pub(crate) webhook_bind: String,

    /// What Telegram sends along to prove itself: 16 to 256 of A-Z a-z 0-9 _ -; better in the environment or a file.
    #[arg(long, env = "WEBHOOK_SECRET", value_name = "SECRET", hide_env_values = true, global = true)]
    pub(crate) webhook_secret: Option<String>,

    /// File that holds the webhook's secret.
    #[arg(long, env = "WEBHOOK_SECRET_FILE", value_name = "FILE", global = true)]
    pub(crate) webhook_secret_file: Option<PathBuf>,

    /// How many updates Telegram may have under way at once when it sends them.
    #[arg(long, env = "WEBHOOK_CONNECTIONS", default_value_t = 40, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=100), global = true)]
    pub(crate) webhook_connections: u32,

    /// Where customers find a person, such as `https://t.me/shop_support`.
    #[arg(long, env = "SUPPORT_URL", value_name = "URL")]
    pub(crate) support_url: Option<String>,

    /// File with the shop's rules, as plain text; shown under Rules in every language.
    #[arg(long, env = "RULES_FILE", value_name = "FILE")]
    pub(crate) rules_file: Option<PathBuf>,

    /// Taps and messages of one customer in ten seconds; more are answered with a request to wait.
    #[arg(long, env = "BOT_RATE_LIMIT", default_value_t = 30, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) bot_rate_limit: u32,

    /// Address for /metrics, /livez and /readyz; not served without it.
    #[arg(long, env = "METRICS_BIND", value_name = "ADDRESS")]
    pub(crate) metrics_bind: Option<String>,

    #[command(flatten)]
    pub(crate) shop: ShopConfig,
}

/// What to do instead of running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Task {
    /// Tell Telegram to send updates to `WEBHOOK_URL`; do this when deploying, once for all replicas.
    SetWebhook,
    /// Tell Telegram to keep updates until the bot asks for them.
    DeleteWebhook,
}

/// What is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error(transparent)]
    Shop(#[from] ConfigError),
    #[error("BOT_TOKEN is not set; get one from @BotFather")]
    NoToken,
    #[error("BOT_TOKEN is not a bot's token; it looks like 123456:ABC…, copy it from @BotFather as a whole")]
    Token,
    #[error("{0} is not a web address; write it as https://host/path")]
    Url(&'static str),
    #[error(
        "WEBHOOK_URL must begin with https://; http:// is for a Bot API server on this host, as in http://127.0.0.1/…"
    )]
    WebhookNotHttps,
    #[error("WEBHOOK_URL is not set; set it to where Telegram reaches this bot")]
    NoWebhook,
    #[error(
        "WEBHOOK_SECRET is not set; it keeps strangers from sending updates: take 32 random letters and digits"
    )]
    NoSecret,
    #[error("WEBHOOK_SECRET has 16 to 256 of A-Z a-z 0-9 _ -")]
    Secret,
    #[error("the file in RULES_FILE cannot be read: {0}")]
    Rules(String),
    #[error("the text in RULES_FILE is longer than 3000 characters, the most that fits into a message")]
    LongRules,
}

/// How updates arrive when Telegram sends them.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: SecretString,
}

impl Webhook {
    /// The path of the address; `/` when it has none.
    pub(crate) fn path(&self) -> &str {
        let host = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        host.find('/').map_or("/", |at| &host[at..])
    }
}

impl Config {
    /// The bot's token.
    pub(crate) fn token(&self) -> Result<SecretString, SettingsError> {
        use secrecy::ExposeSecret;
        let token = read_secret("BOT_TOKEN", self.bot_token.as_deref(), self.bot_token_file.as_deref())?
            .ok_or(SettingsError::NoToken)?;
        let shaped = token.expose_secret().split_once(':').is_some_and(|(id, rest)| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
            !id.is_empty()
                && id.bytes().all(|b| b.is_ascii_digit())
                && !rest.is_empty()
                && rest.bytes().all(plain)
        });
        if shaped { Ok(token) } else { Err(SettingsError::Token) }
    }

    /// The base URL of the Bot API, without a slash at the end.
    pub(crate) fn api_url(&self) -> Result<&str, SettingsError> {
        web_address(&self.telegram_api_url)
            .map(|url| url.trim_end_matches('/'))
            .ok_or(SettingsError::Url("TELEGRAM_API_URL"))
    }

    /// How Telegram sends updates; `None` when the bot asks for them.
    pub(crate) fn webhook(&self) -> Result<Option<Webhook>, SettingsError> {
        use secrecy::ExposeSecret;
        let Some(url) = given(self.webhook_url.as_deref()) else { return Ok(None) };
        let plain = web_address(url).filter(|url| !url.contains(['?', '#', '{', '}', '*']));
        let url = plain.ok_or(SettingsError::Url("WEBHOOK_URL"))?.to_owned();
        let secret = self.webhook_secret.as_deref();
        let secret = read_secret("WEBHOOK_SECRET", secret, self.webhook_secret_file.as_deref())?
            .ok_or(SettingsError::NoSecret)?;
        let text = secret.expose_secret();
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if plain && (16..=256).contains(&text.len()) {
            Ok(Some(Webhook { url, secret }))
        } else {
            Err(SettingsError::Secret)
        }
    }

    /// The same, to be told to Telegram.
    pub(crate) fn webhook_to_set(&self) -> Result<Webhook, SettingsError> {
        let webhook = self.webhook()?.ok_or(SettingsError::NoWebhook)?;
        if webhook.url.starts_with("https://") || is_loopback(&webhook.url) {
            Ok(webhook)
        } else {
            Err(SettingsError::WebhookNotHttps)
        }
    }

    /// Where customers find a person.
    pub(crate) fn support_url(&self) -> Result<Option<String>, SettingsError> {
        let Some(url) = given(self.support_url.as_deref()) else { return Ok(None) };
        match web_address(url).or_else(|| Some(url).filter(|url| url.starts_with("tg://"))) {
            Some(url) => Ok(Some(url.to_owned())),
            None => Err(SettingsError::Url("SUPPORT_URL")),
        }
    }

    /// The shop's own rules.
    pub(crate) fn rules(&self) -> Result<Option<String>, SettingsError> {
        let Some(file) = self.rules_file.as_ref().filter(|file| !file.as_os_str().is_empty()) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(file).map_err(|error| SettingsError::Rules(error.to_string()))?;
        if text.chars().count() > 3000 {
            return Err(SettingsError::LongRules);
        }
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// The address for metrics.
    pub(crate) fn metrics_bind(&self) -> Option<&str> {
        given(self.metrics_bind.as_deref())
    }
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// `url` when it is an address of a web site.
fn web_address(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    (!rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain)).then_some(url)
}

/// Whether a web address is on this host itself, where nobody can listen in.
fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use secrecy::ExposeSecret;

    fn parse(arguments: &[&str]) -> Config {
        Config::parse_from(std::iter::once(&"bot").chain(arguments))
    }

    #[test]
    fn the_help_names_every_setting_and_no_secret() {
        Config::command().debug_assert();
        let help = Config::command().render_long_help().to_string();
        for name in
            ["OWNER_ID", "TELEGRAM_API_URL", "WEBHOOK_URL", "WEBHOOK_BIND", "SUPPORT_URL", "RENTAL_DB"]
        {
            assert!(help.contains(&format!("[env: {name}=")), "{name} in {help}");
        }
        assert!(help.contains("[env: BOT_TOKEN]") && help.contains("[env: WEBHOOK_SECRET]"), "{help}");
    }

    #[test]
    fn a_token_is_recognised_and_not_shown() {
        let config = parse(&["--bot-token", "123456:AAbb_cc-dd"]);
        assert_eq!(config.token().expect("a token").expose_secret(), "123456:AAbb_cc-dd");
        assert_eq!(parse(&[]).token().err(), Some(SettingsError::NoToken));
        for text in ["654321", "abc:def", "1:", ":a", "1:a b", "1:a/b", "1:а"] {
            let error = parse(&["--bot-token", text]).token().expect_err(text);
            assert!(error == SettingsError::Token && !error.to_string().contains(text));
        }
    }

    #[test]
    fn a_webhook_needs_an_address_and_a_good_secret() {
        let secret = "0123456789abcdef";
        let webhook =
            parse(&["--webhook-url", "https://h/a/b", "--webhook-secret", secret]).webhook().expect("good");
        assert_eq!(webhook.expect("one").path(), "/a/b");
        assert!(parse(&["--webhook-url", ""]).webhook().expect("none").is_none());
        for (url, secret, error) in [
            ("https://h/", "", SettingsError::NoSecret),
            ("https://h/", "short", SettingsError::Secret),
            ("https://h/", "0123456789abcdef!", SettingsError::Secret),
            ("h/x", secret, SettingsError::Url("WEBHOOK_URL")),
            ("https://h/{x}", secret, SettingsError::Url("WEBHOOK_URL")),
        ] {
            let config = parse(&["--webhook-url", url, "--webhook-secret", secret]);
            assert_eq!(config.webhook().expect_err(url), error, "{url}");
        }
    }

    #[test]
    fn a_webhook_without_tls_is_set_on_this_host_only() {
        let set =
            |url| parse(&["--webhook-url", url, "--webhook-secret", "0123456789abcdef"]).webhook_to_set();
        for url in [
            "https://h/x",
            "http://127.0.0.1:8081/x",
            "http://localhost/x",
            "http://127.9.9.9",
            "http://[::1]:80/x",
        ] {
            assert_eq!(set(url).expect(url).url, url);
        }
        for url in [
            "http://h/",
            "http://10.0.0.1/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "http://127.0.0.1@h/",
            "http://[::2]/",
        ] {
            assert_eq!(set(url).expect_err(url), SettingsError::WebhookNotHttps);
        }
    }
}
