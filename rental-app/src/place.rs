//! Where a shop is kept, as an operator writes it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rental_core::{Archive, SystemClock};
use rental_redis::{RedisOpenError, RedisStore};
use rental_sqlite::SqliteStore;

use crate::{ConfigError, ShopConfig};

/// A store's place: the file of an embedded store, or the URI of a Redis.
///
/// Shown without user, password and options.
///
/// ```
/// use rental_app::Place;
///
/// let place: Place = "redis-sentinel://:secret@one,two/shop?tls=1".parse()?;
/// assert_eq!(place.to_string(), "redis-sentinel://one,two/shop");
/// assert_eq!("./rental.db".parse::<Place>()?.to_string(), "./rental.db");
/// assert!("postgres://localhost".parse::<Place>().is_err());
/// # Ok::<(), rental_app::PlaceError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// An embedded store.
    File(PathBuf),
    /// A Redis, with what is needed to log in.
    Redis(String),
}

/// What is to happen with the store in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It is read out; it has to exist.
    Source,
    /// It is filled; it is made where there is none.
    Target,
}

/// Why there is no store to work with.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The scheme is none of ours.
    #[error(
        "{0}:// is no kind of store; name a file, or write redis://, rediss://, unix://, redis-sentinel:// or \
         redis-cluster://"
    )]
    Scheme(String),
    /// Nothing is written.
    #[error("the place is empty; name a file or a Redis")]
    Empty,
    /// There is no file to read out.
    #[error("{} does not exist; check the name", .0.display())]
    Missing(PathBuf),
    /// The settings of Redis.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Redis.
    #[error(transparent)]
    Redis(#[from] RedisOpenError),
    /// The embedded store.
    #[error(transparent)]
    Sqlite(#[from] rental_sqlite::OpenError),
}

const SCHEMES: [&str; 5] = ["redis", "rediss", "unix", "redis-sentinel", "redis-cluster"];

/// Everything with `://` is a URI, everything else a file.
impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match text.split_once("://") {
            _ if text.is_empty() => Err(PlaceError::Empty),
            Some((scheme, _)) if SCHEMES.contains(&scheme) => Ok(Self::Redis(text.to_owned())),
            Some((scheme, _)) => Err(PlaceError::Scheme(scheme.to_owned())),
            None => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Redis(uri) => {
                let (scheme, rest) = uri.split_once("://").unwrap_or(("redis", uri));
                let (rest, namespace) =
                    rest.split_once('#').map_or((rest, None), |(rest, name)| (rest, Some(name)));
                let rest = rest.split('?').next().unwrap_or_default();
                let open = rest.rsplit_once('@').map_or(rest, |(_, open)| open);
                write!(f, "{scheme}://{open}")?;
                namespace.map_or(Ok(()), |name| write!(f, "#{name}"))
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

impl Place {
    /// Whether both are the same store, as far as their names and the file system tell.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => resolved(one) == resolved(other),
            (Self::Redis(one), Self::Redis(other)) => one == other,
            _ => false,
        }
    }
}

/// The file itself, behind links; of a file that does not exist, where it would be.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(found) = fs::canonicalize(&path) {
        return found;
    }
    match (path.parent().map(fs::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Opens the store in `place` to read it out or to fill it, without any other part of a shop. Of `config` only what is
/// said there about Redis counts, for what the URI does not say. The namespace can stand in the URI, after a `#`.
///
/// # Errors
/// [`PlaceError`]; a source that does not exist is not made.
pub async fn open_archive(
    place: &Place,
    side: Side,
    config: &ShopConfig,
) -> Result<Arc<dyn Archive>, PlaceError> {
    let clock = Arc::new(SystemClock);
    match (place, side) {
        (Place::File(path), Side::Source) if !path.exists() => Err(PlaceError::Missing(path.clone())),
        (Place::File(path), Side::Source) => Ok(Arc::new(SqliteStore::open(path, clock)?)),
        (Place::File(path), Side::Target) => Ok(Arc::new(SqliteStore::open_to_fill(path, clock)?)),
        (Place::Redis(uri), side) => {
            let redis = config.redis_at(uri.as_str().into())?;
            Ok(match side {
                Side::Source => Arc::new(RedisStore::open(&redis).await?),
                Side::Target => Arc::new(RedisStore::open_to_fill(&redis).await?),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        shop: ShopConfig,
    }

    fn place(text: &str) -> Place {
        text.parse().expect("a place")
    }

    #[test]
    fn a_place_is_shown_without_its_secrets() {
        for (text, shown) in [
            ("redis://user:pass@host:6379/0", "redis://host:6379/0"),
            ("rediss://:p@ss@host", "rediss://host"),
            ("unix:///run/redis.sock?pass=secret", "unix:///run/redis.sock"),
            ("redis-cluster://a,b?password=secret", "redis-cluster://a,b"),
        ] {
            assert_eq!(place(text).to_string(), shown);
            assert_eq!(format!("{:?}", place(text)), format!("Place({shown})"));
        }
        for (text, said) in [("redsi://:secret@host", "redsi://"), ("https://u:secret@h", "https://")] {
            let error = text.parse::<Place>().expect_err("no store").to_string();
            assert!(error.contains(said) && !error.contains("secret"), "{error}");
        }
        assert!(matches!("".parse::<Place>(), Err(PlaceError::Empty)));
    }

    #[test]
    fn one_file_under_two_names_is_the_same_place() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let there = |name: &str| Place::File(folder.path().join(name));
        fs::write(folder.path().join("a.db"), "").expect("a file");
        fs::create_dir(folder.path().join("sub")).expect("a folder");
        assert!(there("a.db").is_same(&there("sub/../a.db")));
        assert!(there("new.db").is_same(&there("./sub/../new.db")));
        assert!(!there("a.db").is_same(&there("b.db")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("a.db", folder.path().join("link.db")).expect("a link");
            assert!(there("a.db").is_same(&there("link.db")));
        }
        assert!(place("redis://h").is_same(&place("redis://h")));
        assert!(!place("redis://h").is_same(&place("h")));
    }

    #[tokio::test]
    async fn a_source_that_does_not_exist_is_not_made() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let none = Place::File(folder.path().join("none.db"));
        let config = Program::parse_from(["program"]).shop;
        let error = open_archive(&none, Side::Source, &config).await.expect_err("there is none");
        assert!(matches!(error, PlaceError::Missing(_)), "{error}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
