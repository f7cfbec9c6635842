//! Figures about the whole shop: sizes of indexes, and sums that every commit keeps.

use std::collections::HashMap;

use redis::{FromRedisValue, Value};
use rental_core::{Currency, InvoiceStatus, NumberState, Outcome, StoreError, Sums, Totals};

use crate::fault::corrupt;
use crate::script::{Call, TOTALS};
use crate::store::RedisStore;
use crate::text;

/// The figures.
pub(crate) async fn totals(store: &RedisStore) -> Result<Totals, StoreError> {
    let strange = || corrupt("an answer of the server");
    let keys = store.keys();
    let mut names = vec![keys.index("payments", "sums")];
    names.extend(NumberState::ALL.map(|state| keys.index("numbers", state.name())));
    names.extend(InvoiceStatus::NAMES.map(|status| keys.index("invoices", status)));
    names.extend(Outcome::NAMES.map(|outcome| keys.index("payments", outcome)));
    names.push(keys.key("index:accounts"));
    let answer = store.link().ask(Call::script(&TOTALS, &names)).await?;
    let mut answer = Vec::<Value>::from_redis_value(answer).map_err(|_| strange())?.into_iter();
    let sums = answer.next().unwrap_or(Value::Nil);
    let sums = HashMap::<String, i64>::from_redis_value(sums).map_err(|_| corrupt("index:payments:sums"))?;
    let mut counts = answer.map(|count| u64::from_redis_value(count).map_err(|_| strange()));
    let mut next = || counts.next().unwrap_or(Ok(0));

    let mut totals = Totals::default();
    for state in NumberState::ALL {
        totals.numbers.push((state, next()?));
    }
    for status in InvoiceStatus::NAMES {
        totals.invoices.push((status.to_owned(), next()?));
    }
    for outcome in Outcome::NAMES {
        let part = |unit: &str| {
            let sum = sums.get(&format!("{outcome}:{unit}")).copied().unwrap_or_default();
            u128::try_from(sum).map_err(|_| corrupt("index:payments:sums"))
        };
        let mut paid = Sums::default();
        for currency in Currency::ALL {
            let [whole, beyond] = text::units(currency);
            let units = part(whole)? * u128::from(currency.units_per_whole()) + part(beyond)?;
            paid.add_units(currency, units);
        }
        totals.payments.push((outcome.to_owned(), next()?, paid));
    }
    totals.accounts = next()?;
    totals.numbers.retain(|(_, count)| *count > 0);
    totals.invoices.retain(|(_, count)| *count > 0);
    totals.payments.retain(|(_, count, _)| *count > 0);
    Ok(totals)
}
