//! Handing a rental on: an offer with an expiring one-time token.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{CustomerId, PhoneNumber, Timestamp};

/// The secret that accepts an offer: `tr_` and 32 URL-safe characters.
///
/// It carries the number, so that accepting needs no index, and 128 random bits. Only its hash is stored; `Debug`
/// hides it.
///
/// ```
/// use rental_core::TransferToken;
///
/// let token = TransferToken::new("+88801234567".parse()?, [7; 16]);
/// assert_eq!(token.expose().parse::<TransferToken>()?, token);
/// assert_eq!(format!("{token:?}"), "tr_…");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TransferToken {
    number: PhoneNumber,
    secret: [u8; 16],
}

/// The text is not a transfer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a transfer token: it starts with tr_ and has 35 characters")]
pub struct TransferTokenError;

impl TransferToken {
    /// The token for `number` with this random secret.
    pub fn new(number: PhoneNumber, secret: [u8; 16]) -> Self {
        Self { number, secret }
    }

    /// The number it is about.
    pub fn number(&self) -> PhoneNumber {
        self.number
    }

    /// The text to give to the recipient.
    pub fn expose(&self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.number.as_u64().to_be_bytes());
        bytes[8..].copy_from_slice(&self.secret);
        format!("tr_{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// What is stored of it: SHA-256 in lower-case hex.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.expose().as_bytes()))
    }
}

impl FromStr for TransferToken {
    type Err = TransferTokenError;

    fn from_str(text: &str) -> Result<Self, TransferTokenError> {
        let body = text.strip_prefix("tr_").filter(|body| body.len() == 32).ok_or(TransferTokenError)?;
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| TransferTokenError)?;
        let (number, secret) = bytes.split_at_checked(8).ok_or(TransferTokenError)?;
        let number = u64::from_be_bytes(number.try_into().map_err(|_| TransferTokenError)?);
        let number = PhoneNumber::from_digits(number).ok_or(TransferTokenError)?;
        Ok(Self { number, secret: secret.try_into().map_err(|_| TransferTokenError)? })
    }
}

impl fmt::Debug for TransferToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tr_…")
    }
}

/// Which offer somebody means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferRef {
    /// The one with this token.
    Token(TransferToken),
    /// The one of this number, made to whoever means it: who is named in an offer needs no token.
    Addressed(PhoneNumber),
}

impl OfferRef {
    /// The number it is about.
    pub fn number(&self) -> PhoneNumber {
        match self {
            Self::Token(token) => token.number(),
            Self::Addressed(number) => *number,
        }
    }
}

impl From<TransferToken> for OfferRef {
    fn from(token: TransferToken) -> Self {
        Self::Token(token)
    }
}

/// An open offer; part of the rental it would hand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferOffer {
    /// SHA-256 of the token, in hex.
    pub token_digest: String,
    /// Who may accept; nobody in particular when absent: then whoever has the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<CustomerId>,
    /// When it was made.
    pub offered_at: Timestamp,
    /// The last moment to accept.
    pub expires_at: Timestamp,
}

impl TransferOffer {
    /// Whether this is the offer that `customer` means and may accept.
    pub fn is_meant(&self, named: &OfferRef, customer: &CustomerId) -> bool {
        match named {
            OfferRef::Token(token) => self.is_for(token) && self.to.as_ref().is_none_or(|to| to == customer),
            OfferRef::Addressed(_) => self.to.as_ref() == Some(customer),
        }
    }

    /// Whether `token` is this offer's, compared in constant time.
    pub fn is_for(&self, token: &TransferToken) -> bool {
        self.token_digest.as_bytes().ct_eq(token.digest().as_bytes()).into()
    }
}
