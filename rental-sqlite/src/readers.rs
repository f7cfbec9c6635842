//! The threads that read. Each has a connection that refuses to write; a job is one read transaction, so it sees one moment.

use std::sync::{Arc, Mutex};

use rental_core::{Clock, Timestamp};
use rusqlite::Connection;

use crate::desk::{Desk, Job, Jobs};
use crate::error::Fault;

/// Starts a thread for each of `connections`; answers where to hand in jobs.
pub(crate) fn start(connections: Vec<Connection>, clock: &Arc<dyn Clock>) -> std::io::Result<Desk> {
    let (desk, jobs) = Desk::new("sqlite-reader");
    let jobs = Arc::new(Mutex::new(jobs));
    for db in connections {
        let (jobs, clock) = (Arc::clone(&jobs), Arc::clone(clock));
        desk.staff(move || {
            while let Some(mut job) = next(&jobs) {
                let failure = read(&db, clock.now(), job.as_mut()).err();
                job.answer(failure.as_ref());
            }
        })?;
    }
    Ok(desk)
}

fn next(jobs: &Mutex<Jobs>) -> Option<Box<dyn Job>> {
    jobs.lock().ok()?.blocking_recv()
}

fn read(db: &Connection, now: Timestamp, job: &mut dyn Job) -> Result<(), Fault> {
    db.prepare_cached("BEGIN")?.execute([])?;
    let outcome = job.run(db, now);
    if !db.is_autocommit() {
        db.prepare_cached("COMMIT")?.execute([])?;
    }
    outcome
}
