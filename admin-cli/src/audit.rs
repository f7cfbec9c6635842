//! `audit`: what operators did.

use clap::Subcommand;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::shapes::AuditShape;

/// What can be done with the audit trail.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli audit list
  admin-cli audit list --all --output csv > audit.csv")]
pub(crate) enum Verb {
    /// List the audit trail, newest first
    #[command(before_help = "Examples:
  admin-cli audit list --limit 10")]
    List {
        #[command(flatten)]
        paging: Paging,
    },
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    match verb {
        Verb::List { paging } => {
            let (rentals, actor) = (desk.rentals, desk.actor.clone());
            let page = async |page| rentals.audit(&actor, &page).await;
            desk.list(&paging, page, |entry| Some(AuditShape::from(entry))).await
        }
    }
}
