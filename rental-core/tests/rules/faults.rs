//! What went wrong in earlier rental software, replayed. `docs/known-faults.md` says where each fault's test is.

use std::sync::Arc;

use rental_core::*;

use crate::shop::*;

#[tokio::test]
async fn fault_01_a_renewal_counts_from_the_present_end_to_the_second() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let start = shop.rental(1).await.started_at;
    shop.pass(20 * DAY + 1234);
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    shop.pay(&renewal).await;
    assert_eq!(shop.rental(1).await.expires_at, start + Seconds(60 * DAY));
    for _ in 0..3 {
        shop.pass(59 * 60 + 59);
        let renewal = shop.open_renewal(1, 7).await.unwrap();
        shop.pay(&renewal).await;
    }
    assert_eq!(shop.rental(1).await.expires_at, start + Seconds(150 * DAY));
}

#[tokio::test]
async fn fault_02_a_former_holder_and_a_forger_can_do_and_see_nothing() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    shop.pass(32 * DAY);
    shop.rent(1, 8).await;
    for who in [7, 9] {
        assert!(shop.service.rental(&actor(who), number(1)).await.is_err());
        for command in [
            Command::OpenRenewal { number: number(1), term: days(30), currency: Currency::Ton },
            Command::OfferTransfer { number: number(1), to: None },
            Command::WithdrawTransfer { number: number(1) },
        ] {
            assert_eq!(refusal(shop.ask(actor(who), command).await), DomainError::RentalUnknown);
        }
        let seen = shop.service.history(&actor(who), number(1), &PageRequest::first(10)).await.unwrap();
        assert!(seen.items.iter().all(|entry| entry.customer != Some(customer(8))));
    }
}

#[tokio::test]
async fn fault_03_a_transfer_is_one_commit() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let offer = shop.ask(actor(7), Command::OfferTransfer { number: number(1), to: None }).await.unwrap();
    let Effect::Offer { token, .. } = offer.effect else { panic!("an offer") };
    let command = Command::AcceptTransfer {
        offer: token.parse::<TransferToken>().unwrap().into(),
        customer: customer(8),
    };
    let state = shop.store.load(&load_for(&actor(8), &command)).await.unwrap();
    let seed = Seed { id: Ulid::from_parts(1, 1), entropy: [0; 32] };
    let envelope = Envelope { actor: actor(8), command, seed, reason: None, lease: None };
    let changes = decide(&state, &envelope, state.now).unwrap().changes;
    assert_eq!(changes.number.as_ref().unwrap().rental().unwrap().holder, customer(8));
    assert_eq!(changes.accounts.len(), 2);
    assert_eq!(changes.history.len(), 1);
    assert!(changes.number.unwrap().deadline.is_some(), "it stays in the index of deadlines");
}

#[tokio::test]
async fn fault_04_a_renewal_moves_the_deadline() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    shop.pass(29 * DAY);
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    shop.pay(&renewal).await;
    shop.pass(2 * DAY);
    shop.tick(1).await;
    assert_eq!(shop.state(1).await, NumberState::Rented);
    assert!(shop.stored(1).await.deadline.unwrap() > shop.now());
}

#[tokio::test]
async fn fault_05_a_commit_on_a_number_that_has_changed_is_decided_again() {
    let shop = TestShop::open().await;
    let open = |who| Command::OpenRent {
        number: number(1),
        term: days(30),
        customer: customer(who),
        currency: Currency::Ton,
    };
    let stale = shop.store.load(&load_for(&actor(8), &open(8))).await.unwrap();
    shop.rent(1, 7).await;
    let seed = Seed { id: Ulid::from_parts(1, 1), entropy: [0; 32] };
    let envelope = Envelope { actor: actor(8), command: open(8), seed, reason: None, lease: None };
    let changes = decide(&stale, &envelope, stale.now).unwrap().changes;
    assert!(matches!(shop.store.commit(&changes).await.unwrap(), Commit::Conflict { .. }));
    assert_eq!(shop.rental(1).await.holder, customer(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_06_and_10_one_payment_seen_by_many_watchers_counts_once() {
    let shop = Arc::new(TestShop::open().await);
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let coin = shop.coin(invoice.amount, invoice.payload.as_str());
    let watchers: Vec<_> = (0..32)
        .map(|_| {
            let (shop, coin) = (shop.clone(), coin.clone());
            tokio::spawn(async move {
                let command = Command::Book { incoming: coin, unreadable: false, sighting: Sighting::SOLE };
                shop.ask(Actor::System, command).await.unwrap()
            })
        })
        .collect();
    let mut booked = 0;
    for watcher in watchers {
        booked += usize::from(watcher.await.unwrap().changed);
    }
    assert_eq!(booked, 1);
    assert_eq!(shop.store.totals().await.unwrap().booked(Currency::Ton), u128::from(invoice.amount.units()));
    assert_eq!(shop.rental(1).await.expires_at, shop.now() + Seconds(30 * DAY));
}

#[tokio::test]
async fn fault_07_the_invoice_keeps_its_price() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    shop.admin(Command::SetPlans { number: number(1), plans: vec!["30d=99".parse().unwrap()] })
        .await
        .unwrap();
    assert_eq!(shop.invoice(invoice.id).await.amount, ton("10"));
    assert_eq!(shop.pay(&invoice).await.outcome, Outcome::Settled);
}

#[tokio::test]
async fn fault_08_an_exact_payment_is_exact() {
    let shop = TestShop::open().await;
    // 0.1 + 0.2 is not 0.3 in binary floating point, and 9007199254.740993 TON is above 2^53 nanotons.
    for (n, price) in [(1, "0.3"), (2, "9007199254.740993"), (3, "0.000000001")] {
        let plans = vec![format!("30d={price}").parse().unwrap()];
        shop.admin(Command::SetPlans { number: number(n), plans }).await.unwrap();
        let invoice = shop.open_rent(n, 7).await.unwrap();
        assert_eq!(invoice.amount, ton(price));
        assert_eq!(shop.pay(&invoice).await.outcome, Outcome::Settled);
    }
}

#[tokio::test]
async fn fault_09_a_double_tap_opens_one_invoice() {
    let shop = TestShop::open().await;
    shop.open_rent(1, 7).await.unwrap();
    assert_eq!(refusal(shop.open_rent(1, 7).await), DomainError::NumberReserved);
    assert_eq!(shop.account(7).await.open_invoices.len(), 1);
}

#[tokio::test]
async fn fault_11_every_open_invoice_stays_payable() {
    let shop = TestShop::open().await;
    let first = shop.open_rent(1, 7).await.unwrap();
    let second = shop.open_rent(2, 7).await.unwrap();
    assert_eq!(shop.pay(&first).await.outcome, Outcome::Settled);
    assert_eq!(shop.pay(&second).await.outcome, Outcome::Settled);
}

#[tokio::test]
async fn fault_12_a_paid_invoice_is_never_shown_as_cancelled() {
    let shop = TestShop::open().await;
    let invoice = shop.rent(1, 7).await;
    let cancel = Command::CancelInvoice { invoice: invoice.id };
    assert_eq!(refusal(shop.ask(actor(7), cancel).await), DomainError::InvoiceSettled);
    shop.pass(3600);
    shop.read_chain().await;
    shop.tick(1).await;
    assert_eq!(shop.invoice(invoice.id).await.status.name(), "settled");
}

#[tokio::test]
async fn fault_13_a_stale_price_button_opens_nothing_for_a_rented_number() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    assert_eq!(refusal(shop.open_rent(1, 8).await), DomainError::NumberRented);
    shop.admin(Command::SetPlans { number: number(2), plans: vec!["7d=3".parse().unwrap()] }).await.unwrap();
    assert_eq!(refusal(shop.open_rent(2, 8).await), DomainError::PlanUnknown);
}

#[tokio::test]
async fn fault_14_a_renewal_during_the_sweep_wins() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    shop.pass(31 * DAY); // grace is over: the sweeper has read this state
    let tick = Command::Tick { number: number(1) };
    shop.clock.set(shop.rental_end(1).await.minus(Seconds(1)));
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    let stale = shop.store.load(&load_for(&Actor::System, &tick)).await.unwrap();
    shop.pay(&renewal).await;
    let seed = Seed { id: Ulid::from_parts(1, 1), entropy: [0; 32] };
    let envelope = Envelope { actor: Actor::System, command: tick, seed, reason: None, lease: None };
    let late = shop.now() + Seconds(5 * DAY);
    let changes = decide(&stale, &envelope, late).unwrap().changes;
    assert!(matches!(shop.store.commit(&changes).await.unwrap(), Commit::Conflict { .. }));
    shop.pass(5 * DAY);
    shop.tick(1).await;
    assert_eq!(shop.state(1).await, NumberState::Rented);
}

#[tokio::test]
async fn fault_15_a_number_in_pending_deletion_is_not_rentable() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let until = shop.now() + Seconds(60 * DAY);
    shop.admin(Command::AwaitDeletion { number: number(1), until }).await.unwrap();
    shop.pass(40 * DAY); // the rental is over, the deletion is not
    assert_eq!(refusal(shop.open_rent(1, 8).await), DomainError::NumberPendingDeletion);
}

#[tokio::test]
async fn fault_21_a_removed_admin_is_out_at_once() {
    let shop = TestShop::open().await;
    let boss = Actor::Admin(AdminId::Telegram(5));
    shop.admin(Command::AddAdmin { user: 5 }).await.unwrap();
    shop.ask(boss.clone(), Command::Withdraw { number: number(1) }).await.unwrap();
    shop.ask(boss.clone(), Command::RemoveAdmin { user: 5 }).await.unwrap();
    assert_eq!(refusal(shop.ask(boss, Command::Withdraw { number: number(2) }).await), DomainError::Denied);
}

#[tokio::test]
async fn fault_23_no_secret_and_no_whole_number_is_shown_by_debug() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let offer = shop.ask(actor(7), Command::OfferTransfer { number: number(1), to: None }).await.unwrap();
    let Effect::Offer { token, .. } = &offer.effect else { panic!("an offer") };
    let token: TransferToken = token.parse().unwrap();
    let secret = ApiSecret::from_entropy([7; 32]);
    let lease = LeaseToken::from_entropy([7; 16]);
    let shown = format!("{token:?} {secret:?} {lease:?} {:?}", shop.stored(1).await);
    for hidden in [token.expose(), secret.expose(), lease.as_str().to_owned(), number(1).to_string()] {
        assert!(!shown.contains(&hidden), "{shown}");
    }
}

#[tokio::test]
async fn fault_26_only_the_whole_comment_and_the_whole_price_count_and_once() {
    let shop = TestShop::open().await;
    let one = shop.open_rent(1, 7).await.unwrap();
    let two = shop.open_rent(2, 7).await.unwrap();
    let both = format!("{} {}", one.payload, two.payload);
    let short = Amount::new(Currency::Ton, one.amount.units() / 100 * 98).unwrap();
    for (amount, comment) in [(ton("20"), both.as_str()), (short, one.payload.as_str())] {
        assert_eq!(shop.book(shop.coin(amount, comment)).await.outcome.name(), "exception");
    }
    assert_eq!(shop.state(1).await, NumberState::Reserved);
    assert_eq!(shop.state(2).await, NumberState::Reserved);
}
