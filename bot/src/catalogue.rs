//! The list of free numbers, kept for a few seconds: it is what everybody looks at, page after page.
//!
//! A list may be a moment old; what a number really is shows when it is opened, and the core decides when it is
//! ordered.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rental_core::{
    Amount, Currency, NumberRecord, NumberSearch, NumberState, PageRequest, Plan, Rentals, ServiceError,
};
use tokio::time::Instant;

use crate::callback::Filter;
use crate::screens::Listed;

/// How old a list may be.
const FRESH: Duration = Duration::from_secs(3);
/// How many numbers are listed at most; who looks for more can narrow the list.
const MOST_LISTED: usize = 2_000;
/// How many numbers are asked for at a time.
const PAGE: usize = 500;
/// How many filters are remembered.
const MOST_LISTS: usize = 256;

/// The lists.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    lists: Mutex<HashMap<Filter, Arc<Slot>>>,
}

/// One list. Whoever finds it old makes it anew, and the others wait for that one only.
type Slot = tokio::sync::Mutex<Option<(Instant, Arc<Listed>)>>;

impl Catalogue {
    /// Free numbers that fit `filter`.
    pub(crate) async fn listed(
        &self,
        rentals: &dyn Rentals,
        filter: &Filter,
    ) -> Result<Arc<Listed>, ServiceError> {
        let slot = self.slot(filter);
        let mut list = slot.lock().await;
        if let Some((made, listed)) = list.as_ref()
            && made.elapsed() < FRESH
        {
            return Ok(Arc::clone(listed));
        }
        let listed = Arc::new(search(rentals, filter).await?);
        *list = Some((Instant::now(), Arc::clone(&listed)));
        Ok(listed)
    }

    /// Forgets all lists, because one of the free numbers is free no more.
    pub(crate) fn outdated(&self) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn slot(&self, filter: &Filter) -> Arc<Slot> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MOST_LISTS && !lists.contains_key(filter) {
            lists.clear();
        }
        Arc::clone(lists.entry(filter.clone()).or_default())
    }
}

async fn search(rentals: &dyn Rentals, filter: &Filter) -> Result<Listed, ServiceError> {
    let Filter { term, most, pattern } = filter.clone();
    let search = NumberSearch {
        states: vec![NumberState::Available],
        pattern,
        term,
        most: most.and_then(|most| Amount::whole(Currency::Ton, u64::from(most))),
    };
    let (mut listed, mut terms) = (Listed::default(), BTreeSet::new());
    let mut page = PageRequest::first(PAGE);
    loop {
        let found = rentals.search(&search, &page).await?;
        for record in found.items {
            terms.extend(record.plans.iter().map(Plan::term));
            for price in record.plans.iter().filter_map(|plan| plan.price(Currency::Ton)) {
                let (least, most) = listed.prices.unwrap_or((price, price));
                listed.prices = Some((least.min(price), most.max(price)));
            }
            listed.numbers.push((record.number, price(&record, filter)));
        }
        match found.next {
            Some(_) if listed.numbers.len() >= MOST_LISTED => {
                listed.more = true;
                break;
            }
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    listed.terms = terms.into_iter().collect();
    Ok(listed)
}

/// What the number costs at least, for the term that is looked for; in TON, when it can be paid in it.
fn price(record: &NumberRecord, filter: &Filter) -> Option<Amount> {
    let wanted = || record.plans.iter().filter(|plan| filter.term.is_none_or(|term| plan.term() == term));
    let least = |currency| wanted().filter_map(|plan| plan.price(currency)).min();
    least(Currency::Ton).or_else(|| least(Currency::Usdt))
}
