//! The one thread that writes, and group commit.
//!
//! A durable transaction costs one sync of the disk, however much it holds. So the thread takes every job that is
//! waiting, up to [`MOST_JOBS`], into one transaction. A job hardly ever fails; when one does, the batch is taken back
//! and run again with a savepoint for each job, so that its neighbours do not suffer. (Savepoints from the start would
//! cost a quarter of the rate.)
//!
//! Light jobs ride along with others; a transaction that begins with one takes only light ones, and is not synced: the log
//! is, with the next transaction that waits for the disk, or with the next copy into the file. Answers are given after the transaction is on disk and after the next process has been
//! let in.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rental_core::Clock;
use rusqlite::Connection;

use crate::desk::{Desk, Job, Jobs};
use crate::error::Fault;

/// How many jobs share one transaction, so that the first one does not wait too long for its answer.
const MOST_JOBS: usize = 64;

/// What the writer of this process has done so far; for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Transactions that were committed, each with one sync of the disk when something was written.
    pub transactions: u64,
    /// Jobs that were in them. `jobs / transactions` tells how well group commit works.
    pub jobs: u64,
    /// Transactions that came to nothing: disk full, input/output error.
    pub failed: u64,
    /// How many times SQLite was busy when the writer's turn came; 0 unless another program holds the file.
    pub busy: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    transactions: AtomicU64,
    jobs: AtomicU64,
    failed: AtomicU64,
    busy: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> Activity {
        let Self { transactions, jobs, failed, busy } = self;
        Activity {
            transactions: transactions.load(Ordering::Relaxed),
            jobs: jobs.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
            busy: busy.load(Ordering::Relaxed),
        }
    }
}

/// What the writer's thread owns.
pub(crate) struct Writer {
    /// The connection that writes.
    pub(crate) db: Connection,
    /// The side files that processes take turns with; a store in memory has none.
    pub(crate) turns: Option<Turns>,
    /// The present moment.
    pub(crate) clock: Arc<dyn Clock>,
    /// What is counted.
    pub(crate) counters: Arc<Counters>,
}

/// The side files that processes take turns with.
///
/// Whoever wants the turn first locks `next` and keeps it until it has the turn. So a process that has just written
/// queues behind one that waits, instead of overtaking it again and again.
#[derive(Debug)]
pub(crate) struct Turns {
    /// Held by the process that comes next, while it waits.
    pub(crate) next: File,
    /// Held by the process that writes.
    pub(crate) turn: File,
}

/// A process's turn to write; ends when dropped.
pub(crate) struct Turn<'a>(&'a File);

impl Turns {
    /// Waits for the turn, in the kernel's queue.
    pub(crate) fn take(&self) -> std::io::Result<Turn<'_>> {
        lock(&self.next)?;
        let taken = lock(&self.turn);
        self.next.unlock()?;
        taken.map(|()| Turn(&self.turn))
    }
}

fn lock(file: &File) -> std::io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Cannot fail for a lock that is held; and closing the file would end it too.
        let _ = self.0.unlock();
    }
}

impl Writer {
    /// Starts the thread; answers where to hand in jobs.
    pub(crate) fn start(self) -> std::io::Result<Desk> {
        let (desk, jobs) = Desk::new("sqlite-writer");
        desk.staff(move || self.serve(jobs))?;
        Ok(desk)
    }

    fn serve(self, mut jobs: Jobs) {
        let mut left = None;
        while let Some(first) = left.take().or_else(|| jobs.blocking_recv()) {
            let mut batch = Vec::with_capacity(MOST_JOBS);
            let failure = self.transact(first, &mut jobs, &mut batch, &mut left).err();
            self.count(batch.len(), failure.is_some());
            for job in batch {
                job.answer(failure.as_ref());
            }
        }
        let Self { db, turns, .. } = self;
        let _turn = turns.as_ref().map(Turns::take);
        // The last connection to close moves the log into the file and removes it. Should that fail, the log stays
        // and is read at the next start.
        drop(db);
    }

    fn count(&self, jobs: usize, failed: bool) {
        let Counters { transactions, jobs: total, failed: failures, busy: _ } = &*self.counters;
        if failed {
            failures.fetch_add(1, Ordering::Relaxed);
        } else {
            transactions.fetch_add(1, Ordering::Relaxed);
            total.fetch_add(jobs as u64, Ordering::Relaxed);
        }
    }

    /// Runs `first` and whatever else is waiting in one transaction. All of them end up in `batch`, to be answered. A job
    /// that was taken and has to wait for the next transaction ends up in `left`.
    fn transact(
        &self,
        first: Box<dyn Job>,
        jobs: &mut Jobs,
        batch: &mut Vec<Box<dyn Job>>,
        left: &mut Option<Box<dyn Job>>,
    ) -> Result<(), Fault> {
        let light = first.is_light();
        batch.push(first);
        let _turn = self
            .turns
            .as_ref()
            .map(Turns::take)
            .transpose()
            .map_err(|error| Fault::unavailable(format!("its lock files cannot be locked: {error}")))?;
        self.db.pragma_update(None, "synchronous", if light { "normal" } else { "full" })?;
        let mut spoiled = false;
        let result = self.transaction(|| {
            self.gather(jobs, batch, left).inspect_err(|_| {
                spoiled = true;
            })
        });
        if spoiled { self.transaction(|| self.redo(batch)) } else { result }
    }

    fn transaction(&self, work: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
        self.run("BEGIN IMMEDIATE").inspect_err(|_| {
            self.counters.busy.fetch_add(1, Ordering::Relaxed);
        })?;
        let result = work().and_then(|()| self.run("COMMIT").map_err(Fault::from));
        if result.is_err() && !self.db.is_autocommit() {
            self.run("ROLLBACK")?;
        }
        result
    }

    /// Runs the last of `batch`, then the jobs that have come meanwhile, until one fails or does not go with the first.
    fn gather(
        &self,
        jobs: &mut Jobs,
        batch: &mut Vec<Box<dyn Job>>,
        left: &mut Option<Box<dyn Job>>,
    ) -> Result<(), Fault> {
        let light = batch.first().is_some_and(|first| first.is_light());
        loop {
            let job = batch.last_mut().expect("a batch begins with a job");
            job.run(&self.db, self.clock.now())?;
            if batch.len() == MOST_JOBS {
                return Ok(());
            }
            match jobs.try_recv() {
                Ok(job) if light && !job.is_light() => {
                    *left = Some(job);
                    return Ok(());
                }
                Ok(job) => batch.push(job),
                Err(_) => return Ok(()),
            }
        }
    }

    /// Runs `batch` again after one of them failed, each behind a savepoint of its own.
    fn redo(&self, batch: &mut [Box<dyn Job>]) -> Result<(), Fault> {
        for job in batch {
            self.run("SAVEPOINT job")?;
            let outcome = job.run(&self.db, self.clock.now());
            // After some errors, such as a full disk, SQLite takes the whole transaction back by itself.
            if self.db.is_autocommit() {
                let lost = || Fault::unavailable("the transaction ended by itself");
                return Err(outcome.err().unwrap_or_else(lost));
            }
            if outcome.is_err() {
                self.run("ROLLBACK TO job")?;
            }
            self.run("RELEASE job")?;
        }
        Ok(())
    }

    fn run(&self, statement: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
