//! The sandbox's file: one chain, many processes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::BASE64;
use rental_core::{ChainCursor, Clock, Seconds, Timestamp, TxHash};
use tycho_types::boc::Boc;
use tycho_types::cell::Cell;

use super::SandboxError;
use super::mint::Place;
use crate::TonAddress;
use crate::transaction::VerifiedTransaction;
use crate::walk::Row;

/// No line of ours is longer: the longest comment takes a tenth of it.
const LONGEST_LINE: u64 = 1 << 20;
/// The step of the logical time from one transaction to the next, as on the real chain.
const LT_STEP: u64 = 1_000_000;
/// How far `read_to` stays behind the clock: the smallest step of chain time.
const READ_MARGIN: Seconds = Seconds(1);

/// The file and what is known of it.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    wallet: TonAddress,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

/// What this process has read and reported so far.
#[derive(Debug, Default)]
struct Known {
    /// For each line the logical time of its transaction and the offset at which the line ends.
    lines: Vec<(u64, u64)>,
    head: ChainCursor,
    /// The chain time of the newest transaction.
    time: Timestamp,
    /// The latest `read_to` that was reported.
    reported: Timestamp,
}

impl Known {
    /// The offset at which the last line ends.
    fn end(&self) -> u64 {
        self.lines.last().map_or(0, |(_, end)| *end)
    }
}

/// One consistent look at the file.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The newest transaction.
    pub(super) head: ChainCursor,
    /// No transaction with this chain time or an earlier one will be added.
    pub(super) read_to: Timestamp,
    /// The transactions after the asked position, newest first.
    pub(super) rows: Vec<Row>,
}

impl Ledger {
    /// Opens or creates the file and checks it from beginning to end.
    pub(super) fn open(
        path: PathBuf,
        wallet: TonAddress,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SandboxError> {
        let ledger = Self { path, wallet, clock, known: Mutex::default() };
        let file =
            ledger.io("open", OpenOptions::new().read(true).append(true).create(true).open(&ledger.path))?;
        // The name of a new file has to be on disk, too.
        let parent = ledger.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = ledger.io("open the folder of", File::open(parent.unwrap_or(Path::new("."))))?;
        ledger.io("write", folder.sync_all())?;
        ledger.io("lock", file.lock_shared())?;
        ledger.catch_up(&file, &mut ledger.known())?;
        Ok(ledger)
    }

    /// Appends the transaction that `build` makes for the next place in the chain.
    pub(super) fn append(
        &self,
        build: impl FnOnce(&Place) -> Result<Cell, SandboxError>,
    ) -> Result<TxHash, SandboxError> {
        let mut known = self.known();
        let mut file = self.io("open", OpenOptions::new().read(true).write(true).open(&self.path))?;
        self.io("lock", file.lock())?;
        self.catch_up(&file, &mut known)?;

        let now = self.clock.now().max(known.time).max(known.reported + Seconds(1));
        let place = Place {
            wallet: self.wallet,
            previous: known.head,
            lt: known.head.lt.saturating_add(LT_STEP),
            now: now
                .unix()
                .try_into()
                .map_err(|_| SandboxError::Transfer("the clock is past the year 2106".to_owned()))?,
        };
        let transaction = build(&place)?;
        let hash = TxHash(transaction.repr_hash().0);
        let line = format!("{}\n", Boc::encode_base64(&transaction));

        // Whatever follows the last whole line was left by a writer that did not finish.
        self.io("write", file.set_len(known.end()))?;
        self.io("write", file.seek(SeekFrom::Start(known.end())))?;
        self.io("write", file.write_all(line.as_bytes()))?;
        self.io("write", file.sync_all())?;
        self.catch_up(&file, &mut known)?;
        Ok(hash)
    }

    /// What is after `after`, and how far that is known.
    pub(super) fn snapshot(&self, after: &ChainCursor) -> Result<Snapshot, SandboxError> {
        let mut known = self.known();
        let mut file = self.io("open", File::open(&self.path))?;
        self.io("lock", file.lock_shared())?;
        let read_to = self.clock.now().minus(READ_MARGIN);
        self.catch_up(&file, &mut known)?;

        let first = known.lines.partition_point(|(lt, _)| *lt <= after.lt);
        let start = first.checked_sub(1).map_or(0, |last_read| known.lines[last_read].1);
        let mut text = Vec::new();
        if start < known.end() {
            self.io("read", file.seek(SeekFrom::Start(start)))?;
            self.io("read", file.take(known.end() - start).read_to_end(&mut text))?;
        }
        let mut rows = Vec::new();
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let boc = decode(line).map_err(|reason| self.foreign(first + index, reason))?;
            rows.push(Row { claimed: None, boc });
        }
        rows.reverse();
        known.reported = known.reported.max(read_to);
        Ok(Snapshot { head: known.head, read_to, rows })
    }

    /// Reads the lines that were added since, and checks that they continue the chain. The file must be locked.
    fn catch_up(&self, file: &File, known: &mut Known) -> Result<(), SandboxError> {
        let length = self.io("read", file.metadata())?.len();
        if length < known.end() {
            return Err(SandboxError::Replaced { path: self.path.clone() });
        }
        if length == known.end() {
            return Ok(());
        }
        let mut reader = BufReader::new(file);
        self.io("read", reader.seek(SeekFrom::Start(known.end())))?;
        loop {
            let number = known.lines.len();
            let mut line = Vec::new();
            let mut limited = reader.by_ref().take(LONGEST_LINE);
            let length = self.io("read", limited.read_until(b'\n', &mut line))?;
            if !line.ends_with(b"\n") {
                let too_long = usize::try_from(LONGEST_LINE).is_ok_and(|longest| length >= longest);
                return if too_long {
                    Err(self.foreign(number, "it is too long".to_owned()))
                } else {
                    Ok(())
                };
            }
            let boc = decode(&line).map_err(|reason| self.foreign(number, reason))?;
            let transaction = VerifiedTransaction::parse(&boc, &self.wallet)
                .map_err(|error| self.foreign(number, error.to_string()))?;
            let follows = transaction.previous() == known.head
                && transaction.lt() > known.head.lt
                && transaction.chain_time() >= known.time;
            if !follows {
                return Err(SandboxError::Broken { path: self.path.clone(), line: number + 1 });
            }
            let end = known.end() + u64::try_from(length).expect("a line is shorter than a file can be");
            known.lines.push((transaction.lt(), end));
            known.head = ChainCursor { lt: transaction.lt(), hash: Some(transaction.hash()) };
            known.time = transaction.chain_time();
        }
    }

    /// A panic in another thread leaves at most a line unread, which the next look finds.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn io<T>(&self, action: &'static str, result: io::Result<T>) -> Result<T, SandboxError> {
        result.map_err(|source| SandboxError::Io { action, path: self.path.clone(), source })
    }

    fn foreign(&self, index: usize, reason: String) -> SandboxError {
        SandboxError::Foreign { path: self.path.clone(), line: index + 1, reason }
    }
}

/// The bag of cells in a line that ends with a newline.
fn decode(line: &[u8]) -> Result<Vec<u8>, String> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    BASE64.decode(text).map_err(|error| error.to_string())
}
