//! Invoices: how an integrator's customers pay.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rental_core::{
    Command, Invoice, InvoiceId, InvoiceQuery, InvoiceStatus, PaymentLinks, Receipt, Request, Timestamp,
    WalletLink,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::auth::Caller;
use crate::conditional;
use crate::input::{self, Filter, Param, Post};
use crate::listing::{self, List};
use crate::problem::Problem;

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(crate) struct InvoiceView {
    /// Identifies the invoice.
    #[schema(example = "inv_01KDVS8TG0000000000000001A")]
    pub(crate) id: String,
    /// `rent` for a new rental, `renew` for more time.
    #[schema(example = "rent")]
    kind: &'static str,
    /// The number.
    #[schema(example = "+88801234567")]
    number: String,
    /// Who pays and will hold the number.
    #[schema(example = "api:demo:alice")]
    customer: String,
    /// For how many days.
    #[schema(example = 30)]
    term_days: u32,
    /// The price in the smallest units of its currency (nanotons, or millionths of a USDT); a payment must be exactly
    /// this.
    #[schema(example = "10000000000")]
    amount: String,
    /// What it has to be paid in: `ton` or `usdt`.
    #[schema(example = "ton")]
    currency: &'static str,
    /// The price for people.
    #[schema(example = "10 TON")]
    amount_display: String,
    /// The comment that the payment must carry.
    #[schema(example = "RENT-0V3GZ1M8QK")]
    payload: String,
    /// The address to pay to.
    #[schema(example = "UQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJKZ")]
    wallet: String,
    /// `open`, `settled`, `expired` or `cancelled`.
    #[schema(example = "open")]
    status: &'static str,
    /// Whether a payment made now would be in time.
    payable: bool,
    /// The payment that settled it.
    payment: Option<String>,
    /// When it was opened.
    #[schema(example = "2026-01-01T00:00:00Z")]
    created_at: String,
    /// The deadline: a payment counts when the chain took it by then.
    #[schema(example = "2026-01-01T00:15:00Z")]
    expires_at: String,
    /// Links that open a wallet with everything filled in.
    links: LinksView,
    /// A page to send the customer to.
    #[schema(example = "http://127.0.0.1:8080/pay/inv_01KDVS8TG0000000000000001A")]
    checkout_url: String,
    /// The shop's clock when this was written; count down to `expires_at` from here.
    #[schema(example = "2026-01-01T00:00:00Z")]
    server_time: String,
    /// Grows with every change.
    #[schema(example = 1)]
    version: u64,
}

/// Links that open a wallet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Links)]
pub(crate) struct LinksView {
    /// For QR codes and wallets on the same device.
    #[schema(example = "ton://transfer/UQ…?amount=10000000000&text=RENT-0V3GZ1M8QK")]
    ton: String,
    /// Where only web links can be clicked.
    #[schema(example = "https://app.keeperwallet.com/transfer/UQ…?amount=10000000000&text=RENT-0V3GZ1M8QK")]
    https: String,
    /// One for each wallet app, the most used first.
    wallets: Vec<WalletView>,
}

/// A link that opens one wallet app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WalletLink)]
pub(crate) struct WalletView {
    /// The app's stable name.
    #[schema(example = "tonhub")]
    wallet: String,
    /// The app's name for people.
    #[schema(example = "Tonhub")]
    name: String,
    /// The link.
    #[schema(example = "https://tonhub.com/transfer/UQ…?amount=10000000000&text=RENT-0V3GZ1M8QK")]
    url: String,
}

impl From<WalletLink> for WalletView {
    fn from(link: WalletLink) -> Self {
        let WalletLink { wallet, name, url } = link;
        Self { wallet, name, url }
    }
}

impl From<PaymentLinks> for LinksView {
    fn from(links: PaymentLinks) -> Self {
        let PaymentLinks { ton, https, wallets } = links;
        Self { ton, https, wallets: wallets.into_iter().map(WalletView::from).collect() }
    }
}

impl InvoiceView {
    /// The invoice as it is shown at `now`.
    pub(crate) fn new(api: &Api, invoice: &Invoice, now: Timestamp) -> Self {
        let payment = match invoice.status {
            InvoiceStatus::Settled { tx, .. } => Some(tx.to_string()),
            _ => None,
        };
        Self {
            id: invoice.id.to_string(),
            kind: invoice.kind.name(),
            number: invoice.number.to_string(),
            customer: invoice.customer.to_string(),
            term_days: invoice.term.days(),
            amount: invoice.amount.units().to_string(),
            currency: invoice.amount.currency().name(),
            amount_display: invoice.amount.to_string(),
            payload: invoice.payload.to_string(),
            wallet: invoice.wallet.clone(),
            status: invoice.status.name(),
            payable: invoice.is_payable(now),
            payment,
            created_at: invoice.created_at.to_string(),
            expires_at: invoice.expires_at.to_string(),
            links: links(api, invoice).into(),
            checkout_url: format!("{}/pay/{}", api.public_url, invoice.id),
            server_time: now.to_string(),
            version: invoice.version,
        }
    }

    /// The invoice as a change left it. The time is that of the change, so that a replay shows the same.
    fn just_changed(api: &Api, invoice: &Invoice) -> Self {
        let changed_at = match invoice.status {
            InvoiceStatus::Open => invoice.created_at,
            InvoiceStatus::Settled { at, .. }
            | InvoiceStatus::Expired { at }
            | InvoiceStatus::Cancelled { at } => at,
        };
        Self::new(api, invoice, changed_at)
    }
}

/// The links that pay an invoice.
pub(crate) fn links(api: &Api, invoice: &Invoice) -> PaymentLinks {
    api.gateway.invoice_links(invoice)
}

/// The answer to a request that opened an invoice.
pub(crate) fn created(api: &Api, receipt: Receipt) -> Result<Response, Problem> {
    let replayed = receipt.replayed;
    let view = InvoiceView::just_changed(api, &receipt.invoice()?);
    let location = [(header::LOCATION, format!("/v1/invoices/{}", view.id))];
    let answer = (StatusCode::CREATED, location, Json(view)).into_response();
    Ok(super::replayed(replayed, answer))
}

/// What to rent, for how long, for whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": "+88801234567", "term_days": 30, "customer": "alice"}))]
pub(crate) struct NewInvoice {
    /// The number, in any spelling.
    number: String,
    /// One of the terms that the number is offered for.
    #[schema(minimum = 1, maximum = 3650)]
    term_days: i64,
    /// Your own reference of the customer: 1 to 64 letters, digits or `. _ @ + -`.
    customer: String,
    /// What the customer wants to pay in, `ton` or `usdt`; TON when left out.
    #[serde(default)]
    #[schema(example = "ton")]
    currency: Option<String>,
}

/// Which invoices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvoiceFilter {
    /// Only those with this status: `open`, `settled`, `expired` or `cancelled`.
    #[param(example = "open")]
    status: Option<String>,
    /// Only this customer's.
    #[param(example = "alice")]
    customer: Option<String>,
    /// Only those for this number.
    #[param(example = "+88801234567")]
    number: Option<String>,
    /// How many entries, 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List invoices
///
/// Your customers' invoices, newest first.
#[utoipa::path(get, path = "/v1/invoices", tag = "Invoices", params(InvoiceFilter),
    responses((status = 200, description = "A page of invoices", body = List<InvoiceView>),
              (status = 422, description = "A parameter makes no sense")))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Filter(filter): Filter<InvoiceFilter>,
) -> Result<Json<List<InvoiceView>>, Problem> {
    let query = InvoiceQuery {
        owner: super::owner(&caller, filter.customer.as_deref())?,
        status: filter
            .status
            .as_deref()
            .map(|name| super::one_of("status", &InvoiceStatus::NAMES, name))
            .transpose()?,
        number: filter.number.as_deref().map(input::number).transpose()?,
    };
    let page = listing::page("invoices", filter.limit.as_deref(), filter.cursor.as_deref())?;
    let invoices = api.rentals.invoices(&caller.actor(), &query, &page).await?;
    let now = api.rentals.shop().await?.now;
    let show = |invoice| InvoiceView::new(&api, &invoice, now);
    Ok(Json(List::of("invoices", invoices, show)))
}

/// Open an invoice
///
/// Reserves the number for the customer until the deadline. Of several who ask for one number at once, one gets it;
/// the others are answered `number.reserved`. Price and term stay as they are now, whatever the operator changes later.
#[utoipa::path(post, path = "/v1/invoices", tag = "Invoices", request_body = NewInvoice,
    params(("Idempotency-Key" = Option<String>, Header, description = "Your name for this request: sent again under the same name within 30 days, it acts once")),
    responses((status = 201, description = "The invoice", body = InvoiceView),
              (status = 403, description = "The customer is banned, or the key may not write"),
              (status = 404, description = "The number is not in the shop"),
              (status = 409, description = "The number is not available, or the customer is at a limit"),
              (status = 422, description = "A field makes no sense")))]
pub(crate) async fn open(State(api): State<Api>, post: Post<NewInvoice>) -> Result<Response, Problem> {
    let Post { caller, body, idempotency } = post;
    let command = Command::OpenRent {
        number: input::number(&body.number).map_err(|problem| problem.at("/number"))?,
        term: input::term(body.term_days).map_err(|problem| problem.at("/term_days"))?,
        customer: caller.customer(&body.customer).map_err(|problem| problem.at("/customer"))?,
        currency: input::currency(body.currency.as_deref()).map_err(|problem| problem.at("/currency"))?,
    };
    let request = Request { idempotency, ..Request::new(caller.actor(), command) };
    created(&api, api.rentals.execute(request).await?)
}

/// Show an invoice
#[utoipa::path(get, path = "/v1/invoices/{id}", tag = "Invoices",
    params(("id" = String, Path, description = "The invoice's id", example = "inv_01KDVS8TG0000000000000001A"),
           ("If-None-Match" = Option<String>, Header, description = "The ETag of the copy you have")),
    responses((status = 200, description = "The invoice", body = InvoiceView),
              (status = 304, description = "The copy you have is as new as this"),
              (status = 404, description = "There is no such invoice, or it is not yours")))]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Param(id): Param<InvoiceId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let invoice = api.rentals.invoice(&caller.actor(), id).await?;
    let now = api.rentals.shop().await?.now;
    let payable = if invoice.is_payable(now) { "payable" } else { "closed" };
    let tag = format!("{}-{payable}", invoice.version);
    Ok(conditional::tagged(&headers, &tag, InvoiceView::new(&api, &invoice, now)))
}

/// Cancel an invoice
///
/// Gives the number free again. A payment that arrives all the same is kept for the operator to decide about.
#[utoipa::path(post, path = "/v1/invoices/{id}/cancel", tag = "Invoices",
    params(("id" = String, Path, description = "The invoice's id", example = "inv_01KDVS8TG0000000000000001A"),
           ("Idempotency-Key" = Option<String>, Header, description = "Your name for this request")),
    responses((status = 200, description = "The cancelled invoice", body = InvoiceView),
              (status = 404, description = "There is no such invoice, or it is not yours"),
              (status = 409, description = "The invoice is paid or cancelled already"),
              (status = 410, description = "The invoice has expired"),
              (status = 422, description = "The Idempotency-Key was used for another request")))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    Param(invoice): Param<InvoiceId>,
    post: Post<super::Nothing>,
) -> Result<Response, Problem> {
    let Post { caller, idempotency, .. } = post;
    let command = Command::CancelInvoice { invoice };
    let request = Request { idempotency, ..Request::new(caller.actor(), command) };
    let receipt = api.rentals.execute(request).await?;
    let replayed = receipt.replayed;
    let view = InvoiceView::just_changed(&api, &receipt.invoice()?);
    Ok(super::replayed(replayed, Json(view).into_response()))
}

#[cfg(test)]
mod tests {
    use mockall::predicate::{always, eq};
    use rental_core::{Actor, Currency, DomainError, Effect, Owner, Page, ServiceError};

    use super::*;
    use crate::testing::{Shop, alice, invoice, number, receipt, shop_view, with_key};

    const BODY: &str = r#"{"number":"+888 0123 4567","term_days":30,"customer":"alice"}"#;

    #[tokio::test]
    async fn opening_asks_the_service_and_shows_the_invoice() {
        let mut rentals = with_key();
        rentals
            .expect_execute()
            .withf(|request| {
                let term = rental_core::Term::from_days(30).expect("a term");
                let command =
                    Command::OpenRent { number: number(), term, customer: alice(), currency: Currency::Ton };
                *request == Request::new(Actor::Integrator("demo".parse().expect("a name")), command)
            })
            .returning(|_| Ok(receipt(Effect::Invoice(Box::new(invoice())))));
        let answer = Shop::new(rentals).post("/v1/invoices", BODY).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.headers["location"], format!("/v1/invoices/{}", invoice().id));
        insta::assert_json_snapshot!(answer.json());
    }

    #[tokio::test]
    async fn a_replay_says_so_and_shows_the_same() {
        let mut rentals = with_key();
        rentals.expect_execute().withf(|request| request.idempotency.is_some()).times(2).returning({
            let mut replayed = false;
            move |_| {
                let receipt = Receipt { replayed, ..receipt(Effect::Invoice(Box::new(invoice()))) };
                replayed = true;
                Ok(receipt)
            }
        });
        let shop = Shop::new(rentals);
        let keyed = [("idempotency-key", "k1")];
        let first = shop.post_with("/v1/invoices", BODY, &keyed).await;
        let second = shop.post_with("/v1/invoices", BODY, &keyed).await;
        assert_eq!((first.status, &first.body), (second.status, &second.body));
        assert!(!first.headers.contains_key("idempotent-replayed"));
        assert_eq!(second.headers["idempotent-replayed"], "true");
    }

    #[tokio::test]
    async fn every_refusal_of_the_rules_has_its_status() {
        let refusals: [(ServiceError, u16); 9] = [
            (DomainError::NumberUnknown.into(), 404),
            (DomainError::NumberReserved.into(), 409),
            (DomainError::NumberRented.into(), 409),
            (DomainError::PlanUnknown.into(), 422),
            (DomainError::TooManyInvoices { limit: 10 }.into(), 409),
            (DomainError::CustomerBanned.into(), 403),
            (ServiceError::IdempotencyMismatch, 422),
            (ServiceError::Contended, 503),
            (ServiceError::Store(rental_core::StoreError::Unavailable(String::new())), 503),
        ];
        for (error, status) in refusals {
            let mut rentals = with_key();
            let (code, refusal) = (error.code(), error.clone());
            rentals.expect_execute().returning(move |_| Err(refusal.clone()));
            let answer = Shop::new(rentals).post("/v1/invoices", BODY).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
            assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
        }
    }

    #[tokio::test]
    async fn a_wrong_field_is_named_and_the_service_is_not_asked() {
        let shop = Shop::new(with_key());
        for (body, code, pointer) in [
            (r#"{"number":"1","term_days":30,"customer":"a"}"#, "number.invalid", "/number"),
            (r#"{"number":"+88801234567","term_days":0,"customer":"a"}"#, "term.invalid", "/term_days"),
            (r#"{"number":"+88801234567","term_days":-1,"customer":"a"}"#, "term.invalid", "/term_days"),
            (r#"{"number":"+88801234567","term_days":3651,"customer":"a"}"#, "term.invalid", "/term_days"),
            (r#"{"number":"+88801234567","term_days":30,"customer":""}"#, "customer.invalid", "/customer"),
            (
                r#"{"number":"+88801234567","term_days":30,"customer":"a","currency":"eur"}"#,
                "currency.invalid",
                "/currency",
            ),
            (
                r#"{"number":"+88801234567","term_days":30,"customer":"tg:1"}"#,
                "customer.invalid",
                "/customer",
            ),
            (
                r#"{"number":"+88801234567","term_days":30,"customer":"api:other:a"}"#,
                "customer.invalid",
                "/customer",
            ),
        ] {
            let answer = shop.post("/v1/invoices", body).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, code), "{body}");
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
        }
    }

    #[tokio::test]
    async fn an_invoice_is_shown_only_when_it_changed() {
        let mut rentals = with_key();
        rentals.expect_invoice().with(always(), eq(invoice().id)).returning(|_, _| Ok(invoice()));
        rentals.expect_shop().returning(|| Ok(shop_view()));
        let shop = Shop::new(rentals);
        let path = format!("/v1/invoices/{}", invoice().id);
        let first = shop.get(&path).await;
        let tag = first.headers["etag"].to_str().expect("text").to_owned();
        let second = shop.get_with(&path, &[("if-none-match", &tag)]).await;
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 304));
        assert!(second.body.is_empty());
        assert_eq!(shop.get("/v1/invoices/inv_x").await.code(), "invoice.not_found");
    }

    #[tokio::test]
    async fn the_list_passes_its_filters_on() {
        let mut rentals = with_key();
        let query =
            InvoiceQuery { owner: Owner::Customer(alice()), status: Some("open"), number: Some(number()) };
        rentals
            .expect_invoices()
            .with(always(), eq(query), always())
            .returning(|_, _, _| Ok(Page { items: vec![invoice()], next: None }));
        rentals.expect_shop().returning(|| Ok(shop_view()));
        let shop = Shop::new(rentals);
        let answer = shop.get("/v1/invoices?status=open&customer=alice&number=88801234567").await;
        insta::assert_json_snapshot!(answer.json());
        for (query, code) in [
            ("status=paid", "filter.invalid"),
            ("status=", "filter.invalid"),
            ("customer=tg:1", "customer.invalid"),
            ("number=1", "number.invalid"),
            ("limit=0", "limit.invalid"),
            ("cursor=x", "cursor.invalid"),
            ("order=asc", "query.invalid"),
            ("limit=1&limit=2", "query.invalid"),
        ] {
            let answer = shop.get(&format!("/v1/invoices?{query}")).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, code), "{query}");
        }
    }
}
