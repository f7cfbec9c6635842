//! The deadline sweeper: ticks every number whose next deadline has come.

use std::sync::Arc;

use futures::{StreamExt, stream};
use rental_core::{
    Actor, Command, DomainError, Due, Leases, RentalService, Rentals, Request, Seconds, ServiceError,
};

use super::{CONCURRENCY, Leadership, WorkerError};

/// How many due numbers are taken from the index at a time.
const PAGE: usize = 256;
/// How long events are kept for the feed.
const EVENTS_KEPT: Seconds = Seconds::from_days(30);

/// Lets time pass.
#[derive(Debug, Clone)]
pub struct Sweeper {
    service: Arc<RentalService>,
    leadership: Leadership,
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweeperReport {
    /// Whether another replica is the sweeper now.
    pub standby: bool,
    /// Numbers whose deadline had come.
    pub due: usize,
    /// Numbers that changed; the others wait, for a lock to go or the chain to be read.
    pub changed: usize,
    /// Numbers that failed; they stay due.
    pub failed: usize,
    /// Old records that were dropped.
    pub forgotten: u64,
}

impl Sweeper {
    /// A sweeper for this shop.
    pub fn new(service: Arc<RentalService>, leases: Arc<dyn Leases>) -> Self {
        Self { service, leadership: Leadership::new(leases, "sweeper") }
    }

    /// Ticks everything that is due by the store's clock. A number that fails does not stop the others; it stays
    /// due.
    ///
    /// # Errors
    /// When the index of deadlines cannot be read, or every due number failed.
    pub async fn run_once(&self) -> Result<SweeperReport, WorkerError> {
        if !self.leadership.hold().await? {
            return Ok(SweeperReport { standby: true, ..SweeperReport::default() });
        }
        let mut report = SweeperReport::default();
        let (mut after, mut last_error): (Option<Due>, _) = (None, None);
        loop {
            let due = self.service.store().due(after, PAGE).await?;
            after = due.last().copied();
            let mut ticks = stream::iter(due.clone()).map(|due| self.tick(due)).buffer_unordered(CONCURRENCY);
            while let Some(ticked) = ticks.next().await {
                report.due += 1;
                match ticked {
                    Ok(changed) => report.changed += usize::from(changed),
                    Err(error) => {
                        report.failed += 1;
                        last_error = Some(error);
                    }
                }
            }
            if due.len() < PAGE || !self.leadership.hold().await? {
                break;
            }
        }
        let now = self.service.shop().await?.now;
        report.forgotten = self.service.store().forget(now.minus(EVENTS_KEPT)).await?;
        metrics::counter!("rental_ticks_total").increment(report.changed as u64);
        match last_error {
            Some(error) if report.failed == report.due => Err(error.into()),
            _ => Ok(report),
        }
    }

    async fn tick(&self, due: Due) -> Result<bool, ServiceError> {
        let command = Command::Tick { number: due.number };
        match self.service.execute(Request::new(Actor::System, command)).await {
            Ok(receipt) => Ok(receipt.changed),
            Err(ServiceError::Domain(DomainError::NumberLocked { .. })) => Ok(false),
            Err(error) => {
                metrics::counter!("rental_tick_failures_total").increment(1);
                tracing::warn!(number = ?due.number, %error, "a deadline could not be carried out; it is tried again");
                Err(error)
            }
        }
    }

    /// Lets another replica take over at once.
    pub(super) async fn resign(&self) {
        self.leadership.resign().await;
    }
}
