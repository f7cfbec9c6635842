//! Who asks: an API key opens an integrator's part of the shop and nothing else.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rental_core::{Actor, ApiKey, ApiSecret, CustomerId, Scope, ServiceError};

use crate::api::Api;
use crate::limit;
use crate::problem::Problem;

/// The integrator behind a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller(ApiKey);

impl Caller {
    /// In whose name the service acts.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Integrator(self.0.integrator.clone())
    }

    /// The key.
    pub(crate) fn key(&self) -> &ApiKey {
        &self.0
    }

    /// The caller's own customer with this reference.
    pub(crate) fn customer(&self, reference: &str) -> Result<CustomerId, Problem> {
        CustomerId::of_integrator(&self.0.integrator, reference)
            .map_err(|error| Problem::invalid("customer.invalid", error.to_string()))
    }
}

/// Lets a request under `/v1` through when its key is live, may do this, and has requests left.
///
/// A request without a valid key counts against its address, so that guessing keys is as limited as using one.
pub(crate) async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let caller = identify(&api, request.headers()).await;
    let subject = match &caller {
        Ok(caller) => format!("key:{}", caller.key().id),
        Err(_) => limit::address(&api, &request),
    };
    limit::within(&api, &subject, request.method().clone(), async {
        match caller.and_then(|caller| permit(caller, request.method())) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                next.run(request).await
            }
            Err(problem) => problem.into_response(),
        }
    })
    .await
}

async fn identify(api: &Api, headers: &HeaderMap) -> Result<Caller, Problem> {
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, key)| ApiSecret::parse(key.trim()))
        .ok_or(ServiceError::Unauthenticated)?;
    Ok(Caller(api.rentals.authenticate(&secret).await?))
}

fn permit(caller: Caller, method: &Method) -> Result<Caller, Problem> {
    let (scope, name) = if method.is_safe() { (Scope::Read, "read") } else { (Scope::Write, "write") };
    if caller.key().scopes.contains(&scope) {
        Ok(caller)
    } else {
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "access.scope",
            format!("this API key has no {name} scope; ask the operator for one that has"),
        ))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        Ok(caller.ok_or(ServiceError::Unauthenticated)?)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use rental_core::{MockRentals, Page, ServiceError};

    use crate::testing::{Shop, key};

    #[tokio::test]
    async fn only_a_live_key_with_the_scope_gets_in() {
        let mut rentals = MockRentals::new();
        rentals.expect_authenticate().returning(|_| Err(ServiceError::Unauthenticated));
        let shop = Shop::new(rentals);
        for authorization in [None, Some("Bearer x"), Some("Basic YTpi"), Some("Bearer")] {
            let answer = shop.get_as(authorization, "/v1/numbers").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.code(), "access.unauthenticated");
            assert!(answer.headers.contains_key("www-authenticate"));
        }
        assert_eq!(shop.get("/v1/numbers").await.status, StatusCode::UNAUTHORIZED);

        let mut rentals = MockRentals::new();
        rentals.expect_authenticate().returning(|_| {
            let mut key = key();
            key.scopes.remove(&rental_core::Scope::Write);
            Ok(key)
        });
        rentals.expect_numbers().returning(|_, _| Ok(Page { items: vec![], next: None }));
        let shop = Shop::new(rentals);
        assert_eq!(shop.get("/v1/numbers").await.status, StatusCode::OK);
        let answer = shop.post("/v1/invoices", "{}").await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "access.scope".to_owned()));
    }
}
