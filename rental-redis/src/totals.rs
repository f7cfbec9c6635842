//! Figures about the whole shop: sizes of indexes, and sums that every commit keeps.

use std::collections::HashMap;

use redis::{FromRedisValue, Value};
use rental_core::{Currency, InvoiceStatus, NumberState, Outcome, StoreError, Sums, Totals};

use crate::fault::corrupt;
use crate::places;
use crate::script::{Call, TOTALS};
use crate::store::RedisStore;
use crate::text;

/// The figures.
pub(crate) async fn totals(store: &RedisStore) -> Result<Totals, StoreError> {
    let strange = || corrupt("an answer of the server");
    let keys = store.keys();
    let (numbers, invoices) = (keys.key("index:numbers"), keys.key("index:invoices"));
    let all = || ("-inf".to_owned(), "+inf".to_owned());
    let text = |(first, last): (u64, u64)| (first.to_string(), last.to_string());
    let mut counted = Vec::new();
    counted.extend(NumberState::ALL.map(|state| (numbers.clone(), text(places::of_state(state)))));
    let of_status = |status| places::of_status(status).expect("every status has a place");
    counted.extend(InvoiceStatus::NAMES.map(|status| (invoices.clone(), text(of_status(status)))));
    counted.extend(Outcome::NAMES.map(|outcome| (keys.index("payments", outcome), all())));
    counted.push((keys.key("index:accounts"), all()));
    let (names, stretches): (Vec<_>, Vec<_>) = counted.into_iter().unzip();
    let names = [vec![keys.index("payments", "sums")], names].concat();
    let mut call = Call::script(&TOTALS, &names);
    for (first, last) in stretches {
        call = call.arg(first).arg(last);
    }
    let answer = store.link().ask(call).await?;
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
