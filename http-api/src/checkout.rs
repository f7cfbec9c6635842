//! The page a customer pays on. It is found by the invoice's id, which cannot be guessed, and never says whose it is.
//!
//! Rendered here, and complete without a script: then it reloads itself. With one, the status and the parts around it
//! are replaced as they change; the element that announces the status stays.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fast_qr::ECL;
use fast_qr::convert::Builder;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rental_core::{
    Actor, DomainError, Invoice, InvoiceKind, InvoiceStatus, Network, ServiceError, Timestamp,
};
use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;
use crate::problem::Problem;
use crate::routes;

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/checkout.js");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page and what it needs.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    let pages = Router::new()
        .route("/pay/{invoice}", get(show))
        .route("/assets/page.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/checkout.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT)));
    pages.into()
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}

/// A page with the headers that every page has.
pub(crate) fn page(status: StatusCode, markup: Markup) -> Response {
    let mut response = (status, markup.into_string()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}

async fn show(State(api): State<Api>, Path(id): Path<String>) -> Response {
    match checkout(&api, &id).await {
        Ok(markup) => page(StatusCode::OK, markup),
        Err(ServiceError::Domain(DomainError::InvoiceUnknown)) => page(StatusCode::NOT_FOUND, unknown()),
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn checkout(api: &Api, id: &str) -> Result<Markup, ServiceError> {
    let id = id.parse().map_err(|_| DomainError::InvoiceUnknown)?;
    // The id is the right to see it: nobody else is asked for.
    let invoice = api.rentals.invoice(&Actor::System, id).await?;
    let view = api.rentals.shop().await?;
    let is_toy = view.shop.wallet.network == Network::Sandbox;
    Ok(render(api, &invoice, view.now, is_toy))
}

/// Where a checkout stands.
struct Stage {
    name: &'static str,
    heading: &'static str,
    advice: &'static str,
    is_final: bool,
}

fn stage(invoice: &Invoice, now: Timestamp) -> Stage {
    let (name, heading, advice, is_final) = match invoice.status {
        InvoiceStatus::Open if invoice.waiting.is_some() => (
            "arrived",
            "Payment received",
            "Your payment has arrived and is being carried out. There is nothing more to do.",
            false,
        ),
        InvoiceStatus::Open if invoice.is_payable(now) => (
            "open",
            "Waiting for your payment",
            "Send exactly this amount with exactly this comment. This page notices by itself.",
            false,
        ),
        InvoiceStatus::Open => (
            "closing",
            "The time to pay is over",
            "Please do not pay any more. A payment that was made in time is still recognised; this takes a moment.",
            false,
        ),
        InvoiceStatus::Settled { .. } => {
            ("settled", "Paid", "Thank you. The number is yours for the term.", true)
        }
        InvoiceStatus::Expired { .. } => (
            "expired",
            "Expired",
            "No payment came in time. Please do not pay any more; go back and ask for a new invoice.",
            true,
        ),
        InvoiceStatus::Cancelled { .. } => (
            "cancelled",
            "Cancelled",
            "This invoice was withdrawn. Please do not pay it; go back and ask for a new one.",
            true,
        ),
    };
    Stage { name, heading, advice, is_final }
}

fn render(api: &Api, invoice: &Invoice, now: Timestamp, is_toy: bool) -> Markup {
    let Stage { name, heading, advice, is_final } = stage(invoice, now);
    let links = routes::links(api, invoice);
    let what = match invoice.kind {
        InvoiceKind::Rent => "Rent",
        InvoiceKind::Renew => "Renew",
    };
    let title = format!("{what} {}", invoice.number.pretty());
    let left = invoice.expires_at.since(now).0;
    let body = html! {
        main id="checkout" data-stage=(name) data-final=(is_final) {
            h1 { (title) }
            p.what { (invoice.term.days()) " days for " strong { (invoice.amount) } }
            div.status {
                p.heading role="status" id="status" { (heading) }
                p id="advice" { (advice) }
            }
            div id="payment" {
                @if name == "open" {
                    p { "Pay until " time datetime=(invoice.expires_at) { (clock(invoice.expires_at)) " UTC" }
                        span id="left" role="timer" data-left=(left) { " (" (left / 60) " min left)" } "." }
                    @if is_toy { p.warning { strong { "Sandbox." } " Toy coins only: never send real coins to this address." } }
                    p.wallets {
                        a.button href=(links.ton) { "Open wallet" }
                        @for wallet in &links.wallets {
                            " " a.button.plain href=(wallet.url) rel="noreferrer" { (wallet.name) }
                        }
                    }
                    figure { (qr(&links.ton)) figcaption { "Scan with a TON wallet" } }
                    dl {
                        dt { "Amount" } dd { code { (invoice.amount.number()) } " " (invoice.amount.currency()) }
                        dt { "Address" } dd { code { (invoice.wallet) } }
                        dt { "Comment (required)" } dd { code { (invoice.payload) } }
                    }
                }
            }
        }
    };
    frame(&title, "/assets/checkout.js", !is_final, &body)
}

/// `2026-01-01 00:15:00`
fn clock(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', "")
}

fn unknown() -> Markup {
    let body = html! {
        main { h1 { "No such invoice" } p { "The address is not complete, or the invoice does not exist. Please go back to where you came from." } }
    };
    frame("No such invoice", "", false, &body)
}

fn frame(title: &str, script: &str, reloads: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                @if reloads { noscript { meta http-equiv="refresh" content="5"; } }
                title { (title) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/assets/page.css";
                @if reloads { script src=(script) defer {} }
            }
            body { (body) }
        }
    }
}

fn qr(link: &str) -> Markup {
    let code = QRBuilder::new(link).ecl(ECL::M).build();
    html! {
        @if let Ok(code) = code {
            div.qr role="img" aria-label="QR code with the payment" { (PreEscaped(SvgBuilder::default().margin(2).to_str(&code))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use rental_core::{Seconds, TxHash};

    use super::*;
    use crate::testing::{NOW, Shop, invoice, shop_view};

    fn shop(change: impl Fn(Invoice) -> Invoice + Send + 'static) -> Shop {
        let mut rentals = rental_core::MockRentals::new();
        rentals.expect_invoice().returning(move |viewer, id| {
            assert_eq!(*viewer, Actor::System);
            if id == invoice().id { Ok(change(invoice())) } else { Err(DomainError::InvoiceUnknown.into()) }
        });
        rentals.expect_shop().returning(|| Ok(shop_view()));
        Shop::new(rentals)
    }

    async fn text(change: impl Fn(Invoice) -> Invoice + Send + 'static) -> String {
        let answer = shop(change).get_as(None, &format!("/pay/{}", invoice().id)).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.text()
    }

    #[tokio::test]
    async fn an_open_invoice_shows_all_that_a_payer_needs_and_not_who_it_is() {
        let page = text(|invoice| invoice).await;
        for part in [
            "+888 0123 4567",
            "10 TON",
            "RENT-",
            &invoice().wallet,
            "ton://transfer/",
            "Test wallet",
            "<svg",
            r#"role="status""#,
            r#"lang="en""#,
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("alice") && !page.contains("demo"), "{page}");
    }

    #[tokio::test]
    async fn every_stage_says_what_to_do_and_only_an_open_one_asks_for_money() {
        let late = Invoice { expires_at: NOW.minus(Seconds(1)), ..invoice() };
        let waiting = Invoice { waiting: Some(TxHash([1; 32])), ..invoice() };
        let ended = |status| Invoice { status, ..invoice() };
        for (invoice, heading, reloads) in [
            (late, "The time to pay is over", true),
            (waiting, "Payment received", true),
            (ended(InvoiceStatus::Settled { tx: TxHash([1; 32]), at: NOW }), "Paid", false),
            (ended(InvoiceStatus::Expired { at: NOW }), "Expired", false),
            (ended(InvoiceStatus::Cancelled { at: NOW }), "Cancelled", false),
        ] {
            let page = text(move |_| invoice.clone()).await;
            assert!(page.contains(heading) && !page.contains("ton://") && !page.contains("<svg"), "{page}");
            assert_eq!(page.contains("http-equiv=\"refresh\""), reloads, "{heading}");
        }
    }

    #[tokio::test]
    async fn an_unknown_invoice_is_a_page_too_and_pages_are_kept_by_nobody() {
        for id in ["inv_x", "inv_01KDVS8TG0000000000000001B", "..%2F"] {
            let answer = shop(|invoice| invoice).get_as(None, &format!("/pay/{id}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
            assert!(answer.text().contains("No such invoice"));
            for (name, value) in [
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("x-robots-tag", "noindex, nofollow"),
                ("content-security-policy", POLICY),
            ] {
                assert_eq!(answer.headers[name], value);
            }
        }
    }
}
