//! Asking for updates: for one process at a time, which holds a lease.
//!
//! Telegram forgets an update when it is asked for later ones, and gives out no more than a hundred at once. So before
//! the next question everything in hand is either done or kept in the store: nothing is lost in a crash, and nobody's
//! update that takes long keeps anybody else's from coming.

mod hand;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::TryFutureExt;
use futures::future::join_all;
use rental_core::{Entropy, LeaseName, LeaseToken, Leases, OsEntropy, Seconds};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::intake::{Intake, MOST_AT_WORK};
use crate::memory::Memory;
use crate::telegram::{Arrived, MOST_UPDATES, Telegram, TelegramError};
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
/// How long the next question waits for the updates in hand; what takes longer is kept.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long it waits without any progress while Telegram has more than it gives at once.
const LULL: Duration = Duration::from_millis(10);
/// How long they are waited for when the program ends, before and after what is left is kept.
const LAST_PATIENCE: Duration = Duration::from_secs(4);
/// In how many chats it may go slowly when more updates are asked for: so many that all places are taken, and more would
/// only wait here.
const MOST_SLOW: usize = MOST_AT_WORK;
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
            inherit(intake, memory, &mut hand, stop).await;
            ask(telegram, intake, memory, &mut hand, stop).await;
            hand.finish(LAST_PATIENCE).await;
            keep(memory, &mut hand).await;
            // Tells Telegram what need not be given out again.
            let offset = hand.offset();
            if offset > 0
                && let Err(error) = telegram.updates(offset, Duration::ZERO).await
            {
                tracing::debug!(%error, "the last updates may come again");
            }
            hand.finish(LAST_PATIENCE).await;
            let_go(memory, &mut hand).await;
        };
        // Without the lease everything is dropped where it is; whatever is in hand goes on.
        tokio::select! {
            () = lease.keep(until) => {}
            () = asking => {}
        }
    }
    lease.give_back().await;
}

/// Has handled what was kept by a process that was killed.
async fn inherit(intake: &Intake, memory: &Memory, hand: &mut Hand, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        match memory.kept().await {
            Ok(kept) => return take(intake, hand, kept, true),
            Err(error) => {
                tracing::warn!(%error, "the updates that are kept cannot be read; it is tried again");
                pause(TRY_EVERY, stop).await;
            }
        }
    }
}

/// Asks until `stop`.
async fn ask(
    telegram: &Telegram,
    intake: &Intake,
    memory: &Memory,
    hand: &mut Hand,
    stop: &CancellationToken,
) {
    let (mut failures, mut lull) = (0_usize, PATIENCE);
    while !stop.is_cancelled() {
        hand.settle(PATIENCE, lull).await;
        keep(memory, hand).await;
        let_go(memory, hand).await;
        if hand.slow_lines() >= MOST_SLOW {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = hand.next_done() => {}
            }
            continue;
        }
        let wait = if hand.loose().next().is_none() { WAIT } else { Duration::ZERO };
        let answer = {
            let mut answer = pin!(telegram.updates(hand.offset(), wait));
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    answer = &mut answer => break answer,
                    Some(()) = hand.next_done() => let_go(memory, hand).await,
                }
            }
        };
        match answer {
            Ok(updates) => {
                failures = 0;
                lull = if updates.len() < MOST_UPDATES { PATIENCE } else { LULL };
                if wait == WAIT && updates.iter().any(|arrived| hand.has(arrived.id())) {
                    pause(TRY_EVERY, stop).await; // Telegram repeats what was confirmed
                }
                take(intake, hand, updates, false);
            }
            Err(error) => {
                let wait = pause_after(&error, failures);
                failures += 1;
                tracing::warn!(%error, retry_in = ?wait, "updates cannot be fetched{}", advice(&error));
                pause(wait, stop).await;
            }
        }
    }
}

/// Has updates handled that are not in hand.
fn take(intake: &Intake, hand: &mut Hand, updates: Vec<Arrived>, kept: bool) {
    for update in updates {
        let id = update.id();
        if hand.has(id) {
            continue;
        }
        let handled = intake.submit(&update);
        hand.take(update, handled);
        if kept {
            hand.is_kept(id);
        }
    }
}

/// Keeps what is not done; what cannot be kept stays with Telegram.
async fn keep(memory: &Memory, hand: &mut Hand) {
    let keeping = hand.loose().map(|update| memory.keep(update).map_ok(|()| update.id()));
    for kept in join_all(keeping).await {
        match kept {
            Ok(id) => hand.is_kept(id),
            Err(error) => tracing::warn!(%error, "an update cannot be kept; Telegram gives it out again"),
        }
    }
}

/// Lets go what was kept and is done.
async fn let_go(memory: &Memory, hand: &mut Hand) {
    for gone in join_all(hand.over().into_iter().map(|id| memory.let_go(id))).await {
        if let Err(error) = gone {
            tracing::warn!(%error, "an update may be handled again after the next start");
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
