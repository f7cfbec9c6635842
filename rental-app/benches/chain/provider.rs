//! The provider of the bench, in a process of its own, so that its work is not counted as the watcher's.
//!
//! The bench starts itself once more for it. The chain is a file with one transaction per line: logical time, hash and
//! bag of cells. The file `shown` says how many of them there are so far.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, thread};

use axum::Router;
use axum::extract::{Path as Route, Query, State};
use axum::routing::get;
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

/// The argument with which the bench starts itself as the provider.
pub(crate) const SERVE: &str = "serve-the-chain";
/// The time of the masterchain, in seconds since 1970.
pub(crate) const CHAIN_TIME: u64 = 1_767_225_600;

/// A provider that runs; it ends with the bench.
pub(crate) struct Provider {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub(crate) url: String,
    _alive: Option<ChildStdin>,
}

impl Provider {
    /// Serves the transactions of `rows`, oldest first, none of which is shown yet.
    pub(crate) fn start(folder: &Path, rows: &[(u64, [u8; 32], String)]) -> Self {
        let line =
            |(lt, hash, cells): &(u64, [u8; 32], String)| format!("{lt} {} {cells}", BASE64.encode(hash));
        let lines: Vec<_> = rows.iter().map(line).collect();
        fs::write(folder.join("rows"), lines.join("\n")).expect("written");
        show(folder, 0);
        let program = std::env::current_exe().expect("it runs");
        let mut child = Command::new(program)
            .arg(SERVE)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bench can be started again");
        let mut url = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut url).expect("the provider says where it is");
        let alive = child.stdin.take();
        Self { child, folder: folder.to_owned(), url: url.trim().to_owned(), _alive: alive }
    }

    /// Shows the first `count` transactions.
    pub(crate) fn show(&self, count: usize) {
        show(&self.folder, count);
    }

    /// How many requests came since the last call.
    pub(crate) async fn requests(&self) -> u64 {
        let answer = reqwest::get(format!("{}/requests", self.url)).await.expect("it answers");
        answer.text().await.expect("a number").parse().expect("a number")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn show(folder: &Path, count: usize) {
    let new = folder.join("shown.new");
    fs::write(&new, count.to_string()).expect("written");
    fs::rename(new, folder.join("shown")).expect("renamed");
}

struct Row {
    lt: u64,
    /// As toncenter shows it.
    base64: Value,
    /// As tonapi shows it.
    hex: Value,
}

struct Chain {
    folder: PathBuf,
    /// Oldest first.
    rows: Vec<Row>,
    requests: AtomicU64,
}

impl Chain {
    fn shown(&self) -> &[Row] {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let count = fs::read_to_string(self.folder.join("shown")).expect("readable");
        &self.rows[..count.parse().expect("a number")]
    }
}

/// Serves the chain in `folder` until the bench that started this process ends.
pub(crate) async fn serve(folder: &str) {
    let read = |line: &str| {
        let mut parts = line.split(' ');
        let mut part = || parts.next().expect("three parts").to_owned();
        let (lt, hash, cells) = (part(), part(), part());
        let bytes = |text: &str| HEXLOWER.encode(&BASE64.decode(text.as_bytes()).expect("base64"));
        let number: u64 = lt.parse().expect("a number");
        Row {
            lt: number,
            hex: json!({"lt": number, "hash": bytes(&hash), "raw": bytes(&cells)}),
            base64: json!({"data": cells, "transaction_id": {"lt": lt, "hash": hash}}),
        }
    };
    let folder = PathBuf::from(folder);
    let rows = fs::read_to_string(folder.join("rows")).expect("readable");
    let rows = rows.lines().map(read).collect();
    let chain = Arc::new(Chain { folder, rows, requests: AtomicU64::new(0) });
    let router = Router::new()
        .route("/toncenter/{method}", get(toncenter))
        .route("/tonapi/v2/blockchain/{*path}", get(tonapi))
        .route("/requests", get(requests))
        .with_state(chain);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mut output = std::io::stdout();
    writeln!(output, "http://{}", listener.local_addr().expect("bound")).expect("written");
    thread::spawn(|| {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        std::process::exit(0);
    });
    axum::serve(listener, router).await.expect("it serves");
}

async fn requests(State(chain): State<Arc<Chain>>) -> String {
    chain.requests.swap(0, Ordering::Relaxed).to_string()
}

async fn toncenter(
    State(chain): State<Arc<Chain>>,
    Route(method): Route<String>,
    Query(query): Query<HashMap<String, String>>,
) -> String {
    let rows = chain.shown();
    let result = if method == "getAddressInformation" {
        let nothing = || json!({"lt": "0", "hash": BASE64.encode(&[0; 32])});
        let newest = rows.last().map_or_else(nothing, |row| row.base64["transaction_id"].clone());
        json!({"last_transaction_id": newest, "sync_utime": CHAIN_TIME + 60})
    } else {
        let (from, to) = (number(&query, "lt").unwrap_or(u64::MAX), number(&query, "to_lt").unwrap_or(0));
        let page = rows.iter().rev().filter(|row| row.lt <= from && row.lt > to);
        page.take(limit(&query)).map(|row| row.base64.clone()).collect()
    };
    json!({"ok": true, "result": result}).to_string()
}

async fn tonapi(
    State(chain): State<Arc<Chain>>,
    Route(path): Route<String>,
    Query(query): Query<HashMap<String, String>>,
) -> String {
    let rows = chain.shown();
    let answer = if path == "masterchain-head" {
        json!({"gen_utime": CHAIN_TIME + 60})
    } else if path.ends_with("/transactions") {
        let (before, after) =
            (number(&query, "before_lt").unwrap_or(u64::MAX), number(&query, "after_lt").unwrap_or(0));
        let page = rows.iter().rev().filter(|row| row.lt < before && row.lt > after);
        json!({"transactions": page.take(limit(&query)).map(|row| row.hex.clone()).collect::<Vec<_>>()})
    } else {
        let newest = rows.last().map(|row| &row.hex);
        json!({
            "last_transaction_lt": newest.map_or(json!(0), |row| row["lt"].clone()),
            "last_transaction_hash": newest.map(|row| row["hash"].clone()),
        })
    };
    answer.to_string()
}

fn number(query: &HashMap<String, String>, name: &str) -> Option<u64> {
    query.get(name).and_then(|text| text.parse().ok())
}

fn limit(query: &HashMap<String, String>) -> usize {
    number(query, "limit").and_then(|limit| limit.try_into().ok()).unwrap_or(10)
}
