//! Notes of frontends. One counts while its end lies after now.

use rental_core::{
    Entropy, Expected, Note, NoteKey, NoteVersion, OsEntropy, Page, PageRequest, Timestamp, Writing, Written,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::Fault;
use crate::leases::end;
use crate::listings::{collect, most, nothing, page, rows};
use crate::load::moment;

/// The note of this name.
pub(crate) fn get(db: &Connection, key: &NoteKey, now: Timestamp) -> Result<Option<Note>, Fault> {
    let sql = "SELECT key, text, version FROM notes WHERE key = ?1 AND (until IS NULL OR until > ?2)";
    Ok(db.prepare_cached(sql)?.query_row((key.as_str(), moment(now)), note).optional()?)
}

fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    let key: String = row.get(0)?;
    let unreadable = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error));
    let version = NoteVersion::from_stored(row.get::<_, i64>(2)?.unsigned_abs());
    Ok(Note { key: key.parse().map_err(unreadable)?, text: row.get(1)?, version })
}

/// Writes a note when what is there is as expected.
pub(crate) fn put(
    db: &Connection,
    key: &NoteKey,
    text: &str,
    how: Writing,
    now: Timestamp,
) -> Result<Written, Fault> {
    if how.expected != Expected::Anything {
        let current = get(db, key, now)?;
        let as_expected = match how.expected {
            Expected::Version(version) => current.as_ref().is_some_and(|note| note.version == version),
            Expected::Absent | Expected::Anything => current.is_none(),
        };
        if !as_expected {
            return Ok(Written::Refused { current });
        }
    }
    let entropy = OsEntropy.draw();
    let version = NoteVersion::from_entropy(std::array::from_fn(|i| entropy[i]));
    let note = Note { key: key.clone(), text: text.to_owned(), version };
    write(db, &note, how.keep.map(|keep| end(now, keep)))?;
    Ok(Written::Done(version))
}

/// Writes `note` over whatever is there.
pub(crate) fn write(db: &Connection, note: &Note, until: Option<Timestamp>) -> Result<(), Fault> {
    let sql = "INSERT INTO notes (key, text, version, until) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (key) DO UPDATE SET
                   text = excluded.text, version = excluded.version, until = excluded.until";
    let version = i64::try_from(note.version.get()).unwrap_or(i64::MAX);
    db.prepare_cached(sql)?.execute((note.key.as_str(), &note.text, version, until.map(moment)))?;
    Ok(())
}

/// Removes a note; whether there was one.
pub(crate) fn remove(db: &Connection, key: &NoteKey, now: Timestamp) -> Result<bool, Fault> {
    let sql = "DELETE FROM notes WHERE key = ?1 AND (until IS NULL OR until > ?2)";
    Ok(db.prepare_cached(sql)?.execute((key.as_str(), moment(now)))? == 1)
}

/// Lasting notes whose names begin with `prefix`.
pub(crate) fn list(db: &Connection, prefix: &str, request: &PageRequest) -> Result<Page<Note>, Fault> {
    let after = match request.after.as_deref() {
        None => "",
        Some(after) if after.parse::<NoteKey>().is_ok() && after.starts_with(prefix) => after,
        Some(_) => return Ok(nothing()),
    };
    // Names are visible ASCII, so all that begin with the prefix come before it followed by the next character.
    let sql = "SELECT key, text, version FROM notes
               WHERE key >= ?1 AND key < ?2 AND key > ?3 AND until IS NULL ORDER BY key LIMIT ?4";
    let found = collect(db, sql, (prefix, format!("{prefix}\u{7f}"), after, rows(request)), note)?;
    Ok(page(request, found.into_iter().map(|note| (note.key.to_string(), note)).collect()))
}

/// Drops notes that are over, up to a page; answers how many.
pub(crate) fn forget(db: &Connection, now: Timestamp) -> Result<usize, Fault> {
    let sql = "DELETE FROM notes WHERE key IN (SELECT key FROM notes WHERE until <= ?1 LIMIT ?2)";
    Ok(db.prepare_cached(sql)?.execute((moment(now), most(PageRequest::MOST)))?)
}
