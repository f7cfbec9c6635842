//! The arithmetic of a pace.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_767_225_600_500_000;

fn quota(limit: u32, window: u64) -> Quota {
    Quota { limit, window: Seconds(window) }
}

/// The microseconds after which one request comes back.
fn interval(quota: Quota) -> u64 {
    (quota.window.0 * MICROS / u64::from(quota.limit)).max(1)
}

/// A subject that asks again and again.
struct Subject {
    quota: Quota,
    tat: u64,
}

impl Subject {
    fn new(quota: Quota) -> Self {
        Self { quota, tat: 0 }
    }

    fn asks(&mut self, now: u64) -> Allowance {
        let (allowance, tat) = self.quota.admit(self.tat, now);
        assert_eq!(allowance.allowed, tat.is_some(), "only what is allowed is counted");
        self.tat = tat.unwrap_or(self.tat);
        allowance
    }

    /// How many requests at once are allowed.
    fn drains(&mut self, now: u64) -> u32 {
        let mut allowed = 0;
        while self.asks(now).allowed {
            allowed += 1;
        }
        allowed
    }
}

#[test]
fn a_pace_at_its_figures() {
    let mut subject = Subject::new(quota(5, 10));
    let answers: Vec<_> = [0, 0, 0, 0, 0, 0, 500_000, 2_000_000, 2_000_001, 12_000_000]
        .map(|passed| subject.asks(NOW + passed))
        .map(|answer| (answer.allowed, answer.remaining, answer.reset_after.0))
        .into();
    assert_eq!(
        answers,
        [
            (true, 4, 2),
            (true, 3, 4),
            (true, 2, 6),
            (true, 1, 8),
            (true, 0, 10),
            (false, 0, 2),
            (false, 0, 2),
            (true, 0, 10),
            (false, 0, 2),
            (true, 4, 2),
        ]
    );
}

#[test]
fn a_burst_is_exactly_the_limit_even_when_it_does_not_divide_the_window() {
    for (limit, window) in [(1, 1), (3, 10), (7, 60), (1_500, 1), (9_999, 60), (70_001, 7), (2_000_000, 1)] {
        assert_eq!(Subject::new(quota(limit, window)).drains(NOW), limit, "{limit} in {window} s");
    }
}

#[test]
fn a_quota_of_nothing_counts_as_one_request_in_a_second() {
    assert_eq!(quota(0, 0).admit(0, NOW), quota(1, 1).admit(0, NOW));
}

fn quotas() -> impl Strategy<Value = Quota> {
    (1..50_u32, 1..100_u64).prop_map(|(limit, window)| quota(limit, window))
}

/// Moments not before [`NOW`], in order, in bursts and with pauses.
fn moments() -> impl Strategy<Value = Vec<u64>> {
    let pause = prop_oneof![Just(0), 0..1_000_000_u64, 0..30_000_000_u64];
    vec(pause, 1..300).prop_map(|pauses| {
        let add = |now: &mut u64, pause| {
            *now += pause;
            Some(*now)
        };
        pauses.into_iter().scan(NOW, add).collect()
    })
}

proptest! {
    #[test]
    fn in_no_time_are_more_than_the_burst_and_what_came_back_allowed(quota in quotas(), moments in moments()) {
        let mut subject = Subject::new(quota);
        let allowed: Vec<u64> = moments.into_iter().filter(|now| subject.asks(*now).allowed).collect();
        for (first, from) in allowed.iter().enumerate() {
            for (count, to) in (1..).zip(&allowed[first..]) {
                prop_assert!(count <= u64::from(quota.limit) + (to - from) / interval(quota));
            }
        }
    }

    #[test]
    fn whoever_keeps_to_the_pace_is_never_refused(quota in quotas(), pauses in vec(0..5_000_000_u64, 1..100)) {
        let mut subject = Subject::new(quota);
        let mut now = NOW;
        for pause in pauses {
            prop_assert!(subject.asks(now).allowed);
            now += interval(quota) + pause;
        }
    }

    #[test]
    fn what_remains_is_what_is_allowed_next(quota in quotas(), moments in moments()) {
        let mut subject = Subject::new(quota);
        for now in moments {
            let answer = subject.asks(now);
            let mut twin = Subject { ..subject };
            prop_assert_eq!(answer.remaining, twin.drains(now));
        }
    }

    #[test]
    fn the_wait_after_a_refusal_is_long_enough_and_no_second_too_long(quota in quotas(), moments in moments()) {
        let mut subject = Subject::new(quota);
        for now in moments {
            let answer = subject.asks(now);
            if !answer.allowed {
                let after = |seconds: u64| quota.admit(subject.tat, now + seconds * MICROS).0.allowed;
                prop_assert!(answer.reset_after >= Seconds(1));
                prop_assert!(after(answer.reset_after.0) && !after(answer.reset_after.0 - 1));
            }
        }
    }

    #[test]
    fn when_the_burst_is_back_the_past_is_forgotten(quota in quotas(), moments in moments()) {
        let mut subject = Subject::new(quota);
        for now in moments {
            let answer = subject.asks(now);
            if answer.allowed {
                let then = now + answer.reset_after.0 * MICROS;
                prop_assert!(subject.tat <= then && subject.tat > then - MICROS);
                prop_assert_eq!(quota.admit(subject.tat, then), quota.admit(0, then));
                prop_assert!(subject.tat <= now + quota.window.0 * MICROS);
            }
        }
    }

    #[test]
    fn answers_depend_on_the_time_between_and_not_on_the_time(
        quota in quotas(), moments in moments(), later in 0..1_u64 << 52,
    ) {
        let (mut subject, mut twin) = (Subject::new(quota), Subject::new(quota));
        for now in moments {
            prop_assert_eq!(subject.asks(now), twin.asks(now + later));
        }
    }

    #[test]
    fn no_figures_are_too_large(limit: u32, window: u64, tat: u64, now: u64) {
        let quota = quota(limit, window);
        let (answer, moved) = quota.admit(tat, now);
        prop_assert!(answer.reset_after >= Seconds(1));
        prop_assert!(answer.remaining < quota.limit.max(1));
        prop_assert!(moved.is_none_or(|moved| moved >= now));
    }
}
