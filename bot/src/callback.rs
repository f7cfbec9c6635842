//! What a button tells the bot: one enum, written into the 64 bytes that Telegram allows.
//!
//! The first character is the version of this form; a button of another version, or of none, is *stale* and answered
//! with a fresh screen. Anybody can send any data, so nothing here proves anything: every action is checked against who
//! presses, by the core.

mod fields;

use std::fmt;
use std::str::FromStr;

use fields::{Reader, Writer};

/// The version of the form. Another one makes all buttons that are out there stale.
const VERSION: char = '1';

/// What a button means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callback {
    /// Nothing: a label.
    Nothing,
    /// Show the home screen.
    Home,
}

/// The data is of another version, or not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale;

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Writer::default();
        match self {
            Self::Nothing => out.tag("x"),
            Self::Home => out.tag("h"),
        };
        write!(f, "{VERSION}{out}")
    }
}

impl FromStr for Callback {
    type Err = Stale;

    fn from_str(text: &str) -> Result<Self, Stale> {
        let mut fields = Reader::new(text.strip_prefix(VERSION).ok_or(Stale)?);
        let callback = match fields.tag()? {
            "x" => Self::Nothing,
            "h" => Self::Home,
            _ => return Err(Stale),
        };
        fields.end().map(|()| callback)
    }
}
