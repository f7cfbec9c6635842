//! What can happen to a token wallet, built cell by cell.

use data_encoding::BASE64;
use proptest::prelude::*;
use rental_core::{ChainCursor, TxHash};
use tycho_types::boc::Boc;
use tycho_types::cell::{Cell, CellBuilder, CellFamily, Store};
use tycho_types::models::{IntMsgInfo, OrdinaryTxInfo};

use super::*;
use crate::sandbox::mint::tokens::{Transfer, head, order, success};
use crate::sandbox::mint::{Place, message, op_body, returned};

const WALLET: TonAddress = TonAddress::new(0, [0x77; 32]);
const OWNER: TonAddress = TonAddress::new(0, [0x88; 32]);
const PAYER: TonAddress = TonAddress::new(0, [0x11; 32]);
const COUNTERPARTY: TonAddress = TonAddress::new(0, [0x22; 32]);

fn place() -> Place {
    let previous = ChainCursor { lt: 1, hash: Some(TxHash([3; 32])) };
    Place { wallet: WALLET, previous, lt: 65_000_000, now: 1_767_225_650 }
}

fn text(text: &str) -> Cell {
    op_body(0, text.as_bytes()).expect("fits")
}

fn transfer(units: u128, payload: Option<Cell>) -> Cell {
    Transfer { units, from: Some(&PAYER), payload }.body().expect("fits")
}

/// The verdict on a message of this envelope and body and these phases, through bytes and back.
fn verdict(envelope: IntMsgInfo, body: Cell, info: &TxInfo) -> Verdict {
    let message = message(envelope, body).expect("fits");
    let cell = place().transaction(Some(message), info).expect("fits");
    let tx = VerifiedTransaction::parse(&Boc::encode(&cell), &WALLET).expect("a transaction of the wallet");
    classify(&tx, &WALLET, &OWNER).expect("for the wallet")
}

fn taken(body: Cell) -> Verdict {
    verdict(place().envelope(&COUNTERPARTY, 1), body, &success())
}

fn payment(verdict: Verdict) -> IncomingPayment {
    match verdict {
        Verdict::Payment(payment) => payment,
        other => panic!("{other:?} is a payment"),
    }
}

fn not(reason: NotPayment) -> Verdict {
    Verdict::NotPayment(reason)
}

#[test]
fn amount_sender_and_comment_are_those_of_the_body() {
    let payment = payment(taken(transfer(25_500_000, Some(text("RENT-7F3K9Q")))));
    assert_eq!(payment.amount, "25.5 USDT".parse().expect("an amount"));
    assert_eq!(payment.comment, Comment::Text("RENT-7F3K9Q".to_owned()));
    assert_eq!(payment.sender, PAYER.to_string());
    assert_eq!((payment.lt, payment.chain_time.unix()), (65_000_000, 1_767_225_650));
}

/// A body with `payload` in place of what an honest wallet would put behind the forwarded coins.
fn with_payload(payload: impl FnOnce(&mut CellBuilder) -> Result<(), Error>) -> Cell {
    let mut builder = head(7).expect("fits");
    let context = Cell::empty_context();
    for _ in 0..2 {
        let address = tycho_types::models::StdAddr::new(0, tycho_types::cell::HashBytes(*PAYER.id()));
        address.store_into(&mut builder, context).expect("fits");
    }
    Tokens::new(1).store_into(&mut builder, context).expect("fits");
    payload(&mut builder).and_then(|()| builder.build()).expect("fits")
}

#[test]
fn what_the_payer_wrote_is_found_wherever_it_stands_and_its_lack_loses_nothing() {
    let inline = with_payload(|builder| {
        builder.store_bit_zero()?;
        builder.store_u32(0)?;
        builder.store_raw(b"RENT-X", 48)
    });
    let text_of = |body| payment(taken(body)).comment;
    assert_eq!(text_of(inline), Comment::Text("RENT-X".to_owned()));
    assert_eq!(text_of(transfer(7, None)), Comment::None);
    assert_eq!(text_of(with_payload(|_| Ok(()))), Comment::None, "no payload at all");
    let long = "Оплата 🙂 ".repeat(40);
    assert_eq!(text_of(transfer(7, Some(text(&long)))), Comment::Text(long));
    let encrypted = op_body(0x2167_da4b, &[7; 64]).expect("fits");
    assert_eq!(text_of(transfer(7, Some(encrypted))), Comment::Encrypted);
    // Words for another contract, a half bit of nothing, a reference that is not there: the tokens are here all the same.
    let swap = op_body(0x2593_8561, &[7; 16]).expect("fits");
    assert_eq!(text_of(transfer(7, Some(swap))), Comment::Malformed);
    assert_eq!(text_of(with_payload(|builder| builder.store_bit_one())), Comment::Malformed);
    let odd = with_payload(|builder| builder.store_small_uint(0b0101, 4));
    assert_eq!(text_of(odd), Comment::Malformed);
}

#[test]
fn tokens_that_did_not_stay_or_are_our_own_are_no_payment() {
    let body = || transfer(7, Some(text("RENT-X")));
    let envelope = || place().envelope(&COUNTERPARTY, 1);
    // The issuer has locked our wallet: its code refuses, and the tokens go back.
    let bounceable = IntMsgInfo { bounce: true, ..envelope() };
    assert_eq!(verdict(bounceable, body(), &returned(1)), not(NotPayment::ReturnedToSender));
    let TxInfo::Ordinary(done) = success() else { panic!("an ordinary transaction") };
    let failed = OrdinaryTxInfo { aborted: true, ..done }.into();
    assert_eq!(verdict(envelope(), body(), &failed), not(NotPayment::ReturnedToSender));
    let cut = head(7).and_then(CellBuilder::build).expect("fits");
    assert_eq!(verdict(envelope(), cut, &failed), not(NotPayment::ReturnedToSender));

    let bounced = IntMsgInfo { bounced: true, ..envelope() };
    assert_eq!(verdict(bounced, body(), &success()), not(NotPayment::BouncedBackToUs));
    let own = place().envelope(&WALLET, 1);
    assert_eq!(verdict(own, body(), &success()), not(NotPayment::SelfTransfer));
    let ours = Transfer { units: 7, from: Some(&OWNER), payload: None }.body().expect("fits");
    assert_eq!(taken(ours), not(NotPayment::SelfTransfer));
    assert_eq!(taken(transfer(0, Some(text("RENT-X")))), not(NotPayment::ZeroValue));
}

#[test]
fn everything_but_an_internal_transfer_is_between_contracts() {
    // Our own order to send, a notification, coins with a comment, an excess, nothing.
    for op in [0x0f8a_7ea5, 0x7362_d09c, 0, 0xd532_76db, 0x178d_4518] {
        assert_eq!(taken(op_body(op, b"RENT-X").expect("fits")), not(NotPayment::ContractOp), "{op:08x}");
    }
    let empty = CellBuilder::new().build().expect("an empty cell");
    assert_eq!(taken(empty), not(NotPayment::ContractOp));
}

/// What `owner` is seen to have sent by a message of this envelope and body, with `onward` going out.
fn sent(envelope: IntMsgInfo, body: Cell, onward: Option<Cell>, info: &TxInfo) -> Option<OutgoingTransfer> {
    let order = message(envelope, body).expect("fits");
    let to = place().envelope(&WALLET, 1);
    let onward = onward.map(|body| message(to, body).expect("fits"));
    let cell = place().sending(Some(order), onward.as_ref(), info).expect("fits");
    let tx = VerifiedTransaction::parse(&Boc::encode(&cell), &WALLET).expect("a transaction of the wallet");
    outgoing(&tx, &OWNER)
}

#[test]
fn tokens_that_the_owner_had_sent_are_told() {
    let from_owner = || place().envelope(&OWNER, 1);
    let body = || order(25_000_000, Some(text("Refund 1f")), &OWNER, &PAYER).expect("fits");
    let onward = |units| Some(transfer(units, Some(text("Refund 1f"))));
    let told = sent(from_owner(), body(), onward(25_000_000), &success()).expect("it was sent");
    assert_eq!((told.to, told.amount), (PAYER.to_string(), "25 USDT".parse().expect("an amount")));
    assert_eq!(told.comment, Comment::Text("Refund 1f".to_owned()));

    // What another contract orders, even the master that can move anybody's tokens, is not the operator's doing.
    let seized = sent(place().envelope(&COUNTERPARTY, 1), body(), onward(25_000_000), &success());
    assert_eq!(seized, None);
    // An order that was refused, or that nothing came of.
    let TxInfo::Ordinary(done) = success() else { panic!("an ordinary transaction") };
    let failed = OrdinaryTxInfo { aborted: true, ..done }.into();
    assert_eq!(sent(from_owner(), body(), onward(25_000_000), &failed), None);
    assert_eq!(sent(from_owner(), body(), None, &success()), None);
    assert_eq!(sent(from_owner(), body(), onward(24_999_999), &success()), None);
    let bounced = IntMsgInfo { bounced: true, ..from_owner() };
    assert_eq!(sent(bounced, body(), onward(25_000_000), &success()), None);
    let nothing = order(0, None, &OWNER, &PAYER).expect("fits");
    assert_eq!(sent(from_owner(), nothing, onward(0), &success()), None);
    let cut = op_body(TRANSFER, &[0; 9]).expect("fits");
    assert_eq!(sent(from_owner(), cut, onward(25_000_000), &success()), None);
}

#[test]
fn tokens_that_were_just_made_come_from_the_master() {
    let minted = Transfer { units: 7, from: None, payload: None }.body().expect("fits");
    assert_eq!(payment(taken(minted)).sender, COUNTERPARTY.to_string());
}

#[test]
fn what_cannot_be_read_is_kept_for_a_person() {
    let cut = head(25_000_000).and_then(CellBuilder::build).expect("fits");
    let Verdict::Unreadable(kept) = taken(cut) else { panic!("kept") };
    assert_eq!((kept.amount.units(), kept.comment), (25_000_000, Comment::Malformed));
    let mut op_alone = CellBuilder::new();
    op_alone.store_u32(INTERNAL_TRANSFER).expect("fits");
    let Verdict::Unreadable(kept) = taken(op_alone.build().expect("fits")) else { panic!("kept") };
    assert_eq!(kept.amount.units(), 0);
    let most = u128::from(Amount::MOST);
    assert_eq!(payment(taken(transfer(most, None))).amount.units(), Amount::MOST);
    let Verdict::Unreadable(kept) = taken(transfer(most + 1, None)) else { panic!("kept") };
    assert_eq!(kept.amount.units(), Amount::MOST);
}

#[test]
fn the_same_account_in_another_workchain_is_not_ours() {
    let twin = TonAddress::new(-1, *WALLET.id());
    let message = message(place().envelope(&COUNTERPARTY, 1), transfer(7, None)).expect("fits");
    let cell = place().transaction(Some(message), &success()).expect("fits");
    let tx = VerifiedTransaction::parse(&Boc::encode(&cell), &twin).expect("its id fits");
    assert!(matches!(classify(&tx, &twin, &OWNER), Err(TransactionError::ForeignAccount { .. })));
}

/// The transfer that comes to our token wallet before the notification in a recorded transaction of its owner.
#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    tx_boc_base64: String,
    expected: Expected,
}

#[derive(serde::Deserialize)]
struct Expected {
    jetton: Notified,
}

#[derive(serde::Deserialize)]
struct Notified {
    query_id: String,
    amount: String,
    sender: String,
    forward_comment: Option<String>,
}

#[test]
fn a_recorded_forward_payload_is_read_as_the_payer_meant_it() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../../../tests/data/jettons.json")).expect("well-formed");
    let mut read = 0;
    for vector in vectors {
        let notified = vector.expected.jetton;
        let boc = BASE64.decode(vector.tx_boc_base64.as_bytes()).expect("base64");
        let root = Boc::decode(boc).expect("cells");
        let tx = root.parse::<tycho_types::models::Transaction>().expect("a transaction");
        let recorded = tx.in_msg.expect("a message");
        let mut body = recorded.parse::<Message<'_>>().expect("readable").body;
        body.load_u32().expect("an operation");
        let query = body.load_u64().expect("a query");
        let units = Tokens::load_from(&mut body).expect("an amount");
        let from = read_address(&mut body).expect("an address");
        assert_eq!(query.to_string(), notified.query_id, "{}", vector.name);
        // The same words as the wallet's neighbour wrote them into the transfer.
        let mut builder = head(units.into_inner()).expect("fits");
        let context = Cell::empty_context();
        for _ in 0..2 {
            from.as_ref().expect("a sender").store_into(&mut builder, context).expect("fits");
        }
        Tokens::new(1).store_into(&mut builder, context).expect("fits");
        builder.store_slice(body).expect("fits");
        let payment = payment(taken(builder.build().expect("fits")));
        assert_eq!(payment.amount.units().to_string(), notified.amount, "{}", vector.name);
        assert_eq!(payment.sender, notified.sender, "{}", vector.name);
        assert_eq!(payment.comment.text(), notified.forward_comment.as_deref(), "{}", vector.name);
        read += 1;
    }
    assert!(read >= 4, "{read} recorded notifications");
}

proptest! {
    #[test]
    fn no_body_and_no_flipped_bit_brings_a_panic_or_another_amount(
        units in 0..=u128::from(Amount::MOST),
        comment in ".{0,40}",
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let message = message(place().envelope(&COUNTERPARTY, 1), transfer(units, Some(text(&comment)))).expect("fits");
        let cell = place().transaction(Some(message), &success()).expect("fits");
        let mut boc = Boc::encode(&cell);
        let truth = VerifiedTransaction::parse(&boc, &WALLET).expect("genuine");
        let hash = truth.hash();
        if let Verdict::Payment(payment) = classify(&truth, &WALLET, &OWNER).expect("ours") {
            prop_assert_eq!(u128::from(payment.amount.units()), units);
            prop_assert_eq!(payment.comment.text(), Some(comment.as_str()));
        }
        let at = at.index(boc.len());
        boc[at] ^= 1 << bit;
        if let Ok(changed) = VerifiedTransaction::parse(&boc, &WALLET) {
            let _ = classify(&changed, &WALLET, &OWNER);
            prop_assert!(changed.hash() != hash || boc == Boc::encode(&cell) || changed.expect_hash(&hash).is_ok());
        }
    }
}
