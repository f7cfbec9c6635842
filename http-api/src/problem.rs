//! Every refusal, in one shape and from one place: RFC 9457 problem documents.
//!
//! A handler returns a [`Problem`]; it travels as an extension of an empty response, and `observe` writes the body,
//! because only there the request's id is known. Here, and nowhere else, a kind of refusal becomes a status.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rental_core::{DomainError, ErrorKind, ServiceError};
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The status.
    pub(crate) status: StatusCode,
    /// The stable code; programs compare it.
    pub(crate) code: &'static str,
    /// What is wrong and what to do, for people.
    pub(crate) detail: String,
    /// Which parts of the body are wrong.
    pub(crate) errors: Vec<Fault>,
    /// After how many seconds another attempt makes sense.
    pub(crate) retry_after: Option<u64>,
}

/// One wrong part of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// Where: a JSON pointer; empty for the body as a whole.
    #[schema(example = "/term_days")]
    pub(crate) pointer: String,
    /// What is wrong with it.
    pub(crate) detail: String,
}

/// The body of a refusal (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument<'a> {
    /// A link to what the code means.
    #[serde(rename = "type")]
    #[schema(example = "http://127.0.0.1:8080/docs#number.reserved")]
    pub(crate) kind: String,
    /// The status in words.
    #[schema(example = "Conflict")]
    pub(crate) title: &'a str,
    /// The status.
    #[schema(example = 409, minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// The stable code to compare.
    #[schema(example = "number.reserved")]
    pub(crate) code: &'a str,
    /// What happened and what to do, for people.
    #[schema(
        example = "somebody else is about to pay for this number; choose another one or try again later"
    )]
    pub(crate) detail: &'a str,
    /// The request's id, as in the `Request-Id` header; quote it when you ask for help.
    #[schema(example = "req_4uq6jxzh5v3dk2ma")]
    pub(crate) request_id: &'a str,
    /// Which parts of the body are wrong.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    pub(crate) errors: &'a [Fault],
}

/// How long to wait before the same request may succeed.
const TRY_AGAIN_AFTER: u64 = 2;

impl Problem {
    /// A refusal with this status and code.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(TRY_AGAIN_AFTER);
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after }
    }

    /// A well-formed value that makes no sense.
    pub(crate) fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// Something that cannot be read at all.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "request.malformed", detail)
    }

    /// Something is broken on our side; the log says what.
    pub(crate) fn internal() -> Self {
        let detail = "something is broken on our side; quote the request id when you ask for help";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// The request took too long.
    pub(crate) fn timeout() -> Self {
        let detail = "the request took too long; send it again, with the same Idempotency-Key if it had one";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "request.timeout", detail)
    }

    /// The same, blaming this part of the body.
    #[must_use]
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.errors.push(Fault { pointer: pointer.into(), detail: self.detail.clone() });
        self
    }

    /// The same, not to be tried again for so many seconds.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The problem that a bare error response of a framework stands for.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::INTERNAL_SERVER_ERROR => Self::internal(),
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(status, "request.too_large", "the body is larger than 64 KiB")
            }
            other => Self::new(other, "request.malformed", "the request cannot be answered"),
        }
    }

    /// The body, for a request with this id.
    pub(crate) fn document<'a>(&'a self, public_url: &str, request_id: &'a str) -> ProblemDocument<'a> {
        ProblemDocument {
            kind: format!("{public_url}/docs#{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            request_id,
            errors: &self.errors,
        }
    }
}

/// The one place where a kind of refusal becomes a status.
fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        // A customer's limit is a state of the shop, not a rate: 429 would make clients try the same again.
        ErrorKind::Conflict | ErrorKind::Limit => StatusCode::CONFLICT,
        ErrorKind::Denied => StatusCode::FORBIDDEN,
        ErrorKind::Gone => StatusCode::GONE,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let status = status(error.kind());
        if status.is_server_error() {
            tracing::error!(%error, code = error.code(), "a request could not be carried out");
        }
        let detail = match (&error, status) {
            (_, StatusCode::INTERNAL_SERVER_ERROR) => {
                return Self { code: error.code(), ..Self::internal() };
            }
            (ServiceError::Store(_), _) => {
                "the shop cannot answer right now; send the same request again".to_owned()
            }
            _ => error.to_string(),
        };
        Self::new(status, error.code(), detail)
    }
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        ServiceError::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="rental""#));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The codes that a client meets, their statuses and what they mean; shown in the documentation.
pub(crate) const CODES: &[(&str, u16, &str)] = &[
    ("request.malformed", 400, "The request or its JSON cannot be read."),
    ("idempotency.malformed", 400, "The Idempotency-Key is not 1 to 255 visible ASCII characters."),
    ("access.unauthenticated", 401, "There is no valid API key."),
    ("access.scope", 403, "The API key may read but not write, or the other way round."),
    ("access.denied", 403, "You are not allowed to do this."),
    ("customer.banned", 403, "The customer may not rent here."),
    ("route.not_found", 404, "There is nothing at this address."),
    ("number.not_found", 404, "The number is not in the shop."),
    ("invoice.not_found", 404, "There is no such invoice, or it is not yours."),
    ("rental.not_found", 404, "There is no such rental, or it is not yours."),
    ("transfer.not_found", 404, "There is no such transfer, or it is not for this customer."),
    ("payment.not_found", 404, "There is no such payment, or it is not yours."),
    ("route.method_not_allowed", 405, "The address exists, but not with this method; see Allow."),
    ("number.reserved", 409, "Somebody else is about to pay for the number."),
    ("number.rented", 409, "Somebody holds the number."),
    ("number.turnover", 409, "The number is being prepared for the next customer."),
    ("number.lost", 409, "The number is not the operator's at present, as the chain shows."),
    ("number.withdrawn", 409, "The number is not offered at present."),
    ("number.restricted", 409, "The number is restricted by Telegram."),
    ("number.pending_deletion", 409, "The number's Telegram account is being deleted."),
    ("number.locked", 409, "The number is locked for maintenance."),
    ("invoice.settled", 409, "The invoice is paid already."),
    ("invoice.paid", 409, "A payment for the invoice has arrived and is being carried out."),
    ("invoice.cancelled", 409, "The invoice was cancelled."),
    ("rental.renewal_open", 409, "A renewal of the rental waits for payment."),
    ("rental.in_grace", 409, "The term is over; renew before handing the number on."),
    ("transfer.open", 409, "The number is offered to somebody already."),
    ("limit.open_invoices", 409, "The customer has as many open invoices as are allowed."),
    ("limit.numbers", 409, "The customer has as many numbers as are allowed."),
    ("invoice.expired", 410, "The invoice's deadline has passed."),
    ("transfer.expired", 410, "The transfer's deadline has passed."),
    ("request.too_large", 413, "The body is larger than 64 KiB."),
    ("request.unsupported_type", 415, "The body is not sent as application/json."),
    ("request.invalid", 422, "The JSON does not have the documented shape; see errors."),
    ("query.invalid", 422, "A query parameter is unknown or given twice."),
    ("number.invalid", 422, "Not a +888 number."),
    ("customer.invalid", 422, "Not a customer reference."),
    ("term.invalid", 422, "Not a term of 1 to 3650 days."),
    ("currency.invalid", 422, "Not a currency: ton or usdt."),
    ("amount.invalid", 422, "Not an amount in smallest units."),
    ("sandbox.invalid", 422, "A transfer like this cannot be made in the sandbox."),
    ("limit.invalid", 422, "Not a limit of 1 to 100."),
    ("cursor.invalid", 422, "Not a next_cursor of this list."),
    ("filter.invalid", 422, "A filter has a value that does not exist."),
    ("plan.not_found", 422, "The number is not offered for this term."),
    ("plan.no_price", 422, "The number has no price in this currency for this term."),
    ("currency.not_accepted", 422, "The shop does not take this currency now."),
    ("term.too_long", 422, "The rental would last longer than ten years."),
    ("transfer.to_self", 422, "The recipient holds the number already."),
    ("person.unknown", 422, "No Telegram user has this id."),
    ("idempotency.mismatch", 422, "The Idempotency-Key was used for another request."),
    ("rate.limited", 429, "Too many requests; see Retry-After."),
    ("internal", 500, "Something is broken on our side."),
    ("request.timeout", 503, "The request took too long."),
    ("server.busy", 503, "Too many requests at once."),
    ("store.unavailable", 503, "The shop cannot answer right now."),
    ("contended", 503, "Too many change the same thing at once."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::{InvoiceId, StoreError, Timestamp, Ulid};

    /// The refusals that an integrator's requests can meet.
    fn reachable() -> Vec<ServiceError> {
        use DomainError as E;
        let until = Timestamp::from_unix(60);
        let mut errors: Vec<ServiceError> = [
            E::NumberUnknown,
            E::NumberReserved,
            E::NumberRented,
            E::NumberInTurnover,
            E::NumberLost,
            E::NumberWithdrawn,
            E::NumberRestricted,
            E::NumberPendingDeletion,
            E::NumberLocked { until },
            E::PlanUnknown,
            E::TermTooLong,
            E::TooManyInvoices { limit: 1 },
            E::TooManyNumbers { limit: 1 },
            E::CustomerBanned,
            E::InvoiceUnknown,
            E::InvoiceSettled,
            E::InvoiceExpired,
            E::InvoiceCancelled,
            E::InvoicePaid,
            E::RentalUnknown,
            E::RenewalOpen { invoice: InvoiceId::new(Ulid::from_parts(1, 1)) },
            E::TransferOpen,
            E::TransferUnknown,
            E::TransferExpired,
            E::TransferToSelf,
            E::PersonUnknown,
            E::RentalInGrace,
            E::PaymentUnknown,
            E::Denied,
        ]
        .map(ServiceError::from)
        .into();
        errors.extend([
            ServiceError::IdempotencyMismatch,
            ServiceError::Contended,
            ServiceError::Unauthenticated,
            ServiceError::Unexpected,
            ServiceError::Store(StoreError::Unavailable("disk".to_owned())),
        ]);
        errors
    }

    #[test]
    fn every_reachable_refusal_is_documented_with_its_status() {
        for error in reachable() {
            let problem = Problem::from(error.clone());
            let documented = CODES.iter().find(|(code, ..)| *code == problem.code);
            assert_eq!(documented.map(|(_, status, _)| *status), Some(problem.status.as_u16()), "{error:?}");
        }
    }

    #[test]
    fn what_is_broken_inside_stays_inside() {
        for error in [
            StoreError::Corrupt("/var/lib/secret".to_owned()),
            StoreError::Unavailable("/var/lib/secret".to_owned()),
        ] {
            let problem = Problem::from(ServiceError::Store(error));
            assert!(!problem.detail.contains("secret"), "{problem:?}");
        }
    }
}
