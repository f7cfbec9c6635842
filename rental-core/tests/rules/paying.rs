//! What settles, what is kept as an exception, and what the operator may decide.

use rental_core::*;

use crate::shop::*;

fn exception(reason: ExceptionReason) -> Outcome {
    Outcome::Exception { reason }
}

#[tokio::test]
async fn an_exact_payment_in_time_rents_the_number() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    shop.pass(900); // the very last second
    let payment = shop.pay(&invoice).await;
    assert_eq!((payment.outcome, payment.invoice), (Outcome::Settled, Some(invoice.id)));
    let rental = shop.rental(1).await;
    assert_eq!((rental.holder.clone(), rental.expires_at), (customer(7), shop.now() + Seconds(30 * DAY)));
    assert_eq!(shop.invoice(invoice.id).await.status.name(), "settled");
    let account = shop.account(7).await;
    assert!(account.open_invoices.is_empty() && account.numbers.contains(&number(1)));
    assert_eq!(shop.history(1).await, [HistoryKind::Added, HistoryKind::Rented]);
}

#[tokio::test]
async fn anything_but_the_exact_amount_is_kept_and_rents_nothing() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let payload = invoice.payload.as_str();
    let one = ton("0.000000001");
    let (less, more) = (invoice.amount.checked_sub(one).unwrap(), invoice.amount.checked_add(one).unwrap());
    for (amount, reason) in [
        (less, ExceptionReason::Underpaid),
        (more, ExceptionReason::Overpaid),
        (ton("5"), ExceptionReason::Underpaid),
        (ton("5"), ExceptionReason::Underpaid), // two halves are not a whole
        (one, ExceptionReason::Underpaid),
    ] {
        assert_eq!(shop.book(shop.coin(amount, payload)).await.outcome, exception(reason));
        assert_eq!(shop.state(1).await, NumberState::Reserved);
    }
    assert_eq!(shop.pay(&invoice).await.outcome, Outcome::Settled);
}

#[tokio::test]
async fn every_other_coin_is_kept_with_its_reason() {
    let shop = TestShop::open().await;
    let invoice = shop.rent(1, 7).await;
    assert_eq!(shop.pay(&invoice).await.outcome, exception(ExceptionReason::Duplicate));

    let late = shop.open_rent(2, 7).await.unwrap();
    shop.pass(901);
    assert_eq!(shop.pay(&late).await.outcome, exception(ExceptionReason::Late));
    shop.read_chain().await;
    assert!(shop.tick(2).await);
    assert_eq!(shop.pay(&late).await.outcome, exception(ExceptionReason::Late));

    let cancelled = shop.open_rent(3, 7).await.unwrap();
    shop.ask(actor(7), Command::CancelInvoice { invoice: cancelled.id }).await.unwrap();
    assert_eq!(shop.pay(&cancelled).await.outcome, exception(ExceptionReason::Cancelled));

    let open = shop.open_rent(4, 7).await.unwrap();
    let early = IncomingPayment {
        chain_time: shop.now().minus(Seconds(61)),
        ..shop.coin(open.amount, open.payload.as_str())
    };
    assert_eq!(shop.book(early).await.outcome, exception(ExceptionReason::Early));

    for (comment, reason) in [
        (Comment::None, ExceptionReason::NoComment),
        (Comment::Text(" \n".to_owned()), ExceptionReason::NoComment),
        (Comment::Text("hello".to_owned()), ExceptionReason::UnknownPayload),
        (Comment::Text("RENT-0000000000".to_owned()), ExceptionReason::UnknownPayload),
        (Comment::Text(format!("{p} {p}", p = open.payload)), ExceptionReason::UnknownPayload),
        (Comment::Text(format!("{}x", open.payload)), ExceptionReason::UnknownPayload),
        (Comment::Encrypted, ExceptionReason::UnreadableComment),
        (Comment::Binary("ff".to_owned()), ExceptionReason::UnreadableComment),
        (Comment::Malformed, ExceptionReason::UnreadableComment),
    ] {
        let coin = IncomingPayment { comment, ..shop.coin(open.amount, "") };
        let payment = shop.book(coin).await;
        assert_eq!((payment.outcome, payment.invoice), (exception(reason), None));
    }
    let command = Command::Book {
        incoming: shop.coin(open.amount, open.payload.as_str()),
        unreadable: true,
        sighting: Sighting::SOLE,
    };
    let unreadable = shop.ask(Actor::System, command).await.unwrap().payment().unwrap();
    assert_eq!(unreadable.outcome, exception(ExceptionReason::UnreadableMessage));
    assert_eq!(shop.state(4).await, NumberState::Reserved);
}

#[tokio::test]
async fn one_transaction_is_booked_once_however_often_it_is_seen() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let coin = shop.coin(invoice.amount, invoice.payload.as_str());
    let first = shop.book(coin.clone()).await;
    let rental = shop.rental(1).await;
    for _ in 0..3 {
        assert_eq!(shop.book(coin.clone()).await, first);
    }
    assert_eq!(shop.rental(1).await, rental);
    assert_eq!(shop.store.totals().await.unwrap().booked(Currency::Ton), u128::from(invoice.amount.units()));
}

#[tokio::test]
async fn a_payment_made_in_time_is_honoured_however_late_it_is_seen() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    shop.pass(600);
    let coin = shop.coin(invoice.amount, invoice.payload.as_str());
    shop.pass(30 * DAY); // nobody reads the chain
    shop.tick(1).await;
    assert_eq!(shop.state(1).await, NumberState::Reserved);
    assert_eq!(refusal(shop.open_rent(1, 8).await), DomainError::NumberReserved);
    assert_eq!(shop.book(coin).await.outcome, Outcome::Settled);
    assert_eq!(shop.rental(1).await.expires_at, shop.now() + Seconds(30 * DAY));
}

#[tokio::test]
async fn a_renewal_paid_in_time_is_honoured_after_the_grace_has_passed() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    shop.pass(30 * DAY + DAY - 60); // a minute before the end of grace
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    let coin = shop.coin(renewal.amount, renewal.payload.as_str());
    shop.pass(10 * DAY); // an outage
    shop.tick(1).await;
    assert_eq!(shop.state(1).await, NumberState::Grace);
    assert_eq!(shop.book(coin).await.outcome, Outcome::Settled);
    assert_eq!(shop.rental(1).await.expires_at, shop.now() + Seconds(30 * DAY));
}

#[tokio::test]
async fn a_payment_for_a_locked_number_waits_for_the_lock_to_go() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let (name, token) = (LeaseName::Number(number(1)), LeaseToken::from_entropy([1; 16]));
    shop.store.acquire(&name, &token, Seconds(3600)).await.unwrap().unwrap();

    let payment = shop.pay(&invoice).await;
    assert_eq!(payment.outcome, exception(ExceptionReason::NumberLocked));
    assert_eq!(shop.pay(&invoice).await.outcome, exception(ExceptionReason::Duplicate));
    let cancel = Command::CancelInvoice { invoice: invoice.id };
    assert_eq!(refusal(shop.ask(actor(7), cancel).await), DomainError::InvoiceSettled);

    shop.pass(1800);
    shop.read_chain().await; // past the deadline: still no lapse
    let refused = refusal(shop.ask(Actor::System, Command::Tick { number: number(1) }).await);
    assert!(matches!(refused, DomainError::NumberLocked { .. }));
    assert!(shop.store.release(&name, &token).await.unwrap());
    assert!(shop.tick(1).await);
    assert_eq!(shop.state(1).await, NumberState::Rented);
    let settled = shop.service.payment(&admin(), payment.tx).await.unwrap();
    assert_eq!((settled.outcome, settled.version), (Outcome::Settled, 2));
}

#[tokio::test]
async fn the_operator_applies_refunds_and_writes_off_each_once() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let short = shop.book(shop.coin(ton("9"), invoice.payload.as_str())).await;
    let other = shop.book(shop.coin(ton("1"), "hello")).await;
    let third = shop.book(shop.coin(ton("2"), "hello")).await;

    let apply = |tx, invoice| Command::ApplyPayment { tx, invoice };
    assert_eq!(refusal(shop.admin(apply(other.tx, None)).await), DomainError::InvoiceNotNamed);
    assert_eq!(refusal(shop.admin(apply(TxHash([9; 32]), None)).await), DomainError::PaymentUnknown);
    assert_eq!(refusal(shop.ask(actor(7), apply(short.tx, None)).await), DomainError::Denied);
    let applied = shop.admin(apply(short.tx, None)).await.unwrap().payment().unwrap();
    assert_eq!(applied.outcome, Outcome::Applied { reason: ExceptionReason::Underpaid });
    assert_eq!(shop.state(1).await, NumberState::Rented);
    let refused = refusal(shop.admin(apply(short.tx, None)).await);
    assert_eq!(refused, DomainError::PaymentDecided { outcome: "applied" });
    assert_eq!(refusal(shop.admin(apply(other.tx, Some(invoice.id))).await), DomainError::InvoiceSettled);

    let refund = Command::RefundPayment { tx: other.tx };
    let confirm = Command::ConfirmRefund { tx: other.tx, refund_tx: Some(TxHash([3; 32])) };
    assert!(matches!(refusal(shop.admin(confirm.clone()).await), DomainError::RefundNotPending { .. }));
    shop.admin(refund.clone()).await.unwrap();
    assert!(matches!(refusal(shop.admin(refund).await), DomainError::PaymentDecided { .. }));
    let refunded = shop.admin(confirm).await.unwrap().payment().unwrap();
    assert_eq!(refunded.outcome.name(), "refunded");

    let kept = shop.admin(Command::WriteOffPayment { tx: third.tx }).await.unwrap().payment().unwrap();
    assert_eq!(kept.outcome.name(), "written_off");
    let audit = shop.service.audit(&admin(), &PageRequest::first(4)).await.unwrap().items;
    let actions: Vec<_> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["payment.write_off", "payment.refunded", "payment.refund", "payment.apply"]);
}

#[tokio::test]
async fn a_late_payment_can_be_applied_while_the_number_is_free() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    shop.pass(901);
    shop.read_chain().await;
    shop.tick(1).await;
    let late = shop.pay(&invoice).await;
    let apply = Command::ApplyPayment { tx: late.tx, invoice: None };
    shop.rent(1, 8).await;
    assert_eq!(refusal(shop.admin(apply.clone()).await), DomainError::NumberGone { number: number(1) });
    shop.admin(Command::Revoke { number: number(1) }).await.unwrap();
    shop.admin(Command::Restore { number: number(1) }).await.unwrap();
    shop.admin(apply).await.unwrap();
    assert_eq!(shop.rental(1).await.holder, customer(7));
}

#[tokio::test]
async fn only_its_own_customer_sees_a_payment() {
    let shop = TestShop::open().await;
    let invoice = shop.rent(1, 7).await;
    let stray = shop.book(shop.coin(ton("1"), "hello")).await;
    let list = async |viewer: &Actor| {
        let page = shop.service.payments(viewer, &PaymentQuery::default(), &PageRequest::first(10)).await;
        page.unwrap().items.into_iter().map(|payment| payment.invoice).collect::<Vec<_>>()
    };
    assert_eq!(list(&actor(7)).await, [Some(invoice.id)]);
    assert_eq!(list(&actor(8)).await, []);
    assert_eq!(list(&admin()).await, [None, Some(invoice.id)]);
    assert!(shop.service.payment(&actor(7), stray.tx).await.is_err());
}

#[tokio::test]
async fn a_waiting_payment_is_not_taken_away_from_its_invoice() {
    let shop = TestShop::open().await;
    let (waits, other) = (shop.open_rent(1, 7).await.unwrap(), shop.open_rent(2, 7).await.unwrap());
    let (name, token) = (LeaseName::Number(number(1)), LeaseToken::from_entropy([1; 16]));
    shop.store.acquire(&name, &token, Seconds(60)).await.unwrap().unwrap();
    let payment = shop.pay(&waits).await;
    let apply = Command::ApplyPayment { tx: payment.tx, invoice: Some(other.id) };
    assert_eq!(refusal(shop.admin(apply).await), DomainError::PaymentWaiting);
    shop.admin(Command::RefundPayment { tx: payment.tx }).await.unwrap();
    shop.pass(901);
    shop.read_chain().await;
    assert!(shop.tick(1).await, "nothing waits any more, so the reservation ends");
    assert_eq!(shop.state(1).await, NumberState::Available);
}

/// Two sources of which so many have it, and so many contradict.
fn seen(confirmed: u8, denied: u8) -> Sighting {
    Sighting { sources: 2, confirmed, denied }
}

async fn book_seen(shop: &TestShop, invoice: &Invoice, sighting: Sighting) -> Payment {
    let incoming = shop.coin(invoice.amount, invoice.payload.as_str());
    let command = Command::Book { incoming, unreadable: false, sighting };
    shop.ask(Actor::System, command).await.unwrap().payment().unwrap()
}

async fn confirm(shop: &TestShop, tx: TxHash, sighting: Sighting) -> Payment {
    let command = Command::ConfirmPayment { tx, sighting };
    shop.ask(Actor::System, command).await.unwrap().payment().unwrap()
}

#[tokio::test]
async fn a_payment_that_one_source_has_waits_for_the_second_and_settles_once() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let payment = book_seen(&shop, &invoice, seen(1, 0)).await;
    assert_eq!(payment.outcome, exception(ExceptionReason::Unconfirmed));
    shop.pass(901);
    shop.read_chain().await; // past the deadline: no lapse while it waits
    shop.tick(1).await;
    assert_eq!(shop.state(1).await, NumberState::Reserved);
    let still = confirm(&shop, payment.tx, seen(1, 0)).await;
    assert_eq!((still.outcome, still.version), (exception(ExceptionReason::Unconfirmed), 1));

    let settled = confirm(&shop, payment.tx, seen(2, 0)).await;
    assert_eq!((settled.outcome, settled.version), (Outcome::Settled, 2));
    let rental = shop.rental(1).await;
    for sighting in [seen(2, 0), seen(1, 0), seen(0, 2)] {
        assert_eq!(confirm(&shop, payment.tx, sighting).await.outcome, Outcome::Settled);
    }
    assert_eq!(shop.rental(1).await, rental);
}

#[tokio::test]
async fn a_payment_that_nobody_doubts_is_not_held_up_by_one_in_doubt() {
    let shop = TestShop::open().await;
    for (n, first) in [(1, seen(1, 0)), (2, seen(1, 1))] {
        let invoice = shop.open_rent(n, 7).await.unwrap();
        let doubted = book_seen(&shop, &invoice, first).await;
        assert_eq!(book_seen(&shop, &invoice, seen(2, 0)).await.outcome, Outcome::Settled);
        let rental = shop.rental(n).await;
        assert_eq!(
            book_seen(&shop, &invoice, seen(2, 0)).await.outcome,
            exception(ExceptionReason::Duplicate)
        );
        let later = confirm(&shop, doubted.tx, seen(2, 0)).await.outcome;
        let reason = if n == 1 { ExceptionReason::Duplicate } else { ExceptionReason::Disputed };
        assert_eq!(later, exception(reason), "it is too late, or nobody believes it");
        let apply = Command::ApplyPayment { tx: doubted.tx, invoice: None };
        assert_eq!(refusal(shop.admin(apply).await), DomainError::InvoiceSettled);
        shop.admin(Command::WriteOffPayment { tx: doubted.tx }).await.unwrap();
        assert_eq!(shop.rental(n).await, rental);
    }
}

#[tokio::test]
async fn of_two_payments_in_doubt_the_one_that_is_confirmed_first_settles() {
    let shop = TestShop::open().await;
    for (n, which) in [(1, 0), (2, 1)] {
        let invoice = shop.open_rent(n, 7).await.unwrap();
        let both =
            [book_seen(&shop, &invoice, seen(1, 0)).await, book_seen(&shop, &invoice, seen(1, 0)).await];
        assert_eq!(confirm(&shop, both[which].tx, seen(2, 0)).await.outcome, Outcome::Settled);
        let other = confirm(&shop, both[1 - which].tx, seen(2, 0)).await;
        assert_eq!(other.outcome, exception(ExceptionReason::Duplicate));
    }
    // The first was written off: the second settles all the same while the invoice is open.
    let invoice = shop.open_rent(3, 7).await.unwrap();
    let first = book_seen(&shop, &invoice, seen(1, 0)).await;
    let second = book_seen(&shop, &invoice, seen(1, 0)).await;
    shop.admin(Command::WriteOffPayment { tx: first.tx }).await.unwrap();
    assert_eq!(confirm(&shop, second.tx, seen(2, 0)).await.outcome, Outcome::Settled);
}

#[tokio::test]
async fn a_disputed_payment_settles_only_by_the_operator() {
    let shop = TestShop::open().await;
    let at_once = shop.open_rent(1, 7).await.unwrap();
    let payment = book_seen(&shop, &at_once, seen(1, 1)).await;
    assert_eq!(payment.outcome, exception(ExceptionReason::Disputed));

    let later = shop.open_rent(2, 7).await.unwrap();
    let waits = book_seen(&shop, &later, seen(1, 0)).await;
    let disputed = confirm(&shop, waits.tx, seen(1, 1)).await;
    assert_eq!(disputed.outcome, exception(ExceptionReason::Disputed));
    let again = confirm(&shop, waits.tx, seen(2, 0)).await;
    assert_eq!(again.outcome, exception(ExceptionReason::Disputed), "nobody believes them any more");
    shop.pass(901);
    shop.read_chain().await;
    shop.tick(2).await;
    assert_eq!(shop.state(2).await, NumberState::Reserved, "nothing is released by guess");

    let apply = Command::ApplyPayment { tx: waits.tx, invoice: None };
    let applied = shop.admin(apply).await.unwrap().payment().unwrap();
    assert_eq!(applied.outcome, Outcome::Applied { reason: ExceptionReason::Disputed });
    assert_eq!(shop.state(2).await, NumberState::Rented);
    shop.admin(Command::WriteOffPayment { tx: payment.tx }).await.unwrap();
    assert!(shop.tick(1).await, "nothing waits any more, so the reservation ends");
    assert_eq!(shop.state(1).await, NumberState::Available);
}

#[tokio::test]
async fn small_payments_need_no_second_source_unless_it_contradicts() {
    let policy = Policy { cross_check_above: Nanotons::from_ton(10).unwrap(), ..Policy::default() };
    let shop = TestShop::with_policy(policy).await;
    let (one, two) = (shop.open_rent(1, 7).await.unwrap(), shop.open_rent(2, 7).await.unwrap());
    assert_eq!(one.amount, ton("10"), "exactly the figure");
    assert_eq!(book_seen(&shop, &one, seen(1, 0)).await.outcome, Outcome::Settled);
    let disputed = book_seen(&shop, &two, seen(1, 1)).await;
    assert_eq!(disputed.outcome, exception(ExceptionReason::Disputed));
    let sole = Sighting { sources: 1, confirmed: 0, denied: 0 };
    let three = shop.open_rent(3, 7).await.unwrap();
    assert_eq!(book_seen(&shop, &three, sole).await.outcome, Outcome::Settled, "there is nobody to ask");
}

#[tokio::test]
async fn what_fits_no_invoice_is_kept_for_its_own_reason_whoever_has_it() {
    let shop = TestShop::open().await;
    let incoming = shop.coin(ton("1"), "hello");
    let command = Command::Book { incoming, unreadable: false, sighting: seen(1, 1) };
    let stray = shop.ask(Actor::System, command).await.unwrap().payment().unwrap();
    assert_eq!(stray.outcome, exception(ExceptionReason::UnknownPayload));
}

#[tokio::test]
async fn an_unconfirmed_payment_for_a_locked_number_waits_for_both() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let (name, token) = (LeaseName::Number(number(1)), LeaseToken::from_entropy([1; 16]));
    shop.store.acquire(&name, &token, Seconds(3600)).await.unwrap().unwrap();
    let payment = book_seen(&shop, &invoice, seen(1, 0)).await;
    assert_eq!(payment.outcome, exception(ExceptionReason::Unconfirmed));
    let command = Command::ConfirmPayment { tx: payment.tx, sighting: seen(2, 0) };
    let refused = refusal(shop.ask(Actor::System, command).await);
    assert!(matches!(refused, DomainError::NumberLocked { .. }));
    assert!(shop.store.release(&name, &token).await.unwrap());
    shop.tick(1).await;
    assert_eq!(shop.state(1).await, NumberState::Reserved, "a tick confirms nothing");
    assert_eq!(confirm(&shop, payment.tx, seen(2, 0)).await.outcome, Outcome::Settled);
}

#[tokio::test]
async fn the_operator_has_the_chain_read_again_and_nothing_is_booked_twice() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let coin = shop.coin(invoice.amount, invoice.payload.as_str());
    let before = shop.service.shop().await.unwrap().chains.of(Currency::Ton);
    let to = ChainState { cursor: ChainCursor { lt: 500, hash: Some(TxHash([5; 32])) }, ..before };
    shop.ask(Actor::System, Command::AdvanceChain { from: before.cursor, to }).await.unwrap();
    let booked = shop.book(coin.clone()).await;

    let reread = |from_lt| Command::RereadChain { currency: Currency::Ton, from_lt };
    assert_eq!(refusal(shop.ask(actor(7), reread(1)).await), DomainError::Denied);
    let ahead = refusal(shop.admin(reread(500)).await);
    assert_eq!(ahead, DomainError::ChainNotRead { read_to_lt: 500 });
    shop.admin(reread(7)).await.unwrap();
    let after = shop.service.shop().await.unwrap().chains.of(Currency::Ton);
    assert_eq!(after, ChainState { cursor: ChainCursor { lt: 7, hash: None }, ..to });
    assert_eq!(shop.book(coin).await, booked);
}
