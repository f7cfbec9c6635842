//! What the programs share: configuration, wiring and background workers.
//!
//! A program parses a [`ShopConfig`], calls [`App::open`] and has the service, the gateway and the store's leases and
//! limits, whichever backends the configuration names. [`Workers::start`] runs what happens by itself: reading the
//! chain, letting time pass, checking the numbers, posting alerts. No rule lives here.

mod alerts;
mod app;
mod backend;
mod config;
mod demo;
mod local_counters;
mod moving;
mod place;
mod program;
mod reconciling;
mod sandbox_clock;
mod telemetry;
mod usdt;
mod witness;
mod workers;

pub use alerts::{AlertConfig, AlertConfigError, AlertEndpoint};
pub use app::{App, OpenError, OwnershipChecks, SandboxTools};
pub use backend::Backend;
pub use config::{ConfigError, Provider, ShopConfig, load_dotenv, read_secret};
pub use demo::{Demo, seed_demo};
pub use local_counters::LocalCounters;
pub use moving::{CopyError, CopyReport, Progress, Stage, copy_shop};
pub use place::{Place, PlaceError, Side, open_archive};
pub use program::{EndSignals, ProgramError, listen_on};
pub use reconciling::{ReconcileError, reconcile_books};
pub use sandbox_clock::{SandboxClock, SandboxClockError};
pub use telemetry::start_logging;
pub use usdt::UsdtError;
pub use workers::{
    Alerter, AlerterReport, Health, Leadership, Lookout, Sweeper, SweeperReport, Verifier, VerifierReport,
    Watcher, WatcherReport, WorkerError, WorkerHealth, Workers, supervise,
};
