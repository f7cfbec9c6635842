use rental_core::{
    DomainError, Effect, ExceptionReason, MockRentals, Outcome, Page, Payment, Receipt, ServiceError,
};

use super::*;
use crate::failure::Exit;
use crate::output::Format;
use crate::testing::{at_desk, is_audited, payment};

fn pending() -> Payment {
    Payment {
        outcome: Outcome::RefundPending { reason: ExceptionReason::Underpaid, refund_tx: None },
        ..payment()
    }
}

fn refund() -> Verb {
    use clap::FromArgMatches;
    let command = <Verb as clap::Subcommand>::augment_subcommands(clap::Command::new("payments"));
    let matches = command.get_matches_from(["payments", "refund", &payment().tx.to_string()]);
    Verb::from_arg_matches(&matches).expect("a verb")
}

#[test]
fn a_list_asks_for_what_was_said() {
    let mut shop = MockRentals::new();
    shop.expect_payments()
        .withf(|_, query, page| query.outcome == Some("exception") && page.limit <= 50)
        .returning(|_, _, _| Ok(Page { items: vec![payment()], next: Some("next".to_owned()) }));
    let list = || {
        use clap::FromArgMatches;
        let command = <Verb as clap::Subcommand>::augment_subcommands(clap::Command::new("payments"));
        let matches = command.get_matches_from(["payments", "list", "--outcome", "exception"]);
        Verb::from_arg_matches(&matches).expect("a verb")
    };
    // The page is followed until fifty are there, so the mock is asked again and again.
    let ended = at_desk(&shop, Format::Json, false, async |desk| run(list(), desk).await);
    let json: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(json["data"].as_array().map(Vec::len), Some(50));
    assert_eq!((json["next_cursor"].as_str(), ended.err.as_str()), (Some("next"), ""));
    let ended = at_desk(&shop, Format::Table, false, async |desk| run(list(), desk).await);
    assert!(ended.err.contains("--cursor next"), "{}", ended.err);
}

#[test]
fn a_refund_prints_links_with_the_whole_amount() {
    let mut shop = MockRentals::new();
    shop.expect_execute()
        .withf(|request| is_audited(request) && matches!(request.command, Command::RefundPayment { .. }))
        .returning(|_| {
            Ok(Receipt { effect: Effect::Payment(Box::new(pending())), changed: true, replayed: false })
        });
    let ended = at_desk(&shop, Format::Json, false, async |desk| run(refund(), desk).await);
    assert_eq!(ended.result, Ok(()));
    insta::assert_snapshot!(ended.out);
    assert!(ended.err.contains("nothing was sent yet"), "{}", ended.err);
}

#[test]
fn links_are_shown_again_while_a_refund_is_pending_and_not_later() {
    let decided = || ServiceError::from(DomainError::PaymentDecided { outcome: "decided" });
    let mut shop = MockRentals::new();
    shop.expect_execute().returning(move |_| Err(decided()));
    shop.expect_payment().times(1).returning(|_, _| Ok(pending()));
    let ended = at_desk(&shop, Format::Json, false, async |desk| run(refund(), desk).await);
    assert!(ended.result.is_ok() && ended.out.contains("refund_links"));

    shop.expect_payment().returning(|_, _| Ok(Payment { outcome: Outcome::Settled, ..payment() }));
    let ended = at_desk(&shop, Format::Json, false, async |desk| run(refund(), desk).await);
    let failure = ended.result.expect_err("it is settled");
    assert_eq!((failure.exit, failure.code), (Exit::Conflict, "payment.decided"));
}

#[test]
fn a_write_off_names_the_amount_and_needs_a_yes() {
    let mut shop = MockRentals::new();
    shop.expect_payment().returning(|_, _| Ok(payment()));
    let verb = Verb::WriteOff { tx: payment().tx };
    let ended = at_desk(&shop, Format::Table, false, async |desk| run(verb, desk).await);
    let failure = ended.result.expect_err("nobody said yes");
    assert_eq!(failure.exit, Exit::Cancelled);
    assert!(failure.text.contains("keep 9.5 TON for good"), "{}", failure.text);
}

#[test]
fn reasons_are_named_as_they_are_shown() {
    assert_eq!(reason("underpaid"), Ok(ExceptionReason::Underpaid));
    assert_eq!(reason("number_locked"), Ok(ExceptionReason::NumberLocked));
    for text in ["", "Underpaid", "odd"] {
        let said = reason(text).expect_err("no reason");
        assert!(said.contains("unknown_payload"));
    }
}
