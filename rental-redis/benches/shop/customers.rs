//! A shop on a private server, and what its customers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis_servers::Server;
use rental_core::{
    Actor, ChainCursor, Command, Comment, CustomerId, Due, Effect, IncomingPayment, Invoice, Network,
    NumberState, Owner, PageRequest, PhoneNumber, Policy, RentalService, Rentals, Request, Seconds, Store,
    Term, TransferToken, TxHash, Wallet,
};
use rental_redis::{RedisConfig, RedisStore};

/// A shop whose clock can be turned forward.
pub(crate) struct Shop {
    server: Server,
    pub(crate) store: RedisStore,
    pub(crate) service: RentalService,
    ahead: Arc<AtomicU64>,
    lt: AtomicU64,
}

/// The `n`th number of the shop.
fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).expect("n has at most seven digits")
}

fn customer(n: u64) -> CustomerId {
    CustomerId::Telegram(1_000_000 + n)
}

fn month() -> Term {
    Term::from_days(30).expect("a month is a term")
}

impl Shop {
    /// A shop with this many numbers, of which the last `rented` are rented.
    pub(crate) async fn open(numbers: u64, rented: u64) -> Self {
        let server = tokio::task::spawn_blocking(|| Server::builder().start()).await.expect("it starts");
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
        let shop = Arc::new(Self { server, store, service, ahead, lt: AtomicU64::new(0) });
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..128 {
            let shop = Arc::clone(&shop);
            tasks.spawn(async move {
                for n in (worker..numbers).step_by(128) {
                    let plans = vec!["30d=10".parse().expect("a plan")];
                    shop.ask(Actor::System, Command::AddNumber { number: number(n), plans }).await;
                    if n >= numbers - rented {
                        let invoice = Self::open_invoice(Arc::clone(&shop), n).await;
                        Self::pay(Arc::clone(&shop), invoice).await;
                    }
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("no panic");
        }
        Arc::into_inner(shop).expect("all workers have ended")
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
    pub(crate) fn server_micros(&self) -> u64 {
        let report = self.server.cli(&["INFO", "cpu"]);
        let field = |name: &str| {
            let line = report.lines().find_map(|line| line.strip_prefix(name)).expect("the server counts");
            let (seconds, micros) = line.trim().split_once('.').expect("a decimal");
            seconds.parse::<u64>().expect("seconds") * 1_000_000
                + micros.parse::<u64>().expect("microseconds")
        };
        field("used_cpu_sys:") + field("used_cpu_user:")
    }

    pub(crate) async fn open_invoice(shop: Arc<Self>, n: u64) -> Invoice {
        let customer = customer(n);
        let command = Command::OpenRent { number: number(n), term: month(), customer: customer.clone() };
        shop.ask(Actor::Customer(customer), command).await.invoice().expect("an invoice")
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
        shop.ask(Actor::System, Command::Book { incoming, unreadable: false }).await;
    }

    pub(crate) async fn open_renewal(shop: Arc<Self>, n: u64) -> Invoice {
        let command = Command::OpenRenewal { number: number(n), term: month() };
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
        let command = Command::AcceptTransfer { token, customer: to.clone() };
        shop.ask(Actor::Customer(to), command).await;
    }

    pub(crate) async fn list_page(shop: Arc<Self>, n: u64) {
        let page = PageRequest { after: Some(number(n).to_string()), limit: 50 };
        shop.service.numbers(&[NumberState::Available], &page).await.expect("a page");
    }

    pub(crate) async fn my_rentals(shop: Arc<Self>, n: u64) {
        let owner = Owner::Customer(customer(n + 5_000_000));
        let page = PageRequest::first(20);
        shop.service.rentals(&Actor::System, &owner, &page).await.expect("a page");
    }

    pub(crate) async fn tick(shop: Arc<Self>, due: Due) {
        shop.ask(Actor::System, Command::Tick { number: due.number }).await;
    }

    /// Everything that is due.
    pub(crate) async fn due(&self) -> Vec<Due> {
        self.store.due(None, 1 << 20).await.expect("the store answers")
    }

    /// Bytes per number, as the server counts them.
    pub(crate) fn print_memory(&self, listed: u64, rented: u64) {
        let of = |key: String| self.server.cli(&["MEMORY", "USAGE", &key, "SAMPLES", "0"]);
        for (what, n) in [("listed", listed + 1), ("rented", listed + rented)] {
            let number = number(n - 1);
            println!(
                "\n{what}: rental:{number} {} B, history:number:{number} {} B",
                of(format!("shop:rental:{number}")),
                of(format!("shop:history:number:{number}")),
            );
        }
    }
}
