//! `payments`: money that came in.

mod reconcile;
mod refund;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use rental_core::{Command, Currency, ExceptionReason, InvoiceId, Outcome, PaymentQuery, TxHash};

use crate::cli::Whose;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::shapes::PaymentShape;

/// What can be done with payments.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli payments list --outcome exception
  admin-cli payments apply TX --invoice inv_01KX0000000000000000000000
  admin-cli payments refund TX
  admin-cli payments reconcile")]
pub(crate) enum Verb {
    /// List payments, newest first
    #[command(before_help = "Examples:
  admin-cli payments list --outcome exception
  admin-cli payments list --because underpaid --all --output csv > underpaid.csv")]
    List {
        /// Only those of which this became
        #[arg(long, value_parser = PossibleValuesParser::new(Outcome::NAMES))]
        outcome: Option<String>,
        /// Only those that are or were odd for this reason, such as underpaid
        #[arg(long, value_name = "REASON", value_parser = reason)]
        because: Option<ExceptionReason>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a payment
    #[command(before_help = "Examples:
  admin-cli payments show TX")]
    Show {
        /// The transaction's hash
        tx: TxHash,
    },
    /// Accept an odd payment for an invoice
    #[command(before_help = "Examples:
  admin-cli payments apply TX --reason \"one nanoton short\"
  admin-cli payments apply TX --invoice inv_01KX0000000000000000000000")]
    Apply {
        /// The transaction's hash
        tx: TxHash,
        /// The invoice; by default the one that the payment names
        #[arg(long)]
        invoice: Option<InvoiceId>,
    },
    /// Send an odd payment back: print links for the wallet, then note that it was sent
    Refund(refund::Refund),
    /// Keep an odd payment
    #[command(before_help = "Examples:
  admin-cli payments write-off TX --reason \"sender unknown\" --yes")]
    WriteOff {
        /// The transaction's hash
        tx: TxHash,
    },
    /// Have the chain read again from an earlier place, after a provider has told lies
    ///
    /// What is booked stays booked, once. Needed when no provider leads to the stored position any more.
    #[command(before_help = "Examples:
  admin-cli payments reread --from 65000054000000 --reason \"provider replaced\"")]
    Reread {
        /// Logical time from which on: that of the last genuine payment, see `payments show`
        #[arg(long, value_name = "LT")]
        from: u64,
        /// The chain of which wallet: that for ton or that for usdt
        #[arg(long, value_name = "CURRENCY", default_value = "ton")]
        currency: Currency,
    },
    /// Compare the books with the chain, transaction by transaction
    #[command(before_help = "Examples:
  admin-cli payments reconcile
  admin-cli payments reconcile --json")]
    Reconcile,
}

fn reason(text: &str) -> Result<ExceptionReason, String> {
    let name = serde_json::Value::from(text);
    serde_json::from_value(name).map_err(|_| {
        "write underpaid, overpaid, late, early, duplicate, cancelled, unknown_payload, no_comment, \
         unreadable_comment, unreadable_message, number_gone, number_locked, unconfirmed or disputed"
            .to_owned()
    })
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    match verb {
        Verb::List { outcome, because, whose, paging } => {
            let (rentals, actor) = (desk.rentals, desk.actor.clone());
            let query = PaymentQuery {
                owner: whose.owner(),
                outcome: Outcome::NAMES.into_iter().find(|name| outcome.as_deref() == Some(*name)),
                reason: because,
            };
            let page = async |page| rentals.payments(&actor, &query, &page).await;
            desk.list(&paging, page, |payment| Some(PaymentShape::from(&payment))).await
        }
        Verb::Show { tx } => {
            let payment = desk.rentals.payment(&desk.actor, tx).await?;
            desk.show(&PaymentShape::from(&payment))
        }
        Verb::Apply { tx, invoice } => {
            let payment = desk.execute(Command::ApplyPayment { tx, invoice }).await?.payment()?;
            desk.say("applied: the invoice is settled")?;
            desk.show(&PaymentShape::from(&payment))
        }
        Verb::Refund(refund) => refund::run(&refund, desk).await,
        Verb::WriteOff { tx } => {
            let payment = desk.rentals.payment(&desk.actor, tx).await?;
            desk.confirm(&format!("keep {} for good", payment.amount))?;
            let payment = desk.execute(Command::WriteOffPayment { tx }).await?.payment()?;
            desk.say("written off")?;
            desk.show(&PaymentShape::from(&payment))
        }
        Verb::Reread { from, currency } => {
            desk.execute(Command::RereadChain { currency, from_lt: from }).await?;
            desk.say("the chain is read again by http-api or the bot")
        }
        Verb::Reconcile => reconcile::run(desk).await,
    }
}

#[cfg(test)]
mod tests;
