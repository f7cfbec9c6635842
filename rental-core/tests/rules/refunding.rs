//! Refunds that are known again on chain, and the operator's own money.

use rental_core::*;

use crate::shop::*;

/// A payment of 2 TON that nobody can place, with its refund begun.
async fn pending(shop: &TestShop) -> Payment {
    let coin = shop.coin(ton("2"), "hello");
    shop.book(coin.clone()).await;
    shop.admin(Command::RefundPayment { tx: coin.tx }).await.unwrap().payment().unwrap()
}

/// What the prepared link sends.
fn refund(payment: &Payment, n: u8) -> OutgoingTransfer {
    OutgoingTransfer {
        tx: TxHash([n; 32]),
        lt: payment.lt + 1000,
        to: payment.sender.clone(),
        amount: payment.amount,
        comment: Comment::Text(payment.refund_comment()),
    }
}

impl TestShop {
    async fn sees(&self, payment: &Payment, outgoing: OutgoingTransfer) -> (bool, Outcome) {
        let command = Command::NoteOutgoing { payment: payment.tx, outgoing };
        let receipt = self.ask(Actor::System, command).await.unwrap();
        (receipt.changed, receipt.payment().unwrap().outcome)
    }
}

#[tokio::test]
async fn a_refund_that_fits_in_everything_is_noted_by_itself_and_once() {
    let shop = TestShop::open().await;
    let payment = pending(&shop).await;
    let reason = ExceptionReason::UnknownPayload;
    let refunded = Outcome::Refunded { reason, refund_tx: Some(TxHash([1; 32])) };
    assert_eq!(shop.sees(&payment, refund(&payment, 1)).await, (true, refunded.clone()));
    assert_eq!(shop.sees(&payment, refund(&payment, 1)).await, (false, refunded.clone()));
    assert_eq!(shop.sees(&payment, refund(&payment, 2)).await, (false, refunded));
    let audit = shop.service.audit(&admin(), &PageRequest::first(1)).await.unwrap().items.remove(0);
    assert_eq!((audit.action.as_str(), audit.actor.as_str()), ("payment.refunded", "system"));
}

#[tokio::test]
async fn what_fits_in_part_is_shown_and_not_applied() {
    let shop = TestShop::open().await;
    let payment = pending(&shop).await;
    let fits = || refund(&payment, 1);
    for (n, odd) in (1..).zip([
        OutgoingTransfer { amount: ton("1.9"), ..fits() },
        OutgoingTransfer { to: "0:ee".to_owned(), ..fits() },
        OutgoingTransfer { comment: Comment::None, ..fits() },
        OutgoingTransfer { comment: Comment::Text("sorry".to_owned()), ..fits() },
    ]) {
        let odd = OutgoingTransfer { tx: TxHash([n; 32]), ..odd };
        let noted = Outcome::RefundPending {
            reason: ExceptionReason::UnknownPayload,
            refund_tx: Some(TxHash([n; 32])),
        };
        assert_eq!(shop.sees(&payment, odd.clone()).await, (true, noted.clone()), "{odd:?}");
        assert_eq!(shop.sees(&payment, odd).await, (false, noted), "the operator is told once");
    }
    let told = shop.events().await.into_iter().filter(|event| event.kind.name() == "payment.refund_differs");
    assert_eq!(told.count(), 4);
    let tx = Some(TxHash([3; 32]));
    shop.admin(Command::ConfirmRefund { tx: payment.tx, refund_tx: tx }).await.unwrap();
}

#[tokio::test]
async fn other_transfers_and_other_payments_are_left_alone() {
    let shop = TestShop::open().await;
    let payment = pending(&shop).await;
    let fits = || refund(&payment, 1);
    for other in [
        OutgoingTransfer { amount: ton("7"), comment: Comment::None, ..fits() },
        OutgoingTransfer { to: "0:ee".to_owned(), comment: Comment::Encrypted, ..fits() },
        OutgoingTransfer { lt: payment.lt, ..fits() },
        OutgoingTransfer { comment: Comment::Text("Refund 0123456789abcdef".to_owned()), ..fits() },
    ] {
        assert!(!shop.sees(&payment, other).await.0);
    }
    let coin = shop.coin(ton("2"), "hello");
    let undecided = shop.book(coin).await;
    assert!(!shop.sees(&undecided, refund(&undecided, 1)).await.0, "nobody has begun to send it back");
    let outgoing = refund(&payment, 1);
    let unknown = Command::NoteOutgoing { payment: TxHash([9; 32]), outgoing: outgoing.clone() };
    assert_eq!(refusal(shop.ask(Actor::System, unknown).await), DomainError::PaymentUnknown);
    let forged = Command::NoteOutgoing { payment: payment.tx, outgoing };
    assert_eq!(refusal(shop.ask(actor(7), forged).await), DomainError::Denied);
}

#[tokio::test]
async fn the_operators_own_money_is_a_deposit_unless_it_names_an_invoice() {
    let shop = TestShop::open().await;
    let book = async |coin: IncomingPayment| {
        let command = Command::BookDeposit { incoming: coin, sighting: Sighting::SOLE };
        shop.ask(Actor::System, command).await.unwrap().payment().unwrap().outcome
    };
    let coin = shop.coin(ton("5"), "for fees");
    assert_eq!(book(coin.clone()).await, Outcome::Deposit);
    assert_eq!(book(coin.clone()).await, Outcome::Deposit);
    assert_eq!(shop.book(coin.clone()).await.outcome, Outcome::Deposit, "a transaction is booked once");
    let silent = IncomingPayment { comment: Comment::None, ..shop.coin(ton("5"), "") };
    assert_eq!(book(silent).await, Outcome::Deposit);
    let invoice = shop.open_rent(1, 7).await.unwrap();
    assert_eq!(book(shop.coin(invoice.amount, invoice.payload.as_str())).await, Outcome::Settled);
    let typo = shop.coin(ton("5"), Payload::from_entropy([3; 8]).as_str());
    let unknown = Outcome::Exception { reason: ExceptionReason::UnknownPayload };
    assert_eq!(book(typo).await, unknown);
    let refund = shop.admin(Command::RefundPayment { tx: coin.tx }).await;
    assert_eq!(refusal(refund), DomainError::PaymentDecided { outcome: "deposit" });
    let exceptions = shop.events().await.into_iter().filter(|event| event.kind.name() == "payment.exception");
    assert_eq!(exceptions.count(), 1, "nobody is alarmed about a deposit");
}
