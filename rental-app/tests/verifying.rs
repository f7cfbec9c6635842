//! The ownership check on a real store file, with a chain that says what it is told to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rental_app::{Verifier, VerifierReport, WorkerError};
use rental_core::*;
use rental_sqlite::SqliteStore;

const HOUR: Seconds = Seconds(3600);

/// Answers as told, and remembers what it was asked.
#[derive(Debug, Default)]
struct Chain {
    answers: Mutex<BTreeMap<PhoneNumber, Result<Ownership, GatewayError>>>,
    asked: Mutex<Vec<PhoneNumber>>,
}

impl Chain {
    fn says(&self, n: u64, answer: Result<Ownership, GatewayError>) {
        self.answers.lock().unwrap().insert(number(n), answer);
    }

    fn asked(&self) -> Vec<PhoneNumber> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait]
impl NumberRegistry for Chain {
    fn item(&self, _: PhoneNumber) -> Option<String> {
        None
    }

    async fn ownership(&self, number: PhoneNumber) -> Result<Ownership, GatewayError> {
        self.asked.lock().unwrap().push(number);
        self.answers.lock().unwrap().get(&number).cloned().unwrap_or(Ok(ours()))
    }
}

fn ours() -> Ownership {
    Ownership::Ours { wallet: "0:88".to_owned() }
}

fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).unwrap()
}

struct Shop {
    clock: ManualClock,
    store: SqliteStore,
    service: Arc<RentalService>,
    chain: Arc<Chain>,
    _folder: tempfile::TempDir,
}

impl Shop {
    /// A shop of `numbers`, none of them verified.
    async fn open(numbers: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = SqliteStore::open(folder.path().join("rental.db"), Arc::new(clock.clone())).unwrap();
        let service = Arc::new(RentalService::new(Arc::new(store.clone())));
        let wallet = Wallet { network: Network::Sandbox, address: "UQ".to_owned() };
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.unwrap();
        let shop = Self { clock, store, service, chain: Arc::default(), _folder: folder };
        for n in 1..=numbers {
            shop.execute(Command::AddNumber { number: number(n), plans: vec!["30d=10".parse().unwrap()] })
                .await;
        }
        shop
    }

    async fn execute(&self, command: Command) {
        let admin = Actor::Admin(AdminId::Console("test".to_owned()));
        self.service.execute(Request::new(admin, command)).await.unwrap();
    }

    /// Says for the first time that number `n` is the operator's.
    async fn verify(&self, n: u64) {
        self.execute(Command::NoteOwnership { number: number(n), ownership: ours() }).await;
        self.clock.advance(Seconds(1));
    }

    /// Opens an invoice for number `n`.
    async fn rent(&self, n: u64) -> InvoiceId {
        let (term, customer) = (Term::from_days(30).unwrap(), CustomerId::Telegram(n));
        let rent = Command::OpenRent { number: number(n), term, customer, currency: Currency::Ton };
        let receipt = self.service.execute(Request::new(Actor::System, rent)).await.unwrap();
        receipt.invoice().unwrap().id
    }

    fn verifier(&self, batch: usize) -> Verifier {
        let leases = Arc::new(self.store.clone());
        Verifier::new(self.service.clone(), self.chain.clone(), leases, HOUR, batch)
    }

    async fn state(&self, n: u64) -> NumberState {
        self.service.number(number(n)).await.unwrap().state()
    }
}

#[tokio::test]
async fn a_shop_that_never_verified_asks_nothing() {
    let shop = Shop::open(3).await;
    let verifier = shop.verifier(10);
    for _ in 0..3 {
        assert_eq!(verifier.run_once().await.unwrap(), VerifierReport::default());
        shop.clock.advance(HOUR);
    }
    assert!(shop.chain.asked().is_empty());
}

#[tokio::test]
async fn numbers_are_asked_about_oldest_answer_first_a_few_at_a_time() {
    let shop = Shop::open(4).await;
    for n in [3, 1, 2] {
        shop.verify(n).await;
    }
    let verifier = shop.verifier(2);
    verifier.run_once().await.unwrap();
    assert!(shop.chain.asked().is_empty(), "all answers are fresh");
    shop.clock.advance(HOUR);
    assert_eq!(verifier.run_once().await.unwrap().checked, 2);
    assert_eq!(shop.chain.asked(), [number(3), number(1)]);
    assert_eq!(verifier.run_once().await.unwrap().checked, 1);
    assert_eq!(shop.chain.asked(), [number(2)]);
    verifier.run_once().await.unwrap();
    assert!(shop.chain.asked().is_empty(), "number 4 was never verified");
    shop.clock.advance(HOUR);
    assert_eq!(verifier.run_once().await.unwrap().checked, 2);
}

#[tokio::test]
async fn what_left_is_taken_off_and_what_came_back_is_offered() {
    let shop = Shop::open(1).await;
    shop.verify(1).await;
    let verifier = shop.verifier(10);
    shop.chain.says(1, Ok(Ownership::Auction { bidder: Some("0:ee".to_owned()) }));
    shop.clock.advance(HOUR);
    let report = verifier.run_once().await.unwrap();
    assert_eq!((report.doubted, shop.state(1).await), (1, NumberState::Available), "said once");
    let report = verifier.run_once().await.unwrap();
    assert_eq!((report.checked, report.lost), (1, 1));
    assert_eq!(shop.state(1).await, NumberState::Lost);
    shop.chain.says(1, Ok(ours()));
    shop.clock.advance(HOUR);
    verifier.run_once().await.unwrap();
    assert_eq!(shop.state(1).await, NumberState::Available);
}

#[tokio::test]
async fn one_wrong_answer_withdraws_nothing() {
    let shop = Shop::open(1).await;
    shop.verify(1).await;
    let verifier = shop.verifier(10);
    for _ in 0..2 {
        shop.clock.advance(HOUR);
        shop.chain.says(1, Ok(Ownership::NotMinted));
        assert_eq!(verifier.run_once().await.unwrap().doubted, 1);
        shop.chain.says(1, Ok(ours()));
        assert_eq!(verifier.run_once().await.unwrap().checked, 1);
        assert_eq!(shop.state(1).await, NumberState::Available);
    }
}

#[tokio::test]
async fn a_number_that_somebody_is_about_to_pay_for_is_asked_about_first() {
    let shop = Shop::open(3).await;
    for n in [1, 2] {
        shop.verify(n).await;
    }
    let verifier = shop.verifier(1);
    assert_eq!(verifier.run_once().await.unwrap().checked, 0);
    shop.clock.advance(Seconds(60));
    for n in [3, 2] {
        shop.rent(n).await;
    }
    assert_eq!(verifier.run_once().await.unwrap().checked, 1);
    assert_eq!(shop.chain.asked(), [number(2)], "number 3 was never verified");
    assert_eq!(verifier.run_once().await.unwrap().checked, 0, "once for an invoice");

    // It has left meanwhile: its invoice is withdrawn before anybody pays.
    shop.clock.advance(HOUR);
    assert_eq!(shop.state(1).await, NumberState::Available);
    let invoice = shop.rent(1).await;
    shop.chain.says(1, Ok(Ownership::Foreign { owner: Some("0:ee".to_owned()) }));
    assert_eq!(verifier.run_once().await.unwrap().doubted, 1);
    assert_eq!(verifier.run_once().await.unwrap().lost, 1);
    assert_eq!(shop.state(1).await, NumberState::Lost);
    let invoice = shop.service.invoice(&Actor::System, invoice).await.unwrap();
    assert!(matches!(invoice.status, InvoiceStatus::Cancelled { .. }));
}

#[tokio::test]
async fn no_answer_changes_nothing_and_stops_nobody() {
    let shop = Shop::open(2).await;
    shop.verify(1).await;
    shop.verify(2).await;
    let verifier = shop.verifier(10);
    shop.clock.advance(HOUR);
    shop.chain.says(1, Err(GatewayError::Unverified("it lies".to_owned())));
    let report = verifier.run_once().await.unwrap();
    assert_eq!((report.checked, report.unknown, shop.state(1).await), (1, 1, NumberState::Available));

    shop.clock.advance(HOUR);
    shop.chain.says(2, Err(GatewayError::Unavailable("down".to_owned())));
    assert!(matches!(verifier.run_once().await, Err(WorkerError::Gateway(_))));
    assert_eq!(shop.state(2).await, NumberState::Available);
}

#[tokio::test]
async fn one_replica_checks_at_a_time() {
    let shop = Shop::open(1).await;
    shop.verify(1).await;
    shop.clock.advance(HOUR);
    let (one, other) = (shop.verifier(10), shop.verifier(10));
    assert_eq!(one.run_once().await.unwrap().checked, 1);
    assert!(other.run_once().await.unwrap().standby);
    shop.clock.advance(HOUR);
    assert_eq!(other.run_once().await.unwrap().checked, 1);
}
