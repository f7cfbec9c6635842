//! A shop on a private server, and what its customers do.
#![allow(dead_code, reason = "every test file uses its part of it")]

pub(crate) mod books;
pub(crate) mod load;

use std::sync::Arc;

use rental_core::{
    Actor, ChainCursor, Changes, Command, Comment, Currency, CustomerId, Effect, IncomingPayment, Invoice,
    InvoiceId, InvoiceKind, InvoiceStatus, Load, Network, PhoneNumber, Policy, Receipt, RentalService,
    Rentals, Request, ServiceError, Sighting, Store, Term, TxHash, Wallet,
};
use rental_redis::{RedisConfig, RedisStore};

/// A shop with numbers 0, 1, 2, …
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) store: RedisStore,
    pub(crate) service: Arc<RentalService>,
}

pub(crate) fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).expect("n has at most seven digits")
}

pub(crate) fn customer(n: u64) -> CustomerId {
    CustomerId::Telegram(1_000 + n)
}

pub(crate) fn month() -> Term {
    Term::from_days(30).expect("a month is a term")
}

/// The payment of an invoice, exactly and in time; `lt` makes its hash.
pub(crate) fn coin(invoice: &Invoice, lt: u64) -> IncomingPayment {
    let mut hash = [0x5a; 32];
    hash[..8].copy_from_slice(&lt.to_be_bytes());
    IncomingPayment {
        tx: TxHash(hash),
        lt,
        amount: invoice.amount,
        comment: Comment::Text(invoice.payload.to_string()),
        sender: format!("0:{}", "1".repeat(64)),
        chain_time: invoice.created_at,
    }
}

impl Shop {
    /// Opens a shop with this many numbers.
    pub(crate) async fn open(config: RedisConfig, numbers: u64) -> Self {
        let shop = Self::join(config).await;
        let wallet = Wallet { network: Network::Sandbox, address: "UQtest".to_owned() };
        let opened = shop.service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await;
        opened.expect("the shop opens");
        for n in 0..numbers {
            let plans = vec!["30d=10".parse().expect("a plan")];
            let add = Command::AddNumber { number: number(n), plans };
            shop.ask(Actor::System, add).await.expect("the number is added");
        }
        shop
    }

    /// The same shop as another program sees it.
    pub(crate) async fn join(config: RedisConfig) -> Self {
        let store = RedisStore::open(&config).await.expect("the store opens");
        let service = Arc::new(RentalService::new(Arc::new(store.clone())));
        Self { store, service }
    }

    pub(crate) async fn ask(&self, actor: Actor, command: Command) -> Result<Receipt, ServiceError> {
        self.service.execute(Request::new(actor, command)).await
    }

    /// Customer `n` opens an invoice for number `n`.
    pub(crate) async fn open_invoice(&self, n: u64) -> Result<Invoice, ServiceError> {
        self.open_invoice_for(n, n).await
    }

    pub(crate) async fn open_invoice_for(&self, n: u64, who: u64) -> Result<Invoice, ServiceError> {
        let command = Command::OpenRent {
            number: number(n),
            term: month(),
            customer: customer(who),
            currency: Currency::Ton,
        };
        self.ask(Actor::Customer(customer(who)), command).await?.invoice()
    }

    /// Customer `who` cancels an invoice.
    pub(crate) async fn cancel(&self, who: u64, invoice: InvoiceId) -> Result<Invoice, ServiceError> {
        self.ask(Actor::Customer(customer(who)), Command::CancelInvoice { invoice }).await?.invoice()
    }

    pub(crate) async fn book(&self, incoming: IncomingPayment) -> Result<Receipt, ServiceError> {
        self.ask(Actor::System, Command::Book { incoming, unreadable: false, sighting: Sighting::SOLE }).await
    }

    /// A change set as the service would make it: an invoice for number `n`.
    pub(crate) async fn changes(&self, n: u64) -> Changes {
        let actor = Actor::Customer(customer(n));
        let command = Command::OpenRent {
            number: number(n),
            term: month(),
            customer: customer(n),
            currency: Currency::Ton,
        };
        let read = rental_core::load_for(&actor, &command);
        let state = self.store.load(&read).await.expect("the store loads");
        let seed = rental_core::Seed {
            id: rental_core::Ulid::from_parts(state.now.unix() * 1000, n.into()),
            entropy: [7; 32],
        };
        let envelope = rental_core::Envelope { actor, command, seed, reason: None, lease: None };
        let decision = rental_core::decide(&state, &envelope, state.now).expect("the number is free");
        assert!(matches!(decision.effect, Effect::Invoice(_)));
        decision.changes
    }

    /// The newest state of number `n`'s record and invoice, for looking at.
    pub(crate) async fn look(&self, n: u64) -> rental_core::State {
        let read = Load { number: Some(number(n)), ..Load::default() };
        self.store.load(&read).await.expect("the store loads")
    }
}

/// Whether an invoice is one for a rent that is open.
pub(crate) fn is_open_rent(invoice: &Invoice) -> bool {
    invoice.kind == InvoiceKind::Rent && matches!(invoice.status, InvoiceStatus::Open)
}
