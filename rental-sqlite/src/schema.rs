//! The tables, and how a file of an older version becomes one of this version.

use rusqlite_migration::{M, Migrations};

/// Marks a file as ours: "R888".
pub(crate) const APPLICATION_ID: u32 = 0x5238_3838;
/// Marks a file that is being filled with another store's shop: "R88F".
pub(crate) const FILLING_ID: u32 = 0x5238_3846;

/// Every step ever taken, oldest first. A step that was released is never edited.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("schema/001_shop.sql")),
    M::up(include_str!("schema/002_notes.sql")),
    M::up(include_str!("schema/003_lost_numbers.sql")),
    M::up(include_str!("schema/004_currencies.sql")),
    M::up(include_str!("schema/005_deposits.sql")),
];

/// The steps that lead to this version.
pub(crate) const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The schema's version in this version of the program.
pub(crate) const VERSION: u32 = 5;

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use rental_core::{ChainCursor, ChainState, Currency, Documents, Timestamp, TxHash};

    use super::*;
    use crate::load::Shelves;

    #[test]
    fn the_version_counts_the_steps() {
        assert_eq!(usize::try_from(VERSION), Ok(STEPS.len()));
        assert_eq!(MIGRATIONS.validate(), Ok(()));
    }

    #[test]
    fn a_file_from_before_there_were_currencies_keeps_its_coins_and_its_place() {
        let mut db = Connection::open_in_memory().expect("memory");
        MIGRATIONS.to_version(&mut db, 3).expect("the steps before");
        let tx = TxHash([7; 32]);
        db.execute(
            r#"INSERT INTO chain (id, doc) VALUES (1, '{"cursor":{"lt":7,"hash":null},"read_to":9}')"#,
            [],
        )
        .expect("a place");
        db.execute(
            "INSERT INTO payments (tx, lt, amount, comment_kind, sender, chain_time, booked_at, outcome, version)
             VALUES (?1, 5, 10000000001, 'none', '0:aa', 6, 8, 'settled', 1)",
            [tx.to_string()],
        )
        .expect("a coin");
        MIGRATIONS.to_latest(&mut db).expect("this step");
        let cursor = ChainCursor { lt: 7, hash: None };
        let place = ChainState { currency: Currency::Ton, cursor, read_to: Timestamp::from_unix(9) };
        let read = |currency| Shelves(&db).chain(currency).expect("readable");
        assert_eq!((read(Currency::Ton), read(Currency::Usdt)), (Some(place), None));
        let coin = Shelves(&db).payment(tx).expect("readable").expect("kept");
        assert_eq!(coin.amount.to_string(), "10.000000001 TON");
    }

    #[test]
    fn numbers_of_the_first_version_keep_their_states() {
        let mut db = Connection::open_in_memory().expect("a database");
        MIGRATIONS.to_version(&mut db, 1).expect("migrates");
        let holdings = [r#"{"holding":"free"}"#, r#"{"holding":"turnover"}"#, r#"{"holding":"free"}"#];
        let listings = ["listed", "listed", "withdrawn"];
        for ((digits, holding), listing) in (8_888_123..).zip(holdings).zip(listings) {
            let doc = format!(
                r#"{{"number":"+{digits}","listing":{{"listing":"{listing}"}},"holding":{holding},"version":1}}"#
            );
            db.execute("INSERT INTO numbers (number, doc) VALUES (?1, ?2)", (digits, doc)).expect("inserts");
        }
        MIGRATIONS.to_latest(&mut db).expect("migrates");
        let mut states = db.prepare("SELECT state FROM numbers ORDER BY number").expect("a statement");
        let states = states.query_map([], |row| row.get(0)).expect("rows");
        let states = states.collect::<Result<Vec<String>, _>>().expect("texts");
        assert_eq!(states, ["available", "turnover", "withdrawn"]);
    }
}
