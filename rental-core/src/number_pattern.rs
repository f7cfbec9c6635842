//! Looking for numbers by their digits.

use std::fmt;
use std::str::FromStr;

use crate::text_form::serde_as_text;
use crate::{PhoneNumber, number};

/// What the digits of a number have to look like.
///
/// `?` stands for one digit, `*` for any, also none. Only the digits after +888 count. What has no `*` and is not as long
/// as a number is looked for anywhere or, when it is written with +888, at the beginning. A whole number finds itself.
///
/// ```
/// use rental_core::{NumberPattern, PhoneNumber};
///
/// let number: PhoneNumber = "+888 0123 4567".parse()?;
/// for text in ["345", "3?5", "0123*", "+888 012", "*67", "0??? 4567", "*1*7", "+888 0123 4567", "+888 0123*"] {
///     assert!(text.parse::<NumberPattern>()?.matches(number), "{text}");
/// }
/// for text in ["346", "1234????", "*66", "+888 123", "67*"] {
///     assert!(!text.parse::<NumberPattern>()?.matches(number), "{text}");
/// }
/// assert!("?".parse::<NumberPattern>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberPattern(String);

/// The text is not a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write some digits, such as 777, or a pattern such as 0?00* where ? is one digit and * any")]
pub struct NumberPatternError;

impl NumberPattern {
    /// The longest pattern in its own spelling.
    pub const LONGEST: usize = 10;

    /// The pattern in its own spelling: digits, `?` and `*`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `number` looks like this.
    pub fn matches(&self, number: PhoneNumber) -> bool {
        glob(self.0.as_bytes(), &number.digits().as_bytes()[PREFIX..])
    }

    /// The first number from `from` on, in order, that looks like this, whether it is in a shop or not.
    ///
    /// With it a sparse pattern is found in a large pool by leaping from candidate to candidate.
    pub fn first_from(&self, from: PhoneNumber) -> Option<PhoneNumber> {
        let shapes = [(SHORT_FIRST, 4), (STANDARD_FIRST, 8)];
        shapes.into_iter().find_map(|(first, length)| {
            let start = from.as_u64().max(first);
            let local = start.checked_sub(first / power(length) * power(length))?;
            if local >= power(length) {
                return None; // beyond the last number of this shape
            }
            let masks = masks(self.0.as_bytes(), length);
            let found = masks.iter().filter_map(|mask| lowest(mask, local)).min()?;
            PhoneNumber::from_digits(first / power(length) * power(length) + found)
        })
    }
}

/// How many digits stand before the ones that are looked at.
const PREFIX: usize = 3;
const SHORT_FIRST: u64 = 8_888_000;
const STANDARD_FIRST: u64 = 88_800_000_000;

fn power(length: usize) -> u64 {
    std::iter::repeat_n(10, length).product()
}

/// Whether `digits` looks like `pattern`: the usual walk with one place to come back to.
fn glob(pattern: &[u8], digits: &[u8]) -> bool {
    let (mut p, mut d, mut back) = (0, 0, None);
    while d < digits.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, d));
                p += 1;
            }
            Some(&c) if c == b'?' || c == digits[d] => {
                p += 1;
                d += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    d = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

/// A digit in each place, or any.
type Mask = Vec<Option<u8>>;

/// Everything that `pattern` can be at this length, with the first digit that all such numbers have.
fn masks(pattern: &[u8], length: usize) -> Vec<Mask> {
    let first = if length == 4 { 8 } else { 0 };
    let mut found = Vec::new();
    spread(pattern, length, &mut Vec::new(), &mut found);
    found.retain_mut(|mask| mask[0].replace(first).is_none_or(|digit| digit == first));
    found.sort_unstable();
    found.dedup();
    found
}

fn spread(pattern: &[u8], length: usize, begun: &mut Mask, found: &mut Vec<Mask>) {
    let fixed = pattern.iter().filter(|&&c| c != b'*').count();
    let Some(spare) = (length - begun.len()).checked_sub(fixed) else { return };
    match pattern.split_first() {
        None if begun.len() == length => found.push(begun.clone()),
        None => {}
        Some((b'*', rest)) => {
            let before = begun.len();
            for any in 0..=spare {
                begun.resize(before + any, None);
                spread(rest, length, begun, found);
                begun.truncate(before + any);
            }
            begun.truncate(before);
        }
        Some((c, rest)) => {
            begun.push(c.is_ascii_digit().then(|| c - b'0'));
            spread(rest, length, begun, found);
            begun.pop();
        }
    }
}

/// The lowest number with this mask that is not below `from`.
fn lowest(mask: &Mask, from: u64) -> Option<u64> {
    let length = mask.len();
    let digits: Vec<u8> = (0..length)
        .map(|place| u8::try_from(from / power(length - 1 - place) % 10).expect("a digit"))
        .collect();
    let value = |filled: &dyn Fn(usize) -> u8| {
        (0..length).fold(0, |value, place| value * 10 + u64::from(filled(place)))
    };
    if (0..length).all(|place| mask[place].is_none_or(|digit| digit == digits[place])) {
        return Some(from);
    }
    // Equal up to some place, more there, and the least after it; the later the place, the less the number.
    (0..length).rev().find_map(|place| {
        let equal = (0..place).all(|before| mask[before].is_none_or(|digit| digit == digits[before]));
        let more = match mask[place] {
            Some(digit) if digit > digits[place] => digit,
            None if digits[place] < 9 => digits[place] + 1,
            _ => return None,
        };
        equal.then(|| {
            value(&|at| match at.cmp(&place) {
                std::cmp::Ordering::Less => digits[at],
                std::cmp::Ordering::Equal => more,
                std::cmp::Ordering::Greater => mask[at].unwrap_or(0),
            })
        })
    })
}

impl FromStr for NumberPattern {
    type Err = NumberPatternError;

    fn from_str(text: &str) -> Result<Self, NumberPatternError> {
        if text.len() > number::LONGEST_INPUT {
            return Err(NumberPatternError);
        }
        let (mut pattern, mut plus) = (String::new(), false);
        for c in text.chars() {
            match c {
                '*' if pattern.ends_with('*') => {}
                '?' | '*' => pattern.push(c),
                '＊' => pattern.push('*'),
                '？' => pattern.push('?'),
                '+' | '\u{FF0B}' if pattern.is_empty() && !plus => plus = true,
                c => match number::digit(c) {
                    Some(digit) => pattern.extend(char::from_digit(u32::try_from(digit).unwrap_or(0), 10)),
                    None if number::is_separator(c) => {}
                    None => return Err(NumberPatternError),
                },
            }
        }
        let whole = pattern.parse::<PhoneNumber>().is_ok();
        let anchored = plus || whole || (pattern.len() > 8 && pattern.starts_with("888"));
        if anchored {
            pattern = pattern.strip_prefix("888").map(str::to_owned).ok_or(NumberPatternError)?;
        }
        if !pattern.bytes().any(|b| b.is_ascii_digit()) {
            return Err(NumberPatternError);
        }
        let complete = match (pattern.len(), pattern.as_bytes()[0]) {
            (8, b'0' | b'?') => true,
            (4, b'8' | b'?') => pattern.contains('?'), // four digits alone are looked for in the long ones too
            _ => false,
        };
        if !complete && !pattern.contains('*') {
            pattern = if anchored && !whole { format!("{pattern}*") } else { format!("*{pattern}*") };
        }
        if pattern.len() <= Self::LONGEST { Ok(Self(pattern)) } else { Err(NumberPatternError) }
    }
}

impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(NumberPattern);

#[cfg(test)]
mod tests;
