//! Where operators' alerts are posted, and how a post is signed: Standard Webhooks 1.0.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use rental_core::Timestamp;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

use crate::config::{ConfigError, read_secret};

/// Lengths of a key that the specification allows, in bytes.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// The settings of the alert webhook.
#[derive(Debug, Clone, Args)]
pub struct AlertConfig {
    /// Where events that concern operators are posted: an https URL, or http on this host; better in the environment
    /// than here when it holds a key.
    #[arg(long, env = "ALERT_WEBHOOK_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub alert_webhook_url: Option<SecretString>,

    /// What posts are signed with: `whsec_…`, while it is being changed the new and the old one with a comma between
    /// them; better in the environment or in a file than here.
    #[arg(long, env = "ALERT_WEBHOOK_SECRET", value_name = "SECRET", hide_env_values = true, global = true)]
    pub alert_webhook_secret: Option<SecretString>,

    /// File that holds the secret.
    #[arg(long, env = "ALERT_WEBHOOK_SECRET_FILE", value_name = "FILE", global = true)]
    pub alert_webhook_secret_file: Option<PathBuf>,
}

/// What is wrong with the settings of the alert webhook. Shows neither the URL nor the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlertConfigError {
    /// No URL.
    #[error("ALERT_WEBHOOK_URL is not a URL; write one such as https://alerts.example/shop")]
    Url,
    /// It would go over the network in the clear.
    #[error(
        "ALERT_WEBHOOK_URL has to begin with https://; http:// is for this host only, such as http://127.0.0.1:9000/"
    )]
    NotHttps,
    /// Nothing to sign with.
    #[error(
        "ALERT_WEBHOOK_SECRET is not set; make one with: echo whsec_$(openssl rand -base64 32), and give it to the receiver too"
    )]
    NoSecret,
    /// No secret.
    #[error(
        "ALERT_WEBHOOK_SECRET has to be whsec_ and 24 to 64 random bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)"
    )]
    Secret,
}

/// Where alerts are posted, and the keys that sign them, the newest first.
#[derive(Clone)]
pub struct AlertEndpoint {
    pub(crate) url: Url,
    keys: Arc<[SecretSlice<u8>]>,
}

impl AlertConfig {
    /// Where alerts are posted; `None` when no URL is set.
    ///
    /// # Errors
    /// [`ConfigError::Alerts`], [`ConfigError::Twice`] or [`ConfigError::SecretFile`].
    pub fn endpoint(&self) -> Result<Option<AlertEndpoint>, ConfigError> {
        let url = self.alert_webhook_url.as_ref().map_or("", |url| url.expose_secret().trim());
        if url.is_empty() {
            return Ok(None);
        }
        let url: Url = url.parse().map_err(|_| AlertConfigError::Url)?;
        if !url.has_host() {
            return Err(AlertConfigError::Url.into());
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && is_this_host(&url)) {
            return Err(AlertConfigError::NotHttps.into());
        }
        let secret = read_secret(
            "ALERT_WEBHOOK_SECRET",
            self.alert_webhook_secret.as_ref().map(ExposeSecret::expose_secret),
            self.alert_webhook_secret_file.as_deref().filter(|file| !file.as_os_str().is_empty()),
        )?;
        let secret = secret.ok_or(AlertConfigError::NoSecret)?;
        let keys = secret.expose_secret().split(',').map(|text| key(text.trim()));
        Ok(Some(AlertEndpoint { url, keys: keys.collect::<Result<_, _>>()? }))
    }
}

impl AlertEndpoint {
    /// The `webhook-signature` of `body`, posted under `id` at `at`: one signature for each key.
    pub(crate) fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let signed = format!("{id}.{}.{body}", at.unix());
        let signatures = self.keys.iter().map(|key| {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(key.expose_secret()).expect("HMAC takes every length");
            mac.update(signed.as_bytes());
            format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for AlertEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path or a query often is a key.
        f.debug_struct("AlertEndpoint").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

fn is_this_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn key(text: &str) -> Result<SecretSlice<u8>, AlertConfigError> {
    let encoded = text.strip_prefix("whsec_").ok_or(AlertConfigError::Secret)?;
    let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| AlertConfigError::Secret)?;
    if !KEY_LENGTHS.contains(&bytes.len()) {
        return Err(AlertConfigError::Secret);
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        alerts: AlertConfig,
    }

    /// The example of the specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn endpoint(url: &str, secret: &str) -> Result<Option<AlertEndpoint>, ConfigError> {
        let given = ["x", "--alert-webhook-url", url, "--alert-webhook-secret", secret];
        Program::parse_from(given).alerts.endpoint()
    }

    #[test]
    fn a_post_leaves_the_host_only_encrypted_and_signed() {
        for url in ["https://a.example/x", "http://127.0.0.1:9/x", "http://[::1]/x", "http://localhost/x"] {
            assert!(matches!(endpoint(url, SECRET), Ok(Some(_))), "{url}");
        }
        for url in ["http://a.example/", "http://10.0.0.1/", "http://127.0.0.1.example/", "ftp://127.0.0.1/"]
        {
            assert_eq!(endpoint(url, SECRET).err(), Some(AlertConfigError::NotHttps.into()), "{url}");
        }
        for url in ["alerts.example", "https://", "mailto:a@b"] {
            assert_eq!(endpoint(url, SECRET).err(), Some(AlertConfigError::Url.into()), "{url}");
        }
        assert_eq!(endpoint("https://a.example", "").err(), Some(AlertConfigError::NoSecret.into()));
        let short = format!("whsec_{}", BASE64.encode(&[1; 23]));
        for secret in ["x", "whsec_", "whsec_not base64", &short, &format!("{SECRET},x")] {
            assert_eq!(endpoint("https://a.example", secret).err(), Some(AlertConfigError::Secret.into()));
        }
        assert!(matches!(endpoint("", "nonsense"), Ok(None)), "nothing is asked of who posts nothing");
    }

    #[test]
    fn the_example_of_the_specifications_libraries_is_signed_as_there() {
        let endpoint = endpoint("https://a.example", SECRET).expect("it is valid").expect("it is set");
        let signature = endpoint.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp::from_unix(1_614_265_330),
            "{\"test\": 2432232314}",
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn neither_url_nor_secret_is_shown() {
        let url = "https://a.example/T0/key?token=hush";
        let given = ["x", "--alert-webhook-url", url, "--alert-webhook-secret", SECRET];
        let config = Program::parse_from(given).alerts;
        let endpoint = config.endpoint().expect("it is valid");
        let shown = format!("{config:?} {endpoint:?}");
        assert!(!shown.contains("hush") && !shown.contains("key") && !shown.contains("MfKQ"), "{shown}");
        assert!(shown.contains("a.example"), "{shown}");
    }
}
