//! `customers`: who rents here.

use clap::Subcommand;
use rental_core::{Command, CustomerId};

use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::listing::Paging;
use crate::shapes::CustomerShape;

/// What can be done with customers.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli customers list
  admin-cli customers show tg:123456789
  admin-cli customers ban api:partner:alice --reason fraud")]
pub(crate) enum Verb {
    /// List everybody who ever opened an invoice or was banned
    #[command(before_help = "Examples:
  admin-cli customers list --all --json")]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a customer
    #[command(before_help = "Examples:
  admin-cli customers show tg:123456789
  admin-cli customers show api:partner:alice")]
    Show {
        /// The customer: tg:ID or api:INTEGRATOR:REFERENCE
        customer: CustomerId,
    },
    /// Bar a customer from opening invoices and receiving numbers; what is paid for stays
    #[command(before_help = "Examples:
  admin-cli customers ban tg:123456789 --reason \"spam from two numbers\"")]
    Ban {
        /// The customer: tg:ID or api:INTEGRATOR:REFERENCE
        customer: CustomerId,
    },
    /// End a ban
    #[command(before_help = "Examples:
  admin-cli customers unban tg:123456789")]
    Unban {
        /// The customer: tg:ID or api:INTEGRATOR:REFERENCE
        customer: CustomerId,
    },
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    match verb {
        Verb::List { paging } => {
            let (rentals, actor) = (desk.rentals, desk.actor.clone());
            let page = async |page| rentals.accounts(&actor, &page).await;
            desk.list(&paging, page, |account| Some(CustomerShape::from(&account))).await
        }
        Verb::Show { customer } => {
            let account = desk.rentals.account(&desk.actor, &customer).await?;
            if account.version == 0 {
                let text = format!("{customer} has never been here; see `admin-cli customers list`");
                return Err(Failure::new(Exit::NotFound, "customer.not_found", text));
            }
            desk.show(&CustomerShape::from(&account))
        }
        Verb::Ban { customer } => {
            let command = Command::Ban { customer: customer.clone() };
            let changed = desk.execute(command).await?.changed;
            desk.say(if changed { "banned" } else { "was banned already" })?;
            show(desk, &customer).await
        }
        Verb::Unban { customer } => {
            let command = Command::Unban { customer: customer.clone() };
            desk.execute(command).await?;
            desk.say("the ban is over")?;
            show(desk, &customer).await
        }
    }
}

async fn show(desk: &mut Desk<'_>, customer: &CustomerId) -> Result<(), Failure> {
    let account = desk.rentals.account(&desk.actor, customer).await?;
    desk.show(&CustomerShape::from(&account))
}
