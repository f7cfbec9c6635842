//! One line for each chat that has something to do.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// How many updates of one chat wait; more are dropped, because a person does not tap that fast.
const MOST_WAITING: usize = 32;
/// How many updates are handled at once; enough that chats in which Telegram does not answer leave places for others.
pub(crate) const MOST_AT_WORK: usize = 512;

/// The lines. A chat has a task of its own as long as it has something to do, so no chat waits for another one's.
#[derive(Clone)]
pub(super) struct Lanes {
    waiting: Arc<Mutex<HashMap<i64, VecDeque<Work>>>>,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
}

type Work = BoxFuture<'static, ()>;

impl Default for Lanes {
    fn default() -> Self {
        Self {
            waiting: Arc::default(),
            places: Arc::new(Semaphore::new(MOST_AT_WORK)),
            tasks: TaskTracker::new(),
        }
    }
}

impl Lanes {
    /// Puts `work` at the end of the line of `chat`; `false` when that is full. The work must not panic.
    pub(super) fn submit(&self, chat: i64, work: Work) -> bool {
        match self.lines().entry(chat) {
            Entry::Occupied(mut line) => {
                if line.get().len() >= MOST_WAITING {
                    return false;
                }
                line.get_mut().push_back(work);
            }
            Entry::Vacant(line) => {
                line.insert(VecDeque::new());
                let this = self.clone();
                self.tasks.spawn(async move { this.attend(chat, work).await });
            }
        }
        true
    }

    /// Waits until all lines are empty.
    pub(super) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn attend(&self, chat: i64, first: Work) {
        let mut next = Some(first);
        while let Some(work) = next {
            let place = self.places.acquire().await.expect("never closed");
            work.await;
            drop(place);
            next = self.next(chat);
        }
    }

    /// The next work of `chat`; the line goes when there is none.
    fn next(&self, chat: i64) -> Option<Work> {
        let mut lines = self.lines();
        let next = lines.get_mut(&chat).and_then(VecDeque::pop_front);
        if next.is_none() {
            lines.remove(&chat);
        }
        next
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<i64, VecDeque<Work>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use tokio::sync::{Notify, mpsc};

    #[tokio::test]
    async fn a_chat_keeps_its_order_and_holds_nobody_up() {
        let lanes = Lanes::default();
        let (told, mut done) = mpsc::unbounded_channel();
        let gate = Arc::new(Notify::new());
        let (held, first) = (gate.clone(), told.clone());
        assert!(
            lanes.submit(
                1,
                async move {
                    held.notified().await;
                    first.send((1, 0)).expect("the test listens");
                }
                .boxed()
            )
        );
        for n in 1..=MOST_WAITING {
            let told = told.clone();
            assert!(
                lanes.submit(1, async move { told.send((1, n)).expect("the test listens") }.boxed()),
                "{n}"
            );
        }
        assert!(!lanes.submit(1, async {}.boxed()), "a flood is cut off");

        let other = told.clone();
        assert!(lanes.submit(2, async move { other.send((2, 0)).expect("the test listens") }.boxed()));
        assert_eq!(done.recv().await, Some((2, 0)), "the other chat is served while the first one waits");
        gate.notify_one();
        for n in 0..=MOST_WAITING {
            assert_eq!(done.recv().await, Some((1, n)));
        }
        lanes.finish().await;
        assert!(lanes.lines().is_empty(), "nothing is kept about a chat that has nothing to do");
    }
}
