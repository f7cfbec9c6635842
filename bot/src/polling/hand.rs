//! The updates in hand: those that Telegram has given out and has not been told to forget.

use std::collections::{BTreeMap, VecDeque};
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

/// How many updates of one chat in hand make a flood. They alone keep Telegram from giving out new ones, so when it gives
/// out no more, those of the flood are the first that hold nothing back: a person does not tap that fast.
const FLOOD: usize = 20;
/// How many of the newest confirmed updates are known, should Telegram give them out again.
const KNOWN: usize = 1_000;

/// The updates in hand.
#[derive(Default)]
pub(super) struct Hand {
    under_way: FuturesUnordered<BoxFuture<'static, u32>>,
    /// Every update from the oldest one on that is not done.
    taken: BTreeMap<u32, Taken>,
    /// The newest of those that were taken before.
    confirmed: VecDeque<u32>,
    /// What comes after the newest update.
    end: i64,
    crowded: bool,
}

/// An update in hand.
struct Taken {
    /// Whose it is.
    chat: i64,
    state: State,
}

/// How far an update has come.
enum State {
    UnderWay(Instant),
    Done,
    /// Done, and that was noted.
    Noted,
}

impl Hand {
    /// Takes an update of `chat` that is being handled.
    pub(super) fn take(&mut self, id: u32, chat: i64, handled: oneshot::Receiver<Handled>) {
        self.put(id, chat, State::UnderWay(Instant::now()));
        self.under_way.push(handled.map(move |_| id).boxed());
    }

    /// Takes an update of `chat` that was handled before.
    pub(super) fn pass_over(&mut self, id: u32, chat: i64) {
        self.put(id, chat, State::Noted);
    }

    fn put(&mut self, id: u32, chat: i64, state: State) {
        self.taken.insert(id, Taken { chat, state });
        self.end = self.end.max(i64::from(id) + 1);
    }

    /// Whether an update has been taken, now or lately.
    pub(super) fn has(&self, id: u32) -> bool {
        self.taken.contains_key(&id) || self.confirmed.contains(&id)
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
            if let Some(taken) = self.taken.get_mut(&id) {
                taken.state = State::Done;
            }
        }
    }

    /// The oldest update that is not done, or what comes after the newest one; 0 when there was none. What is before it
    /// is no more in hand. An update that holds back others for too long counts as done.
    pub(super) fn offset(&mut self) -> i64 {
        let longest = if self.crowded { LONGEST_CROWDED } else { LONGEST };
        let flood = self.flood();
        while let Some(oldest) = self.taken.first_entry() {
            let (update, Taken { chat, state }) = (*oldest.key(), oldest.get());
            if let State::UnderWay(since) = state {
                let flooding = flood.contains(chat);
                if since.elapsed() < longest && !flooding {
                    return i64::from(update);
                }
                if flooding {
                    tracing::debug!(update, "an update of a flood is confirmed before it is done");
                } else {
                    tracing::warn!(update, "an update takes long and is confirmed before it is done");
                }
                metrics::counter!("rental_bot_updates_total", "result" => "confirmed_early").increment(1);
            }
            oldest.remove();
            self.confirmed.push_back(update);
        }
        self.confirmed.drain(..self.confirmed.len().saturating_sub(KNOWN));
        self.end
    }

    /// The chats that keep everybody else's updates from coming.
    fn flood(&self) -> Vec<i64> {
        if !self.crowded {
            return Vec::new();
        }
        let mut chats: Vec<i64> = self.taken.values().map(|taken| taken.chat).collect();
        chats.sort_unstable();
        let many = chats.chunk_by(|one, other| one == other).filter(|updates| updates.len() >= FLOOD);
        many.map(|updates| updates[0]).collect()
    }

    /// The updates that are done before an older one is, each told once.
    pub(super) fn done_out_of_turn(&mut self) -> Vec<u32> {
        let done = self.taken.iter_mut().filter(|(_, taken)| matches!(taken.state, State::Done));
        done.map(|(id, taken)| {
            taken.state = State::Noted;
            *id
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(hand: &mut Hand, id: u32) -> oneshot::Sender<Handled> {
        take_from(hand, i64::from(id), id)
    }

    fn take_from(hand: &mut Hand, chat: i64, id: u32) -> oneshot::Sender<Handled> {
        let (done, handled) = oneshot::channel();
        hand.take(id, chat, handled);
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

    #[tokio::test(start_paused = true)]
    async fn a_flood_holds_up_nobody_else_and_nobody_else_is_forgotten_with_it() {
        let mut hand = Hand::default();
        let flood = |hand: &mut Hand, ids: std::ops::Range<u32>| -> Vec<_> {
            ids.map(|id| take_from(hand, 7, id)).collect()
        };
        let before = flood(&mut hand, 1..51);
        let other = take_from(&mut hand, 8, 51);
        let after = flood(&mut hand, 52..101);
        assert_eq!(hand.offset(), 1, "nobody waits");
        hand.crowded(true);
        assert_eq!(hand.offset(), 51);
        other.send(Handled::Done).expect("it is waited for");
        hand.settle(Duration::from_millis(100)).await;
        assert_eq!(hand.offset(), 101);
        drop((before, after));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_confirmed_and_comes_again_is_known() {
        let mut hand = Hand::default();
        take(&mut hand, 7).send(Handled::Done).expect("it is waited for");
        hand.settle(Duration::from_millis(100)).await;
        assert_eq!((hand.offset(), hand.is_empty()), (8, true));
        assert!(hand.has(7) && !hand.has(8));
    }
}
