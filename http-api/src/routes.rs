//! One file per resource: its JSON shape, its handlers, and their tests.

mod events;
mod health;
mod invoices;
mod numbers;
mod payments;
mod rentals;
mod sandbox;
mod transfers;

use axum::Router;
use axum::http::HeaderValue;
use axum::response::Response;
use axum::routing::get;
use rental_core::Owner;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::auth::Caller;
use crate::problem::Problem;

pub(crate) use health::exposition;
pub(crate) use invoices::links;

/// What needs an API key.
pub(crate) fn v1() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(numbers::list))
        .routes(routes!(numbers::show))
        .routes(routes!(numbers::history))
        .routes(routes!(invoices::list, invoices::open))
        .routes(routes!(invoices::show))
        .routes(routes!(invoices::cancel))
        .routes(routes!(rentals::list))
        .routes(routes!(rentals::show))
        .routes(routes!(rentals::renew))
        .routes(routes!(transfers::offer, transfers::withdraw))
        .routes(routes!(transfers::accept))
        .routes(routes!(transfers::decline))
        .routes(routes!(payments::list))
        .routes(routes!(payments::show))
        .routes(routes!(events::list))
}

/// What only a sandbox has.
pub(crate) fn sandbox() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(sandbox::pay))
}

/// Whether the program lives and is of use.
pub(crate) fn health() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(health::livez)).routes(routes!(health::readyz))
}

/// The metrics, when they have no port of their own.
pub(crate) fn metrics() -> Router<Api> {
    Router::new().route("/metrics", get(health::metrics))
}

/// The empty body of a request that says everything in its address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Whose things a query asks for: one customer's, or all of the caller's.
fn owner(caller: &Caller, customer: Option<&str>) -> Result<Owner, Problem> {
    Ok(match customer {
        Some(reference) => Owner::Customer(caller.customer(reference)?),
        None => Owner::Integrator(caller.key().integrator.clone()),
    })
}

/// The one of `known` that is called `name`.
fn one_of(filter: &str, known: &[&'static str], name: &str) -> Result<&'static str, Problem> {
    known
        .iter()
        .copied()
        .find(|candidate| *candidate == name)
        .ok_or_else(|| Problem::invalid("filter.invalid", format!("{filter} is one of {}", known.join(", "))))
}

/// The answer, marked when it repeats an earlier one.
fn replayed(replayed: bool, mut answer: Response) -> Response {
    if replayed {
        let yes = HeaderValue::from_static("true");
        answer.headers_mut().insert("idempotent-replayed", yes);
    }
    answer
}
