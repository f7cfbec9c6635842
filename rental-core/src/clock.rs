//! Time as a parameter.
//!
//! Rules never ask for the time: they receive a [`Timestamp`]. Stores hold a [`Clock`] and hand its reading out
//! with every load, so all processes of one shop agree. Tests turn a [`ManualClock`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time: whole seconds since 1970-01-01T00:00:00Z.
///
/// Stored as an integer, shown as RFC 3339 in UTC.
///
/// ```
/// use rental_core::{Seconds, Timestamp};
///
/// let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// assert_eq!((start + Seconds::from_days(30)).to_string(), "2026-01-31T00:00:00Z");
/// # Ok::<(), rental_core::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

/// A length of time in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

/// The text is not an RFC 3339 time after 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write the time as RFC 3339 in UTC, such as 2026-01-31T00:00:00Z")]
pub struct TimestampError;

/// The last moment that RFC 3339 can show: 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

impl Seconds {
    /// Seconds in `hours`.
    pub const fn from_hours(hours: u64) -> Self {
        Self(hours * 3600)
    }

    /// Seconds in `days` of 24 hours.
    pub const fn from_days(days: u64) -> Self {
        Self(days * 86_400)
    }
}

/// Both lengths together, at most [`u64::MAX`] seconds.
impl std::ops::Add for Seconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Timestamp {
    /// The earliest timestamp: 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The latest timestamp: 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self(LAST);

    /// The moment `seconds` after the epoch, capped at [`Timestamp::MAX`].
    pub const fn from_unix(seconds: u64) -> Self {
        Self(if seconds > LAST { LAST } else { seconds })
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> u64 {
        self.0
    }

    /// Microseconds since the epoch, always of a whole second.
    pub const fn unix_micros(self) -> u64 {
        self.0 * 1_000_000
    }

    /// The time from `earlier` to here; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }

    /// This moment less `span`, not before the epoch.
    #[must_use]
    pub const fn minus(self, span: Seconds) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// Later by `span`, capped at [`Timestamp::MAX`].
impl std::ops::Add<Seconds> for Timestamp {
    type Output = Self;

    fn add(self, span: Seconds) -> Self {
        Self::from_unix(self.0.saturating_add(span.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0).map_err(|_| fmt::Error)?;
        let moment = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| fmt::Error)?;
        f.pad(&moment.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads RFC 3339 with any offset; fractions of a second are cut off.
impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError)?;
        let seconds = u64::try_from(moment.unix_timestamp()).map_err(|_| TimestampError)?;
        if seconds > LAST { Err(TimestampError) } else { Ok(Self(seconds)) }
    }
}

/// Where a store takes the time from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the host clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("the host clock is set after 1970");
        Timestamp::from_unix(since_epoch.as_secs())
    }
}

/// A clock that stands still until it is turned; clones share one reading.
///
/// ```
/// use rental_core::{Clock, ManualClock, Seconds, Timestamp};
///
/// let clock = ManualClock::at(Timestamp::from_unix(1_000));
/// clock.advance(Seconds(60));
/// assert_eq!(clock.now().unix(), 1_060);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(start.0)))
    }

    /// Turns the clock forward.
    pub fn advance(&self, span: Seconds) {
        self.0.fetch_add(span.0, Ordering::SeqCst);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_and_reads_rfc_3339() {
        let moment = Timestamp::from_unix(1_767_225_650);
        assert_eq!(moment.to_string(), "2026-01-01T00:00:50Z");
        assert_eq!("2026-01-01T00:00:50Z".parse(), Ok(moment));
        assert_eq!("2026-01-01T02:00:50.999+02:00".parse(), Ok(moment));
        for text in ["", "2026-01-01", "yesterday", "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z"] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
    }

    #[test]
    fn stops_at_the_ends_instead_of_wrapping() {
        assert_eq!(Timestamp::MAX + Seconds(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::EPOCH.minus(Seconds(1)), Timestamp::EPOCH);
        assert_eq!(Timestamp::EPOCH.since(Timestamp::MAX), Seconds(0));
    }
}
