//! What the passing of time does to a number.

use crate::{
    EventKind, HistoryKind, Holding, Invoice, InvoiceStatus, Listing, NumberState, Rental, TransferEnd,
};

use super::draft::Draft;

impl Draft<'_> {
    /// Carries out everything that is due, in the order in which it fell due, until nothing is.
    ///
    /// Deadlines of invoices are special: an invoice lapses only when the chain has been read past its deadline, so
    /// that a payment made in time is honoured however late it is seen.
    pub(super) fn pass_time(&mut self) {
        self.lapse_invoice();
        self.lapse_offer();
        self.give_notice();
        while self.pass_holding() {}
        self.pass_listing();
    }

    fn lapse_invoice(&mut self) {
        let Some(id) = self.number.as_ref().and_then(crate::NumberRecord::open_invoice) else {
            return;
        };
        let (now, chains) = (self.now, self.chains);
        let Some(invoice) = self.invoice(id).filter(|invoice| invoice.has_lapsed(&chains)) else {
            return;
        };
        invoice.status = InvoiceStatus::Expired { at: now };
        let invoice = invoice.clone();
        self.release_invoice(&invoice);
        self.event(Some(&invoice.customer), EventKind::InvoiceExpired { invoice: id });
    }

    /// Takes a closed invoice off its number and its customer's account.
    pub(super) fn release_invoice(&mut self, invoice: &Invoice) {
        self.account(&invoice.customer).open_invoices.remove(&invoice.id);
        self.number = self.number.take().map(|record| record.released_from(invoice.id));
    }

    fn lapse_offer(&mut self) {
        let now = self.now;
        let Some(rental) = self.number.as_ref().and_then(|record| record.rental()) else {
            return;
        };
        let over = |offer: &&crate::TransferOffer| offer.expires_at < now || rental.expires_at <= now;
        if let Some(offer) = rental.transfer.as_ref().filter(over) {
            self.lapsed_offer = Some(offer.clone());
            self.close_offer(TransferEnd::Expired);
        }
    }

    /// Takes an open offer off the rental and tells both sides.
    pub(super) fn close_offer(&mut self, reason: TransferEnd) {
        let Some(record) = self.number.as_mut() else {
            return;
        };
        let Some(rental) = record.rental().cloned() else {
            return;
        };
        let Some(offer) = rental.transfer else { return };
        let holding = std::mem::replace(&mut record.holding, Holding::Free);
        record.holding = holding.map_rental(|rental| Rental { transfer: None, ..rental });
        self.event(Some(&rental.holder), EventKind::TransferClosed { reason });
        if let Some(to) = offer.to {
            self.event(Some(&to), EventKind::TransferClosed { reason });
        }
    }

    fn give_notice(&mut self) {
        let now = self.now;
        let Some(record) = self.number.as_mut() else {
            return;
        };
        let Holding::Rented(rental) = &mut record.holding else {
            return;
        };
        let Some(notice) = rental.notice_due(now) else {
            return;
        };
        rental.reminded = Some(notice);
        let (holder, expires_at) = (rental.holder.clone(), rental.expires_at);
        self.event(Some(&holder), EventKind::RentalReminder { notice, expires_at });
    }

    /// One step along `Rented → Grace → Turnover → Free`, if it is due.
    fn pass_holding(&mut self) -> bool {
        let (now, policy) = (self.now, self.shop.policy.clone());
        let Some(record) = self.number.as_mut() else {
            return false;
        };
        let before = record.holding.clone();
        let after = before.clone().pass_once(now, &policy);
        if after == before {
            return false;
        }
        record.holding = after.clone();
        match (before, after) {
            (Holding::Rented(rental), Holding::Grace { until, .. }) => {
                self.history(HistoryKind::Expired, Some(&rental.holder));
                self.event(Some(&rental.holder), EventKind::RentalGrace { until });
            }
            (Holding::Grace { rental, .. }, Holding::Turnover { until }) => {
                self.end_rental(&rental, HistoryKind::Ended);
                self.event(None, EventKind::NumberTurnover { until });
            }
            _ => self.announce_if_available(),
        }
        true
    }

    /// Writes the end of `rental` into the books.
    pub(super) fn end_rental(&mut self, rental: &Rental, kind: HistoryKind) {
        if let Some(record) = &self.number {
            let number = record.number;
            self.account(&rental.holder).numbers.remove(&number);
        }
        if let Some(entry) = self.history(kind, Some(&rental.holder)) {
            entry.expires_at = Some(rental.expires_at);
        }
        self.event(Some(&rental.holder), EventKind::RentalEnded { revoked: kind == HistoryKind::Revoked });
    }

    fn pass_listing(&mut self) {
        let now = self.now;
        let Some(record) = self.number.as_mut() else {
            return;
        };
        let after = record.listing.pass(now);
        if after != record.listing {
            record.listing = after;
            debug_assert_eq!(after, Listing::Listed, "only a pending deletion ends by itself");
            self.history(HistoryKind::Restored, None);
            self.announce_if_available();
        }
    }

    /// Tells that the number can be rented, when it can.
    pub(super) fn announce_if_available(&mut self) {
        if self.number.as_ref().is_some_and(|record| record.state() == NumberState::Available) {
            self.event(None, EventKind::NumberAvailable);
        }
    }
}
