//! The list of free numbers, kept for a few seconds: it is what everybody looks at, page after page.
//!
//! A long list is made in stretches, each beginning after the last number of the one before. A list may be a moment
//! old; what a number really is shows when it is opened, and the core decides when it is ordered.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rental_core::{
    Amount, Currency, NumberRecord, NumberSearch, NumberState, PageRequest, PhoneNumber, Plan, Rentals,
    ServiceError, Shop,
};
use tokio::time::Instant;

use crate::callback::{Filter, Place};
use crate::screens::{Listed, is_priced};

/// How old a list may be.
const FRESH: Duration = Duration::from_secs(3);
/// How old the answer to what the shop can be paid in may be.
const FRESH_CURRENCIES: Duration = Duration::from_mins(1);
/// About how many numbers a stretch of a list has.
const STRETCH: usize = 2_000;
/// How many numbers are asked for at a time.
const PAGE: usize = 500;
/// How many stretches are remembered.
const MOST_LISTS: usize = 256;

/// The lists.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    lists: Mutex<HashMap<Key, Arc<Slot>>>,
    currencies: Mutex<Option<(Instant, Vec<Currency>)>>,
}

/// What is listed, and after which number.
type Key = (Filter, Option<PhoneNumber>);

/// One stretch. Whoever finds it old makes it anew, and the others wait for that one only.
type Slot = tokio::sync::Mutex<Option<(Instant, Arc<Listed>)>>;

impl Catalogue {
    /// The stretch of free numbers in which `place` is.
    pub(crate) async fn listed(
        &self,
        rentals: &dyn Rentals,
        place: &Place,
    ) -> Result<Arc<Listed>, ServiceError> {
        let slot = self.slot((place.filter.clone(), place.after));
        let mut list = slot.lock().await;
        if let Some((made, listed)) = list.as_ref()
            && made.elapsed() < FRESH
        {
            return Ok(Arc::clone(listed));
        }
        let listed = Arc::new(search(rentals, &place.filter, place.after).await?);
        *list = Some((Instant::now(), Arc::clone(&listed)));
        Ok(listed)
    }

    /// The currencies in which free numbers can be paid for; when none is free, those that the shop takes.
    pub(crate) async fn currencies(&self, rentals: &dyn Rentals) -> Result<Vec<Currency>, ServiceError> {
        let known = self.currencies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((made, currencies)) = known
            && made.elapsed() < FRESH_CURRENCIES
        {
            return Ok(currencies);
        }
        let listed = self.listed(rentals, &Place::default()).await?;
        let mut currencies: Vec<_> = listed.prices.iter().map(|(least, _)| least.currency()).collect();
        if currencies.is_empty() {
            currencies = taken(&rentals.shop().await?.shop);
        }
        let noted = Some((Instant::now(), currencies.clone()));
        *self.currencies.lock().unwrap_or_else(PoisonError::into_inner) = noted;
        Ok(currencies)
    }

    /// Forgets all lists, because one of the free numbers is free no more.
    pub(crate) fn outdated(&self) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn slot(&self, key: Key) -> Arc<Slot> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MOST_LISTS && !lists.contains_key(&key) {
            lists.clear();
        }
        Arc::clone(lists.entry(key).or_default())
    }
}

/// The currencies that new invoices can be in.
fn taken(shop: &Shop) -> Vec<Currency> {
    Currency::ALL.into_iter().filter(|currency| shop.accepts(*currency)).collect()
}

async fn search(
    rentals: &dyn Rentals,
    filter: &Filter,
    after: Option<PhoneNumber>,
) -> Result<Listed, ServiceError> {
    let shop = rentals.shop().await?.shop;
    let Filter { term, most, pattern } = filter.clone();
    let search = NumberSearch {
        states: vec![NumberState::Available],
        pattern,
        term,
        most: most.and_then(crate::callback::Step::amount),
    };
    let (mut listed, mut terms) = (Listed { goes_on: after.is_some(), ..Listed::default() }, BTreeSet::new());
    let mut prices: [Option<(Amount, Amount)>; Currency::ALL.len()] = Default::default();
    let mut page = PageRequest { after: after.map(|number| number.to_string()), limit: PAGE };
    loop {
        let found = rentals.search(&search, &page).await?;
        for record in found.items.into_iter().filter(|record| is_priced(&shop, record)) {
            terms.extend(record.plans.iter().map(Plan::term));
            for (known, currency) in prices.iter_mut().zip(Currency::ALL) {
                for price in record.plans.iter().filter_map(|plan| plan.price(currency)) {
                    let (least, most) = known.unwrap_or((price, price));
                    *known = Some((least.min(price), most.max(price)));
                }
            }
            listed.numbers.push((record.number, price(&shop, &record, filter)));
        }
        match found.next {
            Some(_) if listed.numbers.len() >= STRETCH => {
                listed.more = true;
                break;
            }
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    listed.terms = terms.into_iter().collect();
    listed.prices =
        prices.into_iter().flatten().filter(|(least, _)| shop.accepts(least.currency())).collect();
    Ok(listed)
}

/// What the number costs at least, for the term that is looked for: in the currency that is looked for, or else in the
/// first one that is taken for it.
fn price(shop: &Shop, record: &NumberRecord, filter: &Filter) -> Option<Amount> {
    let wanted = || record.plans.iter().filter(|plan| filter.term.is_none_or(|term| plan.term() == term));
    let least = |currency| wanted().filter_map(|plan| plan.price(currency)).min();
    match filter.most {
        Some(most) => least(most.currency),
        None => taken(shop).into_iter().find_map(least),
    }
}

#[cfg(test)]
mod tests {
    use rental_core::{ChainCursor, MockRentals, Page, ShopView, UsdtWallet};

    use super::*;
    use crate::callback::Step;
    use crate::testing::{NOW, shop_view};

    fn phone(n: usize) -> PhoneNumber {
        format!("+8880{n:07}").parse().expect("a number")
    }

    /// A shop that takes TON, and USDT if `usdt`, with a free number for each of these plans.
    fn shop(usdt: bool, plans: &'static [&'static str]) -> MockRentals {
        let mut rentals = MockRentals::new();
        let usdt = UsdtWallet {
            master: "0:1".to_owned(),
            wallet: "0:2".to_owned(),
            chain_start: ChainCursor::START,
            accepted: usdt,
        };
        let shop = Shop { usdt: Some(usdt), ..shop_view().shop };
        rentals.expect_shop().returning(move || Ok(ShopView { shop: shop.clone(), ..shop_view() }));
        let records = plans
            .iter()
            .enumerate()
            .map(|(n, plan)| NumberRecord::new(phone(n), vec![plan.parse().expect("a plan")], NOW));
        let records: Vec<_> = records.collect();
        rentals.expect_search().returning(move |search, _| {
            let items = records.iter().filter(|record| search.finds(record)).cloned().collect();
            Ok(Page { items, next: None })
        });
        rentals
    }

    async fn listed(rentals: &MockRentals, most: Option<Step>) -> Vec<(PhoneNumber, String)> {
        let place = Filter { most, ..Filter::default() }.into();
        let listed = Catalogue::default().listed(rentals, &place).await.expect("listed");
        let price = |price: &Option<Amount>| price.map(|price| price.to_string()).unwrap_or_default();
        listed.numbers.iter().map(|(number, least)| (*number, price(least))).collect()
    }

    #[tokio::test]
    async fn prices_are_in_what_the_shop_takes() {
        const PLANS: &[&str] = &["30d=10", "30d=12+25usdt", "30d=20usdt"];
        let prices = |shown: &[(usize, &str)]| {
            shown.iter().map(|(n, price)| (phone(*n), (*price).to_owned())).collect::<Vec<_>>()
        };
        let (ton, both) = (shop(false, PLANS), shop(true, PLANS));
        assert_eq!(
            listed(&ton, None).await,
            prices(&[(0, "10 TON"), (1, "12 TON")]),
            "the third has no price"
        );
        assert_eq!(listed(&both, None).await, prices(&[(0, "10 TON"), (1, "12 TON"), (2, "20 USDT")]));
        let most = |currency, coins| Some(Step { currency, coins });
        assert_eq!(listed(&both, most(Currency::Ton, 11)).await, prices(&[(0, "10 TON")]));
        assert_eq!(listed(&both, most(Currency::Usdt, 25)).await, prices(&[(1, "25 USDT"), (2, "20 USDT")]));
    }

    #[tokio::test]
    async fn what_can_be_paid_in_is_what_free_numbers_cost_in() {
        use Currency::{Ton, Usdt};
        for (usdt, plans, wanted) in [
            (false, &["30d=10+25usdt"][..], vec![Ton]),
            (true, &["30d=10", "30d=20usdt"], vec![Ton, Usdt]),
            (true, &["30d=20usdt"], vec![Usdt]),
            (true, &[], vec![Ton, Usdt]),
            (false, &[], vec![Ton]),
        ] {
            let found = Catalogue::default().currencies(&shop(usdt, plans)).await.expect("found");
            assert_eq!(found, wanted, "{usdt} {plans:?}");
        }
    }

    #[tokio::test]
    async fn a_list_of_any_length_is_seen_to_its_end() {
        const ALL: usize = 2 * STRETCH + 17;
        let mut rentals = MockRentals::new();
        rentals.expect_shop().returning(|| Ok(shop_view()));
        rentals.expect_search().returning(|_, page| {
            let after = page.after.as_ref().map(|after| after.parse::<PhoneNumber>().expect("a number"));
            let plans = vec!["30d=10".parse().expect("a plan")];
            let left = (0..ALL).map(phone).filter(|number| Some(*number) > after);
            let items: Vec<_> =
                left.take(page.limit).map(|number| NumberRecord::new(number, plans.clone(), NOW)).collect();
            let next = items.last().filter(|_| items.len() == page.limit).map(|last| last.number.to_string());
            Ok(Page { items, next })
        });
        let (catalogue, mut place, mut seen) = (Catalogue::default(), Place::default(), Vec::new());
        loop {
            let listed = catalogue.listed(&rentals, &place).await.expect("listed");
            assert_eq!(listed.goes_on, place.after.is_some());
            seen.extend(listed.numbers.iter().map(|(number, _)| *number));
            if !listed.more {
                break;
            }
            place.after = seen.last().copied();
        }
        assert_eq!(seen, (0..ALL).map(phone).collect::<Vec<_>>());
    }
}
