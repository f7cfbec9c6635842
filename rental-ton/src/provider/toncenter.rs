//! The JSON of toncenter v2.
//!
//! Two servers answer under this API, one in Python and one in C++, in slightly different JSON. The published schema
//! does not describe the former, and the latter adds fields; `@type` says nothing of use.

use rental_core::{ChainHead, Timestamp};
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Call, CallError, Client, Failure, Refusal};
use super::stack::{MethodResult, StackValue};
use super::{INCLUSION_MARGIN, wire};
use crate::TonAddress;
use crate::walk::{Link, Row};

#[derive(Debug, Deserialize)]
struct AccountState {
    last_transaction_id: TransactionId,
    /// Unix time of the masterchain block that the answer was read from.
    sync_utime: wire::Whole,
}

#[derive(Debug, Deserialize)]
struct TransactionId {
    lt: wire::Whole,
    hash: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RawTransaction {
    data: String,
    transaction_id: TransactionId,
}

#[derive(Debug, Deserialize)]
struct RunResult {
    exit_code: i32,
    #[serde(default)]
    stack: Vec<Value>,
}

/// Takes the wrapping off: `{"ok":true,"result":…}`, or an error whose text stands under `error` or `result` and
/// whose code mostly, but not always, is the HTTP status.
fn unwrapped<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, Refusal> {
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| wire::not_json(status))?;
    let ok = answer.get("ok").and_then(Value::as_bool);
    match (ok, answer.get_mut("result").map(Value::take)) {
        (Some(true), Some(result)) if status.is_success() && !result.is_null() => wire::shaped(result),
        (None, _) if status.is_success() => Err(wire::not_json(status)),
        (_, result) => {
            if let (Some(result), Some(fields)) = (result, answer.as_object_mut()) {
                fields.insert("result".to_owned(), result);
            }
            let code = answer.get("code").and_then(Value::as_u64).and_then(|code| code.try_into().ok());
            let text = wire::error_text(&answer, &["error", "result", "detail"]);
            Err(Refusal { code: Some(code.unwrap_or(status.as_u16())), text })
        }
    }
}

/// The newest transaction of `account`, and the time of the block that the answer was read from, in one request.
pub(super) async fn head(client: &Client, account: &TonAddress) -> Result<ChainHead, CallError> {
    let call = Call::get("getAddressInformation").with("address", account);
    client.call::<AccountState>(&call, unwrapped).await?.head()
}

impl AccountState {
    fn head(self) -> Result<ChainHead, CallError> {
        let read_to = Timestamp::from_unix(self.sync_utime.0).minus(INCLUSION_MARGIN);
        let newest = self.last_transaction_id;
        Ok(ChainHead { cursor: wire::cursor(newest.lt.0, newest.hash.as_deref())?, read_to })
    }
}

/// Up to `limit` transactions from `from` backwards, as far as `after_lt`.
pub(super) async fn page(
    client: &Client,
    account: &TonAddress,
    from: Link,
    after_lt: u64,
    limit: u16,
) -> Result<Vec<Row>, CallError> {
    // Without the hash one of the servers ignores the logical time and the other refuses it.
    let mut call = Call::get("getTransactions")
        .with("address", account)
        .with("limit", &limit)
        .with("lt", &from.lt)
        .with("hash", &wire::base64(&from.hash));
    if after_lt > 0 {
        call = call.with("to_lt", &after_lt);
    }
    let rows: Vec<RawTransaction> = match client.call(&call, unwrapped).await {
        // A server without the whole history says that it cannot find old transactions; others can.
        Err(error) if error.kind == Failure::Passing && error.reason.contains("LITE_SERVER") => {
            client.call(&call.with("archival", &true), unwrapped).await?
        }
        answer => answer?,
    };
    rows.into_iter().map(RawTransaction::row).collect()
}

impl RawTransaction {
    fn row(self) -> Result<Row, CallError> {
        let id = self.transaction_id;
        let hash = wire::hash(id.hash.as_deref().unwrap_or_default())?;
        wire::row(Link { lt: id.lt.0, hash }, &self.data)
    }
}

/// Reads `body` as whatever can be asked for; the rows of a page, if it is one.
#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(status: StatusCode, body: &[u8]) -> Vec<Row> {
    drop(unwrapped::<AccountState>(status, body).map(AccountState::head));
    drop(unwrapped::<RunResult>(status, body).map(RunResult::result));
    let rows = unwrapped::<Vec<RawTransaction>>(status, body).unwrap_or_default();
    rows.into_iter().filter_map(|raw| raw.row().ok()).collect()
}

/// Runs `method` of the contract at `account`.
pub(super) async fn run_get_method(
    client: &Client,
    account: &TonAddress,
    method: &str,
    arguments: &[StackValue],
) -> Result<MethodResult, CallError> {
    let stack: Vec<Value> = arguments.iter().map(StackValue::to_toncenter).collect();
    let body = json!({"address": account.to_string(), "method": method, "stack": stack});
    let result: RunResult = client.call(&Call::post("runGetMethod", body), unwrapped).await?;
    Ok(result.result())
}

impl RunResult {
    fn result(self) -> MethodResult {
        let stack = self.stack.iter().map(StackValue::from_toncenter).collect();
        MethodResult { exit_code: self.exit_code, stack }
    }
}
