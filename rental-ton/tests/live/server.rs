//! A stand-in for toncenter v2 on a local port: a chain with the real server's paging, and scripted answers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::BASE64;
use rental_core::TxHash;
use serde_json::{Value, json};

/// A transaction as the server knows it.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) lt: u64,
    pub(crate) hash: TxHash,
    /// The bag of cells in base64.
    pub(crate) data: String,
}

/// An answer that is given instead of the true one.
#[derive(Clone)]
pub(crate) enum Scripted {
    /// This status and body.
    Body(u16, String),
    /// This status, with this header, and no body.
    Header(u16, header::HeaderName, &'static str),
    /// No answer at all.
    Hang,
}

/// What a client asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) key: Option<String>,
}

#[derive(Default)]
pub(crate) struct Chain {
    /// The wallet's raw address.
    pub(crate) wallet: String,
    /// Newest first.
    pub(crate) rows: Vec<Served>,
    pub(crate) sync_utime: u64,
    /// Whether to answer like the C++ server: other type names, more fields.
    pub(crate) cpp: bool,
    /// Whether old transactions are only found with `archival=true`.
    pub(crate) archival_only: bool,
    pub(crate) script: VecDeque<Scripted>,
    pub(crate) requests: Vec<Request>,
}

#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<Chain>>);

impl Server {
    /// Serves `chain` until the test ends; returns the server and its base URL.
    pub(crate) async fn start(chain: Chain) -> (Self, String) {
        let server = Self(Arc::new(Mutex::new(chain)));
        let router =
            Router::new().route("/api/v2/{method}", get(answer).post(answer)).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/api/v2", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, url)
    }

    pub(crate) fn chain(&self) -> MutexGuard<'_, Chain> {
        self.0.lock().expect("no test panics while it holds the chain")
    }

    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Scripted>) {
        self.chain().script.extend(answers);
    }

    /// The requests since the last call.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.chain().requests)
    }
}

async fn answer(
    State(server): State<Server>,
    Path(method): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let scripted = {
        let mut chain = server.chain();
        let key = headers.get("x-api-key").map(|key| key.to_str().expect("ASCII").to_owned());
        chain.requests.push(Request { method: method.clone(), query: query.clone(), key });
        chain.script.pop_front()
    };
    match scripted {
        Some(Scripted::Hang) => std::future::pending().await,
        Some(Scripted::Body(status, body)) => (status_code(status), body).into_response(),
        Some(Scripted::Header(status, name, value)) => (status_code(status), [(name, value)]).into_response(),
        None => {
            let (status, body) = server.chain().answer(&method, &query);
            (status_code(status), body.to_string()).into_response()
        }
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

fn error(code: u16, text: &str) -> (u16, Value) {
    (code, json!({"ok": false, "error": text, "code": code}))
}

impl Chain {
    fn answer(&self, method: &str, query: &HashMap<String, String>) -> (u16, Value) {
        if query.get("address") != Some(&self.wallet) {
            return error(416, "Incorrect address");
        }
        match method {
            "getAddressInformation" => (200, self.address_information()),
            "getTransactions" => self.transactions(query),
            _ => error(404, "Not Found"),
        }
    }

    fn address_information(&self) -> Value {
        let (lt, hash) = self.rows.first().map_or((0, TxHash([0; 32])), |head| (head.lt, head.hash));
        json!({"ok": true, "result": {
            "@type": if self.cpp { "ext.fullAccountState" } else { "raw.fullAccountState" },
            "balance": 0,
            "last_transaction_id": {"lt": lt.to_string(), "hash": BASE64.encode(&hash.0)},
            "sync_utime": self.sync_utime,
            "state": "active",
        }})
    }

    /// Newest first from (lt, hash) inclusive, down to `to_lt` exclusive. Without a hash `lt` is ignored.
    fn transactions(&self, query: &HashMap<String, String>) -> (u16, Value) {
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
        let limit = number("limit").unwrap_or(10);
        if limit > 100 {
            return error(422, "ensure this value is less than or equal to 100");
        }
        let start = match (number("lt"), query.get("hash")) {
            (Some(lt), Some(hash)) => {
                let archival = query.get("archival").is_some_and(|archival| archival == "true");
                let found =
                    self.rows.iter().position(|row| row.lt == lt && BASE64.encode(&row.hash.0) == *hash);
                match found {
                    Some(start) if archival || !self.archival_only => start,
                    _ => return error(500, "LITE_SERVER_NOTREADY: cannot locate transaction"),
                }
            }
            _ => 0,
        };
        let to_lt = number("to_lt").unwrap_or(0);
        let limit = usize::try_from(limit).expect("at most 100");
        let rows = self.rows[start..].iter().take_while(|row| row.lt > to_lt).take(limit);
        let rendered: Vec<Value> = rows.map(|row| self.render(row)).collect();
        (200, json!({"ok": true, "result": rendered}))
    }

    fn render(&self, row: &Served) -> Value {
        let id = json!({"lt": row.lt.to_string(), "hash": BASE64.encode(&row.hash.0)});
        if self.cpp {
            let account = self.wallet.to_uppercase();
            json!({"@type": "ext.transaction", "account": account, "data": row.data, "transaction_id": id})
        } else {
            json!({"@type": "raw.transaction", "utime": 0, "data": row.data, "transaction_id": id, "fee": "0"})
        }
    }
}
