//! One connection through the proxy.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::sleep;

use super::faults::Faults;
use super::frames;

/// Carries requests and replies until one side closes, or a fault ends it.
pub(super) async fn carry(client: TcpStream, server: SocketAddr, faults: &Faults) {
    let cut = faults.cut_after_now();
    let both = async {
        faults.wait_while_hanging().await;
        let Ok(server) = TcpStream::connect(server).await else { return };
        // A proxy should not be slower than it is told to be.
        if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
            return;
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let expected = Expected::default();
        tokio::select! {
            () = requests(from_client, to_server, &expected, faults) => {}
            () = replies(from_server, to_client, &expected, faults) => {}
        }
    };
    tokio::select! {
        () = both => {}
        () = cut => {}
    }
}

/// What becomes of the replies that the server owes, in their order.
#[derive(Default)]
struct Expected {
    fates: Mutex<VecDeque<Fate>>,
    /// The connection carries what only its ends can read.
    opaque: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Forward,
    Swallow,
}

impl Expected {
    fn add(&self, fate: Fate) {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner).push_back(fate);
    }

    fn next(&self, reply: &[u8]) -> Fate {
        let unasked = reply.starts_with(b">");
        let fate = || self.fates.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if unasked { Fate::Forward } else { fate().unwrap_or(Fate::Forward) }
    }
}

async fn requests(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    expected: &Expected,
    faults: &Faults,
) {
    let mut bytes = Vec::new();
    let mut first = true;
    while client.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {
        faults.wait_while_hanging().await;
        if first {
            expected.opaque.store(!bytes.starts_with(b"*"), Ordering::Relaxed);
            first = false;
        }
        let mut ready = 0;
        if expected.opaque.load(Ordering::Relaxed) {
            ready = bytes.len();
        }
        while let Some(length) = frames::length(&bytes[ready..]) {
            let request = &bytes[ready..ready + length];
            expected.add(if faults.swallows_reply_to(request) { Fate::Swallow } else { Fate::Forward });
            ready += length;
        }
        if server.write_all(&bytes[..ready]).await.is_err() {
            return;
        }
        bytes.drain(..ready);
    }
}

async fn replies(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    expected: &Expected,
    faults: &Faults,
) {
    let mut bytes = Vec::new();
    while server.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {
        faults.wait_while_hanging().await;
        sleep(faults.delay()).await;
        let mut ready = 0;
        let mut swallow = false;
        if expected.opaque.load(Ordering::Relaxed) {
            ready = bytes.len();
        }
        while !swallow && let Some(length) = frames::length(&bytes[ready..]) {
            swallow = expected.next(&bytes[ready..]) == Fate::Swallow;
            ready += if swallow { 0 } else { length };
        }
        if client.write_all(&bytes[..ready]).await.is_err() || swallow {
            return;
        }
        bytes.drain(..ready);
    }
}
