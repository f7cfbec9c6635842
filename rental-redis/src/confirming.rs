//! Waiting until replicas have what was committed.
//!
//! `WAIT` speaks of what its own connection has written to its own server, and meanwhile nothing else is answered on that
//! connection. So there is one connection for it alone, and every `WAIT` follows a script that looks whether the commits
//! are on this server at all, which another one may have become master of, and writes something behind them.

use redis::FromRedisValue;
use rental_core::{CommitId, StoreError};
use tokio::sync::{Mutex, oneshot};

use crate::fault::corrupt;
use crate::keys::Keys;
use crate::link::Link;
use crate::script::{CONFIRM, Call};

type Confirmed = Result<(), StoreError>;

/// Asks the replicas, for all who wait at the same time with one question.
pub(crate) struct Confirming {
    link: Link,
    replicas: u32,
    waiting: Mutex<Vec<Waiting>>,
    turn: Mutex<()>,
}

struct Waiting {
    key: String,
    id: CommitId,
    tell: oneshot::Sender<Confirmed>,
}

impl Confirming {
    /// Asks for `replicas` confirmations over `link`, which nobody else uses.
    pub(crate) fn new(link: Link, replicas: u32) -> Self {
        Self { link, replicas, waiting: Mutex::default(), turn: Mutex::default() }
    }

    /// How many confirmations are asked for.
    pub(crate) fn replicas(&self) -> u32 {
        self.replicas
    }

    /// Waits until enough replicas have the commit `id`, which was answered before.
    pub(crate) async fn wait(&self, keys: &Keys, id: CommitId) -> Confirmed {
        let (tell, mut told) = oneshot::channel();
        self.waiting.lock().await.push(Waiting { key: keys.commits(id), id, tell });
        let _turn = self.turn.lock().await;
        if let Ok(confirmed) = told.try_recv() {
            return confirmed;
        }
        let all = std::mem::take(&mut *self.waiting.lock().await);
        let asked = self.ask(&all).await;
        for (place, waiting) in all.into_iter().enumerate() {
            let confirmed = asked.clone().and_then(|here| match here.get(place) {
                Some(true) => Ok(()),
                _ => Err(StoreError::Unavailable("another server has become master".to_owned())),
            });
            // Who has given up is not told.
            let _ = waiting.tell.send(confirmed);
        }
        told.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the question was given up".to_owned())))
    }

    /// Which of the commits are on the server; an error when too few replicas have them.
    async fn ask(&self, all: &[Waiting]) -> Result<Vec<bool>, StoreError> {
        let strange = |_| corrupt("an answer of the server");
        let names: Vec<_> = all.iter().map(|waiting| waiting.key.clone()).collect();
        let mut call = Call::script(&CONFIRM, &names);
        for waiting in all {
            call = call.arg(waiting.id.0.to_string());
        }
        // Less than the link's patience with a connection.
        let wait = u64::try_from(self.link.limit().as_millis() / 3).unwrap_or(u64::MAX);
        let call = call.then(Call::command("WAIT").arg(self.replicas).arg(wait));
        let answer = self.link.ask(call).await?;
        let (here, confirmed) = <(Vec<bool>, u32)>::from_redis_value(answer).map_err(strange)?;
        if here.contains(&false) {
            // Perhaps this is not the master any more.
            self.link.reopen().await;
        }
        if confirmed >= self.replicas {
            return Ok(here);
        }
        let replicas = self.replicas;
        Err(StoreError::Unavailable(format!("only {confirmed} of {replicas} replicas confirmed the change")))
    }
}

impl std::fmt::Debug for Confirming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Confirming").field("replicas", &self.replicas).finish_non_exhaustive()
    }
}
