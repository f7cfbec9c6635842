//! Money: whole smallest units of one currency, and nothing else.
//!
//! A shop takes TON and, where the operator wants it, USDT on TON. An [`Amount`] is a whole number of its currency's
//! smallest units, from the chain to the screen, so an exact payment is exact and no rounding rule is ever needed. There
//! is no conversion from or to floating point, and none from one currency to the other: amounts of different
//! currencies are never compared for size and never added up.

mod amount;
mod label;
mod nanotons;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use amount::{Amount, Sums};
pub use label::{LabelError, call_ton, check_label};
pub use nanotons::Nanotons;

/// What can be paid in.
///
/// ```
/// use rental_core::Currency;
///
/// assert_eq!("usdt".parse(), Ok(Currency::Usdt));
/// assert_eq!((Currency::Usdt.code(), Currency::Usdt.decimals()), ("USDT", 6));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    /// The coin of the chain itself; the smallest unit is the nanoton, 0.000000001 TON.
    #[default]
    Ton,
    /// Tether's dollar as a jetton on TON; the smallest unit is 0.000001 USDT.
    Usdt,
}

/// The text is not a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is ton or usdt")]
pub struct CurrencyError;

impl Currency {
    /// All currencies.
    pub const ALL: [Self; 2] = [Self::Ton, Self::Usdt];

    /// Where it stands in [`Currency::ALL`].
    pub(crate) const fn place(self) -> usize {
        match self {
            Self::Ton => 0,
            Self::Usdt => 1,
        }
    }

    /// The stable name, such as `usdt`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ton => "ton",
            Self::Usdt => "usdt",
        }
    }

    /// The name as programs write it behind an amount, such as `USDT`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ton => "TON",
            Self::Usdt => "USDT",
        }
    }

    /// How many digits an amount has after the dot.
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Ton => 9,
            Self::Usdt => 6,
        }
    }

    /// How many smallest units are one whole.
    pub const fn units_per_whole(self) -> u64 {
        10_u64.pow(self.decimals())
    }
}

/// Reads the name in either case.
impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let named = |currency: &Self| currency.name().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named).ok_or(CurrencyError)
    }
}

/// Prints the name for people.
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one dot between digits.
    #[error("write the amount as digits with an optional dot, such as 10 or 0.25")]
    Malformed,
    /// More digits after the dot than the currency has.
    #[error("an amount in {_0} has at most {} digits after the dot: less than that cannot be paid", _0.decimals())]
    TooPrecise(Currency),
    /// Above [`Amount::MOST`] smallest units.
    #[error("the amount is larger than any that can be paid")]
    TooLarge,
    /// What stands behind the number is no currency.
    #[error("write the currency as TON or USDT, such as 10 TON or 25.5 USDT")]
    Currency,
}

/// The largest whole number of smallest units; it fits a signed 64-bit column.
const MOST: u64 = i64::MAX as u64;

/// Reads plain ASCII digits.
fn digits(text: &str) -> Result<u64, AmountError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AmountError::Malformed);
    }
    text.parse().map_err(|_| AmountError::TooLarge)
}

/// Reads a decimal number of whole coins as smallest units of `currency`.
fn read_decimal(text: &str, currency: Currency) -> Result<u64, AmountError> {
    let (whole, fraction) = match text.split_once('.') {
        None => (text, None),
        Some((whole, fraction)) => (whole, Some(fraction)),
    };
    let whole = digits(whole)?.checked_mul(currency.units_per_whole()).ok_or(AmountError::TooLarge)?;
    let fraction = match fraction {
        None => 0,
        Some(text) => {
            let decimals = currency.decimals() as usize;
            if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(AmountError::Malformed);
            }
            if text.len() > decimals {
                return Err(AmountError::TooPrecise(currency));
            }
            digits(&format!("{text:0<decimals$}"))?
        }
    };
    whole.checked_add(fraction).filter(|units| *units <= MOST).ok_or(AmountError::TooLarge)
}

/// Smallest units of `currency` as a decimal number of whole coins, exact and without trailing zeros.
fn write_decimal(units: u128, currency: Currency) -> String {
    let per_whole = u128::from(currency.units_per_whole());
    let (whole, fraction) = (units / per_whole, units % per_whole);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:0width$}", width = currency.decimals() as usize);
    format!("{whole}.{}", digits.trim_end_matches('0'))
}
