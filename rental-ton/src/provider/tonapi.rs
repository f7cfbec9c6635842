//! The JSON of tonapi v2.
//!
//! A transaction comes with its bag of cells in hex (`raw`). Accounts are answered without a time, so the time comes
//! from the masterchain's head, which is asked for at most once in [`CLOCK_KEPT`](super::CLOCK_KEPT).

use rental_core::{ChainCursor, Network, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Call, CallError, Client, Failure};
use super::stack::{MethodResult, StackValue};
use super::wire;
use crate::TonAddress;
use crate::walk::{Link, Row};

/// The `global_id` of mainnet's blocks.
const MAINNET: i32 = -239;
/// The `global_id` of the test network's blocks.
const TESTNET: i32 = -3;

#[derive(Debug, Deserialize)]
struct MasterchainHead {
    gen_utime: wire::Whole,
    /// The network's own number (`global_id` of its blocks).
    global_id: Option<i32>,
}

#[derive(Debug, Deserialize)]
struct RawAccount {
    #[serde(default)]
    last_transaction_lt: wire::Whole,
    last_transaction_hash: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Transactions {
    transactions: Vec<RawTransaction>,
}

#[derive(Debug, Deserialize)]
struct RawTransaction {
    hash: String,
    lt: wire::Whole,
    raw: String,
}

#[derive(Debug, Deserialize)]
struct RunResult {
    exit_code: i32,
    #[serde(default)]
    stack: Vec<Value>,
}

/// The time of the newest masterchain block, which must be one of `network`.
pub(super) async fn clock(client: &Client, network: Network) -> Result<Timestamp, CallError> {
    let head: MasterchainHead =
        client.call(&Call::get("v2/blockchain/masterchain-head"), wire::plain).await?;
    let expected = if network == Network::Testnet { TESTNET } else { MAINNET };
    if let Some(other) = head.global_id.filter(|id| *id != expected) {
        let reason =
            format!("it serves the network {other} and not {network} ({expected}); correct TON_API_URL");
        return Err(CallError::new(Failure::Refused(421), reason));
    }
    Ok(Timestamp::from_unix(head.gen_utime.0))
}

/// The newest transaction of `account`. An account that does not exist yet is answered with 404.
pub(super) async fn newest(client: &Client, account: &TonAddress) -> Result<ChainCursor, CallError> {
    let call = Call::get(&format!("v2/blockchain/accounts/{account}"));
    match client.call::<RawAccount>(&call, wire::plain).await {
        Ok(state) => state.newest(),
        Err(error) if error.kind == Failure::Refused(404) && error.reason.contains("entity not found") => {
            Ok(ChainCursor::START)
        }
        Err(error) => Err(error),
    }
}

impl RawAccount {
    fn newest(&self) -> Result<ChainCursor, CallError> {
        wire::cursor(self.last_transaction_lt.0, self.last_transaction_hash.as_deref())
    }
}

/// Up to `limit` transactions from `from` backwards. Bounds may or may not be inclusive, so one more is asked for.
pub(super) async fn page(
    client: &Client,
    account: &TonAddress,
    from: Link,
    after_lt: u64,
    limit: u16,
) -> Result<Vec<Row>, CallError> {
    let mut call = Call::get(&format!("v2/blockchain/accounts/{account}/transactions"))
        .with("before_lt", &from.lt.saturating_add(1))
        .with("limit", &limit)
        .with("sort_order", &"desc");
    if after_lt > 0 {
        call = call.with("after_lt", &after_lt);
    }
    let page: Transactions = client.call(&call, wire::plain).await?;
    page.transactions.into_iter().map(RawTransaction::row).collect()
}

impl RawTransaction {
    fn row(self) -> Result<Row, CallError> {
        wire::row(Link { lt: self.lt.0, hash: wire::hash(&self.hash)? }, &self.raw)
    }
}

/// Reads `body` as whatever can be asked for; the rows of a page, if it is one.
#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(status: reqwest::StatusCode, body: &[u8]) -> Vec<Row> {
    drop(wire::plain::<MasterchainHead>(status, body).map(|head| Timestamp::from_unix(head.gen_utime.0)));
    drop(wire::plain::<RawAccount>(status, body).map(|account| account.newest()));
    drop(wire::plain::<RunResult>(status, body).map(RunResult::result));
    let rows = wire::plain::<Transactions>(status, body).map(|page| page.transactions).unwrap_or_default();
    rows.into_iter().filter_map(|raw| raw.row().ok()).collect()
}

/// Runs `method` of the contract at `account`.
pub(super) async fn run_get_method(
    client: &Client,
    account: &TonAddress,
    method: &str,
    arguments: &[StackValue],
) -> Result<MethodResult, CallError> {
    let path = format!("v2/blockchain/accounts/{account}/methods/{method}");
    let call = if arguments.is_empty() {
        Call::get(&path)
    } else {
        let arguments: Vec<Value> = arguments.iter().map(StackValue::to_tonapi).collect();
        Call::post(&path, json!({"args": arguments}))
    };
    let result: RunResult = client.call(&call, wire::plain).await?;
    Ok(result.result())
}

impl RunResult {
    fn result(self) -> MethodResult {
        let stack = self.stack.iter().map(StackValue::from_tonapi).collect();
        MethodResult { exit_code: self.exit_code, stack }
    }
}
