//! A shop on a private server, and what its customers do.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::aio::MultiplexedConnection;
use redis_servers::Server;
use rental_core::{
    Actor, ChainCursor, Changes, Command, Comment, Commit, Currency, CustomerId, Due, Effect, Envelope,
    IncomingPayment, Invoice, Network, NumberState, Owner, PageRequest, PhoneNumber, Policy, RentalService,
    Rentals, Request, Seconds, Seed, Sighting, Store, Term, TransferToken, TxHash, Ulid, Wallet, decide,
    load_for,
};
use rental_redis::{RedisConfig, RedisStore};

/// How large a shop is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Numbers to rent.
    pub(crate) listed: u64,
    /// Numbers rented for a year, which follow them.
    pub(crate) rented: u64,
}

/// A shop whose clock can be turned forward.
pub(crate) struct Shop {
    pub(crate) server: Server,
    pub(crate) store: RedisStore,
    pub(crate) service: RentalService,
    /// For commands that are no business of a store.
    pub(crate) raw: MultiplexedConnection,
    ahead: Arc<AtomicU64>,
    lt: AtomicU64,
}

/// The `n`th number of the shop.
pub(crate) fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).expect("n has at most seven digits")
}

/// A server with the settings in `SERVER_SETTINGS`, such as `hash-max-listpack-value=512 io-threads=2`.
fn start() -> Server {
    let settings = std::env::var("SERVER_SETTINGS").unwrap_or_default();
    let settings = settings.split_whitespace().map(|setting| setting.split_once('=').expect("name=value"));
    settings.fold(Server::builder(), |server, (name, value)| server.config(name, value)).start()
}

fn customer(n: u64) -> CustomerId {
    CustomerId::Telegram(1_000_000 + n)
}

fn term(days: u32) -> Term {
    Term::from_days(days).expect("a term")
}

fn rent(n: u64, days: u32) -> (Actor, Command) {
    let customer = customer(n);
    let command = Command::OpenRent {
        number: number(n),
        term: term(days),
        customer: customer.clone(),
        currency: Currency::Ton,
    };
    (Actor::Customer(customer), command)
}

impl Shop {
    /// How many numbers a page of the list has.
    pub(crate) const PAGE: u64 = 50;
    /// How many fill a shop at once.
    const FILLERS: usize = 128;

    /// A shop of this size.
    pub(crate) async fn open(size: Size) -> Self {
        let shop = Arc::new(Self::open_empty().await);
        Self::fill(&shop, 0..size.listed + size.rented, Self::list).await;
        Self::fill(&shop, size.listed..size.listed + size.rented, Self::rent_for_a_year).await;
        Arc::into_inner(shop).expect("all who fill it have ended")
    }

    /// A shop without numbers.
    pub(crate) async fn open_empty() -> Self {
        let server = tokio::task::spawn_blocking(start).await.expect("it starts");
        let ahead = Arc::new(AtomicU64::new(0));
        let turned = Arc::clone(&ahead);
        let config = RedisConfig::new(server.url()).in_namespace("shop");
        let store =
            RedisStore::open_ahead(&config, Some(Arc::new(move || Seconds(turned.load(Ordering::Relaxed)))))
                .await
                .expect("the store opens");
        let service = RentalService::new(Arc::new(store.clone()));
        let wallet = Wallet { network: Network::Sandbox, address: "UQbench".to_owned() };
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("the shop opens");
        let client = redis::Client::open(server.url()).expect("an address");
        let raw = client.get_multiplexed_async_connection().await.expect("the server answers");
        Self { server, store, service, raw, ahead, lt: AtomicU64::new(0) }
    }

    /// Does `operation` with each of `numbers`.
    pub(crate) async fn fill<F>(shop: &Arc<Self>, numbers: Range<u64>, operation: fn(Arc<Self>, u64) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = tokio::task::JoinSet::new();
        for filler in 0..Self::FILLERS {
            let (shop, numbers) = (Arc::clone(shop), numbers.clone());
            tasks.spawn(async move {
                for n in numbers.skip(filler).step_by(Self::FILLERS) {
                    operation(Arc::clone(&shop), n).await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("no panic");
        }
    }

    async fn ask(&self, actor: Actor, command: Command) -> rental_core::Receipt {
        self.service.execute(Request::new(actor, command)).await.expect("the shop does it")
    }

    pub(crate) fn pass(&self, seconds: Seconds) {
        self.ahead.fetch_add(seconds.0, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.store.activity().calls
    }

    /// Microseconds of processor that the server has used.
    pub(crate) async fn server_micros(&self) -> u64 {
        let mut connection = self.raw.clone();
        let report = redis::cmd("INFO").arg("cpu").query_async(&mut connection).await;
        let report: String = report.expect("the server answers");
        let field = |name: &str| {
            let line = report.lines().find_map(|line| line.strip_prefix(name)).expect("the server counts");
            let (seconds, micros) = line.trim().split_once('.').expect("a decimal");
            seconds.parse::<u64>().expect("seconds") * 1_000_000
                + micros.parse::<u64>().expect("microseconds")
        };
        field("used_cpu_sys:") + field("used_cpu_user:")
    }

    /// Adds a number to the shop.
    pub(crate) async fn list(shop: Arc<Self>, n: u64) {
        let plans = ["30d=10", "360d=100"].map(|plan| plan.parse().expect("a plan"));
        shop.ask(Actor::System, Command::AddNumber { number: number(n), plans: plans.to_vec() }).await;
    }

    async fn rent_for_a_year(shop: Arc<Self>, n: u64) {
        let (actor, command) = rent(n, 360);
        let invoice = shop.ask(actor, command).await.invoice().expect("an invoice");
        Self::pay(shop, invoice).await;
    }

    /// Rents a number for a month.
    pub(crate) async fn rent_for_a_month(shop: Arc<Self>, n: u64) {
        let invoice = Self::open_invoice(Arc::clone(&shop), n).await;
        Self::pay(shop, invoice).await;
    }

    pub(crate) async fn open_invoice(shop: Arc<Self>, n: u64) -> Invoice {
        let (actor, command) = rent(n, 30);
        shop.ask(actor, command).await.invoice().expect("an invoice")
    }

    /// What [`open_invoice`](Self::open_invoice) commits, without committing it.
    pub(crate) async fn decide_invoice(shop: Arc<Self>, n: u64) -> Changes {
        let (actor, command) = rent(n, 30);
        let read = load_for(&actor, &command);
        let state = shop.store.load(&read).await.expect("the store answers");
        let mut entropy = [0x5a; 32];
        entropy[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let seed = Seed { id: Ulid::from_parts(state.now.unix() * 1000, n.into()), entropy };
        let envelope = Envelope { actor, command, seed, reason: None, lease: None };
        let decision = decide(&state, &envelope, state.now).expect("the rules allow it");
        Changes { read, ..decision.changes }
    }

    pub(crate) async fn commit(shop: Arc<Self>, changes: Changes) {
        assert_eq!(shop.store.commit(&changes).await, Ok(Commit::Committed));
    }

    pub(crate) async fn pay(shop: Arc<Self>, invoice: Invoice) {
        let lt = shop.lt.fetch_add(1, Ordering::Relaxed) + 1;
        let mut hash = [0x5a; 32];
        hash[..8].copy_from_slice(&lt.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let incoming = IncomingPayment {
            tx: TxHash(hash),
            lt: 60_000_000_000_000 + lt,
            amount: invoice.amount,
            comment: Comment::Text(invoice.payload.to_string()),
            sender: format!("0:{}", "1".repeat(64)),
            chain_time: invoice.created_at,
        };
        shop.ask(Actor::System, Command::Book { incoming, unreadable: false, sighting: Sighting::SOLE })
            .await;
    }

    pub(crate) async fn open_renewal(shop: Arc<Self>, n: u64) -> Invoice {
        let command = Command::OpenRenewal { number: number(n), term: term(30), currency: Currency::Ton };
        shop.ask(Actor::Customer(customer(n)), command).await.invoice().expect("an invoice")
    }

    pub(crate) async fn offer(shop: Arc<Self>, n: u64) -> (TransferToken, CustomerId) {
        let to = customer(n + 5_000_000);
        let command = Command::OfferTransfer { number: number(n), to: Some(to.clone()) };
        let Effect::Offer { token, .. } = shop.ask(Actor::Customer(customer(n)), command).await.effect else {
            panic!("an offer leads to a token");
        };
        (token.parse().expect("a token"), to)
    }

    pub(crate) async fn accept(shop: Arc<Self>, (token, to): (TransferToken, CustomerId)) {
        let command = Command::AcceptTransfer { offer: token.into(), customer: to.clone() };
        shop.ask(Actor::Customer(to), command).await;
    }

    pub(crate) async fn list_page(shop: Arc<Self>, n: u64) {
        let request = PageRequest { after: Some(number(n).to_string()), limit: 50 };
        let page = shop.service.numbers(&[NumberState::Available], &request).await.expect("a page");
        assert_eq!(page.items.len() as u64, Self::PAGE);
    }

    pub(crate) async fn my_rentals(shop: Arc<Self>, n: u64) {
        let owner = Owner::Customer(customer(n + 5_000_000));
        let page = shop.service.rentals(&Actor::System, &owner, &PageRequest::first(20)).await;
        assert_eq!(page.expect("a page").items.len(), 1);
    }

    pub(crate) async fn tick(shop: Arc<Self>, due: Due) {
        shop.ask(Actor::System, Command::Tick { number: due.number }).await;
    }

    /// Everything that is due; there must be as much as this.
    pub(crate) async fn due(&self, expected: u64) -> Vec<Due> {
        let due = self.store.due(None, 1 << 20).await.expect("the store answers");
        assert_eq!(due.len() as u64, expected);
        due
    }

    /// Bytes that the server has in use.
    pub(crate) fn used_memory(&self) -> u64 {
        let report = self.server.cli(&["INFO", "memory"]);
        let line = report.lines().find_map(|line| line.strip_prefix("used_memory:"));
        line.expect("the server counts").trim().parse().expect("bytes")
    }
}
