//! What TON is called where people read it.
//!
//! The coin was renamed while its network and its amounts stayed, and wallets show either name. So what people read is
//! the operator's choice. It is a matter of the whole process, like its language, and of nothing that is stored: prices,
//! documents and machine-readable fields know no label.

use std::sync::OnceLock;

use super::Currency;

/// Set once, when a program starts.
static LABEL: OnceLock<String> = OnceLock::new();

/// The longest label.
const LONGEST: usize = 24;

/// The label cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Too long, empty, or not all visible characters.
    #[error("write a name of 1 to {LONGEST} visible characters, such as TON or GRAM")]
    Malformed,
    /// The name of another currency.
    #[error("that is the name of another currency")]
    Taken,
    /// This process has begun to use another one.
    #[error("this process calls it otherwise already")]
    Late,
}

/// Checks that `label` can stand behind an amount.
///
/// ```
/// use rental_core::{LabelError, check_label};
///
/// assert_eq!(check_label("GRAM (TON)"), Ok(()));
/// assert_eq!(check_label("usdt"), Err(LabelError::Taken));
/// assert_eq!(check_label(" "), Err(LabelError::Malformed));
/// ```
///
/// # Errors
/// [`LabelError`].
pub fn check_label(label: &str) -> Result<(), LabelError> {
    let visible = |c: char| c == ' ' || c.is_alphanumeric() || c.is_ascii_graphic();
    if label.trim() != label || !(1..=LONGEST).contains(&label.chars().count()) || !label.chars().all(visible)
    {
        return Err(LabelError::Malformed);
    }
    match label.parse::<Currency>() {
        Ok(Currency::Usdt) => Err(LabelError::Taken),
        _ => Ok(()),
    }
}

/// Calls TON `label` in every amount that this process prints from now on.
///
/// # Errors
/// [`LabelError`]; the first label of a process stays.
pub fn call_ton(label: &str) -> Result<(), LabelError> {
    check_label(label)?;
    if LABEL.get_or_init(|| label.to_owned()) == label { Ok(()) } else { Err(LabelError::Late) }
}

impl Currency {
    /// The name for people, as it is written behind an amount: the code, or what TON is called in this process.
    pub fn label(self) -> &'static str {
        match (self, LABEL.get()) {
            (Self::Ton, Some(label)) => label,
            _ => self.code(),
        }
    }
}
