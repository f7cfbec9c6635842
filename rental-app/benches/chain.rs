//! What it costs to keep up with a busy chain: payments through the real gateway (HTTP, hashes, links, verdicts), the
//! watcher and the embedded store, until each has settled its invoice.
//!
//! The provider is a local server whose answers are made before the clock runs. Run on one core to see what one core
//! can do; the server's share is in the figure.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use criterion::{Criterion, Throughput};
use data_encoding::BASE64;
use rental_app::Watcher;
use rental_core::{
    Actor, AdminId, ChainCursor, Command, Currency, CustomerId, Invoice, ManualClock, Network,
    PaymentGateway, PhoneNumber, Policy, RentalService, Rentals, Request, Term, Timestamp,
};
use rental_sqlite::SqliteStore;
use rental_ton::{
    ProviderConfig, ProviderKind, Providers, Sandbox, SandboxTransfer, TonAddress, TonGateway, Watched,
};
use tokio::runtime::Runtime;

/// Payments that arrive between two polls: five seconds of 200 a second.
const PAYMENTS: u64 = 1_000;
/// Transactions per page.
const PAGE: usize = 100;

/// What the provider answers, by the logical time that a page begins with.
struct Answers {
    head: String,
    pages: HashMap<String, String>,
}

async fn information(State(answers): State<Arc<Answers>>) -> String {
    answers.head.clone()
}

async fn transactions(
    State(answers): State<Arc<Answers>>,
    Query(query): Query<HashMap<String, String>>,
) -> String {
    answers.pages.get(&query["lt"]).cloned().unwrap_or_default()
}

/// A shop with an invoice for every number, a chain with a payment for each, and a server that shows it.
struct World {
    watcher: Watcher,
    _folder: tempfile::TempDir,
}

fn admin() -> Actor {
    Actor::Admin(AdminId::Console("bench".to_owned()))
}

async fn invoices(service: &RentalService) -> Vec<Invoice> {
    let term = Term::from_days(30).expect("in range");
    let open = (1..=PAYMENTS).map(async |n| {
        let number = PhoneNumber::from_digits(88_800_000_000 + n).expect("in range");
        let plans = vec!["30d=10".parse().expect("a plan")];
        let add = Command::AddNumber { number, plans };
        service.execute(Request::new(admin(), add)).await.expect("added");
        let (customer, currency) = (CustomerId::Telegram(n), Currency::Ton);
        let rent = Command::OpenRent { number, term, customer, currency };
        service.execute(Request::new(admin(), rent)).await.expect("opened").invoice().expect("an invoice")
    });
    futures::future::join_all(open).await
}

async fn world() -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Timestamp::from_unix(1_767_225_600);
    let clock = Arc::new(ManualClock::at(now));
    let chain = Sandbox::open(folder.path().join("chain"), clock.clone()).expect("a new file");
    let store = SqliteStore::open(folder.path().join("rental.db"), clock.clone()).expect("a new store");
    let service = Arc::new(RentalService::new(Arc::new(store.clone())));

    let address = TonAddress::parse(&chain.wallet().address, Network::Mainnet).expect("an address");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let provider = ProviderConfig::new(ProviderKind::Toncenter, Network::Mainnet, Some(url), None);
    let providers = Arc::new(Providers::new(vec![provider]).expect("valid"));
    let gateway = Arc::new(TonGateway::new(Network::Mainnet, Watched::Wallet(address), providers, clock));
    let policy = Policy::default();
    service.open_shop(gateway.wallet(), &policy, ChainCursor::START).await.expect("opened");

    for invoice in invoices(&service).await {
        let payment = SandboxTransfer::payment(invoice.amount, invoice.payload.to_string());
        chain.append(&payment).expect("appended");
    }
    let read = chain.read(&ChainCursor::START).await.expect("readable").transactions;
    let file = std::fs::read_to_string(folder.path().join("chain")).expect("readable");
    let cells: Vec<_> = file.lines().rev().take(read.len()).collect();
    let id = |at: &rental_core::ChainTransaction| {
        format!(r#"{{"lt":"{}","hash":"{}"}}"#, at.lt, BASE64.encode(&at.tx.0))
    };
    let rows: Vec<_> = read.iter().rev().zip(cells).collect();
    let pages = rows.chunks(PAGE).map(|page| {
        let rows =
            page.iter().map(|(at, cells)| format!(r#"{{"transaction_id":{},"data":"{cells}"}}"#, id(at)));
        let rows = rows.collect::<Vec<_>>().join(",");
        (page[0].0.lt.to_string(), format!(r#"{{"ok":true,"result":[{rows}]}}"#))
    });
    let head = format!(
        r#"{{"ok":true,"result":{{"last_transaction_id":{},"sync_utime":{}}}}}"#,
        id(rows[0].0),
        now.unix() + 60
    );
    let answers = Arc::new(Answers { head, pages: pages.collect() });
    let router = Router::new()
        .route("/getAddressInformation", get(information))
        .route("/getTransactions", get(transactions))
        .with_state(answers);
    tokio::spawn(async move { axum::serve(listener, router).await });
    World { watcher: Watcher::new(service, gateway, Arc::new(store)), _folder: folder }
}

fn keeping_up(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("a busy chain");
    group.sample_size(10).throughput(Throughput::Elements(PAYMENTS));
    group.bench_function("read, book and settle 1000 payments", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| runtime.block_on(pass())).sum::<Duration>());
    });
    group.finish();
}

/// How long one pass over the whole chain takes.
async fn pass() -> Duration {
    let world = world().await;
    let start = measured_from();
    let report = world.watcher.run_once().await.expect("the chain is read");
    let took = start.elapsed();
    assert_eq!(u64::try_from(report.settled), Ok(PAYMENTS));
    took
}

#[expect(clippy::disallowed_methods, reason = "a bench measures durations")]
fn measured_from() -> Instant {
    Instant::now()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    keeping_up(&mut criterion);
    criterion.final_summary();
}
