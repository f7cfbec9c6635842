//! The updates in hand: those that Telegram has given out and that are not done.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::intake::Handled;
use crate::telegram::Arrived;

/// How many of the newest updates that are done are known, should they come again.
const KNOWN: usize = 1_000;

/// The updates in hand.
#[derive(Default)]
pub(super) struct Hand {
    under_way: FuturesUnordered<BoxFuture<'static, u32>>,
    /// Those that only Telegram would give out again.
    loose: BTreeMap<u32, Arrived>,
    /// Those that are kept in the store; in whose line each stands.
    kept: HashMap<u32, i64>,
    /// How many in each line are kept. There it goes slowly.
    slow: HashMap<i64, usize>,
    /// What was kept and is done.
    over: Vec<u32>,
    /// The newest that are done.
    known: VecDeque<u32>,
    /// What comes after the newest update.
    end: i64,
}

impl Hand {
    /// Takes an update that is being handled.
    pub(super) fn take(&mut self, update: Arrived, handled: oneshot::Receiver<Handled>) {
        let id = update.id();
        self.end = self.end.max(i64::from(id) + 1);
        self.loose.insert(id, update);
        self.under_way.push(handled.map(move |_| id).boxed());
    }

    /// Whether an update is in hand, or was lately.
    pub(super) fn has(&self, id: u32) -> bool {
        self.loose.contains_key(&id) || self.kept.contains_key(&id) || self.known.contains(&id)
    }

    /// In how many lines something goes slowly.
    pub(super) fn slow_lines(&self) -> usize {
        self.slow.len()
    }

    /// Waits for the next one to be done; `None` when there is nothing in hand.
    pub(super) async fn next_done(&mut self) -> Option<()> {
        let id = self.under_way.next().await?;
        self.loose.remove(&id);
        if let Some(line) = self.kept.remove(&id) {
            self.over.push(id);
            if let Entry::Occupied(mut kept) = self.slow.entry(line) {
                *kept.get_mut() -= 1;
                if *kept.get() == 0 {
                    kept.remove();
                }
            }
        }
        self.known.push_back(id);
        self.known.drain(..self.known.len().saturating_sub(KNOWN));
        Some(())
    }

    /// Waits, up to `patience` and no longer than `lull` for the next, for what is not kept. Where it goes slowly that
    /// would be in vain.
    pub(super) async fn settle(&mut self, patience: Duration, lull: Duration) {
        let until = Instant::now() + patience;
        while self.loose.values().any(|loose| !self.slow.contains_key(&loose.line())) {
            let until = until.min(Instant::now() + lull);
            if tokio::time::timeout_at(until, self.next_done()).await.is_err() {
                return;
            }
        }
    }

    /// Waits, up to `patience`, for everything.
    pub(super) async fn finish(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        while let Ok(Some(())) = tokio::time::timeout_at(until, self.next_done()).await {}
    }

    /// What is not kept.
    pub(super) fn loose(&self) -> impl Iterator<Item = &Arrived> {
        self.loose.values()
    }

    /// This one is kept now.
    pub(super) fn is_kept(&mut self, id: u32) {
        if let Some(line) = self.loose.remove(&id).map(|update| update.line()) {
            self.kept.insert(id, line);
            *self.slow.entry(line).or_default() += 1;
        }
    }

    /// What was kept and is done, each told once.
    pub(super) fn over(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.over)
    }

    /// The oldest update that only Telegram would give out again, or what comes after the newest one; 0 when there was
    /// none.
    pub(super) fn offset(&self) -> i64 {
        self.loose.keys().next().map_or(self.end, |id| i64::from(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(50);

    fn take(hand: &mut Hand, id: u32, line: i64) -> oneshot::Sender<Handled> {
        let (done, handled) = oneshot::channel();
        let text = format!(r#"{{"update_id":{id},"message":{{"chat":{{"id":{line}}}}}}}"#);
        hand.take(Arrived::read(serde_json::from_str(&text).expect("JSON")).expect("an update"), handled);
        done
    }

    fn loose(hand: &Hand) -> Vec<u32> {
        hand.loose().map(Arrived::id).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn telegram_is_told_of_what_is_done_or_kept_and_of_nothing_else() {
        let mut hand = Hand::default();
        assert_eq!(hand.offset(), 0);
        let (slow, quick, slow_too) = (take(&mut hand, 7, 1), take(&mut hand, 8, 2), take(&mut hand, 9, 3));
        quick.send(Handled::Done).expect("it is waited for");
        hand.settle(PATIENCE, PATIENCE).await;
        assert_eq!((hand.offset(), loose(&hand), hand.has(8)), (7, vec![7, 9], true));
        hand.is_kept(7);
        assert_eq!((hand.offset(), hand.has(7), hand.over()), (9, true, vec![]));
        hand.is_kept(9);
        assert_eq!((hand.offset(), hand.slow_lines()), (10, 2));
        slow.send(Handled::Failed).expect("it is waited for");
        drop(slow_too);
        hand.finish(PATIENCE).await;
        assert_eq!((hand.over(), hand.over(), hand.slow_lines()), (vec![7, 9], vec![], 0));
        assert!(hand.has(7) && !hand.has(10), "should it come again, it is known");
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_hurry_nothing_is_waited_for_that_makes_no_progress() {
        let mut hand = Hand::default();
        let (began, lull) = (Instant::now(), PATIENCE / 5);
        let (_slow, quick) = (take(&mut hand, 1, 7), take(&mut hand, 2, 8));
        quick.send(Handled::Done).expect("it is waited for");
        hand.settle(PATIENCE, lull).await;
        assert_eq!((began.elapsed(), loose(&hand)), (lull, vec![1]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_chat_in_which_it_goes_slowly_is_waited_for_once() {
        let mut hand = Hand::default();
        let began = Instant::now();
        let first = take(&mut hand, 1, 7);
        hand.settle(PATIENCE, PATIENCE).await;
        assert_eq!(began.elapsed(), PATIENCE);
        hand.is_kept(1);
        let second = take(&mut hand, 2, 7);
        hand.settle(PATIENCE, PATIENCE).await;
        assert_eq!((began.elapsed(), loose(&hand)), (PATIENCE, vec![2]), "not for what stands behind it");
        let other = take(&mut hand, 3, 8);
        hand.settle(PATIENCE, PATIENCE).await;
        assert_eq!(began.elapsed(), 2 * PATIENCE, "but for somebody else's");
        for done in [first, second, other] {
            done.send(Handled::Done).expect("it is waited for");
        }
        hand.finish(PATIENCE).await;
        let _third = take(&mut hand, 4, 7);
        hand.settle(PATIENCE, PATIENCE).await;
        assert_eq!(began.elapsed(), 3 * PATIENCE, "and again when it has caught up");
    }
}
