//! Finding out the USDT wallet through providers that may lie.

use data_encoding::BASE64;
use rental_core::{GatewayError, Network};
use rental_ton::{Providers, TonAddress, USDT_MASTER, resolve_usdt_wallet, usdt_wallet};
use serde_json::json;
use tycho_types::boc::Boc;
use tycho_types::cell::{CellBuilder, HashBytes};
use tycho_types::models::{IntAddr, StdAddr};

use super::server::{Chain, Scripted, Server};
use super::{address, config};

const OWNER: &str = "UQANCZLrRHVnenvs31J26Y6vUcirln0-6zs_U18w93WaN2da";

/// A provider that answers `get_wallet_address` with `exit_code` and this address.
async fn provider(exit_code: i32, wallet: &TonAddress) -> (Server, String) {
    let raw = wallet.to_string();
    let id = data_encoding::HEXLOWER.decode(raw.trim_start_matches("0:").as_bytes()).expect("hex");
    let std = StdAddr::new(0, HashBytes(id.try_into().expect("32 bytes")));
    let cell = CellBuilder::build_from(IntAddr::Std(std)).expect("fits");
    let boc = BASE64.encode(&Boc::encode(cell));
    let result = json!({"gas_used": 1, "exit_code": exit_code, "stack": [["cell", {"bytes": boc}]]});
    let (server, url) = Server::start(Chain::default()).await;
    let body = json!({"ok": true, "result": result}).to_string();
    server.script(std::iter::repeat_n(Scripted::Body(200, body), 4));
    (server, url)
}

async fn resolve(network: Network, master: &TonAddress, urls: &[&str]) -> Result<TonAddress, GatewayError> {
    let configs = urls.iter().map(|url| rental_ton::ProviderConfig { network, ..config(url) });
    let providers = Providers::new(configs.collect()).expect("valid");
    resolve_usdt_wallet(&providers, network, master, &address(OWNER)).await
}

#[tokio::test]
async fn a_provider_that_names_another_wallet_for_the_real_usdt_is_refused() {
    let real = usdt_wallet(Network::Mainnet, &USDT_MASTER, &address(OWNER)).expect("known");
    let (_honest, honest) = provider(0, &real).await;
    assert_eq!(resolve(Network::Mainnet, &USDT_MASTER, &[&honest]).await, Ok(real));
    let (server, lying) = provider(0, &address(OWNER)).await;
    let refused = resolve(Network::Mainnet, &USDT_MASTER, &[&lying]).await;
    assert!(matches!(refused, Err(GatewayError::Unverified(_))), "{refused:?}");
    assert_eq!(server.requests()[0].method, "runGetMethod");
}

#[tokio::test]
async fn where_nothing_is_known_all_providers_have_to_agree() {
    let (master, one, other) = (address(OWNER), USDT_MASTER, address(OWNER));
    let (_a, first) = provider(0, &one).await;
    let (_b, second) = provider(0, &one).await;
    let (_c, third) = provider(0, &other).await;
    assert_eq!(resolve(Network::Testnet, &master, &[&first, &second]).await, Ok(one));
    let refused = resolve(Network::Testnet, &master, &[&first, &second, &third]).await;
    assert!(matches!(refused, Err(GatewayError::Unverified(_))), "{refused:?}");
}

#[tokio::test]
async fn a_master_that_is_none_is_refused_and_silence_is_no_answer() {
    let (_server, url) = provider(11, &USDT_MASTER).await;
    let refused = resolve(Network::Mainnet, &USDT_MASTER, &[&url]).await;
    assert!(matches!(refused, Err(GatewayError::Refused(_))), "{refused:?}");
    let nobody = resolve(Network::Mainnet, &USDT_MASTER, &["http://127.0.0.1:9/api/v2"]).await;
    assert!(matches!(nobody, Err(GatewayError::Unavailable(_))), "{nobody:?}");
}
