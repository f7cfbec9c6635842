//! What it costs to verify and classify transactions.
//!
//! Each figure has a peer in the same run: SHA-256 over the same bytes, the least that any verification has to do.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use data_encoding::BASE64;
use rental_core::{Amount, ChainCursor, Currency, ManualClock, Network, PaymentGateway, Timestamp, TxHash};
use rental_ton::{Sandbox, SandboxTransfer, TonAddress, verify_transaction};
use sha2::{Digest, Sha256};

/// Transactions in the chain that is walked.
const CHAIN: u64 = 1_000;

/// The recorded transaction of this name: its cells, its hash and its account.
fn vector(name: &str) -> (Vec<u8>, TxHash, TonAddress) {
    let vectors: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../tests/data/vectors.json")).expect("well-formed");
    let vector = vectors.iter().find(|vector| vector["name"] == name).expect("it is recorded");
    let text = |field: &str| vector[field].as_str().expect("a text");
    (
        BASE64.decode(text("tx_boc_base64").as_bytes()).expect("base64"),
        text("tx_hash_hex").parse().expect("a hash"),
        TonAddress::parse(text("account"), Network::Mainnet).expect("an address"),
    )
}

fn one_transaction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transaction");
    for name in ["plain_comment", "long_snake_comment"] {
        let (boc, hash, wallet) = vector(name);
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("verify", name), |bencher| {
            bencher.iter(|| verify_transaction(black_box(&boc), &hash, &wallet).expect("genuine"));
        });
        group.bench_function(BenchmarkId::new("sha256", name), |bencher| {
            bencher.iter(|| Sha256::digest(black_box(&boc)));
        });
    }
    group.finish();
}

fn whole_chain(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("chain");
    let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
    let sandbox = Sandbox::open(&path, Arc::new(clock)).expect("a new file");
    for index in 1..=CHAIN {
        let amount = Amount::whole(Currency::Ton, index).expect("in range");
        let transfer = SandboxTransfer::payment(amount, format!("RENT-{index:010}"));
        sandbox.append(&transfer).expect("appended");
    }
    let file = std::fs::read(&path).expect("readable");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");

    let mut group = criterion.benchmark_group("chain of 1000");
    let head = runtime.block_on(sandbox.head()).expect("readable").cursor;
    group.bench_function("idle poll", |bencher| {
        bencher.iter(|| runtime.block_on(sandbox.read(&head)).expect("genuine"));
    });
    group.throughput(Throughput::Elements(CHAIN));
    group.bench_function("read", |bencher| {
        bencher.iter(|| runtime.block_on(sandbox.read(&ChainCursor::START)).expect("genuine"));
    });
    group.bench_function("sha256", |bencher| {
        bencher.iter(|| Sha256::digest(black_box(&file)));
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    one_transaction(&mut criterion);
    whole_chain(&mut criterion);
    criterion.final_summary();
}
