//! What the unit tests share: an interface on a mocked service, and sample records.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use rental_app::{Health, LocalCounters};
use rental_core::{
    Amount, ApiKey, ApiSecret, ChainCursor, Chains, Comment, Currency, CustomerId, Effect, FakeGateway,
    Holding, Invoice, InvoiceId, InvoiceKind, InvoiceStatus, ManualClock, MockRentals, NumberRecord, Outcome,
    Payload, Payment, PaymentGateway, PhoneNumber, Policy, Quota, Receipt, Rental, Scope, Seconds,
    Shop as ShopRecord, ShopView, Term, Timestamp, TxHash, Ulid,
};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::api::{Api, Parts};

/// 2026-01-01T00:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);

/// An interface on a mocked service.
pub(crate) struct Shop {
    /// The interface.
    pub(crate) api: Api,
    key: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Shop {
    /// An interface with plenty of requests left.
    pub(crate) fn new(rentals: MockRentals) -> Self {
        Self::limited(rentals, 1_000)
    }

    /// An interface with so many requests left.
    pub(crate) fn limited(rentals: MockRentals, limit: u32) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let api = Api::new(Parts {
            rentals: Arc::new(rentals),
            gateway: Arc::new(FakeGateway::new()),
            sandbox: None,
            limiter: Arc::new(LocalCounters::new(clock)),
            quota: Quota { limit, window: Seconds(60) },
            trusted_proxies: Vec::new(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            health: Health::default(),
            leaving: CancellationToken::new(),
            metrics: None,
            places: Semaphore::new(16),
        });
        let key = format!("Bearer {}", ApiSecret::from_entropy([7; 32]).expose());
        Self { api, key }
    }

    /// A GET with the key.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(Some(&self.key), path).await
    }

    /// A GET with the key and these headers.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, Some(&self.key), headers, "").await
    }

    /// A GET with this authorization.
    pub(crate) async fn get_as(&self, authorization: Option<&str>, path: &str) -> Answer {
        self.send(Method::GET, path, authorization, &[], "").await
    }

    /// A POST of JSON with the key.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with(path, body, &[]).await
    }

    /// A POST of JSON with the key and these headers.
    pub(crate) async fn post_with(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(Method::POST, path, Some(&self.key), &all, body).await
    }

    /// A DELETE with the key.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Some(&self.key), &[], "").await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let response = self.api.clone().router().oneshot(request).await.expect("never fails");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        assert!(parts.headers.contains_key("request-id"), "every answer has an id");
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The code of a refusal; checks that it is a proper problem document.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text());
        let json = self.json();
        let id = self.headers["request-id"].to_str().expect("text");
        assert_eq!((&json["status"], &json["request_id"]), (&self.status.as_u16().into(), &id.into()));
        assert!(["type", "title", "detail"].iter().all(|name| json[name].is_string()), "{json}");
        json["code"].as_str().expect("a code").to_owned()
    }
}

/// A mocked service that knows the key.
pub(crate) fn with_key() -> MockRentals {
    let mut rentals = MockRentals::new();
    rentals.expect_authenticate().returning(|_| Ok(key()));
    rentals
}

/// The key of the integrator `demo`.
pub(crate) fn key() -> ApiKey {
    let secret = ApiSecret::from_entropy([7; 32]);
    ApiKey {
        id: secret.id().to_owned(),
        integrator: "demo".parse().expect("a name"),
        digest: secret.digest(),
        scopes: BTreeSet::from([Scope::Read, Scope::Write]),
        created_at: NOW,
        revoked_at: None,
    }
}

/// A number.
pub(crate) fn number() -> PhoneNumber {
    "+88801234567".parse().expect("a number")
}

/// One of the integrator's customers.
pub(crate) fn alice() -> CustomerId {
    "api:demo:alice".parse().expect("a customer")
}

/// A free number.
pub(crate) fn record() -> NumberRecord {
    let plans = vec!["30d=10".parse().expect("a plan")];
    NumberRecord { version: 3, ..NumberRecord::new(number(), plans, NOW) }
}

/// The number, held by Alice.
pub(crate) fn rented() -> NumberRecord {
    let rental = Rental::start(alice(), NOW, Seconds::from_days(30));
    NumberRecord { holding: Holding::Rented(rental), version: 5, ..record() }
}

/// Alice's open invoice.
pub(crate) fn invoice() -> Invoice {
    Invoice {
        id: InvoiceId::new(Ulid::from_parts(NOW.unix() * 1000, 42)),
        kind: InvoiceKind::Rent,
        number: number(),
        customer: alice(),
        term: Term::from_days(30).expect("a term"),
        amount: Amount::whole(Currency::Ton, 10).expect("small"),
        payload: Payload::from_entropy([7; 8]),
        wallet: FakeGateway::new().wallet().address.clone(),
        jetton: None,
        status: InvoiceStatus::Open,
        created_at: NOW,
        expires_at: NOW + Seconds(900),
        waiting: None,
        doubted: false,
        version: 1,
    }
}

/// The payment that settles it.
pub(crate) fn payment() -> Payment {
    Payment {
        tx: TxHash([0xfb; 32]),
        lt: 1_000,
        amount: invoice().amount,
        comment: Comment::Text(invoice().payload.to_string()),
        sender: format!("0:{}", "0".repeat(64)),
        chain_time: NOW + Seconds(60),
        booked_at: NOW + Seconds(63),
        outcome: Outcome::Settled,
        invoice: Some(invoice().id),
        version: 1,
    }
}

/// A receipt for a change with this effect.
pub(crate) fn receipt(effect: Effect) -> Receipt {
    Receipt { effect, changed: true, replayed: false }
}

/// The shop, now.
pub(crate) fn shop_view() -> ShopView {
    ShopView {
        shop: ShopRecord {
            wallet: FakeGateway::new().wallet().clone(),
            usdt: None,
            policy: Policy::default(),
            chain_start: ChainCursor::START,
            opened_at: NOW,
            version: 1,
        },
        chains: Chains::default(),
        now: NOW,
    }
}
