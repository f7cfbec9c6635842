//! Rate limits, announced in the fields of draft-ietf-httpapi-ratelimit-headers-10.
//!
//! Requests are limited at a pace ([`RateLimiter::pace`](rental_core::RateLimiter::pace)): `q` at once, and each of them comes back `w / q` seconds after
//! the one before. `r` says how many are left at once, `t` when all of them are back or, of a refused request, when one
//! is.
//!
//! With the embedded store the requests are counted in this process ([`rental_app::LocalCounters`]) and not in the store: there a
//! count is a transaction of its own that waits for the disk. Measured, on a disk with a very fast flush: 0.46 ms for a
//! count against 0.12 ms for the read that it guards; on others several milliseconds, and always in one line with the
//! payments. The price: after a restart everybody has a whole burst again, and each process counts for itself.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rental_core::Allowance;

use crate::api::Api;
use crate::problem::Problem;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Answers with `answer` as long as `subject` has requests left, and says how many.
///
/// When nobody can count, looking is still allowed and changing is not.
pub(crate) async fn within(
    api: &Api,
    subject: &str,
    method: Method,
    answer: impl Future<Output = Response>,
) -> Response {
    let quota = api.quota;
    let allowance = match api.limiter.pace(subject, quota).await {
        Ok(allowance) => allowance,
        Err(error) if method.is_safe() => {
            tracing::warn!(%error, "requests cannot be counted; a read was let through");
            return answer.await;
        }
        Err(error) => return Problem::from(rental_core::ServiceError::Store(error)).into_response(),
    };
    let Allowance { allowed, remaining, reset_after } = allowance;
    let mut response = if allowed {
        answer.await
    } else {
        let detail = format!(
            "the limit is {} requests per {} s; wait {} s",
            quota.limit, quota.window.0, reset_after.0
        );
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate.limited", detail)
            .retry_after(reset_after.0)
            .into_response()
    };
    let policy = format!(r#""default";q={};w={}"#, quota.limit, quota.window.0);
    let left = format!(r#""default";r={remaining};t={}"#, reset_after.0);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        let value = HeaderValue::try_from(value).expect("digits and quotes");
        response.headers_mut().insert(name, value);
    }
    response
}

/// Limits what needs no key by the address it comes from.
pub(crate) async fn by_address(State(api): State<Api>, request: Request, next: Next) -> Response {
    let subject = address(&api, &request);
    within(&api, &subject, request.method().clone(), next.run(request)).await
}

/// The subject of a request without a key: its address; of IPv6 the /64 that one customer gets.
pub(crate) fn address(api: &Api, request: &Request) -> String {
    match request.extensions().get::<Peer>() {
        Some(Peer(peer)) => subject(client(*peer, request.headers(), &api.trusted_proxies)),
        None => "ip:unknown".to_owned(),
    }
}

/// Who is at the other end: the peer, or behind trusted proxies the last address that one of them saw.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.contains(&peer) {
        return peer;
    }
    let chain: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|entry| entry.trim().parse::<IpAddr>().ok())
        .map(|address| address.to_canonical())
        .collect();
    let seen = chain.into_iter().rev().find(|address| !trusted.contains(address));
    seen.unwrap_or(peer)
}

fn subject(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("ip:{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("ip:{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::{MockRentals, Page};

    use crate::testing::{Shop, key};

    #[tokio::test]
    async fn the_limit_is_announced_and_then_kept() {
        let mut rentals = MockRentals::new();
        rentals.expect_authenticate().returning(|_| Ok(key()));
        rentals.expect_numbers().returning(|_, _| Ok(Page { items: vec![], next: None }));
        let shop = Shop::limited(rentals, 2);
        let answer = shop.get("/v1/numbers").await;
        assert_eq!(answer.headers["ratelimit-policy"], r#""default";q=2;w=60"#);
        assert_eq!(answer.headers["ratelimit"], r#""default";r=1;t=30"#);
        let answer = shop.get("/v1/numbers").await;
        assert_eq!(answer.headers["ratelimit"], r#""default";r=0;t=60"#);
        let answer = shop.get("/v1/numbers").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (429, "rate.limited".to_owned()));
        assert_eq!(answer.json()["detail"], "the limit is 2 requests per 60 s; wait 30 s");
        assert_eq!(answer.headers["ratelimit"], r#""default";r=0;t=30"#);
        assert_eq!(answer.headers["retry-after"], "30");
        assert_eq!(shop.get_as(None, "/livez").await.status, StatusCode::OK);
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("1.1.1.1, 9.9.9.9"));
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.2"));
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        assert_eq!(client(ip("8.8.8.8"), &headers, &trusted), ip("8.8.8.8"));
        assert_eq!(client(ip("::ffff:10.0.0.1"), &headers, &trusted), ip("9.9.9.9"));
        assert_eq!(client(ip("10.0.0.1"), &HeaderMap::new(), &trusted), ip("10.0.0.1"));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_subject() {
        let subjects =
            ["2001:db8::1", "2001:db8::ffff"].map(|text| subject(text.parse().expect("an address")));
        assert_eq!(subjects[0], subjects[1]);
        assert_ne!(
            subject("10.0.0.1".parse().expect("an address")),
            subject("10.0.0.2".parse().expect("an address"))
        );
    }
}
