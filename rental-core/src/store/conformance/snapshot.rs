//! Everything that a store shows, to see that nothing or nothing else has changed.

use super::super::{
    Due, FeedEntry, InvoiceQuery, NumberQuery, Owner, Page, PageRequest, PaymentQuery, StoreError, Totals,
};
use super::{Harness, sample};
use crate::{
    Access, Account, AuditEntry, Chains, HistoryEntry, Invoice, NumberRecord, Payment, Shop, Timestamp,
};

/// All documents and lists of a store.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) shop: Option<Shop>,
    pub(super) access: Option<Access>,
    pub(super) chains: Chains,
    pub(super) numbers: Vec<NumberRecord>,
    pub(super) invoices: Vec<Invoice>,
    pub(super) payments: Vec<Payment>,
    pub(super) accounts: Vec<Account>,
    pub(super) history: Vec<HistoryEntry>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) events: Vec<FeedEntry>,
    /// All deadlines, come or not.
    pub(super) deadlines: Vec<Due>,
    pub(super) totals: Totals,
}

impl Harness {
    /// Takes a snapshot of the whole store.
    pub(super) async fn snapshot(&self) -> Snapshot {
        let store = &self.store;
        let state = self.load(super::Load { access: true, ..sample::nothing() }).await;
        let numbers = all(async |page| store.numbers(&NumberQuery::default(), &page).await).await;
        let mut history = Vec::new();
        for record in &numbers {
            history.extend(all(async |page| store.history(record.number, &page).await).await);
        }
        let now = self.now();
        self.set_clock(Timestamp::MAX);
        let deadlines = store.due(None, 1000).await.expect("the store answers");
        self.set_clock(now);
        Snapshot {
            shop: state.shop,
            access: state.access,
            chains: state.chains,
            invoices: all(async |page| store.invoices(&InvoiceQuery::default(), &page).await).await,
            payments: all(async |page| store.payments(&PaymentQuery::default(), &page).await).await,
            accounts: all(async |page| store.accounts(&page).await).await,
            audit: all(async |page| store.audit(&page).await).await,
            events: self.feed(&Owner::Anybody).await,
            totals: self.totals().await,
            numbers,
            history,
            deadlines,
        }
    }

    /// The whole feed of `owner`.
    pub(super) async fn feed(&self, owner: &Owner) -> Vec<FeedEntry> {
        let feed = self.store.feed(owner, 0, usize::MAX).await;
        feed.expect("the store answers")
    }

    /// The totals; the contract leaves the order of their lines open, so they are sorted here.
    pub(super) async fn totals(&self) -> Totals {
        let mut totals = self.store.totals().await.expect("the store counts");
        totals.numbers.sort_unstable();
        totals.invoices.sort_unstable();
        totals.payments.sort_unstable();
        totals
    }
}

/// All entries of a listing, read in long pages.
pub(super) async fn all<T>(fetch: impl AsyncFn(PageRequest) -> Result<Page<T>, StoreError>) -> Vec<T> {
    pages(PageRequest::MOST, fetch).await.into_iter().flatten().collect()
}

/// The pages of a listing, `limit` entries each.
pub(super) async fn pages<T>(
    limit: usize,
    fetch: impl AsyncFn(PageRequest) -> Result<Page<T>, StoreError>,
) -> Vec<Vec<T>> {
    let mut pages = Vec::new();
    let mut request = PageRequest::first(limit);
    loop {
        let page = fetch(request).await.expect("the store lists");
        pages.push(page.items);
        let Some(next) = page.next else { return pages };
        assert!(pages.len() < 10_000, "the listing does not end");
        request = PageRequest { after: Some(next), limit };
    }
}
