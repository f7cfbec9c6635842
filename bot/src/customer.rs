//! What a customer's button does: asks the shop, and makes its answer a view.
//!
//! Whoever presses is always the customer of that Telegram user; what is not theirs, the core refuses.

mod paying;
mod renting;
mod transferring;

use futures::future::{BoxFuture, FutureExt};
use rental_core::{Invoice, ServiceError};

use crate::admin::{self, Press};
use crate::bot::{Bot, Session};
use crate::callback::{Callback, Place, Purpose, Wish};
use crate::memory::Person;
use crate::screen::{Button, Screen};
use crate::screens::{self, Standing};
use crate::view::{Beside, View};

pub(crate) use paying::screen as invoice_screen;
pub(crate) use transferring::{chosen, opened};

/// Carries a press out.
///
/// In a box: the room for all that any press can need would else be part of every update that is handled, several
/// times.
pub(crate) fn press<'a>(
    bot: &'a Bot,
    session: &'a Session,
    callback: Callback,
) -> BoxFuture<'a, Result<View, ServiceError>> {
    carry_out(bot, session, callback).boxed()
}

async fn carry_out(bot: &Bot, session: &Session, callback: Callback) -> Result<View, ServiceError> {
    let language = session.language;
    match callback {
        Callback::Nothing => Ok(View::default()),
        Callback::Close => Ok(View { beside: Some(Beside::Nothing), ..View::default() }),
        // Operators' buttons are answered before; to others they are nothing.
        Callback::Home | Callback::Admin(_) => home(bot, session).await,
        Callback::News(wanted) => {
            bot.reach().set_news(session.user, wanted).await?;
            let text = if wanted { language.news_started() } else { language.news_stopped() };
            let again = Button::press(
                if wanted { language.news_stop() } else { language.news_start() },
                Callback::News(!wanted),
            );
            Ok(Screen::new(text).row([again]).row([language.home_button()]).into())
        }
        Callback::Browse(_)
        | Callback::Narrow(_)
        | Callback::AskDigits(_)
        | Callback::Number(..)
        | Callback::Quote(..)
        | Callback::Order(_)
        | Callback::Rentals(_)
        | Callback::Rental(_)
        | Callback::Renew(_) => renting::press(bot, session, callback).await,
        Callback::Invoices
        | Callback::Invoice(_)
        | Callback::Qr(_)
        | Callback::AskCancel(_)
        | Callback::Cancel(_)
        | Callback::TryPay(_)
        | Callback::History(_)
        | Callback::Attention(_) => paying::press(bot, session, callback).await,
        Callback::Transfer(_)
        | Callback::PickPerson(_)
        | Callback::AskPerson(_)
        | Callback::Offer(..)
        | Callback::AskLink(_)
        | Callback::MakeLink(..)
        | Callback::Withdraw(_)
        | Callback::Offered(_)
        | Callback::Accept(_)
        | Callback::Decline(_)
        | Callback::AcceptLink(_)
        | Callback::DeclineLink(_) => transferring::press(bot, session, callback).await,
        Callback::Help => Ok(screens::help(language, &bot.house).into()),
        Callback::Rules(from) => Ok(screens::rules(language, &bot.house, &from).into()),
        Callback::Languages => Ok(screens::languages(language).into()),
        Callback::Speak(language) => {
            bot.memory.remember(session.user, Person { language, chosen: true }).await?;
            let session = Session { language, ..session.clone() };
            Ok(home(bot, &session).await?.toast(language.language_chosen()))
        }
    }
}

/// The first screen.
pub(crate) async fn home(bot: &Bot, session: &Session) -> Result<View, ServiceError> {
    let account = bot.rentals.account(&session.actor(), &session.customer()).await?;
    let standing = Standing { held: account.numbers.len(), open: account.open_invoices.len() };
    let currencies = bot.catalogue.currencies(bot.rentals.as_ref()).await?;
    let screen = screens::home(session.language, standing, &currencies, &bot.house);
    let operators = admin::is_admin(bot, session).await;
    let operators = operators.then(|| Button::press(session.language.admin_to_panel(), Press::Panel.into()));
    Ok(screen.row(operators).into())
}

/// What to show after `callback` was refused: the nearest screen that is surely there.
pub(crate) fn after_refusal(callback: &Callback) -> Callback {
    match callback {
        Callback::Quote(wish, place) => around(wish, place.clone()),
        Callback::Order(order) => around(&order.wish, Place::default()),
        Callback::Number(_, place) => Callback::Browse(place.clone()),
        Callback::Qr(id) | Callback::AskCancel(id) | Callback::Cancel(id) | Callback::TryPay(id) => {
            Callback::Invoice(*id)
        }
        Callback::Renew(number)
        | Callback::Transfer(number)
        | Callback::PickPerson(number)
        | Callback::AskPerson(number)
        | Callback::Offer(number, ..)
        | Callback::AskLink(number)
        | Callback::MakeLink(number, _)
        | Callback::Withdraw(number) => Callback::Rental(*number),
        Callback::Rental(_) => Callback::Rentals(0),
        _ => Callback::Home,
    }
}

fn around(wish: &Wish, place: Place) -> Callback {
    match wish.purpose {
        Purpose::Rent => Callback::Number(wish.number, place),
        Purpose::Renew => Callback::Rental(wish.number),
    }
}

/// The invoice, when it is this customer's.
async fn own_invoice(
    bot: &Bot,
    session: &Session,
    id: rental_core::InvoiceId,
) -> Result<Invoice, ServiceError> {
    bot.rentals.invoice(&session.actor(), id).await
}

#[cfg(test)]
mod tests;
