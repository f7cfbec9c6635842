//! What is under way at once: one round to each customer who is told something, one to the operators, one with news.
//!
//! A round that hangs, because Telegram does not answer for one chat, holds up no other one: it has no place among those
//! that go on, and when it is tried again, it is with few others of its kind. News begin a round only when there is
//! nothing new for customers, and every message of it waits for its place among theirs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rental_core::StoreError;
use tokio::sync::Mutex;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::LOOK_EVERY;
use super::courier::{BATCH, Courier};
use super::herald::Herald;
use super::newsboy::Newsboy;
use super::post::Post;

/// How many rounds go at once to customers for whom Telegram did not answer the last time.
const MOST_IN_DOUBT: usize = 8;
/// How long an event waits behind older ones of the same customer that are under way.
const BEHIND: Duration = Duration::from_secs(1);
/// How long an event of a customer in doubt waits when there are enough of them under way.
const CROWDED: Duration = Duration::from_secs(5);

/// All rounds.
#[derive(Clone)]
pub(super) struct Rounds {
    post: Post,
    courier: Courier,
    herald: Herald,
    newsboy: Newsboy,
    under_way: Arc<Mutex<UnderWay>>,
    stop: CancellationToken,
}

/// To whom a round goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Customer(u64),
    Operators,
    Everybody,
}

/// How a round ended: whether there is more of its kind.
type Ended = Result<bool, StoreError>;

#[derive(Default)]
struct UnderWay {
    rounds: JoinSet<Ended>,
    whose: HashMap<Id, Whose>,
}

impl UnderWay {
    fn has(&self, whose: Whose) -> bool {
        self.whose.values().any(|other| *other == whose)
    }

    fn begin(&mut self, whose: Whose, round: impl Future<Output = Ended> + Send + 'static) {
        let id = self.rounds.spawn(round).id();
        self.whose.insert(id, whose);
    }

    /// Takes a round's end. A panic goes on in whoever looks after the rounds.
    fn end(&mut self, ended: Result<(Id, Ended), JoinError>) -> Ended {
        match ended {
            Ok((id, ended)) => {
                self.whose.remove(&id);
                ended
            }
            Err(error) => {
                self.whose.remove(&error.id());
                match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Ok(false),
                }
            }
        }
    }
}

impl Rounds {
    pub(super) fn new(
        post: Post,
        courier: Courier,
        herald: Herald,
        newsboy: Newsboy,
        stop: CancellationToken,
    ) -> Self {
        Self { post, courier, herald, newsboy, under_way: Arc::default(), stop }
    }

    /// How long `user` is to be left for later, if it is.
    fn delay(&self, user: u64, under_way: &UnderWay) -> Option<Duration> {
        if under_way.has(Whose::Customer(user)) {
            return Some(BEHIND);
        }
        let in_doubt =
            |whose: &&Whose| matches!(whose, Whose::Customer(user) if self.post.is_in_doubt(*user));
        let crowded = || under_way.whose.values().filter(in_doubt).count() >= MOST_IN_DOUBT;
        (self.post.is_in_doubt(user) && crowded()).then_some(CROWDED)
    }

    /// Begins the rounds for which there is something, and waits a moment for their ends; `false` when there is nothing
    /// to do and nothing under way.
    pub(super) async fn go_on(&self) -> Ended {
        let mut under_way = self.under_way.lock().await;
        let going_on = under_way.rounds.len().saturating_sub(self.post.unanswered());
        let (mut claimed, room) = (false, BATCH.saturating_sub(going_on));
        let looks = room >= BATCH / 2;
        if looks && let Some((batch, by_user)) = self.courier.claim(room).await? {
            claimed = true;
            for (user, items) in by_user {
                if let Some(delay) = self.delay(user, &under_way) {
                    self.courier.put_off(user, items, batch, delay).await?;
                } else {
                    let courier = self.courier.clone();
                    let round = async move { courier.deliver(user, items, batch).await.map(|()| false) };
                    under_way.begin(Whose::Customer(user), round);
                }
            }
        }
        if !under_way.has(Whose::Operators) {
            let herald = self.herald.clone();
            let round = async move { herald.proclaim().await.map(|told| told > 0) };
            under_way.begin(Whose::Operators, round);
        }
        if looks && !claimed && !under_way.has(Whose::Everybody) {
            let (newsboy, stop) = (self.newsboy.clone(), self.stop.clone());
            under_way.begin(Whose::Everybody, async move { newsboy.go_on(&stop).await });
        }
        if claimed {
            return Ok(true);
        }
        let until = Instant::now() + LOOK_EVERY;
        while let Ok(Some(ended)) = tokio::time::timeout_at(until, under_way.rounds.join_next_with_id()).await
        {
            if under_way.end(ended)? {
                return Ok(true);
            }
        }
        Ok(!under_way.rounds.is_empty())
    }

    /// Waits for the end of all rounds.
    pub(super) async fn finish(&self) {
        let mut under_way = self.under_way.lock().await;
        while let Some(ended) = under_way.rounds.join_next_with_id().await {
            if let Err(error) = under_way.end(ended) {
                tracing::warn!(%error, "what was under way is sent by whoever sends next");
            }
        }
    }
}
