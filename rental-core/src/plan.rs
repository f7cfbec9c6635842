//! Plans: what a number is offered for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Amount, AmountError, Currency, Term, TermError};

/// An offer: this long for this much, in each currency in which it can be paid.
///
/// Written `30d=10`: the term, then the price in TON; `30d=10+25usdt` has a price in USDT, too, and `30d=25usdt` in USDT
/// alone.
///
/// ```
/// use rental_core::{Currency, Plan};
///
/// let plan: Plan = "30d=10.5+25usdt".parse()?;
/// assert_eq!(plan.term().days(), 30);
/// assert_eq!(plan.price(Currency::Usdt).map(|price| price.units()), Some(25_000_000));
/// assert_eq!(plan.to_string(), "30d=10.5+25usdt");
/// # Ok::<(), rental_core::PlanError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Plan {
    term: Term,
    /// Of each currency, in the order of [`Currency::ALL`]; at least one is there, none is zero.
    prices: [Option<Amount>; 2],
}

/// A plan in a document. A price in TON was once the only one.
#[derive(Serialize, Deserialize)]
struct Stored {
    term: Term,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price_usdt: Option<Amount>,
}

/// The text is not a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No `term=price`.
    #[error("write a plan as term=price, such as 30d=10 (in TON), 30d=25usdt or 30d=10+25usdt")]
    Malformed,
    /// The part before `=`.
    #[error(transparent)]
    Term(#[from] TermError),
    /// The part after `=`.
    #[error(transparent)]
    Price(#[from] AmountError),
    /// There is no price.
    #[error("a plan has a price, such as 30d=10 or 30d=25usdt")]
    NoPrice,
    /// The price is zero.
    #[error("a price is more than zero")]
    Free,
    /// Two prices in one currency.
    #[error("a plan has one price in {0}")]
    PricedTwice(Currency),
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

    /// A plan of `term` for any of these prices.
    ///
    /// # Errors
    /// [`PlanError::NoPrice`], [`PlanError::Free`] or [`PlanError::PricedTwice`].
    pub fn new(term: Term, prices: impl IntoIterator<Item = Amount>) -> Result<Self, PlanError> {
        let mut plan = Self { term, prices: [None; 2] };
        for price in prices {
            let currency = price.currency();
            if price.is_zero() {
                return Err(PlanError::Free);
            }
            if plan.prices[currency.place()].replace(price).is_some() {
                return Err(PlanError::PricedTwice(currency));
            }
        }
        if plan.prices().next().is_some() { Ok(plan) } else { Err(PlanError::NoPrice) }
    }

    /// How long.
    pub fn term(&self) -> Term {
        self.term
    }

    /// What it costs in `currency`, when it can be paid in it; never zero.
    pub fn price(&self, currency: Currency) -> Option<Amount> {
        self.prices[currency.place()]
    }

    /// What it costs: at least one price, at most one of each currency, in the order of [`Currency::ALL`].
    pub fn prices(&self) -> impl Iterator<Item = Amount> + use<> {
        self.prices.into_iter().flatten()
    }

    /// Checks the plans of one number and sorts them by term. No plan at all is allowed: such a number is not
    /// offered.
    ///
    /// # Errors
    /// [`PlanError::Twice`] or [`PlanError::TooMany`].
    pub fn check(mut plans: Vec<Self>) -> Result<Vec<Self>, PlanError> {
        if plans.len() > Self::MOST {
            return Err(PlanError::TooMany);
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
        let (term, prices) = text.split_once('=').ok_or(PlanError::Malformed)?;
        let term = term.parse()?;
        let prices: Vec<Amount> = prices.split('+').map(str::parse).collect::<Result<_, _>>()?;
        Self::new(term, prices)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.prices().map(|price| match price.currency() {
            Currency::Ton => price.number(),
            Currency::Usdt => format!("{}usdt", price.number()),
        });
        write!(f, "{}={}", self.term, written.collect::<Vec<_>>().join("+"))
    }
}

impl From<Plan> for Stored {
    fn from(plan: Plan) -> Self {
        let [price, price_usdt] = plan.prices;
        Self { term: plan.term, price, price_usdt }
    }
}

impl TryFrom<Stored> for Plan {
    type Error = PlanError;

    fn try_from(Stored { term, price, price_usdt }: Stored) -> Result<Self, PlanError> {
        let plan = Self::new(term, price.into_iter().chain(price_usdt))?;
        if plan.prices == [price, price_usdt] { Ok(plan) } else { Err(PlanError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        text.parse().expect("a plan")
    }

    #[test]
    fn plans_are_read_strictly() {
        for (text, printed) in [
            ("30d=10", "30d=10"),
            ("30=10", "30d=10"),
            ("30d=10 TON", "30d=10"),
            ("30d=25.50usdt", "30d=25.5usdt"),
            ("30d=10+25usdt", "30d=10+25usdt"),
            ("30d=25 USDT+10", "30d=10+25usdt"),
        ] {
            assert_eq!(text.parse::<Plan>().map(|plan| plan.to_string()), Ok(printed.to_owned()), "{text}");
        }
        for (text, error) in [
            ("30d", PlanError::Malformed),
            ("d=1", PlanError::Term(TermError)),
            ("-1d=1", PlanError::Term(TermError)),
            ("4294967296d=1", PlanError::Term(TermError)),
            ("30d=0", PlanError::Free),
            ("30d=10+0usdt", PlanError::Free),
            ("30d=10+11", PlanError::PricedTwice(Currency::Ton)),
            ("30d=1usdt+1usdt", PlanError::PricedTwice(Currency::Usdt)),
            ("30d=1usdt+1usdt+1usdt", PlanError::PricedTwice(Currency::Usdt)),
            ("30d=", PlanError::Price(AmountError::Malformed)),
            ("30d=10+", PlanError::Price(AmountError::Malformed)),
            ("30d=+10", PlanError::Price(AmountError::Malformed)),
            ("30d=ten", PlanError::Price(AmountError::Malformed)),
            ("30d=10eur", PlanError::Price(AmountError::Currency)),
            ("30d=0.0000001usdt", PlanError::Price(AmountError::TooPrecise(Currency::Usdt))),
        ] {
            assert_eq!(text.parse::<Plan>(), Err(error), "{text}");
        }
        let none: [Amount; 0] = [];
        assert_eq!(Plan::new(Term::from_days(1).expect("a term"), none), Err(PlanError::NoPrice));
    }

    #[test]
    fn a_plan_reads_back_and_one_of_before_is_in_ton() {
        for (text, json) in [
            ("30d=10", r#"{"term":30,"price":"10000000000"}"#),
            ("30d=10+25usdt", r#"{"term":30,"price":"10000000000","price_usdt":"usdt:25000000"}"#),
            ("30d=25usdt", r#"{"term":30,"price_usdt":"usdt:25000000"}"#),
        ] {
            assert_eq!(serde_json::to_string(&plan(text)).expect("serializes"), json);
            assert_eq!(serde_json::from_str::<Plan>(json).expect("reads"), plan(text));
        }
        for json in [
            r#"{"term":30}"#,
            r#"{"term":30,"price":"0"}"#,
            r#"{"term":30,"price":"usdt:1"}"#,
            r#"{"term":30,"price_usdt":"1"}"#,
            r#"{"term":30,"price":"1","price_usdt":"1"}"#,
        ] {
            assert!(serde_json::from_str::<Plan>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn plans_of_one_number_differ_in_term() {
        assert_eq!(Plan::check(vec![plan("30d=10"), plan("7d=3")]), Ok(vec![plan("7d=3"), plan("30d=10")]));
        assert_eq!(Plan::check(vec![plan("30d=10"), plan("30d=9usdt")]), Err(PlanError::Twice));
        assert_eq!(Plan::check(vec![]), Ok(vec![]));
    }
}
