//! Running a pass again and again, whatever happens in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use rental_core::{Clock, SystemClock, Timestamp};
use tokio_util::sync::CancellationToken;

use super::WorkerError;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How the workers are doing; shared with whoever reports it.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, WorkerHealth>>>);

/// How one worker is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkerHealth {
    /// When a pass last succeeded, by the host clock.
    pub last_success: Option<Timestamp>,
    /// How many passes have failed since.
    pub failures: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
}

/// Where one worker reports.
#[derive(Debug, Clone)]
pub struct Reporter {
    health: Health,
    name: &'static str,
}

impl Health {
    /// All workers, by name.
    pub fn workers(&self) -> BTreeMap<&'static str, WorkerHealth> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the worker `name` reports.
    pub fn of(&self, name: &'static str) -> Reporter {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default();
        Reporter { health: self.clone(), name }
    }
}

impl Reporter {
    fn change(&self, change: impl FnOnce(&mut WorkerHealth)) {
        let mut workers = self.health.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(workers.entry(self.name).or_default());
    }
}

/// Runs `pass` every `interval` until `stop`. A pass that fails or panics is logged, counted and tried again with
/// growing pauses; nothing but `stop` ends the loop. A pass under way when `stop` comes is finished.
pub async fn supervise<F, P>(
    name: &'static str,
    interval: Duration,
    report: &Reporter,
    stop: &CancellationToken,
    mut pass: P,
) where
    P: FnMut() -> F,
    F: Future<Output = Result<(), WorkerError>> + Send + 'static,
{
    let pauses = ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .with_jitter();
    let mut backoff = pauses.build();
    while !stop.is_cancelled() {
        // A task of its own, so that a panic ends the pass and not the worker.
        let pause = match tokio::spawn(pass()).await {
            Ok(Ok(())) => {
                backoff = pauses.build();
                metrics::counter!("rental_worker_passes_total", "worker" => name, "result" => "ok")
                    .increment(1);
                report.change(|health| {
                    *health =
                        WorkerHealth { last_success: Some(SystemClock.now()), ..WorkerHealth::default() };
                });
                interval
            }
            failed => {
                let (error, wish) = match failed {
                    Ok(Err(error)) => (error.to_string(), error.retry_after()),
                    Err(panic) => (format!("the pass panicked: {panic}"), None),
                    Ok(Ok(())) => unreachable!("matched above"),
                };
                let pause = backoff.next().unwrap_or(LONGEST_PAUSE).max(wish.unwrap_or_default());
                metrics::counter!("rental_worker_passes_total", "worker" => name, "result" => "error")
                    .increment(1);
                tracing::warn!(worker = name, %error, retry_in = ?pause, "a pass failed; it is tried again");
                report.change(|health| {
                    health.failures = health.failures.saturating_add(1);
                    health.last_error = Some(error);
                });
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use rental_core::StoreError;

    #[tokio::test(start_paused = true)]
    async fn errors_and_panics_are_counted_and_retried_for_ever() {
        let (health, stop, passes) =
            (Health::default(), CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let (report, counter, end) = (health.of("w"), passes.clone(), stop.clone());
        supervise("w", Duration::from_secs(1), &report, &stop, move || {
            let (n, end) = (counter.fetch_add(1, Ordering::SeqCst), end.clone());
            async move {
                match n {
                    0..5 => Err(StoreError::Unavailable("down".to_owned()).into()),
                    5 => panic!("a bug"),
                    6 => Ok(()),
                    7 => Err(StoreError::Unavailable("down again".to_owned()).into()),
                    _ => {
                        end.cancel();
                        Err(StoreError::Unavailable("still down".to_owned()).into())
                    }
                }
            }
        })
        .await;
        assert_eq!(passes.load(Ordering::SeqCst), 9);
        let state = &health.workers()["w"];
        assert!(state.last_success.is_some() && state.failures == 2, "{state:?}");
    }
}
