//! Being sent updates: for any number of processes behind a load balancer.
//!
//! Telegram sends an update again until it is answered with success, so success is answered only when the update has
//! been handled. Each is handled once: whoever claims it first does it, the others ask Telegram to come back.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::bot::Bot;
use crate::config::Webhook;
use crate::intake::{Handled, Intake};
use crate::memory::Claim;
use crate::telegram::Arrived;

/// The longest body; updates have a few KiB.
const LONGEST_BODY: usize = 1024 * 1024;
const SECRET: &str = "x-telegram-bot-api-secret-token";

#[derive(Clone)]
struct Door {
    bot: Arc<Bot>,
    intake: Intake,
    /// The digest of the secret: comparing digests tells nothing about its length either.
    digest: Arc<[u8]>,
}

/// The route on which updates arrive.
pub(crate) fn router(webhook: &Webhook, bot: Arc<Bot>, intake: Intake) -> Router {
    let digest = Sha256::digest(webhook.secret.expose_secret().as_bytes()).to_vec().into();
    Router::new()
        .route(webhook.path(), post(arrive))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(Door { bot, intake, digest })
}

async fn arrive(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let presented = headers.get(SECRET).map_or(&[][..], |value| value.as_bytes());
    if !bool::from(Sha256::digest(presented).as_slice().ct_eq(&door.digest)) {
        metrics::counter!("rental_bot_webhook_refused_total").increment(1);
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(arrived) = serde_json::from_slice(&body).and_then(Arrived::read) else {
        tracing::warn!("an update could not be read and was skipped");
        return StatusCode::OK; // it would come again for ever
    };
    let id = arrived.id();
    match door.bot.memory.claim(id).await {
        Ok(Claim::Mine) => {}
        Ok(Claim::Done) => return StatusCode::OK,
        Ok(Claim::Busy) => return StatusCode::CONFLICT,
        Err(error) => {
            tracing::warn!(update = id, %error, "an update could not be claimed; it comes again");
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    let handled = door.intake.submit(&arrived).await.unwrap_or(Handled::Failed);
    if let Err(error) = door.bot.memory.finish(id).await {
        tracing::warn!(update = id, ?handled, %error, "an update may be handled again");
    }
    StatusCode::OK
}
