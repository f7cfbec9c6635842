//! The real binary in folders of its own, beside a shop that this process has open on the same files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bench;
mod books;
mod help;
mod import;
mod ownership;
mod pool;
mod redis;
mod refunds;
mod refusals;
mod sandbox;
mod store;
mod usdt;
