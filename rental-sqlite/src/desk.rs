//! Handing work to threads that own a connection, and getting the answer back.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rental_core::Timestamp;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::Fault;

/// How many jobs can wait; whoever comes then waits for a place.
const PLACES: usize = 1024;

/// Something to do with a connection, for somebody who waits for the answer.
pub(crate) trait Job: Send {
    /// Does it. After an error everything it wrote must be taken back; then it may be done again.
    fn run(&mut self, db: &Connection, now: Timestamp) -> Result<(), Fault>;

    /// Whether a crash of the machine may take what it wrote, so that its answer need not wait for the disk.
    fn is_light(&self) -> bool;

    /// Answers. `failure` is why the transaction around the job came to nothing.
    fn answer(self: Box<Self>, failure: Option<&Fault>);
}

pub(crate) type Jobs = mpsc::Receiver<Box<dyn Job>>;

struct Task<F, T> {
    work: F,
    light: bool,
    outcome: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<F, T> Job for Task<F, T>
where
    F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send,
    T: Send,
{
    fn run(&mut self, db: &Connection, now: Timestamp) -> Result<(), Fault> {
        let outcome = (self.work)(db, now);
        let result = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        result
    }

    fn is_light(&self) -> bool {
        self.light
    }

    fn answer(self: Box<Self>, failure: Option<&Fault>) {
        let answer = match (self.outcome, failure) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(failure.clone()),
            (Some(done), None) => done,
            (None, None) => Err(Fault::unavailable("the job was not run")),
        };
        // Nobody to answer is no error: the caller has gone.
        let _ = self.reply.send(answer);
    }
}

/// Where jobs are handed in; the threads behind it end with it.
pub(crate) struct Desk {
    name: &'static str,
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Desk {
    /// A desk and the queue behind it.
    pub(crate) fn new(name: &'static str) -> (Self, Jobs) {
        let (sender, jobs) = mpsc::channel(PLACES);
        let desk = Self { name, queue: Mutex::new(Some(sender)), threads: Mutex::default() };
        (desk, jobs)
    }

    /// Runs `thread` until the desk is closed.
    pub(crate) fn staff(&self, thread: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let handle = std::thread::Builder::new().name(self.name.to_owned()).spawn(thread)?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        Ok(())
    }

    /// Has `work` done and waits for the answer. Work that was handed in is done even when nobody waits any more.
    pub(crate) async fn ask<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.hand_in(work, false).await
    }

    /// The same for [light](Job::is_light) work.
    pub(crate) async fn ask_lightly<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.hand_in(work, true).await
    }

    async fn hand_in<T, F>(&self, work: F, light: bool) -> Result<T, Fault>
    where
        F: Fn(&Connection, Timestamp) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { work, light, outcome: None, reply });
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(queue) = queue else {
            return Err(Fault::unavailable("it has been closed"));
        };
        if queue.send(job).await.is_err() {
            return Err(self.deserted());
        }
        drop(queue);
        answer.await.unwrap_or_else(|_| Err(self.deserted()))
    }

    fn deserted(&self) -> Fault {
        Fault::unavailable(format!("its thread {} has died; restart the program", self.name))
    }

    /// Lets the threads finish what was handed in, and waits for their end.
    pub(crate) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that died has told its callers already.
            let _ = thread.join();
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.close();
    }
}
