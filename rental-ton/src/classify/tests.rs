//! Cases that anybody can bring about on the real chain, built cell by cell.

use std::sync::LazyLock;

use data_encoding::BASE64;
use proptest::prelude::*;
use rental_core::{ChainCursor, TxHash};
use tycho_types::boc::Boc;
use tycho_types::cell::{CellBuilder, HashBytes};
use tycho_types::models::{
    AccountStatusChange, ComputePhase, ComputePhaseSkipReason, CreditPhase, CurrencyCollection,
    MessageExtraFlags, NoFundsBouncePhase, SkippedComputePhase, StateInit, StorageUsedShort, VarAddr,
};
use tycho_types::num::{Tokens, Uint9, VarUint248};

use super::*;
use crate::sandbox::mint::{Place, credited, message, op_body, phases, returned, unreadable};

const WALLET: TonAddress = TonAddress::new(0, [0x88; 32]);
const PAYER: TonAddress = TonAddress::new(0, [0x11; 32]);
const AMOUNT: u128 = 2_000_000_000;

fn place() -> Place {
    let previous = ChainCursor { lt: 1, hash: Some(TxHash([3; 32])) };
    Place { wallet: WALLET, previous, lt: 65_000_000, now: 1_767_225_650 }
}

fn envelope() -> IntMsgInfo {
    place().envelope(&PAYER, AMOUNT)
}

fn text(text: &str) -> Cell {
    op_body(0, text.as_bytes()).expect("fits")
}

fn body(build: impl FnOnce(&mut CellBuilder) -> Result<(), Error>) -> Cell {
    let mut builder = CellBuilder::new();
    build(&mut builder).and_then(|()| builder.build()).expect("fits")
}

/// The verdict on a transaction with this message and these phases, through bytes and back.
fn verdict(message: Option<Cell>, info: &TxInfo) -> Verdict {
    let cell = place().transaction(message, info).expect("fits");
    let tx = VerifiedTransaction::parse(&Boc::encode(&cell), &WALLET).expect("a transaction of the wallet");
    assert_eq!(tx.hash().0, cell.repr_hash().0);
    coins_in(&tx, &WALLET).expect("for the wallet")
}

fn received(envelope: IntMsgInfo, body: Cell) -> Verdict {
    verdict(Some(message(envelope, body).expect("fits")), &credited(AMOUNT))
}

fn payment(verdict: Verdict) -> IncomingPayment {
    match verdict {
        Verdict::Payment(payment) => payment,
        other => panic!("{other:?} is a payment"),
    }
}

fn unread(verdict: Verdict) -> IncomingPayment {
    match verdict {
        Verdict::Unreadable(payment) => payment,
        other => panic!("{other:?} is unreadable"),
    }
}

fn comment_of(body: Cell) -> Comment {
    payment(received(envelope(), body)).comment
}

#[test]
fn money_bounced_in_either_format_is_not_income() {
    for (first, flags) in [
        (0xffff_ffff, MessageExtraFlags::empty()),
        (0xffff_fffe, MessageExtraFlags::NEW_BOUNCE_FORMAT),
        (0xffff_fffe, MessageExtraFlags::all()),
        // The flag counts, not the beginning of the body.
        (0, MessageExtraFlags::empty()),
    ] {
        let envelope = IntMsgInfo { bounced: true, extra_flags: flags, ..envelope() };
        let verdict = received(envelope, op_body(first, b"\0\0\0\0RENT-7F3K9Q").expect("fits"));
        assert_eq!(verdict, Verdict::NotPayment(NotPayment::BouncedBackToUs), "{first:x}");
    }
}

/// The executor clears the flag that a contract sets by itself, so what remains is the body: an unknown operation.
#[test]
fn a_body_that_looks_bounced_is_an_operation() {
    let verdict = received(envelope(), op_body(0xffff_ffff, b"\0\0\0\0RENT-7F3K9Q").expect("fits"));
    assert_eq!(verdict, Verdict::NotPayment(NotPayment::ContractOp));
}

#[test]
fn money_sent_back_by_a_missing_or_frozen_wallet_is_not_income() {
    let bounceable = IntMsgInfo { bounce: true, ..envelope() };
    let message = message(bounceable, text("RENT-BOUNCE")).expect("fits");
    let verdict = verdict(Some(message), &returned(AMOUNT));
    assert_eq!(verdict, Verdict::NotPayment(NotPayment::ReturnedToSender));
}

#[test]
fn dust_that_could_not_be_sent_back_is_a_payment() {
    let no_funds =
        NoFundsBouncePhase { msg_size: StorageUsedShort::ZERO, req_fwd_fees: Tokens::new(400_000) };
    for phase in [BouncePhase::NoFunds(no_funds), BouncePhase::NegativeFunds] {
        let TxInfo::Ordinary(mut info) = credited(1) else { panic!("ordinary") };
        info.bounce_phase = Some(phase);
        let bounceable = IntMsgInfo { bounce: true, ..place().envelope(&PAYER, 1) };
        let message = message(bounceable, text("RENT-DUST")).expect("fits");
        assert_eq!(payment(verdict(Some(message), &info.into())).amount.units(), 1);
    }
}

/// A frozen wallet keeps what comes without the wish to bounce; rent eats from the balance, not from the payment.
#[test]
fn neither_an_aborted_nor_a_skipped_nor_an_indebted_transaction_loses_the_payment() {
    for reason in [
        ComputePhaseSkipReason::NoState,
        ComputePhaseSkipReason::BadState,
        ComputePhaseSkipReason::NoGas,
        ComputePhaseSkipReason::Suspended,
    ] {
        let TxInfo::Ordinary(mut info) = credited(AMOUNT - 110_000_000) else { panic!("ordinary") };
        info.compute_phase = ComputePhase::Skipped(SkippedComputePhase { reason });
        info.aborted = true;
        let debt = CreditPhase {
            due_fees_collected: Some(Tokens::new(110_000_000)),
            credit: CurrencyCollection::new(AMOUNT - 110_000_000),
        };
        info.credit_phase = Some(debt);
        let storage = info.storage_phase.as_mut().expect("there is one");
        storage.status_change = AccountStatusChange::Frozen;
        let message = message(envelope(), text("RENT-FROZEN")).expect("fits");
        let payment = payment(verdict(Some(message), &info.into()));
        assert_eq!(u128::from(payment.amount.units()), AMOUNT, "{reason:?}");
    }
}

#[test]
fn extra_currencies_ride_along_uncounted() {
    let mut extra = envelope();
    extra.value.other.as_dict_mut().set(100, VarUint248::new(777)).expect("fits");
    assert_eq!(u128::from(payment(received(extra.clone(), text("RENT-X"))).amount.units()), AMOUNT);
    extra.value.tokens = Tokens::ZERO;
    assert_eq!(received(extra, text("RENT-X")), Verdict::NotPayment(NotPayment::ZeroValue));
}

#[test]
fn a_state_init_does_not_hide_the_comment() {
    for code in [None, Some(text(&"code".repeat(300)))] {
        let init = StateInit { code, ..StateInit::default() };
        let body = text("RENT-INIT");
        let carrying = tycho_types::models::OwnedMessage {
            info: envelope().into(),
            init: Some(init),
            body: body.into(),
            layout: None,
        };
        let message = CellBuilder::build_from(carrying).expect("fits");
        let payment = payment(verdict(Some(message), &credited(AMOUNT)));
        assert_eq!(payment.comment.text(), Some("RENT-INIT"));
    }
}

#[test]
fn senders_of_every_kind_are_shown_raw() {
    let masterchain = place().envelope(&TonAddress::new(-1, [0x33; 32]), AMOUNT);
    assert_eq!(payment(received(masterchain, text("x"))).sender, format!("-1:{}", "33".repeat(32)));
    let var = VarAddr { anycast: None, address_len: Uint9::new(16), workchain: 5, address: vec![0xab, 0xcd] };
    let odd = IntMsgInfo { src: IntAddr::Var(var), ..envelope() };
    assert_eq!(payment(received(odd, text("x"))).sender, "5:abcd");
}

#[test]
fn jetton_messages_are_no_payments_whatever_they_carry() {
    for op in [0x7362_d09c, 0xd532_76db, 0x370f_ec51, 0x0513_8d91, 0x178d_4519, 1] {
        let verdict = received(envelope(), op_body(op, &[0; 40]).expect("fits"));
        assert_eq!(verdict, Verdict::NotPayment(NotPayment::ContractOp), "{op:x}");
    }
}

#[test]
fn transactions_without_a_message_are_none() {
    assert_eq!(verdict(None, &phases().into()), Verdict::NotPayment(NotPayment::NoMessage));
}

#[test]
fn a_comment_of_300_cells_is_read() {
    let long = "Оплата 🙂".repeat(2_500);
    assert_eq!(comment_of(text(&long)), Comment::Text(long));
}

#[test]
fn a_comment_may_be_cut_anywhere() {
    let whole = "0: é🙂".as_bytes();
    for cut in 0..=whole.len() {
        // An empty cell in between is allowed, too.
        let (head, rest) = whole.split_at(cut);
        let bits = |bytes: &[u8]| u16::try_from(bytes.len() * 8).expect("short");
        let tail = body(|cell| cell.store_raw(rest, bits(rest)));
        let middle = body(|cell| cell.store_reference(tail.clone()));
        let first = body(|cell| {
            cell.store_u32(0)?;
            cell.store_raw(head, bits(head))?;
            cell.store_reference(middle.clone())
        });
        assert_eq!(comment_of(first), Comment::Text("0: é🙂".to_owned()), "cut at {cut}");
    }
}

#[test]
fn what_is_neither_a_comment_nor_an_operation_is_malformed() {
    let empty = CellBuilder::new().build().expect("fits");
    assert_eq!(comment_of(empty.clone()), Comment::None);
    for odd in [
        body(|cell| cell.store_u16(0)),
        body(|cell| cell.store_zeros(31)),
        body(|cell| cell.store_reference(empty.clone())),
        body(|cell| cell.store_zeros(32 + 7)),
        // Two tails.
        body(|cell| {
            cell.store_u32(0)?;
            cell.store_reference(empty.clone())?;
            cell.store_reference(empty.clone())
        }),
        // A tail that ends inside a byte, and one that is a library cell.
        body(|cell| {
            cell.store_u32(0)?;
            cell.store_reference(body(|tail| tail.store_zeros(3)))
        }),
        body(|cell| {
            cell.store_u32(0)?;
            cell.store_reference(CellBuilder::build_library(&HashBytes([9; 32])))
        }),
    ] {
        assert_eq!(comment_of(odd), Comment::Malformed);
    }
    assert_eq!(comment_of(body(|cell| cell.store_u32(0))), Comment::Text(String::new()));
}

#[test]
fn an_amount_above_all_coins_is_unreadable_not_a_panic() {
    let most = u128::from(Nanotons::MAX.get());
    let exact = place().envelope(&PAYER, most);
    assert_eq!(payment(received(exact, text("x"))).amount, Nanotons::MAX.into());
    for amount in [most + 1, u128::from(u64::MAX) + 1, (1 << 120) - 1] {
        let booked = unread(received(place().envelope(&PAYER, amount), text("RENT-X")));
        assert_eq!((booked.amount, booked.comment.text()), (Nanotons::MAX.into(), Some("RENT-X")));
    }
}

#[test]
fn an_unreadable_message_is_booked_with_what_was_credited() {
    let message = unreadable(&envelope()).expect("fits");
    assert!(message.parse::<Message<'_>>().is_err());
    let booked = unread(verdict(Some(message.clone()), &credited(3_000_000)));
    assert_eq!((booked.amount.units(), booked.sender), (3_000_000, PAYER.to_string()));

    let garbage = body(|cell| cell.store_zeros(5));
    let booked = unread(verdict(Some(garbage), &credited(7)));
    assert_eq!((booked.amount.units(), booked.sender.as_str()), (7, UNKNOWN_SENDER));

    for (info, reason) in [
        (returned(5), NotPayment::ReturnedToSender),
        (credited(0), NotPayment::ZeroValue),
        (phases().into(), NotPayment::ZeroValue),
    ] {
        assert_eq!(verdict(Some(message.clone()), &info), Verdict::NotPayment(reason));
    }
    let external = body(|cell| cell.store_small_uint(0b10, 2));
    assert_eq!(verdict(Some(external), &phases().into()), Verdict::NotPayment(NotPayment::ExternalIn));
}

#[test]
fn unreadable_messages_of_our_own_are_still_our_own() {
    let own = unreadable(&place().envelope(&WALLET, AMOUNT)).expect("fits");
    assert_eq!(verdict(Some(own), &credited(AMOUNT)), Verdict::NotPayment(NotPayment::SelfTransfer));
}

#[test]
fn a_message_for_the_same_account_in_another_workchain_is_foreign() {
    let twin = TonAddress::new(-1, *WALLET.id());
    let message = message(envelope(), text("RENT-X")).expect("fits");
    let cell = place().transaction(Some(message), &credited(AMOUNT)).expect("fits");
    let tx = VerifiedTransaction::parse(&Boc::encode(&cell), &twin).expect("its id fits");
    assert!(matches!(coins_in(&tx, &twin), Err(TransactionError::ForeignAccount { .. })));
}

/// The recorded transactions without their checksum, so that changed cells reach the parser.
static UNCHECKED: LazyLock<Vec<(Vec<u8>, TonAddress)>> = LazyLock::new(|| {
    let vectors: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../tests/data/vectors.json")).expect("well-formed");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let strip = |vector: &serde_json::Value| {
        let mut boc = BASE64.decode(text(&vector["tx_boc_base64"]).as_bytes()).expect("base64");
        boc[4] &= !0x40;
        boc.truncate(boc.len() - 4);
        let wallet = TonAddress::parse(&text(&vector["account"]), rental_core::Network::Mainnet);
        (boc, wallet.expect("an address"))
    };
    vectors.iter().map(strip).collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever the cells hold: there is a verdict or a refusal, never a panic.
    #[test]
    fn changed_cells_give_a_verdict_or_a_refusal(
        vector in 0..31usize,
        changes in proptest::collection::vec((0..2_000usize, 1..=255u8), 1..4),
    ) {
        let (mut boc, wallet) = UNCHECKED[vector].clone();
        for (at, change) in changes {
            let at = at % boc.len();
            boc[at] ^= change;
        }
        if let Ok(tx) = VerifiedTransaction::parse(&boc, &wallet) {
            let _ = coins_in(&tx, &wallet);
            let _ = tokens::classify(&tx, &wallet, &PAYER);
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert!(VerifiedTransaction::parse(&bytes, &WALLET).is_err());
    }
}
