//! How a program that runs until it is told to end begins and ends.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::App;

/// Why a program cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}; choose another {setting}")]
    Address {
        /// The variable that holds it.
        setting: &'static str,
        /// The address.
        address: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The system does not hand over signals.
    #[error("signals cannot be received: {0}; start the program in another way")]
    Signals(std::io::Error),
}

/// The wish that the program ends: SIGTERM or SIGINT.
#[derive(Debug)]
pub struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    /// From now on these signals do not kill the program.
    ///
    /// # Errors
    /// [`ProgramError::Signals`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn listen() -> Result<Self, ProgramError> {
        let listen = |kind| signal(kind).map_err(ProgramError::Signals);
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("ending");
    }
}

/// A listener on `address`, which is what the variable `setting` says, and the web address under which it is reached from
/// this host.
///
/// # Errors
/// [`ProgramError::Address`].
pub async fn listen_on(setting: &'static str, address: &str) -> Result<(TcpListener, String), ProgramError> {
    let failed = |error| ProgramError::Address { setting, address: address.to_owned(), error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let url = format!("http://{}", reachable(listener.local_addr().map_err(failed)?));
    tracing::info!(%url, "listening");
    Ok((listener, url))
}

fn reachable(mut bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() {
        bound.set_ip(match bound {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    bound
}

impl App {
    /// Finishes what was handed in to the store. The program's last act.
    pub async fn close(self) {
        if tokio::task::spawn_blocking(move || self.store.close()).await.is_err() {
            tracing::error!("the store was not closed in order; look it over with `admin-cli doctor`");
        }
        tracing::info!("ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_taken_is_refused_by_the_name_of_its_setting() {
        let (taken, url) = listen_on("HTTP_BIND", "127.0.0.1:0").await.expect("a free port");
        let address = taken.local_addr().expect("bound").to_string();
        assert_eq!(url, format!("http://{address}"));
        let refused = listen_on("HTTP_BIND", &address).await.expect_err("taken").to_string();
        assert!(refused.contains(&address) && refused.ends_with("choose another HTTP_BIND"), "{refused}");
    }

    #[test]
    fn who_listens_everywhere_is_reached_on_this_host() {
        for (bound, reached) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("192.0.2.7:80", "192.0.2.7:80")]
        {
            assert_eq!(reachable(bound.parse().expect("an address")).to_string(), reached);
        }
    }
}
