//! Everything that is in the books, which have to be whole.

use rental_core::{
    Account, Invoice, InvoiceQuery, NumberQuery, NumberRecord, Page, PageRequest, Store, StoreError,
    find_violations,
};
use rental_redis::RedisStore;

use super::number;

pub(crate) struct Books {
    pub(crate) numbers: Vec<NumberRecord>,
    pub(crate) invoices: Vec<Invoice>,
    pub(crate) accounts: Vec<Account>,
}

impl Books {
    /// Takes them down, while nobody changes anything.
    pub(crate) async fn of(store: &RedisStore) -> Self {
        let (numbers, invoices) = (NumberQuery::default(), InvoiceQuery::default());
        let books = Self {
            numbers: all(async |page| store.numbers(&numbers, &page).await).await,
            invoices: all(async |page| store.invoices(&invoices, &page).await).await,
            accounts: all(async |page| store.accounts(&page).await).await,
        };
        assert_eq!(find_violations(&books.numbers, &books.invoices, &books.accounts), []);
        books
    }

    /// How often number `n` was changed since it was added.
    pub(crate) fn changes(&self, n: u64) -> u64 {
        let record = self.numbers.iter().find(|record| record.number == number(n));
        record.expect("the number is listed").version - 1
    }
}

async fn all<T>(list: impl AsyncFn(PageRequest) -> Result<Page<T>, StoreError>) -> Vec<T> {
    let (mut found, mut page) = (Vec::new(), PageRequest::first(PageRequest::MOST));
    loop {
        let Page { items, next } = list(page).await.expect("the shop is listed");
        found.extend(items);
        let Some(after) = next else { return found };
        page = PageRequest { after: Some(after), limit: PageRequest::MOST };
    }
}
