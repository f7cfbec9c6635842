//! Whose a number is, asked of the number's own NFT contract.
//!
//! Two get methods say it. `get_nft_data` names the owner, and the answer counts only when it is that of an initialised
//! item of the right collection with the number's own index (TEP-62). `get_telemint_auction_state` says whether the item is
//! being sold; it fails with the exit code 219 when it is not. Both are needed: an auction that was won changes the
//! owner only when somebody touches the contract, until then the seller is still named.
//!
//! The item's address is derived for the real collection, whose code is known. Another collection (`NUMBER_COLLECTION`) may
//! share another code among its items; so it is asked, at each provider, which contract speaks for a number.
//!
//! With several providers all are asked, and answers that do not agree on whether the number is the operator's are no
//! answer.

use std::sync::Arc;

use async_trait::async_trait;
use rental_core::{ChainCursor, GatewayError, Network, NumberRegistry, Ownership, PhoneNumber};
use tycho_types::cell::Load;
use tycho_types::models::IntAddr;

use crate::item::{index, item_address};
use crate::{MethodResult, NUMBERS, Provider, Providers, StackValue, TonAddress};

/// The exit code of a contract that is not being sold.
const NO_AUCTION: i32 = 219;
/// The exit codes with which servers answer for an account that has no code.
const NO_CODE: [i32; 3] = [-13, -14, -256];

/// Asks the chain whose numbers are.
#[derive(Debug)]
pub struct TonRegistry {
    network: Network,
    collection: Option<TonAddress>,
    wallets: Vec<TonAddress>,
    providers: Arc<Providers>,
}

impl TonRegistry {
    /// A registry of the numbers in `collection`; what belongs to one of `wallets` is the operator's. Sends nothing yet.
    pub fn new(
        network: Network,
        collection: Option<TonAddress>,
        wallets: Vec<TonAddress>,
        providers: Arc<Providers>,
    ) -> Self {
        Self { network, collection, wallets, providers }
    }

    async fn ask(
        &self,
        provider: &Provider,
        number: PhoneNumber,
        collection: &TonAddress,
    ) -> Result<Ownership, GatewayError> {
        let item = self.find_item(provider, number, collection).await?;
        let data = match provider.run_get_method(&item, "get_nft_data", &[]).await {
            Ok(data) if data.exit_code == 0 => data,
            // For an account that does not exist some servers answer with an exit code, and some with an error.
            other => {
                let no_code = other.as_ref().is_ok_and(|data| NO_CODE.contains(&data.exit_code));
                let nowhere = no_code || provider.head(&item).await?.cursor == ChainCursor::START;
                return match other {
                    _ if nowhere => Ok(Ownership::NotMinted),
                    Ok(data) => Err(unverified(&format!("get_nft_data ended with {}", data.exit_code))),
                    Err(error) => Err(error),
                };
            }
        };
        let Standing::Initialised { owner } = standing(&data, &index(number), collection)? else {
            return Ok(Ownership::NotMinted);
        };
        let auction = provider.run_get_method(&item, "get_telemint_auction_state", &[]).await?;
        match auction.exit_code {
            NO_AUCTION => Ok(self.owned_by(owner)),
            0 => Ok(Ownership::Auction { bidder: bidder(&auction)?.map(|bidder| bidder.to_string()) }),
            code => Err(unverified(&format!("get_telemint_auction_state ended with {code}"))),
        }
    }

    /// The contract that speaks for `number`.
    async fn find_item(
        &self,
        provider: &Provider,
        number: PhoneNumber,
        collection: &TonAddress,
    ) -> Result<TonAddress, GatewayError> {
        if *collection == NUMBERS {
            return Ok(item_address(number, collection));
        }
        let argument = StackValue::Number { negative: false, magnitude: index(number) };
        let answer = provider.run_get_method(collection, "get_nft_address_by_index", &[argument]).await?;
        if answer.exit_code != 0 {
            return Err(GatewayError::Refused(format!(
                "{collection} is no collection of NFTs (exit code {}); check NUMBER_COLLECTION",
                answer.exit_code
            )));
        }
        answer
            .stack
            .first()
            .map(address)
            .transpose()?
            .flatten()
            .ok_or_else(|| unverified("the collection does not say which contract it is"))
    }

    fn owned_by(&self, owner: Option<TonAddress>) -> Ownership {
        match owner {
            Some(owner) if self.wallets.contains(&owner) => Ownership::Ours { wallet: owner.to_string() },
            owner => Ownership::Foreign { owner: owner.map(|owner| owner.to_string()) },
        }
    }
}

#[async_trait]
impl NumberRegistry for TonRegistry {
    fn item(&self, number: PhoneNumber) -> Option<String> {
        let real = self.collection.filter(|collection| *collection == NUMBERS)?;
        Some(item_address(number, &real).bounceable(self.network))
    }

    async fn ownership(&self, number: PhoneNumber) -> Result<Ownership, GatewayError> {
        let Some(collection) = &self.collection else {
            let text =
                "which collection holds the numbers is not known on this network; set NUMBER_COLLECTION";
            return Err(GatewayError::Refused(text.to_owned()));
        };
        let (mut found, mut first_error) = (None::<Ownership>, None);
        for provider in self.providers.readers() {
            match self.ask(provider, number, collection).await {
                Ok(answer) => match &found {
                    Some(other) if other.is_ours() != answer.is_ours() => {
                        let text = format!("one says {} and another {}", other.name(), answer.name());
                        return Err(GatewayError::Unverified(format!("the providers disagree: {text}")));
                    }
                    Some(_) => {}
                    None => found = Some(answer),
                },
                Err(error) => {
                    tracing::warn!(provider = provider.name(), %error, "whose a number is was not answered");
                    first_error.get_or_insert(error);
                }
            }
        }
        found.ok_or_else(|| {
            first_error.unwrap_or_else(|| GatewayError::Unavailable("there is no provider to ask".to_owned()))
        })
    }
}

fn unverified(what: &str) -> GatewayError {
    GatewayError::Unverified(format!("the answer about a number's NFT cannot be used: {what}"))
}

/// What `get_nft_data` says of an item.
enum Standing {
    /// It is not initialised yet.
    Empty,
    /// It belongs to somebody, or to nobody.
    Initialised { owner: Option<TonAddress> },
}

/// What `get_nft_data` says. An answer of another contract is an error.
fn standing(
    data: &MethodResult,
    index: &[u8; 32],
    collection: &TonAddress,
) -> Result<Standing, GatewayError> {
    let [init, own_index, own_collection, owner, ..] = data.stack.as_slice() else {
        return Err(unverified("it has too few values"));
    };
    match init.as_i64() {
        Some(-1) => {}
        Some(0) => return Ok(Standing::Empty),
        _ => return Err(unverified("it does not say whether the item is initialised")),
    }
    if own_index.as_bytes().as_ref() != Some(index) {
        return Err(unverified("it is of another item"));
    }
    if address(own_collection)? != Some(*collection) {
        return Err(unverified("it is of another collection"));
    }
    Ok(Standing::Initialised { owner: address(owner)? })
}

/// Who bids most, as `get_telemint_auction_state` says.
fn bidder(auction: &MethodResult) -> Result<Option<TonAddress>, GatewayError> {
    match auction.stack.first() {
        Some(bidder) => address(bidder),
        None => Err(unverified("the auction has no state")),
    }
}

/// An address on the stack; nothing, or the address of nobody, is `None`.
fn address(value: &StackValue) -> Result<Option<TonAddress>, GatewayError> {
    if *value == StackValue::Null {
        return Ok(None);
    }
    let strange = || unverified("an address cannot be read");
    let mut slice = value.as_cell().ok_or_else(strange)?.as_slice().map_err(|_| strange())?;
    if slice.get_small_uint(0, 2).map_err(|_| strange())? == 0 {
        return Ok(None);
    }
    match IntAddr::load_from(&mut slice) {
        Ok(IntAddr::Std(std)) if std.anycast.is_none() => {
            Ok(Some(TonAddress::new(std.workchain, std.address.0)))
        }
        _ => Err(strange()),
    }
}
