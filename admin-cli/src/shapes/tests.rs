use rental_core::{FakeGateway, InvoiceStatus, Seconds};
use serde::Serialize;

use super::*;
use crate::output::{self, Format};
use crate::testing::{account, invoice, number, payment, rented, start};

fn json<T: Serialize>(shape: &T) -> String {
    serde_json::to_string_pretty(shape).expect("shapes serialize")
}

#[test]
fn numbers() {
    insta::assert_snapshot!(json(&NumberShape::from(&number())));
    insta::assert_snapshot!(json(&NumberShape::from(&rented())));
}

#[test]
fn a_withdrawn_number_and_one_that_waits_for_its_deletion_say_so() {
    let mut record = rented();
    record.listing = Listing::Withdrawn;
    let shape = NumberShape::from(&record);
    assert_eq!((shape.state, shape.listing), ("rented", "withdrawn"));

    let until = start() + Seconds(60);
    let record = NumberRecord { listing: Listing::PendingDeletion { until }, ..number() };
    let shape = NumberShape::from(&record);
    assert_eq!(shape.state, "pending_deletion");
    assert_eq!(shape.until.map(|until| until.0), Some(until));
}

#[test]
fn rentals() {
    assert!(RentalShape::of(&number()).is_none());
    insta::assert_snapshot!(json(&RentalShape::of(&rented())));
    let rental = rented().rental().expect("it is held").clone();
    let until = rental.expires_at + Seconds(60);
    let record = NumberRecord { holding: Holding::Grace { rental, until }, ..number() };
    let shape = RentalShape::of(&record).expect("it is held");
    assert_eq!((shape.state, shape.grace_until.map(|until| until.0)), ("grace", Some(until)));
}

#[test]
fn invoices() {
    let gateway = FakeGateway::new();
    insta::assert_snapshot!(json(&InvoiceShape::new(&invoice(), &gateway)));
    let expired = Invoice { status: InvoiceStatus::Expired { at: start() }, ..invoice() };
    let shape = InvoiceShape::new(&expired, &gateway);
    assert_eq!(shape.status, "expired");
    assert!(shape.links.is_none(), "nobody should pay it");
}

#[test]
fn payments() {
    insta::assert_snapshot!(json(&PaymentShape::from(&payment())));
    for (comment, kind) in [
        (Comment::None, "none"),
        (Comment::Encrypted, "encrypted"),
        (Comment::Binary("ff".to_owned()), "binary"),
        (Comment::Malformed, "malformed"),
    ] {
        let shape = PaymentShape::from(&Payment { comment, ..payment() });
        assert_eq!((shape.comment_kind, shape.comment), (kind, None));
    }
}

#[test]
fn customers() {
    insta::assert_snapshot!(json(&CustomerShape::from(&account())));
}

#[test]
fn every_row_has_a_cell_for_every_column() {
    fn check<T: Shape>(shape: &T) {
        assert_eq!(T::columns().len(), shape.cells().len(), "{}", std::any::type_name::<T>());
    }
    check(&NumberShape::from(&number()));
    check(&RentalShape::of(&rented()).expect("it is held"));
    check(&InvoiceShape::new(&invoice(), &FakeGateway::new()));
    check(&PaymentShape::from(&payment()));
    check(&CustomerShape::from(&account()));
}

#[test]
fn tables_and_csv() {
    let page = rental_core::Page {
        items: vec![NumberShape::from(&number()), NumberShape::from(&rented())],
        next: None,
    };
    for format in [Format::Table, Format::Csv] {
        let mut out = Vec::new();
        output::list(&mut out, format, &page).expect("memory takes everything");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"));
    }
}

#[test]
fn sums_are_exact() {
    assert_eq!(sum_of(Currency::Ton, 0), "0 TON");
    assert_eq!(sum_of(Currency::Ton, 10_500_000_000), "10.5 TON");
    assert_eq!(sum_of(Currency::Ton, u128::from(u64::MAX) * 1000 + 1), "18446744073709.551615001 TON");
    assert_eq!(sum_of(Currency::Usdt, 25_500_000), "25.5 USDT");
}
