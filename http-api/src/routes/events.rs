//! Events: what happened to an integrator's customers, in order, to be read again and again from where one left off.

use axum::Json;
use axum::extract::State;
use rental_core::{EventKind, FeedEntry, TransferEnd};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::auth::Caller;
use crate::input::Filter;
use crate::listing::{self, List};
use crate::problem::Problem;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// Its place in the feed; grows, not necessarily by one. Send the last one you have as `after`.
    #[schema(example = 17)]
    seq: u64,
    /// What, such as `invoice.opened`, `invoice.settled`, `payment.exception`, `rental.started`, `rental.reminder`,
    /// `rental.ended`, `transfer.offered`.
    #[serde(rename = "type")]
    #[schema(example = "invoice.settled")]
    kind: &'static str,
    /// When.
    #[schema(example = "2026-01-01T00:01:03Z")]
    at: String,
    /// The number it is about.
    #[schema(example = "+88801234567")]
    number: Option<String>,
    /// The customer it concerns.
    #[schema(example = "api:demo:alice")]
    customer: Option<String>,
    /// What else there is to know; which members are there depends on the type.
    data: Details,
}

/// What else there is to know about an event.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = EventData)]
pub(crate) struct Details {
    /// The invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "inv_01KDVS8TG0000000000000001A")]
    invoice: Option<String>,
    /// What the invoice is for: `rent` or `renew`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// In the smallest units of its currency: nanotons, or millionths of a USDT.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    /// What the amount is in: `ton` or `usdt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'static str>,
    /// The payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_hash: Option<String>,
    /// An outgoing transaction that is like the payment's refund, but not in everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_tx: Option<String>,
    /// What is odd about the payment, why an offer came to nothing, or what the chain says of a lost number.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What became of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// The end of the rental, or the last moment to accept an offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-01-31T00:00:00Z")]
    expires_at: Option<String>,
    /// In grace: until when the rental can be renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// How many seconds before the end the reminder is.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice_seconds: Option<u64>,
    /// Whether the operator ended the rental.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<bool>,
    /// The former holder, if it is your customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The new holder, if it is your customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

impl From<FeedEntry> for EventView {
    fn from(entry: FeedEntry) -> Self {
        let event = entry.event;
        Self {
            seq: entry.seq,
            kind: event.kind.name(),
            at: event.at.to_string(),
            number: event.number.map(|number| number.to_string()),
            customer: event.customer.map(|customer| customer.to_string()),
            data: details(event.kind),
        }
    }
}

/// What else there is to know.
fn details(kind: EventKind) -> Details {
    let mut details = Details::default();
    match kind {
        EventKind::InvoiceOpened { invoice, kind, amount } => {
            details.invoice = Some(invoice.to_string());
            details.kind = Some(kind.name());
            details.amount = Some(amount.units().to_string());
            details.currency = Some(amount.currency().name());
        }
        EventKind::InvoiceSettled { invoice, tx, expires_at } => {
            details.invoice = Some(invoice.to_string());
            details.tx_hash = Some(tx.to_string());
            details.expires_at = Some(expires_at.to_string());
        }
        EventKind::InvoiceExpired { invoice } | EventKind::InvoiceCancelled { invoice } => {
            details.invoice = Some(invoice.to_string());
        }
        EventKind::PaymentException { tx, amount, reason, invoice } => {
            details.tx_hash = Some(tx.to_string());
            details.amount = Some(amount.units().to_string());
            details.currency = Some(amount.currency().name());
            details.reason = Some(reason.name());
            details.invoice = invoice.map(|id| id.to_string());
        }
        EventKind::PaymentResolved { tx, outcome } => {
            details.tx_hash = Some(tx.to_string());
            details.outcome = Some(outcome);
        }
        EventKind::RefundDiffers { tx, refund_tx } => {
            details.tx_hash = Some(tx.to_string());
            details.refund_tx = Some(refund_tx.to_string());
        }
        EventKind::RentalStarted { expires_at } | EventKind::RentalExtended { expires_at } => {
            details.expires_at = Some(expires_at.to_string());
        }
        EventKind::RentalReminder { notice, expires_at } => {
            details.notice_seconds = Some(notice.0);
            details.expires_at = Some(expires_at.to_string());
        }
        EventKind::RentalGrace { until } => details.until = Some(until.to_string()),
        EventKind::RentalEnded { revoked } => details.revoked = Some(revoked),
        EventKind::NumberTurnover { until } => details.until = until.map(|until| until.to_string()),
        // An alarm is for operators; no integrator sees one.
        EventKind::NumberAvailable | EventKind::NumberRegained | EventKind::ShopAlarm { .. } => {}
        EventKind::NumberLost { ownership } => details.reason = Some(ownership.name()),
        EventKind::TransferOffered { to, expires_at } => {
            details.to = to.map(|to| to.to_string());
            details.expires_at = Some(expires_at.to_string());
        }
        EventKind::TransferAccepted { from, to } => {
            details.from = from.map(|from| from.to_string());
            details.to = to.map(|to| to.to_string());
        }
        EventKind::TransferClosed { reason } => {
            details.reason = Some(match reason {
                TransferEnd::Declined => "declined",
                TransferEnd::Withdrawn => "withdrawn",
                TransferEnd::Expired => "expired",
            });
        }
    }
    details
}

/// From where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventFilter {
    /// Only events after this `seq`; also understood as `cursor`.
    #[serde(alias = "cursor")]
    #[param(value_type = Option<u64>, example = 0)]
    after: Option<String>,
    /// How many entries, 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
}

/// Read the event feed
///
/// What happened to your customers, oldest first, after the event `after`. Poll with the last `seq` you have seen;
/// nothing is skipped and nothing changes afterwards. Events are kept for 30 days. `next_cursor` is null when there is nothing more for now.
#[utoipa::path(get, path = "/v1/events", tag = "Events", params(EventFilter),
    responses((status = 200, description = "A page of events", body = List<EventView>),
              (status = 422, description = "A parameter makes no sense")))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Filter(filter): Filter<EventFilter>,
) -> Result<Json<List<EventView>>, Problem> {
    let (after, limit) = (after(filter.after.as_deref())?, listing::limit(filter.limit.as_deref())?);
    let entries = api.rentals.feed(&caller.actor(), after, limit).await?;
    let data: Vec<EventView> = entries.into_iter().map(EventView::from).collect();
    let next_cursor = data.last().filter(|_| data.len() == limit).map(|last| last.seq.to_string());
    Ok(Json(List { data, next_cursor }))
}

fn after(text: Option<&str>) -> Result<u64, Problem> {
    let Some(text) = text else { return Ok(0) };
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    let seq = text.parse::<u64>().ok().filter(|seq| plain && i64::try_from(*seq).is_ok());
    seq.ok_or_else(|| {
        Problem::invalid("cursor.invalid", "after is the seq of an event, or 0 for the beginning")
    })
}

#[cfg(test)]
mod tests {
    use mockall::predicate::{always, eq};
    use rental_core::{Event, ExceptionReason, InvoiceKind, Ownership, Seconds, TxHash};

    use super::*;
    use crate::testing::{NOW, Shop, alice, invoice, number, with_key};

    fn every_kind() -> Vec<EventKind> {
        let (id, tx) = (invoice().id, TxHash([0xfb; 32]));
        let (amount, usdt) = ("1".parse().expect("an amount"), "2.5 USDT".parse().expect("an amount"));
        vec![
            EventKind::InvoiceOpened { invoice: id, kind: InvoiceKind::Rent, amount },
            EventKind::InvoiceSettled { invoice: id, tx, expires_at: NOW },
            EventKind::InvoiceExpired { invoice: id },
            EventKind::InvoiceCancelled { invoice: id },
            EventKind::PaymentException {
                tx,
                amount: usdt,
                reason: ExceptionReason::Late,
                invoice: Some(id),
            },
            EventKind::PaymentResolved { tx, outcome: "applied".to_owned() },
            EventKind::RentalStarted { expires_at: NOW },
            EventKind::RentalExtended { expires_at: NOW },
            EventKind::RentalReminder { notice: Seconds::from_hours(24), expires_at: NOW },
            EventKind::RentalGrace { until: NOW },
            EventKind::RentalEnded { revoked: true },
            EventKind::NumberTurnover { until: Some(NOW) },
            EventKind::NumberAvailable,
            EventKind::TransferOffered { to: None, expires_at: NOW },
            EventKind::TransferAccepted { from: Some(alice()), to: None },
            EventKind::TransferClosed { reason: TransferEnd::Declined },
            EventKind::NumberLost { ownership: Ownership::Auction { bidder: None } },
            EventKind::NumberRegained,
            EventKind::RefundDiffers { tx, refund_tx: tx },
        ]
    }

    #[tokio::test]
    async fn every_event_has_its_shape() {
        let mut rentals = with_key();
        rentals.expect_feed().with(always(), eq(7), eq(100)).returning(|_, _, _| {
            let entry = |(seq, kind)| FeedEntry {
                seq,
                event: Event { at: NOW, number: Some(number()), customer: Some(alice()), kind },
            };
            Ok((8..).zip(every_kind()).map(entry).collect())
        });
        let answer = Shop::new(rentals).get("/v1/events?after=7&limit=100").await;
        let json = answer.json();
        for event in json["data"].as_array().expect("a list") {
            let kind = serde_json::to_value(every_kind()).expect("JSON");
            let kinds = kind.as_array().expect("a list");
            assert!(kinds.iter().any(|kind| kind["type"] == event["type"]), "{event}");
        }
        insta::assert_json_snapshot!(json);
    }

    #[tokio::test]
    async fn a_full_page_says_where_to_go_on() {
        let mut rentals = with_key();
        rentals.expect_feed().returning(|_, after, _| {
            let event = Event { at: NOW, number: None, customer: None, kind: EventKind::NumberAvailable };
            Ok(vec![FeedEntry { seq: after + 1, event }])
        });
        let shop = Shop::new(rentals);
        assert_eq!(shop.get("/v1/events?limit=1&cursor=4").await.json()["next_cursor"], "5");
        assert_eq!(shop.get("/v1/events").await.json()["next_cursor"], serde_json::Value::Null);
        for after in ["-1", "x", "", "99999999999999999999"] {
            assert_eq!(shop.get(&format!("/v1/events?after={after}")).await.code(), "cursor.invalid");
        }
    }
}
