//! Refunds: beginning them, and knowing them when they appear on chain.

use crate::{DomainError, Effect, EventKind, Likeness, Outcome, OutgoingTransfer, Payment, TxHash};

use super::draft::Draft;

impl Draft<'_> {
    pub(super) fn refund_payment(&mut self) -> Result<Effect, DomainError> {
        let (payment, reason) = self.undecided()?;
        let outcome = Outcome::RefundPending { reason, refund_tx: None };
        Ok(self.resolve(payment, outcome, "payment.refund", None))
    }

    pub(super) fn confirm_refund(&mut self, refund_tx: Option<TxHash>) -> Result<Effect, DomainError> {
        let payment = self.payment.clone().ok_or(DomainError::PaymentUnknown)?;
        let Outcome::RefundPending { reason, .. } = payment.outcome else {
            return Err(DomainError::RefundNotPending { outcome: payment.outcome.name() });
        };
        let outcome = Outcome::Refunded { reason, refund_tx };
        Ok(self.resolve(payment, outcome, "payment.refunded", refund_tx.map(|tx| tx.to_string())))
    }

    /// Looks whether `outgoing` is the refund that the payment waits for. One that fits in everything is; one that fits
    /// in part is noted for the operator, who decides. Anything else, and any other payment, stays as it is.
    pub(super) fn note_outgoing(&mut self, outgoing: &OutgoingTransfer) -> Result<Effect, DomainError> {
        let payment = self.payment.clone().ok_or(DomainError::PaymentUnknown)?;
        let Outcome::RefundPending { reason, refund_tx } = payment.outcome else {
            return Ok(Effect::Payment(Box::new(payment)));
        };
        match outgoing.likeness(&payment) {
            Likeness::Refund => {
                let outcome = Outcome::Refunded { reason, refund_tx: Some(outgoing.tx) };
                Ok(self.resolve(payment, outcome, "payment.refunded", Some(outgoing.tx.to_string())))
            }
            Likeness::InPart if refund_tx != Some(outgoing.tx) => {
                // Only the operator can tell what it is, so only the operator is told.
                let (tx, refund_tx) = (payment.tx, outgoing.tx);
                self.event(None, EventKind::RefundDiffers { tx, refund_tx });
                let outcome = Outcome::RefundPending { reason, refund_tx: Some(refund_tx) };
                let payment = Payment { outcome, ..payment };
                self.payment = Some(payment.clone());
                Ok(Effect::Payment(Box::new(payment)))
            }
            Likeness::InPart | Likeness::Other => Ok(Effect::Payment(Box::new(payment))),
        }
    }
}
