//! What is paid, and sums of it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{AmountError, Currency, MOST, Nanotons, digits, read_decimal, write_decimal};

/// A price or a payment: whole smallest units of one currency, at most [`Amount::MOST`].
///
/// Written `10 TON` or `25.5 USDT`; a number alone is TON. In documents it is one text that cannot be read without its
/// currency: the nanotons alone for TON, as it always was, and `usdt:` before the units for USDT.
///
/// ```
/// use rental_core::{Amount, Currency};
///
/// let price: Amount = "25.5 USDT".parse()?;
/// assert_eq!((price.currency(), price.units()), (Currency::Usdt, 25_500_000));
/// assert_eq!((price.to_string(), price.number()), ("25.5 USDT".to_owned(), "25.5".to_owned()));
/// assert_eq!(serde_json::to_string(&price)?, "\"usdt:25500000\"");
/// assert_eq!(serde_json::from_str::<Amount>("\"10000000000\"")?, "10".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// The order is one for sorting; it says nothing about what is worth more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    currency: Currency,
    units: u64,
}

impl Amount {
    /// The largest number of smallest units, in every currency: the largest signed 64-bit integer.
    pub const MOST: u64 = MOST;

    /// `units` smallest units of `currency`, or `None` above [`Amount::MOST`].
    pub const fn new(currency: Currency, units: u64) -> Option<Self> {
        if units <= MOST { Some(Self { currency, units }) } else { None }
    }

    /// `whole` coins of `currency`, or `None` above [`Amount::MOST`].
    pub const fn whole(currency: Currency, whole: u64) -> Option<Self> {
        match whole.checked_mul(currency.units_per_whole()) {
            Some(units) => Self::new(currency, units),
            None => None,
        }
    }

    /// What it is an amount of.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// How many smallest units of its currency it is.
    pub const fn units(self) -> u64 {
        self.units
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.units == 0
    }

    /// The decimal number of whole coins, exact and without trailing zeros; the currency has to stand elsewhere.
    pub fn number(self) -> String {
        write_decimal(u128::from(self.units), self.currency)
    }

    /// The sum, or `None` above [`Amount::MOST`] or of different currencies.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Self::new(self.currency, self.units.checked_add(other.units)?)
    }

    /// The difference, or `None` below zero or of different currencies.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Self::new(self.currency, self.units.checked_sub(other.units)?)
    }

    /// Reads a decimal number of whole coins of `currency`, without a currency behind it.
    ///
    /// # Errors
    /// [`AmountError`] when it is none.
    pub fn parse_number(text: &str, currency: Currency) -> Result<Self, AmountError> {
        Ok(Self { currency, units: read_decimal(text, currency)? })
    }

    /// Reads a decimal number with a currency behind it, in either case and with or without a space; a number alone is in
    /// `silent`.
    ///
    /// # Errors
    /// [`AmountError`] when it is none.
    pub fn parse_or(text: &str, silent: Currency) -> Result<Self, AmountError> {
        let start = text.find(|c: char| c == ' ' || c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, code) = text.split_at(start);
        if code.is_empty() || number.is_empty() {
            return Self::parse_number(text, silent);
        }
        let currency = code.strip_prefix(' ').unwrap_or(code).parse().map_err(|_| AmountError::Currency);
        // What is no number at all says so first.
        if read_decimal(number, silent) == Err(AmountError::Malformed) {
            return Err(AmountError::Malformed);
        }
        Self::parse_number(number, currency?)
    }

    /// Reads a whole number of smallest units of `currency`, the form used in the interfaces' JSON.
    ///
    /// # Errors
    /// [`AmountError`] when the text is not plain ASCII digits, or too large.
    pub fn parse_units(text: &str, currency: Currency) -> Result<Self, AmountError> {
        Self::new(currency, digits(text)?).ok_or(AmountError::TooLarge)
    }
}

impl From<Nanotons> for Amount {
    fn from(ton: Nanotons) -> Self {
        Self { currency: Currency::Ton, units: ton.get() }
    }
}

/// Reads a decimal number with a currency behind it, in either case and with or without a space; a number alone is TON.
impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::parse_or(text, Currency::Ton)
    }
}

/// Prints the number and its currency.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.number(), self.currency))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A string: JSON numbers lose precision above 2^53.
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.currency {
            Currency::Ton => serializer.collect_str(&self.units),
            Currency::Usdt => serializer.collect_str(&format_args!("usdt:{}", self.units)),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let amount = match text.split_once(':') {
            None => Self::parse_units(&text, Currency::Ton),
            // One amount has one spelling.
            Some(("usdt", units)) => Self::parse_units(units, Currency::Usdt),
            Some(_) => Err(AmountError::Currency),
        };
        amount.map_err(de::Error::custom)
    }
}

/// Sums of any number of amounts, each currency for itself; they cannot overflow.
///
/// ```
/// use rental_core::{Amount, Currency, Sums};
///
/// let paid = ["10 TON", "25 USDT", "0.5 TON"].map(|text| text.parse::<Amount>().expect("an amount"));
/// let sums: Sums = paid.into_iter().collect();
/// assert_eq!(sums.of(Currency::Ton), 10_500_000_000);
/// assert_eq!(sums.to_string(), "10.5 TON, 25 USDT");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sums(BTreeMap<Currency, u128>);

impl Sums {
    /// `units` smallest units of `currency`.
    pub fn new(currency: Currency, units: u128) -> Self {
        let mut sums = Self::default();
        sums.add_units(currency, units);
        sums
    }

    /// Adds an amount.
    pub fn add(&mut self, amount: Amount) {
        self.add_units(amount.currency, u128::from(amount.units));
    }

    /// Adds `units` smallest units of `currency`.
    pub fn add_units(&mut self, currency: Currency, units: u128) {
        if units > 0 {
            *self.0.entry(currency).or_default() += units;
        }
    }

    /// The sum of `currency`, in its smallest units.
    pub fn of(&self, currency: Currency) -> u128 {
        self.0.get(&currency).copied().unwrap_or_default()
    }

    /// The sum of `currency` as a decimal number of whole coins.
    pub fn number(&self, currency: Currency) -> String {
        write_decimal(self.of(currency), currency)
    }
}

impl Extend<Amount> for Sums {
    fn extend<I: IntoIterator<Item = Amount>>(&mut self, amounts: I) {
        for amount in amounts {
            self.add(amount);
        }
    }
}

impl FromIterator<Amount> for Sums {
    fn from_iter<I: IntoIterator<Item = Amount>>(amounts: I) -> Self {
        let mut sums = Self::default();
        sums.extend(amounts);
        sums
    }
}

/// Prints every sum that is not nothing, `0 TON` when all are.
impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "0 {}", Currency::Ton);
        }
        for (place, currency) in self.0.keys().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{} {currency}", self.number(*currency))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usdt(units: u64) -> Amount {
        Amount::new(Currency::Usdt, units).expect("in range")
    }

    #[test]
    fn an_amount_is_read_with_its_currency() {
        for (text, currency, units) in [
            ("10", Currency::Ton, 10_000_000_000),
            ("10 TON", Currency::Ton, 10_000_000_000),
            ("0.000000001ton", Currency::Ton, 1),
            ("25.5 USDT", Currency::Usdt, 25_500_000),
            ("25.5usdt", Currency::Usdt, 25_500_000),
            ("0.000001 Usdt", Currency::Usdt, 1),
            ("9223372036854.775807 USDT", Currency::Usdt, i64::MAX as u64),
        ] {
            assert_eq!(text.parse(), Ok(Amount { currency, units }), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in
            ["", " ", "usdt", " usdt", "1e6", ".5usdt", "1. usdt", "-1usdt", "1 usdt ", "٣ usdt", "1,5usdt"]
        {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        for text in ["1 eur", "1  usdt", "1usd", "1 usdt usdt"] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::Currency), "{text}");
        }
        assert_eq!("0.0000001 USDT".parse::<Amount>(), Err(AmountError::TooPrecise(Currency::Usdt)));
        assert_eq!("9223372036854.775808usdt".parse::<Amount>(), Err(AmountError::TooLarge));
    }

    #[test]
    fn documents_of_before_are_ton_and_a_strange_currency_is_refused() {
        let read = |json: &str| serde_json::from_str::<Amount>(json).ok();
        assert_eq!(read("\"7\""), Amount::new(Currency::Ton, 7));
        assert_eq!(read("\"usdt:7\""), Some(usdt(7)));
        for json in [
            "\"ton:7\"",
            "\"USDT:7\"",
            "\"usdt:\"",
            "\"usdt:-7\"",
            "\"eur:7\"",
            "7",
            "\"9223372036854775808\"",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn currencies_are_never_added_up() {
        let ton = Amount::from(Nanotons::from_ton(1).expect("one"));
        assert_eq!(ton.checked_add(usdt(1)), None);
        assert_eq!(usdt(1).checked_add(usdt(2)), Some(usdt(3)));
        assert_eq!(usdt(Amount::MOST).checked_add(usdt(1)), None);
        let sums: Sums = [ton, usdt(Amount::MOST), usdt(Amount::MOST), ton].into_iter().collect();
        assert_eq!(sums.of(Currency::Ton), 2_000_000_000);
        assert_eq!(sums.of(Currency::Usdt), 2 * u128::from(Amount::MOST));
        assert_eq!(Sums::default().to_string(), "0 TON");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(units in 0..=i64::MAX as u64, usdt: bool) {
            let currency = if usdt { Currency::Usdt } else { Currency::Ton };
            let amount = Amount { currency, units };
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            prop_assert_eq!(Amount::parse_number(&amount.number(), currency), Ok(amount));
            let json = serde_json::to_string(&amount).expect("serializes");
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).expect("reads back"), amount);
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = text.parse::<Amount>();
            let _ = serde_json::from_str::<Amount>(&text);
        }
    }
}
