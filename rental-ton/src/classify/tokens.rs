//! Whether a transaction of our own USDT wallet brought tokens.
//!
//! Tokens move from wallet to wallet: the sender's wallet sends ours an `internal_transfer`, and our wallet's code takes
//! it only from a wallet of the same master and the same code, or from the master itself. So once the wallet is known to
//! be ours, its own transactions are the proof: whoever could make one up could make up tokens. What other contracts
//! claim elsewhere (a `transfer_notification` to the deposit wallet, a row of an index) proves nothing.
//!
//! The rule: the incoming message is internal and not a bounced one; its body is an `internal_transfer`; the
//! transaction was not aborted (an aborted one sends the tokens back, as when the issuer has locked the wallet); it is not
//! from ourselves; it carries tokens. The amount, the sender and the comment are those in the body. Coins that ride along
//! are not counted.
//!
//! What was sent is told by the owner's order to our wallet, when the wallet carried it out in the same transaction.

use rental_core::{Amount, Comment, Currency, IncomingPayment, NotPayment, OutgoingTransfer, Verdict};
use tycho_types::cell::{CellSlice, Load};
use tycho_types::error::Error;
use tycho_types::models::{IntAddr, Message, MsgInfo, TxInfo};
use tycho_types::num::Tokens;

use super::{UNKNOWN_SENDER, address, sender, to_another_account};
use crate::TonAddress;
use crate::comment;
use crate::transaction::{TransactionError, VerifiedTransaction};

/// The operation code with which tokens come from another wallet (TEP-74).
pub(crate) const INTERNAL_TRANSFER: u32 = 0x178d_4519;
/// The operation code with which the owner of a token wallet orders it to send tokens (TEP-74).
pub(crate) const TRANSFER: u32 = 0x0f8a_7ea5;

/// Says what `tx`, a transaction of the token wallet `wallet` of `owner`, is.
///
/// # Errors
/// [`TransactionError::ForeignAccount`] when the message was for the account of the same id in another workchain.
pub(crate) fn classify(
    tx: &VerifiedTransaction,
    wallet: &TonAddress,
    owner: &TonAddress,
) -> Result<Verdict, TransactionError> {
    let Some(cell) = &tx.parts().in_msg else {
        return Ok(Verdict::NotPayment(NotPayment::NoMessage));
    };
    let (info, body) = match cell.parse::<Message<'_>>() {
        Ok(Message { info: MsgInfo::Int(info), body, .. }) => (info, body),
        Ok(Message { info: MsgInfo::ExtIn(_), .. }) => {
            return Ok(Verdict::NotPayment(NotPayment::ExternalIn));
        }
        Ok(_) | Err(_) => return Ok(unreadable(tx, 0, UNKNOWN_SENDER.to_owned())),
    };
    if to_another_account(&info.dst, wallet) {
        return Err(TransactionError::ForeignAccount { tx: tx.hash(), wallet: wallet.to_string() });
    }
    if info.bounced {
        return Ok(Verdict::NotPayment(NotPayment::BouncedBackToUs));
    }
    let mut body = body;
    if body.load_u32().ok() != Some(INTERNAL_TRANSFER) {
        return Ok(Verdict::NotPayment(NotPayment::ContractOp));
    }
    let certain = match tx.parts().load_info() {
        Ok(TxInfo::Ordinary(info)) if info.aborted => {
            return Ok(Verdict::NotPayment(NotPayment::ReturnedToSender));
        }
        Ok(TxInfo::Ordinary(_)) => true,
        Ok(TxInfo::TickTock(_)) | Err(_) => false,
    };
    let Ok(units) = read_amount(&mut body) else {
        return Ok(unreadable(tx, 0, sender(&info.src)));
    };
    let Ok(Details { from, comment }) = read_details(body) else {
        return Ok(unreadable(tx, units, sender(&info.src)));
    };
    let from_us = |from: &IntAddr| from.as_std().map(address).is_some_and(|from| from == *owner);
    if info.src.as_std().map(address) == Some(*wallet) || from.as_ref().is_some_and(from_us) {
        return Ok(Verdict::NotPayment(NotPayment::SelfTransfer));
    }
    if units == 0 {
        return Ok(Verdict::NotPayment(NotPayment::ZeroValue));
    }
    // Tokens that were just made come from nobody.
    let sender = from.as_ref().map_or_else(|| sender(&info.src), sender);
    let (amount, exact) = tokens(units);
    let payment = IncomingPayment { comment, ..incoming(tx, amount, sender) };
    Ok(if certain && exact { Verdict::Payment(payment) } else { Verdict::Unreadable(payment) })
}

/// The tokens that the owner had `tx`, a transaction of the token wallet of `owner`, send.
///
/// An order counts when it comes from the owner, the transaction was not aborted, and a message with the same amount went
/// to another token wallet. The recipient and the comment are those of the order.
pub(crate) fn outgoing(tx: &VerifiedTransaction, owner: &TonAddress) -> Option<OutgoingTransfer> {
    if !matches!(tx.parts().load_info(), Ok(TxInfo::Ordinary(info)) if !info.aborted) {
        return None;
    }
    let message = tx.parts().in_msg.as_ref()?.parse::<Message<'_>>().ok()?;
    let MsgInfo::Int(info) = message.info else { return None };
    if info.bounced || info.src.as_std().map(address) != Some(*owner) {
        return None;
    }
    let order = read_order(message.body).ok().flatten()?;
    let sent = |message: Message<'_>| {
        let mut body = message.body;
        let carries = body.load_u32().ok() == Some(INTERNAL_TRANSFER);
        carries && read_amount(&mut body).is_ok_and(|units| units == order.units)
    };
    let carried_out = tx.parts().iter_out_msgs().any(|message| message.is_ok_and(sent));
    let (amount, exact) = tokens(order.units);
    (carried_out && exact && !amount.is_zero()).then(|| OutgoingTransfer {
        tx: tx.hash(),
        lt: tx.lt(),
        to: sender(&order.to),
        amount,
        comment: order.comment,
    })
}

/// What the owner of a token wallet orders it to send.
struct Order {
    units: u128,
    to: IntAddr,
    comment: Comment,
}

/// `transfer query_id:uint64 amount:(VarUInteger 16) destination:MsgAddress response_destination:MsgAddress
/// custom_payload:(Maybe ^Cell) forward_ton_amount:(VarUInteger 16) forward_payload:(Either Cell ^Cell)`; nothing for
/// another operation.
fn read_order(mut body: CellSlice<'_>) -> Result<Option<Order>, Error> {
    if body.load_u32()? != TRANSFER {
        return Ok(None);
    }
    let units = read_amount(&mut body)?;
    let Some(to) = read_address(&mut body)? else { return Ok(None) };
    read_address(&mut body)?;
    if body.load_bit()? {
        body.load_reference()?;
    }
    Tokens::load_from(&mut body)?;
    Ok(Some(Order { units, to, comment: read_forward_payload(body) }))
}

/// What an `internal_transfer` says besides its amount.
struct Details {
    /// Whose tokens they were.
    from: Option<IntAddr>,
    comment: Comment,
}

/// `query_id:uint64 amount:(VarUInteger 16)`
fn read_amount(body: &mut CellSlice<'_>) -> Result<u128, Error> {
    body.load_u64()?;
    Ok(Tokens::load_from(body)?.into_inner())
}

/// `from:MsgAddress response_address:MsgAddress forward_ton_amount:(VarUInteger 16)
/// forward_payload:(Either Cell ^Cell)`
fn read_details(mut body: CellSlice<'_>) -> Result<Details, Error> {
    let from = read_address(&mut body)?;
    read_address(&mut body)?;
    Tokens::load_from(&mut body)?;
    Ok(Details { from, comment: read_forward_payload(body) })
}

fn read_address(body: &mut CellSlice<'_>) -> Result<Option<IntAddr>, Error> {
    if body.get_small_uint(0, 2)? == 0 {
        body.skip_first(2, 0)?;
        return Ok(None);
    }
    IntAddr::load_from(body).map(Some)
}

/// What the payer wrote, in this cell or in the next. Words for another contract are no comment that could be read, but
/// the tokens are here.
fn read_forward_payload(mut payload: CellSlice<'_>) -> Comment {
    if payload.is_data_empty() {
        return Comment::None;
    }
    let comment = match payload.load_bit() {
        Ok(true) => payload.load_reference_as_slice().ok().and_then(comment::decode),
        Ok(false) => comment::decode(payload),
        Err(_) => None,
    };
    comment.unwrap_or(Comment::Malformed)
}

fn unreadable(tx: &VerifiedTransaction, units: u128, sender: String) -> Verdict {
    match tx.parts().load_info() {
        Ok(TxInfo::Ordinary(info)) if info.aborted => Verdict::NotPayment(NotPayment::ReturnedToSender),
        _ => Verdict::Unreadable(incoming(tx, tokens(units).0, sender)),
    }
}

fn incoming(tx: &VerifiedTransaction, amount: Amount, sender: String) -> IncomingPayment {
    let comment = Comment::Malformed;
    IncomingPayment { tx: tx.hash(), lt: tx.lt(), amount, comment, sender, chain_time: tx.chain_time() }
}

/// `units` as an amount, and whether it is exact: it is capped at the largest amount.
fn tokens(units: u128) -> (Amount, bool) {
    let exact = u64::try_from(units).ok().and_then(|units| Amount::new(Currency::Usdt, units));
    let most = || Amount::new(Currency::Usdt, Amount::MOST).expect("it is the largest amount");
    (exact.unwrap_or_else(most), exact.is_some())
}

#[cfg(test)]
mod tests;
