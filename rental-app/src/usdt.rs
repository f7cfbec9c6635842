//! Taking USDT: finding the shop's own USDT wallet once, and reading its chain from then on.

use std::sync::Arc;

use rental_core::{
    Actor, ChainCursor, Command, Currency, GatewayError, PaymentGateway, Rentals, Request, ServiceError,
    UsdtWallet,
};
use rental_ton::{
    AddressError, TonAddress, TonGateway, USDT_MASTER, Watched, resolve_usdt_wallet, usdt_wallet,
};

use crate::{App, ShopConfig, WorkerError};

/// Why USDT cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum UsdtError {
    /// The master is not an address.
    #[error("USDT_MASTER cannot be used: {0}")]
    Master(AddressError),
    /// There is no well-known master there.
    #[error("USDT=on needs USDT_MASTER except on mainnet: there is no official USDT on other networks")]
    NoMaster,
    /// The wallet could not be found out, or its chain not be read.
    #[error("USDT cannot be taken yet: {0}; start again later, or set USDT=off")]
    Gateway(#[from] GatewayError),
}

/// The shop's USDT wallet.
struct Found {
    master: TonAddress,
    wallet: TonAddress,
}

impl App {
    /// Reads the chain on which USDT arrives; nothing as long as the shop has never taken any.
    ///
    /// # Errors
    /// [`ServiceError`] when the shop cannot be asked.
    pub async fn usdt_gateway(&self) -> Result<Option<Arc<dyn PaymentGateway>>, ServiceError> {
        let shop = self.service.shop().await?.shop;
        Ok(shop.usdt.as_ref().and_then(|usdt| self.reader(usdt)))
    }

    /// Asks the providers whether the master still names the pinned USDT wallet as the shop's; `false` when there is nothing
    /// to ask about. New tokens would come to another wallet if the issuer ever exchanged the code of its wallets.
    ///
    /// # Errors
    /// [`GatewayError::Unverified`] in [`WorkerError`] when a provider names another wallet; other errors say that it
    /// could not be asked.
    pub async fn confirm_usdt_wallet(&self) -> Result<bool, WorkerError> {
        let pinned = self.service.shop().await?.shop.usdt;
        let (Some(pinned), Some(providers)) = (pinned, &self.providers) else { return Ok(false) };
        let shop = self.gateway.wallet();
        let parse = |text: &str| TonAddress::parse(text, shop.network);
        let (Ok(master), Ok(owner)) = (parse(&pinned.master), parse(&shop.address)) else { return Ok(false) };
        let named = resolve_usdt_wallet(providers, shop.network, &master, &owner).await?;
        if named.to_string() == pinned.wallet {
            return Ok(true);
        }
        let text =
            format!("the USDT wallet is {} for this shop, and {named} for the provider", pinned.wallet);
        Err(GatewayError::Unverified(text).into())
    }

    /// Reads the chain of a pinned wallet. What is pinned was an address when it was pinned.
    fn reader(&self, usdt: &UsdtWallet) -> Option<Arc<dyn PaymentGateway>> {
        if let Some(sandbox) = &self.sandbox {
            return Some(Arc::new(sandbox.chain.of(Currency::Usdt)));
        }
        let shop = self.gateway.wallet();
        let owner = TonAddress::parse(&shop.address, shop.network).ok()?;
        let wallet = TonAddress::parse(&usdt.wallet, shop.network).ok()?;
        let (providers, clock) = (Arc::clone(self.providers.as_ref()?), Arc::clone(&self.clock));
        let watched = Watched::Usdt { wallet, owner };
        let gateway = TonGateway::new(shop.network, watched, providers, clock);
        Some(Arc::new(gateway.owned_by(self.owners.clone())))
    }

    /// Takes USDT or takes none any more, as the configuration says; leaves the shop alone when it says nothing.
    pub(crate) async fn settle_usdt(&self, config: &ShopConfig) -> Result<(), crate::OpenError> {
        let pinned = self.service.shop().await?.shop.usdt;
        let new_sandbox = self.sandbox.is_some() && pinned.is_none();
        let command = match config.usdt {
            None if !new_sandbox => return Ok(()),
            Some(false) => Command::RefuseUsdt,
            None | Some(true) => self.accept_usdt(config, pinned.as_ref()).await?,
        };
        self.service.execute(Request::new(Actor::System, command)).await?;
        Ok(())
    }

    async fn accept_usdt(
        &self,
        config: &ShopConfig,
        pinned: Option<&UsdtWallet>,
    ) -> Result<Command, UsdtError> {
        let Found { master, wallet } = self.find_usdt_wallet(config, pinned).await?;
        let (master, wallet) = (master.to_string(), wallet.to_string());
        let chain_start = match (pinned, config.ton_start_lt) {
            (Some(pinned), _) => pinned.chain_start,
            (None, Some(lt)) => ChainCursor { lt, hash: None },
            (None, None) => {
                let new = UsdtWallet {
                    master: master.clone(),
                    wallet: wallet.clone(),
                    chain_start: ChainCursor::START,
                    accepted: true,
                };
                match self.reader(&new) {
                    Some(reader) => reader.head().await?.cursor,
                    None => ChainCursor::START,
                }
            }
        };
        Ok(Command::AcceptUsdt { master, wallet, chain_start })
    }

    /// The USDT wallet: the pinned one; for a shop that has none, the one that is computed where that is possible and
    /// that the providers confirm. An answer that contradicts what is known is refused.
    async fn find_usdt_wallet(
        &self,
        config: &ShopConfig,
        pinned: Option<&UsdtWallet>,
    ) -> Result<Found, UsdtError> {
        if let Some(sandbox) = &self.sandbox {
            let (master, wallet) = sandbox.chain.usdt();
            return Ok(Found { master, wallet });
        }
        let shop = self.gateway.wallet();
        let master = match config.usdt_master.as_deref().filter(|master| !master.is_empty()) {
            Some(master) => TonAddress::parse(master, shop.network).map_err(UsdtError::Master)?,
            None if shop.network == rental_core::Network::Mainnet => USDT_MASTER,
            None => return Err(UsdtError::NoMaster),
        };
        let owner = TonAddress::parse(&shop.address, shop.network).map_err(UsdtError::Master)?;
        // What is pinned is not asked for again: the books belong to it.
        if let Some(pinned) = pinned.filter(|pinned| pinned.master == master.to_string()) {
            let known = usdt_wallet(shop.network, &master, &owner);
            let pinned = TonAddress::parse(&pinned.wallet, shop.network).map_err(UsdtError::Master)?;
            return Ok(Found { master, wallet: known.unwrap_or(pinned) });
        }
        let known = usdt_wallet(shop.network, &master, &owner);
        let asked = match &self.providers {
            Some(providers) => resolve_usdt_wallet(providers, shop.network, &master, &owner).await,
            None => Err(GatewayError::Unavailable("there is no provider to ask".to_owned())),
        };
        match (asked, known) {
            (Ok(wallet), _) => Ok(Found { master, wallet }),
            (Err(error @ GatewayError::Unverified(_)), _) | (Err(error), None) => Err(error.into()),
            (Err(error), Some(wallet)) => {
                tracing::warn!(%error, %wallet, "no provider could confirm the USDT wallet, which was computed");
                Ok(Found { master, wallet })
            }
        }
    }
}
