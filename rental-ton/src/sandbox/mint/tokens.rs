//! Transactions of a token wallet, built as its code makes them.

use rental_core::{Comment, NotPayment};
use tycho_types::cell::{Cell, CellBuilder, CellFamily, HashBytes, Store};
use tycho_types::error::Error;
use tycho_types::models::{
    AccountStatusChange, ActionPhase, ComputePhase, CreditPhase, CurrencyCollection, ExecutedComputePhase,
    IntMsgInfo, OrdinaryTxInfo, StorageUsedShort, TxInfo,
};
use tycho_types::num::{Tokens, VarUint56};

use super::{Place, address, comment, message, op_body, phases, refuse, returned, tick, uncredited};
use crate::TonAddress;
use crate::classify::tokens::{INTERNAL_TRANSFER, TRANSFER};
use crate::sandbox::{SandboxError, SandboxKind, SandboxTransfer};

/// Coins that come with the tokens, for the work.
const RIDING: u128 = 50_000_000;
/// The wallet from which a stranger's tokens come: `0:2222…22`.
const COUNTERPARTY: TonAddress = TonAddress::new(0, [0x22; 32]);
/// What a token wallet tells its owner (TEP-74); sent to a token wallet it means nothing.
const TRANSFER_NOTIFICATION: u32 = 0x7362_d09c;
/// The operation code of a message that came back.
const BOUNCED: u32 = 0xffff_ffff;
/// An operation that no token wallet knows.
const UNKNOWN_OP: u32 = 0x1234_5678;

/// Builds the transaction of `transfer` from `sender` to the token wallet at `place`, which belongs to `owner`.
pub(crate) fn transfer(
    place: &Place,
    transfer: &SandboxTransfer,
    sender: &TonAddress,
    owner: &TonAddress,
) -> Result<Cell, SandboxError> {
    let units = u128::from(transfer.amount.units());
    let payload = match &transfer.comment {
        Comment::None => None,
        written => Some(comment(written)?),
    };
    let tokens = |units, from| Transfer { units, from: Some(from), payload: payload.clone() }.body();
    let plain = || place.envelope(&COUNTERPARTY, RIDING);
    let built = match transfer.kind {
        SandboxKind::Payment => tokens(units, sender).and_then(|body| taken(plain(), body)),
        SandboxKind::Unreadable => cut_off(units).and_then(|body| taken(plain(), body)),
        SandboxKind::JettonNotification => {
            op_body(TRANSFER_NOTIFICATION, &[0; 8]).and_then(|body| taken(plain(), body))
        }
        SandboxKind::NotPayment(reason) => match reason {
            NotPayment::ContractOp => op_body(UNKNOWN_OP, &[0; 8]).and_then(|body| taken(plain(), body)),
            NotPayment::ZeroValue => tokens(0, sender).and_then(|body| taken(plain(), body)),
            NotPayment::SelfTransfer => {
                tokens(units, owner).and_then(|body| taken(place.envelope(&place.wallet, RIDING), body))
            }
            NotPayment::ReturnedToSender => tokens(units, sender)
                .and_then(|body| message(IntMsgInfo { bounce: true, ..plain() }, body))
                .map(|message| (Some(message), returned(RIDING))),
            NotPayment::BouncedBackToUs => op_body(BOUNCED, &INTERNAL_TRANSFER.to_be_bytes())
                .and_then(|body| taken(IntMsgInfo { bounced: true, ..plain() }, body)),
            NotPayment::ExternalIn => {
                op_body(0, &[]).and_then(|body| Ok((Some(place.external(body)?), uncredited())))
            }
            NotPayment::NoMessage => Ok((None, tick())),
        },
        SandboxKind::Outgoing(to) => {
            return sent(place, units, payload, owner, &to).map_err(|error| refuse(&error));
        }
    };
    let (message, info) = built.map_err(|error| refuse(&error))?;
    place.transaction(message, &info).map_err(|error| refuse(&error))
}

/// The transaction in which `owner` has the token wallet send `units` to `to`.
fn sent(
    place: &Place,
    units: u128,
    payload: Option<Cell>,
    owner: &TonAddress,
    to: &TonAddress,
) -> Result<Cell, Error> {
    let order = message(place.envelope(owner, RIDING), order(units, payload.clone(), owner, to)?)?;
    let onward = IntMsgInfo { dst: address(&COUNTERPARTY), ..place.envelope(&place.wallet, RIDING) };
    let onward = message(onward, Transfer { units, from: Some(owner), payload }.body()?)?;
    place.sending(Some(order), Some(&onward), &success())
}

/// The body with which `owner` orders the token wallet to send `units` to `to`.
pub(crate) fn order(
    units: u128,
    payload: Option<Cell>,
    owner: &TonAddress,
    to: &TonAddress,
) -> Result<Cell, Error> {
    let mut builder = CellBuilder::new();
    builder.store_u32(TRANSFER)?;
    builder.store_u64(0)?;
    Tokens::new(units).store_into(&mut builder, Cell::empty_context())?;
    store_address(Some(to), &mut builder)?;
    store_address(Some(owner), &mut builder)?;
    builder.store_bit_zero()?;
    Tokens::new(1).store_into(&mut builder, Cell::empty_context())?;
    builder.store_bit(payload.is_some())?;
    if let Some(payload) = payload {
        builder.store_reference(payload)?;
    }
    builder.build()
}

/// What an `internal_transfer` carries.
pub(crate) struct Transfer<'a> {
    pub(crate) units: u128,
    /// Nobody for tokens that were just made.
    pub(crate) from: Option<&'a TonAddress>,
    /// What the payer writes, in a cell of its own.
    pub(crate) payload: Option<Cell>,
}

impl Transfer<'_> {
    /// The body of the message.
    pub(crate) fn body(&self) -> Result<Cell, Error> {
        let mut builder = head(self.units)?;
        store_address(self.from, &mut builder)?;
        store_address(self.from, &mut builder)?;
        Tokens::new(1).store_into(&mut builder, Cell::empty_context())?;
        builder.store_bit(self.payload.is_some())?;
        if let Some(payload) = &self.payload {
            builder.store_reference(payload.clone())?;
        }
        builder.build()
    }
}

/// The beginning of the body, up to the amount.
pub(crate) fn head(units: u128) -> Result<CellBuilder, Error> {
    let mut builder = CellBuilder::new();
    builder.store_u32(INTERNAL_TRANSFER)?;
    builder.store_u64(0)?;
    Tokens::new(units).store_into(&mut builder, Cell::empty_context())?;
    Ok(builder)
}

/// A body that ends after the amount.
fn cut_off(units: u128) -> Result<Cell, Error> {
    head(units)?.build()
}

fn store_address(of: Option<&TonAddress>, builder: &mut CellBuilder) -> Result<(), Error> {
    match of {
        Some(of) => address(of).store_into(builder, Cell::empty_context()),
        None => builder.store_zeros(2),
    }
}

/// A message that the wallet's code has taken.
fn taken(envelope: IntMsgInfo, body: Cell) -> Result<(Option<Cell>, TxInfo), Error> {
    Ok((Some(message(envelope, body)?), success()))
}

/// The phases of a transaction that went through.
pub(crate) fn success() -> TxInfo {
    let credit = CreditPhase { due_fees_collected: None, credit: CurrencyCollection::new(RIDING) };
    let compute = ExecutedComputePhase {
        success: true,
        msg_state_used: false,
        account_activated: false,
        gas_fees: Tokens::ZERO,
        gas_used: VarUint56::ZERO,
        gas_limit: VarUint56::ZERO,
        gas_credit: None,
        mode: 0,
        exit_code: 0,
        exit_arg: None,
        vm_steps: 1,
        vm_init_state_hash: HashBytes::ZERO,
        vm_final_state_hash: HashBytes::ZERO,
    };
    let action = ActionPhase {
        success: true,
        valid: true,
        no_funds: false,
        status_change: AccountStatusChange::Unchanged,
        total_fwd_fees: None,
        total_action_fees: None,
        result_code: 0,
        result_arg: None,
        total_actions: 0,
        special_actions: 0,
        skipped_actions: 0,
        messages_created: 0,
        action_list_hash: HashBytes::ZERO,
        total_message_size: StorageUsedShort::ZERO,
    };
    OrdinaryTxInfo {
        credit_phase: Some(credit),
        compute_phase: ComputePhase::Executed(compute),
        action_phase: Some(action),
        aborted: false,
        ..phases()
    }
    .into()
}
