//! What SQLite says, in the words of the store. The one place where its errors are mapped.
//!
//! Three questions decide: did it perhaps happen after all (`Unavailable`)? could it not be written, so that
//! nothing happened (`Unwritable`)? does the file itself not hold what it must (`Corrupt`)? Texts name tables and
//! rules, never values.

use rental_core::StoreError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// A failure inside the store, ready to be handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) StoreError);

impl Fault {
    /// What is stored in `place` is not what this program writes there.
    pub(crate) fn corrupt(place: &str) -> Self {
        Self(StoreError::Corrupt(format!("{place} holds something that this program never writes")))
    }

    /// No answer, because `why`.
    pub(crate) fn unavailable(why: impl Into<String>) -> Self {
        Self(StoreError::Unavailable(why.into()))
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => kind(*failure),
            // What is stored has not the type that the schema promises.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => StoreError::Corrupt,
            _ => StoreError::Unavailable,
        };
        Self(kind(error.to_string()))
    }
}

type Kind = fn(String) -> StoreError;

fn kind(failure: ffi::Error) -> Kind {
    match failure.code {
        ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            StoreError::Unwritable
        }
        ErrorCode::SystemIoFailure => match failure.extended_code {
            // The transaction had not been written in full, so it was taken back.
            ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE | ffi::SQLITE_IOERR_SHMSIZE => {
                StoreError::Unwritable
            }
            ffi::SQLITE_IOERR_CORRUPTFS => StoreError::Corrupt,
            // Above all a failed sync: it was written, and nobody knows whether it will still be there.
            _ => StoreError::Unavailable,
        },
        ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::ConstraintViolation
        | ErrorCode::TypeMismatch => StoreError::Corrupt,
        _ => StoreError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: i32) -> StoreError {
        Fault::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).0
    }

    #[test]
    fn a_failed_sync_leaves_open_what_happened_and_a_failed_write_does_not() {
        assert!(matches!(fault(ffi::SQLITE_IOERR_FSYNC), StoreError::Unavailable(_)));
        assert!(matches!(fault(ffi::SQLITE_BUSY), StoreError::Unavailable(_)));
        assert!(matches!(fault(ffi::SQLITE_BUSY_SNAPSHOT), StoreError::Unavailable(_)));
        assert!(matches!(fault(ffi::SQLITE_IOERR_WRITE), StoreError::Unwritable(_)));
        assert!(matches!(fault(ffi::SQLITE_FULL), StoreError::Unwritable(_)));
        assert!(matches!(fault(ffi::SQLITE_READONLY_DBMOVED), StoreError::Unwritable(_)));
        assert!(matches!(fault(ffi::SQLITE_CORRUPT_INDEX), StoreError::Corrupt(_)));
        assert!(matches!(fault(ffi::SQLITE_CONSTRAINT_UNIQUE), StoreError::Corrupt(_)));
    }
}
