//! Limits per customer, also when everything happens at once.

use std::sync::Arc;

use rental_core::*;

use crate::shop::*;

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_under_64_concurrent_attempts_by_one_customer() {
    let policy = Policy { max_open_invoices: 5, max_numbers: 7, ..Policy::default() };
    let shop = Arc::new(TestShop::with_policy(policy).await);
    for n in 10..80 {
        let command = Command::AddNumber { number: number(n), plans: vec!["30d=10".parse().unwrap()] };
        shop.admin(command).await.unwrap();
    }
    let attempt = async |from: u64| {
        let attempts: Vec<_> = (from..from + 64)
            .map(|n| {
                let shop = shop.clone();
                tokio::spawn(async move { shop.open_rent(n, 7).await })
            })
            .collect();
        let mut opened = Vec::new();
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(invoice) => opened.push(invoice),
                Err(error) => {
                    assert!(error.kind() == ErrorKind::Limit || error.code() == "number.rented", "{error}");
                }
            }
        }
        opened
    };
    let opened = attempt(10).await;
    assert_eq!(opened.len(), 5);
    for invoice in &opened {
        shop.pay(invoice).await;
    }
    assert_eq!(attempt(10).await.len(), 2);
    assert_eq!(shop.account(7).await.numbers.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_customers_who_want_one_number_exactly_one_gets_it() {
    let shop = Arc::new(TestShop::open().await);
    let attempts: Vec<_> = (1..=64)
        .map(|who| {
            let shop = shop.clone();
            tokio::spawn(async move { shop.open_rent(1, who).await })
        })
        .collect();
    let mut opened = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(_) => opened += 1,
            Err(error) => assert_eq!(error.code(), "number.reserved"),
        }
    }
    assert_eq!(opened, 1);
}
