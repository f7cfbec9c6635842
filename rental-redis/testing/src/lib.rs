//! Private Redis servers for tests.
//!
//! Each server has a folder and a port of its own, and both are gone when its value is dropped. A server does not
//! outlive the test process, even a killed one. What a test needs to break is a method: kill a server and start it
//! again, pause it, or [set its clock](Server::set_clock).
//!
//! Nothing returns an error: what does not go as asked ends the test.
#![expect(clippy::missing_panics_doc, reason = "every function panics when it cannot do what it is asked to")]

mod builder;
mod certificates;
mod cluster;
mod launch;
mod port;
mod process;
mod program;
mod proxy;
mod sentinels;
mod server;
mod standing_clock;
mod url;
mod wait;

pub use builder::{Builder, Fsync};
pub use cluster::Cluster;
pub use proxy::Proxy;
pub use sentinels::Sentinels;
pub use server::Server;
pub use standing_clock::FIRST_SECOND;
