//! The JSON of toncenter v2, as far as it is used.
//!
//! Lenient on purpose: the published schema does not describe the Python server, and the C++ server adds fields.
//! Numbers come as strings or as numbers, `@type` differs, errors have two shapes. Nothing here is trusted: what
//! counts is verified in the bag of cells.

use rental_core::{ChainCursor, GatewayError, TxHash};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::walk::{Link, Row};

/// What every answer is wrapped in.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// Whether there is a result.
    pub(super) ok: bool,
    /// The result, or in one of the shapes of an error its text.
    pub(super) result: Option<Value>,
    /// The text of an error.
    pub(super) error: Option<Value>,
    /// The code of an error; mostly, but not always, the HTTP status.
    code: Option<Value>,
}

impl Answer {
    /// The code of an error, where there is a sensible one.
    pub(super) fn code(&self) -> Option<u16> {
        self.code.as_ref().and_then(Value::as_u64).and_then(|code| code.try_into().ok())
    }
}

/// A whole number, written as a number or as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole(pub(super) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
        .map(Self)
        .ok_or_else(|| de::Error::custom("expected a whole number"))
    }
}

/// `getAddressInformation`. A non-existing account has one, too, with logical time 0.
#[derive(Debug, Deserialize)]
pub(super) struct AccountState {
    /// The newest transaction.
    pub(super) last_transaction_id: TransactionId,
    /// Unix time of the masterchain block that the answer was read from.
    pub(super) sync_utime: Whole,
}

/// A transaction's place in the chain.
#[derive(Debug, Deserialize)]
pub(super) struct TransactionId {
    lt: Whole,
    hash: String,
}

impl TransactionId {
    /// As a cursor; an account without transactions is at the start.
    pub(super) fn cursor(&self) -> Result<ChainCursor, GatewayError> {
        match self.lt.0 {
            0 => Ok(ChainCursor::START),
            lt => Ok(ChainCursor { lt, hash: Some(self.tx()?) }),
        }
    }

    fn tx(&self) -> Result<TxHash, GatewayError> {
        self.hash
            .parse()
            .map_err(|error| GatewayError::Unverified(format!("{error}, which the answer's is not")))
    }
}

/// A row of `getTransactions`, of which only the bag of cells is of interest.
#[derive(Debug, Deserialize)]
pub(super) struct RawTransaction {
    data: String,
    transaction_id: TransactionId,
}

impl TryFrom<RawTransaction> for Row {
    type Error = GatewayError;

    fn try_from(raw: RawTransaction) -> Result<Self, GatewayError> {
        let boc = data_encoding::BASE64
            .decode(raw.data.as_bytes())
            .map_err(|error| GatewayError::Unverified(format!("a transaction is not base64: {error}")))?;
        let id = raw.transaction_id;
        Ok(Self { claimed: Some(Link { lt: id.lt.0, hash: id.tx()? }), boc })
    }
}
