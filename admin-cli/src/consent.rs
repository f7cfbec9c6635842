//! Asking before something that cannot be taken back.

use std::io::{BufRead, IsTerminal, Write};

use crate::failure::{Exit, Failure};

/// Where a "yes" comes from.
pub(crate) enum Consent {
    /// It was given on the command line.
    Given,
    /// Somebody sits at a terminal and can be asked.
    Ask(Box<dyn BufRead>),
    /// Nobody can be asked.
    Absent,
}

impl Consent {
    /// Consent as this process can get it.
    pub(crate) fn from_process(given: bool) -> Self {
        if given {
            Self::Given
        } else if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            Self::Ask(Box::new(std::io::stdin().lock()))
        } else {
            Self::Absent
        }
    }

    /// Goes on only when `deed` is wanted.
    ///
    /// # Errors
    /// [`Exit::Cancelled`] when it is not.
    pub(crate) fn to(&mut self, deed: &str, err: &mut dyn Write) -> Result<(), Failure> {
        let cancelled = |text: &str| Failure::new(Exit::Cancelled, "cancelled", text);
        match self {
            Self::Given => Ok(()),
            Self::Absent => Err(cancelled(&format!(
                "nothing was done: this would {deed}; add --yes to do it without being asked"
            ))),
            Self::Ask(answers) => {
                write!(err, "{}? [y/N] ", capitalized(deed))?;
                err.flush()?;
                let mut answer = String::new();
                answers.read_line(&mut answer)?;
                if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
                    Ok(())
                } else {
                    Err(cancelled("nothing was done: not confirmed; answer y, or add --yes"))
                }
            }
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(mut consent: Consent) -> (bool, String) {
        let mut err = Vec::new();
        let result = consent.to("revoke it", &mut err);
        if let Err(failure) = &result {
            assert_eq!(failure.exit, Exit::Cancelled);
        }
        (result.is_ok(), String::from_utf8(err).expect("text"))
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, yes) in
            [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("n\n", false), ("yep", false)]
        {
            let (went_on, question) = ask(Consent::Ask(Box::new(answer.as_bytes())));
            assert_eq!(went_on, yes, "{answer:?}");
            assert_eq!(question, "Revoke it? [y/N] ");
        }
        assert_eq!(ask(Consent::Given), (true, String::new()));
        assert_eq!(ask(Consent::Absent), (false, String::new()));
    }
}
