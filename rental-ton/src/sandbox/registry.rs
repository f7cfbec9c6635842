//! Whose the numbers of the sandbox are: the operator's, unless somebody played that one was sold.
//!
//! The file has one JSON object per line, a number and what its NFT's contract would say; the last line about a number
//! counts. It is append-only and every process of a shop may append to it and read it at once. A last line without its
//! newline is the trace of a crash: readers ignore it, the next writer cuts it off.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rental_core::{GatewayError, Network, NumberRegistry, Ownership, PhoneNumber};
use serde::{Deserialize, Serialize};

use super::{SandboxError, WALLET};
use crate::item::{NUMBERS, item_address};

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    number: PhoneNumber,
    #[serde(flatten)]
    ownership: Ownership,
}

/// The numbers of the sandbox. Clones share one file.
///
/// ```
/// use rental_core::{NumberRegistry, Ownership};
/// use rental_ton::SandboxRegistry;
///
/// # let folder = tempfile::tempdir()?;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let registry = SandboxRegistry::new(folder.path().join("sandbox.numbers"));
/// let number = "+888 0123 4567".parse()?;
/// assert!(registry.ownership(number).await?.is_ours());
/// registry.set(number, &Ownership::Auction { bidder: None })?;
/// assert!(!registry.ownership(number).await?.is_ours());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SandboxRegistry {
    path: PathBuf,
}

impl SandboxRegistry {
    /// The numbers in the file at `path`, which is made when something is first said about a number.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned() }
    }

    /// What is said while nothing else was: the number belongs to the sandbox's wallet.
    pub fn ours() -> Ownership {
        Ownership::Ours { wallet: WALLET.to_string() }
    }

    /// Says from now on that this is what the chain says of `number`. Blocks on the disk.
    ///
    /// # Errors
    /// [`SandboxError`] when the file cannot be written.
    ///
    /// # Panics
    /// Never: a line can always be written as JSON.
    pub fn set(&self, number: PhoneNumber, ownership: &Ownership) -> Result<(), SandboxError> {
        let line = Line { number, ownership: ownership.clone() };
        let text = serde_json::to_string(&line).expect("a line is plain JSON") + "\n";
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path);
        let mut file = self.io("open", opened)?;
        self.io("lock", file.lock())?;
        let whole = self.io("read", whole_lines(&mut file))?.len() as u64;
        self.io("write", file.set_len(whole))?;
        self.io("write", file.seek(SeekFrom::Start(whole)))?;
        self.io("write", file.write_all(text.as_bytes()))?;
        self.io("write", file.sync_all())
    }

    fn look_up(&self, number: PhoneNumber) -> Result<Ownership, SandboxError> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::ours()),
            opened => self.io("open", opened)?,
        };
        self.io("lock", file.lock_shared())?;
        let text = self.io("read", whole_lines(&mut file))?;
        let mut last = None;
        for (index, line) in text.lines().enumerate() {
            let line: Line = serde_json::from_str(line).map_err(|error| SandboxError::Foreign {
                path: self.path.clone(),
                line: index + 1,
                reason: error.to_string(),
            })?;
            if line.number == number {
                last = Some(line.ownership);
            }
        }
        Ok(last.unwrap_or_else(Self::ours))
    }

    fn io<T>(&self, action: &'static str, result: io::Result<T>) -> Result<T, SandboxError> {
        result.map_err(|source| SandboxError::Io { action, path: self.path.clone(), source })
    }
}

/// The lines that end with a newline.
fn whole_lines(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
    Ok(text)
}

#[async_trait]
impl NumberRegistry for SandboxRegistry {
    fn item(&self, number: PhoneNumber) -> Option<String> {
        Some(item_address(number, &NUMBERS).bounceable(Network::Sandbox))
    }

    async fn ownership(&self, number: PhoneNumber) -> Result<Ownership, GatewayError> {
        let registry = self.clone();
        let found = tokio::task::spawn_blocking(move || registry.look_up(number)).await;
        found
            .map_err(|error| GatewayError::Unavailable(format!("reading was cut short: {error}")))?
            .map_err(|error| GatewayError::Unavailable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        text.parse().expect("a number")
    }

    #[tokio::test]
    async fn the_last_word_counts_for_everybody_and_a_crash_leaves_no_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("numbers");
        let (one, other) = (SandboxRegistry::new(&path), SandboxRegistry::new(&path));
        let (sold, kept) = (number("88801234567"), number("8888123"));
        one.set(sold, &Ownership::Auction { bidder: None }).expect("written");
        let foreign = Ownership::Foreign { owner: Some("0:ee".to_owned()) };
        one.set(sold, &foreign).expect("written");
        assert_eq!(other.ownership(sold).await, Ok(foreign.clone()));
        assert_eq!(other.ownership(kept).await, Ok(SandboxRegistry::ours()));

        let mut text = std::fs::read_to_string(&path).expect("a file");
        text.push_str(r#"{"number":"+888"#);
        std::fs::write(&path, text).expect("written");
        assert_eq!(other.ownership(sold).await, Ok(foreign));
        one.set(sold, &SandboxRegistry::ours()).expect("written");
        assert_eq!(other.ownership(sold).await, Ok(SandboxRegistry::ours()));
    }

    #[tokio::test]
    async fn a_file_that_is_none_of_ours_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("numbers");
        std::fs::write(&path, "something else\n").expect("written");
        let asked = SandboxRegistry::new(&path).ownership(number("8888123")).await;
        assert!(matches!(asked, Err(GatewayError::Unavailable(_))), "{asked:?}");
    }
}
