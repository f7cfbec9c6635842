//! Ports for servers.
//!
//! They lie below the range from which the kernel takes ports for outgoing connections. Otherwise a client could be
//! given the port of a server that was killed and is to come back, or connect to itself while it is away.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// A port on 127.0.0.1 that nobody listened on a moment ago, and that this process has not been given lately.
pub(crate) fn unused() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Processes that run side by side begin at different places.
    let start = process::id().wrapping_mul(997);
    for _ in 0..COUNT {
        let step = ASKED.fetch_add(1, Ordering::Relaxed);
        let port =
            u16::try_from(FIRST + start.wrapping_add(step) % COUNT).expect("the range ends below 65,536");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port between {FIRST} and {} is free", FIRST + COUNT);
}
