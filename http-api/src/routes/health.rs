//! Whether the program lives, whether it is of use, and its metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use rental_app::WorkerHealth;
use rental_core::{Clock, Seconds, SourceState, SourceStatus, SystemClock, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;

/// How long the store may take to answer.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// A worker that had no good pass for so long is reported.
const WORKER_WITHIN: Seconds = Seconds(120);

/// Whether the program is of use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ok`; `degraded` when a background worker has trouble (requests are answered, payments may be late);
    /// `unavailable` when the store does not answer; `stopping` when the program is about to end.
    #[schema(example = "ok")]
    status: &'static str,
    /// `ok` or `unavailable`.
    #[schema(example = "ok")]
    store: &'static str,
    /// The background workers, by name.
    workers: BTreeMap<&'static str, WorkerReport>,
    /// The providers through which the chain is read; none in the sandbox.
    providers: Vec<ProviderReport>,
}

/// How a provider is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderReport {
    /// Its name.
    #[schema(example = "toncenter")]
    name: String,
    /// `ok`, `failing`, or `left_alone` when it has failed so often that it is not asked for a while.
    #[schema(example = "ok")]
    status: &'static str,
    /// Up to which chain time it has seen the chain.
    read_to: Option<String>,
}

impl From<SourceStatus> for ProviderReport {
    fn from(source: SourceStatus) -> Self {
        let read_to = source.read_to.map(|read_to| read_to.to_string());
        Self { name: source.name, status: source.state.name(), read_to }
    }
}

/// How a background worker is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkerReport {
    /// `ok`, `starting`, `failing` or `stalled`.
    #[schema(example = "ok")]
    status: &'static str,
    /// When a pass last succeeded.
    #[schema(example = "2026-01-01T00:00:00Z")]
    last_success: Option<String>,
    /// How many passes have failed since.
    #[schema(example = 0)]
    failures: u32,
}

impl WorkerReport {
    fn new(health: &WorkerHealth, now: Timestamp) -> Self {
        let status = match health.last_success {
            _ if health.failures > 0 => "failing",
            None => "starting",
            Some(at) if now.since(at) > WORKER_WITHIN => "stalled",
            Some(_) => "ok",
        };
        Self { status, last_success: health.last_success.map(|at| at.to_string()), failures: health.failures }
    }
}

/// Whether the program lives
///
/// Touches nothing: a restart would not mend what is not this program's fault.
#[utoipa::path(get, path = "/livez", tag = "Operation", security(()),
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain")))]
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether the program is of use
///
/// 200 as long as the store answers, also when a worker has trouble; the body says which.
#[utoipa::path(get, path = "/readyz", tag = "Operation", security(()),
    responses((status = 200, description = "Requests are answered", body = Readiness),
              (status = 503, description = "The store does not answer, or the program is about to end", body = Readiness)))]
pub(crate) async fn readyz(State(api): State<Api>) -> Response {
    let now = SystemClock.now();
    let workers: BTreeMap<_, _> =
        api.health.workers().iter().map(|(name, health)| (*name, WorkerReport::new(health, now))).collect();
    let store = match tokio::time::timeout(STORE_WITHIN, api.rentals.shop()).await {
        Ok(Ok(_)) => "ok",
        Ok(Err(_)) | Err(_) => "unavailable",
    };
    let sources = api.gateway.sources();
    let well = workers.values().all(|worker| matches!(worker.status, "ok" | "starting"))
        && sources.iter().all(|source| source.state != SourceState::LeftAlone);
    let providers = sources.into_iter().map(ProviderReport::from).collect();
    let (code, status) = match store {
        _ if api.leaving.is_cancelled() => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        "ok" if well => (StatusCode::OK, "ok"),
        "ok" => (StatusCode::OK, "degraded"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (code, Json(Readiness { status, store, workers, providers })).into_response()
}

/// The metrics on the main port.
pub(crate) async fn metrics(State(api): State<Api>) -> Response {
    match &api.metrics {
        Some(handle) => rendered(handle),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The metrics on a port of their own.
pub(crate) fn exposition(handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(move || async move { rendered(&handle) }))
}

fn rendered(handle: &PrometheusHandle) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, handle.render()).into_response()
}

#[cfg(test)]
mod tests {
    use rental_core::{MockRentals, ServiceError, StoreError};

    use super::*;
    use crate::testing::{Shop, shop_view};

    #[tokio::test]
    async fn only_the_store_makes_it_unready() {
        let mut rentals = MockRentals::new();
        rentals.expect_shop().returning(|| Ok(shop_view()));
        let shop = Shop::new(rentals);
        let answer = shop.get_as(None, "/readyz").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &"ok".into()));
        shop.api.leaving.cancel();
        let answer = shop.get_as(None, "/readyz").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (503, &"stopping".into()));

        let mut rentals = MockRentals::new();
        rentals
            .expect_shop()
            .returning(|| Err(ServiceError::Store(StoreError::Unavailable("down".to_owned()))));
        let shop = Shop::new(rentals);
        let answer = shop.get_as(None, "/readyz").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["store"]), (503, &"unavailable".into()));
        assert_eq!(shop.get_as(None, "/livez").await.status.as_u16(), 200);
    }

    #[test]
    fn a_worker_is_judged_by_its_last_good_pass() {
        let now = Timestamp::from_unix(10_000);
        let status = |last_success, failures| {
            let health = WorkerHealth { last_success, failures, last_error: None };
            WorkerReport::new(&health, now).status
        };
        assert_eq!(status(None, 0), "starting");
        assert_eq!(status(Some(now.minus(Seconds(120))), 0), "ok");
        assert_eq!(status(Some(now.minus(Seconds(121))), 0), "stalled");
        assert_eq!(status(Some(now), 1), "failing");
    }
}
