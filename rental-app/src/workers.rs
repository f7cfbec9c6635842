//! What happens by itself: reading the chain, letting time pass, checking who owns the numbers, posting
//! operators' alerts.
//!
//! Each worker has a `run_once` that does one pass and says what it did, and is run in a loop by [`supervise`], which
//! survives errors and panics. Any number of replicas may run: a lease makes one of them work at a time.

mod alerter;
mod lookout;
mod supervisor;
mod sweeper;
mod verifier;
mod watcher;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rental_core::{
    Entropy, LeaseName, LeaseToken, Leases, OsEntropy, Seconds, ServiceError, StoreError, Timestamp,
};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use alerter::{Alerter, AlerterReport};
pub use lookout::Lookout;
pub use supervisor::{Health, WorkerHealth, supervise};
pub use sweeper::{Sweeper, SweeperReport};
pub use verifier::{Verifier, VerifierReport};
pub use watcher::{Watcher, WatcherReport};

use crate::App;

/// How much longer than the pause between two passes a worker's lease lasts. The sum is the time until another replica,
/// or the same program started again, takes over from one that died. A pass that takes longer than its lease does no
/// harm: all that two workers do at the same time is compare, and lose a commit.
const LEASE_MARGIN: Seconds = Seconds(3);
/// How often a few numbers are looked up on chain.
const VERIFY_EVERY: Duration = Duration::from_secs(10);
/// How often the providers are asked whether the USDT wallet is still the shop's.
const CONFIRM_EVERY: Seconds = Seconds::from_hours(1);
/// How often deadlines are looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often is looked out for what operators should know.
const LOOK_OUT_EVERY: Duration = Duration::from_secs(20);
/// How many commits a worker has under way at once; they share the disk's flushes.
const CONCURRENCY: usize = 64;

/// Why a pass failed. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The chain cannot be read.
    #[error(transparent)]
    Gateway(#[from] rental_core::GatewayError),
    /// The shop cannot be changed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The receiver of the alerts wants no more.
    #[error(
        "the alert webhook answered 410 Gone; set ALERT_WEBHOOK_URL to one that exists, or leave it out, and start again"
    )]
    AlertsGone,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WorkerError {
    /// How long the other side asks to wait.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Gateway(rental_core::GatewayError::RateLimited { retry_after }) => {
                Some(Duration::from_secs(retry_after.0))
            }
            _ => None,
        }
    }
}

/// Being the one replica that does a worker's job.
#[derive(Debug, Clone)]
pub struct Leadership {
    leases: Arc<dyn Leases>,
    name: LeaseName,
    token: LeaseToken,
    ttl: Seconds,
}

impl Leadership {
    /// Runs for the job `name`; holds nothing yet.
    pub fn new(leases: Arc<dyn Leases>, name: &'static str) -> Self {
        let entropy = OsEntropy.draw();
        let token = LeaseToken::from_entropy(std::array::from_fn(|i| entropy[i]));
        Self {
            leases,
            name: LeaseName::Worker(name),
            token,
            ttl: Seconds(SWEEP_EVERY.as_secs()) + LEASE_MARGIN,
        }
    }

    /// Keeps the job for `ttl` after each time that it is asked for.
    #[must_use]
    pub fn lasting(self, ttl: Seconds) -> Self {
        Self { ttl, ..self }
    }

    /// Expects a pass every `interval`.
    fn every(self, interval: Duration) -> Self {
        let ttl = Seconds(interval.as_secs()) + LEASE_MARGIN;
        Self { ttl, ..self }
    }

    /// Whether this replica does the job now.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer.
    pub async fn hold(&self) -> Result<bool, StoreError> {
        Ok(self.leases.renew(&self.name, &self.token, self.ttl).await?
            || self.leases.acquire(&self.name, &self.token, self.ttl).await?.is_some())
    }

    /// Lets another replica take over at once.
    pub async fn resign(&self) {
        if let Err(error) = self.leases.release(&self.name, &self.token).await {
            tracing::warn!(lease = %self.name, %error, "the lease could not be given back; it runs out by itself");
        }
    }
}

/// The watcher for USDT. It begins when the shop begins to take USDT, which may be while the program runs.
#[derive(Debug, Clone)]
struct UsdtWatcher {
    app: App,
    poll: Duration,
    watcher: Arc<OnceCell<Watcher>>,
    /// When to ask again whether the wallet is the right one.
    confirm_at: Arc<Mutex<Timestamp>>,
}

impl UsdtWatcher {
    fn new(app: App, poll: Duration) -> Self {
        Self { app, poll, watcher: Arc::default(), confirm_at: Arc::default() }
    }

    /// Makes sure now and then that tokens still come to the wallet that is read.
    async fn confirm(&self) {
        let now = self.app.clock.now();
        {
            let mut at = self.confirm_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now < *at {
                return;
            }
            *at = now + CONFIRM_EVERY;
        }
        let contradicted = match self.app.confirm_usdt_wallet().await {
            Ok(_) => 0,
            Err(WorkerError::Gateway(error @ rental_core::GatewayError::Unverified(_))) => {
                tracing::error!(%error, "USDT may come to another wallet than the one that is read; ask the issuer");
                1
            }
            Err(error) => return tracing::warn!(%error, "the USDT wallet could not be confirmed"),
        };
        metrics::gauge!("rental_usdt_wallet_contradicted").set(contradicted);
    }

    async fn run_once(&self) -> Result<(), WorkerError> {
        if self.watcher.get().is_none()
            && let Some(gateway) = self.app.usdt_gateway().await?
        {
            let watcher = Watcher::new(self.app.service.clone(), gateway, self.app.leases.clone());
            let _ = self.watcher.set(watcher.polling_every(self.poll));
        }
        let Some(watcher) = self.watcher.get() else { return Ok(()) };
        let report = watcher.run_once().await?;
        if !report.standby {
            self.confirm().await;
        }
        Ok(())
    }

    async fn resign(&self) {
        if let Some(watcher) = self.watcher.get() {
            watcher.resign().await;
        }
    }
}

/// The running workers of a program.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
    health: Health,
}

impl Workers {
    /// Starts all workers of `app`; the chain is looked at every `poll`.
    pub fn start(app: &App, poll: Duration) -> Self {
        let (stop, health, mut tasks) = (CancellationToken::new(), Health::default(), JoinSet::new());
        let watcher =
            Watcher::new(app.service.clone(), app.gateway.clone(), app.leases.clone()).polling_every(poll);
        let (token, report) = (stop.clone(), health.of("watcher"));
        tasks.spawn(async move {
            supervise("watcher", poll, &report, &token, || {
                let watcher = watcher.clone();
                async move { watcher.run_once().await.map(drop) }
            })
            .await;
            watcher.resign().await;
        });
        let usdt = UsdtWatcher::new(app.clone(), poll);
        let (token, report) = (stop.clone(), health.of("watcher-usdt"));
        tasks.spawn(async move {
            supervise("watcher-usdt", poll, &report, &token, || {
                let usdt = usdt.clone();
                async move { usdt.run_once().await }
            })
            .await;
            usdt.resign().await;
        });
        let sweeper = Sweeper::new(app.service.clone(), app.leases.clone());
        let (token, report) = (stop.clone(), health.of("sweeper"));
        tasks.spawn(async move {
            supervise("sweeper", SWEEP_EVERY, &report, &token, || {
                let sweeper = sweeper.clone();
                async move { sweeper.run_once().await.map(drop) }
            })
            .await;
            sweeper.resign().await;
        });
        let lookout = Lookout::new(app.service.clone(), app.notes.clone(), app.leases.clone());
        let (token, report) = (stop.clone(), health.of("lookout"));
        tasks.spawn(async move {
            supervise("lookout", LOOK_OUT_EVERY, &report, &token, || {
                let lookout = lookout.clone();
                async move { lookout.run_once().await.map(drop) }
            })
            .await;
            lookout.resign().await;
        });
        if let Some(alerter) = app.alerter.clone() {
            let (token, report) = (stop.clone(), health.of("alerts"));
            tasks.spawn(async move {
                supervise("alerts", alerter::LOOK_EVERY, &report, &token, || {
                    let alerter = alerter.clone();
                    async move { alerter.run_once().await.map(drop) }
                })
                .await;
                alerter.resign().await;
            });
        }
        if let Some(interval) = app.ownership_checks.interval {
            let batch = app.ownership_checks.batch;
            let (service, registry) = (app.service.clone(), app.registry.clone());
            let verifier = Verifier::new(service, registry, app.leases.clone(), interval, batch);
            let (token, report) = (stop.clone(), health.of("verifier"));
            tasks.spawn(async move {
                supervise("verifier", VERIFY_EVERY, &report, &token, || {
                    let verifier = verifier.clone();
                    async move { verifier.run_once().await.map(drop) }
                })
                .await;
                verifier.resign().await;
            });
        }
        Self { tasks, stop, health }
    }

    /// How the workers are doing.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Stops after the passes that are under way.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
