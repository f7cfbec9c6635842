//! Numbers whose NFT is not the operator's: not offered, not renewed, offered again by themselves.
//!
//! What was given stays given: a running rental goes on to its end, and whoever has paid has paid. But no more time is
//! sold while it may not be the operator's to sell, so an invoice that nobody has paid is withdrawn at once, before
//! somebody does.

use crate::{
    Actor, DomainError, Effect, EventKind, HistoryKind, InvoiceStatus, NumberRecord, Ownership, Proof,
};

use super::draft::Draft;

impl Draft<'_> {
    /// Notes what the chain says now.
    pub(super) fn note_ownership(&mut self, ownership: &Ownership) -> Result<Effect, DomainError> {
        let now = self.now;
        let record = self.record()?;
        let number = record.number;
        let proof = Proof { ownership: ownership.clone(), checked_at: now };
        let before = record.proof.replace(proof).map(|proof| proof.ownership);
        let was_lost = before.as_ref().is_some_and(|ownership| !ownership.is_ours());
        let is_lost = record.is_lost();
        let moved = before.as_ref().map(Ownership::name) != Some(ownership.name());

        let news = match (was_lost, is_lost) {
            (_, true) if moved => Some("number.lost"),
            (true, false) => Some("number.regained"),
            _ => matches!(self.envelope.actor, Actor::Admin(_)).then_some("number.verify"),
        };
        if let Some(action) = news {
            self.audit(action, number, Some(ownership.name().to_owned()));
        }
        self.settle_waiting();
        if is_lost {
            self.stop_selling();
        }
        if is_lost && moved {
            if !was_lost {
                self.history(HistoryKind::Lost, None);
            }
            self.event(None, EventKind::NumberLost { ownership: ownership.clone() });
        } else if was_lost && !is_lost {
            self.history(HistoryKind::Regained, None);
            self.event(None, EventKind::NumberRegained);
            self.announce_if_available();
        }
        self.number_effect()
    }

    /// Withdraws the number's open invoice, unless it still waits for a payment to be carried out.
    fn stop_selling(&mut self) {
        let now = self.now;
        let Some(id) = self.number.as_ref().and_then(NumberRecord::open_invoice) else {
            return;
        };
        if let Some(invoice) = self.invoice(id).filter(|invoice| invoice.waiting.is_none()) {
            invoice.status = InvoiceStatus::Cancelled { at: now };
            let invoice = invoice.clone();
            self.withdraw_invoice(&invoice);
        }
    }
}
