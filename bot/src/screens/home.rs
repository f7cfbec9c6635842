//! Home, help, rules, language.

use rental_core::Currency;

use crate::bot::House;
use crate::callback::{Callback, Filter, Origin};
use crate::screen::{Button, Screen};
use crate::texts::{Html, Language, escape};

/// How a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// How many numbers it holds.
    pub(crate) held: usize,
    /// How many of its invoices are open.
    pub(crate) open: usize,
}

/// The first screen; numbers are paid for in `currencies`.
pub(crate) fn home(language: Language, standing: Standing, currencies: &[Currency], house: &House) -> Screen {
    let Standing { held, open } = standing;
    let labels = currencies.iter().map(|currency| currency.label().to_owned());
    let labels = labels.reduce(|one, other| language.either(Html(one), Html(other))).unwrap_or_default();
    let mut text = language.home(labels);
    let news = [(held > 0).then(|| language.home_held(held)), (open > 0).then(|| language.home_open(open))];
    for (line, at_first) in news.into_iter().flatten().zip([true, false]) {
        text.push_str(if at_first { "\n\n" } else { "\n" });
        text.push_str(&line);
    }
    let rentals = if held > 0 { language.to_rentals_count(held) } else { language.to_rentals() };
    let invoices = (open > 0).then(|| Button::press(language.to_invoices(open), Callback::Invoices));
    let support = house.support_url.clone().map(|url| Button::open(language.to_support(), url));
    Screen::new(text)
        .row(invoices)
        .row([Button::press(language.to_browse(), Callback::Browse(Filter::default().into()))])
        .row([
            Button::press(rentals, Callback::Rentals(0)),
            Button::press(language.to_history(), Callback::History(None)),
        ])
        .row([
            Button::press(language.to_help(), Callback::Help),
            Button::press(language.to_rules(), Callback::Rules(Origin::Home)),
        ])
        .row(std::iter::once(Button::press(language.to_languages(), Callback::Languages)).chain(support))
}

/// That a link was cut off.
pub(crate) fn broken_link(language: Language) -> Screen {
    Screen::new(language.broken_link())
        .row([Button::press(language.to_browse(), Callback::Browse(Filter::default().into()))])
        .row([language.home_button()])
}

/// How it works.
pub(crate) fn help(language: Language, house: &House) -> Screen {
    let support = house.support_url.clone().map(|url| Button::open(language.to_support(), url));
    Screen::new(language.help())
        .row(support)
        .row([Button::press(language.to_rules(), Callback::Rules(Origin::Help)), language.home_button()])
}

/// The shop's own rules, or ours; with the way back to where they were asked for.
pub(crate) fn rules(language: Language, house: &House, from: &Origin) -> Screen {
    let text = house.rules.as_deref().map_or_else(|| language.rules(), escape);
    let back = match from {
        Origin::Home => None,
        Origin::Help => Some(Callback::Help),
        Origin::Quote(wish, place) => Some(Callback::Quote(*wish, place.clone())),
    };
    let back = back.map(|callback| language.back_button(callback));
    Screen::new(text).row(back.into_iter().chain([language.home_button()]))
}

/// The choice of a language.
pub(crate) fn languages(language: Language) -> Screen {
    let names = Language::ALL.map(|other| {
        let name = other.language_name();
        let name = if other == language { language.chosen(name) } else { name };
        Button::press(name, Callback::Speak(other))
    });
    Screen::new(language.languages()).row(names).row([language.home_button()])
}
