//! Looking for numbers.

use rental_core::*;

use crate::shop::*;

async fn found(shop: &TestShop, search: &NumberSearch, page: &PageRequest) -> (Vec<u64>, Option<String>) {
    let Page { items, next } = shop.service.search(search, page).await.unwrap();
    (items.iter().map(|record| record.number.as_u64() - 88_800_000_000).collect(), next)
}

/// All that a search finds, two at a time.
async fn all(shop: &TestShop, search: &NumberSearch) -> Vec<u64> {
    let (mut numbers, mut page) = (Vec::new(), PageRequest::first(2));
    loop {
        let (more, next) = found(shop, search, &page).await;
        assert!(more.len() <= 2);
        numbers.extend(more);
        match next {
            Some(next) => page.after = Some(next),
            None => return numbers,
        }
    }
}

fn pattern(text: &str) -> NumberPattern {
    text.parse().unwrap()
}

#[tokio::test]
async fn digits_states_terms_and_prices_narrow_it_down() {
    let shop = TestShop::open().await;
    for n in [17, 77, 1_777, 70_000] {
        let plans = vec!["90d=20".parse().unwrap()];
        shop.admin(Command::AddNumber { number: number(n), plans }).await.unwrap();
    }
    shop.rent(7, 1).await;
    let any = NumberSearch::default();
    assert_eq!(all(&shop, &any).await, [1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 77, 1_777, 70_000]);
    let sevens = NumberSearch { pattern: Some(pattern("*7")), ..any.clone() };
    assert_eq!(all(&shop, &sevens).await, [7, 17, 77, 1_777]);
    let free = NumberSearch { states: vec![NumberState::Available], ..sevens };
    assert_eq!(all(&shop, &free).await, [17, 77, 1_777]);
    let anywhere = NumberSearch { pattern: Some(pattern("77")), ..any.clone() };
    assert_eq!(all(&shop, &anywhere).await, [77, 1_777]);
    let nowhere = NumberSearch { pattern: Some(pattern("5????")), ..any.clone() };
    assert_eq!(all(&shop, &nowhere).await, Vec::<u64>::new());

    let month = NumberSearch { term: Some(days(30)), ..any.clone() };
    assert_eq!(all(&shop, &month).await, (1..10).collect::<Vec<_>>());
    let cheap = NumberSearch { most: Some(ton("9.9")), ..any.clone() };
    assert_eq!(all(&shop, &cheap).await, (1..10).collect::<Vec<_>>(), "a week costs 3");
    let both = NumberSearch { term: Some(days(30)), most: Some(ton("9.9")), ..any };
    assert_eq!(all(&shop, &both).await, Vec::<u64>::new(), "the month costs 10");
}

#[tokio::test]
async fn a_rare_pattern_in_a_large_pool_is_found_by_leaps() {
    let shop = TestShop::open().await;
    for n in 10..4_000 {
        let plans = vec!["30d=10".parse().unwrap()];
        shop.admin(Command::AddNumber { number: number(n), plans }).await.unwrap();
    }
    let search = NumberSearch { pattern: Some(pattern("*999")), ..NumberSearch::default() };
    assert_eq!(found(&shop, &search, &PageRequest::first(8)).await, (vec![999, 1_999, 2_999, 3_999], None));
    let odd = PageRequest { after: Some("x".to_owned()), limit: 8 };
    assert_eq!(found(&shop, &search, &odd).await, (vec![], None));
}
