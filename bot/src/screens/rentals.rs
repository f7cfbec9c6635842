//! Numbers that the customer holds.

use rental_core::{Holding, NumberRecord, Rental, Shop, Timestamp};

use super::browsing::{is_priced, with_plans};
use super::{PER_PAGE, clamp, moment, turning};
use crate::callback::{Callback, Filter, Place, Purpose};
use crate::screen::{Button, Screen, Style};
use crate::texts::Language;

/// All of them.
pub(crate) fn rentals(language: Language, held: &[NumberRecord], page: u32, now: Timestamp) -> Screen {
    let browse = Button::press(language.to_browse(), Callback::Browse(Filter::default().into()));
    if held.is_empty() {
        return Screen::new(language.rentals_none()).row([browse]).row([language.home_button()]);
    }
    let (page, pages) = clamp(page, held.len());
    let lines = held.iter().skip(page * PER_PAGE).take(PER_PAGE).map(|record| {
        let pretty = record.number.pretty();
        let label = match &record.holding {
            Holding::Rented(rental) => {
                language.rental_line(pretty, language.span(rental.expires_at.since(now)))
            }
            _ => language.rental_line_over(pretty),
        };
        Button::press(label, Callback::Rental(record.number))
    });
    Screen::new(language.rentals())
        .rows(lines)
        .row(turning(language, page, pages, Callback::Rentals))
        .row([browse, language.home_button()])
}

/// The page on which the number at this place of the list is.
pub(crate) fn rentals_page(place: usize) -> u32 {
    u32::try_from(place / PER_PAGE).unwrap_or(u32::MAX)
}

/// One of them, from this page of the list.
pub(crate) fn rental(
    language: Language,
    record: &NumberRecord,
    rental: &Rental,
    page: u32,
    now: Timestamp,
) -> Screen {
    let (number, pretty) = (record.number, record.number.pretty());
    let grace = match &record.holding {
        Holding::Grace { until, .. } => Some(*until),
        _ => None,
    };
    let mut text = match grace {
        Some(until) => language.rental_grace(pretty, moment(until)),
        None => language.rental(
            pretty,
            language.span(rental.expires_at.since(now)),
            moment(rental.expires_at),
            moment(rental.started_at),
        ),
    };
    if let Some(offer) = &rental.transfer {
        text = format!("{text}\n\n{}", language.rental_offered(moment(offer.expires_at)));
    }
    if rental.renewal.is_some() {
        text = format!("{text}\n\n{}", language.rental_renewing());
    }
    let renew = match rental.renewal {
        Some(renewal) => Button::press(language.to_pay_renewal(), Callback::Invoice(renewal.invoice)),
        None => Button::press(language.to_renew(), Callback::Renew(number)),
    };
    let hand_on = match (&rental.transfer, grace) {
        (Some(_), _) => Some(Button::press(language.to_withdraw(), Callback::Withdraw(number))),
        (None, None) if rental.renewal.is_none() => {
            Some(Button::press(language.to_transfer(), Callback::Transfer(number)))
        }
        _ => None,
    };
    Screen::new(text)
        .row(std::iter::once(renew.styled(Style::Primary)).chain(hand_on))
        .row([language.back_button(Callback::Rentals(page)), language.home_button()])
}

/// For how much longer.
pub(crate) fn renew(language: Language, shop: &Shop, record: &NumberRecord) -> Screen {
    let pretty = record.number.pretty();
    let text = if is_priced(shop, record) { language.renew(pretty) } else { language.renew_none() };
    with_plans(Screen::new(text), language, shop, (Purpose::Renew, &Place::default()), record)
        .row([language.back_button(Callback::Rental(record.number)), language.home_button()])
}
