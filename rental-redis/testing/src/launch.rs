//! Starting `redis-server` and seeing that it is ready.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::process::Process;
use crate::program;
use crate::standing_clock::StandingClock;
use crate::wait::wait_for;

const CONFIG: &str = "redis.conf";
const LOG: &str = "log";

/// What became of a start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Launched {
    Ready,
    /// Somebody else has a port that is in the configuration.
    PortTaken,
}

/// How to run a server out of its folder.
pub(crate) struct Launch<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) sentinel: bool,
    pub(crate) clock: Option<&'a StandingClock>,
}

impl Launch<'_> {
    /// Runs a server with the configuration file in the folder, until it is ready for clients.
    ///
    /// Its log says so, and not an answer on its port: that could be the answer of another server.
    pub(crate) fn run(&self, process: &Process) -> Launched {
        let log = File::create(self.folder.join(LOG)).expect("a file for the log");
        let mut command: Command = program::redis_server();
        command.arg(self.folder.join(CONFIG)).current_dir(self.folder);
        if self.sentinel {
            command.arg("--sentinel");
        }
        if let Some(clock) = self.clock {
            clock.rule(&mut command);
        }
        command.stderr(log.try_clone().expect("a second handle of the log")).stdout(log);
        process.start(command);
        let ready = if self.sentinel { "+monitor master" } else { "Ready to accept connections" };
        wait_for("a server that accepts connections", || {
            let ended = process.ended();
            let log = self.log();
            if log.contains(ready) && !ended {
                Some(Launched::Ready)
            } else if ended && log.contains("Address already in use") {
                Some(Launched::PortTaken)
            } else {
                assert!(!ended, "redis-server did not start:\n{log}");
                None
            }
        })
    }

    /// Replaces the configuration file.
    pub(crate) fn configure(&self, lines: &str) {
        fs::write(self.folder.join(CONFIG), lines).expect("a file for the configuration");
    }

    /// What the server has said since its last start.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join(LOG)).expect("the log")).into_owned()
    }
}
