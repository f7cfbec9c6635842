//! Arguments and results of get methods.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use tycho_types::boc::Boc;
use tycho_types::cell::Cell;

use super::wire;

/// What a get method left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodResult {
    /// The exit code. Only 0 means that the stack is a result: a contract without the method answers 11.
    pub exit_code: i32,
    /// The stack, first value first.
    pub stack: Vec<StackValue>,
}

/// A value on the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackValue {
    /// A whole number.
    Number {
        /// Whether it is below zero.
        negative: bool,
        /// Its amount, big-endian.
        magnitude: [u8; 32],
    },
    /// A cell, or as a result a slice: the APIs do not tell them apart.
    Cell(Cell),
    /// A slice, as an argument.
    Slice(Cell),
    /// Nothing.
    Null,
    /// Anything else.
    Other,
}

impl StackValue {
    /// The number `value`.
    pub fn number(value: u64) -> Self {
        let mut magnitude = [0; 32];
        magnitude[24..].copy_from_slice(&value.to_be_bytes());
        Self::Number { negative: false, magnitude }
    }

    /// The number as an `i64`, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        let Self::Number { negative, magnitude } = self else { return None };
        let (high, low) = magnitude.split_at(24);
        if high.iter().any(|byte| *byte != 0) {
            return None;
        }
        let value = i128::from(u64::from_be_bytes(low.try_into().ok()?));
        i64::try_from(if *negative { -value } else { value }).ok()
    }

    /// The number as 32 bytes, if it is one and not below zero.
    pub fn as_bytes(&self) -> Option<[u8; 32]> {
        match self {
            Self::Number { negative: false, magnitude } => Some(*magnitude),
            _ => None,
        }
    }

    /// The cell, if it is one.
    pub fn as_cell(&self) -> Option<&Cell> {
        match self {
            Self::Cell(cell) | Self::Slice(cell) => Some(cell),
            _ => None,
        }
    }

    pub(super) fn to_toncenter(&self) -> Value {
        match self {
            Self::Number { negative, magnitude } => json!(["num", decimal(*negative, magnitude)]),
            Self::Cell(cell) => json!(["tvm.Cell", BASE64.encode(&Boc::encode(cell))]),
            Self::Slice(cell) => json!(["tvm.Slice", BASE64.encode(&Boc::encode(cell))]),
            Self::Null | Self::Other => json!(["null", Value::Null]),
        }
    }

    pub(super) fn from_toncenter(value: &Value) -> Self {
        let content = &value[1];
        match value[0].as_str().unwrap_or_default() {
            "num" | "tvm.Number" => content.as_str().and_then(number).unwrap_or(Self::Other),
            "cell" | "slice" | "tvm.Cell" | "tvm.Slice" => {
                let text = content.get("bytes").unwrap_or(content);
                cell(text).unwrap_or(Self::Other)
            }
            "null" => Self::Null,
            "list" if content["elements"].as_array().is_some_and(Vec::is_empty) => Self::Null,
            _ => Self::Other,
        }
    }

    pub(super) fn to_tonapi(&self) -> Value {
        match self {
            Self::Number { negative, magnitude } => {
                let sign = if *negative { "-" } else { "" };
                json!({"type": "int257", "value": format!("{sign}0x{}", HEXLOWER.encode(magnitude))})
            }
            Self::Cell(cell) => {
                json!({"type": "cell_boc_base64", "value": BASE64.encode(&Boc::encode(cell))})
            }
            Self::Slice(cell) => {
                json!({"type": "slice_boc_hex", "value": HEXLOWER.encode(&Boc::encode(cell))})
            }
            Self::Null | Self::Other => json!({"type": "null", "value": "Null"}),
        }
    }

    pub(super) fn from_tonapi(value: &Value) -> Self {
        match value["type"].as_str().unwrap_or_default() {
            "num" => value["num"].as_str().and_then(number).unwrap_or(Self::Other),
            "cell" => cell(&value["cell"]).unwrap_or(Self::Other),
            "slice" => cell(&value["slice"]).unwrap_or(Self::Other),
            "null" => Self::Null,
            _ => Self::Other,
        }
    }
}

fn cell(text: &Value) -> Option<StackValue> {
    let boc = wire::bytes(text.as_str()?)?;
    Boc::decode(&boc).ok().map(StackValue::Cell)
}

/// A number in hex with `0x` or in decimal.
fn number(text: &str) -> Option<StackValue> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (radix, digits) = digits.strip_prefix("0x").map_or((10, digits), |rest| (16, rest));
    if digits.is_empty() {
        return None;
    }
    let mut magnitude = [0_u8; 32];
    for digit in digits.chars() {
        let mut carry = digit.to_digit(radix)?;
        for byte in magnitude.iter_mut().rev() {
            let value = u32::from(*byte) * radix + carry;
            *byte = u8::try_from(value & 0xff).expect("masked");
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(StackValue::Number { negative, magnitude })
}

fn decimal(negative: bool, magnitude: &[u8; 32]) -> String {
    let (mut rest, mut digits) = (*magnitude, Vec::new());
    while digits.is_empty() || rest.iter().any(|byte| *byte != 0) {
        let mut carry = 0_u32;
        for byte in &mut rest {
            let value = (carry << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 10).expect("the remainder before it is below ten");
            carry = value % 10;
        }
        digits.push(char::from_digit(carry, 10).expect("below ten"));
    }
    let sign = if negative { "-" } else { "" };
    sign.chars().chain(digits.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written_exactly() {
        for text in ["0", "1", "-1", "18446744073709551616", "340282366920938463463374607431768211455"] {
            let Some(StackValue::Number { negative, magnitude }) = number(text) else {
                panic!("{text} is a number")
            };
            assert_eq!(decimal(negative, &magnitude), text);
            let sign = if negative { "-" } else { "" };
            let hex = format!("{sign}0x{}", HEXLOWER.encode(&magnitude));
            assert_eq!(number(&hex), number(text));
        }
        assert_eq!(number("-0x1").and_then(|value| value.as_i64()), Some(-1));
        assert_eq!(number(&"f".repeat(3)), None);
        assert_eq!(number(&format!("0x1{}", "0".repeat(64))), None, "257 bits");
        assert_eq!(number("0x10000000000000000").and_then(|value| value.as_i64()), None);
        assert_eq!(StackValue::number(7).as_i64(), Some(7));
        for text in ["", "-", "0x", "1.5", "x"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn what_the_servers_write_is_understood() {
        let boc = "te6cckEBAQEAJAAAQ4AAZ8uqkkH7J/kConJrrqGu949TQqa6jfNQ1oiAzzF6lVD7cSmM";
        let read = StackValue::from_toncenter(&json!(["cell", {"bytes": boc, "object": {}}]));
        let cell = read.as_cell().expect("a cell").clone();
        assert_eq!(cell.bit_len(), 267);
        let hex = HEXLOWER.encode(&BASE64.decode(boc.as_bytes()).expect("base64"));
        assert_eq!(StackValue::from_tonapi(&json!({"type": "cell", "cell": hex})), read);
        assert_eq!(StackValue::from_toncenter(&json!(["num", "0x17888"])).as_i64(), Some(0x17888));
        assert_eq!(StackValue::from_tonapi(&json!({"type": "num", "num": "-0x1"})).as_i64(), Some(-1));
        let empty = json!(["list", {"@type": "tvm.list", "elements": []}]);
        assert_eq!(StackValue::from_toncenter(&empty), StackValue::Null);
        for odd in [json!([]), json!(null), json!(["num", 5]), json!(["cell", {"bytes": "?"}]), json!("x")] {
            assert_eq!(StackValue::from_toncenter(&odd), StackValue::Other, "{odd}");
            assert_eq!(StackValue::from_tonapi(&odd), StackValue::Other, "{odd}");
        }
        let slice = StackValue::Slice(cell);
        assert_eq!(slice.to_toncenter()[0], "tvm.Slice");
        assert_eq!(slice.to_tonapi()["type"], "slice_boc_hex");
    }
}
