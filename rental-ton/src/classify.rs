//! Whether a transaction brought money that stayed.
//!
//! The rule for coins that come to the deposit wallet, in this order: the transaction has an incoming message; the message is internal; it is not a bounced
//! one; it is not from the wallet itself; it was not bounced in turn (a bounce phase that succeeded sent the money
//! back); it carries coins; and its body is empty, a comment or an encrypted comment. What does *not* matter is
//! whether the transaction was aborted or its computation skipped: the credit stands either way, as on a wallet
//! that is not deployed yet. The amount is the value of the message, never a difference of balances and never less
//! fees. Extra currencies are not counted.
//!
//! A message that cannot be parsed becomes [`Verdict::Unreadable`] with what the credit phase booked, so that one
//! odd message (those from before 2025 may carry flags that are refused today) never stops the reading.

use data_encoding::HEXLOWER;
use rental_core::{
    ChainTransaction, Comment, IncomingPayment, Nanotons, NotPayment, OutgoingTransfer, Verdict,
};
use tycho_types::cell::{Cell, Load};
use tycho_types::error::Error;
use tycho_types::models::{
    BouncePhase, IntAddr, IntMsgInfo, Message, MsgInfo, OrdinaryTxInfo, StdAddr, TxInfo,
};

use crate::comment;
use crate::transaction::{TransactionError, VerifiedTransaction};
use crate::{TonAddress, Watched};

pub(crate) mod tokens;

/// The sender of a message of which not even the sender could be read.
const UNKNOWN_SENDER: &str = "unknown";

/// Says what `tx`, a transaction of the account that is read, is.
///
/// # Errors
/// [`TransactionError::ForeignAccount`] when the message was for the account of the same id in another workchain.
pub(crate) fn classify(tx: &VerifiedTransaction, watched: &Watched) -> Result<Verdict, TransactionError> {
    match watched {
        Watched::Wallet(wallet) => coins_in(tx, wallet),
        Watched::Usdt { wallet, owner } => tokens::classify(tx, wallet, owner),
    }
}

/// Says what `tx`, a transaction of the deposit wallet, is.
///
/// # Errors
/// [`TransactionError::ForeignAccount`] when the message was for the account of the same id in another workchain:
/// the transaction itself does not name its workchain.
fn coins_in(tx: &VerifiedTransaction, wallet: &TonAddress) -> Result<Verdict, TransactionError> {
    let Some(cell) = &tx.parts().in_msg else {
        return Ok(Verdict::NotPayment(NotPayment::NoMessage));
    };
    let phases = Phases::of(tx);
    let (info, body) = match cell.parse::<Message<'_>>() {
        Ok(Message { info: MsgInfo::Int(info), body, .. }) => (info, body),
        Ok(Message { info: MsgInfo::ExtIn(_), .. }) => {
            return Ok(Verdict::NotPayment(NotPayment::ExternalIn));
        }
        Ok(_) | Err(_) => return Ok(unreadable(tx, cell, &phases, wallet)),
    };
    if to_another_account(&info.dst, wallet) {
        return Err(TransactionError::ForeignAccount { tx: tx.hash(), wallet: wallet.to_string() });
    }
    if let Some(reason) = not_ours(info.bounced, &info.src, &phases, wallet) {
        return Ok(Verdict::NotPayment(reason));
    }
    if info.value.tokens.is_zero() {
        return Ok(Verdict::NotPayment(NotPayment::ZeroValue));
    }
    let Some(comment) = comment::decode(body) else {
        return Ok(Verdict::NotPayment(NotPayment::ContractOp));
    };
    let (amount, exact) = coins(info.value.tokens.into_inner());
    let payment = incoming(tx, &info, amount, comment);
    // Without the phases nobody can tell whether the money was sent back.
    let certain = exact && matches!(phases, Phases::Known { .. });
    Ok(if certain { Verdict::Payment(payment) } else { Verdict::Unreadable(payment) })
}

/// Whether a message of a transaction of `wallet` names another account: the one with the same id in another workchain.
fn to_another_account(to: &IntAddr, wallet: &TonAddress) -> bool {
    matches!(to, IntAddr::Std(to) if to.anycast.is_none() && address(to) != *wallet)
}

/// What the operator sent in `tx`, a transaction of the account that is read.
pub(crate) fn outgoing(tx: &VerifiedTransaction, watched: &Watched) -> Vec<OutgoingTransfer> {
    match watched {
        Watched::Wallet(_) => coins_out(tx),
        Watched::Usdt { owner, .. } => tokens::outgoing(tx, owner).into_iter().collect(),
    }
}

/// What the wallet sent in `tx`. A message that cannot be read is left out: nothing is concluded from it.
fn coins_out(tx: &VerifiedTransaction) -> Vec<OutgoingTransfer> {
    let sent = |message: Message<'_>| {
        let MsgInfo::Int(info) = message.info else { return None };
        let (amount, exact) = coins(info.value.tokens.into_inner());
        // A bounced message gives somebody's own money back; it is not the operator's doing.
        let is_transfer = !info.bounced && exact && !amount.is_zero();
        let comment = comment::decode(message.body).unwrap_or(Comment::Malformed);
        let to = sender(&info.dst);
        is_transfer.then(|| OutgoingTransfer {
            tx: tx.hash(),
            lt: tx.lt(),
            to,
            amount: amount.into(),
            comment,
        })
    };
    tx.parts().iter_out_msgs().filter_map(|message| message.ok().and_then(sent)).collect()
}

/// Tells payments from the operator's own wallets, `owners`, apart.
pub(crate) fn recognise(transactions: &mut [ChainTransaction], owners: &[TonAddress]) {
    for transaction in transactions {
        if let Verdict::Payment(payment) = &transaction.verdict
            && owners.iter().any(|owner| owner.to_string() == payment.sender)
        {
            transaction.verdict = Verdict::FromOwner(payment.clone());
        }
    }
}

/// What the phases of a transaction tell about its money.
enum Phases {
    /// The phases were read.
    Known {
        /// What was booked to the account, when anything was.
        credit: Option<u128>,
        /// Whether the money was sent back.
        returned: bool,
    },
    /// The phases could not be read.
    Unknown,
}

impl Phases {
    fn of(tx: &VerifiedTransaction) -> Self {
        match tx.parts().load_info() {
            Ok(TxInfo::Ordinary(OrdinaryTxInfo { credit_phase, bounce_phase, .. })) => Self::Known {
                credit: credit_phase.map(|phase| phase.credit.tokens.into_inner()),
                returned: matches!(bounce_phase, Some(BouncePhase::Executed(_))),
            },
            Ok(TxInfo::TickTock(_)) => Self::Known { credit: None, returned: false },
            Err(_) => Self::Unknown,
        }
    }
}

/// Why money that came with a message is not income, as far as its envelope and the phases tell.
fn not_ours(bounced: bool, src: &IntAddr, phases: &Phases, wallet: &TonAddress) -> Option<NotPayment> {
    if bounced {
        Some(NotPayment::BouncedBackToUs)
    } else if src.as_std().map(address) == Some(*wallet) {
        Some(NotPayment::SelfTransfer)
    } else if matches!(phases, Phases::Known { returned: true, .. }) {
        Some(NotPayment::ReturnedToSender)
    } else {
        None
    }
}

/// The verdict on a transaction whose message does not parse.
fn unreadable(tx: &VerifiedTransaction, message: &Cell, phases: &Phases, wallet: &TonAddress) -> Verdict {
    let envelope = Envelope::read(message).ok();
    let sender = match &envelope {
        Some(Envelope::External) => return Verdict::NotPayment(NotPayment::ExternalIn),
        Some(Envelope::Internal { bounced, src }) => {
            if let Some(reason) = not_ours(*bounced, src, phases, wallet) {
                return Verdict::NotPayment(reason);
            }
            sender(src)
        }
        None => UNKNOWN_SENDER.to_owned(),
    };
    let credit = match phases {
        Phases::Known { returned: true, .. } => {
            return Verdict::NotPayment(NotPayment::ReturnedToSender);
        }
        Phases::Known { credit: None | Some(0), .. } => {
            return Verdict::NotPayment(NotPayment::ZeroValue);
        }
        Phases::Known { credit: Some(credit), .. } => *credit,
        Phases::Unknown => 0,
    };
    Verdict::Unreadable(IncomingPayment {
        tx: tx.hash(),
        lt: tx.lt(),
        amount: coins(credit).0.into(),
        comment: Comment::Malformed,
        sender,
        chain_time: tx.chain_time(),
    })
}

/// The beginning of a message, which has had the same form since the chain began.
enum Envelope {
    /// From another account.
    Internal { bounced: bool, src: IntAddr },
    /// From outside the chain.
    External,
}

impl Envelope {
    fn read(message: &Cell) -> Result<Self, Error> {
        let mut slice = message.as_slice()?;
        if slice.load_bit()? {
            return Ok(Self::External);
        }
        let flags = slice.load_small_uint(3)?;
        Ok(Self::Internal { bounced: flags & 1 != 0, src: IntAddr::load_from(&mut slice)? })
    }
}

fn incoming(
    tx: &VerifiedTransaction,
    info: &IntMsgInfo,
    amount: Nanotons,
    comment: Comment,
) -> IncomingPayment {
    IncomingPayment {
        tx: tx.hash(),
        lt: tx.lt(),
        amount: amount.into(),
        comment,
        sender: sender(&info.src),
        chain_time: tx.chain_time(),
    }
}

/// `nanotons` as an amount, and whether it is exact: it is capped at [`Nanotons::MAX`].
fn coins(nanotons: u128) -> (Nanotons, bool) {
    match u64::try_from(nanotons).ok().and_then(Nanotons::new) {
        Some(amount) => (amount, true),
        None => (Nanotons::MAX, false),
    }
}

fn address(std: &StdAddr) -> TonAddress {
    TonAddress::new(std.workchain, std.address.0)
}

/// The sender as a raw address. Addresses of variable length are allowed by the format and used by nobody.
fn sender(src: &IntAddr) -> String {
    match src {
        IntAddr::Std(std) => address(std).to_string(),
        IntAddr::Var(var) => format!("{}:{}", var.workchain, HEXLOWER.encode(&var.address)),
    }
}

#[cfg(test)]
mod tests;
