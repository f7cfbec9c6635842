//! How many rentals a second the store takes, with every one of them on disk before it is acknowledged.
//!
//! ```text
//! cargo bench -p rental-sqlite --bench commits             # about a minute
//! cargo bench -p rental-sqlite --bench commits -- --short  # about fifteen seconds
//! ```
//!
//! Each customer commits one rent after the other and waits for each answer. In the same run, on the same disk, a
//! plain file is appended to and synced, one write at a time: the disk's own pace.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::disallowed_methods, reason = "measures durations")]

#[path = "../testing/rent.rs"]
mod rent;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rental_core::{Commit, ManualClock, Store};
use rental_sqlite::SqliteStore;

use rent::{Customer, START};

/// What one run came to.
#[derive(Default)]
struct Figures {
    micros: Vec<u64>,
    transactions: u64,
    busy: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, path, first, customers, millis] = &arguments[..]
        && role == "process"
    {
        let number = |text: &str| text.parse().expect("a number");
        let length = Duration::from_millis(number(millis));
        return process(Path::new(path), number(first), number(customers), length);
    }
    let short = arguments.iter().any(|argument| argument == "--short");
    let length = Duration::from_secs(if short { 1 } else { 5 });

    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let syncs = raw_syncs(&folder.path().join("raw"), length);
    println!("raw: {syncs} synced appends a second (4 KiB, fdatasync)\n");
    println!(
        "| processes | customers | commits/s | x 1 customer | x raw sync | jobs/sync | p50 ms | p99 ms | max ms | busy |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut alone = None;
    for (processes, customers) in [(1, 1), (1, 16), (1, 64), (1, 256), (3, 1), (3, 16), (3, 64), (3, 256)] {
        let path = folder.path().join(format!("{processes}-{customers}.db"));
        let mut figures = measure(&path, processes, customers, length);
        figures.micros.sort_unstable();
        let count = figures.micros.len() as u64;
        let rate = count * 1000 / u64::try_from(length.as_millis()).expect("seconds");
        let base = *alone.get_or_insert(rate);
        println!(
            "| {processes} | {customers} | {rate} | {} | {} | {} | {} | {} | {} | {} |",
            tenths(rate * 10 / base.max(1)),
            tenths(rate * 10 / syncs.max(1)),
            tenths(count * 10 / figures.transactions.max(1)),
            millis(&figures.micros, 50),
            millis(&figures.micros, 99),
            millis(&figures.micros, 100),
            figures.busy,
        );
    }
}

fn tenths(value: u64) -> String {
    format!("{}.{}", value / 10, value % 10)
}

/// The duration that `percent` of the sorted ones do not exceed.
fn millis(sorted: &[u64], percent: usize) -> String {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    tenths(sorted.get(index).copied().unwrap_or_default() / 100)
}

/// Synced appends a second.
fn raw_syncs(path: &Path, length: Duration) -> u64 {
    let mut file = File::create(path).expect("a file");
    let (begin, mut syncs) = (Instant::now(), 0);
    while begin.elapsed() < length {
        file.write_all(&[0x5a; 4096]).expect("room on the disk");
        file.sync_data().expect("a disk that syncs");
        syncs += 1;
    }
    syncs * 1000 / u64::try_from(begin.elapsed().as_millis()).expect("seconds")
}

/// `customers` in all, spread over `processes`.
fn measure(path: &Path, processes: u64, customers: u64, length: Duration) -> Figures {
    if processes == 1 {
        return run(path, 0, customers, length, || ());
    }
    let mut children: Vec<Child> = (0..processes)
        .map(|index| start(path, index * 1000, customers.div_ceil(processes), length))
        .collect();
    let mut figures = Figures::default();
    let outputs: Vec<_> = children
        .iter_mut()
        .map(|child| {
            let mut output = BufReader::new(child.stdout.take().expect("piped"));
            output.read_line(&mut String::new()).expect("the process is ready");
            output
        })
        .collect();
    for child in &mut children {
        drop(child.stdin.take().expect("piped")); // Go.
    }
    for (mut output, mut child) in outputs.into_iter().zip(children) {
        let mut text = String::new();
        output.read_to_string(&mut text).expect("the process answers");
        assert!(child.wait().expect("a child").success());
        let mut numbers = text.split_whitespace().map(|word| word.parse::<u64>().expect("a number"));
        figures.transactions += numbers.next().expect("a figure");
        figures.busy += numbers.next().expect("a figure");
        figures.micros.extend(numbers);
    }
    figures
}

fn start(path: &Path, first: u64, customers: u64, length: Duration) -> Child {
    Command::new(std::env::current_exe().expect("a path"))
        .arg("process")
        .arg(path)
        .args([first, customers].map(|number| number.to_string()))
        .arg(length.as_millis().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process")
}

/// One of several processes: says that it is ready, waits for the word, and prints its figures.
fn process(path: &Path, first: u64, customers: u64, length: Duration) {
    let figures = run(path, first, customers, length, || {
        println!("ready");
        std::io::stdin().read_to_end(&mut Vec::new()).expect("the word");
    });
    println!("{} {}", figures.transactions, figures.busy);
    for micros in figures.micros {
        println!("{micros}");
    }
}

/// Runs `customers` side by side for `length`, after `ready`.
fn run(path: &Path, first: u64, customers: u64, length: Duration, ready: impl FnOnce()) -> Figures {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(async {
        let store = SqliteStore::open(path, Arc::new(ManualClock::at(START))).expect("the store opens");
        let mut all: Vec<_> = (first..first + customers).map(Customer::new).collect();
        for customer in &mut all {
            commit(&store, customer).await; // The first rent adds number and account.
        }
        ready();
        let before = store.activity();
        let end = Instant::now() + length;
        let tasks: Vec<_> =
            all.into_iter().map(|customer| tokio::spawn(serve(store.clone(), customer, end))).collect();
        let mut figures = Figures::default();
        for task in tasks {
            figures.micros.extend(task.await.expect("a customer"));
        }
        let after = store.activity();
        figures.transactions = after.transactions - before.transactions;
        figures.busy = after.busy;
        figures
    })
}

async fn serve(store: SqliteStore, mut customer: Customer, end: Instant) -> Vec<u64> {
    let mut micros = Vec::new();
    while Instant::now() < end {
        let begin = Instant::now();
        commit(&store, &mut customer).await;
        micros.push(u64::try_from(begin.elapsed().as_micros()).expect("less than an age"));
    }
    micros
}

async fn commit(store: &SqliteStore, customer: &mut Customer) {
    let changes = customer.rent();
    let answer = store.commit(&changes).await.expect("the store commits");
    assert_eq!(answer, Commit::Committed);
}
