//! What customers are told, from the outbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use rental_core::{
    Actor, Alarm, Command, Disposition, Event, EventKind, InvoiceId, OutboxItem, Owner, Request, Seconds,
    ServiceError, StoreError, Timestamp,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::letter::{Known, letter, reader};
use super::post::{Fate, Post};
use super::{CUSTOMERS, HOLD, MOST_ATTEMPTS, Office, count, seconds_until};
use crate::memory::Memory;

/// How many events are claimed at once: those that leave within the patience of the pace.
pub(super) const BATCH: usize = 48;
/// How far back an event's companions of the same commit are looked for.
const COMPANIONS: u64 = 8;
/// How often is looked whether the screen of a paid invoice has been turned.
const SCREEN_ATTEMPTS: u32 = 30;
/// How long an event waits when the shop could not be asked.
const SHOP_PAUSE: Seconds = Seconds(2);

/// Brings customers what the outbox has for them.
#[derive(Clone)]
pub(super) struct Courier {
    office: Office,
    post: Post,
    consumer: Arc<str>,
    stop: CancellationToken,
}

/// Events that were claimed together: when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// The store's clock then.
    now: Timestamp,
    begun: Instant,
}

impl Courier {
    pub(super) fn new(office: &Office, post: Post, consumer: Arc<str>, stop: CancellationToken) -> Self {
        Self { office: office.clone(), post, consumer, stop }
    }

    /// Claims up to `most` events: for each customer those that concern it, in order. What concerns nobody here is done.
    pub(super) async fn claim(
        &self,
        most: usize,
    ) -> Result<Option<(Batch, BTreeMap<u64, Vec<OutboxItem>>)>, StoreError> {
        let begun = Instant::now();
        let items = self.office.store.claim(CUSTOMERS, &self.consumer, most, HOLD).await?;
        if items.is_empty() {
            return Ok(None);
        }
        let batch = Batch { now: self.office.now().await?, begun };
        let mut by_user: BTreeMap<u64, Vec<OutboxItem>> = BTreeMap::new();
        let mut nobodys = Vec::new();
        for item in items {
            match reader(&item.entry.event) {
                Some(user) => by_user.entry(user).or_default().push(item),
                None => nobodys.push(item),
            }
        }
        let nobodys = stream::iter(nobodys).map(|item| self.dispose(item, Disposition::Done));
        nobodys.buffer_unordered(BATCH).collect::<Vec<_>>().await.into_iter().collect::<Result<(), _>>()?;
        Ok(Some((batch, by_user)))
    }

    /// Delivers what concerns `user`, in order.
    pub(super) async fn deliver(
        &self,
        user: u64,
        items: Vec<OutboxItem>,
        batch: Batch,
    ) -> Result<(), StoreError> {
        for item in items {
            let disposition = self.attend(user, &item, &batch).await?;
            self.dispose(item, disposition).await?;
        }
        Ok(())
    }

    /// Leaves what concerns `user` for later.
    pub(super) async fn put_off(
        &self,
        user: u64,
        items: Vec<OutboxItem>,
        batch: Batch,
        delay: Duration,
    ) -> Result<(), StoreError> {
        let until = Instant::now() + delay;
        for item in items {
            self.post.lay_aside(user, item.entry.seq, until);
            let at = batch.now + elapsed(batch.begun) + seconds_until(until);
            self.dispose(item, Disposition::Retry(at)).await?;
        }
        Ok(())
    }

    /// What becomes of an event.
    async fn attend(&self, user: u64, item: &OutboxItem, batch: &Batch) -> Result<Disposition, StoreError> {
        let (seq, event) = (item.entry.seq, &item.entry.event);
        let later = |wait| Disposition::Retry(batch.now + elapsed(batch.begun) + wait);
        if self.stop.is_cancelled() {
            return Ok(later(Seconds(0)));
        }
        if let Some(invoice) = self.shown_on(event).await {
            Memory::new(self.office.notes.clone()).has_news(user, invoice, seq).await?;
        }
        if self.post.reach().is_blocked(user).await? {
            count(CUSTOMERS, "skipped");
            return Ok(Disposition::Done);
        }
        if let EventKind::InvoiceSettled { invoice, .. } = event.kind {
            let memory = Memory::new(self.office.notes.clone());
            // Its screen turns into “yours” by itself; a message comes only where there is no such screen any more.
            if memory.pay_screen(user, invoice).await?.is_some() && item.attempt < SCREEN_ATTEMPTS {
                return Ok(later(SHOP_PAUSE));
            }
            if memory.has_seen_end(invoice).await? {
                return Ok(Disposition::Done);
            }
        }
        if let Some(until) = self.post.wait_for_turn(user, seq, batch.begun).await {
            return Ok(later(seconds_until(until)));
        }
        let screen = match self.known(seq, event).await {
            Ok(known) => letter(self.office.language(user).await?, event, &known),
            Err(error) => {
                tracing::warn!(%error, event = seq, "a customer is told later");
                return Ok(later(SHOP_PAUSE));
            }
        };
        let Some(screen) = screen else { return Ok(Disposition::Done) };
        Ok(match self.post.send(user, Some(seq), &screen).await? {
            Fate::Sent => {
                count(CUSTOMERS, "sent");
                Disposition::Done
            }
            Fate::Unreachable => {
                count(CUSTOMERS, "blocked");
                Disposition::Done
            }
            Fate::Later(until) if item.attempt < MOST_ATTEMPTS => {
                count(CUSTOMERS, "later");
                later(seconds_until(until))
            }
            Fate::Later(_) => Disposition::Dead("Telegram did not answer for too long".to_owned()),
            Fate::Refused(why) => Disposition::Dead(why),
        })
    }

    /// The invoice on whose screen the customer sees what happened to a payment.
    async fn shown_on(&self, event: &Event) -> Option<InvoiceId> {
        match &event.kind {
            EventKind::PaymentException { invoice, .. } => *invoice,
            EventKind::PaymentResolved { tx, .. } => {
                self.office.rentals.payment(&Actor::System, *tx).await.ok()?.invoice
            }
            _ => None,
        }
    }

    /// What is known now about an event.
    async fn known(&self, seq: u64, event: &Event) -> Result<Known, ServiceError> {
        let (rentals, system) = (&self.office.rentals, Actor::System);
        let mut known = Known { now: rentals.shop().await?.now, ..Known::default() };
        if let Some(number) = event.number {
            known.number = Some(rentals.number(number).await?);
        }
        let (invoice, payment) = match &event.kind {
            EventKind::InvoiceSettled { invoice, .. } => (Some(*invoice), None),
            EventKind::PaymentException { invoice, tx, .. } => (*invoice, Some(*tx)),
            EventKind::PaymentResolved { tx, .. } => (None, Some(*tx)),
            EventKind::RentalExtended { expires_at } => {
                known.paid_for = self.was_paid_for(seq, event, *expires_at).await?;
                (None, None)
            }
            _ => (None, None),
        };
        if let Some(tx) = payment {
            known.payment = Some(rentals.payment(&system, tx).await?);
        }
        if let Some(id) = invoice {
            known.invoice = Some(rentals.invoice(&system, id).await?);
        }
        Ok(known)
    }

    /// Whether the customer is told of a payment by an event of the same commit.
    async fn was_paid_for(&self, seq: u64, event: &Event, end: Timestamp) -> Result<bool, StoreError> {
        let owner = event.customer.clone().map_or(Owner::Anybody, Owner::Customer);
        let before = seq.saturating_sub(COMPANIONS);
        let companions =
            self.office.store.feed(&owner, before, usize::try_from(COMPANIONS).unwrap_or(8)).await?;
        Ok(companions.iter().any(|entry| {
            matches!(entry.event.kind, EventKind::InvoiceSettled { expires_at, .. } if expires_at == end)
                && (entry.event.at, entry.event.number) == (event.at, event.number)
        }))
    }

    async fn dispose(&self, item: OutboxItem, disposition: Disposition) -> Result<(), StoreError> {
        let seq = item.entry.seq;
        let ours = self.office.store.dispose(CUSTOMERS, &self.consumer, seq, &disposition).await?;
        if !ours {
            tracing::debug!(event = seq, "another process has taken an event over");
        }
        if let Disposition::Dead(reason) = disposition
            && ours
        {
            count(CUSTOMERS, "dead");
            self.office.report_dead(CUSTOMERS, seq, reason).await;
        }
        Ok(())
    }
}

impl Office {
    /// Tells operators that an event was given up.
    pub(super) async fn report_dead(&self, group: &str, seq: u64, reason: String) {
        tracing::error!(group, event = seq, reason, "an event was given up");
        let alarm = Alarm::DeadLetter { group: group.to_owned(), seq, reason };
        let request = Request::new(Actor::System, Command::Raise { alarm });
        if let Err(error) = self.rentals.execute(request).await {
            tracing::error!(%error, "operators are not told that an event was given up");
        }
    }
}

/// The seconds since `begun`.
fn elapsed(begun: Instant) -> Seconds {
    Seconds(begun.elapsed().as_secs())
}
