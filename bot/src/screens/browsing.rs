//! From the list of free numbers to the question before an invoice.

use rental_core::{Amount, Holding, NumberRecord, NumberState, PhoneNumber, Plan, Shop, Term, Timestamp};

use super::{PER_PAGE, clamp, moment, money, turning};
use crate::bot::Session;
use crate::callback::{Callback, Filter, Mark, Order, Origin, Place, Purpose, Step, Wish};
use crate::screen::{Button, Screen, Style};
use crate::texts::Language;

/// Free numbers that fit a filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Listed {
    /// The numbers, with what they cost at least for the term that is looked for.
    pub(crate) numbers: Vec<(PhoneNumber, Option<Amount>)>,
    /// Whether these do not begin at the first number.
    pub(crate) goes_on: bool,
    /// Whether there are more after these.
    pub(crate) more: bool,
    /// The terms for which these are offered.
    pub(crate) terms: Vec<Term>,
    /// The lowest and the highest price of these, in each currency that is taken.
    pub(crate) prices: Vec<(Amount, Amount)>,
}

/// Free numbers.
pub(crate) fn browse(language: Language, listed: &Listed, place: &Place) -> Screen {
    let Place { page, filter, after } = place;
    let narrowed = *filter != Filter::default();
    let count = listed.numbers.len();
    let (page, pages) = clamp(*page, count);
    let at = |page| Place { page, filter: filter.clone(), after: *after };
    let here = at(u32::try_from(page).unwrap_or(u32::MAX));
    let mut text = match (count, listed.goes_on, listed.more, narrowed) {
        (0, true, ..) => language.browse_end(),
        (0, false, _, true) => language.browse_none(),
        (0, false, _, false) => language.browse_empty(),
        (_, true, ..) => language.browse_on(count),
        (_, false, true, _) => language.browse_more(count),
        (_, false, false, _) => language.browse(count),
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
    // A long list goes on where its last page ends, and goes back to its beginning.
    let last = listed.numbers.last().map(|(number, _)| *number).filter(|_| listed.more && page + 1 == pages);
    let on = last.map(|last| Place { after: Some(last), ..filter.clone().into() });
    let on = on.map(|place| Button::press(language.to_more_numbers(), Callback::Browse(place)));
    let first = listed
        .goes_on
        .then(|| Button::press(language.to_first_numbers(), Callback::Browse(filter.clone().into())));
    let all = narrowed.then(|| Button::press(language.to_all(), Callback::Browse(Place::default())));
    Screen::new(text)
        .rows(shown)
        .row(turning(language, page, pages, |page| Callback::Browse(at(page))))
        .row(first.into_iter().chain(on))
        .row([
            Button::press(language.to_search(), Callback::AskDigits(here.clone())),
            Button::press(language.to_narrow(), Callback::Narrow(filter.clone())),
        ])
        .row(all)
        .row([language.home_button()])
}

fn words(language: Language, filter: &Filter) -> String {
    let Filter { term, most, pattern } = filter;
    let term = term.map(|term| language.filter_term(language.term(term)));
    let most = most.and_then(Step::amount).map(|most| language.filter_most(money(most)));
    let pattern = pattern.as_ref().map(|pattern| language.filter_digits(pattern.as_str()));
    [term, most, pattern].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Round prices to choose from.
const STEPS: [u32; 13] = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000, 5000];
/// How many terms, and prices of each currency, are offered to choose from.
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
    let prices = listed.prices.iter().flat_map(|(least, most)| {
        let steps = STEPS.map(|coins| Step { currency: least.currency(), coins }).into_iter();
        let steps = steps.filter_map(|step| Some((step, step.amount()?)));
        steps.filter(move |(_, price)| least <= price && price < most).take(MOST_CHOICES)
    });
    let prices = prices.map(|(step, price)| {
        let label = language.narrow_price(money(price));
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
pub(crate) fn digits_question(language: Language, place: &Place, wrong: bool) -> Screen {
    let text = if wrong { language.bad_pattern() } else { language.ask_digits() };
    Screen::new(text).row([Button::press(language.to_cancel(), Callback::Browse(place.clone()))])
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
            let screen = Screen::new(language.number_free(pretty));
            with_plans(screen, language, shop, (Purpose::Rent, place), record)
        }
        (_, Some(why)) => Screen::new(language.number_unavailable(pretty, why)),
    };
    screen.row([language.back_button(Callback::Browse(place.clone())), language.home_button()])
}

/// Whether the number has a price that the shop takes.
pub(crate) fn is_priced(shop: &Shop, record: &NumberRecord) -> bool {
    record.plans.iter().flat_map(Plan::prices).any(|price| shop.accepts(price.currency()))
}

/// The screen with a row for each plan, and a button for each of its prices that the shop takes.
pub(super) fn with_plans(
    screen: Screen,
    language: Language,
    shop: &Shop,
    (purpose, place): (Purpose, &Place),
    record: &NumberRecord,
) -> Screen {
    let button = |plan: &Plan, price: Amount| {
        let (term, currency) = (plan.term(), price.currency());
        let wish = Wish { purpose, number: record.number, term, currency };
        Button::press(language.plan(language.term(term), money(price)), Callback::Quote(wish, place.clone()))
    };
    record.plans.iter().fold(screen, |screen, plan| {
        let taken = plan.prices().filter(|price| shop.accepts(price.currency()));
        screen.row(taken.map(|price| button(plan, price)))
    })
}

/// The question before an invoice is opened.
pub(crate) fn quote(
    language: Language,
    (wish, place): (Wish, &Place),
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
            Callback::Number(number, place.clone()),
        ),
    };
    let rules = Callback::Rules(Origin::Quote(wish, place.clone()));
    let order = Callback::Order(Order { wish, price, mark });
    Screen::new(text)
        .row([Button::press(language.to_order(), order).styled(Style::Primary)])
        .row([Button::press(language.to_rules(), rules), language.back_button(back)])
}
