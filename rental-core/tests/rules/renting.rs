//! Opening and cancelling invoices.

use rental_core::*;

use crate::shop::*;

#[tokio::test]
async fn an_invoice_locks_number_price_and_deadline() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    assert_eq!(invoice.amount, ton("10"));
    assert_eq!(invoice.expires_at, shop.now() + Seconds(900));
    assert_eq!(invoice.status, InvoiceStatus::Open);
    assert_eq!(invoice.version, 1);
    assert_eq!(shop.state(1).await, NumberState::Reserved);
    assert_eq!(shop.account(7).await.open_invoices.len(), 1);
}

#[tokio::test]
async fn the_loser_of_a_race_is_told_which_rule() {
    let shop = TestShop::open().await;
    shop.open_rent(1, 7).await.unwrap();
    assert_eq!(refusal(shop.open_rent(1, 8).await), DomainError::NumberReserved);
    assert_eq!(refusal(shop.open_rent(1, 7).await), DomainError::NumberReserved);
    shop.rent(2, 7).await;
    assert_eq!(refusal(shop.open_rent(2, 8).await), DomainError::NumberRented);
}

#[tokio::test]
async fn unknown_numbers_and_terms_are_refused_and_change_nothing() {
    let shop = TestShop::open().await;
    let before = shop.stored(1).await;
    let ask = |n, term| Command::OpenRent {
        number: number(n),
        term: days(term),
        customer: customer(7),
        currency: Currency::Ton,
    };
    assert_eq!(refusal(shop.ask(actor(7), ask(99, 30)).await), DomainError::NumberUnknown);
    assert_eq!(refusal(shop.ask(actor(7), ask(1, 31)).await), DomainError::PlanUnknown);
    assert_eq!(shop.stored(1).await, before);
    assert_eq!(shop.account(7).await.version, 0);
}

#[tokio::test]
async fn nobody_opens_or_cancels_for_somebody_else() {
    let shop = TestShop::open().await;
    let command = Command::OpenRent {
        number: number(1),
        term: days(30),
        customer: customer(8),
        currency: Currency::Ton,
    };
    assert_eq!(refusal(shop.ask(actor(7), command).await), DomainError::Denied);
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let cancel = Command::CancelInvoice { invoice: invoice.id };
    assert_eq!(refusal(shop.ask(actor(8), cancel.clone()).await), DomainError::InvoiceUnknown);
    let integrator = Actor::Integrator("demo".parse().unwrap());
    assert_eq!(refusal(shop.ask(integrator, cancel).await), DomainError::InvoiceUnknown);
    assert!(shop.service.invoice(&actor(8), invoice.id).await.is_err());
}

#[tokio::test]
async fn a_cancelled_invoice_frees_the_number_at_once() {
    let shop = TestShop::open().await;
    let invoice = shop.open_rent(1, 7).await.unwrap();
    let cancel = Command::CancelInvoice { invoice: invoice.id };
    let cancelled = shop.ask(actor(7), cancel.clone()).await.unwrap().invoice().unwrap();
    assert_eq!(cancelled.status.name(), "cancelled");
    assert_eq!(shop.state(1).await, NumberState::Available);
    assert!(shop.account(7).await.open_invoices.is_empty());
    assert_eq!(refusal(shop.ask(actor(7), cancel).await), DomainError::InvoiceCancelled);
    shop.open_rent(1, 8).await.unwrap();
}

#[tokio::test]
async fn a_paid_invoice_cannot_be_cancelled() {
    let shop = TestShop::open().await;
    let invoice = shop.rent(1, 7).await;
    let refused = refusal(shop.ask(actor(7), Command::CancelInvoice { invoice: invoice.id }).await);
    assert_eq!(refused, DomainError::InvoiceSettled);
    assert_eq!(shop.state(1).await, NumberState::Rented);
}

#[tokio::test]
async fn one_renewal_is_open_at_a_time() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    assert_eq!(renewal.kind, InvoiceKind::Renew);
    let refused = refusal(shop.open_renewal(1, 7).await);
    assert_eq!(refused, DomainError::RenewalOpen { invoice: renewal.id });
    assert_eq!(refusal(shop.open_renewal(1, 8).await), DomainError::RentalUnknown);
    assert_eq!(refusal(shop.open_renewal(2, 7).await), DomainError::RentalUnknown);
    shop.ask(actor(7), Command::CancelInvoice { invoice: renewal.id }).await.unwrap();
    shop.open_renewal(1, 7).await.unwrap();
}

#[tokio::test]
async fn a_rental_cannot_be_renewed_beyond_ten_years() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let plans = vec!["3650d=1".parse().unwrap(), "30d=10".parse().unwrap()];
    shop.admin(Command::SetPlans { number: number(1), plans }).await.unwrap();
    let command = Command::OpenRenewal { number: number(1), term: days(3650), currency: Currency::Ton };
    assert_eq!(refusal(shop.ask(actor(7), command).await), DomainError::TermTooLong);
    let refused = refusal(shop.admin(Command::Extend { number: number(1), term: days(3650) }).await);
    assert_eq!(refused, DomainError::TermTooLong);
}

#[tokio::test]
async fn an_idempotency_key_acts_once_and_refuses_another_request() {
    let shop = TestShop::open().await;
    let demo: IntegratorId = "demo".parse().unwrap();
    let alice = CustomerId::of_integrator(&demo, "alice").unwrap();
    let request = |n: u64, body: &[u8]| Request {
        idempotency: IdempotencyKey::new(demo.clone(), "key-1", &[body]),
        ..Request::new(
            Actor::Integrator(demo.clone()),
            Command::OpenRent {
                number: number(n),
                term: days(30),
                customer: alice.clone(),
                currency: Currency::Ton,
            },
        )
    };
    let first = shop.service.execute(request(1, b"one")).await.unwrap();
    let again = shop.service.execute(request(1, b"one")).await.unwrap();
    assert!(!first.replayed && again.replayed && !again.changed);
    assert_eq!(first.effect, again.effect);
    let other = shop.service.execute(request(2, b"two")).await;
    assert_eq!(other, Err(ServiceError::IdempotencyMismatch));
    assert_eq!(shop.state(2).await, NumberState::Available);
    shop.pass(IDEMPOTENCY_KEPT.0 + 1);
    assert!(!shop.service.execute(request(2, b"two")).await.unwrap().replayed);
}
