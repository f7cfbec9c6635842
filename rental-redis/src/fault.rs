//! What Redis says, in the words of the store. The one place where its errors are mapped.
//!
//! Two questions decide: did it perhaps happen after all, and is it worth asking again? Texts name the cause, never
//! an address with a password, a key or a value.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use rental_core::StoreError;

/// What an error of Redis means for whoever sent the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The server does not know the script: it was not run. Send its text.
    UnknownScript,
    /// The command was not run, and may be in a moment.
    NotNow(&'static str),
    /// The command was not run by this server, which is not the master (any more): ask for the master again.
    NotMaster,
    /// The connection is gone; nobody knows whether the command was run.
    Lost(String),
    /// The command was not run and will not be.
    Refused(StoreError),
}

/// Judges `error`, which came in answer to a command that had been sent.
pub(crate) fn judge(error: &RedisError) -> Verdict {
    match error.kind() {
        ErrorKind::Server(kind) => server(kind, error),
        ErrorKind::Extension => extension(error),
        ErrorKind::AuthenticationFailed => Verdict::Refused(no_entry(error)),
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
            Verdict::Refused(corrupt("an answer of the server"))
        }
        ErrorKind::InvalidClientConfig => Verdict::Refused(StoreError::Incompatible(plain(error))),
        _ => Verdict::Lost(plain(error)),
    }
}

fn server(kind: ServerErrorKind, error: &RedisError) -> Verdict {
    match kind {
        ServerErrorKind::NoScript => Verdict::UnknownScript,
        ServerErrorKind::BusyLoading => Verdict::NotNow("Redis is loading its data"),
        ServerErrorKind::TryAgain | ServerErrorKind::Moved | ServerErrorKind::Ask => {
            Verdict::NotNow("the cluster is moving the shop to another node")
        }
        ServerErrorKind::ClusterDown => Verdict::NotNow("the cluster is down"),
        ServerErrorKind::MasterDown => Verdict::NotNow("the replica has lost its master"),
        ServerErrorKind::ReadOnly => Verdict::NotMaster,
        ServerErrorKind::NoPerm => Verdict::Refused(StoreError::Incompatible(
            "the ACL user may not do what the store needs; see the operator's guide for the rules".to_owned(),
        )),
        ServerErrorKind::CrossSlot => {
            Verdict::Refused(StoreError::Incompatible("the keys of the shop do not share a slot".to_owned()))
        }
        _ => extension(error),
    }
}

/// Errors that the client library does not know by kind.
fn extension(error: &RedisError) -> Verdict {
    let text = plain(error);
    match error.code().unwrap_or_default() {
        "FILLING" => Verdict::Refused(StoreError::unfinished()),
        "BUSY" => Verdict::NotNow("a script blocks the server"),
        "OOM" => Verdict::Refused(StoreError::Unwritable("Redis has reached maxmemory".to_owned())),
        "MISCONF" => Verdict::Refused(StoreError::Unwritable(
            "Redis cannot write its data to disk (MISCONF)".to_owned(),
        )),
        "NOREPLICAS" => Verdict::Refused(StoreError::Unwritable(
            "Redis has too few replicas to accept writes (NOREPLICAS)".to_owned(),
        )),
        "NOAUTH" | "WRONGPASS" => Verdict::Refused(no_entry(error)),
        "WRONGTYPE" => Verdict::Refused(corrupt("a key of the shop")),
        "ERR" if text.contains("OOM") => {
            Verdict::Refused(StoreError::Unwritable("Redis has reached maxmemory".to_owned()))
        }
        _ => Verdict::Refused(StoreError::Corrupt(format!("Redis refused a command: {text}"))),
    }
}

/// What `place` holds is not what this program writes there.
pub(crate) fn corrupt(place: &str) -> StoreError {
    StoreError::Corrupt(format!("{place} holds something that this program never writes"))
}

fn no_entry(error: &RedisError) -> StoreError {
    let _ = error;
    StoreError::Incompatible("Redis refused the password or user; check REDIS_URI".to_owned())
}

/// The error's text without what a server may have echoed.
fn plain(error: &RedisError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}
