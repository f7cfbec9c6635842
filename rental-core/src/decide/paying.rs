//! Payments: what settles, what is an exception, and what the operator may decide.

use crate::{
    Amount, Comment, Currency, DomainError, Effect, EventKind, ExceptionReason, HistoryKind, Holding,
    IncomingPayment, Invoice, InvoiceId, InvoiceKind, InvoiceStatus, NumberState, Outcome, Payload, Payment,
    Rental, Seconds, Sighting, TxHash,
};

use super::draft::Draft;
use super::renting::latest_end;

/// How far the chain's clock may be behind ours when an invoice is paid the moment it is opened.
const CLOCK_SKEW: Seconds = Seconds(60);

/// The payload that a payment names.
pub(super) fn named_by(incoming: &IncomingPayment) -> Option<Payload> {
    incoming.comment.text().and_then(Payload::from_comment)
}

/// What the invoice makes of a payment that names it, before looking at the number.
fn fits(invoice: &Invoice, incoming: &IncomingPayment) -> Result<(), ExceptionReason> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    // First: each currency's chain is read at its own time, and when this one is read must not change the reason.
    if incoming.amount.currency() != invoice.amount.currency() {
        return Err(ExceptionReason::WrongCurrency);
    }
    match invoice.status {
        InvoiceStatus::Settled { .. } => return Err(ExceptionReason::Duplicate),
        InvoiceStatus::Cancelled { .. } => return Err(ExceptionReason::Cancelled),
        InvoiceStatus::Expired { .. } => return Err(ExceptionReason::Late),
        InvoiceStatus::Open => {}
    }
    if invoice.waiting.is_some() && !invoice.doubted {
        return Err(ExceptionReason::Duplicate);
    }
    if incoming.chain_time > invoice.expires_at {
        return Err(ExceptionReason::Late);
    }
    if incoming.chain_time + CLOCK_SKEW < invoice.created_at {
        return Err(ExceptionReason::Early);
    }
    match incoming.amount.units().cmp(&invoice.amount.units()) {
        Less => Err(ExceptionReason::Underpaid),
        Greater => Err(ExceptionReason::Overpaid),
        Equal => Ok(()),
    }
}

impl Draft<'_> {
    /// Books a payment exactly once: the transaction's hash is a permanent once-key.
    pub(super) fn book(
        &mut self,
        incoming: &IncomingPayment,
        unreadable: bool,
        sighting: Sighting,
    ) -> Effect {
        if let Some(booked) = self.payment.as_ref().filter(|payment| payment.tx == incoming.tx) {
            return Effect::Payment(Box::new(booked.clone()));
        }
        let invoice = match self.named_invoice(incoming, unreadable) {
            Err(reason) => return self.keep(incoming, reason, None),
            Ok(invoice) => invoice,
        };
        if let Err(reason) = fits(&invoice, incoming) {
            return self.keep(incoming, reason, Some(&invoice));
        }
        if let Some(doubt) = self.doubt(incoming.amount, sighting) {
            return self.keep_waiting(incoming, doubt, &invoice);
        }
        match self.carry_out(&invoice, incoming.tx, Allowed::Hanging) {
            Err(reason) => self.keep(incoming, reason, Some(&invoice)),
            Ok(()) => self.enter(incoming, Outcome::Settled, Some(invoice.id)),
        }
    }

    /// Books money from one of the operator's own wallets. Whoever tries the shop out with it pays like everybody.
    pub(super) fn book_deposit(&mut self, incoming: &IncomingPayment, sighting: Sighting) -> Effect {
        if named_by(incoming).is_some() || self.payment.is_some() {
            return self.book(incoming, false, sighting);
        }
        self.enter(incoming, Outcome::Deposit, None)
    }

    /// Books a payment whose number is locked. One that fits waits; the next tick on the unlocked number settles it,
    /// and until then the invoice cannot lapse.
    pub(super) fn book_waiting(&mut self, incoming: &IncomingPayment, sighting: Sighting) -> Effect {
        if let Some(booked) = self.payment.as_ref().filter(|payment| payment.tx == incoming.tx) {
            return Effect::Payment(Box::new(booked.clone()));
        }
        let invoice = match self.named_invoice(incoming, false) {
            Err(reason) => return self.keep(incoming, reason, None),
            Ok(invoice) => invoice,
        };
        if let Err(reason) = fits(&invoice, incoming) {
            return self.keep(incoming, reason, Some(&invoice));
        }
        let reason = self.doubt(incoming.amount, sighting).unwrap_or(ExceptionReason::NumberLocked);
        self.keep_waiting(incoming, reason, &invoice)
    }

    /// Keeps a payment that fits and may settle its invoice later. Until then the invoice cannot lapse. Where it waits for
    /// another payment already, the one that is in no doubt takes the place of one that is.
    fn keep_waiting(
        &mut self,
        incoming: &IncomingPayment,
        reason: ExceptionReason,
        invoice: &Invoice,
    ) -> Effect {
        let doubted = reason != ExceptionReason::NumberLocked;
        if let Some(invoice) =
            self.invoice(invoice.id).filter(|invoice| invoice.waiting.is_none() || !doubted)
        {
            (invoice.waiting, invoice.doubted) = (Some(incoming.tx), doubted);
        }
        self.keep(incoming, reason, Some(invoice))
    }

    /// Why a payment of `amount` that was seen like this may not settle anything by itself. Where there is one source
    /// of the chain, nobody else can be asked; a source that contradicts counts whatever the amount. The figure above
    /// which another source has to agree is one of TON: other money is always checked.
    fn doubt(&self, amount: Amount, sighting: Sighting) -> Option<ExceptionReason> {
        let Sighting { sources, confirmed, denied } = sighting;
        let above = self.shop.policy.cross_check_above.get();
        let small = amount.currency() == Currency::Ton && amount.units() <= above;
        let checked = sources > 1 && !small;
        if denied > 0 {
            Some(ExceptionReason::Disputed)
        } else if checked && confirmed < 2 {
            Some(ExceptionReason::Unconfirmed)
        } else {
            None
        }
    }

    /// Looks at an unconfirmed payment again, now that more may be known. What is disputed stays so: it is the
    /// operator's to decide.
    pub(super) fn confirm_payment(&mut self, sighting: Sighting) -> Result<Effect, DomainError> {
        let payment = self.payment.clone().ok_or(DomainError::PaymentUnknown)?;
        if payment.outcome == (Outcome::Exception { reason: ExceptionReason::Unconfirmed }) {
            match self.doubt(payment.amount, sighting) {
                Some(ExceptionReason::Disputed) => self.except(payment, ExceptionReason::Disputed),
                Some(_) => {}
                None => self.settle_confirmed(payment),
            }
        }
        let payment = self.payment.clone().ok_or(DomainError::PaymentUnknown)?;
        Ok(Effect::Payment(Box::new(payment)))
    }

    /// Settles a payment that was unconfirmed, unless another one was faster.
    fn settle_confirmed(&mut self, payment: Payment) {
        let Some(invoice) = payment.invoice.and_then(|id| self.invoice(id).cloned()) else {
            return;
        };
        let taken = !invoice.doubted && invoice.waiting.is_some_and(|tx| tx != payment.tx);
        let refused = match invoice.status {
            InvoiceStatus::Open if !taken => self.carry_out(&invoice, payment.tx, Allowed::Hanging).err(),
            InvoiceStatus::Open | InvoiceStatus::Settled { .. } => Some(ExceptionReason::Duplicate),
            InvoiceStatus::Cancelled { .. } => Some(ExceptionReason::Cancelled),
            InvoiceStatus::Expired { .. } => Some(ExceptionReason::NumberGone),
        };
        self.conclude(payment, refused);
    }

    /// Notes that a payment which waited has settled its invoice, or why it could not.
    fn conclude(&mut self, payment: Payment, refused: Option<ExceptionReason>) {
        let Some(reason) = refused else {
            self.payment = Some(Payment { outcome: Outcome::Settled, ..payment });
            return;
        };
        if let Some(id) = payment.invoice {
            self.stop_waiting(id, payment.tx);
        }
        self.except(payment, reason);
    }

    /// Makes a payment that was booked an exception for this reason.
    fn except(&mut self, payment: Payment, reason: ExceptionReason) {
        let Payment { tx, amount, invoice, .. } = payment;
        let customer = invoice.and_then(|id| self.invoice(id)).map(|invoice| invoice.customer.clone());
        self.event(customer.as_ref(), EventKind::PaymentException { tx, amount, reason, invoice });
        self.payment = Some(Payment { outcome: Outcome::Exception { reason }, ..payment });
    }

    /// Settles a payment that waited for a lock to go.
    pub(super) fn settle_waiting(&mut self) {
        let reason = ExceptionReason::NumberLocked;
        let Some(payment) = self.payment.clone() else {
            return;
        };
        let Some(invoice) = payment.invoice.and_then(|id| self.invoice(id).cloned()) else {
            return;
        };
        let undecided = payment.outcome == Outcome::Exception { reason };
        if !undecided || !invoice.is_open() || invoice.waiting != Some(payment.tx) {
            return;
        }
        let refused = self.carry_out(&invoice, payment.tx, Allowed::Hanging).err();
        self.conclude(payment, refused);
    }

    /// Lets the invoice wait for this payment no more.
    fn stop_waiting(&mut self, id: InvoiceId, tx: TxHash) {
        if let Some(invoice) = self.invoice(id).filter(|invoice| invoice.waiting == Some(tx)) {
            (invoice.waiting, invoice.doubted) = (None, false);
        }
    }

    /// The invoice that a payment names, or why it names none.
    fn named_invoice(
        &self,
        incoming: &IncomingPayment,
        unreadable: bool,
    ) -> Result<Invoice, ExceptionReason> {
        if unreadable {
            return Err(ExceptionReason::UnreadableMessage);
        }
        match &incoming.comment {
            Comment::None => return Err(ExceptionReason::NoComment),
            Comment::Text(text) if text.trim().is_empty() => return Err(ExceptionReason::NoComment),
            Comment::Encrypted | Comment::Binary(_) | Comment::Malformed => {
                return Err(ExceptionReason::UnreadableComment);
            }
            Comment::Text(_) => {}
        }
        let payload = named_by(incoming).ok_or(ExceptionReason::UnknownPayload)?;
        let invoice = self.invoices.iter().find(|invoice| invoice.payload == payload);
        invoice.cloned().ok_or(ExceptionReason::UnknownPayload)
    }

    /// Keeps a payment that settles nothing.
    fn keep(
        &mut self,
        incoming: &IncomingPayment,
        reason: ExceptionReason,
        invoice: Option<&Invoice>,
    ) -> Effect {
        let id = invoice.map(|invoice| invoice.id);
        let kind =
            EventKind::PaymentException { tx: incoming.tx, amount: incoming.amount, reason, invoice: id };
        self.event(invoice.map(|invoice| &invoice.customer), kind);
        self.enter(incoming, Outcome::Exception { reason }, id)
    }

    fn enter(&mut self, incoming: &IncomingPayment, outcome: Outcome, invoice: Option<InvoiceId>) -> Effect {
        let payment = Payment::book(incoming, outcome, invoice, self.now);
        self.payment = Some(payment.clone());
        Effect::Payment(Box::new(payment))
    }

    /// Gives the customer what `invoice` is for, and closes it as paid by `tx`.
    fn carry_out(&mut self, invoice: &Invoice, tx: TxHash, allowed: Allowed) -> Result<(), ExceptionReason> {
        let now = self.now;
        let record = self.number.as_mut().ok_or(ExceptionReason::NumberGone)?;
        let hangs = record.open_invoice() == Some(invoice.id);
        let (rental, kind) = match (invoice.kind, &record.holding) {
            (InvoiceKind::Rent, _) if record.is_lost() => return Err(ExceptionReason::NumberGone),
            (InvoiceKind::Rent, Holding::Reserved { .. }) if hangs => (None, HistoryKind::Rented),
            (InvoiceKind::Rent, Holding::Free)
                if allowed == Allowed::ByOperator && record.state() != NumberState::PendingDeletion =>
            {
                (None, HistoryKind::Rented)
            }
            (InvoiceKind::Renew, Holding::Rented(rental) | Holding::Grace { rental, .. })
                if rental.holder == invoice.customer && (hangs || allowed == Allowed::ByOperator) =>
            {
                (Some(rental.clone()), HistoryKind::Renewed)
            }
            _ => return Err(ExceptionReason::NumberGone),
        };
        let in_grace = matches!(record.holding, Holding::Grace { .. });
        let rental = match rental {
            None => Rental::start(invoice.customer.clone(), now, invoice.term.seconds()),
            Some(rental) => {
                let from = if in_grace { now } else { rental.expires_at };
                let renewal = rental.renewal.filter(|renewal| renewal.invoice != invoice.id);
                let end = (from + invoice.term.seconds()).min(latest_end(now).max(rental.expires_at));
                Rental { renewal, ..rental }.extended_to(end, now)
            }
        };
        let (number, expires_at) = (record.number, rental.expires_at);
        record.holding = Holding::Rented(rental);
        if let Some(invoice) = self.invoice(invoice.id) {
            invoice.status = InvoiceStatus::Settled { tx, at: now };
            (invoice.waiting, invoice.doubted) = (None, false);
        }
        let account = self.account(&invoice.customer);
        account.open_invoices.remove(&invoice.id);
        account.numbers.insert(number);
        if let Some(entry) = self.history(kind, Some(&invoice.customer)) {
            entry.invoice = Some(invoice.id);
        }
        self.event(
            Some(&invoice.customer),
            EventKind::InvoiceSettled { invoice: invoice.id, tx, expires_at },
        );
        let news = match invoice.kind {
            InvoiceKind::Rent => EventKind::RentalStarted { expires_at },
            InvoiceKind::Renew => EventKind::RentalExtended { expires_at },
        };
        self.event(Some(&invoice.customer), news);
        Ok(())
    }

    /// The payment, which must be waiting for a decision, with what is odd about it.
    pub(super) fn undecided(&self) -> Result<(Payment, ExceptionReason), DomainError> {
        let payment = self.payment.clone().ok_or(DomainError::PaymentUnknown)?;
        match payment.outcome {
            Outcome::Exception { reason } => Ok((payment, reason)),
            _ => Err(DomainError::PaymentDecided { outcome: payment.outcome.name() }),
        }
    }

    pub(super) fn apply_payment(&mut self, named: Option<InvoiceId>) -> Result<Effect, DomainError> {
        let (payment, reason) = self.undecided()?;
        let id = named.or(payment.invoice).ok_or(DomainError::InvoiceNotNamed)?;
        if reason.holds_invoice() && payment.invoice != Some(id) {
            return Err(DomainError::PaymentWaiting); // its own invoice would wait for it for ever
        }
        let invoice = self.invoice(id).cloned().ok_or(DomainError::InvoiceUnknown)?;
        if matches!(invoice.status, InvoiceStatus::Settled { .. }) {
            return Err(DomainError::InvoiceSettled);
        }
        if invoice.waiting.is_some_and(|tx| tx != payment.tx) && !invoice.doubted {
            return Err(DomainError::InvoicePaid);
        }
        self.carry_out(&invoice, payment.tx, Allowed::ByOperator)
            .map_err(|_| DomainError::NumberGone { number: invoice.number })?;
        let payment = Payment { invoice: Some(id), ..payment };
        Ok(self.resolve(payment, Outcome::Applied { reason }, "payment.apply", Some(id.to_string())))
    }

    pub(super) fn write_off_payment(&mut self) -> Result<Effect, DomainError> {
        let (payment, reason) = self.undecided()?;
        Ok(self.resolve(payment, Outcome::WrittenOff { reason }, "payment.write_off", None))
    }

    /// Writes what became of the payment.
    pub(super) fn resolve(
        &mut self,
        payment: Payment,
        outcome: Outcome,
        action: &str,
        detail: Option<String>,
    ) -> Effect {
        let (tx, name) = (payment.tx, outcome.name().to_owned());
        let customer = payment.invoice.and_then(|id| {
            self.stop_waiting(id, tx);
            self.invoice(id).map(|invoice| invoice.customer.clone())
        });
        self.event(customer.as_ref(), EventKind::PaymentResolved { tx, outcome: name });
        self.audit(action, tx, detail);
        let payment = Payment { outcome, ..payment };
        self.payment = Some(payment.clone());
        Effect::Payment(Box::new(payment))
    }
}

/// For which numbers an invoice may be carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// Only for the one it hangs on.
    Hanging,
    /// Also when it hangs there no more, but the number is free or still this customer's.
    ByOperator,
}
