//! Who may give which command.
//!
//! Rights come from the actor and the state alone, never from what a frontend once showed: an old button, a forged
//! request or a removed admin meets the same check as everything else. What an actor may not see answers as if it
//! did not exist.

use crate::{Actor, AdminId, Command, CustomerId, DomainError, State, is_telegram_user};

pub(super) fn check(actor: &Actor, command: &Command, state: &State) -> Result<(), DomainError> {
    if !people_exist(actor, command) {
        return Err(DomainError::PersonUnknown);
    }
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

/// Whether everybody who is named can exist. What is written down about anybody else could not be read again.
fn people_exist(actor: &Actor, command: &Command) -> bool {
    let exists = |customer: &CustomerId| match customer {
        CustomerId::Telegram(user) => is_telegram_user(*user),
        CustomerId::Api { .. } => true,
    };
    let acting = match actor {
        Actor::Customer(customer) => exists(customer),
        Actor::Admin(AdminId::Telegram(user)) => is_telegram_user(*user),
        Actor::Admin(AdminId::Console(_)) | Actor::Integrator(_) | Actor::System => true,
    };
    acting
        && match command {
            Command::Ban { customer }
            | Command::Unban { customer }
            | Command::OpenRent { customer, .. }
            | Command::OfferTransfer { to: Some(customer), .. }
            | Command::AcceptTransfer { customer, .. }
            | Command::DeclineTransfer { customer, .. } => exists(customer),
            Command::SetOwner { user: Some(user) }
            | Command::AddAdmin { user }
            | Command::RemoveAdmin { user } => is_telegram_user(*user),
            _ => true,
        }
}
