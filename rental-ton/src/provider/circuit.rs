//! Leaving a provider alone that does not work.
//!
//! After some failures in a row the circuit opens: the provider is not asked for a while, and whoever needs it is told
//! so at once instead of waiting for another time limit. Then one request goes through as a probe. If it succeeds, all
//! is as before; if not, the pause doubles.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many failures in a row open the circuit.
const PATIENCE: u32 = 5;
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Whether a provider is asked.
#[derive(Debug, Default)]
pub(crate) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    pause: Duration,
    /// When the next probe may go, once the circuit is open.
    probe_at: Option<Instant>,
    last_error: Option<String>,
}

/// How a circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Requests go through.
    Closed,
    /// A probe is allowed or under way.
    HalfOpen,
    /// No request goes through.
    Open,
}

/// Why a request may not be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) wait: Duration,
    pub(crate) last_error: String,
}

impl Circuit {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks whether a request may be sent.
    pub(crate) fn enter(&self) -> Result<(), Rejected> {
        let mut state = self.state();
        let Some(probe_at) = state.probe_at else { return Ok(()) };
        let now = Instant::now();
        if now < probe_at {
            let last_error = state.last_error.clone().unwrap_or_default();
            return Err(Rejected { wait: probe_at - now, last_error });
        }
        // The next one has to wait, unless this probe succeeds. A probe that is given up blocks nobody for ever.
        state.probe_at = Some(now + state.pause);
        Ok(())
    }

    /// A request was answered.
    pub(crate) fn succeed(&self) {
        *self.state() = State::default();
    }

    /// A request was answered with a refusal: the provider works, but not for us.
    pub(crate) fn refuse(&self, error: &str) {
        *self.state() = State { last_error: Some(error.to_owned()), ..State::default() };
    }

    /// A request failed; `true` when that has opened the circuit or keeps it open.
    pub(crate) fn fail(&self, error: &str) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.last_error = Some(error.to_owned());
        if state.failures < PATIENCE {
            return false;
        }
        state.pause = if state.pause.is_zero() { FIRST_PAUSE } else { (state.pause * 2).min(LONGEST_PAUSE) };
        state.probe_at = Some(Instant::now() + state.pause);
        true
    }

    /// How it stands, and the last error since the last success.
    pub(crate) fn standing(&self) -> (Standing, Option<String>) {
        let state = self.state();
        let standing = match state.probe_at {
            None => Standing::Closed,
            Some(at) if Instant::now() < at => Standing::Open,
            Some(_) => Standing::HalfOpen,
        };
        (standing, state.last_error.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_closes_with_a_probe_that_succeeds() {
        let circuit = Circuit::default();
        for _ in 1..PATIENCE {
            assert!(!circuit.fail("down"));
        }
        circuit.succeed();
        for _ in 1..PATIENCE {
            assert!(!circuit.fail("down"), "the count began anew");
        }
        assert!(circuit.enter().is_ok());
        assert!(circuit.fail("still down"));
        let rejected = circuit.enter().expect_err("open");
        assert_eq!(rejected, Rejected { wait: FIRST_PAUSE, last_error: "still down".to_owned() });
        assert_eq!(circuit.standing().0, Standing::Open);

        advance(FIRST_PAUSE).await;
        assert_eq!(circuit.standing().0, Standing::HalfOpen);
        assert!(circuit.enter().is_ok(), "a probe");
        assert!(circuit.enter().is_err(), "one probe at a time");
        assert!(circuit.fail("down"));
        advance(FIRST_PAUSE).await;
        assert!(circuit.enter().is_err(), "the pause has doubled");
        advance(FIRST_PAUSE).await;
        assert!(circuit.enter().is_ok());
        circuit.succeed();
        assert!(circuit.enter().is_ok() && circuit.enter().is_ok());
        assert_eq!(circuit.standing(), (Standing::Closed, None));
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_has_a_limit() {
        let circuit = Circuit::default();
        for _ in 0..40 {
            circuit.fail("down");
        }
        assert_eq!(circuit.enter().expect_err("open").wait, LONGEST_PAUSE);
    }
}
