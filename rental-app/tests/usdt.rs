//! The shop's USDT wallet: found out once, pinned, and asked about again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use rental_app::{App, OpenError, ShopConfig, WorkerError};
use rental_core::{Currency, GatewayError, Rentals};
use serde_json::{Value, json};

const WALLET: &str = "0:8888888888888888888888888888888888888888888888888888888888888888";
const MASTER: &str = "0:6666666666666666666666666666666666666666666666666666666666666666";
/// `0:7777…77` as a bag of cells.
const JETTON_WALLET: &str = "te6ccgECAQEAACQAAEOADu7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7w";
/// `0:5555…55` as a bag of cells.
const ANOTHER: &str = "te6ccgECAQEAACQAAEOACqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqw";

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    shop: ShopConfig,
}

/// A toncenter at which nothing has happened yet, and what its master answers; nothing: it is no master.
#[derive(Clone, Default)]
struct Provider(Arc<Mutex<Option<&'static str>>>);

impl Provider {
    async fn start() -> (Self, String) {
        let provider = Self::default();
        let answers = provider.clone();
        let router = Router::new()
            .route("/runGetMethod", post(async move || answers.run()))
            .route("/getAddressInformation", get(async || Json(nothing_yet())));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (provider, url)
    }

    fn names(&self, wallet: Option<&'static str>) {
        *self.0.lock().unwrap() = wallet;
    }

    fn run(&self) -> Json<Value> {
        let (exit_code, stack) = match *self.0.lock().unwrap() {
            Some(wallet) => (0, json!([["cell", {"bytes": wallet}]])),
            None => (11, json!([["num", "0x0"]])),
        };
        Json(json!({"ok": true, "result": {"exit_code": exit_code, "stack": stack}}))
    }
}

fn nothing_yet() -> Value {
    let newest = json!({"lt": "0", "hash": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="});
    json!({"ok": true, "result": {"last_transaction_id": newest, "sync_utime": 1_767_225_600}})
}

fn settings(folder: &tempfile::TempDir, url: &str, more: &[&str]) -> ShopConfig {
    let db = folder.path().join("rental.db");
    let given = ["usdt", "--rental-db", db.to_str().unwrap(), "--ton-provider", "toncenter"];
    let chain = ["--ton-api-url", url, "--ton-wallet", WALLET, "--usdt", "on"];
    Settings::parse_from(given.iter().chain(&chain).chain(more)).shop
}

#[tokio::test]
async fn the_wallet_is_pinned_and_a_master_that_names_another_one_later_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, url) = Provider::start().await;
    let settings = settings(&folder, &url, &["--usdt-master", MASTER]);
    assert!(matches!(App::open(&settings).await, Err(OpenError::Usdt(_))), "it is no jetton's master");
    provider.names(Some(JETTON_WALLET));
    let app = App::open(&settings).await.unwrap();
    let pinned = app.service.shop().await.unwrap().shop.usdt.unwrap().wallet;
    assert_eq!(pinned, format!("0:{}", "7".repeat(64)));
    assert!(app.confirm_usdt_wallet().await.unwrap());

    provider.names(Some(ANOTHER));
    let contradicted = app.confirm_usdt_wallet().await;
    assert!(
        matches!(contradicted, Err(WorkerError::Gateway(GatewayError::Unverified(_)))),
        "{contradicted:?}"
    );
    provider.names(None);
    let silent = app.confirm_usdt_wallet().await;
    assert!(matches!(silent, Err(WorkerError::Gateway(GatewayError::Refused(_)))), "{silent:?}");
    app.store.close();

    // The books belong to the wallet that is pinned: another answer changes nothing.
    provider.names(Some(ANOTHER));
    let app = App::open(&settings).await.unwrap();
    assert_eq!(app.service.shop().await.unwrap().shop.usdt.unwrap().wallet, pinned);
    assert_eq!(app.usdt_gateway().await.unwrap().unwrap().currency(), Currency::Usdt);
}

#[tokio::test]
async fn the_real_wallet_is_computed_and_a_provider_that_names_another_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, url) = Provider::start().await;
    provider.names(Some(JETTON_WALLET));
    let refused = App::open(&settings(&folder, &url, &[])).await;
    assert!(matches!(refused, Err(OpenError::Usdt(_))));
}
