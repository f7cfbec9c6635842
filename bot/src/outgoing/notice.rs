//! What operators are told about events: a pure function from an event to a message.

use rental_core::{Alarm, Event, EventKind};

use crate::admin::Press;
use crate::screen::{Button, Screen};
use crate::screens::moment;
use crate::texts::Language;

/// What an operator reads about `event`; nothing when it is none of an operator's business.
pub(super) fn notice(language: Language, event: &Event) -> Option<Screen> {
    if !event.concerns_operators() {
        return None;
    }
    let number = event.number;
    let about_number = |text: String| {
        let open = number
            .map(|number| Button::press(language.notice_to_number(), Press::Number(number.into()).into()));
        Screen::new(text).row(open)
    };
    Some(match &event.kind {
        EventKind::PaymentException { tx, amount, reason, .. } => {
            let reason = language.reason(*reason);
            let text = match number {
                Some(number) => language.notice_payment_for(amount.to_string(), number.pretty(), reason),
                None => language.notice_payment(amount.to_string(), reason),
            };
            Screen::new(text)
                .row([Button::press(language.notice_to_payment(), Press::Payment(*tx, 0).into())])
        }
        EventKind::RefundDiffers { tx, .. } => Screen::new(language.notice_refund_differs())
            .row([Button::press(language.notice_to_payment(), Press::Payment(*tx, 0).into())]),
        EventKind::NumberTurnover { .. } => about_number(language.notice_turnover(number?.pretty())),
        EventKind::NumberLost { ownership } => {
            let why = language.notice_why_lost(ownership.name());
            about_number(language.notice_lost(number?.pretty(), why))
        }
        EventKind::NumberRegained => about_number(language.notice_regained(number?.pretty())),
        EventKind::ShopAlarm { alarm } => Screen::new(match alarm {
            Alarm::ChainStalled { read_to } => language.notice_chain_stalled(moment(*read_to)),
            Alarm::ChainRecovered { read_to } => language.notice_chain_recovered(moment(*read_to)),
            Alarm::DeadLetter { group, seq, reason } => {
                language.notice_dead_letter(group, seq.to_string(), reason)
            }
        }),
        EventKind::InvoiceOpened { .. }
        | EventKind::InvoiceSettled { .. }
        | EventKind::InvoiceExpired { .. }
        | EventKind::InvoiceCancelled { .. }
        | EventKind::PaymentResolved { .. }
        | EventKind::RentalStarted { .. }
        | EventKind::RentalExtended { .. }
        | EventKind::RentalReminder { .. }
        | EventKind::RentalGrace { .. }
        | EventKind::RentalEnded { .. }
        | EventKind::NumberAvailable
        | EventKind::TransferOffered { .. }
        | EventKind::TransferAccepted { .. }
        | EventKind::TransferClosed { .. } => return None,
    })
    .map(|screen: Screen| screen.row([Button::press(language.admin_to_panel(), Press::Panel.into())]))
}
