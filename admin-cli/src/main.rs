//! The operator's command line.
//!
//! A thin frontend: a verb is parsed, handed to the shop's service as a command or a question, and the answer is
//! rendered. No rule lives here; what is refused, and why, comes from the service.
//!
//! ```text
//!  cli        what can be typed: nouns, verbs, options
//!   │
//!  numbers rentals invoices payments customers admins keys audit stats doctor store sandbox
//!   │         one file per noun: its verbs, each from arguments to an answer
//!  desk       what every verb works with: the shop, who acts, where answers go
//!   │
//!  output     an answer as a table, JSON or CSV          shapes      what an answer looks like
//!  failure    a refusal as one line and an exit code     listing     pages of long answers
//! ```
//!
//! Data goes to stdout, messages go to stderr.

mod admins;
mod audit;
mod cli;
mod consent;
mod customers;
mod desk;
mod doctor;
mod failure;
mod invoices;
mod keys;
mod listing;
mod numbers;
mod output;
mod payments;
mod rentals;
mod run;
mod sandbox;
mod shapes;
mod span;
mod stats;
mod store;
#[cfg(test)]
mod testing;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::main()
}
