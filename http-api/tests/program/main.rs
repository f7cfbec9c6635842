//! The real program from outside: started on a free port with an empty store and a sandbox, and used over HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

mod currencies;
mod leaving;
mod paying;
mod redis;
mod refusing;
mod renting;
mod shop;
