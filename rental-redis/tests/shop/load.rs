//! Customers who open and cancel invoices without a pause, each on a number of its own, and keep a record of what they
//! were told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rental_core::{Invoice, InvoiceId, Owner, Rentals, ServiceError, Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::books::Books;
use super::{Shop, customer, number};

/// Nothing is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Customers at work; number and customer `n` belong together.
pub(crate) struct Load {
    customers: JoinSet<Told>,
    ended: Arc<AtomicBool>,
    done: watch::Receiver<u64>,
}

/// What one customer was told.
pub(crate) struct Told {
    n: u64,
    /// Invoices whose opening was acknowledged.
    opened: BTreeSet<InvoiceId>,
    /// Changes that were acknowledged.
    changes: u64,
    /// Changes that may have happened.
    unknown: u64,
    /// What went wrong, by code.
    pub(crate) errors: BTreeSet<&'static str>,
}

impl Load {
    /// Customers of the numbers 0 to `customers` less one.
    pub(crate) fn start(shop: &Shop, customers: u64) -> Self {
        let (ended, (counter, done)) = (Arc::new(AtomicBool::new(false)), watch::channel(0));
        let customers = (0..customers).map(|n| work(shop.clone(), n, Arc::clone(&ended), counter.clone()));
        Self { customers: customers.collect(), ended, done }
    }

    /// Waits until so many more changes have been acknowledged.
    pub(crate) async fn goes_on_for(&mut self, changes: u64) {
        let goal = self.acknowledged() + changes;
        let reached = self.done.wait_for(|done| *done >= goal);
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.expect("the customers go on").expect("the customers are at work");
    }

    /// How many changes have been acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        *self.done.borrow()
    }

    /// Waits until no change has been acknowledged for so long.
    pub(crate) async fn stands_still_for(&mut self, time: Duration) {
        let still = async {
            self.done.mark_unchanged();
            while tokio::time::timeout(time, self.done.changed()).await.is_ok() {}
        };
        tokio::time::timeout(PATIENCE, still).await.expect("the customers stand still");
    }

    /// Ends it, and says what the customers were told.
    pub(crate) async fn stop(self) -> Vec<Told> {
        self.ended.store(true, Ordering::Relaxed);
        self.customers.join_all().await
    }
}

impl Told {
    /// Everything acknowledged is in the books, exactly once, and nothing else but what may have happened.
    pub(crate) async fn is_in(&self, books: &Books, shop: &Shop) {
        let of_this = |invoice: &&Invoice| invoice.number == number(self.n);
        let stored: BTreeSet<_> = books.invoices.iter().filter(of_this).map(|invoice| invoice.id).collect();
        assert!(stored.is_superset(&self.opened), "an acknowledged invoice is lost");
        let changes = books.changes(self.n);
        let expected = self.changes..=self.changes + self.unknown;
        assert!(expected.contains(&changes), "{changes} changes of number {}, told {expected:?}", self.n);
        let owner = Owner::Customer(customer(self.n));
        let events = shop.store.feed(&owner, 0, usize::MAX).await.expect("the feed");
        assert_eq!(events.len() as u64, changes, "one event for every change");
    }
}

async fn work(shop: Shop, n: u64, ended: Arc<AtomicBool>, done: watch::Sender<u64>) -> Told {
    let mut told = Told { n, opened: BTreeSet::new(), changes: 0, unknown: 0, errors: BTreeSet::new() };
    let mut open = None;
    while !ended.load(Ordering::Relaxed) {
        let answer = match open {
            None => shop.open_invoice(n).await.map(|invoice| Some(invoice.id)),
            Some(id) => shop.cancel(n, id).await.map(|_| None),
        };
        match answer {
            Ok(now) => {
                open = now;
                told.opened.extend(now);
                told.changes += 1;
                done.send_modify(|done| *done += 1);
            }
            Err(error) => {
                told.errors.insert(error.code());
                told.unknown += u64::from(matches!(error, ServiceError::Store(StoreError::Unavailable(_))));
                // It may have happened.
                if let Ok(record) = shop.service.number(number(n)).await {
                    open = record.open_invoice();
                }
            }
        }
    }
    told
}
