//! Notes of frontends. The server drops those that are over.

use async_trait::async_trait;
use redis::{FromRedisValue, Value};
use rental_core::{
    Entropy, Expected, Note, NoteKey, NoteVersion, Notes, OsEntropy, Page, PageRequest, StoreError, Writing,
    Written,
};

use crate::fault::corrupt;
use crate::listings::{length, nothing, page};
use crate::script::{Call, NAMED, NOTE, UNNOTE};
use crate::store::{RedisStore, seconds};

/// The note that a key holds.
fn note(key: &NoteKey, held: &str) -> Result<Note, StoreError> {
    let broken = || corrupt("a note");
    let (version, text) = held.split_once(' ').ok_or_else(broken)?;
    let version = NoteVersion::from_stored(version.parse().map_err(|_| broken())?);
    Ok(Note { key: key.clone(), text: text.to_owned(), version })
}

/// What a key holds for `note`.
pub(crate) fn held(note: &Note) -> String {
    format!("{} {}", note.version.get(), note.text)
}

fn current(key: &NoteKey, answer: Value) -> Result<Option<Note>, StoreError> {
    let held = Option::<String>::from_redis_value(answer).map_err(|_| corrupt("a note"))?;
    held.map(|held| note(key, &held)).transpose()
}

fn all(keys: &[NoteKey], answer: Value) -> Result<Vec<Option<Note>>, StoreError> {
    let held = Vec::<Option<String>>::from_redis_value(answer).map_err(|_| corrupt("notes"))?;
    keys.iter().zip(held).map(|(key, held)| held.map(|held| note(key, &held)).transpose()).collect()
}

#[async_trait]
impl Notes for RedisStore {
    async fn notes_at(&self, keys: &[NoteKey]) -> Result<Vec<Option<Note>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<_> = keys.iter().map(|key| self.keys().note(key)).collect();
        all(keys, self.link().ask(Call::command("MGET").arg(names)).await?)
    }

    async fn put_note(&self, key: &NoteKey, text: &str, how: Writing) -> Result<Written, StoreError> {
        let entropy = OsEntropy.draw();
        let version = NoteVersion::from_entropy(std::array::from_fn(|i| entropy[i]));
        let expected = match how.expected {
            Expected::Anything => String::new(),
            Expected::Absent => "none".to_owned(),
            Expected::Version(version) => version.get().to_string(),
        };
        let names = [self.keys().note(key), self.keys().key("index:notes"), self.keys().filling()];
        let call = Call::script(&NOTE, &names)
            .arg(key.as_str())
            .arg(version.get())
            .arg(text)
            .arg(expected)
            .arg(how.keep.map(|keep| seconds(keep).to_string()).unwrap_or_default());
        Ok(match self.link().ask(call).await? {
            Value::Int(1) => Written::Done(version),
            there => Written::Refused { current: current(key, there)? },
        })
    }

    async fn remove_note(&self, key: &NoteKey) -> Result<bool, StoreError> {
        let names = [self.keys().note(key), self.keys().key("index:notes"), self.keys().filling()];
        let call = Call::script(&UNNOTE, &names).arg(key.as_str());
        Ok(self.link().ask(call).await? == Value::Int(1))
    }

    async fn notes(&self, prefix: &str, request: &PageRequest) -> Result<Page<Note>, StoreError> {
        let begin = match request.after.as_deref() {
            None => format!("[{prefix}"),
            Some(after) if after.parse::<NoteKey>().is_ok() && after.starts_with(prefix) => {
                format!("({after}")
            }
            Some(_) => return Ok(nothing()),
        };
        // Names are visible ASCII, so all that begin with the prefix come before it followed by the next character.
        let call = Call::script(&NAMED, &[self.keys().key("index:notes")])
            .arg(self.keys().key("note:"))
            .arg(begin)
            .arg(format!("({prefix}\u{7f}"))
            .arg(length(request) + 1);
        let (names, values): (Vec<String>, Vec<String>) =
            FromRedisValue::from_redis_value(self.link().ask(call).await?)
                .map_err(|_| corrupt("index:notes"))?;
        let listed = names.into_iter().zip(values).map(|(name, held)| {
            let key = name.parse().map_err(|_| corrupt("index:notes"))?;
            Ok((name, note(&key, &held)?))
        });
        Ok(page(request, listed.collect::<Result<_, StoreError>>()?))
    }
}
