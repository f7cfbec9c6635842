//! Asking for updates: for one process at a time, which holds a lease.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rental_core::{Entropy, LeaseName, LeaseToken, Leases, OsEntropy, Seconds};
use tokio_util::sync::CancellationToken;

use crate::intake::Intake;
use crate::telegram::{Telegram, TelegramError};

/// How long Telegram waits for an update before it answers that there is none.
const WAIT: Duration = Duration::from_secs(25);
/// How long the lease lasts; another process takes over so long after one that died.
const LEASE: Seconds = Seconds(6);
/// How often it is renewed or asked for.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How long the next question waits for the updates of the one before. The question tells Telegram that they are
/// handled; one that takes longer must not hold up everybody else's.
const PATIENCE: Duration = Duration::from_millis(100);
/// The pauses after a question that failed.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10)];

/// Asks for updates and hands them in, until `stop`.
pub(crate) async fn poll(
    telegram: &Telegram,
    intake: &Intake,
    leases: Arc<dyn Leases>,
    stop: &CancellationToken,
) {
    let mut entropy = [0; 16];
    entropy.copy_from_slice(&OsEntropy.draw()[..16]);
    let lease = Lease { leases, token: LeaseToken::from_entropy(entropy) };
    while !stop.is_cancelled() {
        if !lease.take().await {
            pause(RENEW_EVERY, stop).await;
            continue;
        }
        let lost = stop.child_token();
        let (renewing, ended) = (lease.keep(&lost), lost.clone());
        let asking = async {
            ask(telegram, intake, &ended).await;
            ended.cancel();
        };
        futures::join!(renewing, asking);
    }
    lease.give_back().await;
}

/// Asks until `stop`. What is under way then is handled by whoever waits for the intake.
async fn ask(telegram: &Telegram, intake: &Intake, stop: &CancellationToken) {
    let (mut offset, mut failures) = (0_i64, 0_usize);
    loop {
        let answer = tokio::select! {
            () = stop.cancelled() => break,
            answer = telegram.updates(offset, WAIT) => answer,
        };
        let updates = match answer {
            Ok(updates) => updates,
            Err(error) => {
                let wish = match &error {
                    TelegramError::RetryAfter(wish) => *wish,
                    TelegramError::Unauthorized => Duration::from_secs(30),
                    _ => Duration::ZERO,
                };
                let wait = PAUSES[failures.min(PAUSES.len() - 1)].max(wish);
                failures += 1;
                tracing::warn!(%error, retry_in = ?wait, "updates cannot be fetched{}", advice(&error));
                pause(wait, stop).await;
                continue;
            }
        };
        failures = 0;
        let Some(last) = updates.last().map(|update| i64::from(update.id.0)) else { continue };
        offset = last + 1;
        let handled = join_all(updates.into_iter().map(|update| intake.submit(update)));
        drop(tokio::time::timeout(PATIENCE, handled).await);
    }
    // Tells Telegram what was taken, so that it is not given out again.
    if offset > 0
        && let Err(error) = telegram.updates(offset, Duration::ZERO).await
    {
        tracing::debug!(%error, "the last updates may come again");
    }
}

fn advice(error: &TelegramError) -> &'static str {
    match error {
        TelegramError::TakenOver(_) => {
            "; a webhook is set (`bot delete-webhook`) or another program uses this token"
        }
        _ => "",
    }
}

async fn pause(length: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(length) => {}
    }
}

/// The right to ask.
struct Lease {
    leases: Arc<dyn Leases>,
    token: LeaseToken,
}

const NAME: LeaseName = LeaseName::Worker("telegram-updates");

impl Lease {
    async fn take(&self) -> bool {
        match self.leases.acquire(&NAME, &self.token, LEASE).await {
            Ok(taken) => taken.is_some(),
            Err(error) => {
                tracing::warn!(%error, "whether another process asks for updates is not known");
                false
            }
        }
    }

    /// Renews the lease until it is lost or `stop` comes; cancels `stop` when it is lost.
    async fn keep(&self, stop: &CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            pause(RENEW_EVERY, stop).await;
            match self.leases.renew(&NAME, &self.token, LEASE).await {
                Ok(true) => failures = 0,
                Ok(false) => {
                    tracing::warn!("another process asks for updates now");
                    stop.cancel();
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, "the right to ask for updates could not be renewed");
                    if failures > 1 {
                        stop.cancel();
                    }
                }
            }
        }
    }

    async fn give_back(&self) {
        if let Err(error) = self.leases.release(&NAME, &self.token).await {
            tracing::warn!(%error, "the right to ask for updates runs out by itself");
        }
    }
}
