//! Reading what providers write, whichever way they write it.
//!
//! Lenient on purpose: numbers come as strings or as numbers, bytes as base64 (with line breaks, in either alphabet) or
//! as hex, errors in several shapes. Nothing here is trusted: what counts is verified in the bag of cells.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use rental_core::{ChainCursor, TxHash};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::client::{CallError, Failure, Refusal};
use crate::walk::{Link, Row};

/// A whole number, written as a number or as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

/// Bytes in base64 or hex.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    // A bag of cells in hex begins with its magic number, which in base64 would be of another length.
    if text.len().is_multiple_of(2)
        && let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(text.as_bytes())
    {
        return Some(bytes);
    }
    let plain = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    BASE64URL_NOPAD.decode(plain.as_bytes()).ok()
}

/// A hash in any of its spellings.
pub(super) fn hash(text: &str) -> Result<TxHash, CallError> {
    text.trim().parse().map_err(|error| unreadable(format!("{error}, which the answer's is not")))
}

/// A position; logical time 0 is an account without transactions.
pub(super) fn cursor(lt: u64, hash_text: Option<&str>) -> Result<ChainCursor, CallError> {
    match (lt, hash_text) {
        (0, _) => Ok(ChainCursor::START),
        (lt, Some(text)) => Ok(ChainCursor { lt, hash: Some(hash(text)?) }),
        (_, None) => Err(unreadable("it names a newest transaction without its hash")),
    }
}

/// A row of a page.
pub(super) fn row(claimed: Link, cells: &str) -> Result<Row, CallError> {
    let boc = bytes(cells).ok_or_else(|| unreadable("a transaction is neither base64 nor hex"))?;
    Ok(Row { claimed: Some(claimed), boc })
}

/// How a hash is written in a query.
pub(super) fn base64(hash: &TxHash) -> String {
    BASE64.encode(&hash.0)
}

/// An answer that makes no sense. It may be better the next time.
pub(super) fn unreadable(reason: impl Into<String>) -> CallError {
    CallError::new(Failure::Passing, reason)
}

/// `value` as a `T`.
pub(super) fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_json::from_value(value).map_err(|error| Refusal {
        code: None,
        text: format!("its answer has another form than documented: {error}"),
    })
}

/// An answer that is not JSON: of an error, its status counts.
pub(super) fn not_json(status: StatusCode) -> Refusal {
    if status.is_success() {
        Refusal { code: None, text: "its answer is not the JSON of this API".to_owned() }
    } else {
        Refusal { code: Some(status.as_u16()), text: String::new() }
    }
}

/// The text of an error that stands under one of `names`.
pub(super) fn error_text(answer: &Value, names: &[&str]) -> String {
    let found = names.iter().filter_map(|name| answer.get(name)).find(|value| !value.is_null());
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// An API whose answers are the result itself, and whose errors stand under `error` or `Error`.
pub(super) fn plain<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, Refusal> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| not_json(status))?;
    let text = error_text(&answer, &["error", "Error", "detail", "message"]);
    if !status.is_success() {
        let text = if text.is_empty() { error_text(&answer, &["result"]) } else { text };
        return Err(Refusal { code: Some(status.as_u16()), text });
    }
    if !text.is_empty() && answer.as_object().is_some_and(|fields| fields.len() <= 3) {
        let code = answer.get("code").and_then(Value::as_u64).and_then(|code| code.try_into().ok());
        return Err(Refusal { code, text });
    }
    shaped(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_every_spelling() {
        let raw = [0xb5, 0xee, 0x9c, 0x72, 0xfb, 0xff];
        for text in ["te6ccvv/", "te6c\ncvv/\n", "te6ccvv_", "b5ee9c72fbff", "B5EE9C72FBFF"] {
            assert_eq!(bytes(text).as_deref(), Some(&raw[..]), "{text}");
        }
        assert_eq!(bytes("AQ==").as_deref(), Some(&[1][..]));
        for text in ["no base64!", "te6cc", "ы"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_exact_however_they_are_written() {
        let read = |text: &str| serde_json::from_str::<Whole>(text).map(|whole| whole.0).ok();
        for number in [0, 65_000_054_000_000, u64::MAX] {
            assert_eq!(read(&number.to_string()), Some(number));
            assert_eq!(read(&format!("\"{number}\"")), Some(number));
        }
        for text in ["-1", "1.5", "1e3", "null", "\"\"", "\"x\"", "[]", "18446744073709551616"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
