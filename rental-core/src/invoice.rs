//! Invoices: a number, a term, a price and a payload, locked until a deadline.

use std::fmt;
use std::str::FromStr;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use ulid::Ulid;

use crate::number::is_invisible;
use crate::text_form::serde_as_text;
use crate::{Amount, Chains, CustomerId, PhoneNumber, Term, Timestamp, TxHash};

/// Identifies an invoice: `inv_` and a ULID. Sorts by time of creation and cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceId(Ulid);

/// The text is not an invoice id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invoice id starts with inv_ and has 30 characters")]
pub struct InvoiceIdError;

impl InvoiceId {
    /// The id made from a commit's own id.
    pub const fn new(ulid: Ulid) -> Self {
        Self(ulid)
    }

    /// When it was made, in milliseconds since 1970; less than 2⁴⁸. Ids sort by it.
    pub fn timestamp_ms(self) -> u64 {
        self.0.timestamp_ms()
    }
}

impl FromStr for InvoiceId {
    type Err = InvoiceIdError;

    fn from_str(text: &str) -> Result<Self, InvoiceIdError> {
        let id = text.strip_prefix("inv_").and_then(|ulid| Ulid::from_string(ulid).ok()).map(Self);
        // One id has one spelling: the decoder alone would take lower case and look-alikes too.
        id.filter(|id| id.to_string() == text).ok_or(InvoiceIdError)
    }
}

impl fmt::Display for InvoiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("inv_{}", self.0))
    }
}

impl fmt::Debug for InvoiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The comment that a payer must write: it names one invoice, for ever.
///
/// Ten characters of 50 random bits, in an alphabet without look-alikes. [`Payload::from_comment`] forgives
/// what wallets and people do to a comment (case, surrounding spaces, invisible characters) and nothing else: a
/// comment that merely contains a payload names no invoice.
///
/// ```
/// use rental_core::Payload;
///
/// let payload = Payload::from_entropy([7; 8]);
/// assert_eq!(Payload::from_comment(&format!(" {}\n", payload.to_string().to_lowercase())), Some(payload.clone()));
/// assert_eq!(Payload::from_comment(&format!("{payload} {payload}")), None);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Payload(String);

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "RENT-";
const LENGTH: usize = 10;
/// Longer comments name no invoice and are not searched.
const LONGEST_COMMENT: usize = 256;

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str(ALPHABET);
    specification.encoding().expect("32 different symbols")
});

impl Payload {
    /// The payload made of the first 50 of these random bits.
    pub fn from_entropy(entropy: [u8; 8]) -> Self {
        let digits = BASE32.encode(&entropy[..7]);
        Self(format!("{PREFIX}{}", &digits[..LENGTH]))
    }

    /// The payload that a payer's comment names, if it names exactly one.
    pub fn from_comment(comment: &str) -> Option<Self> {
        if comment.len() > LONGEST_COMMENT {
            return None;
        }
        let visible: String = comment.chars().filter(|c| !is_invisible(*c) && *c != '\0').collect();
        let candidate =
            visible.trim_matches(|c: char| c.is_whitespace() || c.is_control()).to_ascii_uppercase();
        let code = candidate.strip_prefix(PREFIX)?;
        let complete = code.len() == LENGTH && code.chars().all(|c| ALPHABET.contains(c));
        complete.then_some(Self(candidate))
    }

    /// The text to put into the comment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payload is RENT- and ten letters or digits")]
pub struct PayloadError;

impl FromStr for Payload {
    type Err = PayloadError;

    fn from_str(text: &str) -> Result<Self, PayloadError> {
        Self::from_comment(text).ok_or(PayloadError)
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(InvoiceId);
serde_as_text!(Payload);

/// A request for payment.
///
/// Number, term, amount and payload never change after opening: a later change of the price does not touch it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Identifies it.
    pub id: InvoiceId,
    /// What is paid for.
    pub kind: InvoiceKind,
    /// The number.
    pub number: PhoneNumber,
    /// Who pays and will hold the number.
    pub customer: CustomerId,
    /// For how long.
    pub term: Term,
    /// The price, locked when the invoice was opened; a payment in another currency does not settle it.
    pub amount: Amount,
    /// The comment that makes a payment this invoice's.
    pub payload: Payload,
    /// The address to pay to, as shown.
    pub wallet: String,
    /// The master contract of the jetton to pay in, a raw address; `None` for the coin of the chain itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jetton: Option<String>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The deadline: a payment counts when its chain time is not later than this.
    pub expires_at: Timestamp,
    /// A payment that fits and waits: for the number's lock to go, or for another source of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<TxHash>,
    /// Whether that payment is in doubt, because not enough sources of the chain have it: another one that is not may
    /// settle the invoice first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// Grows by one with every change; 1 when opened.
    pub version: u64,
}

/// What an invoice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceKind {
    /// A new rental.
    Rent,
    /// More time for a running one.
    Renew,
}

/// Where an invoice stands. `Settled` is final; the operator can still apply a payment to an expired or cancelled
/// invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// It can be paid, or a payment made in time may still be on its way to us.
    Open,
    /// It is paid and carried out.
    Settled {
        /// The payment.
        tx: TxHash,
        /// When.
        at: Timestamp,
    },
    /// The chain was read past the deadline and no payment had come.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// It was withdrawn before it was paid.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

impl InvoiceStatus {
    /// All stable names.
    pub const NAMES: [&str; 4] = ["open", "settled", "expired", "cancelled"];

    /// The stable name: `open`, `settled`, `expired` or `cancelled`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled { .. } => "settled",
            Self::Expired { .. } => "expired",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

impl InvoiceKind {
    /// The stable name: `rent` or `renew`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rent => "rent",
            Self::Renew => "renew",
        }
    }
}

impl Invoice {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.status == InvoiceStatus::Open
    }

    /// Whether a payment made at `now` would still be in time.
    pub fn is_payable(&self, now: Timestamp) -> bool {
        self.is_open() && now <= self.expires_at
    }

    /// Whether it is certain that no payment in time can appear any more: the chain of its currency was read past the
    /// deadline and nothing waits.
    pub fn has_lapsed(&self, chains: &Chains) -> bool {
        let read_to = chains.of(self.amount.currency()).read_to;
        self.is_open() && self.waiting.is_none() && read_to > self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn invoice_ids_have_one_spelling() {
        let id = InvoiceId(Ulid::from_parts(1_767_225_650_000, 42));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 30);
        for text in ["", "inv_", &id.to_string().to_lowercase(), &format!("{id}0"), "inv_../../etc/passwd"] {
            assert_eq!(text.parse::<InvoiceId>(), Err(InvoiceIdError), "{text}");
        }
    }

    #[test]
    fn a_comment_names_an_invoice_only_as_a_whole() {
        let payload = Payload::from_entropy([0xA5; 8]);
        let (text, lower) = (payload.to_string(), payload.to_string().to_lowercase());
        for comment in [text.clone(), lower, format!(" \u{200b}{text}\0\n"), format!("\u{feff}{text}\u{a0}")]
        {
            assert_eq!(Payload::from_comment(&comment), Some(payload.clone()), "{comment:?}");
        }
        for comment in [
            String::new(),
            text[..14].to_owned(),
            format!("{text}X"),
            format!("{text}{text}"),
            format!("pay {text}"),
            format!("{text} {text}"),
            text.replace("RENT-", ""),
            text.replacen('-', " ", 1),
        ] {
            assert_eq!(Payload::from_comment(&comment), None, "{comment:?}");
        }
    }

    proptest! {
        #[test]
        fn payloads_read_back_and_keep_50_bits(entropy in any::<[u8; 8]>(), comment in any::<String>()) {
            let payload = Payload::from_entropy(entropy);
            prop_assert_eq!(Payload::from_comment(payload.as_str()), Some(payload.clone()));
            prop_assert_eq!(payload.as_str().len(), PREFIX.len() + LENGTH);
            let _ = Payload::from_comment(&comment);
        }
    }
}
