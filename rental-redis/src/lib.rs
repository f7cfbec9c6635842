//! The production store: one shop on a Redis (7.0 or newer) or Valkey server, behind Sentinel, or in one slot of a
//! cluster.
//!
//! ```text
//! load ──► load.lua    follows the references, one consistent cut, with the server's clock   one round trip
//! commit ─► commit.lua compares once-keys, lock and versions, then writes everything         one round trip
//! ```
//!
//! - **The scripts know no rule.** They compare and write what they are given; a new rule never touches them.
//! - **One clock.** `now` is the server's, so all processes of a shop agree. Leases, rate windows and once-keys expire by
//!   the server itself.
//! - **Nothing is done twice.** Every commit carries its id, which is compared inside the script. When an answer is lost the
//!   same commit is sent again, and the server says whether it was applied before. The client library never repeats a
//!   command by itself.
//! - **No endless waiting.** Every call has one time limit, in which connections are made anew as often as it takes.
//! - **What an acknowledgement means** is the server's setting: with `appendfsync always` the change is on disk; with
//!   `everysec` a crash can lose the last second; with a failover the last writes, unless replicas confirm
//!   ([`RedisConfig::wait_replicas`]). Payments come back in any case: the chain position is stored with the data and the
//!   chain is read again from there.
//!
//! Keys are listed in `docs/data-model.md`; the scripts are in `src/scripts/`, each with its keys and arguments on top.

mod archive;
mod commit;
mod config;
mod confirming;
mod fault;
mod inspect;
mod keys;
mod link;
mod listings;
mod load;
mod notes;
mod outbox;
mod places;
mod script;
mod store;
mod text;
mod totals;

pub use config::{RedisConfig, RedisConfigError};
pub use store::{Activity, Ahead, RedisOpenError, RedisStore};
