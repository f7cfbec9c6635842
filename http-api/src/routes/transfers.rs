//! Transfers: handing a rental on with a one-time token.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rental_core::{Command, CustomerId, Effect, PhoneNumber, Receipt, Request, ServiceError, TransferToken};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rentals::RentalView;
use crate::api::Api;
use crate::auth::Caller;
use crate::input::{Param, Post};
use crate::problem::Problem;

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": "bob"}))]
pub(crate) struct NewTransfer {
    /// Your own reference of the recipient; left out, whoever has the token can accept.
    #[serde(default)]
    to: Option<String>,
}

/// An offer that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
pub(crate) struct TransferView {
    /// The number.
    #[schema(example = "+88801234567")]
    number: String,
    /// The token to give to the recipient; shown once.
    #[schema(example = "tr_AAAAFKzpLgcHBwcHBwcHBwcHBwcHBwcH")]
    token: String,
    /// The last moment to accept.
    #[schema(example = "2026-01-02T00:00:00Z")]
    expires_at: String,
}

/// Who answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"customer": "bob"}))]
pub(crate) struct Recipient {
    /// Your own reference of the customer who answers.
    customer: String,
}

/// Offer a transfer
///
/// Offers the number to somebody else. Term and price stay; until it is accepted nothing changes. One offer at a time.
#[utoipa::path(post, path = "/v1/rentals/{number}/transfers", tag = "Transfers", request_body = NewTransfer,
    params(("number" = String, Path, description = "The number", example = "+88801234567"),
           ("Idempotency-Key" = Option<String>, Header, description = "Your name for this request")),
    responses((status = 201, description = "The offer and its token", body = TransferView),
              (status = 404, description = "None of your customers holds this number"),
              (status = 409, description = "An offer or a renewal is open, or the term is over"),
              (status = 422, description = "The recipient makes no sense or holds the number already")))]
pub(crate) async fn offer(
    State(api): State<Api>,
    Param(number): Param<PhoneNumber>,
    post: Post<NewTransfer>,
) -> Result<Response, Problem> {
    let Post { caller, body, idempotency } = post;
    let to = body.to.as_deref().map(|to| caller.customer(to)).transpose();
    let to = to.map_err(|problem| problem.at("/to"))?;
    let command = Command::OfferTransfer { number, to };
    let request = Request { idempotency, ..Request::new(caller.actor(), command) };
    let Receipt { effect, replayed, .. } = api.rentals.execute(request).await?;
    let Effect::Offer { number, token, expires_at } = effect else {
        return Err(ServiceError::Unexpected.into());
    };
    let view = TransferView { number: number.to_string(), token, expires_at: expires_at.to_string() };
    let answer = (StatusCode::CREATED, Json(view)).into_response();
    Ok(super::replayed(replayed, answer))
}

/// Take an offer back
#[utoipa::path(delete, path = "/v1/rentals/{number}/transfers", tag = "Transfers",
    params(("number" = String, Path, description = "The number", example = "+88801234567")),
    responses((status = 204, description = "The offer is withdrawn; its token is worth nothing now"),
              (status = 404, description = "There is no such rental or no open offer"),
              (status = 422, description = "Not a +888 number")))]
pub(crate) async fn withdraw(
    State(api): State<Api>,
    caller: Caller,
    Param(number): Param<PhoneNumber>,
) -> Result<StatusCode, Problem> {
    let command = Command::WithdrawTransfer { number };
    api.rentals.execute(Request::new(caller.actor(), command)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accept a transfer
///
/// The number changes hands at once.
#[utoipa::path(post, path = "/v1/transfers/{token}/accept", tag = "Transfers", request_body = Recipient,
    params(("token" = String, Path, description = "The offer's token", example = "tr_AAAAFKzpLgcHBwcHBwcHBwcHBwcHBwcH"),
           ("Idempotency-Key" = Option<String>, Header, description = "Your name for this request")),
    responses((status = 200, description = "The rental, now the recipient's", body = RentalView),
              (status = 403, description = "The recipient is banned, or the key may not write"),
              (status = 404, description = "There is no such transfer, or it is not for this customer"),
              (status = 409, description = "The number cannot be handed on now, or the recipient is at a limit"),
              (status = 410, description = "The transfer has expired"),
              (status = 422, description = "The customer makes no sense or holds the number already")))]
pub(crate) async fn accept(
    State(api): State<Api>,
    Param(token): Param<TransferToken>,
    post: Post<Recipient>,
) -> Result<Response, Problem> {
    let (request, caller) =
        answering(post, |customer| Command::AcceptTransfer { offer: token.into(), customer })?;
    let receipt = api.rentals.execute(request).await?;
    let replayed = receipt.replayed;
    let view = RentalView::new(&caller.actor(), &receipt.number()?)?;
    Ok(super::replayed(replayed, Json(view).into_response()))
}

/// Decline a transfer
#[utoipa::path(post, path = "/v1/transfers/{token}/decline", tag = "Transfers", request_body = Recipient,
    params(("token" = String, Path, description = "The offer's token", example = "tr_AAAAFKzpLgcHBwcHBwcHBwcHBwcHBwcH"),
           ("Idempotency-Key" = Option<String>, Header, description = "Your name for this request")),
    responses((status = 204, description = "The offer is closed; the holder keeps the number"),
              (status = 404, description = "There is no such transfer, or it is not for this customer"),
              (status = 410, description = "The transfer has expired"),
              (status = 422, description = "The customer makes no sense")))]
pub(crate) async fn decline(
    State(api): State<Api>,
    Param(token): Param<TransferToken>,
    post: Post<Recipient>,
) -> Result<Response, Problem> {
    let (request, _) =
        answering(post, |customer| Command::DeclineTransfer { offer: token.into(), customer })?;
    let receipt = api.rentals.execute(request).await?;
    Ok(super::replayed(receipt.replayed, StatusCode::NO_CONTENT.into_response()))
}

fn answering(
    post: Post<Recipient>,
    command: impl FnOnce(CustomerId) -> Command,
) -> Result<(Request, Caller), Problem> {
    let Post { caller, body, idempotency } = post;
    let customer = caller.customer(&body.customer).map_err(|problem| problem.at("/customer"))?;
    let request = Request { idempotency, ..Request::new(caller.actor(), command(customer)) };
    Ok((request, caller))
}

#[cfg(test)]
mod tests {
    use rental_core::DomainError;

    use super::*;
    use crate::testing::{NOW, Shop, alice, number, receipt, rented, with_key};

    fn token() -> TransferToken {
        TransferToken::new(number(), [7; 16])
    }

    #[tokio::test]
    async fn an_offer_shows_its_token_once() {
        let mut rentals = with_key();
        rentals
            .expect_execute()
            .withf(|request| {
                let to = Some("api:demo:bob".parse().expect("a customer"));
                request.command == Command::OfferTransfer { number: number(), to }
            })
            .returning(|_| {
                let token = token().expose();
                Ok(receipt(Effect::Offer { number: number(), token, expires_at: NOW }))
            });
        let shop = Shop::new(rentals);
        let answer = shop.post("/v1/rentals/88801234567/transfers", r#"{"to":"bob"}"#).await;
        assert_eq!(answer.status.as_u16(), 201);
        insta::assert_json_snapshot!(answer.json());
        let answer = shop.post("/v1/rentals/88801234567/transfers", r#"{"to":"tg:1"}"#).await;
        assert_eq!(answer.code(), "customer.invalid");
    }

    #[tokio::test]
    async fn an_accepted_transfer_shows_the_rental() {
        let mut rentals = with_key();
        rentals
            .expect_execute()
            .withf(|request| {
                request.command == Command::AcceptTransfer { offer: token().into(), customer: alice() }
            })
            .returning(|_| Ok(receipt(Effect::Number(Box::new(rented())))));
        let path = format!("/v1/transfers/{}/accept", token().expose());
        let answer = Shop::new(rentals).post(&path, r#"{"customer":"alice"}"#).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["customer"]), (200, &"api:demo:alice".into()));
    }

    #[tokio::test]
    async fn refusals_of_transfers_have_their_status() {
        for (error, status) in [
            (DomainError::TransferUnknown, 404),
            (DomainError::TransferExpired, 410),
            (DomainError::TransferToSelf, 422),
            (DomainError::TransferOpen, 409),
        ] {
            let mut rentals = with_key();
            let refusal = error.clone();
            rentals.expect_execute().returning(move |_| Err(refusal.clone().into()));
            let path = format!("/v1/transfers/{}/decline", token().expose());
            let answer = Shop::new(rentals).post(&path, r#"{"customer":"alice"}"#).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, error.code()));
        }
        let answer = Shop::new(with_key()).post("/v1/transfers/tr_x/accept", r#"{"customer":"alice"}"#).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "transfer.not_found"));
    }

    #[tokio::test]
    async fn withdrawing_and_declining_answer_without_a_body() {
        let mut rentals = with_key();
        rentals.expect_execute().returning(|_| Ok(receipt(Effect::Done)));
        let shop = Shop::new(rentals);
        let path = format!("/v1/transfers/{}/decline", token().expose());
        let declined = shop.post(&path, r#"{"customer":"alice"}"#).await;
        let withdrawn = shop.delete("/v1/rentals/88801234567/transfers").await;
        for answer in [declined, withdrawn] {
            assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
        }
    }
}
