//! What is only ever TON.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{AmountError, Currency, MOST, digits, read_decimal, write_decimal};

/// An amount of TON in nanotons: what a message on the chain carries. What customers pay is an
/// [`Amount`](super::Amount).
///
/// The largest amount is [`Nanotons::MAX`], which fits a signed 64-bit column and is above the total supply.
///
/// ```
/// use rental_core::Nanotons;
///
/// let price: Nanotons = "10.5".parse()?;
/// assert_eq!(price.get(), 10_500_000_000);
/// assert_eq!(price.to_string(), "10.5");
/// assert_eq!(serde_json::to_string(&price)?, "\"10500000000\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanotons(u64);

impl Nanotons {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount: the largest signed 64-bit integer.
    pub const MAX: Self = Self(MOST);
    /// Nanotons in one TON.
    pub const PER_TON: u64 = Currency::Ton.units_per_whole();

    /// An amount of `nanotons`, or `None` above [`Nanotons::MAX`].
    pub const fn new(nanotons: u64) -> Option<Self> {
        if nanotons <= Self::MAX.0 { Some(Self(nanotons)) } else { None }
    }

    /// An amount of whole TON, or `None` above [`Nanotons::MAX`].
    pub const fn from_ton(ton: u64) -> Option<Self> {
        match ton.checked_mul(Self::PER_TON) {
            Some(nanotons) => Self::new(nanotons),
            None => None,
        }
    }

    /// The number of nanotons.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above [`Nanotons::MAX`].
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Self::new(sum),
            None => None,
        }
    }

    /// The difference, or `None` below zero.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Reads a whole number of nanotons, the form used in JSON.
    ///
    /// # Errors
    /// [`AmountError`] when the text is not plain ASCII digits, or too large.
    pub fn from_nanotons_str(text: &str) -> Result<Self, AmountError> {
        digits(text).and_then(|value| Self::new(value).ok_or(AmountError::TooLarge))
    }
}

/// Reads a decimal number of TON.
impl FromStr for Nanotons {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        read_decimal(text, Currency::Ton).map(Self)
    }
}

/// Prints a decimal number of TON, exact and without trailing zeros.
impl fmt::Display for Nanotons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&write_decimal(u128::from(self.0), Currency::Ton))
    }
}

impl fmt::Debug for Nanotons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} TON")
    }
}

/// A sum of any number of amounts; `u128` cannot overflow here.
impl std::iter::Sum<Nanotons> for u128 {
    fn sum<I: Iterator<Item = Nanotons>>(amounts: I) -> Self {
        amounts.map(|amount| Self::from(amount.0)).sum()
    }
}

/// A string of nanotons: JSON numbers lose precision above 2^53.
impl Serialize for Nanotons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Nanotons {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_nanotons_str(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_exact_decimals() {
        for (text, nanotons) in [
            ("0", 0),
            ("10", 10_000_000_000),
            ("0.000000001", 1),
            ("1.10", 1_100_000_000),
            ("007", 7_000_000_000),
            ("9223372036.854775807", i64::MAX as u64),
        ] {
            assert_eq!(text.parse(), Ok(Nanotons(nanotons)), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e9", "1,5", " 1", "1 ", "1.2.3", "NaN", "inf", "0x10",
            "1_000", "١",
        ] {
            assert_eq!(text.parse::<Nanotons>(), Err(AmountError::Malformed), "{text}");
        }
        assert_eq!("0.0000000001".parse::<Nanotons>(), Err(AmountError::TooPrecise(Currency::Ton)));
        assert_eq!("9223372036.854775808".parse::<Nanotons>(), Err(AmountError::TooLarge));
        assert_eq!("99999999999999999999999".parse::<Nanotons>(), Err(AmountError::TooLarge));
    }

    #[test]
    fn arithmetic_is_checked() {
        assert_eq!(Nanotons::MAX.checked_add(Nanotons(1)), None);
        assert_eq!(Nanotons::ZERO.checked_sub(Nanotons(1)), None);
        assert_eq!([Nanotons::MAX; 3].into_iter().sum::<u128>(), 3 * (i64::MAX as u128));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(nanotons in 0..=i64::MAX as u64) {
            let amount = Nanotons(nanotons);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            let json = serde_json::to_string(&amount).expect("serializes");
            prop_assert_eq!(serde_json::from_str::<Nanotons>(&json).expect("reads back"), amount);
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = text.parse::<Nanotons>();
        }
    }
}
