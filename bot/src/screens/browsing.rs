//! From the list of free numbers to the question before an invoice.

use rental_core::{
    Amount, Currency, Holding, NumberRecord, NumberState, PhoneNumber, Plan, Shop, Term, Timestamp,
};

use super::{PER_PAGE, clamp, moment, money, turning};
use crate::bot::Session;
use crate::callback::{Callback, Filter, Mark, Order, Place, Purpose, Wish};
use crate::screen::{Button, Screen, Style};
use crate::texts::Language;

/// Free numbers that fit a filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Listed {
    /// The numbers, with what they cost at least for the term that is looked for.
    pub(crate) numbers: Vec<(PhoneNumber, Option<Amount>)>,
    /// Whether there are more.
    pub(crate) more: bool,
    /// The terms for which free numbers are offered, whatever the filter.
    pub(crate) terms: Vec<Term>,
    /// The lowest and the highest price in TON of these.
    pub(crate) prices: Option<(Amount, Amount)>,
}

/// Free numbers.
pub(crate) fn browse(language: Language, listed: &Listed, place: &Place) -> Screen {
    let Place { page, filter } = place;
    let narrowed = *filter != Filter::default();
    let count = listed.numbers.len();
    let (page, pages) = clamp(*page, count);
    let here = Place { page: u32::try_from(page).unwrap_or(u32::MAX), filter: filter.clone() };
    let mut text = match (count, listed.more, narrowed) {
        (0, _, true) => language.browse_none(),
        (0, _, false) => language.browse_empty(),
        (_, true, _) => language.browse_more(count),
        (_, false, _) => language.browse(count),
    };
    if narrowed {
        text.push('\n');
        text.push_str(&language.filter_chosen(words(language, filter)));
    }
    let shown = listed.numbers.iter().skip(page * PER_PAGE).take(PER_PAGE).map(|(number, price)| {
        let label = match (price, filter.term) {
            (None, _) => number.pretty(),
            (Some(price), None) => language.number_from(number.pretty(), money(*price)),
            (Some(price), Some(_)) => language.number_at(number.pretty(), money(*price)),
        };
        Button::press(label, Callback::Number(*number, here.clone()))
    });
    let all = narrowed.then(|| Button::press(language.to_all(), Callback::Browse(Place::default())));
    Screen::new(text)
        .rows(shown)
        .row(turning(language, page, pages, |page| Callback::Browse(Place { page, filter: filter.clone() })))
        .row([
            Button::press(language.to_search(), Callback::AskDigits(filter.clone())),
            Button::press(language.to_narrow(), Callback::Narrow(filter.clone())),
        ])
        .row(all)
        .row([language.home_button()])
}

fn words(language: Language, filter: &Filter) -> String {
    let Filter { term, most, pattern } = filter;
    let term = term.map(|term| language.filter_term(language.term(term)));
    let most = most.map(|most| language.filter_most(whole(most)));
    let pattern = pattern.as_ref().map(|pattern| language.filter_digits(pattern.as_str()));
    [term, most, pattern].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// So many whole TON.
fn whole(coins: u32) -> String {
    Amount::whole(Currency::Ton, u64::from(coins)).map(money).unwrap_or_default()
}

/// Round prices to choose from.
const STEPS: [u32; 13] = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000, 5000];
/// How many prices and terms are offered to choose from.
const MOST_CHOICES: usize = 6;

/// How the list can be narrowed.
pub(crate) fn narrow(language: Language, listed: &Listed, filter: &Filter) -> Screen {
    let choice = |label: String, chosen: bool, to: Filter| {
        let label = if chosen { language.chosen(label) } else { label };
        Button::press(label, Callback::Narrow(to))
    };
    let any_term =
        choice(language.narrow_any_term(), filter.term.is_none(), Filter { term: None, ..filter.clone() });
    let terms = listed.terms.iter().take(MOST_CHOICES).map(|term| {
        let label = language.narrow_term(language.term(*term));
        choice(label, filter.term == Some(*term), Filter { term: Some(*term), ..filter.clone() })
    });
    let any_price =
        choice(language.narrow_any_price(), filter.most.is_none(), Filter { most: None, ..filter.clone() });
    let fits = |step: &u32| {
        let price = Amount::whole(Currency::Ton, u64::from(*step));
        listed.prices.zip(price).is_some_and(|((least, most), price)| least <= price && price < most)
    };
    let prices = STEPS.into_iter().filter(fits).take(MOST_CHOICES).map(|step| {
        let label = language.narrow_price(whole(step));
        choice(label, filter.most == Some(step), Filter { most: Some(step), ..filter.clone() })
    });
    let terms: Vec<Button> = std::iter::once(any_term).chain(terms).collect();
    let prices: Vec<Button> = std::iter::once(any_price).chain(prices).collect();
    let screen = terms
        .chunks(3)
        .chain(prices.chunks(3))
        .fold(Screen::new(language.narrow()), |screen, row| screen.row(row.iter().cloned()));
    screen
        .row([Button::press(language.to_show_list(), Callback::Browse(filter.clone().into()))
            .styled(Style::Primary)])
        .row([language.home_button()])
}

/// The question for digits; with what was wrong with the answer before.
pub(crate) fn digits_question(language: Language, filter: &Filter, wrong: bool) -> Screen {
    let text = if wrong { language.bad_pattern() } else { language.ask_digits() };
    Screen::new(text).row([Button::press(language.to_cancel(), Callback::Browse(filter.clone().into()))])
}

/// A number of the pool, whoever has it.
pub(crate) fn number(
    session: &Session,
    shop: &Shop,
    record: &NumberRecord,
    why: Option<String>,
    place: &Place,
) -> Screen {
    let language = session.language;
    let pretty = record.number.pretty();
    let mine = record.customer() == Some(&session.customer());
    let screen = match (&record.holding, why) {
        (Holding::Rented(_) | Holding::Grace { .. }, _) if mine => Screen::new(language.number_yours(pretty))
            .row([Button::press(language.to_rental(), Callback::Rental(record.number))]),
        (Holding::Reserved { invoice, .. }, _) if mine => Screen::new(
            language.number_reserved_by_you(pretty),
        )
        .row([Button::press(language.to_pay(), Callback::Invoice(*invoice)).styled(Style::Primary)]),
        _ if record.state() == NumberState::Available && !is_priced(shop, record) => {
            Screen::new(language.number_unpriced(pretty))
        }
        (_, None) => {
            with_plans(Screen::new(language.number_free(pretty)), language, shop, Purpose::Rent, record)
        }
        (_, Some(why)) => Screen::new(language.number_unavailable(pretty, why)),
    };
    screen.row([language.back_button(Callback::Browse(place.clone())), language.home_button()])
}

/// Whether the number has a price that the shop takes.
pub(super) fn is_priced(shop: &Shop, record: &NumberRecord) -> bool {
    record.plans.iter().flat_map(Plan::prices).any(|price| shop.accepts(price.currency()))
}

/// The screen with a row for each plan, and a button for each of its prices that the shop takes.
pub(super) fn with_plans(
    screen: Screen,
    language: Language,
    shop: &Shop,
    purpose: Purpose,
    record: &NumberRecord,
) -> Screen {
    let button = |plan: &Plan, price: Amount| {
        let (term, currency) = (plan.term(), price.currency());
        let wish = Wish { purpose, number: record.number, term, currency };
        Button::press(language.plan(language.term(term), money(price)), Callback::Quote(wish))
    };
    record.plans.iter().fold(screen, |screen, plan| {
        let taken = plan.prices().filter(|price| shop.accepts(price.currency()));
        screen.row(taken.map(|price| button(plan, price)))
    })
}

/// The question before an invoice is opened.
pub(crate) fn quote(
    language: Language,
    wish: Wish,
    price: Amount,
    shop: &Shop,
    until: Option<Timestamp>,
    mark: Mark,
) -> Screen {
    let Wish { purpose, number, term, currency: _ } = wish;
    let (pretty, time) = (number.pretty(), language.span(shop.policy.invoice_ttl));
    let (text, back) = match (purpose, until) {
        (Purpose::Renew, Some(until)) => (
            language.quote_renew(pretty, language.term(term), moment(until), money(price), time),
            Callback::Renew(number),
        ),
        _ => (
            language.quote_rent(pretty, language.term(term), money(price), time),
            Callback::Number(number, Place::default()),
        ),
    };
    let order = Callback::Order(Order { wish, price, mark });
    Screen::new(text)
        .row([Button::press(language.to_order(), order).styled(Style::Primary)])
        .row([Button::press(language.to_rules(), Callback::Rules), language.back_button(back)])
}
