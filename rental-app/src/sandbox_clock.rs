//! A clock that can be turned forward, so that a month's rental can be tried out in minutes.
//!
//! Only the sandbox uses it. The offset is a file beside the store, shared by all programs; it only grows.

use std::fs::OpenOptions;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use rental_core::{Clock, Seconds, SystemClock, Timestamp};

/// The host clock plus an offset that is kept in a file.
#[derive(Debug, Clone)]
pub struct SandboxClock {
    file: PathBuf,
}

/// The offset cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum SandboxClockError {
    /// The file cannot be written or read.
    #[error("the sandbox clock {0} cannot be changed: {1}")]
    File(PathBuf, std::io::Error),
    /// The file holds something else than a number.
    #[error("the sandbox clock {0} is damaged; delete it to go back to the present")]
    Damaged(PathBuf),
}

impl SandboxClock {
    /// The clock whose offset is kept in `file`; without a file the offset is zero.
    pub fn new(file: impl AsRef<Path>) -> Self {
        Self { file: file.as_ref().to_owned() }
    }

    /// How far the clock is ahead of the host's.
    pub fn ahead(&self) -> Seconds {
        self.now().since(SystemClock.now())
    }

    /// Turns the clock forward for all programs of this sandbox, and answers the new time.
    ///
    /// # Errors
    /// [`SandboxClockError`] when the file cannot be changed; then the clock stands as before.
    pub fn advance(&self, span: Seconds) -> Result<Timestamp, SandboxClockError> {
        let failed = |error| SandboxClockError::File(self.file.clone(), error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.file)
            .map_err(failed)?;
        file.lock().map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let offset = match text.trim() {
            "" => 0,
            digits => digits.parse::<u64>().map_err(|_| SandboxClockError::Damaged(self.file.clone()))?,
        };
        // Longer than what stands there, never shorter: a reader in between sees a whole number.
        let text = format!("{:020}\n", offset.saturating_add(span.0));
        file.rewind().map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(self.now())
    }

    fn offset(&self) -> Seconds {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        Seconds(text.trim().parse().unwrap_or(0))
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.offset()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_programs_see_the_clock_turned() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, other) =
            (SandboxClock::new(folder.path().join("c")), SandboxClock::new(folder.path().join("c")));
        let before = other.now();
        one.advance(Seconds::from_days(20)).expect("written");
        one.advance(Seconds::from_days(10)).expect("written");
        assert!(other.now().since(before) >= Seconds::from_days(30));
        std::fs::write(folder.path().join("c"), "soon").expect("written");
        assert!(matches!(one.advance(Seconds(1)), Err(SandboxClockError::Damaged(_))));
    }
}
