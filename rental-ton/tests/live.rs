//! The live gateway against a local server: recorded answers, a whole chain, and everything that goes wrong.

#[path = "live/server.rs"]
mod server;
#[path = "live/usdt.rs"]
mod usdt;
#[path = "live/witnesses.rs"]
mod witnesses;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::header;
use rental_core::gateway_conformance::GatewayUnderTest;
use rental_core::{
    Amount, ChainCursor, ChainHead, Clock, Comment, Currency, GatewayError, ManualClock, Network, NotPayment,
    PaymentGateway, Seconds, Timestamp, TxHash, Verdict,
};
use rental_ton::{
    ApiKey, INCLUSION_MARGIN, ProviderConfig, ProviderError, ProviderKind, Providers, Sandbox, SandboxKind,
    SandboxTransfer, TonAddress, TonGateway, Watched,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use server::{Chain, Scripted, Served, Server};

const SYNC_UTIME: u64 = 1_767_226_000;
const KEY: &str = "0123456789abcdef-secret";

fn address(text: &str) -> TonAddress {
    TonAddress::parse(text, Network::Mainnet).expect("an address")
}

/// Settings for `url` that retry twice, at once.
fn config(url: &str) -> ProviderConfig {
    let key = Some(ApiKey::Value(SecretString::from(KEY)));
    let config = ProviderConfig::new(ProviderKind::Toncenter, Network::Mainnet, Some(url.to_owned()), key);
    ProviderConfig { retries: 2, backoff: Duration::from_millis(1), clock_kept: Duration::ZERO, ..config }
}

/// A clock that is later than all that was recorded.
fn host_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_unix(1_900_000_000)))
}

/// A gateway to the chain of `wallet` through these providers.
fn gateway(wallet: &str, configs: Vec<ProviderConfig>) -> TonGateway {
    let providers = Arc::new(Providers::new(configs).expect("valid"));
    TonGateway::new(Network::Mainnet, Watched::Wallet(address(wallet)), providers, host_clock())
}

/// The same for the USDT wallet `wallet` of `owner`.
fn usdt_gateway(wallet: &str, owner: &str, configs: Vec<ProviderConfig>) -> TonGateway {
    let providers = Arc::new(Providers::new(configs).expect("valid"));
    let watched = Watched::Usdt { wallet: address(wallet), owner: address(owner) };
    TonGateway::new(Network::Mainnet, watched, providers, host_clock())
}

/// The recorded chain of one account.
fn history() -> Chain {
    let history: Value = serde_json::from_str(include_str!("data/history.json")).expect("well-formed");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let rows = history["transactions"].as_array().expect("rows").iter().map(|row| Served {
        lt: text(&row["lt"]).parse().expect("a number"),
        hash: text(&row["hash"]).parse().expect("a hash"),
        data: text(&row["boc"]),
    });
    Chain {
        wallet: text(&history["account"]),
        rows: rows.collect(),
        sync_utime: SYNC_UTIME,
        ..Chain::default()
    }
}

/// A server with the recorded chain and a gateway to it.
async fn serve(page_size: u16) -> (Server, TonGateway) {
    let chain = history();
    let wallet = chain.wallet.clone();
    let (server, url) = Server::start(chain).await;
    let gateway = gateway(&wallet, vec![ProviderConfig { page_size, ..config(&url) }]);
    (server, gateway)
}

fn cursor(row: &Served) -> ChainCursor {
    ChainCursor { lt: row.lt, hash: Some(row.hash) }
}

#[tokio::test]
async fn the_whole_chain_is_read_from_either_server_with_any_page_size() {
    for cpp in [false, true] {
        for page_size in [1, 2, 7, 44, 45, 46, 100] {
            let (server, gateway) = serve(page_size).await;
            server.chain().cpp = cpp;
            let read = gateway.read(&ChainCursor::START).await.expect("genuine");
            let expected: Vec<_> = server.chain().rows.iter().rev().map(cursor).collect();
            let found: Vec<_> = read.transactions.iter().map(rental_core::ChainTransaction::cursor).collect();
            assert_eq!(found, expected, "pages of {page_size}");
            assert_eq!(read.read_to, Timestamp::from_unix(SYNC_UTIME).minus(INCLUSION_MARGIN));
            let pages = 45_usize.div_ceil(page_size.into());
            assert_eq!(server.requests().len(), 1 + pages);
        }
    }
}

#[tokio::test]
async fn an_idle_poll_is_one_request_with_the_key_in_its_header() {
    let (server, gateway) = serve(100).await;
    let head = gateway.head().await.expect("readable");
    assert_eq!(head.cursor, cursor(&server.chain().rows[0]));
    server.requests();
    assert_eq!(gateway.read(&head.cursor).await.expect("idle").transactions, []);
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, "getAddressInformation");
    assert_eq!(requests[0].key.as_deref(), Some(KEY));
    assert!(requests[0].query.values().all(|value| !value.contains(KEY)));
}

#[tokio::test]
async fn only_what_is_new_is_asked_for() {
    let (server, gateway) = serve(100).await;
    let known = cursor(&server.chain().rows[3]);
    let read = gateway.read(&known).await.expect("genuine");
    assert_eq!(read.transactions.len(), 3);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].query["to_lt"], known.lt.to_string());
    assert_eq!(requests[1].query["lt"], server.chain().rows[0].lt.to_string());
}

#[tokio::test]
async fn chains_with_missing_foreign_or_changed_rows_are_refused() {
    type Edit = fn(&mut Vec<Served>);
    let edits: [Edit; 5] = [
        |rows| drop(rows.remove(7)),
        |rows| rows[7].data = rows[8].data.clone(),
        |rows| rows[7].data = rows[8].data.clone(),
        |rows| rows[7].data.replace_range(100..104, "AAAA"),
        |rows| rows[7].data = "no base64".to_owned(),
    ];
    for (index, edit) in edits.into_iter().enumerate() {
        let (server, gateway) = serve(100).await;
        edit(&mut server.chain().rows);
        let refused = gateway.read(&ChainCursor::START).await;
        assert!(matches!(refused, Err(GatewayError::Unverified(_))), "edit {index}: {refused:?}");
    }
}

#[tokio::test]
async fn a_server_that_lags_is_waited_for() {
    let (server, gateway) = serve(100).await;
    let head = gateway.head().await.expect("readable");
    server.chain().rows.drain(..2);
    let behind = gateway.read(&head.cursor).await;
    assert!(matches!(behind, Err(GatewayError::Unavailable(_))), "{behind:?}");
    server.chain().rows.clear();
    let vanished = gateway.read(&head.cursor).await;
    assert!(matches!(vanished, Err(GatewayError::Unverified(_))), "{vanished:?}");
}

#[tokio::test]
async fn old_transactions_are_asked_from_archival_servers() {
    let (server, gateway) = serve(100).await;
    server.chain().archival_only = true;
    assert_eq!(gateway.read(&ChainCursor::START).await.expect("found").transactions.len(), 45);
}

/// The recorded answers of the official Python server.
fn recorded(name: &str) -> Scripted {
    let recorded: Value = serde_json::from_str(include_str!("data/toncenter_v2.json")).expect("well-formed");
    let call = recorded["calls"].as_array().expect("calls").iter().find(|call| call["name"] == name);
    let call = call.unwrap_or_else(|| panic!("{name} was recorded"));
    let status = call["status"].as_u64().and_then(|status| status.try_into().ok());
    Scripted::Body(status.expect("a status"), call["response"].to_string())
}

const RECORDED_WALLET: &str = "UQBYcOAleaWqG7wulrRReyh83yht73PYtpF6IQHFcKPNLdx3";

async fn replay(answers: impl IntoIterator<Item = Scripted>) -> (Server, TonGateway) {
    let (server, url) = Server::start(Chain::default()).await;
    server.script(answers);
    (server, gateway(RECORDED_WALLET, vec![config(&url)]))
}

#[tokio::test]
async fn a_wallet_that_does_not_exist_yet_is_empty() {
    let (_server, gateway) = replay(vec![recorded("address_information_nonexist"); 2]).await;
    let read_to = Timestamp::from_unix(1_795_336_722).minus(INCLUSION_MARGIN);
    assert_eq!(gateway.head().await, Ok(ChainHead { cursor: ChainCursor::START, read_to }));
    let read = gateway.read(&ChainCursor::START).await.expect("empty");
    assert_eq!((read.transactions, read.read_to), (Vec::new(), read_to));
}

#[tokio::test]
async fn recorded_money_that_bounced_is_seen_as_returned() {
    let answers = [recorded("address_information_uninit"), recorded("bounceable_to_uninit_looks_paid")];
    let (_server, gateway) = replay(answers).await;
    // The wallet has one transaction more, made before; the recorded page ends with the one in question.
    let after = ChainCursor { lt: 70_000_020_999_999, hash: None };
    let read = gateway.read(&after).await.expect("genuine");
    let verdicts: Vec<_> = read.transactions.iter().map(|transaction| &transaction.verdict).collect();
    assert_eq!(verdicts, [&Verdict::NotPayment(NotPayment::ReturnedToSender)]);
}

#[tokio::test]
async fn recorded_pages_are_joined_where_they_overlap() {
    let head = json!({"ok": true, "result": {
        "last_transaction_id": {"lt": "70000053000000", "hash": "PQ066HnnulVp1O45N1Igz3uvdPFzludLYMdnFJVxBnw="},
        "sync_utime": "1795336741"}});
    let pages = [
        Scripted::Body(200, head.to_string()),
        recorded("page1_limit3"),
        recorded("page2_from_oldest_of_page1 (first row repeats)"),
    ];
    let (_server, gateway) = replay(pages).await;
    let after = ChainCursor { lt: 70_000_037_000_000, hash: None };
    let read = gateway.read(&after).await.expect("genuine");
    assert!(read.transactions.len() >= 4, "{read:?}");
    assert!(read.transactions.is_sorted_by(|one, next| one.lt < next.lt));
    assert_eq!(read.read_to, Timestamp::from_unix(1_795_336_741).minus(INCLUSION_MARGIN));
}

fn body(status: u16, body: &str) -> Scripted {
    Scripted::Body(status, body.to_owned())
}

#[tokio::test]
async fn passing_failures_are_retried_and_then_reported() {
    let limited = GatewayError::RateLimited { retry_after: Seconds(1) };
    for (answer, expected) in [
        (body(429, r#"{"ok":false,"result":"Ratelimit exceed","code":429}"#), Some(&limited)),
        (body(429, r#"{"ok":false,"code":429,"error":"Ratelimit exceeded"}"#), Some(&limited)),
        (body(200, r#"{"ok":false,"code":429,"error":"Ratelimit exceeded"}"#), Some(&limited)),
        (body(429, "<html>Too many requests</html>"), Some(&limited)),
        (recorded("wrong_hash"), None),
        (recorded("hash_not_url_encoded_plus"), None),
        (body(542, r#"{"ok":false,"error":"LITE_SERVER_NETWORK","code":542}"#), None),
        (body(502, "<html>Bad gateway</html>"), None),
        (body(504, ""), None),
        (body(200, "garbage"), None),
        (body(200, ""), None),
        (body(200, r#"{"ok":true,"result":{"last_transaction_id":{"lt":"6500"#), None),
        (body(200, r#"{"ok":true}"#), None),
        (body(200, r#"{"ok":true,"result":[]}"#), None),
        (
            body(200, r#"{"ok":true,"result":{"last_transaction_id":{"lt":-1,"hash":""},"sync_utime":1}}"#),
            None,
        ),
    ] {
        let (server, gateway) = serve(100).await;
        server.script(vec![answer.clone(); 2]);
        gateway.head().await.expect("the third try is answered");
        assert_eq!(server.requests().len(), 3);

        server.script(vec![answer; 3]);
        let error = gateway.head().await.expect_err("three failures are too many");
        match expected {
            Some(expected) => assert_eq!(error, *expected),
            None => assert!(matches!(error, GatewayError::Unavailable(_)), "{error}"),
        }
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_long_wait_is_reported_instead_of_waited_for() {
    let (server, gateway) = serve(100).await;
    server.script([Scripted::Header(429, header::RETRY_AFTER, "60")]);
    assert_eq!(gateway.head().await, Err(GatewayError::RateLimited { retry_after: Seconds(60) }));
    assert_eq!(server.requests().len(), 1);
    server.script([Scripted::Header(429, header::RETRY_AFTER, "4000000000")]);
    assert_eq!(
        gateway.head().await,
        Err(GatewayError::RateLimited { retry_after: Seconds(300) }),
        "not until the end of the world"
    );
}

#[tokio::test]
async fn a_short_wait_is_kept() {
    let (server, gateway) = serve(100).await;
    server.script([Scripted::Header(503, header::RETRY_AFTER, "1")]);
    let start = tokio::time::Instant::now();
    gateway.head().await.expect("the second try is answered");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn refusals_are_reported_at_once() {
    for answer in [
        recorded("bad_address"),
        recorded("limit_too_big"),
        recorded("no_such_method"),
        body(401, r#"{"ok":false,"error":"API key does not exist","code":401}"#),
        body(403, r#"{"ok":false,"error":"Network not allowed","code":403}"#),
        body(403, "<html>blocked</html>"),
        Scripted::Header(302, header::LOCATION, "http://127.0.0.1:1/"),
    ] {
        let (server, gateway) = serve(100).await;
        server.script([answer]);
        let refused = gateway.head().await;
        assert!(matches!(refused, Err(GatewayError::Refused(_))), "{refused:?}");
        assert_eq!(server.requests().len(), 1);
    }
    let (server, gateway) = serve(100).await;
    server.chain().wallet = "0:00".to_owned();
    assert!(
        matches!(gateway.head().await, Err(GatewayError::Refused(reason)) if reason.contains("Incorrect address"))
    );
}

#[tokio::test]
async fn silence_a_broken_answer_and_a_closed_port_are_unavailable() {
    let chain = history();
    let wallet = chain.wallet.clone();
    let (server, url) = Server::start(chain).await;
    server.script([Scripted::Hang]);
    let hasty = ProviderConfig { timeout: Duration::from_millis(50), retries: 0, ..config(&url) };
    let silent = gateway(&wallet, vec![hasty.clone()]).head().await;
    assert_eq!(silent, Err(GatewayError::Unavailable("no answer in time".to_owned())));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let patient = ProviderConfig { timeout: Duration::from_secs(15), ..hasty };
    let gateway = gateway(&wallet, vec![ProviderConfig { base_url: Some(url), ..patient }]);
    let breaker = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let _ = stream.read(&mut [0; 4096]).await;
        let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"ok\": true,";
        stream.write_all(begun).await.expect("written");
    });
    let broken = gateway.head().await;
    breaker.await.expect("no panic");
    assert_eq!(broken, Err(GatewayError::Unavailable("the connection broke".to_owned())));
    let closed = gateway.head().await;
    assert_eq!(closed, Err(GatewayError::Unavailable("no connection".to_owned())));
}

#[tokio::test]
async fn the_key_is_shown_nowhere() {
    let (server, gateway) = serve(100).await;
    let echo = json!({"ok": false, "error": format!("key {KEY} is\nwrong {}", "x".repeat(500)), "code": 403});
    server.script([Scripted::Body(403, echo.to_string())]);
    let error = gateway.head().await.expect_err("refused").to_string();
    let shown = format!("{error} {gateway:?} {:?}", config("http://localhost"));
    assert!(!shown.contains(KEY), "{shown}");
    assert!(error.contains("key *** is wrong"), "{error}");
    assert!(error.len() < 400 && !error.contains('\n'), "{error}");
}

#[tokio::test]
async fn requests_keep_the_pace() {
    let chain = history();
    let wallet = chain.wallet.clone();
    let (_server, url) = Server::start(chain).await;
    let pace = Duration::from_millis(20);
    let gateway = gateway(&wallet, vec![ProviderConfig { pace, page_size: 15, ..config(&url) }]);
    let start = tokio::time::Instant::now();
    gateway.read(&ChainCursor::START).await.expect("genuine");
    assert!(start.elapsed() >= pace * 3, "four requests have three pauses");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for url in ["", "toncenter.com", "ftp://toncenter.com", "http://", "/api/v2"] {
        assert!(matches!(Providers::new(vec![config(url)]), Err(ProviderError::Url)), "{url}");
    }
    let good = config("http://localhost/api/v2/");
    assert!(Providers::new(vec![good.clone()]).is_ok());
    for page_size in [0, 101] {
        let refused = Providers::new(vec![ProviderConfig { page_size, ..good.clone() }]);
        assert!(matches!(refused, Err(ProviderError::PageSize)));
    }
    let key = Some(ApiKey::Value(SecretString::from("a\nb")));
    let refused = Providers::new(vec![ProviderConfig { key, ..good.clone() }]);
    assert!(matches!(refused, Err(ProviderError::Key)));
    let index = ProviderConfig { kind: ProviderKind::ToncenterV3, ..good.clone() };
    assert!(matches!(Providers::new(vec![index]), Err(ProviderError::NoReader)));
    let network = Network::Sandbox;
    let refused = Providers::new(vec![ProviderConfig { network, ..good }]);
    assert!(matches!(refused, Err(ProviderError::Network)));
}

/// Providers whose chain is made by a sandbox.
struct Live {
    gateway: TonGateway,
    server: Server,
    sandbox: Sandbox,
    clock: ManualClock,
    folder: tempfile::TempDir,
}

impl Live {
    async fn usdt() -> Self {
        Self::of(Currency::Usdt, &[ProviderKind::Toncenter]).await
    }

    async fn ton(kinds: &'static [ProviderKind]) -> Self {
        Self::of(Currency::Ton, kinds).await
    }

    async fn of(currency: Currency, kinds: &'static [ProviderKind]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for tests");
        let clock = ManualClock::at(Timestamp::from_unix(SYNC_UTIME));
        let sandbox =
            Sandbox::open(folder.path().join("chain"), Arc::new(clock.clone())).expect("a new file");
        let sandbox = sandbox.of(currency);
        let owner = address(&sandbox.wallet().address).to_string();
        let wallet = match currency {
            Currency::Ton => owner.clone(),
            Currency::Usdt => sandbox.usdt().1.to_string(),
        };
        let chain = Chain { wallet: wallet.clone(), sync_utime: SYNC_UTIME, ..Chain::default() };
        let (server, url) = Server::start(chain).await;
        let of = |kind: &ProviderKind| ProviderConfig {
            kind: *kind,
            page_size: 2,
            ..config(&server::url_for(*kind, &url))
        };
        let configs = kinds.iter().map(of).collect();
        let gateway = match currency {
            Currency::Ton => gateway(&wallet, configs),
            Currency::Usdt => usdt_gateway(&wallet, &owner, configs),
        };
        Self { gateway, server, sandbox, clock, folder }
    }

    async fn append(&self, amount: Amount, comment: Comment, kind: SandboxKind) -> TxHash {
        let before = self.sandbox.head().await.expect("readable").cursor;
        let transfer = SandboxTransfer { amount, comment, kind, sender: None };
        let hash = self.sandbox.append(&transfer).expect("appended");
        let read = self.sandbox.read(&before).await.expect("readable");
        let name = match amount.currency() {
            Currency::Ton => "chain",
            Currency::Usdt => "chain.usdt",
        };
        let file = std::fs::read_to_string(self.folder.path().join(name)).expect("readable");
        let data = file.lines().last().expect("just appended").to_owned();
        self.server.chain().rows.insert(0, Served { lt: read.transactions[0].lt, hash, data });
        hash
    }
}

#[async_trait]
impl GatewayUnderTest for Live {
    fn gateway(&self) -> &dyn PaymentGateway {
        &self.gateway
    }

    async fn pay(&self, amount: Amount, comment: Comment) -> TxHash {
        self.append(amount, comment, SandboxKind::Payment).await
    }

    async fn pay_unreadably(&self, amount: Amount) -> TxHash {
        self.append(amount, Comment::None, SandboxKind::Unreadable).await
    }

    async fn not_a_payment(&self, reason: NotPayment) -> TxHash {
        let amount = Amount::whole(self.gateway.currency(), 1).expect("in range");
        self.append(amount, Comment::Text("RENT-X".to_owned()), SandboxKind::NotPayment(reason)).await
    }

    async fn pass(&self, span: Seconds) {
        self.clock.advance(span);
        self.server.chain().sync_utime = self.clock.now().unix();
    }
}

mod conformance {
    rental_core::gateway_conformance!(|| super::Live::ton(&[super::ProviderKind::Toncenter]));
}

mod conformance_of_tonapi {
    rental_core::gateway_conformance!(|| super::Live::ton(&[super::ProviderKind::Tonapi]));
}

mod conformance_of_several {
    use super::ProviderKind::{Tonapi, Toncenter, ToncenterV3};

    rental_core::gateway_conformance!(|| super::Live::ton(&[Toncenter, Tonapi, ToncenterV3]));
}

mod conformance_of_usdt {
    rental_core::gateway_conformance!(super::Live::usdt);
}
