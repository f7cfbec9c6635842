//! From the list to the invoice, and the numbers that are held.

use rental_core::{
    Amount, Command, DomainError, IdempotencyKey, Invoice, NumberRecord, NumberState, Owner, PageRequest,
    Rental, Request, ServiceError,
};

use super::paying;
use crate::bot::{Bot, Session};
use crate::callback::{Callback, Order, Place, Purpose, Wish};
use crate::screens;
use crate::view::{Question, View};

pub(super) async fn press(bot: &Bot, session: &Session, callback: Callback) -> Result<View, ServiceError> {
    let language = session.language;
    match callback {
        Callback::Browse(place) => {
            let listed = bot.catalogue.listed(bot.rentals.as_ref(), &place).await?;
            Ok(screens::browse(language, &listed, &place).into())
        }
        Callback::Narrow(filter) => {
            let listed = bot.catalogue.listed(bot.rentals.as_ref(), &Place::default()).await?;
            Ok(screens::narrow(language, &listed, &filter).into())
        }
        Callback::AskDigits(place) => {
            let screen = screens::digits_question(language, &place, false);
            Ok(View { question: Some(Question::Digits(place)), ..screen.into() })
        }
        Callback::Number(number, place) => {
            let record = bot.rentals.number(number).await?;
            let shop = bot.rentals.shop().await?.shop;
            Ok(screens::number(session, &shop, &record, unavailable(session, &record), &place).into())
        }
        Callback::Quote(wish, place) => quote(bot, session, wish, &place).await,
        Callback::Order(wanted) => order(bot, session, wanted).await,
        Callback::Rentals(page) => {
            let (actor, owner) = (session.actor(), Owner::Customer(session.customer()));
            let most = PageRequest::first(PageRequest::MOST);
            let held = bot.rentals.rentals(&actor, &owner, &most).await?;
            let now = bot.rentals.shop().await?.now;
            Ok(screens::rentals(language, &held.items, page, now).into())
        }
        Callback::Rental(number) => {
            let record = bot.rentals.rental(&session.actor(), number).await?;
            let account = bot.rentals.account(&session.actor(), &session.customer()).await?;
            let page = screens::rentals_page(account.numbers.range(..number).count());
            let now = bot.rentals.shop().await?.now;
            let rental = held(&record)?;
            Ok(screens::rental(language, &record, rental, page, now).into())
        }
        Callback::Renew(number) => {
            let record = bot.rentals.rental(&session.actor(), number).await?;
            let shop = bot.rentals.shop().await?.shop;
            Ok(screens::renew(language, &shop, &record).into())
        }
        _ => Ok(View::default()),
    }
}

/// The rental in a record that has one.
pub(super) fn held(record: &NumberRecord) -> Result<&Rental, ServiceError> {
    Ok(record.rental().ok_or(DomainError::RentalUnknown)?)
}

/// Why a number cannot be rented now, in the words of the refusal.
fn unavailable(session: &Session, record: &NumberRecord) -> Option<String> {
    let why = match record.state() {
        NumberState::Available => return None,
        NumberState::Reserved => DomainError::NumberReserved,
        NumberState::Rented | NumberState::Grace => DomainError::NumberRented,
        NumberState::Turnover => DomainError::NumberInTurnover,
        NumberState::Withdrawn => DomainError::NumberWithdrawn,
        NumberState::Restricted => DomainError::NumberRestricted,
        NumberState::PendingDeletion => DomainError::NumberPendingDeletion,
        NumberState::Lost => DomainError::NumberLost,
    };
    Some(session.language.refusal(&why.into()))
}

/// The question before an invoice. The price is shown here and checked again when it is ordered.
async fn quote(bot: &Bot, session: &Session, wish: Wish, place: &Place) -> Result<View, ServiceError> {
    let shop = bot.rentals.shop().await?;
    let record = match wish.purpose {
        Purpose::Rent => bot.rentals.number(wish.number).await?,
        Purpose::Renew => bot.rentals.rental(&session.actor(), wish.number).await?,
    };
    if wish.purpose == Purpose::Rent && record.state() != NumberState::Available {
        return Ok(screens::number(session, &shop.shop, &record, unavailable(session, &record), place).into());
    }
    let price = price(&record, wish).ok_or(DomainError::PlanUnknown)?;
    let until = record.rental().map(|rental| rental.expires_at.max(shop.now) + wish.term.seconds());
    let mark = bot.mark();
    Ok(screens::quote(session.language, (wish, place), price, &shop.shop, until, mark).into())
}

/// What is wished for costs so much now, if it is offered.
fn price(record: &NumberRecord, wish: Wish) -> Option<Amount> {
    record.plan(wish.term).and_then(|plan| plan.price(wish.currency))
}

/// Opens the invoice, once for each showing of the question.
async fn order(bot: &Bot, session: &Session, wanted: Order) -> Result<View, ServiceError> {
    let Order { wish, price: shown, mark } = wanted;
    let Wish { purpose, number, term, currency } = wish;
    let record = bot.rentals.number(number).await?;
    if price(&record, wish).is_some_and(|now| now != shown) {
        let place = Place::default();
        return Ok(quote(bot, session, wish, &place).await?.alert(session.language.price_changed()));
    }
    let (command, name) = match purpose {
        Purpose::Rent => (Command::OpenRent { number, term, customer: session.customer(), currency }, "rent"),
        Purpose::Renew => (Command::OpenRenewal { number, term, currency }, "renew"),
    };
    let parts = [name, &number.to_string(), &term.to_string(), &shown.to_string()];
    let idempotency = idempotency(session, mark, &parts);
    let request = Request { idempotency, ..Request::new(session.actor(), command) };
    let opened: Invoice = bot.rentals.execute(request).await?.invoice()?;
    bot.catalogue.outdated();
    paying::show(bot, session, opened.id).await
}

/// The name of a request that was made with a button: the same for every press on that showing of it.
pub(super) fn idempotency(
    session: &Session,
    mark: crate::callback::Mark,
    parts: &[&str],
) -> Option<IdempotencyKey> {
    let owner = "telegram".parse().expect("a name");
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    IdempotencyKey::new(owner, &format!("{}:{mark}", session.customer()), &parts)
}
