//! What happens to every request: an id, a time limit, a place among those under way, a problem document when it is
//! refused, one log line and two metrics. Nothing of a number, a customer, a key or a body is written anywhere.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE32_NOPAD;
use futures::FutureExt;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use rental_core::{Entropy, OsEntropy};
use tokio::time::Instant;

use crate::api::Api;
use crate::problem::Problem;

/// How long a request may take.
const LONGEST: Duration = Duration::from_secs(15);
/// How often recorded durations are put into their buckets; until then each takes memory, scraped or not.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
const SECONDS: &str = "rental_http_request_duration_seconds";
const REQUESTS: &str = "rental_http_requests_total";
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Starts collecting this process's metrics, inside a runtime.
pub(crate) fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut turns = tokio::time::interval(UPKEEP_EVERY);
        loop {
            turns.tick().await;
            upkeep.run_upkeep();
        }
    });
    metrics::describe_counter!(REQUESTS, "Requests answered, by route, method and status.");
    metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "How long answers took.");
    Ok(handle)
}

/// Gives the request its id, and the answer what every answer has.
pub(crate) async fn observe(State(api): State<Api>, request: Request, next: Next) -> Response {
    let id = request_id();
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answer.unwrap_or_else(|_| {
        tracing::error!(request_id = id, route, "a request panicked");
        Problem::internal().into_response()
    });
    complete(&mut response, &api, &id);

    let (status, took) = (response.status().as_u16(), begun.elapsed());
    let name = method_name(method.as_str());
    let labels = [("route", route.clone()), ("method", name.to_owned()), ("code", status.to_string())];
    metrics::counter!(REQUESTS, &labels).increment(1);
    metrics::histogram!(SECONDS, "route" => route.clone(), "method" => name).record(took);
    let took = took.as_millis();
    if status >= 500 {
        tracing::warn!(request_id = id, method = name, route, status, ms = took, "answered");
    } else {
        tracing::info!(request_id = id, method = name, route, status, ms = took, "answered");
    }
    response
}

/// Bounds a request's time and the number of requests under way.
pub(crate) async fn bound(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Ok(_place) = api.places.try_acquire() else {
        let detail = "too many requests at once; send it again in a moment";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "server.busy", detail).into_response();
    };
    tokio::time::timeout(LONGEST, next.run(request))
        .await
        .unwrap_or_else(|_| Problem::timeout().into_response())
}

/// Writes the problem document where there is one to write, and the headers of every answer.
fn complete(response: &mut Response, api: &Api, id: &str) {
    let status = response.status();
    let problem = response.extensions_mut().remove::<Problem>();
    let failed = status.is_client_error() || status.is_server_error();
    if let Some(problem) =
        problem.or_else(|| (failed && !is_ours(response)).then(|| Problem::of_status(status)))
    {
        let document = problem.document(&api.public_url, id);
        let body = serde_json::to_vec(&document).expect("text and numbers");
        *response.body_mut() = Body::from(body);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    }
    let headers = response.headers_mut();
    headers.insert("request-id", HeaderValue::try_from(id).expect("letters and digits"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let unset = |name: &HeaderName| !headers.contains_key(name);
    if unset(&header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Whether a handler wrote the body: a page or a report. What a framework refuses is plain text or nothing.
fn is_ours(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        ["text/html", "application/json"].iter().any(|ours| kind.as_bytes().starts_with(ours.as_bytes()))
    })
}

fn request_id() -> String {
    let id = BASE32_NOPAD.encode(&OsEntropy.draw()[..10]);
    format!("req_{}", id.to_ascii_lowercase())
}

/// The method as a label; whatever a client makes up is one label.
fn method_name(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
