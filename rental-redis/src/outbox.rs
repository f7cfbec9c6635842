//! Events: a stream, and what each consumer group has done with it.

use redis::{FromRedisValue, Value};
use rental_core::{
    Disposition, FeedEntry, OutboxItem, Owner, Page, PageRequest, Seconds, StoreError, Timestamp,
};

use crate::fault::corrupt;
use crate::listings::{entries, length, nothing, page};
use crate::script::{CLAIM, Call, DISPOSE, FORGET};
use crate::store::RedisStore;
use crate::text;

/// The longest stretch of the stream that one call looks at.
const STRETCH: usize = 1000;

fn strange() -> StoreError {
    corrupt("an answer of the server")
}

/// The event in the fields of an entry.
fn event(seq: u64, fields: &[Vec<u8>]) -> Result<FeedEntry, StoreError> {
    let document = fields.last().ok_or_else(|| corrupt("outbox"))?;
    Ok(FeedEntry { seq, event: text::document(document)? })
}

/// Events that concern `owner`, after `after`.
pub(crate) async fn feed(
    store: &RedisStore,
    owner: &Owner,
    after: u64,
    limit: usize,
) -> Result<Vec<FeedEntry>, StoreError> {
    let (mut found, mut after) = (Vec::new(), after);
    while found.len() < limit {
        let call = Call::command("XRANGE").arg(store.keys().key("outbox")).arg(format!("(0-{after}"));
        let stretch = entries(store.link().ask(call.arg("+").arg("COUNT").arg(STRETCH)).await?)?;
        let last = stretch.len() < STRETCH;
        for (seq, fields) in stretch {
            after = seq;
            let entry = event(seq, &fields)?;
            let concerned = match &entry.event.customer {
                Some(customer) => owner.includes(customer),
                None => *owner == Owner::Anybody,
            };
            if concerned {
                found.push(entry);
            }
        }
        if last {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Gives events to a consumer.
pub(crate) async fn claim(
    store: &RedisStore,
    group: &str,
    consumer: &str,
    limit: usize,
    hold: Seconds,
) -> Result<Vec<OutboxItem>, StoreError> {
    let keys = store.keys();
    let names =
        [keys.key("outbox"), keys.outbox("held", group), keys.outbox("resting", group), keys.filling()];
    let call = Call::script(&CLAIM, &names)
        .arg(store.ahead())
        .arg(group)
        .arg(consumer)
        .arg(limit.min(1 << 20))
        .arg(hold.0.min(Timestamp::MAX.unix()))
        .once();
    let given: Vec<(u64, u64, Vec<u8>)> =
        FromRedisValue::from_redis_value(store.link().ask(call).await?).map_err(|_| strange())?;
    let item = |(seq, attempt, document): (u64, u64, Vec<u8>)| {
        let entry = FeedEntry { seq, event: text::document(&document)? };
        Ok(OutboxItem { entry, attempt: u32::try_from(attempt).unwrap_or(u32::MAX) })
    };
    given.into_iter().map(item).collect()
}

/// Takes down what became of a claimed event.
pub(crate) async fn dispose(
    store: &RedisStore,
    group: &str,
    consumer: &str,
    seq: u64,
    disposition: &Disposition,
) -> Result<bool, StoreError> {
    let keys = store.keys();
    let names = ["held", "resting", "dead"].map(|part| keys.outbox(part, group));
    let names = [vec![keys.key("outbox")], names.to_vec(), vec![keys.filling()]].concat();
    let (what, detail) = match disposition {
        Disposition::Done => ("done", String::new()),
        Disposition::Retry(at) => ("retry", at.unix().to_string()),
        Disposition::Dead(reason) => ("dead", reason.clone()),
    };
    let call = Call::script(&DISPOSE, &names)
        .arg(store.ahead())
        .arg(group)
        .arg(consumer)
        .arg(seq)
        .arg(what)
        .arg(detail)
        .once();
    Ok(store.link().ask(call).await? == Value::Int(1))
}

/// Events that a group gave up on.
pub(crate) async fn dead_letters(
    store: &RedisStore,
    group: &str,
    request: &PageRequest,
) -> Result<Page<(FeedEntry, String)>, StoreError> {
    let Ok(after) = request.after.as_ref().map_or(Ok(0), |text| text.parse::<u64>()) else {
        return Ok(nothing());
    };
    let call = Call::command("ZRANGEBYSCORE").arg(store.keys().outbox("dead", group));
    let call = call.arg(format!("({after}")).arg("+inf").arg("LIMIT").arg(0).arg(length(request) + 1);
    let dead: Vec<String> =
        FromRedisValue::from_redis_value(store.link().ask(call).await?).map_err(|_| strange())?;
    let mut letters = Vec::with_capacity(dead.len());
    for letter in dead {
        let broken = || corrupt("outbox:dead");
        let (seq, reason) = letter.split_once(' ').ok_or_else(broken)?;
        let id = format!("0-{seq}");
        let call = Call::command("XRANGE").arg(store.keys().key("outbox")).arg(&id).arg(&id);
        let found = entries(store.link().ask(call).await?)?;
        let (seq, fields) = found.into_iter().next().ok_or_else(broken)?;
        letters.push((seq.to_string(), (event(seq, &fields)?, reason.to_owned())));
    }
    Ok(page(request, letters))
}

/// Drops events older than `before` that every group is done with, about a page; answers how many.
pub(crate) async fn forget(store: &RedisStore, before: Timestamp) -> Result<u64, StoreError> {
    let (mut forgotten, mut after) = (0, "0".to_owned());
    while forgotten < PageRequest::MOST as u64 && !after.is_empty() {
        let call = Call::script(&FORGET, &[store.keys().key("outbox")])
            .arg(store.keys().prefix())
            .arg(&after)
            .arg(STRETCH)
            .arg(before.unix());
        let answer = store.link().ask(call).await?;
        let (dropped, last): (u64, String) =
            FromRedisValue::from_redis_value(answer).map_err(|_| strange())?;
        forgotten += dropped;
        after = last;
    }
    Ok(forgotten)
}
