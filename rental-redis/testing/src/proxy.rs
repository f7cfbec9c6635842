//! A TCP proxy with faults.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{self, Runtime};

use crate::server::Server;

mod connection;
mod faults;
mod frames;

use faults::Faults;

/// Stands before a server, on a port of its own, and spoils the connections as it is told.
///
/// It runs on a thread of its own, so that a test that blocks does not stop it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    url: String,
    faults: Arc<Faults>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// A proxy before a server. Its [url](Self::url) has the server's password, and `rediss` if that speaks TLS.
    pub fn before(server: &Server) -> Self {
        let mut proxy = Self::before_address((Ipv4Addr::LOCALHOST, server.port()).into());
        proxy.url = server.url_at(proxy.address.port());
        proxy
    }

    /// A proxy before anything that speaks the Redis protocol.
    pub fn before_address(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("the listener has an address");
        let faults = Arc::new(Faults::new());
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a thread for the proxy");
        runtime.spawn(accept(listener, server, Arc::clone(&faults)));
        Self { address, url: format!("redis://{address}"), faults, runtime: Some(runtime) }
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// No faults any more. What was [held back](Self::hang) goes on its way now.
    pub fn pass(&self) {
        self.faults.swallow("", 0);
        self.faults.change(|line| {
            line.refuse = false;
            line.hang = false;
            line.delay = Duration::ZERO;
        });
    }

    /// New connections are closed at once. Those that are there stay; [`cut`](Self::cut) them if they should not.
    pub fn refuse(&self) {
        self.faults.change(|line| line.refuse = true);
    }

    /// Closes all connections that are there. What they held back is lost.
    pub fn cut(&self) {
        self.faults.cut();
    }

    /// Connections are accepted and kept, and nothing passes, in either direction. What is sent is held back, and
    /// arrives late after [`pass`](Self::pass), even if its sender has given up.
    pub fn hang(&self) {
        self.faults.change(|line| line.hang = true);
    }

    /// The next `count` requests reach the server, but their replies do not come back: instead the connection is
    /// closed. What a client sends by itself to begin a connection (`HELLO`, `AUTH`, `CLIENT`, `SELECT`, `READONLY`)
    /// does not count. Not with TLS, which the proxy cannot read.
    pub fn swallow_replies(&self, count: usize) {
        self.faults.swallow("", count);
    }

    /// Like [`swallow_replies`](Self::swallow_replies), for requests that contain a word: a command, a key, the hash of
    /// a script.
    pub fn swallow_replies_to(&self, word: &str, count: usize) {
        self.faults.swallow(word, count);
    }

    /// How many requests have been deprived of their replies.
    pub fn swallowed(&self) -> usize {
        self.faults.swallowed()
    }

    /// Replies arrive later by this much at least. Those that come together are late together.
    pub fn delay(&self, delay: Duration) {
        self.faults.change(|line| line.delay = delay);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for it is not allowed in asynchronous tests.
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, faults: Arc<Faults>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the listener");
    while let Ok((client, _)) = listener.accept().await {
        if faults.refuses() {
            continue;
        }
        let faults = Arc::clone(&faults);
        tokio::spawn(async move { connection::carry(client, server, &faults).await });
    }
}
