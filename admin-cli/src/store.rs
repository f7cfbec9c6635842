//! `store`: the store itself, apart from the shop in it.
//!
//! Neither store is opened as a shop: there is no provider, no wallet and nobody who acts, and no line in the audit
//! trail, so that both sides can be compared to the last record.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use clap::{Args, Subcommand};
use rental_app::{CopyReport, Place, Progress, ShopConfig, Side, Stage, copy_shop, open_archive};
use rental_core::{Page, Section};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::{self, Format};
use crate::stats::{self, Row, Sums};

/// What can be done with a store.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli store copy --from rental.db --to redis://127.0.0.1/0")]
pub(crate) enum Verb {
    /// Move a whole shop to another, empty store
    ///
    /// Stop all programs of both stores first: http-api, the bot, other admin-cli. Everything is copied, read back and
    /// compared; the source is only read. Until that is done the target is no shop, and no program opens it. After an
    /// interruption repeat the command: it begins anew. Locks and rate limits are not copied.
    Copy(Copy),
}

/// From where to where.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  admin-cli store copy --from rental.db --to redis://127.0.0.1/0
  admin-cli store copy --from redis-sentinel://one,two,three/shop --to rental.db --json")]
pub(crate) struct Copy {
    /// The store with the shop: a file, or redis://, rediss://, unix://, redis-sentinel://, redis-cluster://
    #[arg(long, value_name = "WHERE")]
    from: String,
    /// The empty store, written likewise; a file is made
    #[arg(long, value_name = "WHERE")]
    to: String,
}

/// What was copied, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    from: String,
    to: String,
    /// Records of each section.
    copied: BTreeMap<&'static str, u64>,
    #[serde(flatten)]
    sums: Sums<'a>,
}

/// Carries out `verb`.
pub(crate) async fn run(
    verb: &Verb,
    config: &ShopConfig,
    format: Format,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let Verb::Copy(copy) = verb;
    let (from, to) = (place(&copy.from, "--from")?, place(&copy.to, "--to")?);
    if from.is_same(&to) {
        let text = format!("--from and --to are both {from}; name two stores");
        return Err(Failure::new(Exit::Usage, "usage", text));
    }
    let source = open_archive(&from, Side::Source, config).await?;
    let target = open_archive(&to, Side::Target, config).await?;
    let mut telling = Telling { live: std::io::stderr().is_terminal(), unfinished: false, err };
    let copied = copy_shop(source.as_ref(), target.as_ref(), |progress| telling.tell(progress)).await;
    telling.finish();
    let report = copied?;
    drop((source, target));
    let next = format!("{to} holds the shop now; run the programs on it, and never again on {from}");
    writeln!(err, "{}", output::plain(&next))?;
    show(&report, (&from, &to), format, out)
}

fn place(text: &str, option: &str) -> Result<Place, Failure> {
    text.parse().map_err(|error| Failure::from(error).about(option))
}

/// Tells on stderr how far the copy is. What cannot be told is no reason to stop.
struct Telling<'a> {
    /// One line per stage that changes, for somebody who looks on, instead of a line for each section.
    live: bool,
    /// Whether the cursor stands in such a line.
    unfinished: bool,
    err: &'a mut dyn Write,
}

impl Telling<'_> {
    fn tell(&mut self, progress: Progress) {
        let Progress { stage, section, records, complete } = progress;
        let doing = match stage {
            Stage::Copying => "copying",
            Stage::CheckingTarget => "reading back",
            Stage::CheckingSource => "comparing with the source",
        };
        let first = section == Section::ALL[0];
        if self.live {
            if first {
                self.finish();
            }
            let _ = write!(self.err, "\r\u{1b}[K{doing}: {section} {records}");
            let _ = self.err.flush();
            self.unfinished = true;
        } else if complete {
            let _ = writeln!(self.err, "{doing}: {section} {records}");
        }
    }

    /// Ends the line that changes.
    fn finish(&mut self) {
        if std::mem::take(&mut self.unfinished) {
            let _ = writeln!(self.err);
        }
    }
}

fn show(
    report: &CopyReport,
    (from, to): (&Place, &Place),
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if format == Format::Json {
        let report = Report {
            from: from.to_string(),
            to: to.to_string(),
            copied: report.sections.iter().map(|(section, count)| (section.name(), *count)).collect(),
            sums: stats::sums(&report.totals),
        };
        return output::json(out, &report);
    }
    // Of these the figures of the shop tell more.
    let told = [Section::Numbers, Section::Invoices, Section::Payments, Section::Accounts];
    let mut items = stats::rows(&report.totals);
    for (section, count) in report.sections.iter().filter(|(section, _)| !told.contains(section)) {
        items.push(Row::new("records", section.name(), *count));
    }
    output::list(out, format, &Page { items, next: None })
}
