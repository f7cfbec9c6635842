//! `invoices`: requests for payment.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use rental_core::{InvoiceId, InvoiceQuery, InvoiceStatus, PhoneNumber};

use crate::cli::Whose;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::shapes::InvoiceShape;

/// What can be done with invoices.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli invoices list --status open
  admin-cli invoices show inv_01KX0000000000000000000000")]
pub(crate) enum Verb {
    /// List invoices, newest first
    #[command(before_help = "Examples:
  admin-cli invoices list --status open
  admin-cli invoices list --customer tg:123456789 --json")]
    List {
        /// Only those that stand like this
        #[arg(long, value_parser = PossibleValuesParser::new(InvoiceStatus::NAMES))]
        status: Option<String>,
        /// Only those for this number
        #[arg(long)]
        number: Option<PhoneNumber>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show an invoice with its payment links
    #[command(before_help = "Examples:
  admin-cli invoices show inv_01KX0000000000000000000000
  admin-cli invoices show inv_01KX0000000000000000000000 --qr")]
    Show {
        /// The invoice
        invoice: InvoiceId,
        /// Draw its payment link for a phone to scan, while it is open
        #[arg(long)]
        qr: bool,
    },
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let gateway = desk.gateway;
    match verb {
        Verb::List { status, number, whose, paging } => {
            let (rentals, actor) = (desk.rentals, desk.actor.clone());
            let query = InvoiceQuery {
                owner: whose.owner(),
                status: InvoiceStatus::NAMES.into_iter().find(|name| status.as_deref() == Some(*name)),
                number,
            };
            let page = async |page| rentals.invoices(&actor, &query, &page).await;
            desk.list(&paging, page, |invoice| Some(InvoiceShape::new(&invoice, gateway))).await
        }
        Verb::Show { invoice, qr } => {
            let invoice = desk.rentals.invoice(&desk.actor, invoice).await?;
            let shape = InvoiceShape::new(&invoice, gateway);
            desk.show(&shape)?;
            match shape.link() {
                Some(link) if qr => desk.draw(link),
                _ => Ok(()),
            }
        }
    }
}
