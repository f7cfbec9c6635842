//! What is posted about an event. The members are named as in the event feed of the REST interface.

use rental_core::{Alarm, EventKind, FeedEntry};
use serde_json::{Map, Value, json};

/// The event's `webhook-id`: the same at every try and after a restart, and another one in another shop.
pub(super) fn id(entry: &FeedEntry) -> String {
    format!("evt_{}_{}", entry.event.at.unix(), entry.seq)
}

/// The body: `{type, timestamp, data}`.
pub(super) fn body(entry: &FeedEntry) -> String {
    let event = &entry.event;
    let mut data = Map::new();
    data.insert("seq".to_owned(), json!(entry.seq));
    if let Some(number) = event.number {
        data.insert("number".to_owned(), json!(number.to_string()));
    }
    if let Some(customer) = &event.customer {
        data.insert("customer".to_owned(), json!(customer.to_string()));
    }
    if let Value::Object(details) = details(&event.kind) {
        data.extend(details.into_iter().filter(|(_, value)| !value.is_null()));
    }
    let timestamp = event.at.to_string();
    json!({ "type": event.kind.name(), "timestamp": timestamp, "data": data }).to_string()
}

/// What there is to know beside the number and the customer.
fn details(kind: &EventKind) -> Value {
    match kind {
        EventKind::PaymentException { tx, amount, reason, invoice } => json!({
            "tx_hash": tx.to_string(),
            "amount": amount.units().to_string(),
            "currency": amount.currency().name(),
            "reason": reason.name(),
            "invoice": invoice.map(|id| id.to_string()),
        }),
        EventKind::RefundDiffers { tx, refund_tx } => {
            json!({ "tx_hash": tx.to_string(), "refund_tx": refund_tx.to_string() })
        }
        EventKind::NumberLost { ownership } => json!({ "reason": ownership.name() }),
        EventKind::ShopAlarm { alarm } => match alarm {
            Alarm::ChainStalled { read_to } => {
                json!({ "alarm": "chain_stalled", "read_to": read_to.to_string() })
            }
            Alarm::ChainRecovered { read_to } => {
                json!({ "alarm": "chain_recovered", "read_to": read_to.to_string() })
            }
            Alarm::DeadLetter { group, seq, reason } => {
                json!({ "alarm": "dead_letter", "group": group, "event": seq, "reason": reason })
            }
        },
        _ => Value::Null,
    }
}
