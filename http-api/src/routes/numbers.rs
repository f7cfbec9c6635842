//! Numbers: what can be rented, for how long and for how much.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use rental_core::{
    Amount, Currency, HistoryEntry, HistoryKind, NumberRecord, NumberState, PhoneNumber, Plan,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::auth::Caller;
use crate::conditional;
use crate::input::{Filter, Param};
use crate::listing::{self, List};
use crate::problem::Problem;

/// A number of the shop.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Number)]
pub(crate) struct NumberView {
    /// The number.
    #[schema(example = "+88801234567")]
    number: String,
    /// The number, grouped for people.
    #[schema(example = "+888 0123 4567")]
    display: String,
    /// `available`, `reserved`, `rented`, `grace`, `turnover`, `withdrawn`, `restricted`,
    /// `pending_deletion`, or `lost` while its NFT is not the operator's.
    #[schema(example = "available")]
    state: &'static str,
    /// What it is offered for, by term.
    plans: Vec<PlanView>,
    /// When the chain last showed that the number is the operator's; absent when it did not, or was not asked.
    #[schema(example = "2026-01-01T00:00:00Z")]
    verified_at: Option<String>,
    /// Grows with every change.
    #[schema(example = 3)]
    version: u64,
}

/// An offer: this long for this much.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanView {
    /// For how many days of 24 hours.
    #[schema(example = 30)]
    term_days: u32,
    /// The price in nanotons; absent when it cannot be paid in TON.
    #[schema(example = "10000000000")]
    price: Option<String>,
    /// The price in TON for people.
    #[schema(example = "10 TON")]
    price_display: Option<String>,
    /// The price in millionths of a USDT; absent when it cannot be paid in USDT.
    #[schema(example = "25000000")]
    price_usdt: Option<String>,
    /// The price in USDT for people.
    #[schema(example = "25 USDT")]
    price_usdt_display: Option<String>,
}

/// A line of a number's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub(crate) struct HistoryView {
    /// When.
    #[schema(example = "2026-01-01T00:00:00Z")]
    at: String,
    /// The number.
    #[schema(example = "+88801234567")]
    number: String,
    /// `added`, `rented`, `renewed`, `extended`, `transferred`, `expired`, `ended`, `revoked`, `withdrawn`,
    /// `restricted`, `pending_deletion`, `restored`, `lost` or `regained`.
    #[schema(example = "rented")]
    kind: &'static str,
    /// The customer concerned, if it is yours; of a transfer the former holder.
    #[schema(example = "api:demo:alice")]
    customer: Option<String>,
    /// Of a transfer the new holder, if it is yours.
    to: Option<String>,
    /// The invoice that paid for it, if it is yours.
    #[schema(example = "inv_01KDVS8TG0000000000000001A")]
    invoice: Option<String>,
    /// The end of the rental after this, if it is yours.
    #[schema(example = "2026-01-31T00:00:00Z")]
    expires_at: Option<String>,
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        let units = |price: Option<Amount>| price.map(|price| price.units().to_string());
        let display = |price: Option<Amount>| price.map(|price| price.to_string());
        let (ton, usdt) = (plan.price(Currency::Ton), plan.price(Currency::Usdt));
        Self {
            term_days: plan.term().days(),
            price: units(ton),
            price_display: display(ton),
            price_usdt: units(usdt),
            price_usdt_display: display(usdt),
        }
    }
}

impl From<NumberRecord> for NumberView {
    fn from(record: NumberRecord) -> Self {
        Self {
            number: record.number.to_string(),
            display: record.number.pretty(),
            state: record.state().name(),
            verified_at: record.verified_at().map(|at| at.to_string()),
            plans: record.plans.into_iter().map(PlanView::from).collect(),
            version: record.version,
        }
    }
}

impl From<HistoryEntry> for HistoryView {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            at: entry.at.to_string(),
            number: entry.number.to_string(),
            kind: kind(entry.kind),
            customer: entry.customer.map(|customer| customer.to_string()),
            to: entry.to.map(|customer| customer.to_string()),
            invoice: entry.invoice.map(|id| id.to_string()),
            expires_at: entry.expires_at.map(|at| at.to_string()),
        }
    }
}

fn kind(kind: HistoryKind) -> &'static str {
    match kind {
        HistoryKind::Added => "added",
        HistoryKind::Rented => "rented",
        HistoryKind::Renewed => "renewed",
        HistoryKind::Extended => "extended",
        HistoryKind::Transferred => "transferred",
        HistoryKind::Expired => "expired",
        HistoryKind::Ended => "ended",
        HistoryKind::Revoked => "revoked",
        HistoryKind::Withdrawn => "withdrawn",
        HistoryKind::Restricted => "restricted",
        HistoryKind::PendingDeletion => "pending_deletion",
        HistoryKind::Restored => "restored",
        HistoryKind::Lost => "lost",
        HistoryKind::Regained => "regained",
    }
}

/// Which numbers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NumberFilter {
    /// Only numbers in these states, separated by commas.
    #[param(example = "available")]
    state: Option<String>,
    /// How many entries, 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryFilter {
    /// How many entries, 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List numbers
///
/// All numbers of the shop, whoever has them, in the order of their digits.
#[utoipa::path(get, path = "/v1/numbers", tag = "Numbers", params(NumberFilter),
    responses((status = 200, description = "A page of numbers", body = List<NumberView>),
              (status = 422, description = "A parameter makes no sense")))]
pub(crate) async fn list(
    State(api): State<Api>,
    Filter(filter): Filter<NumberFilter>,
) -> Result<Json<List<NumberView>>, Problem> {
    let states = filter.state.as_deref().map(states).transpose()?.unwrap_or_default();
    let page = listing::page("numbers", filter.limit.as_deref(), filter.cursor.as_deref())?;
    let numbers = api.rentals.numbers(&states, &page).await?;
    Ok(Json(List::of("numbers", numbers, NumberView::from)))
}

fn states(text: &str) -> Result<Vec<NumberState>, Problem> {
    text.split(',')
        .map(|name| {
            NumberState::from_name(name).ok_or_else(|| {
                let known = NumberState::ALL.map(NumberState::name).join(", ");
                Problem::invalid("filter.invalid", format!("state is one or more of {known}"))
            })
        })
        .collect()
}

/// Show a number
///
/// Any spelling of the number is understood: `+888 0123 4567`, `88801234567`, `00888-0123-4567`.
#[utoipa::path(get, path = "/v1/numbers/{number}", tag = "Numbers",
    params(("number" = String, Path, description = "The number", example = "+88801234567"),
           ("If-None-Match" = Option<String>, Header, description = "The ETag of the copy you have")),
    responses((status = 200, description = "The number", body = NumberView),
              (status = 304, description = "The copy you have is as new as this"),
              (status = 404, description = "The number is not in the shop"),
              (status = 422, description = "Not a +888 number")))]
pub(crate) async fn show(
    State(api): State<Api>,
    Param(number): Param<PhoneNumber>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = NumberView::from(api.rentals.number(number).await?);
    // The state stands beside the version, because time alone can change it.
    let tag = format!("{}-{}", view.version, view.state);
    Ok(conditional::tagged(&headers, &tag, view))
}

/// Show a number's history
///
/// Who had the number when, oldest first. Names, invoices and dates of customers that are not yours are left out.
#[utoipa::path(get, path = "/v1/numbers/{number}/history", tag = "Numbers",
    params(("number" = String, Path, description = "The number", example = "+88801234567"), HistoryFilter),
    responses((status = 200, description = "A page of lines", body = List<HistoryView>),
              (status = 404, description = "The number is not in the shop"),
              (status = 422, description = "A parameter makes no sense")))]
pub(crate) async fn history(
    State(api): State<Api>,
    caller: Caller,
    Param(number): Param<PhoneNumber>,
    Filter(filter): Filter<HistoryFilter>,
) -> Result<Json<List<HistoryView>>, Problem> {
    let page = listing::page("history", filter.limit.as_deref(), filter.cursor.as_deref())?;
    let lines = api.rentals.history(&caller.actor(), number, &page).await?;
    Ok(Json(List::of("history", lines, HistoryView::from)))
}

#[cfg(test)]
mod tests {
    use mockall::predicate::{always, eq};
    use rental_core::{DomainError, Page, PageRequest, ServiceError, Timestamp};

    use super::*;
    use crate::testing::{Shop, alice, number, record, with_key};

    #[tokio::test]
    async fn the_list_has_its_shape_and_passes_the_filter_on() {
        let mut rentals = with_key();
        rentals
            .expect_numbers()
            .with(eq([NumberState::Available, NumberState::Grace]), eq(PageRequest::first(2)))
            .returning(|_, _| Ok(Page { items: vec![record()], next: Some("+88801234567".to_owned()) }));
        let shop = Shop::new(rentals);
        let answer = shop.get("/v1/numbers?state=available,grace&limit=2").await;
        insta::assert_json_snapshot!(answer.json());
    }

    #[tokio::test]
    async fn every_spelling_shows_the_number() {
        let mut rentals = with_key();
        rentals.expect_number().with(eq(number())).returning(|_| Ok(record()));
        let shop = Shop::new(rentals);
        for spelling in [
            "+88801234567",
            "%2B88801234567",
            "88801234567",
            "0088801234567",
            "+888%200123%204567",
            "888-0123-4567",
        ] {
            let answer = shop.get(&format!("/v1/numbers/{spelling}")).await;
            assert_eq!(answer.status.as_u16(), 200, "{spelling}");
            assert_eq!(answer.headers["etag"], "W/\"3-available\"");
        }
    }

    #[tokio::test]
    async fn unknown_and_impossible_numbers_are_told_apart() {
        let mut rentals = with_key();
        rentals.expect_number().returning(|_| Err(DomainError::NumberUnknown.into()));
        let shop = Shop::new(rentals);
        let answer = shop.get("/v1/numbers/+88801234567").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "number.not_found"));
        for text in ["1", "+12025550100", "%F0%9F%8D%8E", "88801234567%00"] {
            let answer = shop.get(&format!("/v1/numbers/{text}")).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "number.invalid"), "{text}");
        }
        assert_eq!(shop.get("/v1/numbers/%FF").await.status.as_u16(), 400);
    }

    #[tokio::test]
    async fn the_history_has_its_shape() {
        let mut rentals = with_key();
        rentals.expect_history().with(always(), eq(number()), always()).returning(|_, number, _| {
            let entry = |kind, customer| HistoryEntry {
                at: Timestamp::from_unix(1_767_225_600),
                number,
                kind,
                customer,
                to: None,
                invoice: None,
                expires_at: None,
            };
            let items = vec![entry(HistoryKind::Added, None), entry(HistoryKind::Rented, Some(alice()))];
            Ok(Page { items, next: None })
        });
        let answer = Shop::new(rentals).get("/v1/numbers/+88801234567/history").await;
        insta::assert_json_snapshot!(answer.json());
    }

    #[tokio::test]
    async fn a_broken_store_shows_nothing_of_itself() {
        let mut rentals = with_key();
        rentals.expect_number().returning(|_| Err(ServiceError::Unexpected));
        rentals.expect_numbers().returning(|_, _| panic!("a bug"));
        let shop = Shop::new(rentals);
        for path in ["/v1/numbers/+88801234567", "/v1/numbers"] {
            let answer = shop.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "internal"));
        }
    }
}
