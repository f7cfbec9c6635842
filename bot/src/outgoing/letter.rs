//! What customers are told about events: a pure function from an event, and what is known when it is sent, to a message.

use rental_core::{
    CustomerId, Event, EventKind, ExceptionReason, Invoice, InvoiceKind, NumberRecord, Payment, PhoneNumber,
    Rental, Timestamp, TransferEnd,
};

use crate::callback::Callback;
use crate::screen::{Button, Screen, Style};
use crate::screens::{self, moment};
use crate::texts::Language;

/// What is known when a message about an event is made.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The present moment.
    pub(super) now: Timestamp,
    /// The number that the event is about.
    pub(super) number: Option<NumberRecord>,
    /// The invoice that the event names, as its customer sees it.
    pub(super) invoice: Option<Invoice>,
    /// The payment that the event names.
    pub(super) payment: Option<Payment>,
    /// Whether the customer paid for what the event tells, and is told of that.
    pub(super) paid_for: bool,
}

impl Known {
    /// What `customer` holds of the number.
    fn held_by(&self, customer: &CustomerId) -> Option<&Rental> {
        let rental = self.number.as_ref().and_then(NumberRecord::rental);
        rental.filter(|rental| rental.holder == *customer)
    }
}

/// Who is told about `event` in Telegram.
pub(super) fn reader(event: &Event) -> Option<u64> {
    match event.customer {
        Some(CustomerId::Telegram(user)) => Some(user),
        Some(CustomerId::Api { .. }) | None => None,
    }
}

/// What the customer reads about `event`; nothing when there is nothing to tell, or nothing any more.
pub(super) fn letter(language: Language, event: &Event, known: &Known) -> Option<Screen> {
    let (customer, number) = (event.customer.as_ref()?, event.number);
    let held = known.held_by(customer);
    let screen = match &event.kind {
        EventKind::InvoiceSettled { expires_at, .. } => {
            let pretty = number?.pretty();
            let text = match known.invoice.as_ref()?.kind {
                InvoiceKind::Rent => language.letter_rented(pretty, moment(*expires_at)),
                InvoiceKind::Renew => language.letter_renewed(pretty, moment(*expires_at)),
            };
            Screen::new(text).row(held.map(|_| open(language, number)).into_iter().flatten())
        }
        EventKind::PaymentException { reason: ExceptionReason::NumberLocked, amount, .. } => {
            Screen::new(language.letter_seen(amount.to_string()))
        }
        EventKind::PaymentException { reason: ExceptionReason::Unconfirmed, amount, .. } => {
            Screen::new(language.letter_checking(amount.to_string()))
        }
        EventKind::PaymentException { .. } => {
            let what = screens::about_payment(language, known.payment.as_ref()?, known.invoice.as_ref());
            Screen::new(language.letter_odd(crate::texts::Html(what)))
                .row([Button::press(language.letter_to_attention(), Callback::Attention(None))])
        }
        EventKind::PaymentResolved { outcome, .. } => {
            let amount = known.payment.as_ref()?.amount.to_string();
            Screen::new(match outcome.as_str() {
                "applied" => language.letter_applied(amount),
                "refund_pending" => language.letter_refund_pending(amount),
                "refunded" => language.letter_refunded(amount),
                "written_off" => language.letter_written_off(amount),
                _ => return None,
            })
        }
        EventKind::RentalExtended { expires_at } if !known.paid_for => {
            Screen::new(language.letter_extended(number?.pretty(), moment(*expires_at)))
                .row(open(language, number))
        }
        EventKind::RentalReminder { expires_at, .. } => {
            // Renewed, handed on or over since: nothing to remind of.
            held.filter(|rental| rental.expires_at == *expires_at && known.now < *expires_at)?;
            let (left, until) = (language.span(expires_at.since(known.now)), moment(*expires_at));
            Screen::new(language.letter_reminder(number?.pretty(), left, until)).row(renew(language, number))
        }
        EventKind::RentalGrace { until } => {
            held.filter(|rental| rental.expires_at <= known.now && known.now < *until)?;
            Screen::new(language.letter_grace(number?.pretty(), moment(*until))).row(renew(language, number))
        }
        EventKind::RentalEnded { revoked } => {
            let pretty = number?.pretty();
            let text = if *revoked { language.letter_revoked(pretty) } else { language.letter_ended(pretty) };
            Screen::new(text).row([browse(language)])
        }
        EventKind::TransferOffered { to, expires_at } if to.as_ref() == Some(customer) => {
            let number = number?;
            Screen::new(language.letter_offered(number.pretty(), moment(*expires_at))).row([Button::press(
                language.letter_to_offer(),
                Callback::Offered(number),
            )
            .styled(Style::Primary)])
        }
        EventKind::TransferAccepted { from, .. } if from.as_ref() == Some(customer) => {
            Screen::new(language.letter_handed_on(number?.pretty()))
        }
        EventKind::TransferClosed { reason } => {
            let pretty = number?.pretty();
            let text = match (reason, held) {
                (TransferEnd::Declined, Some(_)) => language.letter_declined(pretty),
                (TransferEnd::Expired, Some(_)) => language.letter_offer_expired(pretty),
                (TransferEnd::Withdrawn, None) => language.letter_withdrawn(pretty),
                // Whoever closed the offer knows, and one who never answered need not be told.
                _ => return None,
            };
            Screen::new(text).row(held.map(|_| open(language, number)).into_iter().flatten())
        }
        EventKind::InvoiceOpened { .. }
        | EventKind::InvoiceExpired { .. }
        | EventKind::InvoiceCancelled { .. }
        | EventKind::RefundDiffers { .. }
        | EventKind::RentalStarted { .. }
        | EventKind::RentalExtended { .. }
        | EventKind::NumberTurnover { .. }
        | EventKind::NumberAvailable
        | EventKind::NumberLost { .. }
        | EventKind::NumberRegained
        | EventKind::TransferOffered { .. }
        | EventKind::TransferAccepted { .. }
        | EventKind::ShopAlarm { .. } => return None,
    };
    Some(screen.row([language.home_button()]))
}

fn open(language: Language, number: Option<PhoneNumber>) -> Option<Button> {
    number.map(|number| Button::press(language.letter_to_number(), Callback::Rental(number)))
}

fn renew(language: Language, number: Option<PhoneNumber>) -> Option<Button> {
    let to = |number| Button::press(language.letter_to_renew(), Callback::Renew(number));
    number.map(|number| to(number).styled(Style::Success))
}

fn browse(language: Language) -> Button {
    Button::press(language.letter_to_browse(), Callback::Browse(crate::callback::Filter::default().into()))
}

#[cfg(test)]
mod tests;
