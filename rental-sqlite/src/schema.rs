//! The tables, and how a file of an older version becomes one of this version.

use rusqlite_migration::{M, Migrations};

/// Marks a file as ours: "R888".
pub(crate) const APPLICATION_ID: u32 = 0x5238_3838;
/// Marks a file that is being filled with another store's shop: "R88F".
pub(crate) const FILLING_ID: u32 = 0x5238_3846;

/// Every step ever taken, oldest first. A step that was released is never edited.
const STEPS: &[M<'static>] =
    &[M::up(include_str!("schema/001_shop.sql")), M::up(include_str!("schema/002_notes.sql"))];

/// The steps that lead to this version.
pub(crate) const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The schema's version in this version of the program.
pub(crate) const VERSION: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_counts_the_steps() {
        assert_eq!(usize::try_from(VERSION), Ok(STEPS.len()));
        assert_eq!(MIGRATIONS.validate(), Ok(()));
    }
}
