//! Handing a number on, and taking one over.

use rental_core::{OfferRef, PhoneNumber, Rental, Seconds, Timestamp};

use super::moment;
use crate::callback::{Callback, Mark};
use crate::screen::{Button, Screen, Style};
use crate::texts::{Html, Language};

/// The ways to hand a number on.
pub(crate) fn transfer(language: Language, number: PhoneNumber, rental: &Rental, now: Timestamp) -> Screen {
    let left = language.span(rental.expires_at.since(now));
    Screen::new(language.transfer(number.pretty(), left))
        .row([Button::press(language.to_pick_person(), Callback::PickPerson(number))])
        .row([
            Button::press(language.to_ask_person(), Callback::AskPerson(number)),
            Button::press(language.to_ask_link(), Callback::AskLink(number)),
        ])
        .row([language.back_button(Callback::Rental(number)), language.home_button()])
}

/// The question for a person's id; with what was wrong with the answer before.
pub(crate) fn person_question(language: Language, number: PhoneNumber, wrong: bool) -> Screen {
    let text = if wrong { language.bad_person() } else { language.ask_person(number.pretty()) };
    Screen::new(text).row([Button::press(language.to_cancel(), Callback::Transfer(number))])
}

/// Whether to offer the number to this person. The name is as the user's own client knows it, if at all.
pub(crate) fn offer_question(
    language: Language,
    number: PhoneNumber,
    (to, name): (u64, Option<&str>),
    (left, time): (Seconds, Seconds),
    mark: Mark,
) -> Screen {
    let person = match name {
        Some(name) => Html(format!("{} (<code>{to}</code>)", crate::texts::escape(name))),
        None => Html(format!("<code>{to}</code>")),
    };
    let text = language.offer_question(number.pretty(), person, language.span(time), language.span(left));
    Screen::new(text).row([
        Button::press(language.to_offer(), Callback::Offer(number, to, mark)).styled(Style::Primary),
        Button::press(language.to_cancel(), Callback::Transfer(number)),
    ])
}

/// The offer is made.
pub(crate) fn offer_made(language: Language, number: PhoneNumber, until: Timestamp, link: &str) -> Screen {
    Screen::new(language.offer_made(number.pretty(), moment(until), link))
        .row([Button::copy(language.to_copy_link(), link), share(language, link)])
        .row([Button::press(language.to_withdraw(), Callback::Withdraw(number)).styled(Style::Danger)])
        .row([language.back_button(Callback::Rental(number)), language.home_button()])
}

/// Whether to make a link.
pub(crate) fn link_question(
    language: Language,
    number: PhoneNumber,
    (left, time): (Seconds, Seconds),
    mark: Mark,
) -> Screen {
    let text = language.link_question(number.pretty(), language.span(left), language.span(time));
    Screen::new(text).row([
        Button::press(language.to_make_link(), Callback::MakeLink(number, mark)).styled(Style::Primary),
        Button::press(language.to_cancel(), Callback::Transfer(number)),
    ])
}

/// The link is made.
pub(crate) fn link_made(language: Language, number: PhoneNumber, until: Timestamp, link: &str) -> Screen {
    Screen::new(language.link_made(number.pretty(), moment(until), link))
        .row([Button::copy(language.to_copy_link(), link), share(language, link)])
        .row([Button::press(language.to_withdraw(), Callback::Withdraw(number)).styled(Style::Danger)])
        .row([language.back_button(Callback::Rental(number)), language.home_button()])
}

fn share(language: Language, link: &str) -> Button {
    let escape = |text: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        text.bytes().fold(String::new(), |escaped, b| {
            if plain(b) { escaped + &char::from(b).to_string() } else { escaped + &format!("%{b:02X}") }
        })
    };
    let (url, text) = (escape(link), escape(&language.share_text()));
    Button::open(language.to_share_link(), format!("https://t.me/share/url?url={url}&text={text}"))
}

/// What is offered to the customer.
pub(crate) fn offered(language: Language, offer: &OfferRef, rental: &Rental, now: Timestamp) -> Screen {
    let (accept, decline) = match offer {
        OfferRef::Token(token) => (Callback::AcceptLink(token.clone()), Callback::DeclineLink(token.clone())),
        OfferRef::Addressed(number) => (Callback::Accept(*number), Callback::Decline(*number)),
    };
    let left = language.span(rental.expires_at.since(now));
    Screen::new(language.offered(offer.number().pretty(), left, moment(rental.expires_at)))
        .row([
            Button::press(language.to_accept(), accept).styled(Style::Success),
            Button::press(language.to_decline(), decline),
        ])
        .row([language.home_button()])
}

/// The customer took it.
pub(crate) fn accepted(language: Language, number: PhoneNumber, until: Timestamp) -> Screen {
    Screen::new(language.accepted(number.pretty(), moment(until)))
        .row([Button::press(language.to_rental(), Callback::Rental(number)).styled(Style::Success)])
        .row([language.home_button()])
}
