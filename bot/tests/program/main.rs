//! The real program from outside: started beside a Telegram of its own, on a real store, with the sandbox chain.
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

mod arriving;
mod flooding;
mod forging;
mod limiting;
mod linking;
mod notices;
mod operating;
mod person;
mod process;
mod renting;
mod replicas;
mod shop;
mod stopping;
