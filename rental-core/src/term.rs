//! Terms: for how long.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::Seconds;

/// For how long a number is rented: whole days of 24 hours, 1 to [`Term::MAX_DAYS`].
///
/// ```
/// use rental_core::{Seconds, Term};
///
/// assert_eq!("30d".parse::<Term>()?.seconds(), Seconds(2_592_000));
/// assert!(Term::from_days(0).is_err());
/// # Ok::<(), rental_core::TermError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Term(u32);

/// The term is not a number of days in range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a term is a number of days from 1 to {}, written as 30d", Term::MAX_DAYS)]
pub struct TermError;

impl Term {
    /// The longest term: ten years.
    pub const MAX_DAYS: u32 = 3650;

    /// A term of `days`.
    ///
    /// # Errors
    /// [`TermError`] outside 1 to [`Term::MAX_DAYS`].
    pub fn from_days(days: u32) -> Result<Self, TermError> {
        if (1..=Self::MAX_DAYS).contains(&days) { Ok(Self(days)) } else { Err(TermError) }
    }

    /// The number of days.
    pub fn days(self) -> u32 {
        self.0
    }

    /// The length in seconds.
    pub fn seconds(self) -> Seconds {
        Seconds::from_days(u64::from(self.0))
    }
}

impl FromStr for Term {
    type Err = TermError;

    fn from_str(text: &str) -> Result<Self, TermError> {
        let days = text.strip_suffix('d').unwrap_or(text);
        if days.is_empty() || !days.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TermError);
        }
        days.parse().map_err(|_| TermError).and_then(Self::from_days)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_days(u32::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
