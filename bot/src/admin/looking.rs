//! What operators look at.

use rental_core::{
    Actor, Currency, CustomerId, DomainError, LeaseName, NumberState, PageRequest, PaymentQuery, PhoneNumber,
    ServiceError, TxHash,
};

use super::screens::{self, Card, Standing};
use super::{Answer, Desk};
use crate::callback::{Opened, Shelf};
use crate::outgoing::{Broadcasts, CUSTOMERS, OPERATORS};

/// How many entries a page has.
pub(super) const PER_PAGE: usize = 8;
/// How many payments the panel counts.
const COUNTED: usize = 99;

fn index(page: u32) -> usize {
    usize::try_from(page).unwrap_or(usize::MAX / 2).min(PageRequest::MOST / PER_PAGE - 1)
}

/// The entries of a page, and whether there are more.
fn cut<T>(mut all: Vec<T>, page: usize) -> (Vec<T>, bool) {
    let more = all.len() > (page + 1) * PER_PAGE;
    all.truncate((page + 1) * PER_PAGE);
    (all.split_off((page * PER_PAGE).min(all.len())), more)
}

pub(super) fn undecided() -> PaymentQuery {
    PaymentQuery { outcome: Some("exception"), ..PaymentQuery::default() }
}

impl Desk<'_> {
    pub(super) fn actor(&self) -> Actor {
        self.session.admin()
    }

    pub(super) async fn panel(&self) -> Answer {
        let (rentals, actor) = (&self.bot.rentals, self.actor());
        let totals = rentals.totals(&actor).await?;
        let odd = rentals.payments(&actor, &undecided(), &PageRequest::first(COUNTED)).await?;
        let view = rentals.shop().await?;
        let taken =
            Currency::ALL.into_iter().filter(|c| *c == Currency::Ton || view.shop.jetton(*c).is_some());
        let read_to = taken.map(|currency| view.chains.of(currency).read_to).min().unwrap_or_default();
        let standing = Standing { owner: self.owner, odd: odd.items.len(), read_to, now: view.now };
        Ok(screens::panel(self.session.language, &totals, &standing).into())
    }

    pub(super) async fn pool(&self, part: Shelf, after: Option<PhoneNumber>) -> Answer {
        let states: &[NumberState] = match part {
            Shelf::All => &[],
            Shelf::Held => &[NumberState::Rented, NumberState::Grace],
            Shelf::Idle => &[
                NumberState::Turnover,
                NumberState::Withdrawn,
                NumberState::Restricted,
                NumberState::PendingDeletion,
                NumberState::Lost,
            ],
        };
        let mut page = PageRequest { after: after.map(|number| number.to_string()), limit: PER_PAGE };
        let mut found = Vec::new();
        // A page can be shorter than its limit before the end.
        loop {
            let some = self.bot.rentals.numbers(states, &page).await?;
            found.extend(some.items);
            page.after = some.next;
            if page.after.is_none() || found.len() >= PER_PAGE {
                break;
            }
        }
        let more = page.after.is_some() || found.len() > PER_PAGE;
        found.truncate(PER_PAGE);
        let next = found.last().map(|record| record.number).filter(|_| more);
        Ok(screens::pool(self.session.language, part, &found, after, next).into())
    }

    pub(super) async fn number(&self, opened: Opened) -> Answer {
        let record = self.bot.rentals.number(opened.number).await?;
        let locked_until = self.bot.leases.held_until(&LeaseName::Number(opened.number)).await?;
        let card = Card { record, locked_until, opened };
        Ok(screens::number(self.session.language, &card).into())
    }

    /// A page of the payments that are an operator's to deal with; one that does not exist any more is the last one.
    pub(super) async fn payments(&self, page: u32) -> Answer {
        let page = index(page);
        let request = PageRequest::first((page + 1) * PER_PAGE + 1);
        let mut all = self.bot.rentals.payments(&self.actor(), &undecided(), &request).await?.items;
        if all.len() < request.limit {
            // Those that are being sent back are still the operator's to finish.
            let sent_back = PaymentQuery { outcome: Some("refund_pending"), ..PaymentQuery::default() };
            all.extend(self.bot.rentals.payments(&self.actor(), &sent_back, &request).await?.items);
        }
        let page = page.min(all.len().saturating_sub(1) / PER_PAGE);
        let (shown, more) = cut(all, page);
        Ok(screens::payments(self.session.language, &shown, page, more).into())
    }

    /// A payment, and the page of the list to which Back leads.
    pub(super) async fn payment(&self, tx: TxHash, page: u32) -> Answer {
        let payment = self.bot.rentals.payment(&self.actor(), tx).await?;
        let invoice = match payment.invoice {
            Some(id) => Some(self.bot.rentals.invoice(&self.actor(), id).await?),
            None => None,
        };
        let refund = self.refund_links(&payment).await?;
        let (invoice, refund) = (invoice.as_ref(), refund.as_ref());
        Ok(screens::payment(self.session.language, &payment, page, invoice, refund).into())
    }

    pub(super) async fn customer(&self, user: u64) -> Answer {
        let account = self.bot.rentals.account(&self.actor(), &CustomerId::Telegram(user)).await?;
        Ok(screens::customer(self.session.language, user, &account).into())
    }

    pub(super) async fn admins(&self, page: u32) -> Answer {
        if !self.owner {
            return Err(DomainError::Denied.into());
        }
        let access = self.bot.rentals.access(&self.actor()).await?;
        Ok(screens::admins(self.session.language, &access, page).into())
    }

    /// The page of the admins on which this one is, or would be.
    pub(super) async fn admins_page(&self, user: u64) -> Result<u32, ServiceError> {
        Ok(screens::admins_page(&self.bot.rentals.access(&self.actor()).await?, user))
    }

    pub(super) async fn figures(&self) -> Answer {
        let totals = self.bot.rentals.totals(&self.actor()).await?.sorted();
        let mut dead = 0;
        for group in [CUSTOMERS, OPERATORS] {
            dead +=
                self.bot.store.dead_letters(group, &PageRequest::first(PageRequest::MOST)).await?.items.len();
        }
        Ok(screens::figures(self.session.language, &totals, dead).into())
    }

    pub(super) async fn trail(&self, page: u32) -> Answer {
        let page = index(page);
        let request = PageRequest::first((page + 1) * PER_PAGE + 1);
        let all = self.bot.rentals.audit(&self.actor(), &request).await?.items;
        let (shown, more) = cut(all, page);
        Ok(screens::trail(self.session.language, &shown, page, more).into())
    }

    pub(super) async fn news(&self) -> Answer {
        let broadcasts = Broadcasts::new(self.bot.notes.clone());
        Ok(match broadcasts.present().await? {
            Some(broadcast) => screens::progress(self.session.language, &broadcast.progress).into(),
            None => screens::no_news(self.session.language).into(),
        })
    }
}
