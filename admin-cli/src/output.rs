//! An answer as a table, as JSON or as CSV.
//!
//! The JSON is the stable form. CSV has every column; a table of many rows has those a person looks for. Tables show
//! texts from outside without their control characters, so that a payer's comment cannot paint on the operator's
//! terminal.

use std::io::Write;

use comfy_table::{Table, presets};
use rental_core::Page;
use serde::Serialize;

use crate::failure::Failure;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    brief: bool,
    width: Option<usize>,
}

impl Column {
    /// The same column, of which a table of many rows shows at most `width` characters.
    pub(crate) const fn at_most(self, width: usize) -> Self {
        Self { width: Some(width), ..self }
    }
}

/// A column that tables of many rows show.
pub(crate) const fn brief(name: &'static str) -> Column {
    Column { name, brief: true, width: None }
}

/// A column of single answers and CSV only.
pub(crate) const fn full(name: &'static str) -> Column {
    Column { name, brief: false, width: None }
}

/// What can be rendered: JSON by its fields, tables and CSV by its columns.
pub(crate) trait Shape: Serialize {
    /// The columns.
    fn columns() -> Vec<Column>;

    /// One text per column.
    fn cells(&self) -> Vec<String>;
}

/// A list as JSON.
#[derive(Serialize)]
struct List<'a, T> {
    data: &'a [T],
    next_cursor: Option<&'a str>,
}

/// Writes one thing.
pub(crate) fn one<T: Shape>(out: &mut dyn Write, format: Format, item: &T) -> Result<(), Failure> {
    match format {
        Format::Json => json(out, item),
        Format::Csv => csv(out, std::slice::from_ref(item)),
        Format::Table => {
            let mut table = bare();
            for (column, cell) in T::columns().into_iter().zip(item.cells()) {
                table.add_row([column.name.to_owned(), shown(&cell)]);
            }
            print(out, &table)
        }
    }
}

/// Writes a list.
pub(crate) fn list<T: Shape>(out: &mut dyn Write, format: Format, page: &Page<T>) -> Result<(), Failure> {
    match format {
        Format::Json => {
            let next_cursor = page.next.as_deref();
            json(out, &List { data: &page.items, next_cursor })
        }
        Format::Csv => csv(out, &page.items),
        Format::Table => {
            let mut table = bare();
            let brief = || T::columns().into_iter().filter(|column| column.brief);
            table.set_header(brief().map(|column| heading(column.name)));
            for item in &page.items {
                let cells = T::columns().into_iter().zip(item.cells());
                let cells = cells.filter(|(column, _)| column.brief);
                table.add_row(cells.map(|(column, cell)| match column.width {
                    Some(width) => shortened(&cell, width),
                    None => shown(&cell),
                }));
            }
            print(out, &table)
        }
    }
}

/// Writes JSON, indented.
pub(crate) fn json<T: Serialize + ?Sized>(out: &mut dyn Write, item: &T) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, item).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

fn csv<T: Shape>(out: &mut dyn Write, items: &[T]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(out);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from(error),
        other => std::io::Error::other(format!("{other:?}")).into(),
    };
    writer.write_record(T::columns().into_iter().map(|column| column.name)).map_err(failed)?;
    for item in items {
        writer.write_record(item.cells()).map_err(failed)?;
    }
    Ok(writer.flush()?)
}

/// A column's name as a heading; of an amount's two forms a table of many rows has the readable one only.
fn heading(name: &str) -> String {
    name.trim_end_matches("_display").to_uppercase().replace('_', " ")
}

/// A table without lines, for eyes and for `grep`.
fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

fn print(out: &mut dyn Write, table: &Table) -> Result<(), Failure> {
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end().strip_prefix(' ').unwrap_or_default())?;
    }
    Ok(())
}

/// A cell of a table; an absent value is a dash, so that columns stay countable.
fn shown(cell: &str) -> String {
    if cell.is_empty() { "-".to_owned() } else { plain(cell) }
}

/// A cell of a table, cut to `width` characters as they are shown; an escaped one stays whole or is left out.
fn shortened(cell: &str, width: usize) -> String {
    let whole = shown(cell);
    if whole.chars().count() <= width {
        return whole;
    }
    let (mut cut, mut left) = (String::new(), width.saturating_sub(1));
    for c in cell.chars() {
        let piece = plain(c.encode_utf8(&mut [0; 4]));
        let Some(rest) = left.checked_sub(piece.chars().count()) else {
            break;
        };
        left = rest;
        cut.push_str(&piece);
    }
    cut + "…"
}

/// `text` with everything escaped that would move the cursor, change the direction of writing or break the line.
pub(crate) fn plain(text: &str) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    text.chars()
        .flat_map(|c| {
            let escaped = odd(c).then(|| c.escape_default());
            let kept = (!odd(c)).then_some(c);
            escaped.into_iter().flatten().chain(kept)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Thing {
        name: String,
        note: Option<String>,
    }

    impl Shape for Thing {
        fn columns() -> Vec<Column> {
            vec![brief("name"), full("the_note")]
        }

        fn cells(&self) -> Vec<String> {
            vec![self.name.clone(), self.note.clone().unwrap_or_default()]
        }
    }

    fn page() -> Page<Thing> {
        let thing =
            |name: &str, note: Option<&str>| Thing { name: name.to_owned(), note: note.map(str::to_owned) };
        Page {
            items: vec![thing("a", None), thing("b\u{1b}[2J", Some("x,\"y\"\nz"))],
            next: Some("b".to_owned()),
        }
    }

    fn render(format: Format) -> String {
        let mut out = Vec::new();
        list(&mut out, format, &page()).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lists_in_every_form() {
        assert_eq!(render(Format::Table), "NAME\na\nb\\u{1b}[2J\n");
        assert_eq!(render(Format::Csv), "name,the_note\na,\nb\u{1b}[2J,\"x,\"\"y\"\"\nz\"\n");
        let json: serde_json::Value = serde_json::from_str(&render(Format::Json)).expect("JSON");
        assert_eq!(json["next_cursor"], "b");
        assert_eq!(json["data"][1]["note"], "x,\"y\"\nz");
        assert_eq!(json["data"][0]["note"], serde_json::Value::Null);
    }

    #[test]
    fn a_long_cell_is_cut_to_the_width_it_is_shown_in() {
        assert_eq!(shortened("", 4), "-");
        assert_eq!(shortened("Grüß", 4), "Grüß");
        assert_eq!(shortened("Grüße", 4), "Grü…");
        assert_eq!(shortened("a\u{1b}b", 8), "a\\u{1b}b");
        assert_eq!(shortened("a\u{1b}\u{1b}", 8), "a\\u{1b}…");
        assert_eq!(shortened("ab\u{1b}\u{1b}", 8), "ab…");
    }

    #[test]
    fn one_thing_shows_every_column() {
        let mut out = Vec::new();
        one(&mut out, Format::Table, &page().items[0]).expect("memory takes everything");
        assert_eq!(String::from_utf8(out).expect("text"), "name      a\nthe_note  -\n");
    }
}
