//! +888 numbers: reading what people type, printing what they expect.
//!
//! Two shapes exist: the short `+888 8 XXX` and the standard `+888 0XXX XXXX`. General phone libraries refuse
//! both, so the parser is ours.

use std::fmt;
use std::str::FromStr;

use crate::text_form::serde_as_text;

/// An anonymous Telegram number.
///
/// `Display` is the canonical form, [`PhoneNumber::pretty`] the grouped one for people, and `Debug` is masked so
/// that a log line cannot give a whole number away.
///
/// ```
/// use rental_core::PhoneNumber;
///
/// let number: PhoneNumber = "00888 (0123) 45-67".parse()?;
/// assert_eq!(number.to_string(), "+88801234567");
/// assert_eq!(number.pretty(), "+888 0123 4567");
/// assert_eq!(format!("{number:?}"), "+888…67");
/// assert!("+1 202 555 0100".parse::<PhoneNumber>().is_err());
/// # Ok::<(), rental_core::NumberError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(u64);

/// The text is not a +888 number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a +888 number: write it as +888 8 XXX or +888 0XXX XXXX")]
pub struct NumberError;

/// Longer inputs are refused unread.
pub(crate) const LONGEST_INPUT: usize = 256;
const SHORT: std::ops::RangeInclusive<u64> = 8_888_000..=8_888_999;
const STANDARD: std::ops::RangeInclusive<u64> = 88_800_000_000..=88_809_999_999;

impl PhoneNumber {
    /// The number as digits without a plus, the name it has on chain.
    pub fn digits(self) -> String {
        self.0.to_string()
    }

    /// The number from its digits read as an integer, when it has one of the two shapes.
    pub fn from_digits(digits: u64) -> Option<Self> {
        (SHORT.contains(&digits) || STANDARD.contains(&digits)).then_some(Self(digits))
    }

    /// The first number of all, in order.
    pub const FIRST: Self = Self(*SHORT.start());

    /// The next number in order, whether it is in a shop or not.
    #[must_use]
    pub fn following(self) -> Option<Self> {
        if self.0 == *SHORT.end() { Some(Self(*STANDARD.start())) } else { Self::from_digits(self.0 + 1) }
    }

    /// The number before this one in order.
    #[must_use]
    pub fn preceding(self) -> Option<Self> {
        if self.0 == *STANDARD.start() { Some(Self(*SHORT.end())) } else { Self::from_digits(self.0 - 1) }
    }

    /// The digits read as an integer.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// Grouped for people: `+888 8 123` or `+888 0123 4567`.
    pub fn pretty(self) -> String {
        let digits = self.digits();
        if SHORT.contains(&self.0) {
            format!("+888 {} {}", &digits[3..4], &digits[4..])
        } else {
            format!("+888 {} {}", &digits[3..7], &digits[7..])
        }
    }
}

/// The value of a digit of the scripts people type numbers in.
pub(crate) fn digit(c: char) -> Option<u64> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{FF10}'..='\u{FF19}' => '\u{FF10}', // full-width
        '\u{0660}'..='\u{0669}' => '\u{0660}', // Arabic-Indic
        '\u{06F0}'..='\u{06F9}' => '\u{06F0}', // Extended Arabic-Indic
        _ => return None,
    };
    Some(u64::from(u32::from(c) - u32::from(zero)))
}

/// What may stand between digits: spaces, dashes, dots, parentheses and characters that cannot be seen.
pub(crate) fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '(' | ')' | '\u{FF0D}' | '\u{FF0E}' | '\u{FF08}' | '\u{FF09}' | '\u{2212}')
        || matches!(c, '\u{2010}'..='\u{2015}')
        || is_invisible(c)
}

/// Zero-width characters and direction marks, which come along when a number is copied.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{FEFF}' | '\u{00AD}' | '\u{061C}' | '\u{180E}')
}

impl FromStr for PhoneNumber {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.len() > LONGEST_INPUT {
            return Err(NumberError);
        }
        let (mut value, mut count, mut zeros, mut plus) = (0_u64, 0, 0, false);
        for c in text.chars() {
            if let Some(digit) = digit(c) {
                if digit == 0 && count == 0 {
                    zeros += 1; // the international prefix, checked below
                    continue;
                }
                count += 1;
                if count > 11 {
                    return Err(NumberError);
                }
                value = value * 10 + digit;
            } else if matches!(c, '+' | '\u{FF0B}') {
                if plus || count > 0 || zeros > 0 {
                    return Err(NumberError);
                }
                plus = true;
            } else if !is_separator(c) {
                return Err(NumberError);
            }
        }
        let prefixed = if plus { zeros == 0 } else { zeros == 0 || zeros == 2 };
        if prefixed { Self::from_digits(value).ok_or(NumberError) } else { Err(NumberError) }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("+{}", self.0))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+888…{:02}", self.0 % 100)
    }
}

serde_as_text!(PhoneNumber);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_what_people_type() {
        for text in [
            "+88801234567",
            "88801234567",
            "0088801234567",
            "+888 0123 4567",
            "+888-0123-4567",
            "+888.0123.4567",
            "(+888) 0123 4567",
            " +888\u{a0}0123\u{2009}4567\n",
            "+888\u{2011}0123\u{2013}4567",
            "\u{202d}+88801234567\u{202c}",
            "+888\u{200b}0123\u{feff}4567",
            "＋８８８０１２３４５６７",
            "٨٨٨٠١٢٣٤٥٦٧",
            "۸۸۸۰۱۲۳۴۵۶۷",
        ] {
            assert_eq!(text.parse(), Ok(PhoneNumber(88_801_234_567)), "{text:?}");
        }
        assert_eq!("+888 8 123".parse(), Ok(PhoneNumber(8_888_123)));
    }

    #[test]
    fn the_order_has_no_hole_and_two_ends() {
        let last = PhoneNumber(88_809_999_999);
        assert_eq!((PhoneNumber::FIRST.preceding(), last.following()), (None, None));
        let (short, long) = (PhoneNumber(8_888_999), PhoneNumber(88_800_000_000));
        assert_eq!((short.following(), long.preceding()), (Some(long), Some(short)));
        assert_eq!(last.preceding().and_then(PhoneNumber::following), Some(last));
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "+",
            "888",
            "+888",
            "+8881234567",
            "+88811234567",
            "+888012345678",
            "+8880123456",
            "+8888",
            "+88881234",
            "++88801234567",
            "8+8801234567",
            "+0088801234567",
            "088801234567",
            "00088801234567",
            "+888O1234567",
            "+888 0123 4567 ext 1",
            "8880123456a",
            "+1 888 0123 4567",
            "+888/0123/4567",
            "+888_0123_4567",
            "²8801234567",
            "+888,01234567",
            "99999999999999999999999999",
            "tel:+88801234567",
        ] {
            assert_eq!(text.parse::<PhoneNumber>(), Err(NumberError), "{text:?}");
        }
        assert!("0".repeat(1_000_000).parse::<PhoneNumber>().is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_the_canonical_pattern(digits in "[0-9]{1,14}") {
            // ^888(8\d{3}|0\d{7})$
            let rest = digits.strip_prefix("888");
            let wanted = rest.is_some_and(|r| (r.len() == 4 && r.starts_with('8')) || (r.len() == 8 && r.starts_with('0')));
            prop_assert_eq!(format!("+{digits}").parse::<PhoneNumber>().is_ok(), wanted);
        }

        #[test]
        fn every_number_reads_back_in_both_forms(short in any::<bool>(), n in 0_u64..10_000_000) {
            let number = PhoneNumber(if short { 8_888_000 + n % 1000 } else { 88_800_000_000 + n });
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            prop_assert_eq!(number.pretty().parse(), Ok(number));
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<PhoneNumber>();
        }
    }
}
