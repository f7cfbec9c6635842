//! Figures about the whole shop. They count along covering indexes: the work grows with the shop, but no document is
//! read.

use rental_core::{Currency, NumberState, Sums, Totals};
use rusqlite::Connection;

use crate::error::Fault;
use crate::listings::collect;

/// The figures.
pub(crate) fn totals(db: &Connection) -> Result<Totals, Fault> {
    let broken = |place| move || Fault::corrupt(place);
    let count = |count: i64, place| u64::try_from(count).map_err(|_| Fault::corrupt(place));

    let sql = "SELECT state, count(*) FROM numbers INDEXED BY numbers_by_state GROUP BY state";
    let mut numbers = Vec::new();
    for (name, found) in collect(db, sql, [], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
        let state = NumberState::from_name(&name).ok_or_else(broken("the table numbers"))?;
        numbers.push((state, count(found, "the table numbers")?));
    }
    numbers.sort_unstable();

    let sql = "SELECT status, count(*) FROM invoices INDEXED BY invoices_by_status GROUP BY status";
    let mut invoices = Vec::new();
    for (name, found) in collect(db, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))? {
        invoices.push((name, count(found, "the table invoices")?));
    }

    // A sum of amounts may be larger than SQLite's integers, the sums of their halves are not.
    let sql = "SELECT outcome, count(*), sum(iif(currency = 'ton', amount >> 32, 0)),
                      sum(iif(currency = 'ton', amount & 4294967295, 0)),
                      sum(iif(currency = 'usdt', amount >> 32, 0)),
                      sum(iif(currency = 'usdt', amount & 4294967295, 0))
               FROM payments INDEXED BY payments_by_outcome GROUP BY outcome";
    let mut payments = Vec::new();
    for (name, found, halves) in collect(db, sql, [], |row| {
        let halves: [[i64; 2]; 2] = [[row.get(2)?, row.get(3)?], [row.get(4)?, row.get(5)?]];
        Ok((row.get(0)?, row.get(1)?, halves))
    })? {
        let mut sums = Sums::default();
        for (currency, [high, low]) in Currency::ALL.into_iter().zip(halves) {
            let half = |half| u128::try_from(half).map_err(|_| Fault::corrupt("the table payments"));
            sums.add_units(currency, (half(high)? << 32) + half(low)?);
        }
        payments.push((name, count(found, "the table payments")?, sums));
    }

    let accounts = db.prepare_cached("SELECT count(*) FROM accounts")?;
    let accounts = { accounts }.query_row([], |row| row.get(0))?;
    Ok(Totals { numbers, invoices, payments, accounts: count(accounts, "the table accounts")? })
}
