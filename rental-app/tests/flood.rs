//! A flood of payments of every kind, read through two providers that fail, lag and lie, by a watcher that is killed again
//! and again. Every transaction must end with exactly the outcome that the rules demand, and the books must balance
//! with the chain.
//!
//! `FLOOD_PAYMENTS=100000 FLOOD_KILLS=500 cargo test -p rental-app --test flood`; `FLOOD_SEED` repeats the dice.
//!
//! The watcher runs in a process of its own, this very program with the word `watch`, so that it can be killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report, and what the watcher met")]

#[path = "flood/dice.rs"]
mod dice;
#[path = "flood/provider.rs"]
mod provider;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use futures::{StreamExt, stream};
use rental_app::{App, ShopConfig, Watcher, reconcile_books};
use rental_core::{
    Actor, AdminId, Amount, Clock, Command, Comment, Currency, CustomerId, DomainError, ExceptionReason,
    Invoice, InvoiceQuery, MemoryStore, NumberQuery, Outcome, PageRequest, Payment, PaymentGateway,
    PhoneNumber, Policy, Rentals, Request, Seconds, ServiceError, SystemClock, Term, Timestamp, TxHash,
    find_violations,
};
use rental_ton::{Sandbox, SandboxTransfer};

use dice::Dice;
use provider::{Provider, Row};

/// The logical time from one transaction of the sandbox's chain to the next.
const LT_STEP: u64 = 1_000_000;
/// How long nothing may move before the flood counts as stuck.
const PATIENCE: Seconds = Seconds(180);
/// How many commits are under way at once.
const ABREAST: usize = 64;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    shop: ShopConfig,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match arguments.get(1).map(String::as_str) {
        Some("watch") => runtime.block_on(watch(&settings(&arguments[2], &arguments[3], &arguments[4]))),
        Some("--list") => println!("flood: test"),
        _ => runtime.block_on(flood()),
    }
}

fn settings(db: &str, url: &str, wallet: &str) -> ShopConfig {
    let urls = format!("{url}/toncenter,{url}/tonapi");
    let given = ["--rental-db", db, "--ton-provider", "toncenter,tonapi", "--ton-api-url", &urls];
    let chain = ["--ton-wallet", wallet, "--ton-start-lt", "0"];
    Settings::parse_from(["flood"].into_iter().chain(given).chain(chain)).shop
}

/// The watcher's process: reads and books until it is killed.
async fn watch(settings: &ShopConfig) {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink()); // ends with the test, however that ends
        std::process::exit(0);
    });
    let app = loop {
        match App::open(settings).await {
            Ok(app) => break app,
            Err(error) => eprintln!("{error}"), // the provider, once more
        }
    };
    // Leases of its own: one that was killed must not be waited for.
    let leases = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    let watcher = Watcher::new(app.service.clone(), app.gateway.clone(), leases);
    loop {
        if let Err(error) = watcher.run_once().await {
            eprintln!("{error}");
        }
    }
}

/// What a payment is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Late,
    Short,
    Over,
    Doubled,
    WrongComment,
    UnreadableComment,
}

impl Kind {
    /// Every odd one is a tenth.
    fn drawn(dice: &mut Dice) -> Self {
        match dice.below(10) {
            0 => Self::Late,
            1 => Self::Short,
            2 => Self::Over,
            3 => Self::Doubled,
            4 => Self::WrongComment,
            5 => Self::UnreadableComment,
            _ => Self::Exact,
        }
    }

    /// What must become of it.
    fn outcome(self) -> Outcome {
        let reason = match self {
            Self::Exact | Self::Doubled => return Outcome::Settled,
            Self::Late => ExceptionReason::Late,
            Self::Short => ExceptionReason::Underpaid,
            Self::Over => ExceptionReason::Overpaid,
            Self::WrongComment => ExceptionReason::UnknownPayload,
            Self::UnreadableComment => ExceptionReason::UnreadableComment,
        };
        Outcome::Exception { reason }
    }
}

/// A chain with its unreliable provider.
struct Chain {
    sandbox: Sandbox,
    /// The chain's file, read up to what the provider has.
    file: BufReader<File>,
    provider: Provider,
    newest_lt: u64,
}

impl Chain {
    fn append(&mut self, transfer: &SandboxTransfer) -> TxHash {
        let hash = self.sandbox.append(transfer).unwrap();
        let mut line = String::new();
        self.file.read_line(&mut line).unwrap();
        let boc = data_encoding::BASE64.decode(line.trim_end().as_bytes()).unwrap();
        self.newest_lt += LT_STEP;
        self.provider.push(Row { lt: self.newest_lt, hash, boc });
        hash
    }
}

struct Flood {
    app: App,
    chain: Chain,
    folder: PathBuf,
    url: String,
    dice: Dice,
    numbers: u64,
    /// What must become of the transactions of this wave: those for one invoice together.
    due: Vec<Vec<(TxHash, Outcome)>>,
    transactions: usize,
    kills: u64,
    /// Seconds from the chain to the books, with how many payments took them.
    latencies: BTreeMap<u64, u64>,
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn admin() -> Actor {
    Actor::Admin(AdminId::Console("flood".to_owned()))
}

fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).unwrap()
}

async fn flood() {
    let (payments, kills) = (setting("FLOOD_PAYMENTS", 600), setting("FLOOD_KILLS", 6));
    let seed = setting("FLOOD_SEED", SystemClock.now().unix());
    println!("flood of {payments} payments and {kills} kills, FLOOD_SEED={seed}");
    let folder = tempfile::tempdir().unwrap();
    let mut flood = Flood::begin(folder.path(), seed, (payments / 50).clamp(100, 2_000)).await;
    let begun = SystemClock.now();
    while u64::try_from(flood.transactions).unwrap() < payments {
        let after_this = u64::try_from(flood.transactions).unwrap() + flood.numbers;
        flood.wave((kills * after_this).div_ceil(payments).min(kills)).await;
    }
    flood.compare().await;
    println!(
        "{} faults of the providers in {} s",
        flood.chain.provider.faults(),
        SystemClock.now().since(begun).0
    );
}

impl Flood {
    async fn begin(folder: &Path, seed: u64, numbers: u64) -> Self {
        let (provider, url) = Provider::start(Dice(seed ^ 0xfa17)).await;
        let path = folder.join("chain");
        let sandbox = Sandbox::open(&path, Arc::new(SystemClock)).unwrap();
        let db = folder.join("rental.db");
        let app = App::open(&settings(db.to_str().unwrap(), &url, &sandbox.wallet().address)).await.unwrap();
        let file = BufReader::new(File::open(path).unwrap());
        let chain = Chain { sandbox, file, provider, newest_lt: 0 };
        let flood = Self {
            app,
            chain,
            folder: folder.to_owned(),
            url,
            dice: Dice(seed),
            numbers,
            due: Vec::new(),
            transactions: 0,
            kills: 0,
            latencies: BTreeMap::new(),
        };
        let plans = vec!["30d=10".parse().unwrap()];
        flood.all(|n| Some(Command::AddNumber { number: number(n), plans: plans.clone() })).await;
        flood
    }

    /// Gives the command for each number that has one, many at once.
    async fn all(&self, command: impl Fn(u64) -> Option<Command>) -> Vec<Invoice> {
        let commands: Vec<_> = (0..self.numbers).filter_map(command).collect();
        let service = &self.app.service;
        let answers = stream::iter(commands).map(async |command| {
            let receipt = service.execute(Request::new(admin(), command)).await.unwrap();
            receipt.invoice().ok()
        });
        answers.buffered(ABREAST).filter_map(async |invoice| invoice).collect().await
    }

    async fn let_invoices_last(&self, invoice_ttl: Seconds) {
        let policy =
            Policy { invoice_ttl, turnover: Some(Seconds(0)), grace: Seconds(0), ..Policy::default() };
        self.app.service.execute(Request::new(admin(), Command::SetPolicy { policy })).await.unwrap();
    }

    /// Opens invoices for those numbers whose payment is to be late, or for the others.
    async fn open(&self, kinds: &[Kind], late: bool) -> Vec<(Kind, Invoice)> {
        let mut wanted = (0..).zip(kinds).filter(|(_, kind)| (**kind == Kind::Late) == late);
        let invoices = self.all(|n| {
            let kind = kinds[usize::try_from(n).unwrap()];
            let customer: CustomerId = format!("api:flood:c{n}").parse().unwrap();
            let term = Term::from_days(30).unwrap();
            ((kind == Kind::Late) == late).then(|| Command::OpenRent {
                number: number(n),
                term,
                customer,
                currency: Currency::Ton,
            })
        });
        invoices.await.into_iter().map(|invoice| (*wanted.next().unwrap().1, invoice)).collect()
    }

    /// An invoice for every number, a payment of some kind for each, and a watcher that is killed until `kills` kills
    /// were made in all; then every outcome is looked at and every number freed.
    async fn wave(&mut self, kills: u64) {
        let kinds: Vec<Kind> = (0..self.numbers).map(|_| Kind::drawn(&mut self.dice)).collect();
        self.let_invoices_last(Seconds(1)).await;
        let mut invoices = self.open(&kinds, true).await;
        let last = invoices.iter().map(|(_, invoice)| invoice.expires_at).max();
        self.let_invoices_last(Seconds::from_hours(1)).await;
        invoices.extend(self.open(&kinds, false).await);
        while last.is_some_and(|last| SystemClock.now() <= last) {
            tokio::time::sleep(Duration::from_millis(50)).await; // the chain's time is the host's
        }

        self.chain.provider.misbehave(true);
        let mut watcher = self.start();
        let due = kills - self.kills;
        let stride = invoices.len() / usize::try_from(due + 1).unwrap();
        for (n, (kind, invoice)) in invoices.iter().enumerate() {
            self.pay(*kind, invoice);
            if self.kills < kills && n % stride.max(1) == stride / 2 {
                watcher = self.kill(watcher).await;
            }
        }
        while self.kills < kills {
            watcher = self.kill(watcher).await;
        }
        self.settle().await;
        watcher.kill().unwrap();
        watcher.wait().unwrap();
        self.chain.provider.misbehave(false);

        let paid = |n: u64| matches!(kinds[usize::try_from(n).unwrap()], Kind::Exact | Kind::Doubled);
        self.all(|n| paid(n).then(|| Command::Revoke { number: number(n) })).await;
        let unpaid: Vec<_> = invoices
            .iter()
            .filter(|(kind, _)| kind.outcome() != Outcome::Settled)
            .map(|(_, invoice)| invoice.id)
            .collect();
        for invoice in unpaid {
            let command = Command::CancelInvoice { invoice };
            match self.app.service.execute(Request::new(admin(), command)).await {
                // What the watcher has read past the deadline of is over already.
                Ok(_) | Err(ServiceError::Domain(DomainError::InvoiceExpired)) => {}
                Err(error) => panic!("{invoice}: {error}"),
            }
        }
    }

    /// Puts what `kind` means for `invoice` on the chain.
    fn pay(&mut self, kind: Kind, invoice: &Invoice) {
        let (price, payload) = (invoice.amount.units(), invoice.payload.to_string());
        let (amount, comment) = match kind {
            Kind::Exact | Kind::Late | Kind::Doubled => (price, Comment::Text(payload)),
            Kind::Short => (price - 1, Comment::Text(payload)),
            Kind::Over => (price + 1, Comment::Text(payload)),
            Kind::WrongComment => (price, Comment::Text(format!("{payload}X"))),
            Kind::UnreadableComment => (price, Comment::Binary("fffe".to_owned())),
        };
        let amount = Amount::new(Currency::Ton, amount).unwrap();
        let transfer = SandboxTransfer { comment, ..SandboxTransfer::payment(amount, "") };
        let mut due = vec![(self.chain.append(&transfer), kind.outcome())];
        if kind == Kind::Doubled {
            let again = Outcome::Exception { reason: ExceptionReason::Duplicate };
            due.push((self.chain.append(&transfer), again));
        }
        self.due.push(due);
    }

    fn start(&self) -> Child {
        let db = self.folder.join("rental.db");
        Program::new(std::env::current_exe().unwrap())
            .args(["watch", db.to_str().unwrap(), &self.url, &self.chain.sandbox.wallet().address])
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Kills the watcher after a few of its requests, in the middle of whatever it does then, and starts another.
    async fn kill(&mut self, mut watcher: Child) -> Child {
        self.chain.provider.asked(1 + self.dice.below(8)).await;
        tokio::time::sleep(Duration::from_micros(self.dice.below(30_000))).await; // the moment is the test's input
        watcher.kill().unwrap(); // SIGKILL
        watcher.wait().unwrap();
        self.kills += 1;
        self.start()
    }

    /// Waits until every transaction of the wave has its outcome, which must be the one that is due. Of two that pay the
    /// same invoice, the second settles it when two providers confirm it before the first.
    async fn settle(&mut self) {
        let mut reached = (0, SystemClock.now());
        for due in std::mem::take(&mut self.due) {
            let mut outcomes = Vec::new();
            for (tx, _) in &due {
                let payment = self.decided(*tx, &mut reached).await;
                self.transactions += 1;
                *self.latencies.entry(payment.booked_at.since(payment.chain_time).0).or_default() += 1;
                outcomes.push((*tx, payment.outcome));
            }
            if let [(_, first), (_, second)] = &mut outcomes[..]
                && *second == Outcome::Settled
            {
                std::mem::swap(first, second);
            }
            assert_eq!(outcomes, due);
        }
    }

    /// The payment, once its outcome is not provisional. `reached` is how far the books were when, at the last progress.
    async fn decided(&self, tx: TxHash, reached: &mut (u64, Timestamp)) -> Payment {
        let service = &self.app.service;
        loop {
            match service.payment(&Actor::System, tx).await {
                Ok(payment) if !is_provisional(&payment.outcome) => return payment,
                _ => tokio::time::sleep(Duration::from_millis(20)).await, // another process writes it
            }
            let lt = service.shop().await.unwrap().chains.of(Currency::Ton).cursor.lt;
            if lt > reached.0 {
                *reached = (lt, SystemClock.now());
            }
            let stuck = SystemClock.now().since(reached.1) >= PATIENCE;
            assert!(!stuck, "stuck at {} of {}, waiting for {tx}", reached.0, self.chain.newest_lt);
        }
    }

    /// Compares the books with the chain as a whole.
    async fn compare(&self) {
        let App { service, gateway, store, .. } = &self.app;
        let books = reconcile_books(service.as_ref(), gateway.as_ref(), &admin()).await.unwrap();
        assert!(books.balances(), "{:?}", books.findings);
        assert_eq!(books.waiting_transactions, 0);
        let all = PageRequest::first(PageRequest::MOST);
        let held = store.store().numbers(&NumberQuery::default(), &all).await.unwrap().items;
        let accounts = store.store().accounts(&all).await.unwrap().items;
        let open = InvoiceQuery { status: Some("open"), ..InvoiceQuery::default() };
        let open = store.store().invoices(&open, &all).await.unwrap().items;
        assert_eq!(find_violations(&held, &open, &accounts), []);
        println!("{} transactions, {} kills, outcomes {:?}", self.transactions, self.kills, books.by_outcome);
        let share = |share: u64| {
            let most = u64::try_from(self.transactions).unwrap() * share / 100;
            let mut below = 0;
            let slow = self.latencies.iter().find(|(_, count)| {
                below += **count;
                below >= most
            });
            slow.map_or(0, |(seconds, _)| *seconds)
        };
        println!("from the chain to the books: median {} s, 99 of 100 within {} s", share(50), share(99));
    }
}

/// Whether the watcher itself will say more about the payment.
fn is_provisional(outcome: &Outcome) -> bool {
    use ExceptionReason::{NumberLocked, Unconfirmed};
    matches!(outcome, Outcome::Exception { reason: NumberLocked | Unconfirmed })
}
