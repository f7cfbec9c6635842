//! The sandbox: one file, several processes, the same verification as live.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rental_core::gateway_conformance::GatewayUnderTest;
use rental_core::{
    Amount, ChainCursor, Clock, Comment, Currency, GatewayError, ManualClock, Network, NotPayment,
    PaymentGateway, Seconds, Timestamp, TxHash, Verdict,
};
use rental_ton::{Sandbox, SandboxError, SandboxKind, SandboxTransfer, TonAddress};
use tempfile::TempDir;

const START: Timestamp = Timestamp::from_unix(1_767_225_600);

fn ton(ton: u64) -> Amount {
    Amount::whole(Currency::Ton, ton).expect("in range")
}

/// A sandbox in a folder of its own.
struct Bench {
    sandbox: Sandbox,
    clock: ManualClock,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for tests");
        let clock = ManualClock::at(START);
        let sandbox = open(&folder.path().join("chain"), &clock).expect("a new file");
        Self { sandbox, clock, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("chain")
    }

    fn pay(&self, amount: u64) -> TxHash {
        self.sandbox
            .append(&SandboxTransfer::payment(ton(amount), format!("RENT-{amount}")))
            .expect("appended")
    }

    /// What another process sees.
    fn other(&self) -> Result<Sandbox, SandboxError> {
        open(&self.path(), &self.clock)
    }
}

fn open(path: &Path, clock: &ManualClock) -> Result<Sandbox, SandboxError> {
    Sandbox::open(path, Arc::new(clock.clone()))
}

async fn hashes(sandbox: &Sandbox, after: &ChainCursor) -> Vec<TxHash> {
    let read = sandbox.read(after).await.expect("readable");
    read.transactions.iter().map(|transaction| transaction.tx).collect()
}

#[async_trait]
impl GatewayUnderTest for Bench {
    fn gateway(&self) -> &dyn PaymentGateway {
        &self.sandbox
    }

    async fn pay(&self, amount: Amount, comment: Comment) -> TxHash {
        let kind = SandboxKind::Payment;
        self.sandbox.append(&SandboxTransfer { amount, comment, kind, sender: None }).expect("appended")
    }

    async fn pay_unreadably(&self, amount: Amount) -> TxHash {
        let kind = SandboxKind::Unreadable;
        let transfer = SandboxTransfer { amount, comment: Comment::None, kind, sender: None };
        self.sandbox.append(&transfer).expect("appended")
    }

    async fn not_a_payment(&self, reason: NotPayment) -> TxHash {
        let kind = SandboxKind::NotPayment(reason);
        let comment = Comment::Text("RENT-0123456789".to_owned());
        let amount = Amount::whole(self.sandbox.currency(), 1).expect("in range");
        let transfer = SandboxTransfer { amount, comment, kind, sender: None };
        self.sandbox.append(&transfer).expect("appended")
    }

    async fn pass(&self, span: Seconds) {
        self.clock.advance(span);
    }
}

mod conformance {
    rental_core::gateway_conformance!(|| async { super::Bench::new() });
}

mod conformance_of_usdt {
    rental_core::gateway_conformance!(|| async {
        let bench = super::Bench::new();
        super::Bench { sandbox: bench.sandbox.of(rental_core::Currency::Usdt), ..bench }
    });
}

#[tokio::test]
async fn each_currency_has_a_chain_of_its_own() {
    let bench = Bench::new();
    let usdt = bench.sandbox.of(Currency::Usdt);
    let amount: Amount = "25.5 USDT".parse().expect("an amount");
    let token = bench.sandbox.append(&SandboxTransfer::payment(amount, "RENT-X")).expect("appended");
    let coin = bench.pay(1);
    assert_eq!(hashes(&bench.sandbox, &ChainCursor::START).await, [coin]);
    assert_eq!(hashes(&usdt, &ChainCursor::START).await, [token]);
    assert_eq!(hashes(&bench.other().expect("opens").of(Currency::Usdt), &ChainCursor::START).await, [token]);
    let read = usdt.read(&ChainCursor::START).await.expect("readable");
    assert_eq!(read.transactions[0].incoming().map(|payment| payment.amount), Some(amount));
    let foreign = ChainCursor { lt: read.transactions[0].lt, hash: Some(token) };
    assert!(matches!(bench.sandbox.read(&foreign).await, Err(GatewayError::Unverified(_))));
}

#[tokio::test]
async fn jetton_notices_and_zero_amounts_are_no_payments() {
    let bench = Bench::new();
    let mut transfer = SandboxTransfer::payment(ton(1), "RENT-X");
    transfer.kind = SandboxKind::JettonNotification;
    bench.sandbox.append(&transfer).expect("appended");
    bench.sandbox.append(&SandboxTransfer::payment(ton(0), "RENT-X")).expect("appended");
    let read = bench.sandbox.read(&ChainCursor::START).await.expect("readable");
    let verdicts: Vec<_> = read.transactions.into_iter().map(|transaction| transaction.verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::NotPayment(NotPayment::ContractOp), Verdict::NotPayment(NotPayment::ZeroValue)]
    );
}

#[tokio::test]
async fn several_openers_write_one_chain() {
    let bench = Bench::new();
    let others: Vec<_> = (0..4).map(|_| bench.other().expect("the same file")).collect();
    let mut paid: Vec<TxHash> = std::thread::scope(|scope| {
        let writers: Vec<_> = others
            .iter()
            .map(|sandbox| {
                scope.spawn(|| {
                    let transfer = SandboxTransfer::payment(ton(1), "RENT-X");
                    (0..10).map(|_| sandbox.append(&transfer).expect("appended")).collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect()
    });
    let mut read = hashes(&bench.sandbox, &ChainCursor::START).await;
    assert_eq!(read.len(), 40);
    paid.sort();
    read.sort();
    assert_eq!(read, paid);
}

#[tokio::test]
async fn what_was_appended_is_there_after_opening_again() {
    let bench = Bench::new();
    let paid = [bench.pay(1), bench.pay(2)];
    let again = bench.other().expect("whole");
    assert_eq!(hashes(&again, &ChainCursor::START).await, paid);
    assert_eq!(again.head().await, bench.sandbox.head().await);
}

#[tokio::test]
async fn a_torn_last_line_is_ignored_and_then_cut_off() {
    let bench = Bench::new();
    let first = bench.pay(1);
    let whole = fs::read(bench.path()).expect("readable");
    let torn_at = |length: usize| {
        let mut file = OpenOptions::new().append(true).open(bench.path()).expect("writable");
        file.write_all(&whole[..length]).expect("writable");
    };
    torn_at(whole.len() / 2);
    assert_eq!(hashes(&bench.sandbox, &ChainCursor::START).await, [first]);
    assert_eq!(hashes(&bench.other().expect("readable"), &ChainCursor::START).await, [first]);

    let second = bench.pay(2);
    assert_eq!(hashes(&bench.other().expect("whole again"), &ChainCursor::START).await, [first, second]);
    torn_at(1);
    let third =
        bench.other().expect("readable").append(&SandboxTransfer::payment(ton(3), "x")).expect("appended");
    assert_eq!(hashes(&bench.sandbox, &ChainCursor::START).await, [first, second, third]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_never_puts_a_payment_into_time_already_read() {
    let bench = Bench::new();
    bench.clock.advance(Seconds(100));
    let read_to = bench.sandbox.head().await.expect("readable").read_to;
    bench.clock.set(START);
    bench.pay(1);
    bench.pay(2);
    let read = bench.sandbox.read(&ChainCursor::START).await.expect("readable");
    assert!(read.transactions.iter().all(|transaction| transaction.chain_time > read_to));
    assert!(read.transactions.is_sorted_by_key(|transaction| transaction.chain_time));
}

#[tokio::test]
async fn chain_time_is_the_clocks() {
    let bench = Bench::new();
    bench.clock.advance(Seconds(77));
    bench.pay(1);
    let read = bench.sandbox.read(&ChainCursor::START).await.expect("readable");
    assert_eq!(read.transactions[0].chain_time, bench.clock.now());
    assert_eq!(read.read_to, bench.clock.now().minus(Seconds(1)));
}

#[tokio::test]
async fn files_that_are_none_of_ours_are_named_with_the_line() {
    let bench = Bench::new();
    bench.pay(1);
    let whole = fs::read_to_string(bench.path()).expect("readable");
    let foreign: [(&str, Vec<u8>, usize); 5] = [
        ("text", b"hello\n".to_vec(), 1),
        ("bytes", vec![0xff; 3 << 20], 1),
        ("empty line", format!("{whole}\n").into_bytes(), 2),
        ("cells of something else", b"te6cckEBAQEAEQAAHgAAAABSRU5ULTdGM0s5UfrFjts=\n".to_vec(), 1),
        ("no cells", b"AAAA\n".to_vec(), 1),
    ];
    for (what, content, at) in foreign {
        fs::write(bench.path(), content).expect("writable");
        match bench.other() {
            Err(SandboxError::Foreign { line, .. }) => assert_eq!(line, at, "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    let missing = bench.folder.path().join("none/chain");
    let error = open(&missing, &bench.clock).expect_err("there is no folder");
    assert!(error.to_string().contains("none/chain"), "{error}");
    assert!(matches!(open(bench.folder.path(), &bench.clock), Err(SandboxError::Io { .. })));
}

#[tokio::test]
async fn an_edited_file_is_refused() {
    let bench = Bench::new();
    for amount in 1..4 {
        bench.pay(amount);
    }
    let whole = fs::read_to_string(bench.path()).expect("readable");
    let lines: Vec<&str> = whole.lines().collect();
    for edited in [[lines[0], lines[2]], [lines[1], lines[2]], [lines[0], lines[0]], [lines[1], lines[0]]] {
        fs::write(bench.path(), edited.map(|line| format!("{line}\n")).concat()).expect("writable");
        assert!(matches!(bench.other(), Err(SandboxError::Broken { .. })), "{edited:?}");
    }
    // The process that has it open notices, too, and books nothing.
    let refused = bench.sandbox.read(&ChainCursor::START).await;
    assert!(
        matches!(&refused, Err(GatewayError::Unverified(reason)) if reason.contains("replaced")),
        "{refused:?}"
    );
    assert!(matches!(
        bench.sandbox.append(&SandboxTransfer::payment(ton(1), "x")),
        Err(SandboxError::Replaced { .. })
    ));
}

#[tokio::test]
async fn comments_that_cannot_be_written_are_refused_and_leave_no_trace() {
    let bench = Bench::new();
    let long = SandboxTransfer::payment(ton(1), "x".repeat(65_537));
    let no_hex = SandboxTransfer { comment: Comment::Binary("xyz".to_owned()), ..long.clone() };
    for refused in [long, no_hex] {
        assert!(matches!(bench.sandbox.append(&refused), Err(SandboxError::Transfer(_))));
    }
    assert_eq!(fs::read(bench.path()).expect("readable"), b"");
    let longest = SandboxTransfer::payment(ton(1), "x".repeat(65_536));
    bench.sandbox.append(&longest).expect("the longest comment fits");
    let read = bench.sandbox.read(&ChainCursor::START).await.expect("readable");
    assert_eq!(read.transactions[0].incoming().map(|payment| &payment.comment), Some(&longest.comment));
}

#[tokio::test]
async fn what_the_wallet_sends_and_whose_money_comes_in_is_told() {
    let shop = Bench::new();
    let owner = TonAddress::parse(&format!("0:{}", "22".repeat(32)), Network::Sandbox).expect("an address");
    let amount: Amount = "2.5 TON".parse().expect("an amount");
    let transfer = |kind, sender| SandboxTransfer {
        amount,
        comment: Comment::Text("Refund 0123456789abcdef".to_owned()),
        kind,
        sender,
    };
    let sent = shop.sandbox.append(&transfer(SandboxKind::Outgoing(owner), None)).expect("appended");
    shop.sandbox.append(&transfer(SandboxKind::Payment, Some(owner))).expect("appended");
    shop.sandbox
        .append(&transfer(SandboxKind::NotPayment(NotPayment::ReturnedToSender), None))
        .expect("appended");
    let read = shop.sandbox.clone().owned_by(vec![owner]).read(&ChainCursor::START).await.expect("reads");
    let [out, own, returned] = read.transactions.as_slice() else { panic!("{read:?}") };
    assert_eq!(out.verdict, Verdict::NotPayment(NotPayment::ExternalIn));
    let [transfer] = out.outgoing.as_slice() else { panic!("{out:?}") };
    assert_eq!(
        (transfer.tx, transfer.to.as_str(), transfer.amount),
        (sent, owner.to_string().as_str(), amount)
    );
    assert_eq!(transfer.comment.text(), Some("Refund 0123456789abcdef"));
    assert!(matches!(&own.verdict, Verdict::FromOwner(payment) if payment.amount == amount));
    assert!(own.outgoing.is_empty() && returned.outgoing.is_empty());
}
