//! The ownership check: asks the chain whether the numbers are still the operator's.
//!
//! Only numbers that were looked up once are looked up again, so a shop that never verified sends nothing. A pass asks
//! about a few numbers: how many says how much of the provider's budget is spent on it. First come those that somebody is
//! about to pay for, so that an invoice for a number that has left is withdrawn before it is paid; then the one with the
//! oldest answer. Who is due is listed once, and then worked off.
//!
//! A number that was the operator's is taken off sale when the chain says twice, in two passes, that it is no more: one
//! wrong answer shall not withdraw anybody's invoice.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use rental_core::{
    Actor, Command, DomainError, GatewayError, InvoiceId, InvoiceQuery, Leases, NumberRecord, NumberRegistry,
    Ownership, PageRequest, PhoneNumber, RentalService, Rentals, Request, Seconds, ServiceError, Timestamp,
};

use super::{Leadership, VERIFY_EVERY, WorkerError};

/// Checks who owns the numbers.
#[derive(Debug, Clone)]
pub struct Verifier {
    service: Arc<RentalService>,
    registry: Arc<dyn NumberRegistry>,
    leadership: Leadership,
    interval: Seconds,
    batch: usize,
    round: Arc<Mutex<Round>>,
}

/// How many of the newest invoices are looked at in a pass.
const NEWEST: usize = 100;
/// An answer this fresh is good enough for an invoice.
const FRESH: Seconds = Seconds(30);

/// Who is to be asked about, and when to look for more.
#[derive(Debug, Default)]
struct Round {
    /// Before all others: numbers that somebody may pay for in a moment, and those of which the chain has just said, once,
    /// that they are not the operator's.
    urgent: VecDeque<PhoneNumber>,
    due: VecDeque<PhoneNumber>,
    /// Nothing falls due before this.
    next: Timestamp,
    /// The newest invoice that was looked at.
    newest: Option<InvoiceId>,
    /// Numbers of which the chain has said once that they are not the operator's.
    doubted: BTreeSet<PhoneNumber>,
}

/// What the chain said of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It is the operator's.
    Ours,
    /// It is not.
    Lost,
    /// It is not, for the first time.
    Doubted,
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerifierReport {
    /// Whether another replica is the verifier now.
    pub standby: bool,
    /// Numbers about which the chain was asked and answered.
    pub checked: usize,
    /// Those of them that are not the operator's.
    pub lost: usize,
    /// Those of them of which this was said for the first time; the next pass asks again.
    pub doubted: usize,
    /// Numbers about which there was no answer; nothing changes for them.
    pub unknown: usize,
}

impl Verifier {
    /// A verifier for this shop: every number once in `interval`, at most `batch` in a pass.
    pub fn new(
        service: Arc<RentalService>,
        registry: Arc<dyn NumberRegistry>,
        leases: Arc<dyn Leases>,
        interval: Seconds,
        batch: usize,
    ) -> Self {
        let leadership = Leadership::new(leases, "verifier").every(VERIFY_EVERY);
        Self { service, registry, leadership, interval, batch, round: Arc::default() }
    }

    /// Asks about the next numbers and notes the answers.
    ///
    /// # Errors
    /// When the store does not answer, when the provider asks to slow down, or when there was no answer about any number.
    pub async fn run_once(&self) -> Result<VerifierReport, WorkerError> {
        if !self.leadership.hold().await? {
            return Ok(VerifierReport { standby: true, ..VerifierReport::default() });
        }
        let now = self.service.shop().await?.now;
        let (mut report, mut last_error) = (VerifierReport::default(), None);
        for number in self.take(now).await? {
            match self.check(number).await {
                Ok(found) => {
                    report.checked += 1;
                    report.lost += usize::from(found == Found::Lost);
                    report.doubted += usize::from(found == Found::Doubted);
                }
                Err(WorkerError::Gateway(error @ GatewayError::RateLimited { .. })) => {
                    return Err(error.into());
                }
                Err(WorkerError::Gateway(error)) => {
                    tracing::warn!(?number, %error, "whose the number is could not be learnt; nothing changes");
                    report.unknown += 1;
                    last_error = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        metrics::counter!("rental_ownership_checks_total", "result" => "answered")
            .increment(report.checked as u64);
        metrics::counter!("rental_ownership_checks_total", "result" => "unknown")
            .increment(report.unknown as u64);
        match last_error {
            Some(error) if report.checked == 0 => Err(error.into()),
            _ => Ok(report),
        }
    }

    /// The next numbers: the urgent ones, then oldest answer first.
    async fn take(&self, now: Timestamp) -> Result<Vec<PhoneNumber>, ServiceError> {
        self.look_at_invoices(now).await?;
        let lists = {
            let round = self.round();
            round.due.is_empty() && round.next <= now
        };
        if lists {
            let (due, next) = self.list(now).await?;
            let mut round = self.round();
            (round.due, round.next) = (due, next);
        }
        let mut round = self.round();
        let urgent = self.batch.min(round.urgent.len());
        let mut numbers: Vec<_> = round.urgent.drain(..urgent).collect();
        let due = (self.batch - urgent).min(round.due.len());
        numbers.extend(round.due.drain(..due));
        Ok(numbers)
    }

    /// Finds the verified numbers that an invoice was opened for since the last pass.
    async fn look_at_invoices(&self, now: Timestamp) -> Result<(), ServiceError> {
        let seen = self.round().newest;
        let query = InvoiceQuery { status: Some("open"), ..InvoiceQuery::default() };
        let newest = self.service.invoices(&Actor::System, &query, &PageRequest::first(NEWEST)).await?.items;
        let Some(first) = newest.first().map(|invoice| invoice.id) else { return Ok(()) };
        for invoice in newest.into_iter().take_while(|invoice| Some(invoice.id) > seen) {
            let proof = self.service.number(invoice.number).await?.proof;
            let stale = proof.is_some_and(|proof| proof.checked_at + FRESH <= now);
            let mut round = self.round();
            if stale && !round.urgent.contains(&invoice.number) {
                round.urgent.push_back(invoice.number);
            }
        }
        self.round().newest = Some(first);
        Ok(())
    }

    /// Who is due, and when somebody falls due after that.
    async fn list(&self, now: Timestamp) -> Result<(VecDeque<PhoneNumber>, Timestamp), ServiceError> {
        let (mut checked, mut page) = (Vec::new(), PageRequest::first(PageRequest::MOST));
        loop {
            let part = self.service.numbers(&[], &page).await?;
            let proved = |record: NumberRecord| record.proof.map(|proof| (proof.checked_at, record.number));
            checked.extend(part.items.into_iter().filter_map(proved));
            match part.next {
                Some(_) => page.after = part.next,
                None => break,
            }
        }
        checked.sort_unstable();
        let due = checked.partition_point(|(at, _)| *at + self.interval <= now);
        // A number that is added or looked up from now on is due after all that is listed now.
        let next = checked.get(due).map_or(now, |(at, _)| *at) + self.interval;
        Ok((checked[..due].iter().map(|(_, number)| *number).collect(), next))
    }

    /// Asks about a number and notes the answer, unless it takes a second one.
    async fn check(&self, number: PhoneNumber) -> Result<Found, WorkerError> {
        let ownership = self.registry.ownership(number).await?;
        let is_ours = ownership.is_ours();
        if !is_ours {
            tracing::warn!(?number, ownership = ownership.name(), "a number is not the operator's");
            let before = self.service.number(number).await?.proof.map(|proof| proof.ownership);
            let mut round = self.round();
            if before.as_ref().is_some_and(Ownership::is_ours) && round.doubted.insert(number) {
                round.urgent.push_back(number);
                return Ok(Found::Doubted);
            }
        }
        self.round().doubted.remove(&number);
        let found = if is_ours { Found::Ours } else { Found::Lost };
        let command = Command::NoteOwnership { number, ownership };
        match self.service.execute(Request::new(Actor::System, command)).await {
            // Whoever locked it works on it; the next round asks again.
            Ok(_) | Err(ServiceError::Domain(DomainError::NumberLocked { .. })) => Ok(found),
            Err(error) => Err(error.into()),
        }
    }

    fn round(&self) -> std::sync::MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets another replica take over at once.
    pub(super) async fn resign(&self) {
        self.leadership.resign().await;
    }
}
