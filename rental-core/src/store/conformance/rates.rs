//! Rate limits.

use std::sync::Arc;

use super::Harness;
use crate::{Allowance, Quota, RateLimiter, Seconds, StoreError, Timestamp};

const QUOTA: Quota = Quota { limit: 3, window: Seconds(60) };

/// One request every two seconds, and five at once.
const PACE: Quota = Quota { limit: 5, window: Seconds(10) };

impl Harness {
    async fn hit(&self, subject: &str, quota: Quota) -> Allowance {
        let answer = self.limiter.hit(subject, quota).await;
        answer.expect("the store answers")
    }

    async fn pace(&self, subject: &str, quota: Quota) -> Allowance {
        let answer = self.limiter.pace(subject, quota).await;
        answer.expect("the store answers")
    }
}

fn allowance(allowed: bool, remaining: u32, reset_after: u64) -> Allowance {
    Allowance { allowed, remaining, reset_after: Seconds(reset_after) }
}

pub(super) async fn a_window_allows_its_limit_and_then_refuses(h: Harness) {
    assert_eq!(h.hit("tg:1", QUOTA).await, allowance(true, 2, 60));
    h.pass(10);
    assert_eq!(h.hit("tg:1", QUOTA).await, allowance(true, 1, 50));
    assert_eq!(h.hit("tg:1", QUOTA).await, allowance(true, 0, 50));
    h.pass(49);
    assert_eq!(h.hit("tg:1", QUOTA).await, allowance(false, 0, 1));
    h.pass(1);
    assert_eq!(h.hit("tg:1", QUOTA).await, allowance(true, 2, 60));
}

pub(super) async fn refused_requests_neither_prolong_nor_precharge(h: Harness) {
    for _ in 0..3 {
        assert!(h.hit("tg:1", QUOTA).await.allowed);
    }
    for left in (1..=60).rev() {
        assert_eq!(h.hit("tg:1", QUOTA).await, allowance(false, 0, left));
        h.pass(1);
    }
    assert_eq!(h.hit("tg:1", QUOTA).await, allowance(true, 2, 60));
}

pub(super) async fn a_window_begins_with_its_first_request(h: Harness) {
    assert_eq!(h.hit("tg:1", QUOTA).await.reset_after, Seconds(60));
    h.pass(1_000);
    assert_eq!(h.hit("tg:1", QUOTA).await, allowance(true, 2, 60));
    h.pass(30);
    assert_eq!(h.hit("tg:1", QUOTA).await.reset_after, Seconds(30));
}

pub(super) async fn subjects_are_counted_apart(h: Harness) {
    let one = Quota { limit: 1, ..QUOTA };
    for subject in ["tg:1", "tg:11", "key:ab12", "key:AB12", "", "a b\"'\0é"] {
        assert!(h.hit(subject, one).await.allowed, "{subject:?}");
        assert!(!h.hit(subject, one).await.allowed, "{subject:?}");
    }
}

pub(super) async fn of_many_requests_at_once_exactly_the_limit_is_allowed(h: Harness) {
    let quota = Quota { limit: 40, ..QUOTA };
    let asked = |limiter: Arc<dyn RateLimiter>| async move { limiter.hit("tg:1", quota).await };
    assert_eq!(remaining_of_many(&h, asked).await, (0..40).collect::<Vec<_>>());
}

pub(super) async fn a_pace_allows_a_burst_and_then_refuses(h: Harness) {
    for (remaining, reset_after) in [(4, 2), (3, 4), (2, 6), (1, 8), (0, 10)] {
        assert_eq!(h.pace("key:ab12", PACE).await, allowance(true, remaining, reset_after));
    }
    assert_eq!(h.pace("key:ab12", PACE).await, allowance(false, 0, 2));
}

pub(super) async fn after_a_burst_one_request_comes_back_at_a_time(h: Harness) {
    for _ in 0..5 {
        assert!(h.pace("key:ab12", PACE).await.allowed);
    }
    for _ in 0..3 {
        assert_eq!(h.pace("key:ab12", PACE).await, allowance(false, 0, 2));
        h.pass(1);
        assert_eq!(h.pace("key:ab12", PACE).await, allowance(false, 0, 1));
        h.pass(1);
        assert_eq!(h.pace("key:ab12", PACE).await, allowance(true, 0, 10));
    }
    h.pass(5);
    assert_eq!(h.pace("key:ab12", PACE).await, allowance(true, 1, 7));
    h.pass(7);
    assert_eq!(h.pace("key:ab12", PACE).await, allowance(true, 4, 2));
    h.pass(1_000);
    assert_eq!(h.pace("key:ab12", PACE).await, allowance(true, 4, 2));
}

pub(super) async fn a_pace_is_kept_to_fractions_of_a_second(h: Harness) {
    let thirds = Quota { limit: 3, window: Seconds(10) };
    for (remaining, reset_after) in [(2, 4), (1, 7), (0, 10)] {
        assert_eq!(h.pace("key:ab12", thirds).await, allowance(true, remaining, reset_after));
    }
    let started = h.now();
    // One comes back after 3.3 seconds, the next after 6.7.
    for (passed, answer) in [
        (0, allowance(false, 0, 4)),
        (3, allowance(false, 0, 1)),
        (4, allowance(true, 0, 10)),
        (6, allowance(false, 0, 1)),
        (7, allowance(true, 0, 10)),
    ] {
        h.set_clock(started + Seconds(passed));
        assert_eq!(h.pace("key:ab12", thirds).await, answer, "after {passed} s");
    }
    let many = Quota { limit: 250, window: Seconds(1) };
    for remaining in (0..250).rev() {
        assert_eq!(h.pace("key:cd34", many).await, allowance(true, remaining, 1));
    }
    assert_eq!(h.pace("key:cd34", many).await, allowance(false, 0, 1));
    h.pass(1);
    assert_eq!(h.pace("key:cd34", many).await, allowance(true, 249, 1));
}

pub(super) async fn a_burst_is_the_limit_even_when_it_does_not_divide_the_window(h: Harness) {
    let odd = Quota { limit: 9_999, window: Seconds(60) };
    assert_eq!(h.pace("key:ab12", odd).await, allowance(true, 9_998, 1));
}

pub(super) async fn refused_requests_do_not_slow_a_pace(h: Harness) {
    let slow = Quota { limit: 1, window: Seconds(60) };
    assert_eq!(h.pace("key:ab12", slow).await, allowance(true, 0, 60));
    for left in (1..=60).rev() {
        assert_eq!(h.pace("key:ab12", slow).await, allowance(false, 0, left));
        h.pass(1);
    }
    assert_eq!(h.pace("key:ab12", slow).await, allowance(true, 0, 60));
}

pub(super) async fn subjects_are_paced_apart(h: Harness) {
    let one = Quota { limit: 1, ..PACE };
    for subject in ["tg:1", "tg:11", "key:ab12", "key:AB12", "", "a b\"'\0é"] {
        assert!(h.pace(subject, one).await.allowed, "{subject:?}");
        assert!(!h.pace(subject, one).await.allowed, "{subject:?}");
    }
}

pub(super) async fn windows_and_paces_of_one_subject_do_not_meet(h: Harness) {
    let one = Quota { limit: 1, window: Seconds(60) };
    for (first, second) in [("hit", "pace"), ("pace", "hit")] {
        let subject = format!("{first} before {second}");
        for way in [first, second] {
            let ask = async || match way {
                "hit" => h.hit(&subject, one).await,
                _ => h.pace(&subject, one).await,
            };
            assert_eq!(ask().await, allowance(true, 0, 60), "{subject}: {way}");
            assert_eq!(ask().await, allowance(false, 0, 60), "{subject}: {way}");
        }
    }
}

pub(super) async fn forgetting_frees_nobody_before_the_time(h: Harness) {
    let one = Quota { limit: 1, window: Seconds(60) };
    assert!(h.hit("tg:1", one).await.allowed && h.pace("tg:1", one).await.allowed);
    h.pass(59);
    h.forget(Timestamp::EPOCH).await;
    assert_eq!(h.hit("tg:1", one).await, allowance(false, 0, 1));
    assert_eq!(h.pace("tg:1", one).await, allowance(false, 0, 1));
    h.pass(1);
    h.forget(Timestamp::EPOCH).await;
    assert!(h.hit("tg:1", one).await.allowed && h.pace("tg:1", one).await.allowed);
}

pub(super) async fn of_many_paced_requests_at_once_exactly_the_limit_is_allowed(h: Harness) {
    let quota = Quota { limit: 40, ..QUOTA };
    let asked = |limiter: Arc<dyn RateLimiter>| async move { limiter.pace("key:ab12", quota).await };
    assert_eq!(remaining_of_many(&h, asked).await, (0..40).collect::<Vec<_>>());
}

/// How many requests were left after each that was allowed of 64 at once from two processes, fewest first.
async fn remaining_of_many<F>(h: &Harness, ask: impl Fn(Arc<dyn RateLimiter>) -> F) -> Vec<u32>
where
    F: Future<Output = Result<Allowance, StoreError>> + Send + 'static,
{
    let another = h.another().await;
    let tasks: Vec<_> = (0..64)
        .map(|n| tokio::spawn(ask(if n % 2 == 0 { &h.limiter } else { &another.limiter }.clone())))
        .collect();
    let mut remaining = Vec::new();
    for task in tasks {
        let answer = task.await.expect("the task runs to its end");
        let answer = answer.expect("the store answers");
        remaining.extend(answer.allowed.then_some(answer.remaining));
    }
    remaining.sort_unstable();
    remaining
}
