//! Payments: every coin that came for an integrator's invoices, and what became of it.

use axum::Json;
use axum::extract::State;
use rental_core::{Comment, ExceptionReason, Outcome, Payment, PaymentQuery, TxHash};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::auth::Caller;
use crate::input::{Filter, Param};
use crate::listing::{self, List};
use crate::problem::Problem;

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    /// The hash of the transaction; identifies the payment for ever.
    #[schema(example = "fbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb")]
    tx_hash: String,
    /// What arrived, in the smallest units of its currency: nanotons, or millionths of a USDT.
    #[schema(example = "10000000000")]
    amount: String,
    /// What it is in: `ton` or `usdt`.
    #[schema(example = "ton")]
    currency: &'static str,
    /// What arrived, for people.
    #[schema(example = "10 TON")]
    amount_display: String,
    /// What the payer wrote, where it is a text.
    #[schema(example = "RENT-0V3GZ1M8QK")]
    comment: Option<String>,
    /// Who paid, as a raw address; it can be an exchange's.
    #[schema(example = "0:0000000000000000000000000000000000000000000000000000000000000000")]
    sender: String,
    /// When the chain took it.
    #[schema(example = "2026-01-01T00:01:00Z")]
    chain_time: String,
    /// When the shop booked it.
    #[schema(example = "2026-01-01T00:01:03Z")]
    booked_at: String,
    /// `settled`, `exception`, `applied`, `refund_pending`, `refunded`, `written_off` or `deposit`.
    #[schema(example = "settled")]
    outcome: &'static str,
    /// What is or was odd about it, such as `underpaid`, `overpaid`, `late` or `duplicate`.
    reason: Option<&'static str>,
    /// The invoice that it names.
    #[schema(example = "inv_01KDVS8TG0000000000000001A")]
    invoice: Option<String>,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let (outcome, reason) = (payment.outcome.name(), payment.outcome.reason());
        Self {
            tx_hash: payment.tx.to_string(),
            amount: payment.amount.units().to_string(),
            currency: payment.amount.currency().name(),
            amount_display: payment.amount.to_string(),
            comment: match payment.comment {
                Comment::Text(text) => Some(text),
                Comment::None | Comment::Encrypted | Comment::Binary(_) | Comment::Malformed => None,
            },
            sender: payment.sender,
            chain_time: payment.chain_time.to_string(),
            booked_at: payment.booked_at.to_string(),
            outcome,
            reason: reason.map(ExceptionReason::name),
            invoice: payment.invoice.map(|id| id.to_string()),
        }
    }
}

/// Which payments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentFilter {
    /// Only those with this outcome.
    #[param(example = "exception")]
    outcome: Option<String>,
    /// Only those with this reason.
    #[param(example = "underpaid")]
    reason: Option<String>,
    /// Only those for this customer's invoices.
    #[param(example = "alice")]
    customer: Option<String>,
    /// How many entries, 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List payments
///
/// Payments that name your customers' invoices, newest first. Nothing that arrived is ever missing here: what settles
/// no invoice is an `exception` with its `reason`, and the operator decides about it.
#[utoipa::path(get, path = "/v1/payments", tag = "Payments", params(PaymentFilter),
    responses((status = 200, description = "A page of payments", body = List<PaymentView>),
              (status = 422, description = "A parameter makes no sense")))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Filter(filter): Filter<PaymentFilter>,
) -> Result<Json<List<PaymentView>>, Problem> {
    let query = PaymentQuery {
        owner: super::owner(&caller, filter.customer.as_deref())?,
        outcome: filter
            .outcome
            .as_deref()
            .map(|name| super::one_of("outcome", &Outcome::NAMES, name))
            .transpose()?,
        reason: filter.reason.map(reason).transpose()?,
    };
    let page = listing::page("payments", filter.limit.as_deref(), filter.cursor.as_deref())?;
    let payments = api.rentals.payments(&caller.actor(), &query, &page).await?;
    Ok(Json(List::of("payments", payments, PaymentView::from)))
}

fn reason(name: String) -> Result<ExceptionReason, Problem> {
    serde_json::from_value(name.into()).map_err(|_| {
        Problem::invalid("filter.invalid", "reason is one such as underpaid, overpaid, late or duplicate")
    })
}

/// Show a payment
#[utoipa::path(get, path = "/v1/payments/{tx}", tag = "Payments",
    params(("tx" = String, Path, description = "The transaction's hash, in hex", example = "fbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb")),
    responses((status = 200, description = "The payment", body = PaymentView),
              (status = 404, description = "There is no such payment, or it names no invoice of yours")))]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Param(tx): Param<TxHash>,
) -> Result<Json<PaymentView>, Problem> {
    let payment = api.rentals.payment(&caller.actor(), tx).await?;
    Ok(Json(payment.into()))
}

#[cfg(test)]
mod tests {
    use mockall::predicate::{always, eq};
    use rental_core::{Outcome, Owner, Page};

    use super::*;
    use crate::testing::{Shop, payment, with_key};

    #[tokio::test]
    async fn the_list_shows_what_settled_and_what_did_not() {
        let mut rentals = with_key();
        let query = PaymentQuery {
            owner: Owner::Integrator("demo".parse().expect("a name")),
            outcome: Some("exception"),
            reason: Some(ExceptionReason::Underpaid),
        };
        rentals.expect_payments().with(always(), eq(query), always()).returning(|_, _, _| {
            let odd = Payment {
                outcome: Outcome::Exception { reason: ExceptionReason::Underpaid },
                comment: Comment::Encrypted,
                invoice: None,
                ..payment()
            };
            Ok(Page { items: vec![payment(), odd], next: None })
        });
        let shop = Shop::new(rentals);
        let answer = shop.get("/v1/payments?outcome=exception&reason=underpaid").await;
        insta::assert_json_snapshot!(answer.json());
        for query in ["outcome=ignored", "reason=none"] {
            assert_eq!(shop.get(&format!("/v1/payments?{query}")).await.code(), "filter.invalid");
        }
    }

    #[tokio::test]
    async fn one_payment_is_found_by_its_hash() {
        let mut rentals = with_key();
        rentals.expect_payment().with(always(), eq(payment().tx)).returning(|_, _| Ok(payment()));
        let shop = Shop::new(rentals);
        let answer = shop.get(&format!("/v1/payments/{}", payment().tx)).await;
        assert_eq!(answer.json()["tx_hash"], payment().tx.to_string());
        assert_eq!(shop.get("/v1/payments/12").await.code(), "payment.not_found");
    }
}
