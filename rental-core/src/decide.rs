//! All rules of the shop, as one pure function.
//!
//! [`decide`] looks at a [`State`], a command and the time, and says what to write or why not. It reads no clock,
//! draws no random number and touches no storage, so every rule can be tested, replayed and modelled as it ships.
//!
//! | rules about | live in |
//! |---|---|
//! | who may give which command | `decide/authorize.rs` |
//! | what the passing of time does | `decide/passing.rs` |
//! | opening and cancelling invoices, limits | `decide/renting.rs` |
//! | payments: settling, exceptions, the operator's decisions | `decide/paying.rs` |
//! | sending payments back | `decide/refunding.rs` |
//! | handing a rental on | `decide/transferring.rs` |
//! | the pool, holders, bans | `decide/operating.rs` |
//! | numbers whose NFT is not the operator's | `decide/owning.rs` |
//! | the shop, admins, keys | `decide/governing.rs` |
//!
//! Every decision first lets time pass (a term that is over is over, whether or not the sweeper has been there), then
//! applies the command. Both go into the same commit.

mod authorize;
mod draft;
mod governing;
mod operating;
mod owning;
mod passing;
mod paying;
mod refunding;
mod renting;
mod transferring;

use crate::{Actor, Changes, Command, DomainError, Effect, Envelope, InvoiceRef, Load, State, Timestamp};
use draft::Draft;

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to write; may be empty.
    pub changes: Changes,
    /// What to answer.
    pub effect: Effect,
}

/// Decides what `envelope` leads to in `state` at `now`.
///
/// `state` must hold what [`load_for`] asks for. The decision is total: every state and command has an answer.
///
/// # Errors
/// The [`DomainError`] of the first rule that says no; then nothing is to be written.
pub fn decide(state: &State, envelope: &Envelope, now: Timestamp) -> Result<Decision, DomainError> {
    let Envelope { actor, command, seed, .. } = envelope;
    authorize::check(actor, command, state)?;
    if let Command::OpenShop { wallet, policy, chain_start } = command {
        return governing::open_shop(state, envelope, wallet, policy, *chain_start, now);
    }
    let shop = state.shop.as_ref().ok_or(DomainError::ShopClosed)?;
    let mut draft = Draft::new(state, shop, envelope, now);
    match command {
        // These leave the payment's number alone: it may be locked.
        Command::BookWaiting { .. }
        | Command::NoteOutgoing { .. }
        | Command::RefundPayment { .. }
        | Command::ConfirmRefund { .. }
        | Command::WriteOffPayment { .. } => {}
        // A waiting payment is settled by the operator's decision, or after the news is known.
        Command::ApplyPayment { .. } | Command::NoteOwnership { .. } => draft.pass_time(),
        _ => {
            draft.settle_waiting();
            draft.pass_time();
        }
    }
    let effect = match command {
        Command::SetPolicy { policy } => draft.set_policy(policy),
        Command::AcceptUsdt { master, wallet, chain_start } => {
            draft.accept_usdt(master, wallet, *chain_start)?
        }
        Command::RefuseUsdt => draft.refuse_usdt(),
        Command::AddNumber { number, plans } => draft.add_number(*number, plans)?,
        Command::SetPlans { plans, .. } => draft.set_plans(plans)?,
        Command::Withdraw { .. } => draft.withdraw()?,
        Command::Restrict { .. } => draft.restrict()?,
        Command::AwaitDeletion { until, .. } => draft.await_deletion(*until)?,
        Command::Restore { .. } => draft.restore()?,
        Command::NoteOwnership { ownership, .. } => draft.note_ownership(ownership)?,
        Command::Extend { term, .. } => draft.extend(*term)?,
        Command::Revoke { .. } => draft.revoke()?,
        Command::Ban { customer } => draft.ban(customer),
        Command::Unban { customer } => draft.unban(customer)?,
        Command::OpenRent { term, customer, currency, .. } => draft.open_rent(*term, *currency, customer)?,
        Command::OpenRenewal { term, currency, .. } => draft.open_renewal(*term, *currency)?,
        Command::CancelInvoice { invoice } => draft.cancel_invoice(*invoice)?,
        Command::OfferTransfer { to, .. } => draft.offer_transfer(to.as_ref())?,
        Command::AcceptTransfer { offer, customer } => draft.accept_transfer(offer, customer)?,
        Command::DeclineTransfer { offer, customer } => draft.decline_transfer(offer, customer)?,
        Command::WithdrawTransfer { .. } => draft.withdraw_transfer()?,
        Command::Book { incoming, unreadable, sighting } => draft.book(incoming, *unreadable, *sighting),
        Command::BookWaiting { incoming, sighting } => draft.book_waiting(incoming, *sighting),
        Command::ConfirmPayment { sighting, .. } => draft.confirm_payment(*sighting)?,
        Command::BookDeposit { incoming, sighting } => draft.book_deposit(incoming, *sighting),
        Command::NoteOutgoing { outgoing, .. } => draft.note_outgoing(outgoing)?,
        Command::AdvanceChain { from, to } => draft.advance_chain(*from, *to)?,
        Command::RereadChain { currency, from_lt } => draft.reread_chain(*currency, *from_lt)?,
        Command::OpenShop { .. } | Command::Tick { .. } => Effect::Done,
        Command::ApplyPayment { invoice, .. } => draft.apply_payment(*invoice)?,
        Command::RefundPayment { .. } => draft.refund_payment()?,
        Command::ConfirmRefund { refund_tx, .. } => draft.confirm_refund(*refund_tx)?,
        Command::WriteOffPayment { .. } => draft.write_off_payment()?,
        Command::NoteLock { number, until } => draft.note_lock(*number, *until),
        Command::NoteNews { text } => draft.note_news(text.as_deref()),
        Command::Raise { alarm } => draft.raise(alarm),
        Command::SetOwner { user } => draft.set_owner(*user),
        Command::AddAdmin { user } => draft.add_admin(*user)?,
        Command::RemoveAdmin { user } => draft.remove_admin(*user)?,
        Command::CreateKey { integrator, scopes } => draft.create_key(integrator, scopes),
        Command::RevokeKey { id } => draft.revoke_key(id)?,
    };
    let read = load_for(actor, command);
    let (changes, effect) = draft.finish(state, seed.commit_id(), read, envelope.lease.clone(), effect);
    Ok(Decision { changes, effect })
}

/// What has to be loaded to decide `command` when `actor` gives it.
pub fn load_for(actor: &Actor, command: &Command) -> Load {
    let mut load = Load { access: matches!(actor, Actor::Admin(_)), ..Load::default() };
    match command {
        Command::OpenShop { .. }
        | Command::SetPolicy { .. }
        | Command::AcceptUsdt { .. }
        | Command::RefuseUsdt
        | Command::AdvanceChain { .. }
        | Command::RereadChain { .. }
        | Command::NoteLock { .. }
        | Command::NoteNews { .. }
        | Command::Raise { .. } => {}
        Command::SetOwner { .. }
        | Command::AddAdmin { .. }
        | Command::RemoveAdmin { .. }
        | Command::CreateKey { .. }
        | Command::RevokeKey { .. } => load.access = true,
        Command::AddNumber { number, .. }
        | Command::SetPlans { number, .. }
        | Command::Withdraw { number }
        | Command::Restrict { number }
        | Command::AwaitDeletion { number, .. }
        | Command::Restore { number }
        | Command::NoteOwnership { number, .. }
        | Command::Extend { number, .. }
        | Command::Revoke { number }
        | Command::OpenRenewal { number, .. }
        | Command::WithdrawTransfer { number }
        | Command::Tick { number } => load.number = Some(*number),
        Command::OpenRent { number, customer, .. } => {
            load.number = Some(*number);
            load.accounts = vec![customer.clone()];
        }
        Command::OfferTransfer { number, to } => {
            load.number = Some(*number);
            load.accounts = to.iter().cloned().collect();
        }
        Command::AcceptTransfer { offer, customer } | Command::DeclineTransfer { offer, customer } => {
            load.number = Some(offer.number());
            load.accounts = vec![customer.clone()];
        }
        Command::Ban { customer } | Command::Unban { customer } => load.accounts = vec![customer.clone()],
        Command::CancelInvoice { invoice } => load.invoice = Some(InvoiceRef::Id(*invoice)),
        Command::Book { incoming, .. }
        | Command::BookWaiting { incoming, .. }
        | Command::BookDeposit { incoming, .. } => {
            load.payment = Some(incoming.tx);
            load.invoice = paying::named_by(incoming).map(InvoiceRef::Payload);
        }
        Command::ApplyPayment { tx, invoice } => {
            load.payment = Some(*tx);
            load.invoice = invoice.map(InvoiceRef::Id);
        }
        Command::NoteOutgoing { payment: tx, .. }
        | Command::ConfirmPayment { tx, .. }
        | Command::RefundPayment { tx }
        | Command::ConfirmRefund { tx, .. }
        | Command::WriteOffPayment { tx } => {
            load.payment = Some(*tx);
        }
    }
    load
}
