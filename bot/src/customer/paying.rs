//! Invoices, and payments that settled nothing.

use rental_core::{
    Command, Invoice, InvoiceId, InvoiceQuery, Outcome, Owner, PageRequest, Payment, PaymentQuery, Request,
    ServiceError,
};

use super::own_invoice;
use crate::bot::{Bot, Session};
use crate::callback::Callback;
use crate::screen::Screen;
use crate::screens::{self, History, PER_PAGE, Paying};
use crate::view::{Beside, View};

/// How many open invoices are listed.
const MOST_OPEN: usize = 20;
/// How many odd payments are looked at.
const MOST_ODD: usize = 20;

pub(super) async fn press(bot: &Bot, session: &Session, callback: Callback) -> Result<View, ServiceError> {
    let language = session.language;
    match callback {
        Callback::Invoices => {
            let account = bot.rentals.account(&session.actor(), &session.customer()).await?;
            let mut open = Vec::new();
            for id in account.open_invoices.iter().rev().take(MOST_OPEN) {
                open.push(own_invoice(bot, session, *id).await?);
            }
            Ok(screens::invoices(language, &open).into())
        }
        Callback::Invoice(id) => show(bot, session, id).await,
        Callback::Qr(id) => {
            let invoice = own_invoice(bot, session, id).await?;
            let now = bot.rentals.shop().await?.now;
            if !invoice.is_payable(now) {
                return show(bot, session, id).await;
            }
            let beside = Beside::Code(bot.links(&invoice).ton, screens::qr_caption(language, &invoice));
            Ok(View { beside: Some(beside), ..View::default() })
        }
        Callback::AskCancel(id) => {
            let invoice = own_invoice(bot, session, id).await?;
            if !invoice.is_open() || invoice.waiting.is_some() {
                return show(bot, session, id).await;
            }
            Ok(screens::cancel_question(language, &invoice).into())
        }
        Callback::Cancel(id) => {
            let command = Command::CancelInvoice { invoice: id };
            bot.rentals.execute(Request::new(session.actor(), command)).await?;
            bot.catalogue.outdated();
            show(bot, session, id).await
        }
        Callback::TryPay(id) => {
            let invoice = own_invoice(bot, session, id).await?;
            let now = bot.rentals.shop().await?.now;
            if !invoice.is_payable(now) || invoice.waiting.is_some() {
                return show(bot, session, id).await;
            }
            bot.pay_with_toy_coins(&invoice).await?;
            Ok(View::saying(language.try_paid()))
        }
        Callback::History(after) => history(bot, session, after).await,
        Callback::Attention(after) => {
            let mut odd = Vec::new();
            for payment in odd_payments(bot, session).await?.0 {
                let invoice = match payment.invoice {
                    Some(id) => own_invoice(bot, session, id).await.ok(),
                    None => None,
                };
                odd.push((payment, invoice));
            }
            Ok(screens::attention(language, &odd, after, &bot.house).into())
        }
        _ => Ok(View::default()),
    }
}

/// The screen of an invoice, which is then kept up to date as long as it can be paid.
pub(super) async fn show(bot: &Bot, session: &Session, id: InvoiceId) -> Result<View, ServiceError> {
    let invoice = own_invoice(bot, session, id).await?;
    let followed = invoice.is_open().then_some(id);
    Ok(View { invoice: followed, ..screen(bot, session, invoice).await?.into() })
}

/// The screen of an invoice as it stands now.
pub(crate) async fn screen(bot: &Bot, session: &Session, invoice: Invoice) -> Result<Screen, ServiceError> {
    let actor = session.actor();
    let held_until = match bot.rentals.rental(&actor, invoice.number).await {
        Ok(record) => record.rental().map(|rental| rental.expires_at),
        Err(_) => None,
    };
    let owner = Owner::Customer(session.customer());
    let query = PaymentQuery { owner, outcome: Some("exception"), ..PaymentQuery::default() };
    let odd = bot.rentals.payments(&actor, &query, &PageRequest::first(MOST_ODD)).await?.items.into_iter();
    let paying = Paying {
        links: bot.links(&invoice),
        held_until,
        odd: odd.filter(|payment| payment.invoice == Some(invoice.id)).collect(),
        toy: bot.sandbox.is_some(),
        now: bot.rentals.shop().await?.now,
        invoice,
    };
    Ok(screens::paying(session.language, &paying))
}

async fn history(bot: &Bot, session: &Session, after: Option<InvoiceId>) -> Result<View, ServiceError> {
    let query = InvoiceQuery { owner: Owner::Customer(session.customer()), ..InvoiceQuery::default() };
    let page = PageRequest { after: after.map(|id| id.to_string()), limit: PER_PAGE };
    let page = bot.rentals.invoices(&session.actor(), &query, &page).await?;
    let older = page.next.and_then(|_| page.items.last().map(|invoice| invoice.id));
    let (odd, more) = odd_payments(bot, session).await?;
    let history = History { invoices: page.items, after, older, odd: (odd.len(), more) };
    Ok(screens::history(session.language, &history).into())
}

/// Payments of the customer that were not simply settled, newest first, and whether there are more.
async fn odd_payments(bot: &Bot, session: &Session) -> Result<(Vec<Payment>, bool), ServiceError> {
    let owner = Owner::Customer(session.customer());
    let (mut odd, mut more) = (Vec::new(), false);
    for outcome in Outcome::NAMES.into_iter().filter(|name| *name != Outcome::Settled.name()) {
        let query = PaymentQuery { owner: owner.clone(), outcome: Some(outcome), ..PaymentQuery::default() };
        let page = bot.rentals.payments(&session.actor(), &query, &PageRequest::first(MOST_ODD)).await?;
        more |= page.next.is_some();
        odd.extend(page.items);
    }
    odd.sort_by_key(|payment| std::cmp::Reverse(payment.lt));
    more |= odd.len() > MOST_ODD;
    odd.truncate(MOST_ODD);
    Ok((odd, more))
}
