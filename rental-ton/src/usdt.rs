//! Where a shop's USDT lies: the jetton wallet that belongs to its deposit wallet.
//!
//! A jetton wallet's address is the hash of its code and its first data: the owner, the master, nothing yet. The code of
//! the real USDT is known, so there the address is computed here and nobody has to be believed; a master that answers
//! something else is refused. For another master (there is no official one on the test network) every provider is asked
//! what `get_wallet_address` of the master answers, and all have to agree. Either way the shop pins the address.

use rental_core::{GatewayError, Network};
use tycho_types::cell::{Cell, CellBuilder, CellFamily, HashBytes, Store};
use tycho_types::error::Error;
use tycho_types::models::{IntAddr, StateInit, StdAddr};
use tycho_types::num::Tokens;

use crate::{Provider, Providers, StackValue, TonAddress};

/// The master contract of Tether's USDT on the main network.
pub const USDT_MASTER: TonAddress = TonAddress::new(
    0,
    [
        0xb1, 0x13, 0xa9, 0x94, 0xb5, 0x02, 0x4a, 0x16, 0x71, 0x9f, 0x69, 0x13, 0x93, 0x28, 0xeb, 0x75, 0x95,
        0x96, 0xc3, 0x8a, 0x25, 0xf5, 0x90, 0x28, 0xb1, 0x46, 0xfe, 0xcd, 0xc3, 0x62, 0x1d, 0xfe,
    ],
);

/// The hash of the code of its wallets (`ton-blockchain/stablecoin-contract`), which each wallet names as a library.
const WALLET_CODE: [u8; 32] = [
    0x8f, 0x45, 0x2d, 0x7a, 0x4d, 0xfd, 0x74, 0x06, 0x6b, 0x68, 0x23, 0x65, 0x17, 0x72, 0x59, 0xed, 0x05,
    0x73, 0x44, 0x35, 0xbe, 0x76, 0xb5, 0xfd, 0x4b, 0xd5, 0xd8, 0xaf, 0x2b, 0x7c, 0x3d, 0x68,
];
/// The type of a cell that names a library.
const LIBRARY_CELL: u8 = 2;

/// The USDT wallet of `owner`, where it can be computed: for the real master on the main network.
///
/// # Panics
/// Never: what is stored fits into the cells.
pub fn usdt_wallet(network: Network, master: &TonAddress, owner: &TonAddress) -> Option<TonAddress> {
    let known = network == Network::Mainnet && *master == USDT_MASTER;
    known.then(|| computed(master, owner).expect("two addresses and a hash fit their cells"))
}

fn computed(master: &TonAddress, owner: &TonAddress) -> Result<TonAddress, Error> {
    let context = Cell::empty_context();
    let mut code = CellBuilder::new();
    code.set_exotic(true);
    code.store_u8(LIBRARY_CELL)?;
    code.store_u256(&HashBytes(WALLET_CODE))?;
    let mut data = CellBuilder::new();
    data.store_zeros(4)?; // not locked
    Tokens::ZERO.store_into(&mut data, context)?;
    std_address(owner).store_into(&mut data, context)?;
    std_address(master).store_into(&mut data, context)?;
    let state = StateInit { code: Some(code.build()?), data: Some(data.build()?), ..StateInit::default() };
    let hash = CellBuilder::build_from(state)?.repr_hash().0;
    Ok(TonAddress::new(0, hash))
}

fn std_address(address: &TonAddress) -> IntAddr {
    StdAddr::new(address.workchain(), HashBytes(*address.id())).into()
}

/// Asks every provider for the jetton wallet of `owner` and answers it when all that answer agree.
///
/// # Errors
/// [`GatewayError::Unverified`] when they do not agree, or one contradicts what is known of the real USDT;
/// [`GatewayError::Refused`] when `master` is no jetton's master; what the first provider answered when none does.
///
/// # Panics
/// Never: an address fits into a cell.
pub async fn resolve_usdt_wallet(
    providers: &Providers,
    network: Network,
    master: &TonAddress,
    owner: &TonAddress,
) -> Result<TonAddress, GatewayError> {
    let mut agreed = usdt_wallet(network, master, owner);
    let (mut answered, mut first_error) = (false, None);
    for provider in providers.readers() {
        match ask(provider, master, owner).await {
            Ok(wallet) if agreed.is_some_and(|agreed| agreed != wallet) => {
                return Err(GatewayError::Unverified(format!(
                    "{} says that the USDT wallet is {wallet}, which it is not",
                    provider.name()
                )));
            }
            Ok(wallet) => (agreed, answered) = (Some(wallet), true),
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    match (agreed, first_error) {
        (Some(wallet), _) if answered => Ok(wallet),
        (_, Some(error)) => Err(error),
        _ => Err(GatewayError::Unavailable("there is no provider to ask".to_owned())),
    }
}

/// What `get_wallet_address` of the master answers at one provider (TEP-74).
async fn ask(
    provider: &Provider,
    master: &TonAddress,
    owner: &TonAddress,
) -> Result<TonAddress, GatewayError> {
    let argument = CellBuilder::build_from(std_address(owner)).expect("an address fits into a cell");
    let answer =
        provider.run_get_method(master, "get_wallet_address", &[StackValue::Slice(argument)]).await?;
    if answer.exit_code != 0 {
        return Err(GatewayError::Refused(format!(
            "{master} is not the master of a jetton (exit code {}); check USDT_MASTER",
            answer.exit_code
        )));
    }
    let wallet =
        answer.stack.first().and_then(StackValue::as_cell).and_then(|cell| cell.parse::<IntAddr>().ok());
    match wallet {
        Some(IntAddr::Std(wallet)) if wallet.anycast.is_none() => {
            Ok(TonAddress::new(wallet.workchain, wallet.address.0))
        }
        _ => Err(GatewayError::Unverified(format!("{master} answers no address for the USDT wallet"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> TonAddress {
        TonAddress::parse(text, Network::Mainnet).expect("an address")
    }

    #[test]
    fn the_real_wallet_of_an_owner_is_computed() {
        let owner = address("UQANCZLrRHVnenvs31J26Y6vUcirln0-6zs_U18w93WaN2da");
        let wallet = address("EQAXgYVGR0rl2az6qPJcPlxFyiNKPCQckoI2ZXaGxLnWJDja");
        assert_eq!(usdt_wallet(Network::Mainnet, &USDT_MASTER, &owner), Some(wallet));
        assert_eq!(
            USDT_MASTER.bounceable(Network::Mainnet),
            "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"
        );
        assert_eq!(
            usdt_wallet(Network::Mainnet, &wallet, &owner),
            None,
            "another master's code is not known"
        );
        assert_eq!(usdt_wallet(Network::Testnet, &USDT_MASTER, &owner), None);
    }
}
