//! The fields of a button's data: a tag, then values, each after a colon; numbers in base 36.

use std::fmt;
use std::str::{FromStr, Split};

use rental_core::is_telegram_user;

use super::Stale;

/// Writes fields.
#[derive(Debug, Default)]
pub(super) struct Writer(String);

/// Reads them back. What is missing, too much or not as it would have been written is stale.
#[derive(Debug)]
pub(super) struct Reader<'a>(Split<'a, char>);

impl Writer {
    /// The first field.
    pub(super) fn tag(&mut self, tag: &str) -> &mut Self {
        self.0.push_str(tag);
        self
    }

    /// A number.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.0.push(':');
        self.0.push_str(&base36(number));
        self
    }

    /// A number, or nothing.
    pub(super) fn optional(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            Some(number) => self.number(number),
            None => self.text(""),
        }
    }

    /// A number behind a mark, which is none of its digits.
    pub(super) fn marked(&mut self, mark: char, number: u64) -> &mut Self {
        self.text(format_args!("{mark}{}", base36(number)))
    }

    /// A text without colons.
    pub(super) fn text(&mut self, text: impl fmt::Display) -> &mut Self {
        self.0.push(':');
        self.0.push_str(&text.to_string());
        self
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.split(':'))
    }

    pub(super) fn tag(&mut self) -> Result<&'a str, Stale> {
        self.0.next().ok_or(Stale)
    }

    pub(super) fn number(&mut self) -> Result<u64, Stale> {
        self.optional()?.ok_or(Stale)
    }

    /// A Telegram user's id.
    pub(super) fn user(&mut self) -> Result<u64, Stale> {
        self.number().and_then(|id| if is_telegram_user(id) { Ok(id) } else { Err(Stale) })
    }

    pub(super) fn optional(&mut self) -> Result<Option<u64>, Stale> {
        match self.0.next().ok_or(Stale)? {
            "" => Ok(None),
            text => read(text).map(Some),
        }
    }

    /// A number, if the next field is one behind this mark; otherwise the field is still to be read.
    pub(super) fn marked(&mut self, mark: char) -> Result<Option<u64>, Stale> {
        let Some(text) = self.0.clone().next().and_then(|text| text.strip_prefix(mark)) else {
            return Ok(None);
        };
        self.0.next();
        read(text).map(Some)
    }

    /// A text that reads back as itself.
    pub(super) fn text<T: FromStr + fmt::Display>(&mut self) -> Result<T, Stale> {
        let text = self.0.next().filter(|text| !text.is_empty()).ok_or(Stale)?;
        let value: T = text.parse().map_err(|_| Stale)?;
        if value.to_string() == text { Ok(value) } else { Err(Stale) }
    }

    /// The same, or nothing.
    pub(super) fn optional_text<T: FromStr + fmt::Display>(&mut self) -> Result<Option<T>, Stale> {
        if self.0.clone().next() == Some("") {
            self.0.next();
            return Ok(None);
        }
        self.text().map(Some)
    }

    /// Whether there is no further field.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.clone().next().is_none()
    }

    pub(super) fn end(mut self) -> Result<(), Stale> {
        if self.0.next().is_none() { Ok(()) } else { Err(Stale) }
    }
}

fn read(text: &str) -> Result<u64, Stale> {
    let number = u64::from_str_radix(text, 36).map_err(|_| Stale)?;
    if base36(number) == text { Ok(number) } else { Err(Stale) }
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).expect("less than 36");
        digits.push(char::from_digit(digit, 36).expect("less than 36"));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}
