//! What a shop on Redis costs: operations a second, latency, round trips, microseconds of the server's processor, bytes.
//!
//! ```text
//! cargo bench -p rental-redis --bench shop -- lifecycle   # a rental from its first invoice to its end
//! cargo bench -p rental-redis --bench shop -- compare     # a rent beside redis-benchmark and a shop in Python
//! cargo bench -p rental-redis --bench shop -- sweep       # 10,000 numbers whose deadline has come
//! cargo bench -p rental-redis --bench shop -- memory      # bytes of listed and rented numbers
//! cargo bench -p rental-redis --bench shop -- scale       # 1,000 numbers against 1,200,000; minutes
//! SCALE_NUMBERS=100000 cargo bench -p rental-redis --bench shop -- scale   # against so many
//! ```
//!
//! Without a word, all but the last. Servers are private ones without persistence. `redis-benchmark` comes with the
//! server; the shop in Python needs `pip install redis hiredis` and is left out without it.

#![expect(clippy::print_stdout, reason = "a bench prints its tables")]
#![expect(clippy::disallowed_methods, reason = "measures durations")]

#[path = "shop/compare.rs"]
mod compare;
#[path = "shop/customers.rs"]
mod customers;
#[path = "shop/figures.rs"]
mod figures;
#[path = "shop/floor.rs"]
mod floor;
#[path = "shop/lifecycle.rs"]
mod lifecycle;
#[path = "shop/memory.rs"]
mod memory;
#[path = "shop/rivals.rs"]
mod rivals;
#[path = "shop/scale.rs"]
mod scale;
#[path = "shop/sweep.rs"]
mod sweep;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let modes = ["lifecycle", "compare", "sweep", "memory", "scale"];
    let chosen = arguments.iter().find_map(|word| modes.into_iter().find(|mode| mode == word));
    let wanted = |mode: &str| chosen.map_or(mode != "scale", |chosen| chosen == mode);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    if wanted("lifecycle") {
        runtime.block_on(lifecycle::run());
    }
    if wanted("compare") {
        runtime.block_on(compare::run());
    }
    if wanted("sweep") {
        runtime.block_on(sweep::run());
    }
    if wanted("memory") {
        runtime.block_on(memory::run());
    }
    if wanted("scale") {
        runtime.block_on(scale::run());
    }
}
