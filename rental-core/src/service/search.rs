//! Looking through the pool: by state, digits, term and price, in bounded work whatever the size of the shop.

use crate::{
    Amount, NumberPattern, NumberQuery, NumberRecord, NumberState, Owner, Page, PageRequest, PhoneNumber,
    Plan, Policy, ServiceError, Store, Term, Timestamp,
};

/// What is looked for; what is absent does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct NumberSearch {
    /// Numbers in one of these states; empty: in any.
    pub states: Vec<NumberState>,
    /// Numbers whose digits look like this.
    pub pattern: Option<NumberPattern>,
    /// Numbers that are offered for this term.
    pub term: Option<Term>,
    /// Numbers of which a plan (the one for the term, when there is one) costs no more than this, in its currency.
    pub most: Option<Amount>,
}

impl NumberSearch {
    /// Whether `record`, as it stands now, is looked for.
    pub fn finds(&self, record: &NumberRecord) -> bool {
        let wanted = |plan: &Plan| {
            let affordable =
                |most: Amount| plan.price(most.currency()).is_some_and(|price| price.units() <= most.units());
            self.term.is_none_or(|term| plan.term() == term) && self.most.is_none_or(affordable)
        };
        (self.states.is_empty() || self.states.contains(&record.state()))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(record.number))
            && ((self.term.is_none() && self.most.is_none()) || record.plans.iter().any(wanted))
    }
}

/// How many records a search reads before it answers with what it has.
const MOST_READ: usize = 5_000;
/// How often it asks the store.
const MOST_READINGS: usize = 256;
/// How many records it reads at a time when it leaps, and when it does not.
const STRIDE: usize = 16;
const WIDE_STRIDE: usize = 500;

/// Up to `page.limit` numbers that are looked for, in order, after `page.after`. Where the pattern leaves room between
/// candidates, numbers that cannot fit are leapt over instead of read.
///
/// The page ends early, with a place to go on from, when the search has read enough.
pub(super) async fn search(
    store: &dyn Store,
    search: &NumberSearch,
    page: &PageRequest,
    now: Timestamp,
    policy: &Policy,
) -> Result<Page<NumberRecord>, ServiceError> {
    let limit = page.limit.clamp(1, PageRequest::MOST);
    let query = NumberQuery { states: search.states.clone(), owner: Owner::Anybody };
    let mut after = match &page.after {
        None => None,
        Some(text) => match text.parse::<PhoneNumber>() {
            Ok(number) => Some(number),
            Err(_) => return Ok(Page { items: Vec::new(), next: None }),
        },
    };
    let (mut items, mut read) = (Vec::new(), 0);
    for _ in 0..MOST_READINGS {
        let place = match &search.pattern {
            None => after,
            Some(pattern) => {
                let from = after.map_or(Some(PhoneNumber::FIRST), PhoneNumber::following);
                let Some(candidate) = from.and_then(|from| pattern.first_from(from)) else {
                    return Ok(Page { items, next: None });
                };
                candidate.preceding()
            }
        };
        let stride = if search.pattern.is_some() { STRIDE.max(limit) } else { WIDE_STRIDE.max(limit) };
        let request = PageRequest {
            after: place.map(|number| number.to_string()),
            limit: stride.min(PageRequest::MOST),
        };
        let stretch = store.numbers(&query, &request).await?;
        read += stretch.items.len();
        for record in stretch.items {
            after = Some(record.number);
            let record = record.at(now, policy);
            if search.finds(&record) {
                items.push(record);
                if items.len() == limit {
                    let next = after.map(|number| number.to_string());
                    return Ok(Page { items, next });
                }
            }
        }
        if stretch.next.is_none() {
            return Ok(Page { items, next: None });
        }
        if read >= MOST_READ {
            break;
        }
    }
    Ok(Page { items, next: after.map(|number| number.to_string()) })
}
