//! Opening and cancelling invoices, and the limits.

use crate::{
    Amount, Currency, CustomerId, DomainError, Effect, EventKind, Holding, Invoice, InvoiceId, InvoiceKind,
    InvoiceStatus, NumberRecord, NumberState, Renewal, Rental, Term, Timestamp,
};

use super::draft::Draft;

/// The latest a rental may end, seen from now: ten years.
pub(super) fn latest_end(now: Timestamp) -> Timestamp {
    now + crate::Seconds::from_days(u64::from(Term::MAX_DAYS))
}

/// Why a number that is not available cannot be rented.
fn unavailable(record: &NumberRecord) -> Result<(), DomainError> {
    match record.state() {
        NumberState::Available => Ok(()),
        NumberState::Reserved => Err(DomainError::NumberReserved),
        NumberState::Rented | NumberState::Grace => Err(DomainError::NumberRented),
        NumberState::Turnover => Err(DomainError::NumberInTurnover),
        NumberState::Withdrawn => Err(DomainError::NumberWithdrawn),
        NumberState::Restricted => Err(DomainError::NumberRestricted),
        NumberState::PendingDeletion => Err(DomainError::NumberPendingDeletion),
        NumberState::Lost => Err(DomainError::NumberLost),
    }
}

impl Draft<'_> {
    pub(super) fn open_rent(
        &mut self,
        term: Term,
        currency: Currency,
        customer: &CustomerId,
    ) -> Result<Effect, DomainError> {
        unavailable(self.record()?)?;
        let price = self.price(term, currency)?;
        self.check_may_receive(customer)?;
        self.check_may_open(customer)?;
        let invoice = self.open(InvoiceKind::Rent, term, price, customer)?;
        let Invoice { id, expires_at, .. } = invoice;
        self.record()?.holding =
            Holding::Reserved { invoice: id, customer: customer.clone(), until: expires_at };
        Ok(Effect::Invoice(Box::new(invoice)))
    }

    pub(super) fn open_renewal(&mut self, term: Term, currency: Currency) -> Result<Effect, DomainError> {
        let now = self.now;
        let record = self.record()?;
        let rental = record.rental().cloned().ok_or(DomainError::RentalUnknown)?;
        if let Some(renewal) = rental.renewal {
            return Err(DomainError::RenewalOpen { invoice: renewal.invoice });
        }
        if record.is_lost() {
            return Err(DomainError::NumberLost);
        }
        let price = self.price(term, currency)?;
        if rental.expires_at.max(now) + term.seconds() > latest_end(now) {
            return Err(DomainError::TermTooLong);
        }
        let holder = rental.holder;
        if self.account(&holder).ban.is_some() {
            return Err(DomainError::CustomerBanned);
        }
        self.check_may_open(&holder)?;
        let invoice = self.open(InvoiceKind::Renew, term, price, &holder)?;
        let renewal = Some(Renewal { invoice: invoice.id, until: invoice.expires_at });
        let record = self.record()?;
        let holding = std::mem::replace(&mut record.holding, Holding::Free);
        record.holding = holding.map_rental(|rental| Rental { renewal, ..rental });
        Ok(Effect::Invoice(Box::new(invoice)))
    }

    /// What the number costs for `term` in `currency`.
    fn price(&mut self, term: Term, currency: Currency) -> Result<Amount, DomainError> {
        let plan = self.record()?.plan(term).ok_or(DomainError::PlanUnknown)?;
        self.check_accepted(currency)?;
        plan.price(currency).ok_or(DomainError::PriceUnknown { currency })
    }

    /// Whether the shop takes `currency` now.
    pub(super) fn check_accepted(&self, currency: Currency) -> Result<(), DomainError> {
        if self.shop.accepts(currency) { Ok(()) } else { Err(DomainError::CurrencyNotAccepted { currency }) }
    }

    /// Makes the invoice, hangs it on the account, claims its payload.
    fn open(
        &mut self,
        kind: InvoiceKind,
        term: Term,
        amount: Amount,
        customer: &CustomerId,
    ) -> Result<Invoice, DomainError> {
        let seed = &self.envelope.seed;
        let invoice = Invoice {
            id: InvoiceId::new(seed.id),
            kind,
            number: self.phone()?,
            customer: customer.clone(),
            term,
            amount,
            payload: seed.payload(),
            wallet: self.shop.wallet.address.clone(),
            jetton: self.shop.jetton(amount.currency()).map(str::to_owned),
            status: InvoiceStatus::Open,
            created_at: self.now,
            expires_at: self.now + self.shop.policy.invoice_ttl,
            waiting: None,
            doubted: false,
            version: 0,
        };
        self.account(customer).open_invoices.insert(invoice.id);
        self.invoices.push(invoice.clone());
        let Invoice { id, kind, amount, .. } = invoice;
        self.event(Some(customer), EventKind::InvoiceOpened { invoice: id, kind, amount });
        Ok(invoice)
    }

    fn check_may_open(&mut self, customer: &CustomerId) -> Result<(), DomainError> {
        let limit = self.shop.policy.max_open_invoices;
        if reaches(self.account(customer).open_invoices.len(), limit) {
            return Err(DomainError::TooManyInvoices { limit });
        }
        Ok(())
    }

    /// Whether `customer` may get one more number. Open invoices count, renewals too: a customer at the limit is
    /// rather asked to finish one thing first than let through.
    pub(super) fn check_may_receive(&mut self, customer: &CustomerId) -> Result<(), DomainError> {
        let limit = self.shop.policy.max_numbers;
        let account = self.account(customer);
        if account.ban.is_some() {
            return Err(DomainError::CustomerBanned);
        }
        if reaches(account.numbers.len() + account.open_invoices.len(), limit) {
            return Err(DomainError::TooManyNumbers { limit });
        }
        Ok(())
    }

    pub(super) fn cancel_invoice(&mut self, id: InvoiceId) -> Result<Effect, DomainError> {
        let now = self.now;
        let invoice = self.invoice(id).ok_or(DomainError::InvoiceUnknown)?;
        match invoice.status {
            InvoiceStatus::Open if invoice.waiting.is_some() => return Err(DomainError::InvoicePaid),
            InvoiceStatus::Open => {}
            InvoiceStatus::Settled { .. } => return Err(DomainError::InvoiceSettled),
            InvoiceStatus::Expired { .. } => return Err(DomainError::InvoiceExpired),
            InvoiceStatus::Cancelled { .. } => return Err(DomainError::InvoiceCancelled),
        }
        invoice.status = InvoiceStatus::Cancelled { at: now };
        let invoice = invoice.clone();
        self.withdraw_invoice(&invoice);
        self.announce_if_available();
        Ok(Effect::Invoice(Box::new(invoice)))
    }

    /// Takes a cancelled invoice off its number and tells its customer.
    pub(super) fn withdraw_invoice(&mut self, invoice: &Invoice) {
        self.release_invoice(invoice);
        self.event(Some(&invoice.customer), EventKind::InvoiceCancelled { invoice: invoice.id });
    }
}

fn reaches(count: usize, limit: u32) -> bool {
    usize::try_from(limit).is_ok_and(|limit| count >= limit)
}
