//! The routes, put together.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use metrics_exporter_prometheus::PrometheusHandle;
use rental_app::Health;
use rental_core::{PaymentGateway, Quota, RateLimiter, Rentals};
use rental_ton::Sandbox;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Problem;
use crate::{auth, checkout, docs, input, limit, observe, routes};

/// How many requests are under way at once; more are turned away.
pub(crate) const MOST_REQUESTS: usize = 512;

/// What every handler can reach.
#[derive(Debug, Clone)]
pub(crate) struct Api(Arc<Parts>);

/// The parts of an [`Api`].
pub(crate) struct Parts {
    /// The door of the shop.
    pub(crate) rentals: Arc<dyn Rentals>,
    /// Makes payment links.
    pub(crate) gateway: Arc<dyn PaymentGateway>,
    /// The sandbox's chain, when that is where coins come from.
    pub(crate) sandbox: Option<Sandbox>,
    /// Counts requests.
    pub(crate) limiter: Arc<dyn RateLimiter>,
    /// How many requests a key, or an address without one, has.
    pub(crate) quota: Quota,
    /// Whose word about a client's address counts.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// How this interface is reached from outside; without a slash at the end.
    pub(crate) public_url: String,
    /// How the workers are doing.
    pub(crate) health: Health,
    /// Set when the program is about to end.
    pub(crate) leaving: CancellationToken,
    /// Shows the metrics, when they are not on a port of their own.
    pub(crate) metrics: Option<PrometheusHandle>,
    /// Places of requests under way.
    pub(crate) places: Semaphore,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Api {
    /// The interface made of these parts.
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The whole interface.
    pub(crate) fn router(self) -> Router {
        let keyed =
            |routes: OpenApiRouter<Self>| routes.route_layer(from_fn_with_state(self.clone(), auth::admit));
        let open = |routes: OpenApiRouter<Self>| {
            routes.route_layer(from_fn_with_state(self.clone(), limit::by_address))
        };
        let mut described = OpenApiRouter::with_openapi(docs::outline(&self.public_url))
            .merge(keyed(routes::v1()))
            .merge(open(checkout::routes()));
        if self.sandbox.is_some() {
            described = described.merge(open(routes::sandbox()));
        }
        let described = described.layer(from_fn_with_state(self.clone(), observe::bound));
        let (router, openapi) = described.merge(routes::health()).split_for_parts();
        let router = if self.metrics.is_some() { router.merge(routes::metrics()) } else { router };
        router
            .merge(docs::routes(openapi))
            .fallback(nothing_here)
            .method_not_allowed_fallback(wrong_method)
            .layer(DefaultBodyLimit::max(input::MOST_BYTES))
            .layer(from_fn(input::refuse_large))
            .layer(from_fn_with_state(self.clone(), observe::observe))
            .with_state(self)
    }
}

async fn nothing_here() -> Problem {
    let detail = "there is nothing at this address; /docs lists what there is";
    Problem::new(StatusCode::NOT_FOUND, "route.not_found", detail)
}

async fn wrong_method() -> Problem {
    let detail = "this address exists, but not with this method; the Allow header says which ones do";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "route.method_not_allowed", detail)
}
