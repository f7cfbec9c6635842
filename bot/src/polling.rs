//! Asking for updates: for one process at a time, which holds a lease.

mod hand;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rental_core::{Entropy, LeaseName, LeaseToken, Leases, OsEntropy, Seconds};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::intake::{Intake, line_of};
use crate::memory::Memory;
use crate::telegram::{MOST_UPDATES, Telegram, TelegramError};
use hand::Hand;

/// How long Telegram waits for an update before it answers that there is none.
const WAIT: Duration = Duration::from_secs(25);
/// How long the lease lasts; another process takes over so long after one that died.
const LEASE: Seconds = Seconds(4);
/// How long it is relied on after it was asked for: less than it lasts, so that nobody else asks meanwhile.
const RELIED_ON: Duration = Duration::from_millis(3_500);
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// How often it is asked for while another process has it.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// How long the next question waits for the updates in hand; one that takes longer must not hold up everybody else's.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long they are waited for when the program ends.
const LAST_PATIENCE: Duration = Duration::from_secs(5);
/// The pauses after a question that failed.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10)];
/// The pauses after Telegram said that it does not know the token: mostly for good, but now and then by mistake.
const PAUSES_UNKNOWN: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10), Duration::from_secs(30)];

/// Asks for updates and hands them in, until `stop`.
pub(crate) async fn poll(
    telegram: &Telegram,
    intake: &Intake,
    memory: &Memory,
    leases: Arc<dyn Leases>,
    stop: &CancellationToken,
) {
    let mut hand = Hand::default();
    let mut entropy = [0; 16];
    entropy.copy_from_slice(&OsEntropy.draw()[..16]);
    let lease = Lease { leases, token: LeaseToken::from_entropy(entropy) };
    while !stop.is_cancelled() {
        let Some(until) = lease.take().await else {
            pause(TRY_EVERY, stop).await;
            continue;
        };
        let asking = async {
            ask(telegram, intake, memory, &mut hand, stop).await;
            hand.settle(LAST_PATIENCE).await;
            // Tells Telegram what was handled, so that it is not given out again.
            let offset = hand.offset();
            if offset > 0
                && let Err(error) = telegram.updates(offset, Duration::ZERO).await
            {
                tracing::debug!(%error, "the last updates may come again");
            }
        };
        // Without the lease everything is dropped where it is; whatever is in hand goes on.
        tokio::select! {
            () = lease.keep(until) => {}
            () = asking => {}
        }
    }
    lease.give_back().await;
}

/// Asks until `stop`. Telegram forgets an update when it is asked for later ones, so it is asked from the oldest one on
/// that is not done; those in hand come again and are passed over.
async fn ask(
    telegram: &Telegram,
    intake: &Intake,
    memory: &Memory,
    hand: &mut Hand,
    stop: &CancellationToken,
) {
    let (mut failures, mut arrears) = (0_usize, true);
    loop {
        hand.settle(PATIENCE).await;
        let offset = hand.offset();
        let noted = hand.done_out_of_turn().into_iter().map(|id| memory.finish(id));
        if let Some(Err(error)) = join_all(noted).await.into_iter().find(Result::is_err) {
            tracing::debug!(%error, "an update may be handled again after a crash");
        }
        let wait = if hand.is_empty() { WAIT } else { Duration::ZERO };
        let answer = tokio::select! {
            () = stop.cancelled() => return,
            answer = telegram.updates(offset, wait) => answer,
        };
        let updates = match answer {
            Ok(updates) => updates,
            Err(error) => {
                let wait = pause_after(&error, failures);
                failures += 1;
                tracing::warn!(%error, retry_in = ?wait, "updates cannot be fetched{}", advice(&error));
                pause(wait, stop).await;
                continue;
            }
        };
        failures = 0;
        let (some, full) = (!updates.is_empty(), updates.len() >= MOST_UPDATES);
        let mut fresh: Vec<_> = updates.into_iter().filter(|update| !hand.has(update.id.0)).collect();
        hand.crowded(full && fresh.is_empty());
        if some && fresh.is_empty() && hand.is_empty() {
            pause(TRY_EVERY, stop).await; // Telegram repeats what was confirmed
        }
        if arrears {
            // Some of what waited for this process may have been handled, out of turn, by one that was killed.
            let known = join_all(fresh.iter().map(|update| memory.was_handled(update.id.0))).await;
            let mut known = known.into_iter().map(|known| known.unwrap_or(false));
            fresh.retain(|update| {
                let known = known.next().unwrap_or(false);
                if known {
                    hand.pass_over(update.id.0, line_of(update));
                }
                !known
            });
            arrears = full;
        }
        for update in fresh {
            let id = update.id.0;
            let chat = line_of(&update);
            hand.take(id, chat, intake.submit(update));
        }
    }
}

/// How long to wait after a question that failed, as so many before it did in a row.
fn pause_after(error: &TelegramError, failures: usize) -> Duration {
    let among = |pauses: [Duration; 4]| pauses[failures.min(pauses.len() - 1)];
    match error {
        TelegramError::RetryAfter(wish) => among(PAUSES).max(*wish),
        TelegramError::Unauthorized => among(PAUSES_UNKNOWN),
        _ => among(PAUSES),
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
    /// Takes the lease; answers until when it can be relied on.
    async fn take(&self) -> Option<Instant> {
        let asked = Instant::now();
        match self.leases.acquire(&NAME, &self.token, LEASE).await {
            Ok(taken) => taken.map(|_| asked + RELIED_ON),
            Err(error) => {
                tracing::warn!(%error, "whether another process asks for updates is not known");
                None
            }
        }
    }

    /// Renews the lease, which can be relied on until then, as long as that goes; ends before it can be anybody else's.
    async fn keep(&self, mut until: Instant) {
        loop {
            tokio::time::sleep_until(until.min(Instant::now() + RENEW_EVERY)).await;
            let asked = Instant::now();
            match tokio::time::timeout_at(until, self.leases.renew(&NAME, &self.token, LEASE)).await {
                Ok(Ok(true)) => until = asked + RELIED_ON,
                Ok(Ok(false)) => {
                    tracing::warn!("the right to ask for updates has gone; it is asked for again");
                    return;
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the right to ask for updates could not be renewed");
                    if Instant::now() >= until {
                        return;
                    }
                }
                Err(_) => {
                    tracing::warn!("the right to ask for updates could not be renewed in time");
                    return;
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use rental_core::{LeaseName, StoreError, Timestamp};

    use super::*;

    /// A store that has granted a lease and may then fall silent.
    #[derive(Debug, Default)]
    struct Granted {
        silent: AtomicBool,
    }

    #[async_trait]
    impl Leases for Granted {
        async fn acquire(
            &self,
            _: &LeaseName,
            _: &LeaseToken,
            _: Seconds,
        ) -> Result<Option<Timestamp>, StoreError> {
            Ok(Some(Timestamp::EPOCH))
        }

        async fn renew(&self, _: &LeaseName, _: &LeaseToken, _: Seconds) -> Result<bool, StoreError> {
            if self.silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            Ok(true)
        }

        async fn release(&self, _: &LeaseName, _: &LeaseToken) -> Result<bool, StoreError> {
            Ok(true)
        }

        async fn held_until(&self, _: &LeaseName) -> Result<Option<Timestamp>, StoreError> {
            Ok(None)
        }
    }

    #[test]
    fn a_token_that_is_not_known_for_a_moment_stops_updates_for_a_moment() {
        let after = |failures| pause_after(&TelegramError::Unauthorized, failures).as_secs();
        assert_eq!([0, 1, 2, 3, 9].map(after), [1, 3, 10, 30, 30]);
        let wish = TelegramError::RetryAfter(Duration::from_secs(7));
        assert_eq!(pause_after(&wish, 0).as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_asks_on_a_lease_that_may_be_anothers() {
        let store = Arc::new(Granted::default());
        let lease = Lease { leases: store.clone(), token: LeaseToken::from_entropy([1; 16]) };
        let until = lease.take().await.expect("granted");
        assert!(
            tokio::time::timeout(Duration::from_mins(1), lease.keep(until)).await.is_err(),
            "it is renewed"
        );
        let (until, silenced) = (lease.take().await.expect("granted"), Instant::now());
        store.silent.store(true, Ordering::SeqCst);
        lease.keep(until).await;
        assert!(silenced.elapsed() < Duration::from_secs(LEASE.0), "{:?}", silenced.elapsed());
    }
}
