//! Whose a number is, asked of servers that answer as the real ones do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64, HEXLOWER};
use rental_core::{GatewayError, Network, NumberRegistry, Ownership, PhoneNumber};
use rental_ton::{NUMBERS, ProviderConfig, ProviderKind, Providers, TonAddress, TonRegistry, item_address};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tycho_types::boc::Boc;
use tycho_types::cell::{Cell, CellBuilder, CellFamily, HashBytes, Store};
use tycho_types::models::StdAddr;

const OPERATOR: &str = "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY";
/// Another collection, with items of another code, on which 8880 0001 111 lives at an address of its own.
const OTHER: &str = "EQDmAEpeM1U-IEU-Qf8VX5wGOaxO8WXtJOEfkVg0F_pZEsPc";
const OTHER_ITEM: &str = "EQDQHvBcw7Y_cxWmmiya2mTnaqcRKM-eydyB_67vQGmjBF52";
const INDEX: &str = "73436834376558948613217883559094875954009698588780068161156220748788217530823";
const EVE: &str = "EQAW-Sc1U0A1hcMXkSTz9GATYjT4I3jV54kokTF1pBVf4De1";

fn number() -> PhoneNumber {
    "+888 0682 5795".parse().expect("a number")
}

fn account(text: &str) -> TonAddress {
    TonAddress::parse(text, Network::Mainnet).expect("an address")
}

/// The address as a cell; nobody's for `None`.
fn cell(address: Option<&str>) -> Cell {
    let mut builder = CellBuilder::new();
    match address {
        None => builder.store_zeros(2).expect("two bits"),
        Some(text) => {
            let raw = account(text).to_string();
            let id = HEXLOWER.decode(&raw.as_bytes()[2..]).expect("hex");
            let id = HashBytes(id.try_into().expect("32 bytes"));
            StdAddr::new(0, id).store_into(&mut builder, Cell::empty_context()).expect("an address");
        }
    }
    builder.build().expect("a cell")
}

/// What the item's contract says, as a server shall tell it.
#[derive(Debug, Clone)]
struct Item {
    exit_code: i32,
    init: &'static str,
    index: String,
    collection: Option<String>,
    owner: Option<&'static str>,
    auction_exit: i32,
    bidder: Option<&'static str>,
    /// Where the collection says that it is, when it is a collection.
    address: Option<&'static str>,
}

/// An item in the hands of `owner`, not for sale.
fn owned(owner: &'static str) -> Item {
    Item {
        exit_code: 0,
        init: "-0x1",
        index: format!("0x{}", HEXLOWER.encode(&Sha256::digest("88806825795"))),
        collection: Some(NUMBERS.to_string()),
        owner: Some(owner),
        auction_exit: 219,
        bidder: None,
        address: None,
    }
}

/// How a server writes a stack.
#[derive(Debug, Clone, Copy)]
enum Dialect {
    Python,
    Cpp,
    Tonapi,
}

impl Dialect {
    fn number(self, hex: &str) -> Value {
        match self {
            Self::Python | Self::Cpp => json!(["num", hex]),
            Self::Tonapi => json!({"type": "num", "num": hex}),
        }
    }

    fn slice(self, cell: &Cell) -> Value {
        let boc = Boc::encode(cell);
        match self {
            Self::Python => json!(["cell", {"bytes": BASE64.encode(&boc), "object": {"special": false}}]),
            Self::Cpp => json!(["slice", {"bytes": BASE64.encode(&boc)}]),
            Self::Tonapi => json!({"type": "cell", "cell": HEXLOWER.encode(&boc)}),
        }
    }

    fn answer(self, exit_code: i32, stack: &[Value]) -> Value {
        match self {
            Self::Python | Self::Cpp => {
                let result =
                    json!({"@type": "smc.runResult", "gas_used": 1, "exit_code": exit_code, "stack": stack});
                json!({"ok": true, "result": result})
            }
            Self::Tonapi => json!({"success": exit_code == 0, "exit_code": exit_code, "stack": stack}),
        }
    }

    fn run(self, item: &Item, method: &str) -> Value {
        if method == "get_nft_address_by_index" {
            return match item.address {
                Some(address) => self.answer(0, &[self.slice(&cell(Some(address)))]),
                None => self.answer(11, &[self.number("0x0")]),
            };
        }
        if method == "get_nft_data" {
            if item.exit_code != 0 {
                return self.answer(item.exit_code, &[]);
            }
            let stack = [
                self.number(item.init),
                self.number(&item.index),
                self.slice(&cell(item.collection.as_deref())),
                self.slice(&cell(item.owner)),
                self.slice(&cell(None)),
            ];
            return self.answer(0, &stack);
        }
        assert_eq!(method, "get_telemint_auction_state");
        if item.auction_exit != 0 {
            return self.answer(item.auction_exit, &[self.number("0x0")]);
        }
        let rest = ["0x12a05f200", "0x69576980", "0x165a0bc00", "0x69577790"].map(|hex| self.number(hex));
        let stack: Vec<_> = [self.slice(&cell(item.bidder))].into_iter().chain(rest).collect();
        self.answer(0, &stack)
    }
}

type Asked = Arc<Mutex<Vec<String>>>;

/// What the server's answers are made of.
type Shared = (Dialect, Item, Asked);

async fn toncenter(State((dialect, item, asked)): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let text = |name: &str| body[name].as_str().expect("a text").to_owned();
    if text("method") == "get_nft_address_by_index" {
        // SHA-256 of the digits, in decimal.
        assert_eq!(body["stack"], json!([["num", INDEX]]));
    }
    asked.lock().expect("no test panics here").push(text("address"));
    Json(dialect.run(&item, &text("method")))
}

async fn information(State(_): State<Shared>) -> Json<Value> {
    let id = json!({"lt": "7", "hash": BASE64.encode(&[1; 32])});
    Json(json!({"ok": true, "result": {"last_transaction_id": id, "sync_utime": 1_800_000_000}}))
}

async fn tonapi(
    State((dialect, item, asked)): State<Shared>,
    Path(path): Path<HashMap<String, String>>,
) -> Json<Value> {
    asked.lock().expect("no test panics here").push(path["account"].clone());
    Json(dialect.run(&item, &path["method"]))
}

/// A server for one item, and the accounts that it was asked about.
async fn serve(dialect: Dialect, item: Item) -> (String, Asked) {
    let asked = Asked::default();
    let state = (dialect, item, Arc::clone(&asked));
    let router = Router::new()
        .route("/runGetMethod", post(toncenter))
        .route("/getAddressInformation", get(information))
        .route("/v2/blockchain/accounts/{account}/methods/{method}", get(tonapi).post(tonapi))
        .with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    (url, asked)
}

fn registry(providers: Vec<(ProviderKind, String)>) -> TonRegistry {
    let config = |(kind, url)| ProviderConfig {
        retries: 0,
        ..ProviderConfig::new(kind, Network::Mainnet, Some(url), None)
    };
    let providers = Providers::new(providers.into_iter().map(config).collect()).expect("providers");
    TonRegistry::new(Network::Mainnet, Some(NUMBERS), vec![account(OPERATOR)], Arc::new(providers))
}

async fn ask(dialect: Dialect, item: Item) -> Result<Ownership, GatewayError> {
    let (url, asked) = serve(dialect, item).await;
    let kind = match dialect {
        Dialect::Python | Dialect::Cpp => ProviderKind::Toncenter,
        Dialect::Tonapi => ProviderKind::Tonapi,
    };
    let answer = registry(vec![(kind, url)]).ownership(number()).await;
    let own = item_address(number(), &NUMBERS).to_string();
    for account in asked.lock().expect("no test panics here").iter() {
        assert_eq!(*account, own, "only the number's own contract is asked");
    }
    answer
}

#[tokio::test]
async fn every_standing_is_told_by_every_server() {
    let raw = |text: &str| account(text).to_string();
    for dialect in [Dialect::Python, Dialect::Cpp, Dialect::Tonapi] {
        let ours = Ownership::Ours { wallet: raw(OPERATOR) };
        assert_eq!(ask(dialect, owned(OPERATOR)).await, Ok(ours), "{dialect:?}");
        let foreign = Ownership::Foreign { owner: Some(raw(EVE)) };
        assert_eq!(ask(dialect, owned(EVE)).await, Ok(foreign));
        let nobody = Item { owner: None, ..owned(EVE) };
        assert_eq!(ask(dialect, nobody).await, Ok(Ownership::Foreign { owner: None }));
        let for_sale = Item { auction_exit: 0, ..owned(OPERATOR) };
        assert_eq!(ask(dialect, for_sale.clone()).await, Ok(Ownership::Auction { bidder: None }));
        // Also when the auction is over: the owner changes only when somebody touches the contract.
        let sold = Item { bidder: Some(EVE), ..for_sale };
        assert_eq!(ask(dialect, sold).await, Ok(Ownership::Auction { bidder: Some(raw(EVE)) }));
        for exit_code in [-13, -14, -256] {
            let absent = Item { exit_code, ..owned(OPERATOR) };
            assert_eq!(ask(dialect, absent).await, Ok(Ownership::NotMinted));
        }
        let empty = Item { init: "0x0", ..owned(OPERATOR) };
        assert_eq!(ask(dialect, empty).await, Ok(Ownership::NotMinted));
    }
}

#[tokio::test]
async fn an_answer_that_is_not_about_the_number_is_none() {
    let other_index = format!("0x{}", HEXLOWER.encode(&Sha256::digest("88806825796")));
    for item in [
        Item { index: other_index, ..owned(OPERATOR) },
        Item { collection: Some(account(EVE).to_string()), ..owned(OPERATOR) },
        Item { collection: None, ..owned(OPERATOR) },
        Item { init: "0x1", ..owned(OPERATOR) },
        Item { exit_code: 11, ..owned(OPERATOR) },
        Item { auction_exit: 11, ..owned(OPERATOR) },
    ] {
        let answer = ask(Dialect::Python, item.clone()).await;
        assert!(matches!(answer, Err(GatewayError::Unverified(_))), "{item:?}: {answer:?}");
    }
}

#[tokio::test]
async fn providers_that_disagree_say_nothing_and_one_that_is_down_does_not_matter() {
    let (honest, _) = serve(Dialect::Python, owned(EVE)).await;
    let (lying, _) = serve(Dialect::Tonapi, owned(OPERATOR)).await;
    let both = vec![(ProviderKind::Toncenter, honest.clone()), (ProviderKind::Tonapi, lying)];
    let answer = registry(both).ownership(number()).await;
    assert!(matches!(answer, Err(GatewayError::Unverified(_))), "{answer:?}");

    let down = "http://127.0.0.1:9".to_owned();
    let one_down = vec![(ProviderKind::Tonapi, down.clone()), (ProviderKind::Toncenter, honest)];
    let answer = registry(one_down).ownership(number()).await;
    assert_eq!(answer, Ok(Ownership::Foreign { owner: Some(account(EVE).to_string()) }));
    let answer = registry(vec![(ProviderKind::Toncenter, down)]).ownership(number()).await;
    assert!(matches!(answer, Err(GatewayError::Unavailable(_))), "{answer:?}");
}

/// The item of `+888 0000 1111` in the other collection.
fn of_another_collection() -> Item {
    Item {
        index: format!("0x{}", HEXLOWER.encode(&Sha256::digest("88800001111"))),
        collection: Some(account(OTHER).to_string()),
        address: Some(OTHER_ITEM),
        ..owned(OPERATOR)
    }
}

fn registry_of(collection: &str, kind: ProviderKind, url: String) -> TonRegistry {
    let config =
        ProviderConfig { retries: 0, ..ProviderConfig::new(kind, Network::Mainnet, Some(url), None) };
    let providers = Arc::new(Providers::new(vec![config]).expect("a provider"));
    TonRegistry::new(Network::Mainnet, Some(account(collection)), vec![account(OPERATOR)], providers)
}

#[tokio::test]
async fn another_collection_says_itself_where_its_items_are() {
    let number: PhoneNumber = "+888 0000 1111".parse().expect("a number");
    let both = [(Dialect::Python, ProviderKind::Toncenter), (Dialect::Tonapi, ProviderKind::Tonapi)];
    for (dialect, kind) in both {
        let (url, asked) = serve(dialect, of_another_collection()).await;
        let registry = registry_of(OTHER, kind, url);
        let ours = Ownership::Ours { wallet: account(OPERATOR).to_string() };
        assert_eq!(registry.ownership(number).await, Ok(ours), "{dialect:?}");
        let places: Vec<_> = asked.lock().expect("no test panics here").clone();
        let [collection, item] = [OTHER, OTHER_ITEM].map(|text| account(text).to_string());
        assert_eq!(places, [collection, item.clone(), item], "{dialect:?}");
        assert_eq!(registry.item(number), None, "it cannot be derived");

        let (url, _) = serve(dialect, Item { address: None, ..of_another_collection() }).await;
        let refused = registry_of(OTHER, kind, url).ownership(number).await;
        assert!(matches!(&refused, Err(GatewayError::Refused(why)) if why.contains("NUMBER_COLLECTION")));
    }
}

#[tokio::test]
async fn an_item_that_a_server_cannot_find_is_not_minted() {
    let absent =
        json!({"last_transaction_id": {"lt": "0", "hash": BASE64.encode(&[0; 32])}, "sync_utime": 1});
    let existing =
        json!({"last_transaction_id": {"lt": "7", "hash": BASE64.encode(&[1; 32])}, "sync_utime": 1});
    for (account, minted) in [(absent, false), (existing, true)] {
        let information = Json(json!({"ok": true, "result": account}));
        let failure = Json(json!({"ok": false, "error": "LITE_SERVER_UNKNOWN: no code", "code": 500}));
        let router = Router::new()
            .route("/runGetMethod", post(async || failure))
            .route("/getAddressInformation", get(async || information));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let answer = registry(vec![(ProviderKind::Toncenter, url)]).ownership(number()).await;
        if minted {
            assert!(matches!(answer, Err(GatewayError::Unavailable(_))), "{answer:?}");
        } else {
            assert_eq!(answer, Ok(Ownership::NotMinted));
        }
    }
}

#[tokio::test]
async fn without_a_collection_nothing_is_asked() {
    let (url, asked) = serve(Dialect::Python, owned(OPERATOR)).await;
    let config = ProviderConfig::new(ProviderKind::Toncenter, Network::Testnet, Some(url), None);
    let providers = Arc::new(Providers::new(vec![config]).expect("a provider"));
    let registry = TonRegistry::new(Network::Testnet, None, vec![], providers);
    assert_eq!(registry.item(number()), None);
    assert!(matches!(registry.ownership(number()).await, Err(GatewayError::Refused(_))));
    assert!(asked.lock().expect("no test panics here").is_empty());
}
