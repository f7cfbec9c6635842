//! What it costs to keep up with a busy chain: payments through the real gateway (HTTP, hashes, links, verdicts), the
//! watcher and the embedded store, until each has settled its invoice; and what a poll costs when nothing comes.
//!
//! Counted is the processor time of this process, all threads together. The provider is another process, so its work is
//! in no figure but the time that passes. Everything that a program does by the way (a line in the log for each payment,
//! the store's commits to disk) is done here, too. Run with `taskset -c 0` both processes share one core.

#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "prints figures with a few digits")]

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use rental_app::Watcher;
use rental_core::{
    Actor, AdminId, ChainCursor, Command, Currency, CustomerId, Invoice, ManualClock, Network,
    PaymentGateway, PhoneNumber, Policy, RentalService, Rentals, Request, Term, Timestamp,
};
use rental_sqlite::SqliteStore;
use rental_ton::{
    ProviderConfig, ProviderKind, Providers, Sandbox, SandboxTransfer, TonAddress, TonGateway, Watched,
};

use self::provider::{CHAIN_TIME, Provider, SERVE};

#[path = "chain/provider.rs"]
mod provider;

const TONCENTER: &[ProviderKind] = &[ProviderKind::Toncenter];
const TWO: &[ProviderKind] = &[ProviderKind::Toncenter, ProviderKind::Tonapi];
/// How often the clock of the processor ticks, on every Linux.
const TICKS_PER_SECOND: u64 = 100;
/// How many customers open invoices at once while a shop is prepared.
const AT_ONCE: usize = 256;
/// How many polls of a quiet chain are measured.
const IDLE_POLLS: u32 = 200;

/// A shop with open invoices, a chain that pays them, and providers that show as much of it as they are told to.
struct World {
    watcher: Watcher,
    provider: Provider,
    _folder: tempfile::TempDir,
}

impl World {
    /// A shop that reads through `kinds`, with `invoices` open ones and a payment for each of the first `payments`.
    async fn new(kinds: &[ProviderKind], invoices: u64, payments: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(CHAIN_TIME)));
        let chain = Sandbox::open(folder.path().join("chain"), clock.clone()).expect("a new file");
        let store = SqliteStore::open(folder.path().join("rental.db"), clock.clone()).expect("a new store");
        let service = Arc::new(RentalService::new(Arc::new(store.clone())));
        let wallet = chain.wallet().clone();
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("opened");

        let opened: Vec<Invoice> = stream::iter(1..=invoices)
            .map(|n| open_invoice(&service, n))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for invoice in &opened[..payments] {
            let payment = SandboxTransfer::payment(invoice.amount, invoice.payload.to_string());
            chain.append(&payment).expect("appended");
        }
        let read = chain.read(&ChainCursor::START).await.expect("readable").transactions;
        let file = fs::read_to_string(folder.path().join("chain")).expect("readable");
        let rows = read.iter().zip(file.lines()).map(|(row, cells)| (row.lt, row.tx.0, cells.to_owned()));
        let provider = Provider::start(folder.path(), &rows.collect::<Vec<_>>());

        let config = |kind: &ProviderKind| {
            let url = format!("{}/{kind}", provider.url);
            ProviderConfig::new(*kind, Network::Mainnet, Some(url), None)
        };
        let providers = Arc::new(Providers::new(kinds.iter().map(config).collect()).expect("valid"));
        let address = TonAddress::parse(&wallet.address, Network::Mainnet).expect("an address");
        let gateway = TonGateway::new(Network::Mainnet, Watched::Wallet(address), providers, clock);
        let watcher = Watcher::new(service, Arc::new(gateway), Arc::new(store));
        Self { watcher, provider, _folder: folder }
    }

    /// One poll, which settles `expected` payments.
    async fn poll(&self, expected: usize) {
        let report = self.watcher.run_once().await.expect("the chain is read");
        assert_eq!(report.settled, expected);
    }
}

async fn open_invoice(service: &RentalService, n: u64) -> Invoice {
    let number = PhoneNumber::from_digits(88_800_000_000 + n).expect("in range");
    let admin = Actor::Admin(AdminId::Console("bench".to_owned()));
    let add = Command::AddNumber { number, plans: vec!["30d=10".parse().expect("a plan")] };
    service.execute(Request::new(admin.clone(), add)).await.expect("added");
    let (term, customer) = (Term::from_days(30).expect("in range"), CustomerId::Telegram(n));
    let rent = Command::OpenRent { number, term, customer, currency: Currency::Ton };
    service.execute(Request::new(admin, rent)).await.expect("opened").invoice().expect("an invoice")
}

/// What was spent since it was started.
struct Spent {
    since: Instant,
    processor: Duration,
}

impl Spent {
    #[expect(clippy::disallowed_methods, reason = "a bench measures durations")]
    fn start() -> Self {
        Self { since: Instant::now(), processor: processor_time() }
    }

    /// Time that passed and processor time, in microseconds for each of `count`.
    fn per(&self, count: u32) -> (f64, f64) {
        let micros = |time: Duration| (time / count).as_nanos() as f64 / 1_000.0;
        (micros(self.since.elapsed()), micros(processor_time().saturating_sub(self.processor)))
    }
}

/// The processor time of this process, all its threads together.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("this bench needs Linux");
    let fields = stat.rsplit(')').next().expect("the kernel's own form").split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
}

/// `polls` polls, before each of which `each` payments arrive.
async fn busy(name: &str, kinds: &[ProviderKind], polls: usize, each: usize) -> io::Result<()> {
    let payments = polls * each;
    let world = World::new(kinds, payments as u64, payments).await;
    world.poll(0).await;
    let spent = Spent::start();
    for poll in 1..=polls {
        world.provider.show(poll * each);
        world.poll(each).await;
    }
    let (passed, processor) = spent.per(u32::try_from(payments).expect("a small number"));
    let providers = kinds.len();
    writeln!(
        io::stdout(),
        "| {name} | {providers} | {processor:.0} | {:.1} % | {:.0} |",
        processor * 200.0 / 1e4,
        1e6 / passed
    )
}

/// Polls of a chain on which nothing comes, with `invoices` open.
async fn idle(kinds: &[ProviderKind], invoices: u64) -> io::Result<()> {
    let world = World::new(kinds, invoices, 0).await;
    world.poll(0).await;
    world.provider.requests().await;
    let spent = Spent::start();
    for _ in 0..IDLE_POLLS {
        world.poll(0).await;
    }
    let (_, processor) = spent.per(IDLE_POLLS);
    let requests = world.provider.requests().await as f64 / f64::from(IDLE_POLLS);
    writeln!(io::stdout(), "| {invoices} | {} | {requests:.2} | {processor:.0} |", kinds.len())
}

async fn measure() -> io::Result<()> {
    writeln!(
        io::stdout(),
        "| payments | providers | µs of processor each | of one core at 200/s | a second at most |"
    )?;
    for kinds in [TONCENTER, TWO] {
        busy("200 each poll", kinds, 30, 200).await?;
        busy("600 each poll", kinds, 10, 600).await?;
        busy("5,000 at once", kinds, 1, 5_000).await?;
    }
    writeln!(io::stdout(), "| open invoices | providers | requests each poll | µs of processor each poll |")?;
    for invoices in [1, 100_000] {
        for kinds in [TONCENTER, TWO] {
            idle(kinds, invoices).await?;
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new()?;
    if let [_, serve, folder] = &arguments[..]
        && serve == SERVE
    {
        runtime.block_on(provider::serve(folder));
        return Ok(());
    }
    let log = tempfile::tempfile()?;
    let writer = move || -> File { log.try_clone().expect("there are descriptors left") };
    tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO).with_writer(writer).init();
    runtime.block_on(measure())
}
