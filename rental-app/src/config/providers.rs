//! Settings of the chain's providers: lists whose entries belong together by their place.

use std::path::PathBuf;
use std::time::Duration;

use rental_core::Network;
use rental_ton::{ApiKey, ProviderConfig, ProviderKind};

use super::{ConfigError, Provider, ShopConfig, read_secret};

impl ShopConfig {
    /// Where payments are read from.
    ///
    /// # Errors
    /// [`ConfigError::Provider`].
    pub fn provider(&self) -> Result<Provider, ConfigError> {
        Ok(if self.ton_provider == "sandbox" {
            Provider::Sandbox
        } else {
            self.kinds().map(|_| Provider::Live)?
        })
    }

    fn kinds(&self) -> Result<Vec<ProviderKind>, ConfigError> {
        let named = self.ton_provider.split(',').map(|name| name.trim().parse());
        named.collect::<Result<_, _>>().map_err(|_| ConfigError::Provider(self.ton_provider.clone()))
    }

    /// How each provider is reached, the preferred one first; none in the sandbox.
    ///
    /// # Errors
    /// The [`ConfigError`] of the first setting that does not fit.
    pub fn providers(&self) -> Result<Vec<ProviderConfig>, ConfigError> {
        if self.provider()? == Provider::Sandbox {
            return Ok(Vec::new());
        }
        let (kinds, network) = (self.kinds()?, self.network()?);
        if !kinds.iter().any(|kind| kind.reads()) {
            return Err(ConfigError::NoReader);
        }
        let list = |name, list: &Option<String>| in_order(name, list.as_deref(), kinds.len());
        let urls = list("TON_API_URL", &self.ton_api_url)?;
        let tokens = list("TON_API_TOKEN", &self.ton_api_token)?;
        let files = list("TON_API_TOKEN_FILE", &self.ton_api_token_file)?;
        let rates = list("TON_API_RPS", &self.ton_api_rps)?;
        let mut providers = Vec::<ProviderConfig>::new();
        for (index, kind) in kinds.into_iter().enumerate() {
            let base_url = urls[index].clone();
            let place =
                |url: &Option<String>| url.as_deref().map(|url| url.trim_end_matches('/').to_lowercase());
            let same = |other: &ProviderConfig| place(&other.base_url) == place(&base_url);
            if providers.iter().any(|other| other.kind == kind && same(other)) {
                return Err(ConfigError::SameProvider(kind));
            }
            let file = files[index].as_ref().map(PathBuf::from);
            let token = read_secret("TON_API_TOKEN", tokens[index].as_deref(), file.as_deref())?;
            let key = file.map(ApiKey::File).or(token.map(ApiKey::Value));
            let mut provider = ProviderConfig::new(kind, network, base_url, key);
            if let Some(rate) = &rates[index] {
                let count = rate.parse().ok().filter(|count| (1..=1000).contains(count));
                let count: u32 = count.ok_or_else(|| ConfigError::Rate(rate.clone()))?;
                provider.pace = Duration::from_secs(1) / count;
            }
            providers.push(provider);
        }
        Ok(providers)
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
}

/// The entries of a list for `count` providers; empty ones, and those that are left out at the end, are absent.
fn in_order(
    name: &'static str,
    list: Option<&str>,
    count: usize,
) -> Result<Vec<Option<String>>, ConfigError> {
    let list = list.filter(|list| !list.trim().is_empty()).unwrap_or_default();
    let entries =
        list.split(',').map(|entry| Some(entry.trim().to_owned()).filter(|entry| !entry.is_empty()));
    let mut entries: Vec<_> = entries.collect();
    if entries.len() > count {
        return Err(ConfigError::TooMany(name));
    }
    entries.resize(count, None);
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::tests::parse;

    #[test]
    fn lists_belong_to_the_providers_in_their_order() {
        let config = parse(&[
            "--ton-provider",
            "toncenter,toncenter,tonapi",
            "--ton-api-url",
            ",http://second/api/v2",
            "--ton-api-token",
            ",,third",
            "--ton-api-rps",
            "20",
        ]);
        let providers = config.providers().expect("nothing is wrong");
        let urls: Vec<_> = providers.iter().map(|provider| provider.base_url.as_deref()).collect();
        assert_eq!(urls, [None, Some("http://second/api/v2"), None]);
        let keyed: Vec<_> = providers.iter().map(|provider| provider.key.is_some()).collect();
        assert_eq!(keyed, [false, false, true]);
        assert_eq!(providers[0].pace, Duration::from_millis(50));
        assert!(parse(&[]).providers().expect("the sandbox").is_empty());
    }
}
