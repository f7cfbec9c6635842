//! Where updates are posted to.

use serde_json::{Value, json};

use crate::params::Params;
use crate::refusal::Refusal;
use crate::updates::Webhook;
use crate::world::World;

/// How many updates Telegram posts at once, and the most it can be asked for.
const USUAL_CONNECTIONS: i64 = 40;
const MOST_CONNECTIONS: i64 = 100;

pub(super) fn set(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let url = params.text("url").unwrap_or_default().into_owned();
    if url.is_empty() {
        return Ok(delete(world, params));
    }
    // A server of one's own takes http; Telegram's does not. On this host nothing else is possible.
    let is_local = url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
    if !url.starts_with("https://") && !is_local {
        return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let secret = params.text("secret_token").filter(|secret| !secret.is_empty()).map(String::from);
    if let Some(secret) = &secret {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if secret.len() > 256 || !secret.chars().all(fits) {
            return Err(Refusal::bad("secret token contains unallowed characters"));
        }
    }
    let connections = params.integer("max_connections")?.unwrap_or(USUAL_CONNECTIONS);
    let connections = if connections < 1 { USUAL_CONNECTIONS } else { connections.min(MOST_CONNECTIONS) };
    let connections = usize::try_from(connections).expect("it is between 1 and 100");
    world.updates.allow(params.json("allowed_updates")?.as_ref());
    change(world, params, Some(Webhook { url, secret, connections, last_error: None }));
    Ok(json!(true))
}

pub(super) fn delete(world: &mut World, params: &Params) -> Value {
    change(world, params, None);
    json!(true)
}

fn change(world: &mut World, params: &Params, webhook: Option<Webhook>) {
    world.updates.webhook = webhook;
    world.updates.turn += 1;
    if params.flag("drop_pending_updates") {
        world.counters.confirmed += world.updates.pending.len() as u64;
        world.updates.pending.clear();
    }
    world.updates.line_up();
}

pub(super) fn info(world: &World) -> Value {
    let webhook = world.updates.webhook.as_ref();
    let mut info = json!({
        "url": webhook.map_or("", |webhook| &webhook.url),
        "has_custom_certificate": false,
        "pending_update_count": world.updates.pending.len(),
    });
    if let Some(webhook) = webhook {
        info["max_connections"] = json!(webhook.connections);
        if let Some((date, text)) = &webhook.last_error {
            info["last_error_date"] = json!(date);
            info["last_error_message"] = json!(text);
        }
    }
    if let Some(kinds) = &world.updates.allowed {
        info["allowed_updates"] = json!(kinds);
    }
    info
}
