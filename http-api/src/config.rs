//! The program's settings.

use std::net::IpAddr;

use clap::Parser;
use rental_app::ShopConfig;

/// The REST interface of a shop that rents out +888 numbers.
#[derive(Debug, Parser)]
#[command(name = "http-api", version, about)]
pub(crate) struct Config {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "HTTP_BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) http_bind: String,

    /// Address for /metrics when they shall not be on the main one.
    #[arg(long, env = "METRICS_BIND", value_name = "ADDRESS")]
    pub(crate) metrics_bind: Option<String>,

    /// How this interface is reached from outside, for links; `http://` and the bound address when not given.
    #[arg(long, env = "PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Requests per minute for each API key, and for each address without one; so many at once, then evenly.
    #[arg(long, env = "RATE_LIMIT", default_value_t = 6000, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate_limit: u32,

    /// Addresses of proxies whose X-Forwarded-For is believed, separated by commas.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_name = "ADDRESS")]
    pub(crate) trusted_proxies: Vec<IpAddr>,

    /// Fill a sandbox shop with numbers, make an API key, and print how to try it.
    #[arg(long)]
    pub(crate) demo: bool,

    #[command(flatten)]
    pub(crate) shop: ShopConfig,
}

impl Config {
    /// The address for metrics, when they have their own.
    pub(crate) fn metrics_bind(&self) -> Option<&str> {
        self.metrics_bind.as_deref().filter(|address| !address.is_empty())
    }

    /// How this interface is reached from outside, without a slash at the end.
    ///
    /// # Errors
    /// A text when the setting is not an address of a web site.
    pub(crate) fn public_url(&self, bound: &str) -> Result<String, String> {
        match self.public_url.as_deref().filter(|url| !url.is_empty()) {
            None => Ok(bound.to_owned()),
            Some(url) => {
                let url = url.trim_end_matches('/');
                let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
                let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}?#".contains(c);
                match host {
                    Some(host) if !host.is_empty() && host.chars().all(plain) => Ok(url.to_owned()),
                    _ => Err(format!(
                        "PUBLIC_URL={url} is not a web address; write it as https://shop.example"
                    )),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_help_names_every_setting() {
        Config::command().debug_assert();
        let help = Config::command().render_long_help().to_string();
        for name in [
            "HTTP_BIND",
            "METRICS_BIND",
            "PUBLIC_URL",
            "RATE_LIMIT",
            "TRUSTED_PROXIES",
            "RENTAL_DB",
            "TON_PROVIDER",
        ] {
            assert!(help.contains(&format!("[env: {name}=")), "{name} in {help}");
        }
    }

    #[test]
    fn the_public_address_is_checked() {
        let url = |text: &str| Config::parse_from(["http-api", "--public-url", text]).public_url("http://b");
        assert_eq!(url("https://shop.example/"), Ok("https://shop.example".to_owned()));
        assert_eq!(url(""), Ok("http://b".to_owned()));
        for text in ["shop.example", "https://", "ftp://x", "https://a b", "https://a\"b"] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
