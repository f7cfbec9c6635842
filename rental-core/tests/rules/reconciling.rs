//! The books against the chain: right books balance, and every doctored row is named.

use rental_core::*;

use crate::shop::*;

struct Sides {
    chain: Vec<ChainTransaction>,
    payments: Vec<Payment>,
    invoices: Vec<Invoice>,
}

impl Sides {
    /// A settled payment, an underpaid one, a stray one that is written off, and one that was refunded.
    async fn new() -> Self {
        let shop = TestShop::open().await;
        let (rented, open) = (shop.open_rent(1, 7).await.unwrap(), shop.open_rent(2, 7).await.unwrap());
        let coins = [
            shop.coin(rented.amount, rented.payload.as_str()),
            shop.coin(ton("9"), open.payload.as_str()),
            shop.coin(ton("1"), "hello"),
            shop.coin(ton("2"), "hello"),
        ];
        for coin in &coins {
            shop.book(coin.clone()).await;
        }
        shop.admin(Command::WriteOffPayment { tx: coins[2].tx }).await.unwrap();
        shop.admin(Command::RefundPayment { tx: coins[3].tx }).await.unwrap();
        shop.admin(Command::ConfirmRefund { tx: coins[3].tx, refund_tx: None }).await.unwrap();
        let page = PageRequest::first(100);
        let mut payments = shop.store.payments(&PaymentQuery::default(), &page).await.unwrap().items;
        payments.sort_by_key(|payment| payment.lt);
        let invoices = shop.store.invoices(&InvoiceQuery::default(), &page).await.unwrap().items;
        let chain = coins.into_iter().map(|coin| ChainTransaction {
            tx: coin.tx,
            lt: coin.lt,
            chain_time: coin.chain_time,
            verdict: Verdict::Payment(coin),
            outgoing: Vec::new(),
        });
        Self { chain: chain.collect(), payments, invoices }
    }

    fn compare(&self) -> Reconciliation {
        reconcile(Currency::Ton, &self.chain, 4, &self.payments, &self.invoices)
    }
}

type Doctor = fn(&mut Payment, &[Invoice]);

#[tokio::test]
async fn right_books_balance_to_the_nanoton() {
    let books = Sides::new().await.compare();
    assert_eq!(books.findings, []);
    assert!(books.balances());
    assert_eq!((books.on_chain, books.transactions), (22_000_000_000, 4));
    assert_eq!(books.by_outcome["settled"] + books.by_outcome["exception"], 19_000_000_000);
}

#[tokio::test]
async fn deposits_and_what_was_sent_are_part_of_the_proof() {
    let mut sides = Sides::new().await;
    let Verdict::Payment(coin) = sides.chain[2].verdict.clone() else { panic!("a payment") };
    sides.chain[2].verdict = Verdict::FromOwner(coin);
    sides.payments[2].outcome = Outcome::Deposit;
    let refunded = &sides.payments[3];
    let back = OutgoingTransfer {
        tx: TxHash([8; 32]),
        lt: refunded.lt + 1,
        to: refunded.sender.clone(),
        amount: refunded.amount,
        comment: Comment::Text(refunded.refund_comment()),
    };
    let other = OutgoingTransfer { to: "0:ee".to_owned(), comment: Comment::None, ..back.clone() };
    let tx = TxHash([8; 32]);
    sides.payments[3].outcome =
        Outcome::Refunded { reason: ExceptionReason::UnknownPayload, refund_tx: Some(tx) };
    sides.chain[3].outgoing = vec![back, other];
    let books = sides.compare();
    assert_eq!(books.findings, []);
    assert!(books.balances());
    assert_eq!(
        (books.by_outcome["deposit"], books.sent_back, books.sent),
        (1_000_000_000, 2_000_000_000, 2_000_000_000)
    );

    let Verdict::FromOwner(coin) = sides.chain[2].verdict.clone() else { panic!("a deposit") };
    sides.chain[2].verdict = Verdict::Payment(coin);
    assert_eq!(sides.compare().findings, [Finding::NotADeposit { tx: sides.payments[2].tx }]);
}

#[tokio::test]
async fn every_doctored_row_is_named() {
    let reason = ExceptionReason::Underpaid;
    let cases: [(usize, Doctor); 14] = [
        (0, |row, _| row.amount = ton("11")),
        (0, |row, _| row.sender.push('f')),
        (0, |row, _| row.chain_time = row.chain_time + Seconds(1)),
        (0, |row, _| row.comment = Comment::None),
        (0, |row, _| row.lt += 100),
        (0, |row, _| row.invoice = None),
        (0, |row, _| row.outcome = Outcome::Exception { reason: ExceptionReason::Duplicate }),
        (1, |row, _| row.outcome = Outcome::Settled),
        (1, |row, _| row.outcome = Outcome::Exception { reason: ExceptionReason::Late }),
        (1, |row, _| row.invoice = None),
        (1, |row, invoices| row.invoice = invoices.iter().map(|i| i.id).find(|id| Some(*id) != row.invoice)),
        (1, |row, _| {
            row.outcome = Outcome::RefundPending { reason: ExceptionReason::Underpaid, refund_tx: None }
        }),
        (1, |row, _| row.outcome = Outcome::WrittenOff { reason: ExceptionReason::Underpaid }),
        (2, |row, _| {
            row.outcome = Outcome::Refunded { reason: ExceptionReason::UnknownPayload, refund_tx: None }
        }),
    ];
    for (case, (row, doctor)) in cases.into_iter().enumerate() {
        let mut sides = Sides::new().await;
        let tx = sides.payments[row].tx.to_string();
        doctor(&mut sides.payments[row], &sides.invoices);
        let books = sides.compare();
        assert!(!books.balances(), "case {case}");
        assert!(
            books.findings.iter().any(|finding| finding.to_string().contains(&tx)),
            "case {case}: {:?}",
            books.findings
        );
    }
    let mut sides = Sides::new().await;
    sides.payments[1].outcome = Outcome::Applied { reason };
    assert!(!sides.compare().balances());
}

#[tokio::test]
async fn what_a_provider_made_up_is_nothing_once_it_is_written_off() {
    let mut sides = Sides::new().await;
    let forged = Payment { tx: TxHash([7; 32]), ..sides.payments[1].clone() };
    let reason = ExceptionReason::Disputed;
    for (outcome, balances) in [
        (Outcome::Exception { reason }, false),
        (Outcome::Applied { reason }, false),
        (Outcome::WrittenOff { reason: ExceptionReason::Underpaid }, false),
        (Outcome::WrittenOff { reason }, true),
    ] {
        sides.payments.push(Payment { outcome: outcome.clone(), ..forged.clone() });
        let books = sides.compare();
        assert_eq!(books.balances(), balances, "{outcome:?}: {:?}", books.findings);
        sides.payments.pop();
    }
    // Money that the chain has is part of the books, whoever doubted it.
    sides.payments[1].outcome = Outcome::WrittenOff { reason };
    let books = sides.compare();
    assert_eq!((books.booked, books.on_chain), (22_000_000_000, 22_000_000_000));
}

#[tokio::test]
async fn missing_and_invented_rows_are_named_wherever_they_stand() {
    let mut sides = Sides::new().await;
    let missing = sides.payments.remove(1);
    assert_eq!(sides.compare().findings, [Finding::Missing { tx: missing.tx, amount: missing.amount }]);

    let mut sides = Sides::new().await;
    let invented = Payment { tx: TxHash([7; 32]), lt: 1_000_000, ..sides.payments[1].clone() };
    sides.payments.push(invented.clone());
    assert_eq!(sides.compare().findings, [Finding::Invented { tx: invented.tx, amount: invented.amount }]);

    let mut sides = Sides::new().await;
    let settled = sides.payments.remove(0);
    let invoice = settled.invoice.unwrap();
    let findings = sides.compare().findings;
    assert!(findings.contains(&Finding::Unpaid { invoice, tx: settled.tx }), "{findings:?}");
}
