//! The screens: pure functions from what is to be shown to what is shown. None of them asks the shop anything.
//!
//! Every screen has a way on; a test presses for dead ends.

mod browsing;
mod home;
mod invoices;
mod rentals;
#[cfg(test)]
mod tests;
mod transfers;

pub(crate) use browsing::{Listed, browse, digits_question, is_priced, narrow, number, quote};
pub(crate) use home::{Standing, broken_link, help, home, languages, rules};
pub(crate) use invoices::{
    History, Paying, about_payment, attention, cancel_question, history, invoices, paying, qr_caption,
};
pub(crate) use rentals::{renew, rental, rentals, rentals_page};
pub(crate) use transfers::{
    accepted, link_made, link_question, offer_made, offer_question, offered, person_question, transfer,
};

use rental_core::{Amount, Seconds, Term, Timestamp};

use crate::callback::Callback;
use crate::screen::Button;
use crate::texts::Language;

/// How many entries a page has.
pub(crate) const PER_PAGE: usize = 8;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// An amount with its currency.
pub(crate) fn money(amount: Amount) -> String {
    amount.to_string()
}

/// A moment, to the minute, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// A day, in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_string()[..10].to_owned()
}

impl Language {
    /// A term.
    pub(crate) fn term(self, term: Term) -> String {
        self.term_days(term.days())
    }

    /// A length of time, in the two largest units that say something.
    pub(crate) fn span(self, span: Seconds) -> String {
        let Seconds(seconds) = span;
        let (days, hours, minutes) = (seconds / DAY, seconds % DAY / HOUR, seconds % HOUR / MINUTE);
        match (days, hours, minutes) {
            (0, 0, 0) => self.span_moment(),
            (0, 0, minutes) => self.span_minutes(minutes),
            (0, hours, minutes) => self.span_hours_minutes(hours, minutes),
            (days, 0, _) => self.span_days(days),
            (days, hours, _) => self.span_days_hours(days, hours),
        }
    }

    /// The way home.
    pub(crate) fn home_button(self) -> Button {
        Button::press(self.to_home(), Callback::Home)
    }

    /// The way back to `callback`.
    pub(crate) fn back_button(self, callback: Callback) -> Button {
        Button::press(self.to_back(), callback)
    }
}

/// The page that is really shown, and how many there are.
fn clamp(page: u32, entries: usize) -> (usize, usize) {
    let pages = entries.div_ceil(PER_PAGE).max(1);
    (usize::try_from(page).unwrap_or(usize::MAX).min(pages - 1), pages)
}

/// The row to turn pages with; empty when there is only one.
fn turning(language: Language, page: usize, pages: usize, to: impl Fn(u32) -> Callback) -> Vec<Button> {
    if pages < 2 {
        return Vec::new();
    }
    let at = |page: usize| to(u32::try_from(page).unwrap_or(u32::MAX));
    let label = Button::press(language.page_of(page + 1, pages), Callback::Nothing);
    let mut row = Vec::new();
    if page > 0 {
        row.push(Button::press(language.page_before(), at(page - 1)));
    }
    row.push(label);
    if page + 1 < pages {
        row.push(Button::press(language.page_after(), at(page + 1)));
    }
    row
}
