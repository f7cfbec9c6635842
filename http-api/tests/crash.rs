//! The program is killed at random moments under load; everything that it had acknowledged must be there.
//!
//! `CRASH_ROUNDS=200 cargo test -p http-api --test crash` kills it 200 times.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command as Program, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use rental_app::{App, SandboxClock, ShopConfig, Watcher, reconcile_books};
use rental_core::{
    Actor, AdminId, ChainTransaction, Command, Entropy, InvoiceId, InvoiceQuery, NumberQuery, OsEntropy,
    PageRequest, PhoneNumber, Rentals, Request, Scope, Seconds, TxHash, find_violations,
};
use serde_json::{Value, json};

const NUMBERS: u64 = 24;
const CLIENTS: u64 = 12;

/// What the program acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Invoice and what was answered about it.
    invoices: BTreeMap<InvoiceId, (PhoneNumber, String)>,
    cancelled: Vec<InvoiceId>,
    paid: Vec<TxHash>,
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    shop: ShopConfig,
}

fn settings(folder: &Path) -> ShopConfig {
    let db = folder.join("rental.db");
    Settings::parse_from(["crash", "--rental-db", db.to_str().unwrap()]).shop
}

fn admin() -> Actor {
    Actor::Admin(AdminId::Console("crash".to_owned()))
}

fn random(below: u64) -> u64 {
    let bytes = OsEntropy.draw();
    u64::from_be_bytes(std::array::from_fn(|i| bytes[i])) % below
}

/// Opens the shop, lists the numbers and makes a key.
async fn prepare(folder: &Path) -> String {
    let app = App::open(&settings(folder)).await.unwrap();
    for n in 0..NUMBERS {
        let number = PhoneNumber::from_digits(88_800_000_000 + n).unwrap();
        let plans = vec!["30d=10".parse().unwrap()];
        app.service.execute(Request::new(admin(), Command::AddNumber { number, plans })).await.unwrap();
    }
    let scopes = vec![Scope::Read, Scope::Write];
    let command = Command::CreateKey { integrator: "crash".parse().unwrap(), scopes };
    let receipt = app.service.execute(Request::new(admin(), command)).await.unwrap();
    app.store.close();
    match receipt.effect {
        rental_core::Effect::Key { secret, .. } => secret,
        other => panic!("expected a key, got {other:?}"),
    }
}

/// Starts the program; answers it and its address once it listens.
fn start(folder: &Path) -> (Child, String) {
    let mut program = Program::new(env!("CARGO_BIN_EXE_http-api"))
        .current_dir(folder)
        .args(["--http-bind", "127.0.0.1:0", "--rate-limit", "1000000", "--ton-poll-seconds", "1"])
        .env("LOG_FORMAT", "json")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let url = loop {
        let line = lines.next().expect("the program says where it listens").unwrap();
        if let Some(url) = serde_json::from_str::<Value>(&line)
            .ok()
            .and_then(|log| log["fields"]["url"].as_str().map(str::to_owned))
        {
            break url;
        }
    };
    std::thread::spawn(move || lines.for_each(drop)); // so that the program never waits for its log to be read
    (program, url)
}

/// One client: opens, pays, cancels and renews until the program is gone.
async fn live(http: reqwest::Client, url: String, key: String, who: u64, seen: Arc<Mutex<Acknowledged>>) {
    let post = async |path: &str, body: Value| {
        let answer = http.post(format!("{url}{path}")).bearer_auth(&key).json(&body).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json::<Value>().await.ok()?))
    };
    loop {
        let number = PhoneNumber::from_digits(88_800_000_000 + random(NUMBERS)).unwrap();
        let (path, body) = if random(4) == 0 {
            (format!("/v1/rentals/{number}/renew"), json!({"term_days": 30}))
        } else {
            let customer = format!("customer-{who}-{}", random(3));
            ("/v1/invoices".to_owned(), json!({"number": number, "term_days": 30, "customer": customer}))
        };
        let Some((status, invoice)) = post(&path, body).await else {
            return;
        };
        assert!([201, 404, 409, 422].contains(&status), "{status}: {invoice}");
        if status != 201 {
            continue;
        }
        let id: InvoiceId = invoice["id"].as_str().unwrap().parse().unwrap();
        let customer = invoice["customer"].as_str().unwrap().to_owned();
        seen.lock().unwrap().invoices.insert(id, (number, customer));
        if random(5) == 0 {
            let Some((status, _)) = post(&format!("/v1/invoices/{id}/cancel"), json!({})).await else {
                return;
            };
            if status == 200 {
                seen.lock().unwrap().cancelled.push(id);
            }
            continue;
        }
        for _ in 0..=random(2) {
            let Some((status, paid)) = post("/sandbox/pay", json!({"invoice": id})).await else {
                return;
            };
            assert_eq!(status, 200, "{paid}");
            let tx = paid["tx_hash"].as_str().unwrap().parse().unwrap();
            seen.lock().unwrap().paid.push(tx);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_acknowledged_survives_kill_9() {
    let rounds: u32 = std::env::var("CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let folder = tempfile::tempdir().unwrap();
    let key = prepare(folder.path()).await;
    let seen = Arc::new(Mutex::new(Acknowledged::default()));
    let clock = SandboxClock::new(settings(folder.path()).sandbox_clock_file());
    for _ in 0..rounds {
        // Leases of the killed program run out, now and then an invoice, and now and then the rentals.
        if random(6) == 0 {
            clock.advance(Seconds::from_days(40 + random(200))).unwrap();
        }
        clock.advance(Seconds(60 + random(600))).unwrap();
        let (mut program, url) = start(folder.path());
        let http = reqwest::Client::new();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|who| tokio::spawn(live(http.clone(), url.clone(), key.clone(), who, seen.clone())))
            .collect();
        tokio::time::sleep(Duration::from_millis(50 + random(250))).await; // the moment is the test's input
        program.kill().unwrap(); // SIGKILL
        program.wait().unwrap();
        for client in clients {
            client.await.unwrap();
        }
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.invoices.len() > rounds as usize, "there was load: {} invoices", seen.invoices.len());
    check(folder.path(), &seen).await;
}

async fn check(folder: &Path, seen: &Acknowledged) {
    let app = App::open(&settings(folder)).await.unwrap();
    // The lease of the killed watcher runs out by itself; the sandbox's clock need not wait for it.
    app.sandbox.as_ref().unwrap().clock.advance(rental_core::Seconds(60)).unwrap();
    let watcher = Watcher::new(app.service.clone(), app.gateway.clone(), app.leases.clone());
    assert!(!watcher.run_once().await.unwrap().standby);

    for (id, (number, customer)) in &seen.invoices {
        let invoice = app.service.invoice(&admin(), *id).await.expect("an acknowledged invoice is there");
        assert_eq!((&invoice.number, &invoice.customer.to_string()), (number, customer));
    }
    for id in &seen.cancelled {
        assert_eq!(app.service.invoice(&admin(), *id).await.unwrap().status.name(), "cancelled");
    }
    let shop = app.service.shop().await.unwrap();
    let chain = app.gateway.read(&shop.shop.chain_start).await.unwrap().transactions;
    let on_chain: Vec<_> = chain.iter().map(|transaction: &ChainTransaction| transaction.tx).collect();
    for tx in &seen.paid {
        assert!(on_chain.contains(tx), "an acknowledged payment is on the chain");
        app.service.payment(&admin(), *tx).await.expect("and in the books");
    }
    let books = reconcile_books(app.service.as_ref(), app.gateway.as_ref(), &admin()).await.unwrap();
    assert!(books.balances(), "{:?}", books.findings);
    assert_eq!(books.waiting_transactions, 0);
    assert!(books.by_outcome.contains_key("settled"), "something was rented: {:?}", books.by_outcome);

    let (mut invoices, mut page) = (Vec::new(), PageRequest::first(PageRequest::MOST));
    loop {
        let part = app.store.store().invoices(&InvoiceQuery::default(), &page).await.unwrap();
        invoices.extend(part.items);
        match part.next {
            Some(after) => page.after = Some(after),
            None => break,
        }
    }
    let all = PageRequest::first(PageRequest::MOST);
    let numbers = app.store.store().numbers(&NumberQuery::default(), &all).await.unwrap().items;
    let accounts = app.store.store().accounts(&all).await.unwrap().items;
    assert_eq!(find_violations(&numbers, &invoices, &accounts), []);
    assert_eq!(app.store.check().await.unwrap(), Vec::<String>::new());
}
