//! The suite that every payment gateway passes.
//!
//! Implement [`GatewayUnderTest`] for a gateway and the means to make its chain move, and hand a factory to
//! [`gateway_conformance!`](crate::gateway_conformance!). Each test gets a fresh gateway with an empty chain. The
//! tests are plain functions, so one of them can also be called alone.

#![expect(clippy::missing_panics_doc, reason = "panicking is how a test fails")]

use std::future::poll_fn;
use std::task::Poll;

use async_trait::async_trait;

use crate::{
    Amount, ChainCursor, ChainTransaction, Comment, GatewayError, IncomingPayment, NotPayment,
    PaymentGateway, PaymentRequest, Seconds, TxHash, Verdict,
};

/// A gateway together with the power over its chain.
#[async_trait]
pub trait GatewayUnderTest: Send + Sync {
    /// The gateway.
    fn gateway(&self) -> &dyn PaymentGateway;

    /// Lets the chain take a payment now, in the gateway's currency.
    async fn pay(&self, amount: Amount, comment: Comment) -> TxHash;

    /// Lets the chain take money now whose message cannot be read.
    async fn pay_unreadably(&self, amount: Amount) -> TxHash;

    /// Lets the chain take a transaction now that is no payment.
    async fn not_a_payment(&self, reason: NotPayment) -> TxHash;

    /// Lets `span` pass on the chain without a transaction of the wallet.
    async fn pass(&self, span: Seconds);
}

/// Every reason for which a transaction is no payment.
const REASONS: [NotPayment; 7] = [
    NotPayment::ExternalIn,
    NotPayment::SelfTransfer,
    NotPayment::ZeroValue,
    NotPayment::BouncedBackToUs,
    NotPayment::ReturnedToSender,
    NotPayment::ContractOp,
    NotPayment::NoMessage,
];

/// More time than any gateway may let `read_to` stay behind its chain.
const LONGEST_LAG: Seconds = Seconds(60);

fn text(text: &str) -> Comment {
    Comment::Text(text.to_owned())
}

fn coins(test: &impl GatewayUnderTest, whole: u64) -> Amount {
    Amount::whole(test.gateway().currency(), whole).expect("the suite pays small amounts")
}

fn hashes(transactions: &[ChainTransaction]) -> Vec<TxHash> {
    transactions.iter().map(|transaction| transaction.tx).collect()
}

async fn read(test: &impl GatewayUnderTest, after: &ChainCursor) -> Vec<ChainTransaction> {
    test.gateway().read(after).await.expect("the chain can be read").transactions
}

/// A wallet without transactions is at the start and has nothing to read.
pub async fn an_empty_chain_is_read_as_empty(test: impl GatewayUnderTest) {
    assert_eq!(test.gateway().head().await.expect("readable").cursor, ChainCursor::START);
    assert_eq!(read(&test, &ChainCursor::START).await, Vec::new());
    assert_eq!(read(&test, &ChainCursor { lt: 5, hash: None }).await, Vec::new());
}

/// Payments come oldest first, with amount, comment, time and sender, and logical times that grow.
pub async fn payments_are_read_oldest_first_with_all_they_carry(test: impl GatewayUnderTest) {
    let comments = [
        text("RENT-0123456789"),
        text(""),
        Comment::None,
        Comment::Encrypted,
        Comment::Malformed,
        Comment::Binary("ff00fe".to_owned()),
        text(&"Оплата номера 🙂 ".repeat(40)),
    ];
    let mut paid = Vec::new();
    for (amount, comment) in (1..).zip(comments) {
        paid.push((test.pay(coins(&test, amount), comment.clone()).await, coins(&test, amount), comment));
    }
    let transactions = read(&test, &ChainCursor::START).await;
    assert!(transactions.is_sorted_by(|one, next| one.lt < next.lt && one.chain_time <= next.chain_time));
    assert_eq!(transactions.len(), paid.len());
    for (transaction, (tx, amount, comment)) in transactions.iter().zip(paid) {
        let Verdict::Payment(payment) = &transaction.verdict else { panic!("{transaction:?} is a payment") };
        let IncomingPayment { sender, .. } = payment;
        assert!(sender.contains(':'), "{sender} is a raw address");
        let (lt, chain_time, sender) = (transaction.lt, transaction.chain_time, sender.clone());
        assert_eq!(*payment, IncomingPayment { tx, lt, amount, comment, sender, chain_time });
    }
}

/// Two payments that look the same are two payments.
pub async fn equal_payments_are_two_payments(test: impl GatewayUnderTest) {
    let first = test.pay(coins(&test, 1), text("same")).await;
    let second = test.pay(coins(&test, 1), text("same")).await;
    assert_ne!(first, second);
    assert_eq!(hashes(&read(&test, &ChainCursor::START).await), [first, second]);
}

/// Reading from the same position gives the same, however often.
pub async fn reading_is_repeatable(test: impl GatewayUnderTest) {
    for amount in 1..4 {
        test.pay(coins(&test, amount), Comment::None).await;
    }
    let first = read(&test, &ChainCursor::START).await;
    assert_eq!(read(&test, &ChainCursor::START).await, first);
    let newest = test.pay(coins(&test, 9), Comment::None).await;
    let second = read(&test, &ChainCursor::START).await;
    assert_eq!(second[..3], first);
    assert_eq!(second[3].tx, newest);
}

/// From every position, with its hash or as a bare logical time, exactly what came after it is read.
pub async fn a_cursor_leaves_out_exactly_what_was_read(test: impl GatewayUnderTest) {
    for amount in 1..6 {
        test.pay(coins(&test, amount), Comment::None).await;
    }
    let all = read(&test, &ChainCursor::START).await;
    for (index, transaction) in all.iter().enumerate() {
        let rest = &all[index + 1..];
        let bare = ChainCursor { lt: transaction.lt, hash: None };
        let between = ChainCursor { lt: transaction.lt + 1, hash: None };
        for after in [transaction.cursor(), bare, between] {
            assert_eq!(read(&test, &after).await, rest, "after {after:?}");
        }
    }
}

/// The head is the newest transaction, and after it there is nothing.
pub async fn the_head_is_the_newest_transaction(test: impl GatewayUnderTest) {
    for amount in 1..4 {
        let tx = test.pay(coins(&test, amount), Comment::None).await;
        let head = test.gateway().head().await.expect("readable");
        assert_eq!(head.cursor.hash, Some(tx));
        assert_eq!(read(&test, &head.cursor).await, Vec::new());
    }
}

/// What is no payment is read as such; it is neither left out nor counted.
pub async fn what_is_no_payment_is_read_as_such(test: impl GatewayUnderTest) {
    let mut expected = Vec::new();
    for reason in REASONS {
        expected.push((test.not_a_payment(reason).await, Verdict::NotPayment(reason)));
    }
    let transactions = read(&test, &ChainCursor::START).await;
    let read: Vec<_> = transactions.into_iter().map(|found| (found.tx, found.verdict)).collect();
    assert_eq!(read, expected);
}

/// A message that nobody can read is booked with its money and does not hide the payment after it.
pub async fn an_unreadable_message_does_not_stop_the_reading(test: impl GatewayUnderTest) {
    let odd = test.pay_unreadably(coins(&test, 3)).await;
    let good = test.pay(coins(&test, 4), text("after it")).await;
    let transactions = read(&test, &ChainCursor::START).await;
    assert_eq!(hashes(&transactions), [odd, good]);
    let Verdict::Unreadable(booked) = &transactions[0].verdict else { panic!("{transactions:?}") };
    assert_eq!(booked.amount, coins(&test, 3));
    assert!(matches!(transactions[1].verdict, Verdict::Payment(_)));
}

/// Once a time was reported as read, nothing appears at or before it.
pub async fn nothing_appears_before_a_reported_read_to(test: impl GatewayUnderTest) {
    let mut after = ChainCursor::START;
    for round in 0..6 {
        let reported = test.gateway().read(&after).await.expect("readable").read_to;
        let head = test.gateway().head().await.expect("readable").read_to;
        test.pay(coins(&test, 1), Comment::None).await;
        let new = read(&test, &after).await;
        assert_eq!(new.len(), 1);
        assert!(
            new[0].chain_time > reported.max(head),
            "{} was read to {reported} and {head}",
            new[0].chain_time
        );
        after = new[0].cursor();
        test.pass(Seconds(round % 3)).await;
    }
}

/// `read_to` goes on although nobody pays, so that reservations can end.
pub async fn read_to_goes_on_without_payments(test: impl GatewayUnderTest) {
    let tx = test.pay(coins(&test, 1), Comment::None).await;
    let paid = read(&test, &ChainCursor::START).await[0].clone();
    assert_eq!(paid.tx, tx);
    test.pass(Seconds::from_hours(1)).await;
    let read_to = test.gateway().read(&paid.cursor()).await.expect("readable").read_to;
    assert!(read_to + LONGEST_LAG >= paid.chain_time + Seconds::from_hours(1), "{read_to}");
    assert!(test.gateway().head().await.expect("readable").read_to >= read_to);
}

/// A position that is on no such chain is refused: something is wrong with the provider, or with the wallet.
pub async fn a_cursor_of_another_chain_is_refused(test: impl GatewayUnderTest) {
    for amount in 1..4 {
        test.pay(coins(&test, amount), Comment::None).await;
    }
    for known in read(&test, &ChainCursor::START).await {
        let foreign = ChainCursor { lt: known.lt, hash: Some(TxHash([7; 32])) };
        let refused = test.gateway().read(&foreign).await;
        assert!(matches!(refused, Err(GatewayError::Unverified(_))), "{refused:?}");
    }
}

/// Readers at the same time see the same.
pub async fn readers_do_not_disturb_each_other(test: impl GatewayUnderTest) {
    for amount in 1..4 {
        test.pay(coins(&test, amount), Comment::None).await;
    }
    let mut readers: Vec<_> =
        (0..3).map(|_| (Box::pin(read(&test, &ChainCursor::START)), Poll::Pending)).collect();
    // All are started before any is waited for. By hand, so that the suite needs no runtime of its own.
    poll_fn(|context| {
        for (reader, seen) in readers.iter_mut().filter(|(_, seen)| seen.is_pending()) {
            *seen = reader.as_mut().poll(context);
        }
        if readers.iter().all(|(_, seen)| seen.is_ready()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let alone = read(&test, &ChainCursor::START).await;
    assert_eq!(alone.len(), 3);
    for (_, seen) in readers {
        assert_eq!(seen, Poll::Ready(alone.clone()));
    }
}

/// Links name the wallet, the exact amount and the comment.
pub async fn links_carry_address_amount_and_comment(test: impl GatewayUnderTest) {
    let gateway = test.gateway();
    let request = PaymentRequest {
        address: gateway.wallet().address.clone(),
        amount: Amount::new(gateway.currency(), 10_000_000_001).expect("in range"),
        jetton: None,
        comment: Some("RENT-0123456789".to_owned()),
        expires_at: None,
    };
    let links = gateway.links(&request);
    assert!(links.ton.starts_with("ton://transfer/"), "{}", links.ton);
    assert!(links.https.starts_with("https://"), "{}", links.https);
    for link in [&links.ton, &links.https] {
        for part in [request.address.as_str(), "amount=10000000001", "text=RENT-0123456789"] {
            assert!(link.contains(part), "{link} has {part}");
        }
    }
    let master = "0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe".to_owned();
    let token = gateway.links(&PaymentRequest { jetton: Some(master), ..request.clone() });
    for link in [&token.ton, &token.https] {
        assert!(link.contains("&jetton="), "{link} names the jetton");
    }
    // What the chain does meanwhile changes nothing about them.
    test.pay(coins(&test, 1), Comment::None).await;
    assert_eq!(gateway.links(&request), links);
}

/// Makes a `#[tokio::test]` of every function of the suite.
///
/// The argument is a closure without parameters that returns a future of a fresh
/// [`GatewayUnderTest`](crate::gateway_conformance::GatewayUnderTest).
#[macro_export]
macro_rules! gateway_conformance {
    ($factory:expr) => {
        $crate::gateway_conformance! { $factory;
            an_empty_chain_is_read_as_empty,
            payments_are_read_oldest_first_with_all_they_carry,
            equal_payments_are_two_payments,
            reading_is_repeatable,
            a_cursor_leaves_out_exactly_what_was_read,
            the_head_is_the_newest_transaction,
            what_is_no_payment_is_read_as_such,
            an_unreadable_message_does_not_stop_the_reading,
            nothing_appears_before_a_reported_read_to,
            read_to_goes_on_without_payments,
            a_cursor_of_another_chain_is_refused,
            readers_do_not_disturb_each_other,
            links_carry_address_amount_and_comment,
        }
    };
    ($factory:expr; $($test:ident,)+) => {
        $(
            #[tokio::test]
            async fn $test() {
                $crate::gateway_conformance::$test(($factory)().await).await;
            }
        )+
    };
}
