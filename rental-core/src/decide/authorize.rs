//! Who may give which command.
//!
//! Rights come from the actor and the state alone, never from what a frontend once showed: an old button, a forged
//! request or a removed admin meets the same check as everything else. What an actor may not see answers as if it
//! did not exist.

use crate::{Actor, AdminId, Command, CustomerId, DomainError, State};

pub(super) fn check(actor: &Actor, command: &Command, state: &State) -> Result<(), DomainError> {
    match actor {
        Actor::System => return Ok(()),
        Actor::Admin(admin) => {
            let allowed = state.access.as_ref().is_some_and(|access| {
                admin.is_listed(access)
                    && match command {
                        Command::SetOwner { .. } | Command::Raise { .. } => false,
                        Command::AddAdmin { .. } => admin.appoints(access),
                        // Whoever wants to can lay the office down.
                        Command::RemoveAdmin { user } => {
                            admin.appoints(access) || *admin == AdminId::Telegram(*user)
                        }
                        _ => true,
                    }
            });
            return if allowed { Ok(()) } else { Err(DomainError::Denied) };
        }
        Actor::Customer(_) | Actor::Integrator(_) => {}
    }
    let own = |customer: &CustomerId, otherwise: DomainError| {
        if actor.may_see(customer) { Ok(()) } else { Err(otherwise) }
    };
    match command {
        Command::OpenRent { customer, .. } => own(customer, DomainError::Denied),
        Command::AcceptTransfer { customer, .. } | Command::DeclineTransfer { customer, .. } => {
            own(customer, DomainError::Denied)
        }
        Command::CancelInvoice { invoice } => {
            let invoice = state.invoice(*invoice).ok_or(DomainError::InvoiceUnknown)?;
            own(&invoice.customer, DomainError::InvoiceUnknown)
        }
        Command::OpenRenewal { .. } | Command::OfferTransfer { .. } | Command::WithdrawTransfer { .. } => {
            let record = state.number.as_ref().ok_or(DomainError::RentalUnknown)?;
            let rental = record.rental().ok_or(DomainError::RentalUnknown)?;
            own(&rental.holder, DomainError::RentalUnknown)
        }
        _ => Err(DomainError::Denied),
    }
}
