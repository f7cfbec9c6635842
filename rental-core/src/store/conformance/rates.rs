//! Rate limits.

use super::Harness;
use crate::{Allowance, Quota, Seconds};

const QUOTA: Quota = Quota { limit: 3, window: Seconds(60) };

impl Harness {
    async fn hit(&self, subject: &str, quota: Quota) -> Allowance {
        let answer = self.limiter.hit(subject, quota).await;
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
    let another = h.another().await;
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let limiter = if n % 2 == 0 { &h.limiter } else { &another.limiter }.clone();
            tokio::spawn(async move { limiter.hit("tg:1", quota).await })
        })
        .collect();
    let mut remaining = Vec::new();
    for task in tasks {
        let answer = task.await.expect("the task runs to its end");
        let answer = answer.expect("the store answers");
        remaining.extend(answer.allowed.then_some(answer.remaining));
    }
    remaining.sort_unstable();
    assert_eq!(remaining, (0..40).collect::<Vec<_>>());
}
