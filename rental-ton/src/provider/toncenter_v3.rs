//! The JSON of toncenter v3, an index: it names transactions but does not hand over their bags of cells, so it can
//! confirm what another provider shows and nothing more.

use rental_core::ChainCursor;
use serde::Deserialize;

use super::client::{Call, CallError, Client};
use super::wire;
use crate::TonAddress;
use crate::walk::Link;

#[derive(Debug, Deserialize)]
struct Transactions {
    transactions: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    hash: String,
    lt: wire::Whole,
}

impl Row {
    fn link(&self) -> Result<Link, CallError> {
        Ok(Link { lt: self.lt.0, hash: wire::hash(&self.hash)? })
    }
}

/// The newest transaction of `account`.
pub(super) async fn newest(client: &Client, account: &TonAddress) -> Result<ChainCursor, CallError> {
    let call = Call::get("transactions").with("account", account).with("limit", &1).with("sort", &"desc");
    let page: Transactions = client.call(&call, wire::plain).await?;
    match page.transactions.first() {
        None => Ok(ChainCursor::START),
        Some(row) => row.link().map(|link| ChainCursor { lt: link.lt, hash: Some(link.hash) }),
    }
}

/// Transactions of `account` from this logical time on, oldest first. Later ones prove that the answer has seen that
/// time; without any it may have come from a server that is behind.
pub(super) async fn from(client: &Client, account: &TonAddress, lt: u64) -> Result<Vec<Link>, CallError> {
    let call = Call::get("transactions")
        .with("account", account)
        .with("start_lt", &lt)
        .with("limit", &2)
        .with("sort", &"asc");
    let page: Transactions = client.call(&call, wire::plain).await?;
    page.transactions.iter().map(Row::link).collect()
}

/// Reads `body` as whatever can be asked for. A page has no bags of cells, so there are no rows.
#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(status: reqwest::StatusCode, body: &[u8]) -> Vec<crate::walk::Row> {
    let page = wire::plain::<Transactions>(status, body).map(|page| page.transactions).unwrap_or_default();
    drop(page.iter().map(Row::link).collect::<Result<Vec<_>, _>>());
    Vec::new()
}
