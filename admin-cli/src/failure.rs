//! What can go wrong, and the one place where it becomes an exit code.

use std::process::ExitCode;

use rental_app::{CopyError, OpenError, PlaceError, ReconcileError, SandboxClockError, UsdtError};
use rental_core::{ArchiveError, DomainError, ErrorKind, GatewayError, ServiceError, StoreError};
use rental_redis::RedisOpenError;
use rental_ton::SandboxError;
use serde::Serialize;

/// How a run ended; programs compare these. Documented in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did not work; it may later.
    Failure = 1,
    /// The command line or the configuration makes no sense.
    Usage = 2,
    /// What was named does not exist.
    NotFound = 3,
    /// It is not allowed.
    Denied = 4,
    /// What was named is in the wrong state for this.
    Conflict = 5,
    /// Nobody confirmed.
    Cancelled = 6,
    /// The books or the store are not right.
    Integrity = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The exit code of a refusal.
impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::Usage,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Denied | ErrorKind::Unauthenticated => Self::Denied,
            ErrorKind::Conflict | ErrorKind::Limit | ErrorKind::Gone => Self::Conflict,
            ErrorKind::Unavailable | ErrorKind::Internal => Self::Failure,
        }
    }
}

/// Something went wrong: one line for people, a code for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// How the run ends.
    pub(crate) exit: Exit,
    /// The stable code.
    pub(crate) code: &'static str,
    /// What happened and what to do next.
    pub(crate) text: String,
    /// Whether the reader of our output went away, which is nothing to complain about.
    pub(crate) hung_up: bool,
}

/// A failure as JSON.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    code: &'a str,
    detail: &'a str,
    exit_code: u8,
}

impl Failure {
    /// A failure with this code and text.
    pub(crate) fn new(exit: Exit, code: &'static str, text: impl Into<String>) -> Self {
        Self { exit, code, text: text.into(), hung_up: false }
    }

    /// The same failure, saying what it is about.
    #[must_use]
    pub(crate) fn about(self, subject: impl std::fmt::Display) -> Self {
        let text = format!("{subject}: {}", self.text);
        Self { text, ..self }
    }

    /// The line for people, without control characters: a text can quote what somebody typed.
    pub(crate) fn line(&self) -> String {
        format!("error[{}]: {}", self.code, crate::output::plain(&self.text))
    }

    /// The problem for programs.
    pub(crate) fn json(&self) -> String {
        let title = match self.exit {
            Exit::Failure => "Failure",
            Exit::Usage => "Usage",
            Exit::NotFound => "Not found",
            Exit::Denied => "Not allowed",
            Exit::Conflict => "Conflict",
            Exit::Cancelled => "Cancelled",
            Exit::Integrity => "Integrity check failed",
        };
        let problem = Problem {
            r#type: "about:blank",
            title,
            code: self.code,
            detail: &self.text,
            exit_code: self.exit as u8,
        };
        serde_json::to_string(&problem).expect("texts and a number serialize")
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let exit = match &error {
            ServiceError::Store(StoreError::Corrupt(_)) => Exit::Integrity,
            other => other.kind().into(),
        };
        let text = match next_step(&error) {
            Some(step) => format!("{error}; {step}"),
            None => error.to_string(),
        };
        Self::new(exit, error.code(), text)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let (exit, code) = match error {
            OpenError::Service(error) => return error.into(),
            OpenError::Redis(RedisOpenError::Store(error)) => return error.into(),
            OpenError::Head(GatewayError::Refused(_))
            | OpenError::Usdt(UsdtError::Gateway(GatewayError::Refused(_))) => {
                (Exit::Denied, "gateway.refused")
            }
            OpenError::Head(_) | OpenError::Usdt(UsdtError::Gateway(_)) => {
                (Exit::Failure, "gateway.unavailable")
            }
            OpenError::Config(_)
            | OpenError::Wallet(_)
            | OpenError::StartAhead { .. }
            | OpenError::Usdt(_)
            | OpenError::Alerts(_)
            | OpenError::Redis(RedisOpenError::Config(_)) => (Exit::Usage, "config.invalid"),
            OpenError::Provider(_) => (Exit::Usage, "config.provider"),
            OpenError::Store(ref error) => unopened(error),
            OpenError::NoShop => (Exit::NotFound, "store.no_shop"),
            OpenError::ShopGone { .. } => (Exit::Failure, "store.shop_gone"),
            OpenError::Sandbox(_) => (Exit::Failure, "sandbox.open"),
        };
        Self::new(exit, code, error.to_string())
    }
}

/// How a store's file that cannot be opened ends a run.
fn unopened(error: &rental_sqlite::OpenError) -> (Exit, &'static str) {
    match error {
        rental_sqlite::OpenError::Damaged { .. } => (Exit::Integrity, "store.corrupt"),
        rental_sqlite::OpenError::Unfinished(_) => (Exit::Failure, "store.incompatible"),
        _ => (Exit::Failure, "store.open"),
    }
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Self {
        let (exit, code) = match &error {
            PlaceError::Scheme(_) | PlaceError::Empty => (Exit::Usage, "usage"),
            PlaceError::Config(_) | PlaceError::Redis(RedisOpenError::Config(_)) => {
                (Exit::Usage, "config.invalid")
            }
            PlaceError::Redis(RedisOpenError::Store(error)) => return error.clone().into(),
            PlaceError::Missing(_) => (Exit::NotFound, "store.not_found"),
            PlaceError::Sqlite(error) => unopened(error),
        };
        Self::new(exit, code, error.to_string())
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        let exit = match &error {
            CopyError::NoShop => Exit::NotFound,
            CopyError::SourceChanged(_)
            | CopyError::Target(ArchiveError::NotEmpty | ArchiveError::Superseded) => Exit::Conflict,
            CopyError::SourceDiffers | CopyError::TargetDiffers(_) => Exit::Integrity,
            CopyError::Source(error) | CopyError::Target(ArchiveError::Store(error)) => {
                Self::from(error.clone()).exit
            }
        };
        Self::new(exit, error.code(), error.to_string())
    }
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Self {
        let (exit, code) = match error {
            GatewayError::Unavailable(_) => (Exit::Failure, "gateway.unavailable"),
            GatewayError::RateLimited { .. } => (Exit::Failure, "gateway.rate_limited"),
            GatewayError::Unverified(_) => (Exit::Integrity, "gateway.unverified"),
            GatewayError::Refused(_) => (Exit::Denied, "gateway.refused"),
        };
        Self::new(exit, code, error.to_string())
    }
}

impl From<ReconcileError> for Failure {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Gateway(error) => error.into(),
            ReconcileError::Service(error) => error.into(),
        }
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        let (exit, code) = match error {
            SandboxError::Transfer(_) => (Exit::Usage, "sandbox.transfer"),
            SandboxError::Foreign { .. } | SandboxError::Broken { .. } => {
                (Exit::Integrity, "sandbox.damaged")
            }
            SandboxError::Io { .. } | SandboxError::Replaced { .. } => (Exit::Failure, "sandbox.unavailable"),
        };
        Self::new(exit, code, error.to_string())
    }
}

impl From<SandboxClockError> for Failure {
    fn from(error: SandboxClockError) -> Self {
        Self::new(Exit::Failure, "sandbox.clock", error.to_string())
    }
}

/// Writing the answer.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let hung_up = error.kind() == std::io::ErrorKind::BrokenPipe;
        let text = format!("the answer cannot be written: {error}; what was asked for may have been done");
        Self { hung_up, ..Self::new(Exit::Failure, "output", text) }
    }
}

/// What an operator does next, where the service's text, written for everybody, does not say it.
fn next_step(error: &ServiceError) -> Option<&'static str> {
    let ServiceError::Domain(error) = error else {
        return None;
    };
    Some(match error {
        DomainError::InvoiceUnknown => "see `admin-cli invoices list`",
        DomainError::RentalUnknown => "see `admin-cli rentals list`",
        DomainError::PaymentUnknown => {
            "see `admin-cli payments list`; a transfer is booked by a running program"
        }
        DomainError::AdminUnknown => "see `admin-cli admins list`",
        DomainError::KeyUnknown => "see `admin-cli keys list`",
        DomainError::InvoiceNotNamed => "add --invoice inv_…",
        DomainError::NumberLocked { .. } => "whoever locked it can pass --lease TOKEN",
        DomainError::PaymentDecided { .. } | DomainError::RefundNotPending { .. } => {
            "see `admin-cli payments show TX`"
        }
        DomainError::InvoiceSettled => "refund the payment instead: `admin-cli payments refund TX`",
        DomainError::CustomerNotBanned | DomainError::AdminExists => "there is nothing to do",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_exit_code() {
        for (error, exit) in [
            (ServiceError::from(DomainError::NumberUnknown), Exit::NotFound),
            (DomainError::NumberReserved.into(), Exit::Conflict),
            (DomainError::InvoiceExpired.into(), Exit::Conflict),
            (DomainError::TooManyNumbers { limit: 1 }.into(), Exit::Conflict),
            (DomainError::Denied.into(), Exit::Denied),
            (DomainError::PlanUnknown.into(), Exit::Usage),
            (ServiceError::Unauthenticated, Exit::Denied),
            (ServiceError::Contended, Exit::Failure),
            (StoreError::Unavailable(String::new()).into(), Exit::Failure),
            (StoreError::Corrupt(String::new()).into(), Exit::Integrity),
        ] {
            let failure = Failure::from(error.clone());
            assert_eq!((failure.exit, failure.code), (exit, error.code()), "{error}");
        }
    }

    #[test]
    fn every_end_of_a_copy_has_its_exit_code() {
        for (error, exit) in [
            (CopyError::NoShop, Exit::NotFound),
            (CopyError::Target(ArchiveError::NotEmpty), Exit::Conflict),
            (CopyError::Target(ArchiveError::Superseded), Exit::Conflict),
            (CopyError::SourceChanged(vec!["numbers"]), Exit::Conflict),
            (CopyError::SourceDiffers, Exit::Integrity),
            (CopyError::TargetDiffers(vec!["numbers", "totals"]), Exit::Integrity),
            (CopyError::Source(StoreError::Corrupt(String::new())), Exit::Integrity),
            (CopyError::Target(StoreError::Unwritable(String::new()).into()), Exit::Failure),
        ] {
            let failure = Failure::from(error.clone());
            assert_eq!((failure.exit, failure.code), (exit, error.code()), "{error}");
            assert!(failure.text.contains(';'), "the text says what to do: {error}");
        }
    }

    #[test]
    fn a_failure_is_one_line_and_one_json_object() {
        let failure = Failure::from(ServiceError::from(DomainError::NumberExists)).about("+888\n\u{1b}[31m");
        assert!(failure.line().starts_with("error[number.exists]: +888\\n\\u{1b}[31m: this number"));
        assert_eq!(failure.line().lines().count(), 1);
        let json: serde_json::Value = serde_json::from_str(&failure.json()).expect("JSON");
        assert_eq!((&json["code"], &json["exit_code"]), (&"number.exists".into(), &5.into()));
    }
}
