//! Waiting for something that happens in another process.

use std::thread::sleep;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(3);

/// Asks until there is an answer. Panics when there is none for a long while, saying what was waited for.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    const LOOKS: u32 = 10_000;
    for _ in 0..LOOKS {
        if let Some(found) = look() {
            return found;
        }
        sleep(PAUSE);
    }
    panic!("waited in vain for {what}");
}

/// Like [`wait_for`], for a condition.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}
