//! A shop on a Redis, and what its customers do there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rental_core::{
    Account, Actor, ChainCursor, Command, CustomerId, FakeGateway, IncomingPayment, Invoice, InvoiceId,
    InvoiceQuery, NumberQuery, NumberRecord, Page, PageRequest, Payment, PaymentGateway, PaymentQuery,
    PhoneNumber, Policy, Receipt, RentalService, Rentals, Request, ServiceError, Store, StoreError, Term,
    TxHash, Violation, find_violations,
};
use rental_redis::{RedisConfig, RedisStore};

/// One program with its connection.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) store: RedisStore,
    pub(crate) service: Arc<RentalService>,
}

/// The `n`th number.
pub(crate) fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).expect("n has at most seven digits")
}

/// The `n`th customer.
pub(crate) fn customer(n: u64) -> CustomerId {
    CustomerId::Telegram(1_000 + n)
}

/// A payment of the invoice, made in time; every one is another transaction.
pub(crate) fn payment_of(invoice: &Invoice) -> IncomingPayment {
    static PAYMENTS: AtomicU64 = AtomicU64::new(1);
    let lt = PAYMENTS.fetch_add(1, Ordering::Relaxed);
    let mut hash = [0xfa; 32];
    hash[..8].copy_from_slice(&lt.to_be_bytes());
    IncomingPayment {
        tx: TxHash(hash),
        lt,
        amount: invoice.amount,
        comment: rental_core::Comment::Text(invoice.payload.to_string()),
        sender: FakeGateway::SENDER.to_owned(),
        chain_time: invoice.created_at,
    }
}

impl Shop {
    /// Opens the shop that `config` names, which may be a new one.
    pub(crate) async fn open(config: &RedisConfig) -> Self {
        let store = RedisStore::open(config).await.expect("the store opens");
        let service = Arc::new(RentalService::new(Arc::new(store.clone())));
        let wallet = FakeGateway::new().wallet().clone();
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("the shop opens");
        Self { store, service }
    }

    /// The same, with the numbers 0 to `count` less one.
    pub(crate) async fn with_numbers(config: &RedisConfig, count: u64) -> Self {
        let shop = Self::open(config).await;
        for n in 0..count {
            let plans = vec!["30d=10".parse().expect("a plan")];
            let add = Command::AddNumber { number: number(n), plans };
            shop.ask(Actor::System, add).await.expect("the number is added");
        }
        shop
    }

    pub(crate) async fn ask(&self, actor: Actor, command: Command) -> Result<Receipt, ServiceError> {
        self.service.execute(Request::new(actor, command)).await
    }

    /// Customer `who` opens an invoice for number `n`.
    pub(crate) async fn open_invoice(&self, who: u64, n: u64) -> Result<Invoice, ServiceError> {
        let (customer, term) = (customer(who), Term::from_days(30).expect("a term"));
        let command = Command::OpenRent { number: number(n), term, customer: customer.clone() };
        self.ask(Actor::Customer(customer), command).await?.invoice()
    }

    /// Customer `who` cancels an invoice.
    pub(crate) async fn cancel(&self, who: u64, invoice: InvoiceId) -> Result<Invoice, ServiceError> {
        self.ask(Actor::Customer(customer(who)), Command::CancelInvoice { invoice }).await?.invoice()
    }

    pub(crate) async fn book(&self, incoming: IncomingPayment) -> Result<Payment, ServiceError> {
        self.ask(Actor::System, Command::Book { incoming, unreadable: false }).await?.payment()
    }
}

/// Everything that is in the books.
pub(crate) struct Books {
    pub(crate) numbers: Vec<NumberRecord>,
    pub(crate) invoices: Vec<Invoice>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) payments: Vec<Payment>,
}

impl Books {
    pub(crate) async fn of(store: &RedisStore) -> Self {
        let (numbers, invoices) = (NumberQuery::default(), InvoiceQuery::default());
        let payments = PaymentQuery::default();
        let books = Self {
            numbers: all(async |page| store.numbers(&numbers, &page).await).await,
            invoices: all(async |page| store.invoices(&invoices, &page).await).await,
            accounts: all(async |page| store.accounts(&page).await).await,
            payments: all(async |page| store.payments(&payments, &page).await).await,
        };
        assert_eq!(books.violations(), []);
        books
    }

    fn violations(&self) -> Vec<Violation> {
        find_violations(&self.numbers, &self.invoices, &self.accounts)
    }

    /// How often the number was changed since it was added.
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
