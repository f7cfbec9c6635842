//! Reading requests: paths, queries and bodies, each refused with a problem that says what is wrong where.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use rental_core::{
    Amount, AmountError, Currency, CurrencyError, IdempotencyKey, InvoiceId, PhoneNumber, Term,
    TransferToken, TransferTokenError, TxHash,
};
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::auth::Caller;
use crate::problem::Problem;

/// The largest body.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

/// How much of a body that is too large is read and thrown away.
const MOST_DISCARDED: usize = 32 * 1024 * 1024;

/// Refuses a body that says of itself that it is too large.
///
/// Most clients look for an answer only after they have sent everything; were the connection closed before, they would
/// report a broken pipe instead of the refusal. So the body is received and thrown away, unless the client waits to be
/// told to go on (`Expect: 100-continue`) or the body is absurd.
pub(crate) async fn refuse_large(request: Request, next: Next) -> Response {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|text| text.parse::<usize>().ok());
    if declared.is_none_or(|bytes| bytes <= MOST_BYTES) {
        return next.run(request).await;
    }
    if !request.headers().contains_key(header::EXPECT) {
        let mut received = 0;
        let mut body = request.into_body().into_data_stream();
        while let Some(Ok(piece)) = body.next().await
            && received < MOST_DISCARDED
        {
            received += piece.len();
        }
    }
    Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE).into_response()
}

/// A number that somebody wrote, in any spelling.
pub(crate) fn number(text: &str) -> Result<PhoneNumber, Problem> {
    text.parse()
        .map_err(|error: rental_core::NumberError| Problem::invalid("number.invalid", error.to_string()))
}

/// A term in days.
pub(crate) fn term(days: i64) -> Result<Term, Problem> {
    let wrong = || {
        let detail = format!("a term is a whole number of days from 1 to {}", Term::MAX_DAYS);
        Problem::invalid("term.invalid", detail)
    };
    let days = u32::try_from(days).map_err(|_| wrong())?;
    Term::from_days(days).map_err(|_| wrong())
}

/// What to pay in; TON when nothing is said.
pub(crate) fn currency(text: Option<&str>) -> Result<Currency, Problem> {
    let named = text.map_or(Ok(Currency::Ton), str::parse);
    named.map_err(|error: CurrencyError| Problem::invalid("currency.invalid", error.to_string()))
}

/// An amount in the smallest units of `currency`.
pub(crate) fn amount(text: &str, currency: Currency) -> Result<Amount, Problem> {
    Amount::parse_units(text, currency).map_err(|error| {
        let detail = match (error, currency) {
            (AmountError::TooLarge, _) => error.to_string(),
            (_, Currency::Ton) => {
                "an amount is a string of digits: whole nanotons, such as \"10000000000\" for 10 TON"
                    .to_owned()
            }
            (_, Currency::Usdt) => {
                "an amount is a string of digits: millionths, such as \"25500000\" for 25.5 USDT".to_owned()
            }
        };
        Problem::invalid("amount.invalid", detail)
    })
}

/// What a part of a path names. An id that cannot be one names nothing.
pub(crate) trait Named: Sized {
    /// Reads it.
    fn named(text: &str) -> Result<Self, Problem>;
}

impl Named for PhoneNumber {
    fn named(text: &str) -> Result<Self, Problem> {
        number(text)
    }
}

impl Named for InvoiceId {
    fn named(text: &str) -> Result<Self, Problem> {
        Ok(text.parse().map_err(|_| rental_core::DomainError::InvoiceUnknown)?)
    }
}

impl Named for TxHash {
    fn named(text: &str) -> Result<Self, Problem> {
        Ok(text.parse().map_err(|_| rental_core::DomainError::PaymentUnknown)?)
    }
}

impl Named for TransferToken {
    fn named(text: &str) -> Result<Self, Problem> {
        Ok(text.parse().map_err(|_: TransferTokenError| rental_core::DomainError::TransferUnknown)?)
    }
}

/// The one parameter of a path.
#[derive(Debug)]
pub(crate) struct Param<T>(pub(crate) T);

impl<T: Named> FromRequestParts<Api> for Param<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, api)
            .await
            .map_err(|_| Problem::malformed("the address is not valid UTF-8"))?;
        T::named(&text).map(Self)
    }
}

/// The query.
#[derive(Debug)]
pub(crate) struct Filter<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Filter<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(query)| Self(query))
            .map_err(|error| Problem::invalid("query.invalid", error.body_text()))
    }
}

/// A POST: who sends it, what, and under which name of its own.
#[derive(Debug)]
pub(crate) struct Post<T> {
    /// Who.
    pub(crate) caller: Caller,
    /// What.
    pub(crate) body: T,
    /// The client's name for the request; the same request under the same name acts once.
    pub(crate) idempotency: Option<IdempotencyKey>,
}

impl<T: DeserializeOwned> FromRequest<Api> for Post<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, api).await?;
        let (method, path, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
        let bytes = read(Request::from_parts(parts, body), api).await?;
        let request = [method.as_str().as_bytes(), path.path().as_bytes(), &bytes[..]];
        let idempotency = idempotency_key(&headers, &caller, &request)?;
        Ok(Self { caller, body: json(&headers, &bytes)?, idempotency })
    }
}

/// A JSON body of a request that needs no key.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        json(&headers, &read(request, api).await?).map(Self)
    }
}

async fn read(request: Request, api: &Api) -> Result<Bytes, Problem> {
    Bytes::from_request(request, api).await.map_err(|error: BytesRejection| {
        match error.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE),
            _ => Problem::malformed("the body ended early"),
        }
    })
}

fn idempotency_key(
    headers: &HeaderMap,
    caller: &Caller,
    request: &[&[u8]],
) -> Result<Option<IdempotencyKey>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let integrator = caller.key().integrator.clone();
    let key = key
        .to_str()
        .ok()
        .filter(|_| keys.next().is_none())
        .and_then(|key| IdempotencyKey::new(integrator, key, request));
    key.map(Some).ok_or_else(|| {
        let detail = "an Idempotency-Key is 1 to 255 visible ASCII characters, such as a UUID";
        Problem::new(StatusCode::BAD_REQUEST, "idempotency.malformed", detail)
    })
}

/// Reads a JSON body; no body at all counts as an empty object.
fn json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str());
    let is_json = |text: &str| {
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    };
    match media_type {
        Some(Ok(text)) if is_json(text) => {}
        None if bytes.is_empty() => {}
        _ => {
            let detail = "send the body as JSON, with Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request.unsupported_type", detail));
        }
    }
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    // The deserializer would take the members of an array in the order of the fields.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid("request.invalid", "the body is a JSON object, not an array").at(""));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        if error.is_data() {
            Problem::invalid("request.invalid", error.to_string()).at(pointer)
        } else {
            Problem::malformed(format!("the body is not JSON: {error}")).at(pointer)
        }
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::malformed(format!("the body is not one JSON value: {error}")))?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "number")]
        _number: String,
        #[serde(rename = "term_days")]
        _term_days: i64,
    }

    fn refusal(media_type: Option<&'static str>, body: &str) -> (u16, &'static str, Vec<String>) {
        let mut headers = HeaderMap::new();
        headers.extend(media_type.map(|text| (header::CONTENT_TYPE, text.parse().expect("a header"))));
        let problem = json::<Sample>(&headers, body.as_bytes()).expect_err("refused");
        let pointers = problem.errors.into_iter().map(|fault| fault.pointer).collect();
        (problem.status.as_u16(), problem.code, pointers)
    }

    #[test]
    fn a_body_is_refused_with_the_place_that_is_wrong() {
        let json = Some("application/json; charset=utf-8");
        let at = |pointer: &str| vec![pointer.to_owned()];
        assert_eq!(refusal(None, "{}"), (415, "request.unsupported_type", vec![]));
        assert_eq!(refusal(Some("text/plain"), "{}"), (415, "request.unsupported_type", vec![]));
        assert_eq!(refusal(json, "{"), (400, "request.malformed", at("")));
        assert_eq!(refusal(json, "nonsense"), (400, "request.malformed", at("")));
        assert_eq!(refusal(json, r#"{"number":"x","term_days":1} {}"#), (400, "request.malformed", vec![]));
        assert_eq!(refusal(json, "[]"), (422, "request.invalid", at("")));
        assert_eq!(refusal(None, ""), (422, "request.invalid", at("")));
        assert_eq!(refusal(json, r#"{"number":1,"term_days":1}"#), (422, "request.invalid", at("/number")));
        assert_eq!(
            refusal(json, r#"{"number":"x","term_days":"1"}"#),
            (422, "request.invalid", at("/term_days"))
        );
        assert_eq!(
            refusal(json, r#"{"number":"x","term_days":1.5}"#),
            (422, "request.invalid", at("/term_days"))
        );
        assert_eq!(
            refusal(json, r#"{"number":"x","term_days":1,"free":true}"#),
            (422, "request.invalid", at("/free"))
        );
    }
}
