//! Paying in the sandbox: toy coins for trying the whole way out. The route exists only there, and needs no key.

use axum::Json;
use axum::extract::State;
use rental_core::{Actor, Invoice, InvoiceId};
use rental_ton::{SandboxError, SandboxTransfer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::input::{self, Body, Named};
use crate::problem::Problem;

/// What to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"invoice": "inv_01KDVS8TG0000000000000001A"}))]
pub(crate) struct ToyPayment {
    /// The invoice; may be left out when amount and comment are given.
    #[serde(default)]
    invoice: Option<String>,
    /// How much, in smallest units; the invoice's amount when left out.
    #[serde(default)]
    #[schema(example = "10000000000")]
    amount: Option<String>,
    /// In which currency, `ton` or `usdt`; the invoice's when left out.
    #[serde(default)]
    #[schema(example = "ton")]
    currency: Option<String>,
    /// The comment; the invoice's payload when left out.
    #[serde(default)]
    comment: Option<String>,
}

/// A payment on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToyTransaction)]
pub(crate) struct ToyTransaction {
    /// The transaction's hash; the shop reads it within seconds.
    #[schema(example = "fbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb")]
    tx_hash: String,
}

/// Pay in the sandbox
///
/// Sends toy coins to the shop's sandbox wallet, as a customer's wallet would. Give another amount or comment to see
/// what becomes of a payment that does not fit. Only there with `TON_PROVIDER=sandbox`.
#[utoipa::path(post, path = "/sandbox/pay", tag = "Sandbox", request_body = ToyPayment, security(()),
    responses((status = 200, description = "The transaction", body = ToyTransaction),
              (status = 404, description = "There is no such invoice"),
              (status = 422, description = "A field makes no sense")))]
pub(crate) async fn pay(
    State(api): State<Api>,
    Body(payment): Body<ToyPayment>,
) -> Result<Json<ToyTransaction>, Problem> {
    let invoice = match &payment.invoice {
        // Whoever knows an invoice's id may pay it, as with the real coin.
        Some(id) => Some(api.rentals.invoice(&Actor::System, InvoiceId::named(id)?).await?),
        None => None,
    };
    let transfer = transfer(invoice.as_ref(), payment)?;
    let Some(sandbox) = api.sandbox.clone() else {
        return Err(Problem::internal());
    };
    let appended = tokio::task::spawn_blocking(move || sandbox.append(&transfer)).await;
    match appended {
        Ok(Ok(tx)) => Ok(Json(ToyTransaction { tx_hash: tx.to_string() })),
        Ok(Err(SandboxError::Transfer(why))) => Err(Problem::invalid("sandbox.invalid", why)),
        Ok(Err(error)) => {
            tracing::error!(%error, "the sandbox chain cannot be written");
            Err(Problem::internal())
        }
        Err(error) => {
            tracing::error!(%error, "the sandbox broke");
            Err(Problem::internal())
        }
    }
}

fn transfer(invoice: Option<&Invoice>, payment: ToyPayment) -> Result<SandboxTransfer, Problem> {
    let ToyPayment { invoice: _, amount, currency, comment } = payment;
    let own = invoice.map(|invoice| invoice.amount);
    let currency = match (currency, own) {
        (None, Some(own)) => own.currency(),
        (named, _) => input::currency(named.as_deref()).map_err(|problem| problem.at("/currency"))?,
    };
    let amount = match amount {
        Some(units) => Some(input::amount(&units, currency).map_err(|problem| problem.at("/amount"))?),
        None => own.filter(|own| own.currency() == currency),
    };
    let comment = comment.or_else(|| invoice.map(|invoice| invoice.payload.to_string()));
    let Some((amount, comment)) = amount.zip(comment) else {
        let detail = "name an invoice, or give amount and comment; in another currency than the invoice's, give the amount";
        return Err(Problem::invalid("request.invalid", detail).at("/invoice"));
    };
    Ok(SandboxTransfer::payment(amount, comment))
}

#[cfg(test)]
mod tests {
    use rental_core::{Amount, Currency};

    use super::*;
    use crate::testing::invoice;

    fn payment(amount: Option<&str>, currency: Option<&str>, comment: Option<&str>) -> ToyPayment {
        let text = |text: Option<&str>| text.map(str::to_owned);
        ToyPayment { invoice: None, amount: text(amount), currency: text(currency), comment: text(comment) }
    }

    #[test]
    fn what_is_left_out_is_the_invoices() {
        let invoice = invoice();
        let own = SandboxTransfer::payment(invoice.amount, invoice.payload.to_string());
        assert_eq!(transfer(Some(&invoice), payment(None, None, None)), Ok(own.clone()));
        assert_eq!(transfer(Some(&invoice), payment(None, Some("TON"), None)), Ok(own));
        let ton = |units| Amount::new(Currency::Ton, units).expect("in range");
        let odd = transfer(Some(&invoice), payment(Some("0"), None, Some("hello")));
        assert_eq!(odd, Ok(SandboxTransfer::payment(ton(0), "hello")));
        let usdt = Amount::new(Currency::Usdt, 7).expect("in range");
        let other = transfer(Some(&invoice), payment(Some("7"), Some("usdt"), Some("hello")));
        assert_eq!(other, Ok(SandboxTransfer::payment(usdt, "hello")));
        for (amount, currency, comment) in [
            (None, None, None),
            (Some("0"), None, None),
            (None, None, Some("hello")),
            (None, Some("usdt"), Some("hello")),
        ] {
            let refused = transfer(None, payment(amount, currency, comment)).expect_err("refused");
            assert_eq!(refused.code, "request.invalid");
        }
        let foreign = transfer(Some(&invoice), payment(None, Some("usdt"), None)).expect_err("no amount");
        assert_eq!(foreign.code, "request.invalid");
        let strange = transfer(Some(&invoice), payment(None, Some("eur"), None)).expect_err("no currency");
        assert_eq!(strange.code, "currency.invalid");
    }
}
