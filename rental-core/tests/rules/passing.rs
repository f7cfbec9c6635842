//! What the passing of time does.

use rental_core::*;

use crate::shop::*;

#[tokio::test]
async fn a_number_comes_back_at_the_end_of_its_term() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    for (after, state) in [
        (30 * DAY - 1, NumberState::Rented),
        (1, NumberState::Grace),
        (DAY - 1, NumberState::Grace),
        (1, NumberState::Turnover),
        (599, NumberState::Turnover),
        (1, NumberState::Available),
    ] {
        shop.pass(after);
        assert_eq!(shop.state(1).await, state, "before the sweeper");
        shop.tick(1).await;
        assert_eq!(shop.stored(1).await.state(), state, "after the sweeper");
    }
    assert!(shop.account(7).await.numbers.is_empty());
    let wanted = [HistoryKind::Added, HistoryKind::Rented, HistoryKind::Expired, HistoryKind::Ended];
    assert_eq!(shop.history(1).await, wanted);
}

#[tokio::test]
async fn after_a_long_downtime_one_tick_catches_up_completely() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    shop.pass(365 * DAY);
    assert_eq!(shop.state(1).await, NumberState::Available);
    shop.rent(1, 8).await; // nobody has ticked
    assert!(shop.account(7).await.numbers.is_empty());
    assert_eq!(shop.rental(1).await.holder, customer(8));
}

#[tokio::test]
async fn a_manual_turnover_waits_for_the_operator() {
    let shop = TestShop::with_policy(Policy { turnover: None, ..Policy::default() }).await;
    shop.rent(1, 7).await;
    shop.pass(400 * DAY);
    shop.tick(1).await;
    assert_eq!(refusal(shop.open_rent(1, 8).await), DomainError::NumberInTurnover);
    assert_eq!(shop.stored(1).await.deadline, None);
    shop.admin(Command::Restore { number: number(1) }).await.unwrap();
    shop.open_rent(1, 8).await.unwrap();
}

#[tokio::test]
async fn a_reservation_ends_only_when_the_chain_is_read_past_its_deadline() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    shop.pass(900);
    shop.read_chain().await;
    shop.pass(5000);
    assert!(!shop.tick(1).await);
    assert_eq!(shop.invoice(invoice.id).await.status, InvoiceStatus::Open);
    shop.read_chain().await;
    assert_eq!(shop.state(1).await, NumberState::Available);
    assert!(shop.tick(1).await);
    assert_eq!(shop.invoice(invoice.id).await.status.name(), "expired");
    assert!(shop.account(7).await.open_invoices.is_empty());
    shop.open_rent(1, 8).await.unwrap();
}

#[tokio::test]
async fn each_notice_is_given_once_and_missed_ones_are_dropped() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let notices = async || {
        let events = shop.events().await;
        let notices = events.into_iter().filter_map(|event| match event.kind {
            EventKind::RentalReminder { notice, .. } => Some(notice.0 / 3600),
            _ => None,
        });
        notices.collect::<Vec<_>>()
    };
    shop.pass(27 * DAY - 1);
    assert!(!shop.tick(1).await);
    shop.pass(1);
    assert!(shop.tick(1).await);
    assert!(!shop.tick(1).await);
    assert_eq!(notices().await, [72]);
    shop.pass(2 * DAY + 19 * 3600); // down over the 24 h notice
    shop.tick(1).await;
    assert_eq!(notices().await, [72, 6]);
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    shop.pay(&renewal).await;
    shop.pass(30 * DAY);
    shop.tick(1).await;
    assert_eq!(notices().await, [72, 6, 6]);
}

#[tokio::test]
async fn due_numbers_are_found_by_their_deadline_alone() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    assert_eq!(shop.store.due(None, 10).await.unwrap(), []);
    let first = shop.stored(1).await.deadline.unwrap();
    assert_eq!(first, shop.now() + Seconds(27 * DAY));
    shop.clock.set(first);
    let due = shop.store.due(None, 10).await.unwrap();
    assert_eq!(due, [Due { deadline: first, number: number(1) }]);
    shop.tick(1).await;
    assert_eq!(shop.store.due(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_pending_deletion_is_not_rentable_until_it_is_through() {
    let shop = TestShop::open().await;
    let until = shop.now() + Seconds(7 * DAY);
    shop.admin(Command::AwaitDeletion { number: number(1), until }).await.unwrap();
    assert_eq!(refusal(shop.open_rent(1, 7).await), DomainError::NumberPendingDeletion);
    shop.pass(7 * DAY - 1);
    assert_eq!(refusal(shop.open_rent(1, 7).await), DomainError::NumberPendingDeletion);
    shop.pass(1);
    assert_eq!(shop.store.due(None, 10).await.unwrap().len(), 1);
    shop.open_rent(1, 7).await.unwrap();
}
