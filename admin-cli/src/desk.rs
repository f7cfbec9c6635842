//! What every verb works with.

use std::io::Write;

use fast_qr::{ECL, QRBuilder};
use rental_core::{
    Actor, Command, LeaseToken, Leases, NumberRegistry, Page, PaymentGateway, Receipt, Rentals, Request,
    ServiceError,
};
use serde::Serialize;

use crate::consent::Consent;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::output::{self, Format, Shape};

/// The shop, who acts in it, and where answers go.
pub(crate) struct Desk<'a> {
    /// The shop's door.
    pub(crate) rentals: &'a dyn Rentals,
    /// Locks on numbers.
    pub(crate) leases: &'a dyn Leases,
    /// The deposit wallet's chain, and links for paying.
    pub(crate) gateway: &'a dyn PaymentGateway,
    /// Whose numbers are.
    pub(crate) registry: &'a dyn NumberRegistry,
    /// The chain on which USDT arrives, when the shop has ever taken any.
    pub(crate) usdt: Option<&'a dyn PaymentGateway>,
    /// Who acts.
    pub(crate) actor: Actor,
    /// Why, for the audit trail.
    pub(crate) reason: Option<String>,
    /// The lease under which this is done.
    pub(crate) lease: Option<LeaseToken>,
    /// Where a "yes" comes from.
    pub(crate) consent: Consent,
    /// The form of answers.
    pub(crate) format: Format,
    /// Where answers go.
    pub(crate) out: &'a mut dyn Write,
    /// Where messages go.
    pub(crate) err: &'a mut dyn Write,
}

impl Desk<'_> {
    /// `command` as a request of whoever acts.
    pub(crate) fn request(&self, command: Command) -> Request {
        Request {
            reason: self.reason.clone(),
            lease: self.lease.clone(),
            ..Request::new(self.actor.clone(), command)
        }
    }

    /// Carries out `command`.
    pub(crate) async fn execute(&self, command: Command) -> Result<Receipt, ServiceError> {
        self.rentals.execute(self.request(command)).await
    }

    /// Goes on only when `deed` is confirmed.
    pub(crate) fn confirm(&mut self, deed: &str) -> Result<(), Failure> {
        self.consent.to(deed, self.err)
    }

    /// Writes one thing.
    pub(crate) fn show<T: Shape>(&mut self, item: &T) -> Result<(), Failure> {
        output::one(self.out, self.format, item)
    }

    /// Writes a part of a list and says how to go on.
    pub(crate) fn show_list<T: Shape>(&mut self, page: &Page<T>) -> Result<(), Failure> {
        if self.format == Format::Table && page.items.is_empty() {
            return self.say("there is nothing to list");
        }
        output::list(self.out, self.format, page)?;
        match &page.next {
            Some(cursor) if self.format != Format::Json => {
                let more = format!("there is more: add --cursor {cursor}, or --all for everything");
                self.say(&more)
            }
            _ => Ok(()),
        }
    }

    /// Writes what is no table: as JSON when that is asked for, otherwise as this text.
    pub(crate) fn show_text<T: Serialize>(&mut self, item: &T, text: &str) -> Result<(), Failure> {
        if self.format == Format::Json {
            output::json(self.out, item)
        } else {
            Ok(writeln!(self.out, "{text}")?)
        }
    }

    /// Asks for a list and writes it.
    pub(crate) async fn list<T, S: Shape>(
        &mut self,
        paging: &Paging,
        page: impl AsyncFn(rental_core::PageRequest) -> Result<Page<T>, ServiceError>,
        shape: impl Fn(T) -> Option<S>,
    ) -> Result<(), Failure> {
        let Page { items, next } = paging.check(paging.gather(page).await?)?;
        let items = items.into_iter().filter_map(shape).collect();
        self.show_list(&Page { items, next })
    }

    /// Draws `link` for a phone to scan; a message, so that answers stay readable for programs.
    pub(crate) fn draw(&mut self, link: &str) -> Result<(), Failure> {
        match QRBuilder::new(link).ecl(ECL::L).build() {
            Ok(code) => Ok(writeln!(self.err, "{}", code.to_str())?),
            Err(_) => self.say("the link is too long for a QR code; copy it instead"),
        }
    }

    /// Writes a message for people.
    pub(crate) fn say(&mut self, message: &str) -> Result<(), Failure> {
        Ok(writeln!(self.err, "{}", output::plain(message))?)
    }
}
