//! The description of the interface: `/openapi.json` for programs, `/docs` for people.
//!
//! The routes describe themselves; what is the same everywhere (who asks, how much, in which shape it is refused) is
//! added here, so that no route can forget it. The page is rendered from that description alone: it needs no script
//! and nothing from elsewhere.

mod page;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::api::Api;
use crate::checkout;
use crate::problem::ProblemDocument;

#[derive(OpenApi)]
#[openapi(
    info(title = "+888 rentals", version = "1.0.0", license(name = "private"),
        description = "Rent out +888 numbers to your own customers, for TON or USDT.\n\nEvery request under /v1 carries `Authorization: Bearer rk_…`. You see your own customers' invoices, rentals and payments and nothing of anybody else's. Amounts are strings of the smallest units of their `currency` (1 TON = 1000000000, 1 USDT = 1000000), times are RFC 3339 in UTC. Lists are read with `limit` and `cursor`. Every answer carries a `Request-Id`. A POST with an `Idempotency-Key` can be sent again for 30 days without acting twice; the repeated answer carries `Idempotent-Replayed: true`. Within /v1 fields may be added, never removed or changed."),
    components(schemas(ProblemDocument)),
    tags(
        (name = "Numbers", description = "What can be rented."),
        (name = "Invoices", description = "How your customers pay."),
        (name = "Rentals", description = "What your customers hold."),
        (name = "Transfers", description = "Handing a rental on."),
        (name = "Payments", description = "Every coin that came, and what became of it."),
        (name = "Events", description = "What happened, in order."),
        (name = "Sandbox", description = "Trying it out with toy coins."),
        (name = "Operation", description = "For whoever runs this program."),
    ),
    security(("api_key" = []))
)]
struct Outline;

/// The description without any route.
pub(crate) fn outline(public_url: &str) -> utoipa::openapi::OpenApi {
    let mut outline = Outline::openapi();
    outline.servers = Some(vec![utoipa::openapi::Server::new(public_url)]);
    outline
}

/// The routes that show the description of all the others.
pub(crate) fn routes(openapi: utoipa::openapi::OpenApi) -> Router<Api> {
    let mut description = serde_json::to_value(openapi).expect("a description is JSON");
    complete(&mut description);
    let page = page::render(&description);
    Router::new()
        .route("/openapi.json", get(move || async move { kept(Json(description).into_response()) }))
        .route("/docs", get(move || async move { checkout::page(StatusCode::OK, page) }))
}

fn kept(mut response: Response) -> Response {
    let value = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

/// What every operation can answer besides its own.
const ALWAYS: [(&str, &str); 4] = [
    ("400", "The request cannot be read"),
    ("429", "Too many requests; wait as long as Retry-After says"),
    ("500", "Something is broken on our side"),
    ("503", "The shop cannot answer right now; the same request may succeed later"),
];
/// What every operation that needs a key can answer.
const KEYED: [(&str, &str); 2] =
    [("401", "There is no valid API key"), ("403", "The API key may not do this")];
/// What every operation with a body can answer.
const WITH_BODY: [(&str, &str); 3] = [
    ("413", "The body is larger than 64 KiB"),
    ("415", "The body is not sent as application/json"),
    ("422", "The body makes no sense"),
];

/// What is sent under these names looks like this, wherever it is sent. Numbers are understood in too many spellings for
/// a pattern.
const PATTERNS: [(&str, &str); 8] = [
    ("customer", "^[A-Za-z0-9._@+-]{1,64}$"),
    ("to", "^[A-Za-z0-9._@+-]{1,64}$"),
    ("id", "^inv_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("tx", "^[0-9a-f]{64}$"),
    ("token", "^tr_[A-Za-z0-9_-]{32}$"),
    ("cursor", "^[A-Za-z0-9_-]+$"),
    ("amount", "^[0-9]{1,18}$"),
    ("Idempotency-Key", "^[!-~]{1,255}$"),
];

/// Says in `schema` what a value sent under `name` looks like.
fn restrict(name: &str, schema: &mut Value) {
    if let Some((_, pattern)) = PATTERNS.iter().find(|(known, _)| *known == name) {
        schema["pattern"] = (*pattern).into();
    }
}

/// Adds what is the same for all operations.
fn complete(description: &mut Value) {
    let mut bodies = Vec::new();
    let operations = description["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(|path| path.iter_mut().map(|(method, operation)| (method == "post", operation)));
    for (is_post, operation) in operations {
        if operation["tags"][0] == "Operation" {
            continue;
        }
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            restrict(&name, &mut parameter["schema"]);
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        bodies.extend(body.as_str().and_then(|body| body.rsplit('/').next()).map(str::to_owned));
        let is_open = operation["security"] == json!([{}]);
        let common = ALWAYS
            .iter()
            .chain(KEYED.iter().filter(|_| !is_open))
            .chain(WITH_BODY.iter().filter(|_| is_post));
        let Some(responses) = operation["responses"].as_object_mut() else {
            continue;
        };
        for (status, text) in common {
            responses.entry(*status).or_insert_with(|| json!({ "description": text }));
        }
        for (status, response) in responses.iter_mut() {
            response["headers"]["Request-Id"] = header("Names this request; quote it when you ask for help");
            if !matches!(status.as_str(), "500" | "503") {
                response["headers"]["RateLimit"] = header(
                    "Requests left at once (r) and seconds until all are back or, when refused, until one is (t)",
                );
            }
            if matches!(status.as_str(), "429" | "503") {
                response["headers"]["Retry-After"] = header("Seconds to wait");
            }
            if status.starts_with(['4', '5']) {
                let schema = json!({ "$ref": "#/components/schemas/Problem" });
                response["content"]["application/problem+json"] = json!({ "schema": schema });
            }
        }
    }
    for body in bodies {
        let fields = description["components"]["schemas"][body]["properties"].as_object_mut();
        for (name, schema) in fields.into_iter().flatten() {
            restrict(name, schema);
        }
    }
    description["components"]["securitySchemes"]["api_key"] = json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "rk_…",
        "description": "An API key with the scope read (GET) or write (everything else)"
    });
}

fn header(text: &str) -> Value {
    json!({ "description": text, "schema": { "type": "string" } })
}

#[cfg(test)]
mod tests {
    use rental_core::MockRentals;

    use crate::testing::Shop;

    #[tokio::test]
    async fn the_description_is_complete_and_does_not_change_unnoticed() {
        let description = Shop::new(MockRentals::new()).get_as(None, "/openapi.json").await.json();
        for (path, operations) in description["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                let place = format!("{method} {path}");
                assert!(operation["summary"].is_string(), "{place} has no summary");
                let parts = operation.as_object().expect("an operation");
                assert!(parts.values().all(|part| !part.is_null()), "{place} has an empty part");
                if path.starts_with("/v1") {
                    for status in ["400", "401", "403", "429", "500", "503"] {
                        assert!(
                            operation["responses"][status]["content"].is_object(),
                            "{place} lacks {status}"
                        );
                    }
                }
                if operation["requestBody"].is_object() {
                    assert!(operation["responses"]["415"].is_object(), "{place} lacks 415");
                }
            }
        }
        let text = description.to_string();
        let references: Vec<&str> = text.split("\"$ref\":\"#/components/schemas/").skip(1).collect();
        for reference in references {
            let name = reference.split('"').next().expect("a name");
            assert!(description["components"]["schemas"][name].is_object(), "{name} is not described");
        }
        insta::assert_json_snapshot!(description);
    }

    #[tokio::test]
    async fn the_page_shows_every_operation_and_every_code() {
        let shop = Shop::new(MockRentals::new());
        let description = shop.get_as(None, "/openapi.json").await.json();
        let page = shop.get_as(None, "/docs").await;
        assert!(
            page.headers["content-security-policy"].to_str().expect("text").starts_with("default-src 'none'")
        );
        let page = page.text();
        assert!(!page.contains("<script"), "the page needs no script");
        for path in description["paths"].as_object().expect("paths").keys() {
            assert!(page.contains(path), "{path}");
        }
        for (code, ..) in crate::problem::CODES {
            assert!(page.contains(&format!("id=\"{code}\"")), "{code}");
        }
    }
}
