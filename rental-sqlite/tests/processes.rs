//! Several processes on one file, processes that are killed, and a disk that is full.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rental_core::{
    Changes, Commit, CommitId, InvoiceQuery, Load, ManualClock, NumberRecord, Owner, PageRequest, State,
    Store, StoreError,
};
use rental_sqlite::SqliteStore;
use rusqlite::Connection;
use tempfile::TempDir;
use ulid::Ulid;

#[path = "../testing/rent.rs"]
mod rent;

use rent::{Customer, START, number};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Arc::new(ManualClock::at(START))).expect("the store opens")
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rental.db");
    (folder, path)
}

/// This test program as a process of its own, running one of the helpers below.
fn helper(name: &str, path: &Path, index: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    as_helper(&mut command, name, path, index);
    command
}

fn as_helper(command: &mut Command, name: &str, path: &Path, index: u64) {
    command
        .args(["--ignored", "--exact", "--quiet", "--nocapture", name])
        .env("RENTAL_DB", path)
        .env("RENTAL_INDEX", index.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
}

fn given_path() -> PathBuf {
    std::env::var_os("RENTAL_DB").expect("run by another test").into()
}

fn given_index() -> u64 {
    let index = std::env::var("RENTAL_INDEX").expect("run by another test");
    index.parse().expect("a number")
}

/// Tells the parent process. One write per line, so that lines of different tasks stay whole.
fn tell(line: &str) {
    let told = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    told.and_then(|()| std::io::stdout().flush()).expect("the parent listens");
}

/// The figures after `word` in a line that a helper told; nothing for the lines of the test runner.
fn figures(line: &str, word: &str) -> Option<Vec<u64>> {
    let rest = line.strip_prefix(word)?;
    rest.split_whitespace().map(|text| text.parse().ok()).collect()
}

const PROCESSES: u64 = 3;
const TASKS: u64 = 8;
const WINS: u64 = 100;

#[test]
fn of_processes_that_fight_for_one_number_one_wins_each_version() {
    let (_folder, path) = folder();
    let children: Vec<_> =
        (0..PROCESSES).map(|index| helper("fights", &path, index).spawn().expect("a process")).collect();
    let mut versions = BTreeSet::new();
    for child in children {
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "no error, and SQLite was never busy");
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some(won) = figures(line, "won") {
                assert!(versions.insert(won[0]), "version {} was won twice", won[0]);
            }
        }
    }
    let all = PROCESSES * TASKS * WINS;
    assert_eq!(versions, (1..=all).collect::<BTreeSet<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the tests above"]
async fn fights() {
    let (store, process) = (open(&given_path()), given_index());
    let tasks: Vec<_> =
        (0..TASKS).map(|task| tokio::spawn(fight(store.clone(), process * TASKS + task))).collect();
    for task in tasks {
        task.await.expect("a fighter");
    }
    assert_eq!(store.activity().busy, 0);
}

async fn fight(store: SqliteStore, fighter: u64) {
    let customer = Customer::new(1);
    let mut state = store.load(&customer.load()).await.expect("loads");
    let (mut attempts, mut wins) = (0, 0);
    while wins < WINS {
        attempts += 1;
        let id = CommitId(Ulid::from_parts(attempts, fighter.into()));
        let (version, changes) = next(&customer, id, &state);
        state = match store.commit(&changes).await.expect("commits") {
            Commit::Committed => {
                tell(&format!("won {version}"));
                wins += 1;
                store.load(&changes.read).await.expect("loads")
            }
            Commit::Conflict { current } => *current,
            other => panic!("{other:?}"),
        };
    }
}

/// The next version of the customer's number and account, which always change together.
fn next(customer: &Customer, id: CommitId, state: &State) -> (u64, Changes) {
    let mut sample = Customer::new(1).rent();
    let mut record = state.number.clone().unwrap_or_else(|| NumberRecord::new(number(1), vec![], START));
    let mut account = sample.accounts.remove(0);
    let stored = state.account(&account.id).map_or(0, |account| account.version);
    assert_eq!(record.version, stored, "a load sees one moment");
    record.version += 1;
    account.version = record.version;
    let version = record.version;
    let changes =
        Changes { number: Some(record), accounts: vec![account], ..Changes::none(id, customer.load()) };
    (version, changes)
}

const ROUNDS: u64 = 30;

#[tokio::test]
async fn a_process_killed_while_it_writes_loses_nothing_it_acknowledged() {
    let (_folder, path) = folder();
    for round in 0..ROUNDS {
        let mut child = helper("rents_until_killed", &path, round).spawn().expect("a process");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        // Another moment in every round.
        let last = 1 + round * round * 37 % 211;
        let mut acknowledged = BTreeMap::new();
        for (count, line) in output.lines().map_while(Result::ok).enumerate() {
            if let Some(rented) = figures(&line, "rented") {
                acknowledged.insert(rented[0], rented[1]);
            }
            if count as u64 == last {
                child.kill().expect("it runs"); // SIGKILL; what it said before is still read.
            }
        }
        child.wait().expect("an end");
        let store = open(&path);
        for (customer, rents) in acknowledged {
            is_whole(&store, customer, rents).await;
        }
        assert_eq!(store.check().await, Ok(vec![]), "round {round}");
    }
    let db = Connection::open(&path).expect("a database");
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok");
}

/// All parts of at least `rents` rents are there, and no part of any other.
async fn is_whole(store: &SqliteStore, customer: u64, rents: u64) {
    let load = Customer::new(customer).load();
    let state = store.load(&load).await.expect("loads");
    let stored = state.number.expect("the number").version;
    assert!(stored >= rents, "{rents} rents were acknowledged, {stored} are there");
    assert_eq!(state.accounts[0].version, stored);
    assert_eq!(state.invoices.len(), 1, "the open invoice hangs on the number");
    let page = PageRequest::first(PageRequest::MOST);
    let query = InvoiceQuery { owner: Owner::Customer(load.accounts[0].clone()), ..InvoiceQuery::default() };
    let invoices = store.invoices(&query, &page).await.expect("lists").items.len();
    let history = store.history(number(customer), &page).await.expect("lists").items.len();
    let events = store.feed(&query.owner, 0, PageRequest::MOST).await.expect("lists").len();
    assert_eq!([invoices, history, events].map(|count| count as u64), [stored; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the tests above"]
async fn rents_until_killed() {
    let (store, round) = (open(&given_path()), given_index());
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (store, customer) = (store.clone(), round * 8 + task);
            tokio::spawn(async move {
                let mut renting = Customer::new(customer);
                for rents in 1..PageRequest::MOST {
                    assert_eq!(store.commit(&renting.rent()).await, Ok(Commit::Committed));
                    tell(&format!("rented {customer} {rents}"));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a customer");
    }
}

/// The limit on the size of files stands in for a full disk: the same write fails at the same place.
#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_nothing_is_lost_and_when_there_is_room_it_goes_on() {
    let (_folder, path) = folder();
    let mut command = Command::new("sh");
    // In blocks of 512 bytes: less than the log holds before it is moved into the file.
    command
        .args(["-c", "trap '' XFSZ; ulimit -S -f 4096; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("a path"));
    as_helper(&mut command, "fills_the_disk", &path, 0);
    let mut child = command.spawn().expect("a process");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let mut seen = Vec::new();
    for line in output.lines().map_while(Result::ok) {
        if let Some(rents) = figures(&line, "full") {
            let room = Command::new("prlimit")
                .args(["--pid", &child.id().to_string(), "--fsize=unlimited:unlimited"])
                .status();
            assert!(room.expect("prlimit runs").success());
            drop(child.stdin.take()); // Go on.
            seen.extend(rents);
        }
        seen.extend(figures(&line, "went on").into_iter().flatten());
    }
    assert!(child.wait().expect("an end").success());
    assert!(seen.len() == 2 && seen[1] > seen[0] && seen[0] > 10, "{seen:?}");

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let store = open(&path);
        is_whole(&store, 1, seen[1]).await;
        assert_eq!(store.check().await, Ok(vec![]));
    });
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "a process of the tests above"]
async fn fills_the_disk() {
    let store = open(&given_path());
    let mut customer = Customer::new(1);
    let mut rents = 0;
    let refused = loop {
        let changes = customer.rent();
        match store.commit(&changes).await {
            Ok(answer) => assert_eq!(answer, Commit::Committed),
            Err(StoreError::Unwritable(_)) => break changes,
            Err(other) => panic!("{other}"),
        }
        rents += 1;
    };
    is_whole(&store, 1, rents).await;
    let again = store.commit(&refused).await;
    assert!(matches!(again, Err(StoreError::Unwritable(_))), "{again:?}");
    assert!(store.load(&Load::default()).await.is_ok(), "it can still be read");
    tell(&format!("full {rents}"));

    let mut word = String::new();
    std::io::stdin().read_line(&mut word).expect("the word to go on");
    assert_eq!(store.commit(&refused).await, Ok(Commit::Committed), "the same commit, sent again");
    for _ in 0..100 {
        assert_eq!(store.commit(&customer.rent()).await, Ok(Commit::Committed));
    }
    tell(&format!("went on {}", rents + 101));
}
