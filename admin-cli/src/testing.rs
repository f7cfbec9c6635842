//! What unit tests share.

use rental_core::{Actor, AdminId, FakeGateway, LeaseToken, MemoryStore, MockRentals, SystemClock};

use crate::consent::Consent;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::Format;

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}
