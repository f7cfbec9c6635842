//! Connections and calls.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::faults::Fault;
use crate::methods;
use crate::params::Params;
use crate::play;
use crate::polling;
use crate::refusal::Refusal;
use crate::telegram::TOKEN;
use crate::transcript::Call;
use crate::world::{Shared, World};

/// Marks an answer that is not to be given: the connection is closed instead.
#[derive(Clone, Copy, Debug)]
struct Dropped;

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the listener");
    let router = Router::new().nest("/play", play::routes()).fallback(answer).with_state(shared);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it an answer may wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let answer = router.clone().oneshot(request.map(Body::new));
            async move {
                let answer = answer.await.unwrap_or_else(|never: Infallible| match never {});
                if answer.extensions().get::<Dropped>().is_some() {
                    return Err(io::Error::other("the connection is to be closed"));
                }
                Ok(answer)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// Answers `/bot<token>/<method>` and `/file/bot<token>/<path>`.
async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(rest) = path.strip_prefix("/file/bot") {
        let file = rest.strip_prefix(TOKEN).and_then(|rest| shared.look().files.at(rest.strip_prefix('/')?));
        return file.map_or_else(|| refuse(&Refusal::not_found()), IntoResponse::into_response);
    }
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return refuse(&Refusal::not_found());
    };
    if token != TOKEN {
        return refuse(&Refusal::unauthorized());
    }
    let Some(method) = methods::named(method) else { return refuse(&Refusal::not_found()) };
    match Params::read(request).await {
        Ok(params) => call(&shared, method, params).await,
        Err(refusal) => refuse(&refusal),
    }
}

async fn call(shared: &Shared, method: &'static str, params: Params) -> Response {
    let chat = params.integer("chat_id").ok().flatten();
    let mut is_dropped = false;
    if let Some((fault, lifted)) = shared.faults.take(&method.to_ascii_lowercase(), chat) {
        let refusal = match fault {
            Fault::RetryAfter(seconds) => Refusal::too_many(seconds),
            Fault::ServerError => Refusal::internal(),
            Fault::Refuse(code, description) => Refusal::custom(code, description),
            Fault::BadGateway => {
                record(shared, method, chat, params, &Err(Refusal::custom(502, "Bad Gateway".to_owned())));
                return (StatusCode::BAD_GATEWAY, "<html><body>502 Bad Gateway</body></html>")
                    .into_response();
            }
            Fault::DropBefore => {
                record(shared, method, chat, params, &Err(Refusal::custom(0, "dropped".to_owned())));
                return dropped();
            }
            Fault::Hang => {
                shared.change(|world| world.counters.held += 1);
                shared.faults.until_lifted(lifted).await;
                return Box::pin(call(shared, method, params)).await;
            }
            Fault::Delay(by) => {
                tokio::time::sleep(by).await;
                return carry_out(shared, method, chat, params).await;
            }
            Fault::DropAfter => {
                is_dropped = true;
                Refusal::internal()
            }
        };
        if !is_dropped {
            record(shared, method, chat, params, &Err(refusal.clone()));
            return refuse(&refusal);
        }
    }
    let answer = carry_out(shared, method, chat, params).await;
    if is_dropped { dropped() } else { answer }
}

async fn carry_out(shared: &Shared, method: &'static str, chat: Option<i64>, params: Params) -> Response {
    if method == "getUpdates" {
        shared.change(|world| count(world, method, None));
        return match polling::get_updates(shared, &params).await {
            Ok(list) => json(StatusCode::OK, format!("{{\"ok\":true,\"result\":{list}}}")),
            Err(refusal) => {
                shared.change(|world| *world.counters.refused.entry(refusal.code).or_default() += 1);
                refuse(&refusal)
            }
        };
    }
    let outcome = shared.change(|world| {
        let outcome = admit(world, method, chat).and_then(|()| methods::perform(world, method, &params));
        write_down(world, method, chat, params, &outcome);
        outcome
    });
    match outcome {
        Ok(result) => json(StatusCode::OK, format!("{{\"ok\":true,\"result\":{result}}}")),
        Err(refusal) => refuse(&refusal),
    }
}

/// Counts a new message against the limits on speed.
fn admit(world: &mut World, method: &str, chat: Option<i64>) -> Result<(), Refusal> {
    let is_message = method == "copyMessage" || (method.starts_with("send") && method != "sendChatAction");
    let now = world.instant();
    if let (true, Some(chat), Some(flood)) = (is_message, chat, &mut world.flood)
        && let Err(seconds) = flood.admit(chat, now)
    {
        world.counters.flooded += 1;
        return Err(Refusal::too_many(seconds));
    }
    Ok(())
}

fn record(
    shared: &Shared,
    method: &'static str,
    chat: Option<i64>,
    params: Params,
    outcome: &Result<Value, Refusal>,
) {
    shared.change(|world| write_down(world, method, chat, params, outcome));
}

fn write_down(
    world: &mut World,
    method: &'static str,
    chat: Option<i64>,
    params: Params,
    outcome: &Result<Value, Refusal>,
) {
    let (code, answer) = match outcome {
        Ok(result) => (200, result.clone()),
        Err(refusal) => (refusal.code, refusal.description.clone().into()),
    };
    count(world, method, Some(code).filter(|code| *code != 200));
    if method != "getUpdates" {
        let (method, at) = (method.to_owned(), Instant::now());
        world.calls.push(Call { method, at, chat, params: params.fields, code, answer });
    }
}

fn count(world: &mut World, method: &str, refused: Option<u16>) {
    match world.counters.calls.get_mut(method) {
        Some(calls) => *calls += 1,
        None => drop(world.counters.calls.insert(method.to_owned(), 1)),
    }
    if let Some(code) = refused {
        *world.counters.refused.entry(code).or_default() += 1;
    }
}

fn refuse(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::BAD_REQUEST);
    json(status, refusal.json().to_string())
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

fn dropped() -> Response {
    let mut answer = Response::default();
    answer.extensions_mut().insert(Dropped);
    answer
}
