//! The server from outside: a bot that speaks HTTP, and people.
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

mod bot;
mod calling;
mod faults;
mod messages;
mod people;
mod posting;
mod updates;
