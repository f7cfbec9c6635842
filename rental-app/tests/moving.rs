//! A shop is moved as a whole, or the target is no shop.

use std::sync::Arc;

use futures::FutureExt;
use rental_app::{CopyError, CopyReport, Progress, Stage, copy_shop, seed_demo};
use rental_core::{
    Actor, Archive, ArchiveError, ChainCursor, Command, Currency, CustomerId, FillingId, IdempotencyKey,
    ManualClock, MemoryStore, Network, PageRequest, Policy, Record, RentalService, Rentals, Request, Seconds,
    Section, StoreError, Timestamp, Ulid, Wallet,
};

const START: Timestamp = Timestamp::from_unix(1_767_225_600);

/// A shop with eight numbers, of which one is reserved by a request with an idempotency key.
async fn shop(clock: &ManualClock) -> MemoryStore {
    let store = MemoryStore::new(Arc::new(clock.clone()));
    let service = RentalService::new(Arc::new(store.clone()));
    let wallet = Wallet { network: Network::Sandbox, address: "UQ…".to_owned() };
    service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("the shop opens");
    let numbers = seed_demo(&service).await.expect("numbers").numbers;
    let customer: CustomerId = "api:demo:alice".parse().expect("a customer");
    let integrator = customer.integrator().expect("an integrator's").clone();
    let term = "30d".parse().expect("a term");
    let command = Command::OpenRent { number: numbers[0], term, customer, currency: Currency::Ton };
    let idempotency = Some(IdempotencyKey {
        integrator: integrator.clone(),
        key: "order-1".to_owned(),
        fingerprint: String::new(),
    });
    let request = Request { idempotency, ..Request::new(Actor::Integrator(integrator), command) };
    service.execute(request).await.expect("an invoice");
    store
}

fn empty(clock: &ManualClock) -> MemoryStore {
    MemoryStore::new(Arc::new(clock.clone()))
}

async fn copy(
    from: &MemoryStore,
    to: &MemoryStore,
    progress: impl FnMut(Progress),
) -> Result<CopyReport, CopyError> {
    copy_shop(from, to, progress).await
}

/// Everything that a store holds.
async fn records(store: &MemoryStore) -> Vec<Record> {
    let mut records = Vec::new();
    for section in Section::ALL {
        let page = store.read_out(section, &PageRequest::first(PageRequest::MOST)).await;
        records.extend(page.expect("reads").items);
    }
    records
}

/// What can be asked of a store that was not finished: to copy into it again.
async fn is_unfinished(to: &MemoryStore, from: &MemoryStore) {
    let answer = RentalService::new(Arc::new(to.clone())).shop().await;
    assert_eq!(answer.err(), Some(StoreError::unfinished().into()));
    copy(from, to, |_| ()).await.expect("it is copied again");
    assert_eq!(records(to).await, records(from).await);
}

#[tokio::test]
async fn a_shop_is_copied_with_all_its_figures() {
    let clock = ManualClock::at(START);
    let (from, to) = (shop(&clock).await, empty(&clock));
    let mut seen = Vec::new();
    let report = copy(&from, &to, |progress| seen.push(progress)).await.expect("it is copied");
    assert_eq!(records(&to).await, records(&from).await);
    let of = |wanted| report.sections.iter().find(|(section, _)| *section == wanted).map(|(_, count)| *count);
    assert_eq!((of(Section::Numbers), of(Section::Invoices), of(Section::Shop)), (Some(8), Some(1), Some(1)));
    assert_eq!((report.totals.accounts, report.totals.invoices), (1, vec![("open".to_owned(), 1)]));
    for stage in [Stage::Copying, Stage::CheckingTarget, Stage::CheckingSource] {
        let done = seen.iter().filter(|progress| progress.stage == stage && progress.complete);
        assert_eq!(done.map(|progress| progress.section).collect::<Vec<_>>(), Section::ALL);
    }
    let again = copy(&from, &to, |_| ()).await.err();
    assert_eq!(again, Some(CopyError::Target(ArchiveError::NotEmpty)));
}

#[tokio::test]
async fn without_a_shop_nothing_is_touched() {
    let clock = ManualClock::at(START);
    let (from, to) = (empty(&clock), empty(&clock));
    assert_eq!(copy(&from, &to, |_| ()).await.err(), Some(CopyError::NoShop));
    let full = shop(&clock).await;
    copy(&full, &to, |_| ()).await.expect("it has not been begun");
}

#[tokio::test]
async fn a_source_that_changes_meanwhile_is_noticed() {
    let clock = ManualClock::at(START);
    let (from, to) = (shop(&clock).await, empty(&clock));
    let service = RentalService::new(Arc::new(from.clone()));
    let answer = copy(&from, &to, |progress| {
        if (progress.stage, progress.section) == (Stage::CheckingTarget, Section::Shop) {
            let seeded = seed_demo(&service).now_or_never().expect("memory answers at once");
            seeded.expect("another key is made");
        }
    })
    .await;
    let Some(CopyError::SourceChanged(sections)) = answer.err() else {
        panic!("the change was not noticed");
    };
    assert_eq!(sections, ["access", "audit"]);
    is_unfinished(&to, &from).await;
}

/// Copies while somebody else begins a copy into the same target, at this point.
async fn copy_beside_another(
    from: &MemoryStore,
    to: &MemoryStore,
    (stage, section): (Stage, Section),
) -> Option<CopyError> {
    let answer = copy(from, to, |progress| {
        if (progress.stage, progress.section) == (stage, section) {
            let id = FillingId(Ulid::from_parts(1, 1));
            let begun = to.begin_filling(id).now_or_never().expect("memory answers at once");
            begun.expect("it is not finished");
        }
    });
    answer.await.err()
}

#[tokio::test]
async fn a_target_that_lost_something_is_noticed() {
    let clock = ManualClock::at(START);
    let (from, to) = (shop(&clock).await, empty(&clock));
    let lost = copy_beside_another(&from, &to, (Stage::CheckingTarget, Section::Shop)).await;
    let Some(CopyError::TargetDiffers(differing)) = lost else {
        panic!("the loss was not noticed: {lost:?}");
    };
    for part in ["numbers", "invoices", "once", "history", "audit", "events", "totals"] {
        assert!(differing.contains(&part), "{part}: {differing:?}");
    }
    is_unfinished(&to, &from).await;
}

#[tokio::test]
async fn of_two_copies_into_one_store_the_later_one_goes_on() {
    let clock = ManualClock::at(START);
    let (from, to) = (shop(&clock).await, empty(&clock));
    let superseded = Some(CopyError::Target(ArchiveError::Superseded));
    assert_eq!(copy_beside_another(&from, &to, (Stage::Copying, Section::Numbers)).await, superseded);
    is_unfinished(&to, &from).await;
}

#[tokio::test]
async fn a_once_key_that_ends_meanwhile_is_no_difference() {
    let clock = ManualClock::at(START);
    let (from, to) = (shop(&clock).await, empty(&clock));
    let report = copy(&from, &to, |progress| {
        if (progress.stage, progress.section) == (Stage::CheckingTarget, Section::Shop) {
            clock.advance(Seconds::from_days(30));
        }
    })
    .await;
    report.expect("nothing is missing");
}
