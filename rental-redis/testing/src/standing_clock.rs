//! A wall clock for servers that stands still until a test sets it. See `standing_clock.c`.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

/// What a standing clock shows until it is set: 2027-01-15 08:00:00 UTC, and half a second.
pub const FIRST_SECOND: i64 = 1_800_000_000;

const LIBRARY: &str = concat!(env!("OUT_DIR"), "/standing_clock.so");

/// One clock; its clones are the same clock, and so servers can share it.
#[derive(Clone, Debug)]
pub(crate) struct StandingClock(Arc<Face>);

#[derive(Debug)]
struct Face {
    file: File,
    folder: TempDir,
}

impl StandingClock {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the clock");
        let path = folder.path().join("seconds");
        fs::write(&path, FIRST_SECOND.to_ne_bytes()).expect("the clock's file");
        let file = File::options().write(true).open(path).expect("the clock's file");
        Self(Arc::new(Face { file, folder }))
    }

    /// Holds from the server's next reading on: it reads the same page of memory.
    pub(crate) fn set(&self, unix_seconds: i64) {
        self.0.file.write_all_at(&unix_seconds.to_ne_bytes(), 0).expect("the clock's file can be written");
    }

    /// Makes the program that this command starts live by this clock.
    pub(crate) fn rule(&self, command: &mut Command) {
        command.env("LD_PRELOAD", LIBRARY).env("STANDING_CLOCK", self.0.folder.path().join("seconds"));
    }
}
