//! A small shop to try the rules on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rental_core::*;

pub(crate) struct TestShop {
    pub(crate) clock: ManualClock,
    pub(crate) store: MemoryStore,
    pub(crate) service: RentalService,
    lt: AtomicU64,
}

pub(crate) const START: u64 = 1_767_225_600; // 2026-01-01T00:00:00Z
pub(crate) const DAY: u64 = 86_400;

pub(crate) fn admin() -> Actor {
    Actor::Admin(AdminId::Console("test".to_owned()))
}

pub(crate) fn customer(id: u64) -> CustomerId {
    CustomerId::Telegram(id)
}

pub(crate) fn actor(id: u64) -> Actor {
    Actor::Customer(customer(id))
}

pub(crate) fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).unwrap()
}

pub(crate) fn days(n: u32) -> Term {
    Term::from_days(n).unwrap()
}

/// An amount; a number alone is TON.
pub(crate) fn ton(text: &str) -> Amount {
    text.parse().unwrap()
}

impl TestShop {
    /// A shop with numbers 1 to 9, each for 30 days at 10 TON and 7 days at 3 TON.
    pub(crate) async fn open() -> Self {
        Self::with_policy(Policy::default()).await
    }

    pub(crate) async fn with_policy(policy: Policy) -> Self {
        let clock = ManualClock::at(Timestamp::from_unix(START));
        let store = MemoryStore::new(Arc::new(clock.clone()));
        let service = RentalService::new(Arc::new(store.clone()));
        let wallet = Wallet { network: Network::Sandbox, address: "UQtest".to_owned() };
        service.open_shop(&wallet, &policy, ChainCursor::START).await.unwrap();
        let shop = Self { clock, store, service, lt: AtomicU64::new(0) };
        for n in 1..10 {
            let plans = vec!["30d=10".parse().unwrap(), "7d=3".parse().unwrap()];
            shop.admin(Command::AddNumber { number: number(n), plans }).await.unwrap();
        }
        shop
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Seconds(seconds));
    }

    pub(crate) async fn ask(&self, actor: Actor, command: Command) -> Result<Receipt, ServiceError> {
        self.service.execute(Request::new(actor, command)).await
    }

    pub(crate) async fn admin(&self, command: Command) -> Result<Receipt, ServiceError> {
        self.ask(admin(), command).await
    }

    pub(crate) async fn open_rent(&self, n: u64, who: u64) -> Result<Invoice, ServiceError> {
        let command = Command::OpenRent {
            number: number(n),
            term: days(30),
            customer: customer(who),
            currency: Currency::Ton,
        };
        self.ask(actor(who), command).await?.invoice()
    }

    pub(crate) async fn open_renewal(&self, n: u64, who: u64) -> Result<Invoice, ServiceError> {
        let command = Command::OpenRenewal { number: number(n), term: days(30), currency: Currency::Ton };
        self.ask(actor(who), command).await?.invoice()
    }

    /// A payment on chain now.
    pub(crate) fn coin(&self, amount: Amount, comment: &str) -> IncomingPayment {
        let lt = self.lt.fetch_add(1, Ordering::SeqCst) + 1;
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&lt.to_be_bytes());
        IncomingPayment {
            tx: TxHash(hash),
            lt,
            amount,
            comment: Comment::Text(comment.to_owned()),
            sender: format!("0:{}", "1".repeat(64)),
            chain_time: self.now(),
        }
    }

    pub(crate) async fn book(&self, incoming: IncomingPayment) -> Payment {
        let command = Command::Book { incoming, unreadable: false, sighting: Sighting::SOLE };
        self.ask(Actor::System, command).await.unwrap().payment().unwrap()
    }

    /// Pays exactly, now, and has it booked.
    pub(crate) async fn pay(&self, invoice: &Invoice) -> Payment {
        self.book(self.coin(invoice.amount, invoice.payload.as_str())).await
    }

    /// Rents number `n` to `who`: invoice and payment.
    pub(crate) async fn rent(&self, n: u64, who: u64) -> Invoice {
        let invoice = self.open_rent(n, who).await.unwrap();
        assert_eq!(self.pay(&invoice).await.outcome, Outcome::Settled);
        invoice
    }

    pub(crate) async fn tick(&self, n: u64) -> bool {
        self.ask(Actor::System, Command::Tick { number: number(n) }).await.unwrap().changed
    }

    /// Notes that the chain has been read up to now.
    pub(crate) async fn read_chain(&self) {
        let state = self.store.load(&Load::default()).await.unwrap();
        for chain in Currency::ALL.map(|currency| state.chains.of(currency)) {
            let to = ChainState { read_to: self.now(), ..chain };
            self.ask(Actor::System, Command::AdvanceChain { from: chain.cursor, to }).await.unwrap();
        }
    }

    /// The record as stored, untouched by the passing of time.
    pub(crate) async fn stored(&self, n: u64) -> NumberRecord {
        self.store.load(&Load { number: Some(number(n)), ..Load::default() }).await.unwrap().number.unwrap()
    }

    /// The state as everybody sees it now.
    pub(crate) async fn state(&self, n: u64) -> NumberState {
        self.service.number(number(n)).await.unwrap().state()
    }

    pub(crate) async fn rental(&self, n: u64) -> Rental {
        self.service.number(number(n)).await.unwrap().rental().cloned().unwrap()
    }

    /// The end of the stored rental, whatever has passed since.
    pub(crate) async fn rental_end(&self, n: u64) -> Timestamp {
        self.stored(n).await.rental().unwrap().expires_at
    }

    pub(crate) async fn invoice(&self, id: InvoiceId) -> Invoice {
        self.service.invoice(&Actor::System, id).await.unwrap()
    }

    pub(crate) async fn account(&self, who: u64) -> Account {
        self.service.account(&Actor::System, &customer(who)).await.unwrap()
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        let feed = self.store.feed(&Owner::Anybody, 0, 10_000).await.unwrap();
        feed.into_iter().map(|entry| entry.event).collect()
    }

    pub(crate) async fn history(&self, n: u64) -> Vec<HistoryKind> {
        let page = self.store.history(number(n), &PageRequest::first(1000)).await.unwrap();
        page.items.into_iter().map(|entry| entry.kind).collect()
    }
}

/// The rule that said no.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> DomainError {
    match result {
        Err(ServiceError::Domain(error)) => error,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
