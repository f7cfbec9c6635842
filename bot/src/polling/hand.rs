//! The updates in hand: those that Telegram has given out and has not been told to forget.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::intake::Handled;

/// How long an update may hold back the ones after it from being forgotten.
const LONGEST: Duration = Duration::from_secs(30);
/// How long it may when it keeps new ones from coming, because Telegram gives out no more than a hundred at once.
const LONGEST_CROWDED: Duration = Duration::from_secs(3);

/// The updates in hand.
#[derive(Default)]
pub(super) struct Hand {
    under_way: FuturesUnordered<BoxFuture<'static, u32>>,
    /// Every update from the oldest one on that is not done.
    taken: BTreeMap<u32, State>,
    /// What comes after the newest update.
    end: i64,
    crowded: bool,
}

/// How far an update has come.
enum State {
    UnderWay(Instant),
    Done,
    /// Done, and that was noted.
    Noted,
}

impl Hand {
    /// Takes an update that is being handled.
    pub(super) fn take(&mut self, id: u32, handled: oneshot::Receiver<Handled>) {
        self.put(id, State::UnderWay(Instant::now()));
        self.under_way.push(handled.map(move |_| id).boxed());
    }

    /// Takes an update that was handled before.
    pub(super) fn pass_over(&mut self, id: u32) {
        self.put(id, State::Noted);
    }

    fn put(&mut self, id: u32, state: State) {
        self.taken.insert(id, state);
        self.end = self.end.max(i64::from(id) + 1);
    }

    /// Whether an update has been taken.
    pub(super) fn has(&self, id: u32) -> bool {
        self.taken.contains_key(&id)
    }

    /// Whether everything is done that was taken, as of the last [`offset`](Self::offset).
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Whether Telegram has given out all it gives at once, and nothing of it was new.
    pub(super) fn crowded(&mut self, crowded: bool) {
        self.crowded = crowded;
    }

    /// Waits until everything is done, but not longer than `patience`.
    pub(super) async fn settle(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        while let Ok(Some(id)) = tokio::time::timeout_at(until, self.under_way.next()).await {
            if let Some(state) = self.taken.get_mut(&id) {
                *state = State::Done;
            }
        }
    }

    /// The oldest update that is not done, or what comes after the newest one; 0 when there was none. What is before it
    /// is no more in hand. An update that holds back others for too long counts as done.
    pub(super) fn offset(&mut self) -> i64 {
        let longest = if self.crowded { LONGEST_CROWDED } else { LONGEST };
        while let Some(oldest) = self.taken.first_entry() {
            if let State::UnderWay(since) = oldest.get() {
                if since.elapsed() < longest {
                    return i64::from(*oldest.key());
                }
                tracing::warn!(
                    update = oldest.key(),
                    "an update takes long and is confirmed before it is done"
                );
                metrics::counter!("rental_bot_updates_total", "result" => "confirmed_early").increment(1);
            }
            oldest.remove();
        }
        self.end
    }

    /// The updates that are done before an older one is, each told once.
    pub(super) fn done_out_of_turn(&mut self) -> Vec<u32> {
        let done = self.taken.iter_mut().filter(|(_, state)| matches!(state, State::Done));
        done.map(|(id, state)| {
            *state = State::Noted;
            *id
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(hand: &mut Hand, id: u32) -> oneshot::Sender<Handled> {
        let (done, handled) = oneshot::channel();
        hand.take(id, handled);
        done
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_done_is_not_forgotten() {
        let mut hand = Hand::default();
        assert_eq!(hand.offset(), 0);
        let (slow, quick) = (take(&mut hand, 7), take(&mut hand, 8));
        quick.send(Handled::Done).expect("it is waited for");
        hand.settle(Duration::from_millis(100)).await;
        assert_eq!((hand.offset(), hand.has(8)), (7, true), "it comes again and is known");
        assert_eq!((hand.done_out_of_turn(), hand.done_out_of_turn()), (vec![8], vec![]));
        slow.send(Handled::Failed).expect("it is waited for");
        hand.settle(Duration::from_millis(100)).await;
        assert_eq!((hand.offset(), hand.is_empty()), (9, true));
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_holds_nobody_up_for_long() {
        let mut hand = Hand::default();
        let (_first, done, _third) = (take(&mut hand, 1), take(&mut hand, 2), take(&mut hand, 3));
        done.send(Handled::Done).expect("it is waited for");
        hand.settle(LONGEST_CROWDED).await;
        assert_eq!(hand.offset(), 1);
        hand.crowded(true);
        assert_eq!(hand.offset(), 4);
        let _fourth = take(&mut hand, 4);
        hand.crowded(false);
        hand.settle(LONGEST).await;
        assert_eq!(hand.offset(), 5);
    }
}
