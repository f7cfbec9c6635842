//! The embedded store: one SQLite file, shared by all programs of a shop on one host.
//!
//! ```text
//! callers ──► queue ──► writer thread: take turns between processes │ BEGIN │ ≤ 64 jobs │ COMMIT │ answer
//!        ├──► single documents: one read transaction on the spot, beside the writer (WAL)
//!        └──► queue ──► reader threads: the same for lists, and for what finds no connection at hand
//! ```
//!
//! - **Acknowledged means on disk.** The write-ahead log is synced (`synchronous=FULL`) before anybody is answered.
//!   Callers that arrive together share one sync, which is what makes that affordable.
//! - **Many processes.** A side file (`<db>.lock`, and `<db>.next` for a fair queue) is locked around every write transaction, so that processes queue
//!   in the kernel instead of polling SQLite's lock. A turn lasts milliseconds; a process that is stopped (not killed)
//!   within its turn holds up the others until it goes on. The file has to be on a local disk.
//! - **Light jobs.** What a crash of the machine may take, such as notes that have an end, is written without a sync of its
//!   own: it is on disk with the next change that waits for one.
//! - **Time** is the clock handed in, read once per job. Processes of one host read the same clock, and writes happen
//!   one after the other, so `now` never runs backwards from one commit to the next unless the host's clock is set
//!   back. Such a step is followed: it can prolong a lease or a deadline by the length of the step, and nothing else,
//!   because versions decide who wins and not the time.
//! - **No rules.** The store compares versions, once-keys and locks, and writes what it is given.
//!
//! The tables are described at the top of the files in `src/schema/`.

mod archive;
mod check;
mod commit;
mod desk;
mod error;
mod leases;
mod limiter;
mod listings;
mod load;
mod notes;
mod open;
mod outbox;
mod payments;
#[cfg(test)]
mod plans;
mod readers;
#[cfg(test)]
#[path = "../testing/rent.rs"]
mod rent;
mod schema;
mod store;
mod totals;
mod writer;

pub use open::OpenError;
pub use store::SqliteStore;
pub use writer::Activity;
