//! Builds transactions as the chain would.

use data_encoding::HEXLOWER_PERMISSIVE;
use rental_core::{ChainCursor, Comment, NotPayment};
use tycho_types::cell::{Cell, CellBuilder, CellFamily, HashBytes, Lazy, Store};
use tycho_types::dict::Dict;
use tycho_types::error::Error;
use tycho_types::models::{
    AccountStatus, AccountStatusChange, BouncePhase, ComputePhase, ComputePhaseSkipReason, CreditPhase,
    CurrencyCollection, ExecutedBouncePhase, ExtInMsgInfo, HashUpdate, IntAddr, IntMsgInfo, MsgInfo,
    OrdinaryTxInfo, OwnedMessage, SkippedComputePhase, StdAddr, StoragePhase, StorageUsedShort, TickTock,
    TickTockTxInfo, Transaction, TxInfo,
};
use tycho_types::num::{Tokens, Uint15};

use super::{SandboxError, SandboxKind, SandboxTransfer};
use crate::TonAddress;

pub(crate) mod tokens;

/// The operation code of a jetton wallet's notice to its owner (TEP-74).
const TRANSFER_NOTIFICATION: u32 = 0x7362_d09c;
/// An operation code that no contract knows.
const UNKNOWN_OP: u32 = 0xdead_beef;
/// The first 32 bits of a bounced body.
const BOUNCED: u32 = 0xffff_ffff;
/// The operation code of an encrypted comment.
const ENCRYPTED: u32 = 0x2167_da4b;
/// Bytes that fit into one cell.
const CELL_BYTES: usize = 127;
/// The longest comment in bytes; the chain's own limit on messages is in this region.
const LONGEST_COMMENT: usize = 65_536;

/// A place in the chain that a new transaction takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The account.
    pub(crate) wallet: TonAddress,
    /// The transaction before it.
    pub(crate) previous: ChainCursor,
    /// Its logical time.
    pub(crate) lt: u64,
    /// Its chain time.
    pub(crate) now: u32,
}

/// Builds the transaction of `transfer` from `sender` at `place`.
pub(super) fn transfer(
    place: &Place,
    transfer: &SandboxTransfer,
    sender: &TonAddress,
) -> Result<Cell, SandboxError> {
    let amount = u128::from(transfer.amount.units());
    let body = comment(&transfer.comment)?;
    let plain = || place.envelope(sender, amount);
    let notice = |op| -> Result<Cell, Error> { message(plain(), op_body(op, &[0; 8])?) };
    let built = match transfer.kind {
        SandboxKind::Outgoing(to) => {
            return place.sent(&to, amount, body).map_err(|error| refuse(&error));
        }
        SandboxKind::Payment => message(plain(), body).map(|message| (Some(message), credited(amount))),
        SandboxKind::Unreadable => unreadable(&plain()).map(|message| (Some(message), credited(amount))),
        SandboxKind::JettonNotification => {
            notice(TRANSFER_NOTIFICATION).map(|message| (Some(message), credited(amount)))
        }
        SandboxKind::NotPayment(reason) => match reason {
            NotPayment::ContractOp => notice(UNKNOWN_OP).map(|message| (Some(message), credited(amount))),
            NotPayment::ZeroValue => {
                message(place.envelope(sender, 0), body).map(|message| (Some(message), credited(0)))
            }
            NotPayment::SelfTransfer => message(place.envelope(&place.wallet, amount), body)
                .map(|message| (Some(message), credited(amount))),
            NotPayment::ReturnedToSender => message(IntMsgInfo { bounce: true, ..plain() }, body)
                .map(|message| (Some(message), returned(amount))),
            NotPayment::BouncedBackToUs => op_body(BOUNCED, &[0; 32])
                .and_then(|body| message(IntMsgInfo { bounced: true, ..plain() }, body))
                .map(|message| (Some(message), credited(amount))),
            NotPayment::ExternalIn => place.external(body).map(|message| (Some(message), uncredited())),
            NotPayment::NoMessage => Ok((None, tick())),
        },
    };
    let (message, info) = built.map_err(|error| refuse(&error))?;
    place.transaction(message, &info).map_err(|error| refuse(&error))
}

impl Place {
    /// The transaction at this place with this incoming message and these phases.
    pub(crate) fn transaction(&self, message: Option<Cell>, info: &TxInfo) -> Result<Cell, Error> {
        self.sending(message, None, info)
    }

    /// The transaction at this place in which the wallet's owner sends `amount` nanotons to `to`.
    fn sent(&self, to: &TonAddress, amount: u128, body: Cell) -> Result<Cell, Error> {
        let envelope = IntMsgInfo { dst: address(to), ..self.envelope(&self.wallet, amount) };
        let order = self.external(CellBuilder::new().build()?)?;
        self.sending(Some(order), Some(&message(envelope, body)?), &uncredited())
    }

    /// The transaction at this place with this incoming message, these phases, and `sent` going out.
    pub(crate) fn sending(
        &self,
        message: Option<Cell>,
        sent: Option<&Cell>,
        info: &TxInfo,
    ) -> Result<Cell, Error> {
        let mut out_msgs = Dict::new();
        if let Some(sent) = sent {
            out_msgs.set(Uint15::new(0), sent.clone())?;
        }
        let previous = HashBytes(self.previous.hash.map_or([0; 32], |hash| hash.0));
        CellBuilder::build_from(Transaction {
            account: HashBytes(*self.wallet.id()),
            lt: self.lt,
            prev_trans_hash: previous,
            prev_trans_lt: self.previous.lt,
            now: self.now,
            out_msg_count: Uint15::new(u16::from(sent.is_some())),
            orig_status: AccountStatus::Uninit,
            end_status: AccountStatus::Uninit,
            in_msg: message,
            out_msgs,
            total_fees: CurrencyCollection::ZERO,
            // There is no account state behind the sandbox.
            state_update: Lazy::new(&HashUpdate { old: HashBytes::ZERO, new: HashBytes::ZERO })?,
            info: Lazy::new(info)?,
        })
    }

    /// The envelope of a message with `amount` nanotons from `sender` to the wallet.
    pub(crate) fn envelope(&self, sender: &TonAddress, amount: u128) -> IntMsgInfo {
        IntMsgInfo {
            src: address(sender),
            dst: address(&self.wallet),
            value: CurrencyCollection::new(amount),
            created_lt: self.lt.saturating_sub(1),
            created_at: self.now,
            ..IntMsgInfo::default()
        }
    }

    /// A message from outside the chain, as the owner of a wallet sends.
    fn external(&self, body: Cell) -> Result<Cell, Error> {
        let info = ExtInMsgInfo { src: None, dst: address(&self.wallet), import_fee: Tokens::ZERO };
        message(info, body)
    }
}

impl From<IntMsgInfo> for Envelope {
    fn from(info: IntMsgInfo) -> Self {
        Self(MsgInfo::Int(info))
    }
}

impl From<ExtInMsgInfo> for Envelope {
    fn from(info: ExtInMsgInfo) -> Self {
        Self(MsgInfo::ExtIn(info))
    }
}

/// The envelope of a message of either kind.
pub(crate) struct Envelope(MsgInfo);

/// A message of an envelope and a body.
pub(crate) fn message(envelope: impl Into<Envelope>, body: Cell) -> Result<Cell, Error> {
    let message = OwnedMessage { info: envelope.into().0, init: None, body: body.into(), layout: None };
    CellBuilder::build_from(message)
}

/// A message that no parser takes: its flags are ones that the chain refuses since 2025.
pub(crate) fn unreadable(envelope: &IntMsgInfo) -> Result<Cell, Error> {
    let context = Cell::empty_context();
    let mut builder = CellBuilder::new();
    builder.store_small_uint(0b0100, 4)?;
    envelope.src.store_into(&mut builder, context)?;
    envelope.dst.store_into(&mut builder, context)?;
    envelope.value.store_into(&mut builder, context)?;
    Tokens::new(4).store_into(&mut builder, context)?;
    envelope.fwd_fee.store_into(&mut builder, context)?;
    builder.store_u64(envelope.created_lt)?;
    builder.store_u32(envelope.created_at)?;
    builder.store_zeros(2)?;
    builder.build()
}

/// The body that carries a comment.
fn comment(comment: &Comment) -> Result<Cell, SandboxError> {
    match comment {
        Comment::None => CellBuilder::new().build().map_err(|error| refuse(&error)),
        Comment::Text(text) => text_body(text.as_bytes()),
        Comment::Binary(hex) => {
            let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes());
            text_body(
                &bytes.map_err(|error| SandboxError::Transfer(format!("the comment is not hex: {error}")))?,
            )
        }
        Comment::Encrypted => op_body(ENCRYPTED, &[0; 64]).map_err(|error| refuse(&error)),
        Comment::Malformed => {
            let mut builder = CellBuilder::new();
            builder.store_u16(0xbeef).and_then(|()| builder.build()).map_err(|error| refuse(&error))
        }
    }
}

fn text_body(text: &[u8]) -> Result<Cell, SandboxError> {
    if text.len() > LONGEST_COMMENT {
        return Err(SandboxError::Transfer(format!("a comment has at most {LONGEST_COMMENT} bytes")));
    }
    op_body(0, text).map_err(|error| refuse(&error))
}

fn refuse(error: &Error) -> SandboxError {
    SandboxError::Transfer(error.to_string())
}

/// A body of an operation code and bytes, spread over as many cells as they need.
pub(crate) fn op_body(op: u32, bytes: &[u8]) -> Result<Cell, Error> {
    let joined = [op.to_be_bytes().as_slice(), bytes].concat();
    let mut tail: Option<Cell> = None;
    for chunk in joined.chunks(CELL_BYTES).rev() {
        let mut builder = CellBuilder::new();
        builder.store_raw(chunk, u16::try_from(chunk.len() * 8).expect("a cell has at most 1023 bits"))?;
        if let Some(tail) = tail.take() {
            builder.store_reference(tail)?;
        }
        tail = Some(builder.build()?);
    }
    Ok(tail.expect("the operation code fills at least one cell"))
}

/// The phases of a wallet without code that was credited `amount`.
pub(crate) fn credited(amount: u128) -> TxInfo {
    let credit = CreditPhase { due_fees_collected: None, credit: CurrencyCollection::new(amount) };
    OrdinaryTxInfo { credit_phase: Some(credit), ..phases() }.into()
}

/// The phases of a wallet that sent `amount` back where it came from.
pub(crate) fn returned(amount: u128) -> TxInfo {
    let credit = CreditPhase { due_fees_collected: None, credit: CurrencyCollection::new(amount) };
    let bounce = ExecutedBouncePhase {
        msg_size: StorageUsedShort::ZERO,
        msg_fees: Tokens::ZERO,
        fwd_fees: Tokens::ZERO,
    };
    OrdinaryTxInfo {
        credit_first: false,
        credit_phase: Some(credit),
        bounce_phase: Some(BouncePhase::Executed(bounce)),
        ..phases()
    }
    .into()
}

/// The phases of a message that brought no money.
fn uncredited() -> TxInfo {
    phases().into()
}

/// The phases of a transaction that the chain itself started.
fn tick() -> TxInfo {
    TickTockTxInfo {
        kind: TickTock::Tick,
        storage_phase: storage(),
        compute_phase: no_code(),
        action_phase: None,
        aborted: true,
        destroyed: false,
    }
    .into()
}

/// The phases of a wallet without code to which nothing was credited.
pub(crate) fn phases() -> OrdinaryTxInfo {
    OrdinaryTxInfo {
        credit_first: true,
        storage_phase: Some(storage()),
        credit_phase: None,
        compute_phase: no_code(),
        action_phase: None,
        aborted: true,
        bounce_phase: None,
        destroyed: false,
    }
}

fn storage() -> StoragePhase {
    StoragePhase {
        storage_fees_collected: Tokens::ZERO,
        storage_fees_due: None,
        status_change: AccountStatusChange::Unchanged,
    }
}

fn no_code() -> ComputePhase {
    ComputePhase::Skipped(SkippedComputePhase { reason: ComputePhaseSkipReason::NoState })
}

fn address(address: &TonAddress) -> IntAddr {
    StdAddr::new(address.workchain(), HashBytes(*address.id())).into()
}
