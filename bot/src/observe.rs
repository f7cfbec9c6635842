//! What an operator sees of the running bot: whether it lives, whether it is of use, its metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use rental_app::Health;
use rental_core::Rentals;
use serde_json::json;

/// How long the store may take to answer.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// Starts collecting this process's metrics.
pub(crate) fn collect() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    metrics::describe_counter!("rental_bot_updates_total", "Updates, by how their handling ended.");
    metrics::describe_counter!(
        "rental_bot_refused_total",
        "Presses and messages that the shop refused, by code."
    );
    metrics::describe_counter!("rental_bot_too_fast_total", "Updates beyond a user's limit.");
    metrics::describe_counter!(
        "rental_bot_webhook_refused_total",
        "Updates that came without the webhook's secret."
    );
    metrics::describe_counter!("rental_telegram_calls_total", "Calls of the Bot API, by method and result.");
    Ok(handle)
}

/// The routes: `/livez` touches nothing, `/readyz` asks the store.
pub(crate) fn router(handle: PrometheusHandle, rentals: Arc<dyn Rentals>, health: Health) -> Router {
    let metrics = move || {
        let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        let answer = (kind, handle.render()).into_response();
        async move { answer }
    };
    let ready = move || {
        let (rentals, health) = (Arc::clone(&rentals), health.clone());
        async move { readiness(rentals.as_ref(), &health).await }
    };
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn readiness(rentals: &dyn Rentals, health: &Health) -> impl IntoResponse + use<> {
    let store = matches!(tokio::time::timeout(STORE_WITHIN, rentals.shop()).await, Ok(Ok(_)));
    let failing: Vec<&str> = health
        .workers()
        .into_iter()
        .filter(|(_, worker)| worker.failures > 0)
        .map(|(name, _)| name)
        .collect();
    let (code, status) = match (store, failing.is_empty()) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (true, true) => (StatusCode::OK, "ok"),
        (true, false) => (StatusCode::OK, "degraded"),
    };
    let store = if store { "ok" } else { "unavailable" };
    (code, Json(json!({ "status": status, "store": store, "failing": failing })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::{MockRentals, ServiceError, StoreError};

    #[tokio::test]
    async fn a_bot_without_its_store_is_of_no_use() {
        let mut rentals = MockRentals::new();
        rentals
            .expect_shop()
            .returning(|| Err(ServiceError::Store(StoreError::Unreachable("down".to_owned()))));
        let answer = readiness(&rentals, &Health::default()).await.into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
