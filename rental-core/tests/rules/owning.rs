//! Numbers whose NFT is not the operator's.

use rental_core::*;

use crate::shop::*;

fn ours() -> Ownership {
    Ownership::Ours { wallet: "0:88".to_owned() }
}

fn sold() -> Ownership {
    Ownership::Foreign { owner: Some("0:ee".to_owned()) }
}

fn auction(bidder: Option<&str>) -> Ownership {
    Ownership::Auction { bidder: bidder.map(str::to_owned) }
}

impl TestShop {
    /// The chain's word about number `n`, as the periodic check notes it.
    async fn note(&self, n: u64, ownership: Ownership) {
        let command = Command::NoteOwnership { number: number(n), ownership };
        self.ask(Actor::System, command).await.unwrap();
    }

    /// The names of the events about the numbers' NFTs, oldest first.
    async fn news(&self) -> Vec<&'static str> {
        let names = self.events().await.into_iter().map(|event| event.kind.name());
        names.filter(|name| ["number.lost", "number.regained"].contains(name)).collect()
    }
}

#[tokio::test]
async fn a_number_that_is_not_ours_is_not_offered_until_it_is_ours_again() {
    let shop = TestShop::open().await;
    for gone in [sold(), auction(None), auction(Some("0:ee")), Ownership::NotMinted] {
        shop.note(1, gone.clone()).await;
        assert_eq!(shop.state(1).await, NumberState::Lost, "{gone:?}");
        assert_eq!(refusal(shop.open_rent(1, 7).await), DomainError::NumberLost);
        let restore = Command::Restore { number: number(1) };
        assert_eq!(refusal(shop.admin(restore).await), DomainError::NumberLost);
    }
    shop.note(1, ours()).await;
    assert_eq!(shop.state(1).await, NumberState::Available);
    shop.open_rent(1, 7).await.unwrap();
    assert_eq!(shop.news().await, ["number.lost", "number.lost", "number.lost", "number.regained"]);
    assert!(shop.history(1).await.ends_with(&[HistoryKind::Lost, HistoryKind::Regained]));
}

#[tokio::test]
async fn a_check_that_finds_nothing_new_tells_nobody_but_is_noted() {
    let shop = TestShop::open().await;
    let events = shop.events().await.len();
    shop.note(1, ours()).await;
    shop.pass(60);
    shop.note(1, ours()).await;
    assert_eq!(shop.stored(1).await.proof.unwrap().checked_at, shop.now());
    shop.note(2, auction(Some("0:e1"))).await;
    shop.note(2, auction(Some("0:e2"))).await;
    assert_eq!(shop.events().await.len(), events + 1);
    let audit = shop.service.audit(&admin(), &PageRequest::first(1)).await.unwrap().items.remove(0);
    assert_eq!((audit.action.as_str(), audit.detail.as_deref()), ("number.lost", Some("auction")));
}

#[tokio::test]
async fn an_unpaid_invoice_is_withdrawn_before_somebody_pays_it() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    shop.note(1, sold()).await;
    assert_eq!(shop.invoice(invoice.id).await.status, InvoiceStatus::Cancelled { at: shop.now() });
    assert_eq!(shop.state(1).await, NumberState::Lost);
    assert!(shop.account(7).await.open_invoices.is_empty());
    let paid = shop.pay(&invoice).await;
    assert_eq!(paid.outcome, Outcome::Exception { reason: ExceptionReason::Cancelled });
    // Not even the operator can give the number away now; once it is back, the payment can be applied.
    let apply = || shop.admin(Command::ApplyPayment { tx: paid.tx, invoice: None });
    assert_eq!(refusal(apply().await), DomainError::NumberGone { number: number(1) });
    shop.note(1, ours()).await;
    assert_eq!(
        apply().await.unwrap().payment().unwrap().outcome,
        Outcome::Applied { reason: ExceptionReason::Cancelled }
    );
}

#[tokio::test]
async fn a_holder_keeps_the_number_to_the_end_and_cannot_buy_more() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    shop.note(1, sold()).await;
    assert_eq!(shop.invoice(renewal.id).await.status.name(), "cancelled");
    assert_eq!(shop.state(1).await, NumberState::Rented);
    assert_eq!(refusal(shop.open_renewal(1, 7).await), DomainError::NumberLost);
    shop.note(1, ours()).await;
    shop.open_renewal(1, 7).await.unwrap();
    shop.note(1, sold()).await;
    shop.pass(90 * DAY);
    assert_eq!(shop.state(1).await, NumberState::Lost);
    shop.tick(1).await;
    assert!(
        !shop
            .events()
            .await
            .iter()
            .any(|event| event.kind == EventKind::NumberAvailable && event.at == shop.now())
    );
}

#[tokio::test]
async fn what_was_paid_while_the_number_was_locked_is_kept_when_the_number_is_gone() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let coin = shop.coin(invoice.amount, invoice.payload.as_str());
    let command = Command::BookWaiting { incoming: coin.clone(), sighting: Sighting::SOLE };
    shop.ask(Actor::System, command).await.unwrap();
    shop.note(1, sold()).await;
    let payment = shop.service.payment(&admin(), coin.tx).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Exception { reason: ExceptionReason::NumberGone });
    assert_eq!(shop.invoice(invoice.id).await.status.name(), "cancelled");
    assert_eq!(shop.state(1).await, NumberState::Lost);
}

#[tokio::test]
async fn withdrawing_and_losing_a_number_are_two_things() {
    let shop = TestShop::open().await;
    shop.admin(Command::Withdraw { number: number(1) }).await.unwrap();
    shop.note(1, sold()).await;
    assert_eq!(shop.state(1).await, NumberState::Withdrawn);
    shop.note(1, ours()).await;
    assert_eq!(shop.state(1).await, NumberState::Withdrawn);
    shop.admin(Command::Restore { number: number(1) }).await.unwrap();
    assert_eq!(shop.state(1).await, NumberState::Available);
}

#[tokio::test]
async fn only_the_programs_and_operators_say_whose_a_number_is() {
    let shop = TestShop::open().await;
    let command = || Command::NoteOwnership { number: number(1), ownership: sold() };
    for actor in [actor(7), Actor::Integrator("demo".parse().unwrap())] {
        assert_eq!(refusal(shop.ask(actor, command()).await), DomainError::Denied);
    }
    let unknown = Command::NoteOwnership { number: number(99), ownership: ours() };
    assert_eq!(refusal(shop.admin(unknown).await), DomainError::NumberUnknown);
    shop.admin(Command::NoteOwnership { number: number(1), ownership: ours() }).await.unwrap();
    let audit = shop.service.audit(&admin(), &PageRequest::first(1)).await.unwrap().items.remove(0);
    assert_eq!((audit.action.as_str(), audit.detail.as_deref()), ("number.verify", Some("ours")));
}
