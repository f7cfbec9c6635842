//! Opening the file: ours and of a version we know, or not touched at all.
//!
//! The header of a database file tells whose it is, so a foreign file is refused before SQLite or a lock file comes
//! near it. A new file is prepared under another name and renamed into place when it is complete: no process and no
//! crash ever leaves or sees half a database.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::archive::is_being_filled;
use crate::schema::{APPLICATION_ID, FILLING_ID, MIGRATIONS, VERSION};
use crate::writer::Turns;

/// Why a store could not be opened, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder that should hold the file does not exist.
    #[error("the folder {} does not exist; create it or name another file", .0.display())]
    NoFolder(PathBuf),
    /// The path is a folder, a device or the like.
    #[error("{} is not a file; name a file", .0.display())]
    NotAFile(PathBuf),
    /// The file is no SQLite database.
    #[error("{} is not a database; name another file", .0.display())]
    NotADatabase(PathBuf),
    /// The file is another application's database.
    #[error("{} is a database of another application; name another file", .0.display())]
    Foreign(PathBuf),
    /// The file was written by a newer version of this program.
    #[error("{} was written by a newer version of this program (schema {found}, this version knows {VERSION}); \
             install that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
    },
    /// A copy of another store into the file was begun and not finished.
    #[error("{} holds a copy that was not finished; run the copy again, or remove the file", .0.display())]
    Unfinished(PathBuf),
    /// The log of a database lies where a new one should be made.
    #[error("{} is what remains of a database that was moved or removed; bring the database back, or move that \
             file away as well", .0.display())]
    Remains(PathBuf),
    /// The file may not be read.
    #[error("{} may not be read; give this user the right to", .0.display())]
    Unreadable(PathBuf),
    /// The file or its folder may not be written.
    #[error("{} may not be written; give this user the right to write the file and its folder", .0.display())]
    Unwritable(PathBuf),
    /// The file is damaged.
    #[error("{} is damaged ({why}); restore a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
    /// Anything else, such as a full disk.
    #[error("{} cannot be opened: {why}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
}

/// An open store's connections and its side files.
pub(crate) struct Opened {
    pub(crate) writer: Connection,
    /// For reading on the spot: these do not wait for a lock.
    pub(crate) at_hand: Vec<Connection>,
    pub(crate) readers: Vec<Connection>,
    pub(crate) turns: Turns,
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To run a shop in it.
    Shop,
    /// To fill it with another store's shop.
    Filling,
}

/// How many threads read beside the writer.
const READERS: usize = 2;
/// How many connections are there to be read with on the spot.
const AT_HAND: usize = 2;
/// How long SQLite waits for a lock. Only programs that are not ours can hold one for long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Room for all statements of this crate.
const STATEMENTS: usize = 128;

/// Opens the store in `path`, making it when there is none.
pub(crate) fn open(path: &Path, purpose: Purpose) -> Result<Opened, OpenError> {
    let path = std::path::absolute(path).map_err(|error| failed(path, &error))?;
    let path = path.as_path();
    inspect(path)?;
    let turns = Turns { next: side_file(path, ".next")?, turn: side_file(path, ".lock")? };
    let turn = turns.take().map_err(|error| failed(path, &error))?;
    // Whoever had the turn before may have made the file.
    if inspect(path)? == Found::Nothing {
        create(path)?;
    }
    let sqlite = |error| from_sqlite(path, &error);
    let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
    let found = version(&writer).map_err(sqlite)?;
    if found > VERSION {
        let path = path.to_owned();
        return Err(OpenError::Newer { path, found });
    }
    if purpose == Purpose::Shop && is_being_filled(&writer).map_err(sqlite)? {
        return Err(OpenError::Unfinished(path.to_owned()));
    }
    MIGRATIONS.to_latest(&mut writer).map_err(|error| from_migration(path, error))?;
    for_writing(&writer).map_err(sqlite)?;
    let readers = |many, patience| (0..many).map(|_| reader(path, patience)).collect::<Result<_, _>>();
    let at_hand = readers(AT_HAND, Duration::ZERO).map_err(sqlite)?;
    let readers = readers(READERS, BUSY_TIMEOUT).map_err(sqlite)?;
    drop(turn);
    Ok(Opened { writer, at_hand, readers, turns })
}

/// A store that lives in its one connection.
pub(crate) fn in_memory() -> Result<Connection, OpenError> {
    let path = Path::new(":memory:");
    let mut db = Connection::open_in_memory().map_err(|error| from_sqlite(path, &error))?;
    MIGRATIONS.to_latest(&mut db).map_err(|error| from_migration(path, error))?;
    for_all(&db).and_then(|()| for_writing(&db)).map_err(|error| from_sqlite(path, &error))?;
    Ok(db)
}

/// What is at a path where a store may be.
#[derive(PartialEq, Eq)]
enum Found {
    /// Nothing, or an empty file.
    Nothing,
    /// A store of ours.
    Store,
}

/// Looks at `path` without changing anything.
fn inspect(path: &Path) -> Result<Found, OpenError> {
    let here = || path.to_owned();
    let folder = path.parent().ok_or_else(|| OpenError::NotAFile(here()))?;
    if !folder.is_dir() {
        return Err(OpenError::NoFolder(folder.to_owned()));
    }
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return nothing(path),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(OpenError::Unreadable(here()));
        }
        Err(error) => return Err(failed(path, &error)),
    };
    if !found.is_file() {
        return Err(OpenError::NotAFile(here()));
    }
    let mut header = Vec::new();
    let mut file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => OpenError::Unreadable(here()),
        _ => failed(path, &error),
    })?;
    file.by_ref().take(HEADER as u64).read_to_end(&mut header).map_err(|error| failed(path, &error))?;
    if header.is_empty() {
        return nothing(path);
    }
    // The format is https://www.sqlite.org/fileformat2.html#the_database_header.
    if header.len() < HEADER || !header.starts_with(b"SQLite format 3\0") {
        return Err(OpenError::NotADatabase(here()));
    }
    // What the log says counts more, so whether a filling is finished is asked when the database is open.
    if ![APPLICATION_ID, FILLING_ID].contains(&word(&header, 68)) {
        return Err(OpenError::Foreign(here()));
    }
    let found = word(&header, 60);
    if found > VERSION {
        return Err(OpenError::Newer { path: here(), found });
    }
    File::options().read(true).write(true).open(path).map_err(|error| unwritable(path, &error))?;
    Ok(Found::Store)
}

/// The length of a database's header.
const HEADER: usize = 100;

fn word(header: &[u8], at: usize) -> u32 {
    let bytes = header[at..at + 4].try_into().expect("four bytes of the header");
    u32::from_be_bytes(bytes)
}

/// There is no database at `path`. A log beside it would be taken for the new one's.
fn nothing(path: &Path) -> Result<Found, OpenError> {
    for suffix in ["-wal", "-journal"] {
        let log = beside(path, suffix);
        if log.exists() {
            return Err(OpenError::Remains(log));
        }
    }
    Ok(Found::Nothing)
}

/// A file beside the database that processes take turns with.
fn side_file(path: &Path, suffix: &str) -> Result<File, OpenError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside(path, suffix))
        .map_err(|error| unwritable(path, &error))
}

/// Makes a store at `path`, complete or not at all.
fn create(path: &Path) -> Result<(), OpenError> {
    let draft = beside(path, ".new");
    // A crash may have left an earlier attempt.
    let remove = |suffix| match fs::remove_file(beside(&draft, suffix)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritable(path, &error)),
        _ => Ok(()),
    };
    ["", "-journal", "-wal", "-shm"].into_iter().try_for_each(remove)?;

    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let sqlite = |error| from_sqlite(path, &error);
    let mut db = connect(&draft, flags).map_err(sqlite)?;
    db.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    MIGRATIONS.to_latest(&mut db).map_err(|error| from_migration(path, error))?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).map_err(sqlite)?;
    db.close().map_err(|(_, error)| sqlite(error))?;

    let place = || -> io::Result<()> {
        File::open(&draft)?.sync_all()?;
        fs::rename(&draft, path)?;
        let folder = path.parent().expect("inspected: it lies in a folder");
        File::open(folder)?.sync_all()
    };
    place().map_err(|error| failed(path, &error))
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    for_all(&db)?;
    Ok(db)
}

/// A connection that only reads. It is not opened read-only, because SQLite then forgets the rules of the schema, and
/// `check` would not see them broken.
fn reader(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.busy_timeout(patience)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

/// Settings of every connection.
fn for_all(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    // The first look into the file: a damaged schema shows here.
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Settings of the connection that writes.
fn for_writing(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "full")?;
    // In pages: 32 MiB of log between two copies into the file, so that pages that change often are copied seldom.
    db.pragma_update(None, "wal_autocheckpoint", 8192)?;
    // In kibibytes.
    db.pragma_update(None, "cache_size", -65536)?;
    // The log is shortened to this many bytes after a burst.
    db.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    Ok(())
}

fn version(db: &Connection) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The file beside `path` whose name has `suffix`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn failed(path: &Path, error: &io::Error) -> OpenError {
    let (path, why) = (path.to_owned(), error.to_string());
    OpenError::Failed { path, why }
}

fn unwritable(path: &Path, error: &io::Error) -> OpenError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::Unwritable(path.to_owned()),
        _ => failed(path, error),
    }
}

fn from_sqlite(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (path, why) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Damaged { path, why },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => OpenError::Unwritable(path),
        _ => OpenError::Failed { path, why },
    }
}

fn from_migration(path: &Path, error: rusqlite_migration::Error) -> OpenError {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => from_sqlite(path, &err),
        other => OpenError::Failed { path: path.to_owned(), why: other.to_string() },
    }
}
