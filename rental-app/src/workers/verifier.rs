//! The ownership check: asks the chain whether the numbers are still the operator's.
//!
//! Only numbers that were looked up once are looked up again, so a shop that never verified sends nothing. A pass asks
//! about a few numbers, the one with the oldest answer first; how many says how much of the provider's budget is spent on
//! it. Most passes read nothing from the store: who is due is listed once, and then worked off.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rental_core::{
    Actor, Command, DomainError, GatewayError, Leases, NumberRecord, NumberRegistry, PageRequest,
    PhoneNumber, RentalService, Rentals, Request, Seconds, ServiceError, Timestamp,
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

/// Who is to be asked about, and when to look for more.
#[derive(Debug, Default)]
struct Round {
    due: VecDeque<PhoneNumber>,
    /// Nothing falls due before this.
    next: Timestamp,
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
                Ok(is_ours) => {
                    report.checked += 1;
                    report.lost += usize::from(!is_ours);
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

    /// The next numbers, oldest answer first.
    async fn take(&self, now: Timestamp) -> Result<Vec<PhoneNumber>, ServiceError> {
        let lists = {
            let round = self.round();
            round.due.is_empty() && round.next <= now
        };
        if lists {
            let fresh = self.list(now).await?;
            *self.round() = fresh;
        }
        let mut round = self.round();
        let count = self.batch.min(round.due.len());
        Ok(round.due.drain(..count).collect())
    }

    async fn list(&self, now: Timestamp) -> Result<Round, ServiceError> {
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
        Ok(Round { due: checked[..due].iter().map(|(_, number)| *number).collect(), next })
    }

    /// Asks about a number and notes the answer; answers whether it is the operator's.
    async fn check(&self, number: PhoneNumber) -> Result<bool, WorkerError> {
        let ownership = self.registry.ownership(number).await?;
        let is_ours = ownership.is_ours();
        if !is_ours {
            tracing::warn!(?number, ownership = ownership.name(), "a number is not the operator's");
        }
        let command = Command::NoteOwnership { number, ownership };
        match self.service.execute(Request::new(Actor::System, command)).await {
            // Whoever locked it works on it; the next round asks again.
            Ok(_) | Err(ServiceError::Domain(DomainError::NumberLocked { .. })) => Ok(is_ours),
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
