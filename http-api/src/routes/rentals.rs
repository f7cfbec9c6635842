//! Rentals: the numbers that an integrator's customers hold.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rental_core::{Actor, Command, DomainError, Holding, NumberRecord, PhoneNumber, Request};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::invoices::{self, InvoiceView};
use crate::api::Api;
use crate::auth::Caller;
use crate::input::{self, Filter, Param, Post};
use crate::listing::{self, List};
use crate::problem::Problem;

/// A rental.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rental)]
pub(crate) struct RentalView {
    /// The number.
    #[schema(example = "+88801234567")]
    number: String,
    /// The number, grouped for people.
    #[schema(example = "+888 0123 4567")]
    display: String,
    /// Who holds it.
    #[schema(example = "api:demo:alice")]
    customer: String,
    /// `active`, or `grace` when the term is over and the holder may still renew.
    #[schema(example = "active")]
    state: &'static str,
    /// When it began; a transfer does not change it.
    #[schema(example = "2026-01-01T00:00:00Z")]
    started_at: String,
    /// The end of what is paid for.
    #[schema(example = "2026-01-31T00:00:00Z")]
    expires_at: String,
    /// In grace: when the number is taken back.
    grace_until: Option<String>,
    /// The open invoice for more time.
    renewal_invoice: Option<String>,
    /// The open offer to hand the number on.
    transfer: Option<OfferView>,
    /// Grows with every change of the number.
    #[schema(example = 5)]
    version: u64,
}

/// An open offer to hand a number on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenTransfer)]
pub(crate) struct OfferView {
    /// To whom, if to somebody in particular.
    #[schema(example = "api:demo:bob")]
    to: Option<String>,
    /// The last moment to accept.
    #[schema(example = "2026-01-02T00:00:00Z")]
    expires_at: String,
}

impl RentalView {
    /// The rental in `record`, as `viewer` may see it.
    ///
    /// # Errors
    /// When nobody holds the number.
    pub(crate) fn new(viewer: &Actor, record: &NumberRecord) -> Result<Self, Problem> {
        let rental = record.rental().ok_or(DomainError::RentalUnknown)?;
        let grace_until = match &record.holding {
            Holding::Grace { until, .. } => Some(until.to_string()),
            _ => None,
        };
        let transfer = rental.transfer.as_ref().map(|offer| OfferView {
            to: offer.to.as_ref().filter(|to| viewer.may_see(to)).map(ToString::to_string),
            expires_at: offer.expires_at.to_string(),
        });
        Ok(Self {
            number: record.number.to_string(),
            display: record.number.pretty(),
            customer: rental.holder.to_string(),
            state: if grace_until.is_some() { "grace" } else { "active" },
            started_at: rental.started_at.to_string(),
            expires_at: rental.expires_at.to_string(),
            grace_until,
            renewal_invoice: rental.renewal.map(|renewal| renewal.invoice.to_string()),
            transfer,
            version: record.version,
        })
    }
}

/// Which rentals.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RentalFilter {
    /// Only this customer's.
    #[param(example = "alice")]
    customer: Option<String>,
    /// How many entries, 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// For how much longer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"term_days": 30}))]
pub(crate) struct Renewal {
    /// One of the terms that the number is offered for.
    #[schema(minimum = 1, maximum = 3650)]
    term_days: i64,
    /// What the customer wants to pay in, `ton` or `usdt`; TON when left out.
    #[serde(default)]
    #[schema(example = "ton")]
    currency: Option<String>,
}

/// List rentals
///
/// The numbers that your customers hold, in term or in grace, in the order of their digits.
#[utoipa::path(get, path = "/v1/rentals", tag = "Rentals", params(RentalFilter),
    responses((status = 200, description = "A page of rentals", body = List<RentalView>),
              (status = 422, description = "A parameter makes no sense")))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Filter(filter): Filter<RentalFilter>,
) -> Result<Json<List<RentalView>>, Problem> {
    let owner = super::owner(&caller, filter.customer.as_deref())?;
    let page = listing::page("rentals", filter.limit.as_deref(), filter.cursor.as_deref())?;
    let viewer = caller.actor();
    let rentals = api.rentals.rentals(&viewer, &owner, &page).await?;
    let List { data, next_cursor } = List::of("rentals", rentals, |record| RentalView::new(&viewer, &record));
    let data = data.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(List { data, next_cursor }))
}

/// Show a rental
#[utoipa::path(get, path = "/v1/rentals/{number}", tag = "Rentals",
    params(("number" = String, Path, description = "The number", example = "+88801234567")),
    responses((status = 200, description = "The rental", body = RentalView),
              (status = 404, description = "None of your customers holds this number"),
              (status = 422, description = "Not a +888 number")))]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Param(number): Param<PhoneNumber>,
) -> Result<Json<RentalView>, Problem> {
    let viewer = caller.actor();
    let record = api.rentals.rental(&viewer, number).await?;
    RentalView::new(&viewer, &record).map(Json)
}

/// Renew a rental
///
/// Opens an invoice. Once it is paid the end moves by exactly the term: from the present end, or in grace from now.
/// One renewal at a time.
#[utoipa::path(post, path = "/v1/rentals/{number}/renew", tag = "Rentals", request_body = Renewal,
    params(("number" = String, Path, description = "The number", example = "+88801234567"),
           ("Idempotency-Key" = Option<String>, Header, description = "Your name for this request")),
    responses((status = 201, description = "The invoice", body = InvoiceView),
              (status = 403, description = "The customer is banned, or the key may not write"),
              (status = 404, description = "None of your customers holds this number"),
              (status = 409, description = "A renewal is open already, or the customer is at a limit"),
              (status = 422, description = "The number is not offered for this term")))]
pub(crate) async fn renew(
    State(api): State<Api>,
    Param(number): Param<PhoneNumber>,
    post: Post<Renewal>,
) -> Result<Response, Problem> {
    let Post { caller, body, idempotency } = post;
    let term = input::term(body.term_days).map_err(|problem| problem.at("/term_days"))?;
    let currency = input::currency(body.currency.as_deref()).map_err(|problem| problem.at("/currency"))?;
    let command = Command::OpenRenewal { number, term, currency };
    let request = Request { idempotency, ..Request::new(caller.actor(), command) };
    invoices::created(&api, api.rentals.execute(request).await?)
}

#[cfg(test)]
mod tests {
    use mockall::predicate::{always, eq};
    use rental_core::{Currency, Effect, Owner, Page, Seconds, Term, TransferOffer};

    use super::*;
    use crate::testing::{NOW, Shop, alice, invoice, number, receipt, rented, with_key};

    #[tokio::test]
    async fn the_list_shows_terms_grace_and_offers() {
        let mut rentals = with_key();
        rentals.expect_rentals().with(always(), eq(Owner::Customer(alice())), always()).returning(
            |_, _, _| {
                let mut offered = rented();
                if let Holding::Rented(rental) = &mut offered.holding {
                    rental.transfer = Some(TransferOffer {
                        token_digest: "secret".to_owned(),
                        to: Some("api:other:bob".parse().expect("a customer")),
                        offered_at: NOW,
                        expires_at: NOW + Seconds::from_hours(24),
                    });
                }
                let mut late = rented();
                late.holding = Holding::Grace {
                    rental: late.rental().expect("rented").clone(),
                    until: NOW + Seconds::from_days(31),
                };
                Ok(Page { items: vec![rented(), offered, late], next: None })
            },
        );
        let answer = Shop::new(rentals).get("/v1/rentals?customer=alice").await;
        insta::assert_json_snapshot!(answer.json());
    }

    #[tokio::test]
    async fn somebody_elses_rental_does_not_exist() {
        let mut rentals = with_key();
        rentals
            .expect_rental()
            .with(always(), eq(number()))
            .returning(|_, _| Err(DomainError::RentalUnknown.into()));
        let answer = Shop::new(rentals).get("/v1/rentals/+88801234567").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "rental.not_found"));
    }

    #[tokio::test]
    async fn renewing_opens_an_invoice() {
        let mut rentals = with_key();
        rentals
            .expect_execute()
            .withf(|request| {
                let term = Term::from_days(30).expect("a term");
                request.command == Command::OpenRenewal { number: number(), term, currency: Currency::Ton }
            })
            .returning(|_| Ok(receipt(Effect::Invoice(Box::new(invoice())))));
        let shop = Shop::new(rentals);
        let answer = shop.post("/v1/rentals/88801234567/renew", r#"{"term_days":30}"#).await;
        assert_eq!(answer.status.as_u16(), 201);
        assert!(answer.headers.contains_key("location"));
        assert_eq!(shop.post("/v1/rentals/88801234567/renew", "").await.code(), "request.invalid");
    }
}
