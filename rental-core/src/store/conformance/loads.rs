//! What a load brings.

use super::super::{InvoiceRef, Load};
use super::{Harness, sample};
use crate::{Access, ChainState, Currency, CustomerId, Invoice, Payment, State};

fn by_invoice(invoice: &Invoice) -> Load {
    Load { invoice: Some(InvoiceRef::Id(invoice.id)), ..Load::default() }
}

fn by_payment(payment: &Payment) -> Load {
    Load { payment: Some(payment.tx), ..Load::default() }
}

fn account_ids(state: &State) -> Vec<String> {
    let mut ids: Vec<_> = state.accounts.iter().map(|account| account.id.to_string()).collect();
    ids.sort_unstable();
    ids
}

pub(super) async fn an_empty_store_answers_with_nothing(h: Harness) {
    let state = h
        .load(Load {
            number: Some(sample::number(1)),
            invoice: Some(InvoiceRef::Payload(sample::payload(1))),
            payment: Some(sample::tx(1)),
            accounts: vec![sample::customer("tg:1")],
            once: Some(sample::request("a")),
            access: true,
        })
        .await;
    let empty = State { now: h.now(), access: Some(Access::default()), ..State::default() };
    assert_eq!(state, empty);
    assert_eq!(state.chains.of(Currency::Usdt), ChainState::start(Currency::Usdt));
}

pub(super) async fn now_is_the_clock_of_the_store(h: Harness) {
    assert_eq!(h.load(sample::nothing()).await.now, h.now());
    h.pass(17);
    assert_eq!(h.load(sample::nothing()).await.now, h.now());
}

pub(super) async fn shop_and_chain_come_with_every_load_and_access_when_asked(h: Harness) {
    let (shop, access) = (sample::shop(), sample::access());
    let mut changes = sample::changes();
    changes.shop = Some(shop.clone());
    changes.access = Some(access.clone());
    changes.chain = Some(sample::chain_move(0, 1));
    h.write(changes).await;

    let state = h.load(sample::nothing()).await;
    assert_eq!((state.shop, state.chains.of(Currency::Ton)), (Some(shop), sample::chain(1)));
    assert_eq!(state.access, None);
    let asked = Load { access: true, ..Load::default() };
    assert_eq!(h.load(asked).await.access, Some(access));
}

/// A number reserved by an invoice that is paid; both customers have accounts.
async fn reserved_shop(h: &Harness, customer: &CustomerId) -> (Invoice, Payment) {
    let invoice = sample::invoice(1, sample::number(1), customer);
    let payment = sample::payment(1, Some(invoice.id));
    let mut changes = sample::number_changes(sample::reserved(&invoice));
    changes.invoices = vec![invoice.clone()];
    changes.payment = Some(payment.clone());
    changes.accounts = vec![sample::account(customer), sample::account(&sample::customer("tg:99"))];
    h.write(changes).await;
    (invoice, payment)
}

pub(super) async fn a_number_brings_its_open_invoice_and_the_account(h: Harness) {
    let customer = sample::customer("tg:1");
    let (invoice, _) = reserved_shop(&h, &customer).await;

    let state = h.load(sample::of_number(invoice.number)).await;
    assert_eq!(state.number, Some(sample::reserved(&invoice)));
    assert_eq!(state.invoices, [invoice]);
    assert_eq!(account_ids(&state), ["tg:1"]);
    assert_eq!(state.payment, None);
}

pub(super) async fn a_payment_brings_invoice_number_and_account(h: Harness) {
    let customer = sample::customer("tg:1");
    let (invoice, payment) = reserved_shop(&h, &customer).await;

    let state = h.load(by_payment(&payment)).await;
    assert_eq!(state.payment, Some(payment));
    assert_eq!(state.invoices, std::slice::from_ref(&invoice));
    assert_eq!(state.number, Some(sample::reserved(&invoice)));
    assert_eq!(account_ids(&state), ["tg:1"]);
}

pub(super) async fn an_invoice_is_found_by_id_and_by_payload(h: Harness) {
    let (invoice, _) = reserved_shop(&h, &sample::customer("tg:1")).await;
    let by_payload = Load { invoice: Some(InvoiceRef::Payload(invoice.payload.clone())), ..Load::default() };
    let state = h.load(by_payload).await;
    assert_eq!(state.invoices, std::slice::from_ref(&invoice));
    assert_eq!(state, h.load(by_invoice(&invoice)).await);
}

pub(super) async fn an_old_invoice_brings_the_open_one_of_its_number(h: Harness) {
    let (alice, bob) = (sample::customer("tg:1"), sample::customer("tg:2"));
    let (old, open) =
        (sample::invoice(1, sample::number(1), &alice), sample::invoice(2, sample::number(1), &bob));
    let mut changes = sample::number_changes(sample::reserved(&open));
    changes.invoices = vec![old.clone(), open.clone()];
    changes.accounts = vec![sample::account(&alice), sample::account(&bob)];
    h.write(changes).await;

    let state = h.load(by_invoice(&old)).await;
    assert_eq!(state.invoices, [old, open]);
    assert_eq!(account_ids(&state), ["tg:1", "tg:2"]);
}

pub(super) async fn a_rental_brings_its_renewal_and_its_holder(h: Harness) {
    let holder = sample::customer("api:demo:alice");
    let renewal = sample::invoice(1, sample::number(1), &holder);
    let record = sample::renewing(sample::rented(sample::number(1), &holder), &renewal);
    let mut changes = sample::number_changes(record.clone());
    changes.invoices = vec![renewal.clone()];
    changes.accounts = vec![sample::account(&holder)];
    h.write(changes).await;

    let state = h.load(sample::of_number(record.number)).await;
    assert_eq!(state.number, Some(record));
    assert_eq!(state.invoices, [renewal]);
    assert_eq!(account_ids(&state), ["api:demo:alice"]);
}

pub(super) async fn a_waiting_payment_comes_with_its_invoice(h: Harness) {
    let customer = sample::customer("tg:1");
    let waiting = sample::payment(7, None);
    let invoice = Invoice { waiting: Some(waiting.tx), ..sample::invoice(1, sample::number(1), &customer) };
    let other = sample::payment(8, None);
    let mut changes = sample::number_changes(sample::reserved(&invoice));
    changes.invoices = vec![invoice.clone()];
    changes.payment = Some(waiting.clone());
    h.write(changes).await;
    let mut changes = sample::changes();
    changes.payment = Some(other.clone());
    h.write(changes).await;

    let state = h.load(sample::of_number(invoice.number)).await;
    assert_eq!(state.payment, Some(waiting));
    let asked_for = Load { payment: Some(other.tx), ..by_invoice(&invoice) };
    assert_eq!(h.load(asked_for).await.payment, Some(other));
}

pub(super) async fn what_is_asked_for_comes_before_what_is_referred_to(h: Harness) {
    let (invoice, payment) = reserved_shop(&h, &sample::customer("tg:1")).await;
    let bob = sample::customer("tg:2");
    let other = sample::invoice(2, sample::number(2), &bob);
    let mut changes = sample::number_changes(sample::record(sample::number(2)));
    changes.invoices = vec![other.clone()];
    h.write(changes).await;

    let other_invoice = Load { invoice: Some(InvoiceRef::Id(other.id)), ..by_payment(&payment) };
    let state = h.load(other_invoice).await;
    assert_eq!(state.invoices, std::slice::from_ref(&other));
    assert_eq!(state.number.map(|record| record.number), Some(other.number));

    let other_number = Load { number: Some(other.number), ..by_invoice(&invoice) };
    let state = h.load(other_number).await;
    assert_eq!(state.number.map(|record| record.number), Some(other.number));
    assert_eq!(state.invoices, [invoice]);
}

pub(super) async fn accounts_come_once_and_only_those_that_exist(h: Harness) {
    let customer = sample::customer("tg:1");
    let (invoice, _) = reserved_shop(&h, &customer).await;
    let load = Load {
        accounts: vec![sample::customer("tg:99"), customer.clone(), sample::customer("tg:9"), customer],
        ..sample::of_number(invoice.number)
    };
    assert_eq!(account_ids(&h.load(load).await), ["tg:1", "tg:99"]);
}
