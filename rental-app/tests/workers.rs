//! The workers on a real store file, with a scripted gateway.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use rental_app::{Sweeper, Watcher, WatcherReport, reconcile_books};
use rental_core::*;
use rental_sqlite::SqliteStore;

struct Shop {
    clock: ManualClock,
    store: SqliteStore,
    service: Arc<RentalService>,
    gateway: FakeGateway,
    _folder: tempfile::TempDir,
}

fn admin() -> Actor {
    Actor::Admin(AdminId::Console("test".to_owned()))
}

fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).unwrap()
}

impl Shop {
    async fn open(numbers: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = SqliteStore::open(folder.path().join("rental.db"), Arc::new(clock.clone())).unwrap();
        let service = Arc::new(RentalService::new(Arc::new(store.clone())));
        let gateway = FakeGateway::new();
        let policy = Policy { max_open_invoices: 1000, max_numbers: 1000, ..Policy::default() };
        service.open_shop(gateway.wallet(), &policy, ChainCursor::START).await.unwrap();
        let shop = Self { clock, store, service, gateway, _folder: folder };
        let adding = (1..=numbers).map(|n| {
            let plans = vec!["30d=10".parse().unwrap()];
            shop.execute(admin(), Command::AddNumber { number: number(n), plans })
        });
        futures::future::join_all(adding).await;
        shop
    }

    async fn execute(&self, actor: Actor, command: Command) -> Receipt {
        self.service.execute(Request::new(actor, command)).await.unwrap()
    }

    async fn open_rent(&self, n: u64) -> Invoice {
        let (term, customer) = (Term::from_days(30).unwrap(), CustomerId::Telegram(n));
        let command = Command::OpenRent { number: number(n), term, customer, currency: Currency::Ton };
        self.execute(admin(), command).await.invoice().unwrap()
    }

    fn watcher(&self) -> Watcher {
        Watcher::new(self.service.clone(), Arc::new(self.gateway.clone()), Arc::new(self.store.clone()))
    }

    fn sweeper(&self) -> Sweeper {
        Sweeper::new(self.service.clone(), Arc::new(self.store.clone()))
    }

    fn pay(&self, invoice: &Invoice) -> TxHash {
        let comment = Comment::Text(invoice.payload.to_string());
        self.gateway.pay(invoice.amount, comment, self.clock.now())
    }

    async fn outcome(&self, tx: TxHash) -> Outcome {
        self.service.payment(&admin(), tx).await.unwrap().outcome
    }

    async fn state(&self, n: u64) -> NumberState {
        self.service.number(number(n)).await.unwrap().state()
    }

    async fn balances(&self) -> bool {
        reconcile_books(self.service.as_ref(), &self.gateway, &admin()).await.unwrap().balances()
    }
}

#[tokio::test]
async fn a_payment_settles_in_the_pass_that_sees_it_and_counts_once() {
    let shop = Shop::open(2).await;
    let invoice = shop.open_rent(1).await;
    let (first, second) = (shop.pay(&invoice), shop.pay(&invoice));
    let watcher = shop.watcher();
    let report = watcher.run_once().await.unwrap();
    assert_eq!((report.transactions, report.booked, report.settled), (2, 2, 1));
    assert_eq!(shop.outcome(first).await, Outcome::Settled, "the first on chain settles");
    assert_eq!(shop.outcome(second).await, Outcome::Exception { reason: ExceptionReason::Duplicate });
    assert_eq!(watcher.run_once().await.unwrap(), WatcherReport::default());
    assert!(shop.balances().await);
}

#[tokio::test]
async fn fault_12_a_failing_gateway_loses_nothing_and_changes_nothing() {
    let shop = Shop::open(1).await;
    let invoice = shop.open_rent(1).await;
    let tx = shop.pay(&invoice);
    shop.gateway.fail_next(3, GatewayError::Unverified("the chain does not connect".to_owned()));
    let watcher = shop.watcher();
    for _ in 0..3 {
        watcher.run_once().await.unwrap_err();
        assert!(shop.service.payment(&admin(), tx).await.is_err());
    }
    watcher.run_once().await.unwrap();
    assert_eq!(shop.outcome(tx).await, Outcome::Settled);
}

#[tokio::test]
async fn odd_transactions_neither_rent_nor_stop_the_watcher() {
    let shop = Shop::open(1).await;
    let now = shop.clock.now();
    for reason in [
        NotPayment::ExternalIn,
        NotPayment::SelfTransfer,
        NotPayment::ZeroValue,
        NotPayment::BouncedBackToUs,
        NotPayment::ReturnedToSender,
        NotPayment::ContractOp,
        NotPayment::NoMessage,
    ] {
        shop.gateway.not_a_payment(reason, now);
    }
    let odd = shop.gateway.pay_unreadably("3".parse().unwrap(), now);
    let invoice = shop.open_rent(1).await;
    let good = shop.pay(&invoice);
    let report = shop.watcher().run_once().await.unwrap();
    assert_eq!((report.transactions, report.booked), (9, 2));
    assert_eq!(shop.outcome(odd).await, Outcome::Exception { reason: ExceptionReason::UnreadableMessage });
    assert_eq!(shop.outcome(good).await, Outcome::Settled);
    assert!(shop.balances().await);
}

#[tokio::test]
async fn fault_10_a_crash_between_booking_and_moving_on_counts_nothing_twice() {
    let shop = Shop::open(1).await;
    let invoice = shop.open_rent(1).await;
    let tx = shop.pay(&invoice);
    let read = shop.gateway.read(&ChainCursor::START).await.unwrap();
    let incoming = read.transactions[0].incoming().unwrap().clone();
    shop.execute(Actor::System, Command::Book { incoming, unreadable: false, sighting: Sighting::SOLE })
        .await; // and then the process dies
    let report = shop.watcher().run_once().await.unwrap();
    assert_eq!((report.transactions, report.booked), (1, 0));
    assert_eq!(shop.outcome(tx).await, Outcome::Settled);
    assert!(shop.balances().await);
}

#[tokio::test]
async fn one_replica_works_and_another_takes_over_when_it_dies() {
    let shop = Shop::open(1).await;
    let (one, other) = (shop.watcher(), shop.watcher());
    assert!(!one.run_once().await.unwrap().standby);
    assert!(other.run_once().await.unwrap().standby);
    shop.clock.advance(Seconds(60)); // the first one is gone
    assert!(!other.run_once().await.unwrap().standby);
    assert!(one.run_once().await.unwrap().standby);
}

#[tokio::test]
async fn a_pass_reads_the_chain_once_however_many_invoices_are_open() {
    let shop = Shop::open(300).await;
    let watcher = shop.watcher();
    for open in [0, 300] {
        for n in 1..=open {
            shop.open_rent(n).await;
        }
        let before = shop.gateway.reads();
        watcher.run_once().await.unwrap();
        assert_eq!(shop.gateway.reads() - before, 1);
    }
}

#[tokio::test]
async fn a_locked_number_holds_up_neither_the_watcher_nor_the_sweeper() {
    let shop = Shop::open(2).await;
    let (locked, free) = (shop.open_rent(1).await, shop.open_rent(2).await);
    let (name, token) = (LeaseName::Number(number(1)), LeaseToken::from_entropy([1; 16]));
    shop.store.acquire(&name, &token, Seconds(100_000)).await.unwrap().unwrap();
    let (waits, settles) = (shop.pay(&locked), shop.pay(&free));
    shop.watcher().run_once().await.unwrap();
    assert_eq!(shop.outcome(waits).await, Outcome::Exception { reason: ExceptionReason::NumberLocked });
    assert_eq!(shop.outcome(settles).await, Outcome::Settled);

    shop.clock.advance(Seconds(5000));
    shop.gateway.set_read_to(shop.clock.now());
    shop.watcher().run_once().await.unwrap();
    let report = shop.sweeper().run_once().await.unwrap();
    assert_eq!((report.due, report.changed, report.failed), (1, 0, 0));
    assert_eq!(shop.state(1).await, NumberState::Reserved, "paid in time, so not available");
    shop.store.release(&name, &token).await.unwrap();
    shop.clock.advance(Seconds(60));
    assert_eq!(shop.watcher().run_once().await.unwrap().settled, 1, "the next look settles it");
    assert_eq!(shop.outcome(waits).await, Outcome::Settled);
    assert!(shop.balances().await);
}

#[tokio::test]
async fn reservations_that_wait_for_the_chain_do_not_starve_other_deadlines() {
    let shop = Shop::open(601).await;
    let rented = shop.open_rent(601).await;
    let tx = shop.pay(&rented);
    shop.watcher().run_once().await.unwrap();
    assert_eq!(shop.outcome(tx).await, Outcome::Settled);
    futures::future::join_all((1..=600).map(|n| shop.open_rent(n))).await;
    shop.clock.advance(Seconds::from_days(40)); // nobody could read the chain
    let report = shop.sweeper().run_once().await.unwrap();
    assert_eq!((report.due, report.changed), (601, 1));
    assert_eq!(shop.state(601).await, NumberState::Available);
    assert_eq!(shop.state(1).await, NumberState::Reserved);

    shop.gateway.set_read_to(shop.clock.now());
    shop.clock.advance(Seconds(60));
    shop.watcher().run_once().await.unwrap();
    assert_eq!(shop.sweeper().run_once().await.unwrap().changed, 600);
    assert_eq!(shop.state(1).await, NumberState::Available);
}

#[tokio::test]
async fn what_waits_to_be_booked_is_counted_apart() {
    let shop = Shop::open(1).await;
    shop.watcher().run_once().await.unwrap();
    let invoice = shop.open_rent(1).await;
    shop.pay(&invoice);
    let books = reconcile_books(shop.service.as_ref(), &shop.gateway, &admin()).await.unwrap();
    assert!(books.balances());
    assert_eq!((books.waiting_transactions, books.waiting), (1, u128::from(invoice.amount.units())));
}

#[tokio::test]
async fn reconciliation_names_what_is_missing() {
    let shop = Shop::open(1).await;
    let invoice = shop.open_rent(1).await;
    let tx = shop.pay(&invoice);
    shop.watcher().run_once().await.unwrap();
    assert!(shop.balances().await);
    let chain = shop.gateway.read(&ChainCursor::START).await.unwrap().transactions;
    let invoices = [shop.service.invoice(&admin(), invoice.id).await.unwrap()];
    let findings = reconcile(Currency::Ton, &chain, u64::MAX, &[], &invoices).findings;
    let amount = invoice.amount;
    assert_eq!(findings, [Finding::Missing { tx, amount }, Finding::Unpaid { invoice: invoice.id, tx }]);
}

#[tokio::test]
async fn a_payment_settles_when_a_second_source_has_it_and_only_once() {
    let shop = Shop::open(1).await;
    let invoice = shop.open_rent(1).await;
    let seen = |confirmed, denied| Sighting { sources: 2, confirmed, denied };
    let watcher = shop.watcher();
    shop.gateway.set_sighting(seen(1, 0));
    let tx = shop.pay(&invoice);
    assert_eq!(watcher.run_once().await.unwrap().booked, 1);
    let unconfirmed = Outcome::Exception { reason: ExceptionReason::Unconfirmed };
    assert_eq!(shop.outcome(tx).await, unconfirmed);
    shop.clock.advance(Seconds::from_hours(1)); // past the deadline: the invoice waits with its payment
    shop.gateway.set_read_to(shop.clock.now());
    assert_eq!(watcher.run_once().await.unwrap().settled, 0);
    shop.sweeper().run_once().await.unwrap();
    assert_eq!(shop.state(1).await, NumberState::Reserved);

    shop.gateway.set_sighting(seen(2, 0));
    assert_eq!(watcher.run_once().await.unwrap().settled, 1);
    assert_eq!(shop.outcome(tx).await, Outcome::Settled);
    assert_eq!(shop.state(1).await, NumberState::Rented);
    assert_eq!(watcher.run_once().await.unwrap(), WatcherReport::default());
}

#[tokio::test]
async fn a_payment_that_a_source_contradicts_waits_for_the_operator() {
    let shop = Shop::open(1).await;
    let invoice = shop.open_rent(1).await;
    let watcher = shop.watcher();
    shop.gateway.set_sighting(Sighting { sources: 2, confirmed: 1, denied: 0 });
    let tx = shop.pay(&invoice);
    watcher.run_once().await.unwrap();
    shop.gateway.set_sighting(Sighting { sources: 2, confirmed: 1, denied: 1 });
    watcher.run_once().await.unwrap();
    let disputed = Outcome::Exception { reason: ExceptionReason::Disputed };
    assert_eq!(shop.outcome(tx).await, disputed);
    shop.gateway.set_sighting(Sighting { sources: 2, confirmed: 2, denied: 0 });
    watcher.run_once().await.unwrap();
    assert_eq!(shop.outcome(tx).await, disputed);
    assert_eq!(shop.state(1).await, NumberState::Reserved);
}
