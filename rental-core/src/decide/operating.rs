//! The operator's work on the pool, on holders and on customers. Every change is audited.

use crate::{
    Ban, CustomerId, DomainError, Effect, EventKind, HistoryKind, Holding, InvoiceStatus, Listing,
    NumberRecord, PhoneNumber, Plan, Term, Timestamp, TransferEnd,
};

use super::draft::Draft;
use super::renting::latest_end;

impl Draft<'_> {
    pub(super) fn add_number(&mut self, number: PhoneNumber, plans: &[Plan]) -> Result<Effect, DomainError> {
        if self.number.is_some() {
            return Err(DomainError::NumberExists);
        }
        let plans = self.checked(plans)?;
        let detail = written(&plans);
        self.number = Some(NumberRecord::new(number, plans, self.now));
        self.history(HistoryKind::Added, None);
        self.audit("number.add", number, Some(detail));
        self.announce_if_available();
        self.number_effect()
    }

    pub(super) fn set_plans(&mut self, plans: &[Plan]) -> Result<Effect, DomainError> {
        let plans = self.checked(plans)?;
        let detail = written(&plans);
        let record = self.record()?;
        if record.plans != plans {
            record.plans = plans;
            let number = record.number;
            self.audit("number.price", number, Some(detail));
        }
        self.number_effect()
    }

    /// The plans, when they can be offered: a price that cannot be paid would only mislead.
    fn checked(&self, plans: &[Plan]) -> Result<Vec<Plan>, DomainError> {
        let plans = Plan::check(plans.to_vec())?;
        for price in plans.iter().flat_map(Plan::prices) {
            self.check_accepted(price.currency())?;
        }
        Ok(plans)
    }

    pub(super) fn withdraw(&mut self) -> Result<Effect, DomainError> {
        self.set_listing(Listing::Withdrawn, HistoryKind::Withdrawn, "number.withdraw")
    }

    pub(super) fn restrict(&mut self) -> Result<Effect, DomainError> {
        self.set_listing(Listing::Restricted, HistoryKind::Restricted, "number.restrict")
    }

    pub(super) fn await_deletion(&mut self, until: Timestamp) -> Result<Effect, DomainError> {
        let listing = Listing::PendingDeletion { until };
        self.set_listing(listing, HistoryKind::PendingDeletion, "number.await_deletion")
    }

    fn set_listing(
        &mut self,
        listing: Listing,
        kind: HistoryKind,
        action: &str,
    ) -> Result<Effect, DomainError> {
        let record = self.record()?;
        if record.listing != listing {
            record.listing = listing;
            let number = record.number;
            self.history(kind, None);
            let detail = match listing {
                Listing::PendingDeletion { until } => Some(until.to_string()),
                _ => None,
            };
            self.audit(action, number, detail);
        }
        self.number_effect()
    }

    pub(super) fn restore(&mut self) -> Result<Effect, DomainError> {
        let record = self.record()?;
        let resting = matches!(record.holding, Holding::Turnover { .. });
        if record.listing == Listing::Listed && !resting {
            return Err(if record.is_lost() { DomainError::NumberLost } else { DomainError::NumberListed });
        }
        record.listing = Listing::Listed;
        if resting {
            record.holding = Holding::Free;
        }
        let number = record.number;
        self.history(HistoryKind::Restored, None);
        self.audit("number.restore", number, None);
        self.announce_if_available();
        self.number_effect()
    }

    pub(super) fn extend(&mut self, term: Term) -> Result<Effect, DomainError> {
        let now = self.now;
        let record = self.record()?;
        let rental = record.rental().cloned().ok_or(DomainError::RentalUnknown)?;
        let end = rental.expires_at.max(now) + term.seconds();
        if end > latest_end(now) {
            return Err(DomainError::TermTooLong);
        }
        let (number, holder) = (record.number, rental.holder.clone());
        record.holding = Holding::Rented(rental.extended_to(end, now));
        self.history(HistoryKind::Extended, Some(&holder));
        self.event(Some(&holder), EventKind::RentalExtended { expires_at: end });
        self.audit("rental.extend", number, Some(term.to_string()));
        self.number_effect()
    }

    pub(super) fn revoke(&mut self) -> Result<Effect, DomainError> {
        let now = self.now;
        let record = self.record()?;
        let rental = record.rental().cloned().ok_or(DomainError::RentalUnknown)?;
        let number = record.number;
        self.close_offer(TransferEnd::Withdrawn);
        if let Some(invoice) = rental.renewal.and_then(|renewal| self.invoice(renewal.invoice)) {
            invoice.status = InvoiceStatus::Cancelled { at: now };
            let invoice = invoice.clone();
            self.withdraw_invoice(&invoice);
        }
        let until = self.shop.policy.turnover.map(|length| now + length);
        self.end_rental(&rental, HistoryKind::Revoked);
        self.record()?.holding = Holding::Turnover { until };
        self.event(None, EventKind::NumberTurnover { until });
        self.audit("rental.revoke", number, Some(rental.holder.to_string()));
        self.number_effect()
    }

    /// Only the trail is written: whoever holds the lock may be about to change the number.
    pub(super) fn note_lock(&mut self, number: PhoneNumber, until: Option<Timestamp>) -> Effect {
        match until {
            Some(until) => self.audit("number.lock", number, Some(format!("until {until}"))),
            None => self.audit("number.unlock", number, None),
        }
        Effect::Done
    }

    pub(super) fn ban(&mut self, customer: &CustomerId) -> Effect {
        let ban = Ban { at: self.now, reason: self.envelope.reason.clone() };
        let account = self.account(customer);
        if account.ban.is_none() {
            account.ban = Some(ban);
            self.audit("customer.ban", customer, None);
        }
        Effect::Done
    }

    pub(super) fn unban(&mut self, customer: &CustomerId) -> Result<Effect, DomainError> {
        if self.account(customer).ban.take().is_none() {
            return Err(DomainError::CustomerNotBanned);
        }
        self.audit("customer.unban", customer, None);
        Ok(Effect::Done)
    }
}

fn written(plans: &[Plan]) -> String {
    plans.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
