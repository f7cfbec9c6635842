//! `payments refund`: sending an odd payment back.
//!
//! The shop holds no key: it prints links for the operator's wallet and notes what the operator says was sent.

use clap::Args;
use rental_core::{
    Command, Currency, DomainError, Outcome, Payment, PaymentLinks, PaymentRequest, ServiceError, TxHash,
};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::{Column, Shape, full};
use crate::shapes::PaymentShape;

/// What to send back.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  admin-cli payments refund TX --reason \"paid twice\"
  admin-cli payments refund TX --qr
  admin-cli payments refund TX --sent
  admin-cli payments refund TX --sent HASH-OF-THE-OUTGOING-TRANSACTION")]
pub(crate) struct Refund {
    /// The transaction's hash
    tx: TxHash,
    /// The money is on its way back; with the outgoing transaction's hash, if known
    #[arg(long, value_name = "HASH", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "clap's form of an option whose value may be left out")]
    sent: Option<Option<TxHash>>,
    /// Draw the link for a phone to scan
    #[arg(long, conflicts_with = "sent")]
    qr: bool,
}

/// A payment with links for sending it back.
#[derive(Debug, Serialize)]
struct RefundShape {
    #[serde(flatten)]
    payment: PaymentShape,
    refund_links: PaymentLinks,
}

impl Shape for RefundShape {
    fn columns() -> Vec<Column> {
        let mut columns = PaymentShape::columns();
        columns.extend([full("refund_link_ton"), full("refund_link_https")]);
        columns
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = self.payment.cells();
        cells.extend([self.refund_links.ton.clone(), self.refund_links.https.clone()]);
        cells
    }
}

/// Begins a refund, or notes that it is done.
pub(super) async fn run(refund: &Refund, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let tx = refund.tx;
    if let Some(refund_tx) = refund.sent {
        let payment = desk.execute(Command::ConfirmRefund { tx, refund_tx }).await?.payment()?;
        desk.say("noted: it was sent back")?;
        return desk.show(&PaymentShape::from(&payment));
    }
    let payment = match desk.execute(Command::RefundPayment { tx }).await {
        Ok(receipt) => receipt.payment()?,
        Err(error @ ServiceError::Domain(DomainError::PaymentDecided { .. })) => {
            // Asking again shows the links again.
            let payment = desk.rentals.payment(&desk.actor, tx).await?;
            if !matches!(payment.outcome, Outcome::RefundPending { .. }) {
                return Err(error.into());
            }
            payment
        }
        Err(error) => return Err(error.into()),
    };
    desk.say(
        "nothing was sent yet: send it with one of the links; it is noted by itself once it is on chain, as long as recipient, \
         amount and comment stay as they are",
    )?;
    if let Some(seen) = payment.outcome.refund_tx() {
        desk.say(&format!(
            "{seen} is like this refund, but not in everything; if it is the refund, run this again with --sent {seen}"
        ))?;
    }
    desk.say(
        "a sender can be an exchange, where money arrives only with the customer's own memo: ask first",
    )?;
    let jetton = match payment.amount.currency() {
        Currency::Ton => None,
        // Without its master the link would send coins.
        token @ Currency::Usdt => {
            Some(desk.rentals.shop().await?.shop.jetton(token).ok_or(ServiceError::Unexpected)?.to_owned())
        }
    };
    let refund_links = desk.gateway.links(&request(&payment, jetton));
    let shape = RefundShape { payment: PaymentShape::from(&payment), refund_links };
    desk.show(&shape)?;
    if refund.qr { desk.draw(&shape.refund_links.ton) } else { Ok(()) }
}

/// The whole amount back to where it came from, naming the payment.
fn request(payment: &Payment, jetton: Option<String>) -> PaymentRequest {
    PaymentRequest {
        address: payment.sender.clone(),
        amount: payment.amount,
        jetton,
        comment: Some(payment.refund_comment()),
        expires_at: None,
    }
}
