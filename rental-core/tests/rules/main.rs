//! The rules, seen through the service on the in-memory store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod currencies;
mod faults;
mod limits;
mod operating;
mod owning;
mod passing;
mod paying;
mod reconciling;
mod refunding;
mod renting;
mod searching;
mod shop;
mod transferring;
