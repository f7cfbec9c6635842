//! A stand-in for the providers on a local port: a chain with the real servers' paging, and scripted answers. One
//! server speaks toncenter v2 in both dialects, toncenter v3 and tonapi, each under its own path.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64, HEXLOWER};
use rental_core::TxHash;
use rental_ton::ProviderKind;
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
    /// The last part of the path.
    pub(crate) method: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) key: Option<String>,
}

/// How a server takes bounds by logical time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// The bound itself is left out.
    #[default]
    Exclusive,
    /// The bound itself is shown.
    Inclusive,
    /// They are not kept to at all: every page is the newest one.
    Ignored,
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
    /// What bounds by logical time mean where the API leaves it open.
    pub(crate) bounds: Bounds,
    /// How many of the newest rows an index lacks when it is asked for more than the newest one.
    pub(crate) replica_behind: usize,
    /// Pages of more rows than this are answered with more bytes than anybody wants.
    pub(crate) longest_page: Option<usize>,
    /// The only key that is let in.
    pub(crate) only_key: Option<String>,
    pub(crate) script: VecDeque<Scripted>,
    pub(crate) requests: Vec<Request>,
}

#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<Chain>>);

impl Server {
    /// Serves `chain` until the test ends; returns the server and its base URL for toncenter v2.
    pub(crate) async fn start(chain: Chain) -> (Self, String) {
        let server = Self(Arc::new(Mutex::new(chain)));
        let router = Router::new().fallback(answer).with_state(server.clone());
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

/// The base URL for another kind of provider on the same server.
pub(crate) fn url_for(kind: ProviderKind, v2: &str) -> String {
    let host = v2.trim_end_matches("/api/v2");
    match kind {
        ProviderKind::Toncenter => v2.to_owned(),
        ProviderKind::ToncenterV3 => format!("{host}/api/v3"),
        ProviderKind::Tonapi => host.to_owned(),
    }
}

async fn answer(
    State(server): State<Server>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let scripted = {
        let mut chain = server.chain();
        let key = headers.get("x-api-key").or_else(|| headers.get("authorization"));
        let key = key.map(|key| key.to_str().expect("ASCII").trim_start_matches("Bearer ").to_owned());
        let method = uri.path().rsplit('/').next().expect("a path has a last part").to_owned();
        let refused = chain.only_key.is_some() && chain.only_key != key;
        chain.requests.push(Request { method, query: query.clone(), key });
        let refusal =
            Scripted::Body(401, r#"{"ok":false,"error":"API key does not exist","code":401}"#.to_owned());
        if refused { Some(refusal) } else { chain.script.pop_front() }
    };
    match scripted {
        Some(Scripted::Hang) => std::future::pending().await,
        Some(Scripted::Body(status, body)) => (status_code(status), body).into_response(),
        Some(Scripted::Header(status, name, value)) => (status_code(status), [(name, value)]).into_response(),
        None => {
            let (status, body) = server.chain().answer(uri.path(), &query);
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
    fn answer(&self, path: &str, query: &HashMap<String, String>) -> (u16, Value) {
        let asked = query.get("limit").and_then(|limit| limit.parse::<usize>().ok()).unwrap_or(10);
        if self.longest_page.is_some_and(|longest| asked > longest) {
            return (200, json!({"ok": true, "result": " ".repeat(17 << 20)}));
        }
        if let Some(rest) = path.strip_prefix("/v2/blockchain/") {
            return self.tonapi(rest, query);
        }
        if path.starts_with("/api/v3/") {
            return self.index(query);
        }
        if query.get("address") != Some(&self.wallet) {
            return error(416, "Incorrect address");
        }
        match path.trim_start_matches("/api/v2/") {
            "getAddressInformation" => (200, self.address_information()),
            "getTransactions" => self.transactions(query),
            _ => error(404, "Not Found"),
        }
    }

    /// tonapi: numbers are numbers, hashes and cells are hex, errors stand under either spelling.
    fn tonapi(&self, path: &str, query: &HashMap<String, String>) -> (u16, Value) {
        if path == "masterchain-head" {
            return (200, json!({"gen_utime": self.sync_utime, "seqno": 1}));
        }
        let account = format!("accounts/{}", self.wallet);
        let Some(rest) = path.strip_prefix(&account) else {
            return (404, json!({"Error": "entity not found"}));
        };
        if rest.is_empty() {
            return match self.rows.first() {
                None => (404, json!({"error": "entity not found"})),
                Some(head) => {
                    let hash = HEXLOWER.encode(&head.hash.0);
                    (
                        200,
                        json!({"last_transaction_lt": head.lt, "last_transaction_hash": hash, "balance": 1}),
                    )
                }
            };
        }
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
        let (before, after) = (number("before_lt").unwrap_or(u64::MAX), number("after_lt").unwrap_or(0));
        let within = |lt: u64| match self.bounds {
            Bounds::Exclusive => lt < before && lt > after,
            Bounds::Inclusive => lt <= before && lt >= after,
            Bounds::Ignored => true,
        };
        let limit = usize::try_from(number("limit").unwrap_or(100)).expect("small");
        let rows = self.rows.iter().filter(|row| within(row.lt)).take(limit).map(|row| {
            let raw = HEXLOWER.encode(&BASE64.decode(row.data.as_bytes()).unwrap_or_default());
            json!({"hash": HEXLOWER.encode(&row.hash.0), "lt": row.lt, "raw": raw, "success": true})
        });
        (200, json!({"transactions": rows.collect::<Vec<_>>()}))
    }

    /// toncenter v3: both bounds inclusive, ten rows unless asked, no bags of cells.
    fn index(&self, query: &HashMap<String, String>) -> (u16, Value) {
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
        let (start, end) = (number("start_lt").unwrap_or(0), number("end_lt").unwrap_or(u64::MAX));
        let limit = usize::try_from(number("limit").unwrap_or(10)).expect("small");
        let unseen = if limit == 1 { 0 } else { self.replica_behind };
        let mut rows: Vec<_> =
            self.rows.iter().skip(unseen).filter(|row| (start..=end).contains(&row.lt)).collect();
        if query.get("sort").is_some_and(|sort| sort == "asc") {
            rows.reverse();
        }
        let render = |row: &&Served| {
            json!({"account": self.wallet.to_uppercase(), "hash": BASE64.encode(&row.hash.0), "lt": row.lt.to_string(),
                   "description": {"aborted": false}, "emulated": false})
        };
        let rows: Vec<_> = rows.iter().take(limit).map(render).collect();
        (200, json!({"transactions": rows, "address_book": {}}))
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
