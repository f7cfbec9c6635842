//! Payments: every coin that arrived, and what became of it.
//!
//! A payment is identified by the hash of the transaction on our own account, for ever. It is never deleted, and
//! its amount never changes; only its [`Outcome`] moves, and only along the edges that `decide` knows.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use crate::text_form::serde_as_text;
use crate::{Amount, Comment, IncomingPayment, InvoiceId, Timestamp};

/// The hash of a transaction: 32 bytes, shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxHash(pub [u8; 32]);

/// The text is not a transaction hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a transaction hash is 64 hex digits")]
pub struct TxHashError;

/// Reads hex, or the base64 in which some providers write hashes.
impl FromStr for TxHash {
    type Err = TxHashError;

    fn from_str(text: &str) -> Result<Self, TxHashError> {
        let bytes = match text.len() {
            64 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()),
            44 => BASE64.decode(text.replace('-', "+").replace('_', "/").as_bytes()),
            43 => BASE64URL_NOPAD.decode(text.replace('+', "-").replace('/', "_").as_bytes()),
            _ => return Err(TxHashError),
        };
        bytes.ok().and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(TxHashError)
    }
}

impl fmt::Display for TxHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for TxHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(TxHash);

/// What a refund comment begins with.
const REFUND: &str = "Refund";
/// How much of the transaction's hash it names.
const REFUND_DIGITS: usize = 16;

/// A coin that arrived, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The transaction.
    pub tx: TxHash,
    /// Its logical time.
    pub lt: u64,
    /// What was credited.
    pub amount: Amount,
    /// What the payer wrote.
    pub comment: Comment,
    /// Who paid, as a raw address.
    pub sender: String,
    /// When the chain took it.
    pub chain_time: Timestamp,
    /// When we booked it.
    pub booked_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// The invoice it names, if it names one.
    pub invoice: Option<InvoiceId>,
    /// Grows by one with every change; 1 when booked.
    pub version: u64,
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It settled its invoice.
    Settled,
    /// The operator's own money, from one of the operator's wallets.
    Deposit,
    /// It waits for the operator's decision.
    Exception {
        /// What is odd about it.
        reason: ExceptionReason,
    },
    /// The operator accepted it for an invoice.
    Applied {
        /// What had been odd about it.
        reason: ExceptionReason,
    },
    /// The operator is sending it back.
    RefundPending {
        /// What had been odd about it.
        reason: ExceptionReason,
        /// An outgoing transaction that is like the refund, but not in everything; for the operator to look at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_tx: Option<TxHash>,
    },
    /// It was sent back.
    Refunded {
        /// What had been odd about it.
        reason: ExceptionReason,
        /// The outgoing transaction, when it was seen on chain or the operator named it.
        refund_tx: Option<TxHash>,
    },
    /// The operator keeps it.
    WrittenOff {
        /// What had been odd about it.
        reason: ExceptionReason,
    },
}

/// What is odd about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionReason {
    /// Less than the invoice's amount.
    Underpaid,
    /// More than the invoice's amount.
    Overpaid,
    /// In another currency than the invoice's.
    WrongCurrency,
    /// On chain after the invoice's deadline.
    Late,
    /// On chain before the invoice existed.
    Early,
    /// The invoice is settled already.
    Duplicate,
    /// The customer had cancelled the invoice.
    Cancelled,
    /// No invoice has this comment.
    UnknownPayload,
    /// There is no comment.
    NoComment,
    /// The comment is encrypted or not a text.
    UnreadableComment,
    /// The message could not be read at all.
    UnreadableMessage,
    /// The number can no longer be given to this customer.
    NumberGone,
    /// The number is locked; the payment settles when the lock is gone.
    NumberLocked,
    /// Only one source of the chain has it yet; it settles when a second one has.
    Unconfirmed,
    /// The sources of the chain contradict each other about it.
    Disputed,
}

impl Outcome {
    /// All stable names.
    pub const NAMES: [&str; 7] =
        ["settled", "exception", "applied", "refund_pending", "refunded", "written_off", "deposit"];

    /// The stable name: `settled`, `exception`, `applied`, `refund_pending`, `refunded`, `written_off` or
    /// `deposit`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Exception { .. } => "exception",
            Self::Applied { .. } => "applied",
            Self::RefundPending { .. } => "refund_pending",
            Self::Refunded { .. } => "refunded",
            Self::WrittenOff { .. } => "written_off",
            Self::Deposit => "deposit",
        }
    }

    /// What is or was odd about the payment.
    pub fn reason(&self) -> Option<ExceptionReason> {
        match self {
            Self::Settled | Self::Deposit => None,
            Self::Exception { reason }
            | Self::Applied { reason }
            | Self::RefundPending { reason, .. }
            | Self::Refunded { reason, .. }
            | Self::WrittenOff { reason } => Some(*reason),
        }
    }

    /// The outgoing transaction that refunded it, or that may have.
    pub fn refund_tx(&self) -> Option<TxHash> {
        match self {
            Self::RefundPending { refund_tx, .. } | Self::Refunded { refund_tx, .. } => *refund_tx,
            _ => None,
        }
    }
}

impl ExceptionReason {
    /// All reasons.
    pub const ALL: [Self; 15] = [
        Self::Underpaid,
        Self::Overpaid,
        Self::WrongCurrency,
        Self::Late,
        Self::Early,
        Self::Duplicate,
        Self::Cancelled,
        Self::UnknownPayload,
        Self::NoComment,
        Self::UnreadableComment,
        Self::UnreadableMessage,
        Self::NumberGone,
        Self::NumberLocked,
        Self::Unconfirmed,
        Self::Disputed,
    ];

    /// Whether the payment's invoice waits for it: it can neither lapse nor be paid again meanwhile.
    pub fn holds_invoice(self) -> bool {
        matches!(self, Self::NumberLocked | Self::Unconfirmed | Self::Disputed)
    }

    /// The stable name, such as `underpaid`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Underpaid => "underpaid",
            Self::Overpaid => "overpaid",
            Self::WrongCurrency => "wrong_currency",
            Self::Late => "late",
            Self::Early => "early",
            Self::Duplicate => "duplicate",
            Self::Cancelled => "cancelled",
            Self::UnknownPayload => "unknown_payload",
            Self::NoComment => "no_comment",
            Self::UnreadableComment => "unreadable_comment",
            Self::UnreadableMessage => "unreadable_message",
            Self::NumberGone => "number_gone",
            Self::NumberLocked => "number_locked",
            Self::Unconfirmed => "unconfirmed",
            Self::Disputed => "disputed",
        }
    }
}

impl fmt::Display for ExceptionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Payment {
    /// What the operator writes when sending this payment back, so that it is known again on chain.
    pub fn refund_comment(&self) -> String {
        format!("{REFUND} {}", &self.tx.to_string()[..REFUND_DIGITS])
    }

    /// Whether `text` is the refund comment of some payment.
    pub(crate) fn is_refund_comment(text: &str) -> bool {
        let digits = text.strip_prefix(REFUND).and_then(|rest| rest.strip_prefix(' '));
        digits.is_some_and(|digits| {
            digits.len() == REFUND_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit())
        })
    }

    /// Books `incoming` at `now`.
    pub(crate) fn book(
        incoming: &IncomingPayment,
        outcome: Outcome,
        invoice: Option<InvoiceId>,
        now: Timestamp,
    ) -> Self {
        let IncomingPayment { tx, lt, amount, comment, sender, chain_time } = incoming.clone();
        Self { tx, lt, amount, comment, sender, chain_time, booked_at: now, outcome, invoice, version: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_is_missing_in_the_list_of_all() {
        let error = serde_json::from_str::<ExceptionReason>("\"none of them\"").expect_err("there is none");
        let known: Vec<_> = error.to_string().split('`').skip(3).step_by(2).map(ToOwned::to_owned).collect();
        assert_eq!(known, ExceptionReason::ALL.map(ExceptionReason::name), "{error}");
    }

    #[test]
    fn one_hash_in_every_spelling_is_one_hash() {
        let hash = TxHash([0xfb; 32]);
        for text in [hash.to_string(), hash.to_string().to_uppercase(), BASE64.encode(&hash.0)] {
            assert_eq!(text.parse(), Ok(hash), "{text}");
        }
        assert_eq!(BASE64URL_NOPAD.encode(&hash.0).parse(), Ok(hash));
        for text in ["", "zz", &"g".repeat(64), &"a".repeat(63)] {
            assert_eq!(text.parse::<TxHash>(), Err(TxHashError));
        }
    }
}
