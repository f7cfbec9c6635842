//! `numbers import`: many numbers from a file.
//!
//! The file is read and judged as a whole before the first number is added. Numbers that are in the shop already are
//! passed over, so an import that was cut short is simply run again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use futures::{StreamExt, stream};
use rental_core::{Command, DomainError, PhoneNumber, Plan, ServiceError};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Shape, brief};

/// How many numbers are under way at once; they share the disk's flushes.
const CONCURRENCY: usize = 256;
/// How many bad lines are told one by one.
const MOST_TOLD: usize = 100;

/// What to import.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  admin-cli numbers import numbers.txt --plan 30d=10 --plan 7d=3
  admin-cli numbers import numbers.csv --skip-invalid
  generate-numbers | admin-cli numbers import - --plan 30d=10

A line is a number in any spelling, and its plans if it has its own:
  # comments are left out
  +888 0123 4567
  +88802468135,30d=12,7d=4")]
pub(crate) struct Import {
    /// The file; - reads standard input
    file: PathBuf,
    /// What numbers without plans of their own are offered for, such as 30d=10
    #[arg(long = "plan", value_name = "TERM=PRICE", allow_hyphen_values = true)]
    plans: Vec<Plan>,
    /// Leave bad lines out instead of importing nothing
    #[arg(long)]
    skip_invalid: bool,
}

/// Numbers with their plans.
type Entries = BTreeMap<PhoneNumber, Vec<Plan>>;

/// What an import did.
#[derive(Debug, Serialize)]
struct Summary {
    imported: usize,
    existing: Vec<PhoneNumber>,
    invalid: usize,
    not_offered: usize,
}

impl Shape for Summary {
    fn columns() -> Vec<Column> {
        ["imported", "existing", "invalid", "not_offered"].map(brief).into()
    }

    fn cells(&self) -> Vec<String> {
        [self.imported, self.existing.len(), self.invalid, self.not_offered]
            .map(|count| count.to_string())
            .into()
    }
}

/// Adds the numbers of a file.
pub(super) async fn run(import: Import, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let defaults = Plan::check(import.plans).map_err(|error| ServiceError::from(DomainError::from(error)))?;
    let text = read(&import.file)?;
    let (entries, bad) = parse(&text, &defaults);
    for (line, why) in bad.iter().take(MOST_TOLD) {
        desk.say(&format!("line {line}: {why}"))?;
    }
    if bad.len() > MOST_TOLD {
        desk.say(&format!("… and {} more", bad.len() - MOST_TOLD))?;
    }
    if !bad.is_empty() && !import.skip_invalid {
        let text = format!(
            "nothing was imported: {}; correct them, or add --skip-invalid to leave them out",
            counted(bad.len(), "bad line")
        );
        return Err(Failure::new(Exit::Usage, "import.invalid", text));
    }
    let not_offered = entries.values().filter(|plans| plans.is_empty()).count();
    let (imported, mut existing, failed) = add(desk, entries).await;
    existing.sort();
    if let Some(error) = failed {
        let text = format!("after {}: run the import again to go on", counted(imported, "number"));
        return Err(Failure::from(error).about(text));
    }
    desk.say(&format!("{} imported, {} in the shop already", counted(imported, "number"), existing.len()))?;
    if not_offered > 0 {
        let text =
            format!("{} without a plan, not offered; see `numbers price`", counted(not_offered, "number"));
        desk.say(&text)?;
    }
    desk.show(&Summary { imported, existing, invalid: bad.len(), not_offered })
}

fn read(file: &PathBuf) -> Result<String, Failure> {
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let unreadable = |error: std::io::Error| {
        let text = format!("{} cannot be read: {error}; name another file", file.display());
        Failure::new(Exit::Failure, "import.unreadable", text)
    };
    // A byte that is no text spoils its own line only.
    Ok(String::from_utf8_lossy(&bytes.map_err(unreadable)?).into_owned())
}

/// The numbers of a file with their plans, and what is wrong with each bad line.
fn parse(text: &str, defaults: &[Plan]) -> (Entries, Vec<(usize, String)>) {
    let (mut entries, mut first_lines, mut bad) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let fields: Vec<&str> =
            line.split([',', ';', '\t']).map(|field| field.trim().trim_matches('"').trim()).collect();
        let blank = fields.iter().all(|field| field.is_empty());
        let heading = index == 0 && fields[0].eq_ignore_ascii_case("number");
        if blank || heading {
            continue;
        }
        match entry(&fields, defaults) {
            Ok((number, plans)) => {
                if let Some(first) = first_lines.insert(number, index + 1) {
                    bad.push((index + 1, format!("{number} stands in line {first} already")));
                    first_lines.insert(number, first);
                } else {
                    entries.insert(number, plans);
                }
            }
            Err(why) => bad.push((index + 1, why)),
        }
    }
    (entries, bad)
}

fn entry(fields: &[&str], defaults: &[Plan]) -> Result<(PhoneNumber, Vec<Plan>), String> {
    let said = |field: &str, error: &dyn std::fmt::Display| format!("\"{field}\": {error}");
    let number = fields[0].parse().map_err(|error| said(fields[0], &error))?;
    let own = fields[1..].iter().filter(|field| !field.is_empty());
    let own: Vec<Plan> =
        own.map(|field| field.parse().map_err(|error| said(field, &error))).collect::<Result<_, _>>()?;
    if own.is_empty() {
        return Ok((number, defaults.to_vec()));
    }
    let own = Plan::check(own).map_err(|error| error.to_string())?;
    Ok((number, own))
}

/// Adds `entries` side by side; answers how many were added, which existed, and what went wrong.
async fn add(desk: &Desk<'_>, entries: Entries) -> (usize, Vec<PhoneNumber>, Option<ServiceError>) {
    let added = stream::iter(entries).map(async |(number, plans)| {
        let result = desk.execute(Command::AddNumber { number, plans }).await;
        (number, result)
    });
    let mut added = std::pin::pin!(added.buffer_unordered(CONCURRENCY));
    let (mut imported, mut existing) = (0, Vec::new());
    while let Some((number, result)) = added.next().await {
        match result {
            Ok(_) => imported += 1,
            Err(ServiceError::Domain(DomainError::NumberExists)) => existing.push(number),
            Err(error) => return (imported, existing, Some(error)),
        }
    }
    (imported, existing, None)
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(text: &[&str]) -> Vec<Plan> {
        text.iter().map(|plan| plan.parse().expect("a plan")).collect()
    }

    #[test]
    fn reads_plain_lines_and_csv() {
        let text = "\u{feff}number,plans\r\n# comment\n\n+888 0123 4567\n\"+888 0246 8135\", 30d=12 ,7d=4 # two\n8888123;30d=1\n";
        let (entries, bad) = parse(text, &plans(&["30d=10"]));
        assert_eq!(bad, []);
        let read: Vec<_> =
            entries.iter().map(|(number, plans)| (number.to_string(), plans.clone())).collect();
        assert_eq!(
            read,
            [
                ("+8888123".to_owned(), plans(&["30d=1"])),
                ("+88801234567".to_owned(), plans(&["30d=10"])),
                ("+88802468135".to_owned(), plans(&["7d=4", "30d=12"])),
            ]
        );
    }

    #[test]
    fn bad_lines_are_named() {
        let text = "+888 0123 4567\n+1 202 555 0100\n88801234567\n+8888123,30d\n+8888124,30d=1,30d=2\n+8888125,30d=10,5\nnumber\n";
        let (entries, bad) = parse(text, &[]);
        assert_eq!(entries.len(), 1);
        let lines: Vec<usize> = bad.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7]);
        assert!(bad[1].1.contains("stands in line 1 already"), "{bad:?}");
        assert!(bad[2].1.starts_with("\"30d\": write a plan as"), "{bad:?}");
        for text in ["", "\n\n", "# nothing\n", "number\n", ",,\n"] {
            assert_eq!(parse(text, &[]), (BTreeMap::new(), Vec::new()), "{text:?}");
        }
    }
}
