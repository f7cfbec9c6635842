//! A chain provider that cannot be relied on: it serves true transactions through toncenter's and tonapi's interfaces, and
//! fails, lags, repeats, reorders, leaves out and lies in a share of its answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::{BASE64, HEXLOWER};
use rental_core::{Clock, SystemClock, TxHash};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::dice::Dice;

/// One answer in this many is wrong in some way.
const ONE_IN: u64 = 6;

/// A transaction as a provider has it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) lt: u64,
    pub(crate) hash: TxHash,
    pub(crate) boc: Vec<u8>,
}

/// The provider.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Shared>);

struct Shared {
    /// Oldest first.
    rows: Mutex<Vec<Row>>,
    dice: Mutex<Dice>,
    faulty: AtomicBool,
    faults: AtomicU64,
    requests: watch::Sender<u64>,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Limited,
    Broken,
    CutOff,
    Torn,
    Lags,
    Repeats,
    Reorders,
    LeavesOut,
    Lies,
    Empty,
}

const FAULTS: [Fault; 10] = [
    Fault::Limited,
    Fault::Broken,
    Fault::CutOff,
    Fault::Torn,
    Fault::Lags,
    Fault::Repeats,
    Fault::Reorders,
    Fault::LeavesOut,
    Fault::Lies,
    Fault::Empty,
];

impl Provider {
    /// Serves a chain that is empty so far; answers the provider and its address.
    pub(crate) async fn start(dice: Dice) -> (Self, String) {
        let provider = Self(Arc::new(Shared {
            rows: Mutex::default(),
            dice: Mutex::new(dice),
            faulty: AtomicBool::new(false),
            faults: AtomicU64::new(0),
            requests: watch::Sender::new(0),
        }));
        let router = Router::new()
            .route("/toncenter/{method}", get(toncenter))
            .route("/tonapi/v2/blockchain/{*path}", get(tonapi))
            .with_state(provider.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (provider, url)
    }

    /// Whether answers may be wrong from now on.
    pub(crate) fn misbehave(&self, faulty: bool) {
        self.0.faulty.store(faulty, Ordering::Relaxed);
    }

    /// How many answers were wrong.
    pub(crate) fn faults(&self) -> u64 {
        self.0.faults.load(Ordering::Relaxed)
    }

    /// Adds the next transaction.
    pub(crate) fn push(&self, row: Row) {
        self.rows().push(row);
    }

    /// Waits for `count` more requests.
    pub(crate) async fn asked(&self, count: u64) {
        let mut requests = self.0.requests.subscribe();
        let until = *requests.borrow() + count;
        requests.wait_for(|seen| *seen >= until).await.expect("the provider lives as long as the test");
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.0.rows.lock().expect("nobody panics while holding it")
    }

    /// A number below `below`.
    fn roll(&self, below: u64) -> u64 {
        self.0.dice.lock().expect("nobody panics while holding it").below(below)
    }

    fn fault(&self) -> Option<Fault> {
        self.0.requests.send_modify(|requests| *requests += 1);
        if !self.0.faulty.load(Ordering::Relaxed) || self.roll(ONE_IN) != 0 {
            return None;
        }
        self.0.faults.fetch_add(1, Ordering::Relaxed);
        let index = usize::try_from(self.roll(FAULTS.len() as u64)).expect("below ten");
        Some(FAULTS[index])
    }

    /// The chain as it is shown now.
    fn view(&self, fault: Option<Fault>) -> Vec<Row> {
        let mut rows = self.rows().clone();
        if fault == Some(Fault::Lags) {
            let behind = usize::try_from(self.roll(40)).expect("below 40");
            rows.truncate(rows.len().saturating_sub(behind));
        }
        rows
    }

    /// A page as it is shown: `rows`, newest first, with the fault.
    fn spoil(&self, mut rows: Vec<Row>, fault: Option<Fault>) -> Vec<Row> {
        if rows.is_empty() {
            return rows;
        }
        let at = usize::try_from(self.roll(rows.len() as u64)).expect("an index");
        match fault {
            Some(Fault::Repeats) => rows.insert(at, rows[at].clone()),
            Some(Fault::Reorders) => rows.rotate_left(at),
            Some(Fault::LeavesOut) => drop(rows.remove(at)),
            Some(Fault::Empty) => rows.clear(),
            Some(Fault::Lies) => {
                let byte = rows[at].boc.len() / 2;
                rows[at].boc[byte] ^= 1;
            }
            _ => {}
        }
        rows
    }
}

/// `answer` as it goes out.
fn send(answer: &Value, fault: Option<Fault>) -> Response {
    let text = answer.to_string();
    match fault {
        Some(Fault::Limited) => {
            let body = json!({"ok": false, "error": "Ratelimit exceeded", "code": 429});
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], body.to_string()).into_response()
        }
        Some(Fault::Broken) => (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response(),
        Some(Fault::CutOff) => text[..text.len() / 2].to_owned().into_response(),
        Some(Fault::Torn) => {
            let half = Bytes::from(text.as_bytes()[..text.len() / 2].to_vec());
            let parts = [Ok(half), Err(std::io::Error::other("the connection is torn"))];
            Body::from_stream(futures::stream::iter(parts)).into_response()
        }
        _ => text.into_response(),
    }
}

async fn toncenter(
    State(provider): State<Provider>,
    Path(method): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let fault = provider.fault();
    let rows = provider.view(fault);
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
    let id = |row: &Row| json!({"lt": row.lt.to_string(), "hash": BASE64.encode(&row.hash.0)});
    let result = if method == "getAddressInformation" {
        let newest = rows.last().map_or(json!({"lt": "0", "hash": BASE64.encode(&[0; 32])}), id);
        json!({"last_transaction_id": newest, "sync_utime": SystemClock.now().unix(), "state": "active"})
    } else {
        let (from, to) = (number("lt").unwrap_or(u64::MAX), number("to_lt").unwrap_or(0));
        let limit = usize::try_from(number("limit").unwrap_or(10)).expect("a small number");
        let page = rows.iter().rev().filter(|row| row.lt <= from && row.lt > to).take(limit).cloned();
        let page = provider.spoil(page.collect(), fault);
        page.iter().map(|row| json!({"data": BASE64.encode(&row.boc), "transaction_id": id(row)})).collect()
    };
    send(&json!({"ok": true, "result": result}), fault)
}

async fn tonapi(
    State(provider): State<Provider>,
    Path(path): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let fault = provider.fault();
    let rows = provider.view(fault);
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
    let answer = if path == "masterchain-head" {
        json!({"gen_utime": SystemClock.now().unix()})
    } else if path.ends_with("/transactions") {
        let (before, after) = (number("before_lt").unwrap_or(u64::MAX), number("after_lt").unwrap_or(0));
        let limit = usize::try_from(number("limit").unwrap_or(100)).expect("a small number");
        let page = rows.iter().rev().filter(|row| row.lt < before && row.lt > after).take(limit).cloned();
        let page = provider.spoil(page.collect(), fault);
        let shown = |row: &Row| json!({"hash": HEXLOWER.encode(&row.hash.0), "lt": row.lt, "raw": HEXLOWER.encode(&row.boc)});
        json!({"transactions": page.iter().map(shown).collect::<Vec<_>>()})
    } else {
        let newest = rows.last();
        json!({
            "last_transaction_lt": newest.map_or(0, |row| row.lt),
            "last_transaction_hash": newest.map(|row| HEXLOWER.encode(&row.hash.0)),
        })
    };
    send(&answer, fault)
}
