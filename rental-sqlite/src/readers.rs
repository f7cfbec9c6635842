//! Reading beside the writer. Every connection here refuses to write; what is read together is one transaction, so it
//! sees one moment.
//!
//! Single documents are read on the spot, by the thread that asks: that takes a few microseconds, and handing it to
//! another thread and being woken for the answer several times as much. Everything else goes to threads: lists, and
//! what finds no connection at hand or would have to wait for a lock.

use std::sync::{Arc, Mutex, PoisonError};

use rental_core::{Clock, Timestamp};
use rusqlite::Connection;

use crate::desk::{Desk, Job, Jobs};
use crate::error::Fault;

/// The connections that read.
pub(crate) struct Readers {
    /// For whoever comes first. One whose user panicked may be left in an old moment, and is not used again.
    at_hand: Vec<Mutex<Option<Connection>>>,
    desk: Desk,
    clock: Arc<dyn Clock>,
}

impl Readers {
    /// Starts a thread for each of `behind_desk`.
    pub(crate) fn start(
        at_hand: Vec<Connection>,
        behind_desk: Vec<Connection>,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let (desk, jobs) = Desk::new("sqlite-reader");
        let jobs = Arc::new(Mutex::new(jobs));
        for db in behind_desk {
            let (jobs, clock) = (Arc::clone(&jobs), Arc::clone(&clock));
            desk.staff(move || {
                while let Some(mut job) = next(&jobs) {
                    let now = clock.now();
                    let failure = in_one_moment(&db, || job.run(&db, now)).err();
                    job.answer(failure.as_ref());
                }
            })?;
        }
        let at_hand = at_hand.into_iter().map(|db| Mutex::new(Some(db))).collect();
        Ok(Self { at_hand, desk, clock })
    }

    /// Does `work`, which is short, at once; `None` when that cannot be done here and now.
    pub(crate) fn glance<T>(
        &self,
        work: impl Fn(&Connection, Timestamp) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        let free = self.at_hand.iter().find_map(|db| db.try_lock().ok())?;
        let db = free.as_ref()?;
        let now = self.clock.now();
        Some(in_one_moment(db, || work(db, now)))
    }

    /// Where work for the threads is handed in.
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Lets the threads finish what was handed in, and closes all connections.
    pub(crate) fn close(&self) {
        self.desk.close();
        for db in &self.at_hand {
            db.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

fn next(jobs: &Mutex<Jobs>) -> Option<Box<dyn Job>> {
    jobs.lock().ok()?.blocking_recv()
}

/// Does `work` in a transaction of its own.
fn in_one_moment<T>(db: &Connection, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    db.prepare_cached("BEGIN")?.execute([])?;
    let outcome = work();
    if !db.is_autocommit() {
        db.prepare_cached("COMMIT")?.execute([])?;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use rental_core::SystemClock;

    use super::*;

    fn connection() -> Connection {
        Connection::open_in_memory().expect("there is memory")
    }

    fn readers() -> Readers {
        Readers::start(vec![connection()], vec![connection()], Arc::new(SystemClock)).expect("a thread")
    }

    fn one(db: &Connection, _: Timestamp) -> Result<u8, Fault> {
        Ok(db.query_row("SELECT 1", [], |row| row.get(0))?)
    }

    #[test]
    fn a_connection_is_at_hand_for_one_at_a_time() {
        let readers = readers();
        let both = readers.glance(|db, now| Ok((one(db, now)?, readers.glance(one).is_none())));
        assert_eq!(both, Some(Ok((1, true))));
        assert_eq!(readers.glance(one), Some(Ok(1)), "it is free again");
    }

    #[tokio::test]
    async fn a_connection_that_a_panic_left_in_an_old_moment_is_not_used_again() {
        let readers = readers();
        let panics = || readers.glance(|_, _| -> Result<u8, Fault> { panic!("a fault in the work") });
        catch_unwind(AssertUnwindSafe(panics)).expect_err("it panics");
        assert_eq!(readers.glance(one), None);
        assert_eq!(readers.desk().ask(one).await, Ok(1), "the threads go on");
    }

    #[tokio::test]
    async fn nothing_is_read_when_they_are_closed() {
        let readers = readers();
        readers.close();
        assert_eq!(readers.glance(one), None);
        assert!(readers.desk().ask(one).await.is_err());
    }
}
