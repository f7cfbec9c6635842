//! Handing a number on, and taking one over.

use rental_core::{
    Command, CustomerId, DomainError, Effect, OfferRef, PhoneNumber, Request, ServiceError, Timestamp,
};

use super::renting::{held, idempotency};
use crate::bot::{Bot, Session};
use crate::callback::{Callback, Mark};
use crate::screens;
use crate::view::{Beside, Question, View};

pub(super) async fn press(bot: &Bot, session: &Session, callback: Callback) -> Result<View, ServiceError> {
    let language = session.language;
    match callback {
        Callback::Transfer(number) => {
            let record = bot.rentals.rental(&session.actor(), number).await?;
            let now = bot.rentals.shop().await?.now;
            Ok(screens::transfer(language, number, held(&record)?, now).into())
        }
        Callback::PickPerson(number) => {
            bot.rentals.rental(&session.actor(), number).await?;
            let beside = Some(Beside::person_picker(language, number.pretty()));
            Ok(View { beside, question: Some(Question::Person(number)), ..View::default() })
        }
        Callback::AskPerson(number) => {
            bot.rentals.rental(&session.actor(), number).await?;
            let screen = screens::person_question(language, number, false);
            Ok(View { question: Some(Question::Person(number)), ..screen.into() })
        }
        Callback::Offer(number, to, mark) => offer(bot, session, number, Some(to), mark).await,
        Callback::AskLink(number) => {
            let (left, time) = times(bot, session, number).await?;
            Ok(screens::link_question(language, number, (left, time), bot.mark()).into())
        }
        Callback::MakeLink(number, mark) => offer(bot, session, number, None, mark).await,
        Callback::Withdraw(number) => {
            let command = Command::WithdrawTransfer { number };
            bot.rentals.execute(Request::new(session.actor(), command)).await?;
            let view = super::renting::press(bot, session, Callback::Rental(number)).await?;
            Ok(view.toast(language.withdrawn()))
        }
        Callback::Offered(number) => opened(bot, session, OfferRef::Addressed(number)).await,
        Callback::Accept(number) => accept(bot, session, OfferRef::Addressed(number)).await,
        Callback::AcceptLink(token) => accept(bot, session, token.into()).await,
        Callback::Decline(number) => decline(bot, session, OfferRef::Addressed(number)).await,
        Callback::DeclineLink(token) => decline(bot, session, token.into()).await,
        _ => Ok(View::default()),
    }
}

/// An offer that the customer follows.
pub(crate) async fn opened(bot: &Bot, session: &Session, offer: OfferRef) -> Result<View, ServiceError> {
    let record = bot.rentals.offered(&session.actor(), &offer, &session.customer()).await?;
    let now = bot.rentals.shop().await?.now;
    Ok(screens::offered(session.language, &offer, held(&record)?, now).into())
}

/// The question after a person was chosen.
pub(crate) async fn chosen(
    bot: &Bot,
    session: &Session,
    number: PhoneNumber,
    person: (u64, Option<&str>),
) -> Result<View, ServiceError> {
    if person.0 == session.user {
        return Err(DomainError::TransferToSelf.into()); // the core would say so, but only after the question
    }
    let times = times(bot, session, number).await?;
    Ok(screens::offer_question(session.language, number, person, times, bot.mark()).into())
}

/// How much time goes with the number, and how long an offer would stand.
async fn times(
    bot: &Bot,
    session: &Session,
    number: PhoneNumber,
) -> Result<(rental_core::Seconds, rental_core::Seconds), ServiceError> {
    let record = bot.rentals.rental(&session.actor(), number).await?;
    let shop = bot.rentals.shop().await?;
    let left = held(&record)?.expires_at.since(shop.now);
    Ok((left, shop.shop.policy.transfer_ttl.min(left)))
}

async fn offer(
    bot: &Bot,
    session: &Session,
    number: PhoneNumber,
    to: Option<u64>,
    mark: Mark,
) -> Result<View, ServiceError> {
    let language = session.language;
    let link_to = bot.deep_links().await?; // before anything is offered that could not be shown
    let to_name = to.map_or_else(|| "link".to_owned(), |to| to.to_string());
    let command = Command::OfferTransfer { number, to: to.map(CustomerId::Telegram) };
    let idempotency = idempotency(session, mark, &["offer", &number.to_string(), &to_name]);
    let request = Request { idempotency, ..Request::new(session.actor(), command) };
    let receipt = bot.rentals.execute(request).await?;
    let Effect::Offer { token, expires_at, .. } = receipt.effect else {
        return Err(ServiceError::Unexpected);
    };
    if receipt.replayed {
        // A press that comes again is answered with what it did then, which may be over by now.
        let record = bot.rentals.rental(&session.actor(), number).await?;
        let stands = held(&record)?.transfer.as_ref().is_some_and(|offer| offer.expires_at == expires_at);
        if !stands {
            return super::renting::press(bot, session, Callback::Rental(number)).await;
        }
    }
    let screen = match to {
        Some(_) => {
            let link = format!("{link_to}o_{}", number.digits());
            screens::offer_made(language, number, expires_at, &link)
        }
        None => screens::link_made(language, number, expires_at, &format!("{link_to}{token}")),
    };
    Ok(screen.into())
}

async fn accept(bot: &Bot, session: &Session, offer: OfferRef) -> Result<View, ServiceError> {
    let number = offer.number();
    let command = Command::AcceptTransfer { offer, customer: session.customer() };
    let record = match bot.rentals.execute(Request::new(session.actor(), command)).await {
        Ok(receipt) => receipt.number()?,
        // Whoever taps twice has it by now.
        Err(ServiceError::Domain(DomainError::TransferUnknown)) => {
            let held = bot.rentals.rental(&session.actor(), number).await;
            held.map_err(|_| DomainError::TransferUnknown)?
        }
        Err(refused) => return Err(refused),
    };
    let until: Timestamp = held(&record)?.expires_at;
    Ok(screens::accepted(session.language, number, until).into())
}

async fn decline(bot: &Bot, session: &Session, offer: OfferRef) -> Result<View, ServiceError> {
    let command = Command::DeclineTransfer { offer, customer: session.customer() };
    bot.rentals.execute(Request::new(session.actor(), command)).await?;
    Ok(super::home(bot, session).await?.toast(session.language.declined()))
}
