//! A provider's key, which can change while the program runs.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::ProviderError;

/// Where a provider's key comes from. It is sent in a header and shown nowhere.
#[derive(Debug, Clone)]
pub enum ApiKey {
    /// The key itself.
    Value(SecretString),
    /// A file that holds it, read again whenever it has changed. An empty file is no key.
    File(PathBuf),
}

/// A key in use.
#[derive(Debug)]
pub(super) struct KeyRing {
    file: Option<PathBuf>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    key: Option<SecretString>,
    /// When the file was changed and its length, as of the last reading.
    stamp: Option<(SystemTime, u64)>,
}

impl KeyRing {
    /// Reads the key for the first time.
    pub(super) fn new(key: Option<ApiKey>) -> Result<Self, ProviderError> {
        let (file, key) = match key {
            None => (None, None),
            Some(ApiKey::Value(key)) => (None, Some(key)),
            Some(ApiKey::File(file)) => (Some(file), None),
        };
        let held = match &file {
            None => Held { key, stamp: None },
            Some(file) => {
                let stamp = stamp(file);
                let key = read(file).map_err(|error| ProviderError::KeyFile(error.to_string()))?;
                Held { key, stamp }
            }
        };
        if let Some(key) = &held.key {
            HeaderValue::from_str(key.expose_secret().trim()).map_err(|_| ProviderError::Key)?;
        }
        Ok(Self { file, held: Mutex::new(held) })
    }

    /// The key as it is now.
    pub(super) fn current(&self) -> Option<SecretString> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file {
            let stamp = stamp(file);
            if stamp != held.stamp {
                held.take(file, stamp);
            }
        }
        held.key.clone()
    }

    /// Reads the file again although it does not seem to have changed; whether the key is another one than `used`.
    pub(super) fn renewed(&self, used: Option<&SecretString>) -> bool {
        let Some(file) = &self.file else { return false };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.take(file, stamp(file));
        held.key.as_ref().map(ExposeSecret::expose_secret) != used.map(ExposeSecret::expose_secret)
    }
}

impl Held {
    /// Takes over what the file holds. While it cannot be read, the former key stays.
    fn take(&mut self, file: &Path, stamp: Option<(SystemTime, u64)>) {
        match read(file) {
            Ok(key) => {
                self.key = key;
                self.stamp = stamp;
            }
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "the key's file cannot be read; the former key is used");
            }
        }
    }
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read(file: &Path) -> std::io::Result<Option<SecretString>> {
    let text = std::fs::read_to_string(file)?;
    let text = text.trim();
    Ok(Some(SecretString::from(text)).filter(|_| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(key: Option<&SecretString>) -> Option<&str> {
        key.map(ExposeSecret::expose_secret)
    }

    #[test]
    fn a_changed_file_is_read_again_and_an_unreadable_one_keeps_the_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        assert!(matches!(KeyRing::new(Some(ApiKey::File(file.clone()))), Err(ProviderError::KeyFile(_))));
        std::fs::write(&file, "first\n").expect("written");
        let ring = KeyRing::new(Some(ApiKey::File(file.clone()))).expect("readable");
        let first = ring.current();
        assert_eq!(shown(first.as_ref()), Some("first"));
        assert!(!ring.renewed(first.as_ref()));

        std::fs::write(&file, "second key").expect("written");
        assert_eq!(shown(ring.current().as_ref()), Some("second key"));
        assert!(ring.renewed(first.as_ref()));

        std::fs::remove_file(&file).expect("removed");
        assert_eq!(shown(ring.current().as_ref()), Some("second key"));
        std::fs::write(&file, "").expect("written");
        assert_eq!(shown(ring.current().as_ref()), None);
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused() {
        let key = Some(ApiKey::Value(SecretString::from("a\nb")));
        assert!(matches!(KeyRing::new(key), Err(ProviderError::Key)));
        assert!(KeyRing::new(None).expect("no key").current().is_none());
    }
}
