//! Terms and prices.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{Nanotons, Seconds};

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

/// An offer: this long for this much.
///
/// Written `30d=10`: the term, then the price in TON.
///
/// ```
/// use rental_core::Plan;
///
/// let plan: Plan = "30d=10.5".parse()?;
/// assert_eq!((plan.term.days(), plan.price.to_string()), (30, "10.5".to_owned()));
/// # Ok::<(), rental_core::PlanError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// How long.
    pub term: Term,
    /// What it costs; never zero.
    pub price: Nanotons,
}

/// The text is not a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No `term=price`.
    #[error("write a plan as term=price in TON, such as 30d=10")]
    Malformed,
    /// The part before `=`.
    #[error(transparent)]
    Term(#[from] TermError),
    /// The part after `=`.
    #[error(transparent)]
    Price(#[from] crate::AmountError),
    /// The price is zero.
    #[error("a price is more than zero")]
    Free,
    /// Two plans of one number have the same term.
    #[error("two plans have the same term")]
    Twice,
    /// More than [`Plan::MOST`] plans.
    #[error("a number has at most {} plans", Plan::MOST)]
    TooMany,
}

impl Plan {
    /// How many plans one number can have.
    pub const MOST: usize = 12;

    /// Checks the plans of one number and sorts them by term. No plan at all is allowed: such a number is not
    /// offered.
    ///
    /// # Errors
    /// [`PlanError::Free`], [`PlanError::Twice`] or [`PlanError::TooMany`].
    pub fn check(mut plans: Vec<Self>) -> Result<Vec<Self>, PlanError> {
        if plans.len() > Self::MOST {
            return Err(PlanError::TooMany);
        }
        if plans.iter().any(|plan| plan.price.is_zero()) {
            return Err(PlanError::Free);
        }
        plans.sort_by_key(|plan| plan.term);
        if plans.windows(2).any(|pair| pair[0].term == pair[1].term) {
            return Err(PlanError::Twice);
        }
        Ok(plans)
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let (term, price) = text.split_once('=').ok_or(PlanError::Malformed)?;
        let plan = Self { term: term.parse()?, price: price.parse()? };
        if plan.price.is_zero() { Err(PlanError::Free) } else { Ok(plan) }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.term, self.price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_strictly() {
        assert_eq!("30d=10".parse::<Plan>().map(|p| p.to_string()), Ok("30d=10".to_owned()));
        assert_eq!("30=10".parse::<Plan>().map(|p| p.to_string()), Ok("30d=10".to_owned()));
        assert_eq!("30d".parse::<Plan>(), Err(PlanError::Malformed));
        assert_eq!("d=1".parse::<Plan>(), Err(PlanError::Term(TermError)));
        assert_eq!("-1d=1".parse::<Plan>(), Err(PlanError::Term(TermError)));
        assert_eq!("4294967296d=1".parse::<Plan>(), Err(PlanError::Term(TermError)));
        assert_eq!("30d=0".parse::<Plan>(), Err(PlanError::Free));
        assert!(matches!("30d=ten".parse::<Plan>(), Err(PlanError::Price(_))));
    }

    #[test]
    fn plans_of_one_number_differ_in_term() {
        let plan = |text: &str| text.parse::<Plan>().expect("a plan");
        assert_eq!(Plan::check(vec![plan("30d=10"), plan("7d=3")]), Ok(vec![plan("7d=3"), plan("30d=10")]));
        assert_eq!(Plan::check(vec![plan("30d=10"), plan("30d=9")]), Err(PlanError::Twice));
        assert_eq!(Plan::check(vec![]), Ok(vec![]));
    }
}
