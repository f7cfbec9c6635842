//! What an update costs: the bot beside one on aiogram that shows the same screens, on the same Telegram, in one run.
//!
//! ```text
//! cargo bench -p bot --bench updates               # both of the below
//! cargo bench -p bot --bench updates -- compare    # updates a second, processor time, memory, start; beside aiogram
//! cargo bench -p bot --bench updates -- flood      # how long everybody else waits while one chat floods
//! ```
//!
//! The bot in Python needs `pip install aiogram uvloop`, in the interpreter that `PYTHON` names (`python3`), and is left
//! out without it.

#![expect(clippy::print_stdout, reason = "a bench prints its tables")]
#![expect(
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "measures durations and prints ratios"
)]

#[path = "updates/compare.rs"]
mod compare;
#[path = "updates/flood.rs"]
mod flood;
#[path = "updates/rival.rs"]
mod rival;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen = arguments.iter().find(|word| ["compare", "flood"].contains(&word.as_str()));
    let wanted = |mode: &str| chosen.is_none_or(|chosen| chosen == mode);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    if wanted("compare") {
        runtime.block_on(compare::run());
    }
    if wanted("flood") {
        runtime.block_on(flood::run());
    }
}
