//! Being a person by hand, over HTTP and in plain text.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};

use crate::chat::Chat;
use crate::wait;
use crate::world::Shared;

const HELP: &str = "\
GET  /play/calls            what the bot has asked for
GET  /play/ID               what stands in the chat with person ID
POST /play/ID/send          the body is what the person types; ?language=ru for another client
POST /play/ID/press         the body is the text or data of a button of the newest message that has it
POST /play/ID/share/BUTTON  the body is the number of the person that is picked
POST /play/ID/block         and /unblock
";

type Answer = Result<String, (StatusCode, String)>;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { HELP }))
        .route(
            "/calls",
            get(|State(shared): State<Arc<Shared>>| async move {
                wait::transcript(&shared.look(), usize::MAX) + "\n"
            }),
        )
        .route("/{person}", get(show))
        .route("/{person}/send", post(send))
        .route("/{person}/press", post(press))
        .route("/{person}/share/{button}", post(share))
        .route("/{person}/block", post(block))
        .route("/{person}/unblock", post(unblock))
}

/// The person, who comes into being when first named.
fn chat(shared: Arc<Shared>, id: i64, language: &str) -> Chat {
    shared.change(|world| {
        world.people.meet(id, language);
    });
    Chat::new(shared, id, id)
}

async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<i64>) -> String {
    chat(shared, id, "en").shown() + "\n"
}

async fn send(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
    Query(query): Query<HashMap<String, String>>,
    text: String,
) -> Answer {
    let language = query.get("language").map_or("en", String::as_str);
    let chat = chat(Arc::clone(&shared), id, language);
    if shared.look().people.known[&id].blocked {
        return Err((StatusCode::CONFLICT, "this person blocks the bot\n".to_owned()));
    }
    Ok(format!("#{}\n", chat.send(text.trim())))
}

async fn press(State(shared): State<Arc<Shared>>, Path(id): Path<i64>, name: String) -> Answer {
    let (chat, name) = (chat(shared, id, "en"), name.trim());
    let messages = chat.messages();
    let found = messages.iter().rev().find(|message| message.data(name).is_some());
    let Some(message) = found else {
        return Err((StatusCode::NOT_FOUND, format!("there is no button {name} that reaches the bot\n")));
    };
    let query = chat.press(message, name);
    let answer = tokio::time::timeout(std::time::Duration::from_secs(5), query.answer()).await;
    Ok(match answer {
        Ok(answer) => format!("{}\n", answer.text.unwrap_or_default()),
        Err(_) => "the bot has not answered within 5 seconds\n".to_owned(),
    })
}

async fn share(
    State(shared): State<Arc<Shared>>,
    Path((id, button)): Path<(i64, String)>,
    picked: String,
) -> Answer {
    let wrong = || (StatusCode::BAD_REQUEST, "the body must be a person's number\n".to_owned());
    let picked = picked.trim().parse().map_err(|_| wrong())?;
    let chat = chat(shared, id, "en");
    if chat.request_of(&button).is_none() {
        return Err((StatusCode::NOT_FOUND, format!("there is no button {button} that asks for people\n")));
    }
    Ok(format!("#{}\n", chat.share(&button, &[picked])))
}

async fn block(State(shared): State<Arc<Shared>>, Path(id): Path<i64>) {
    chat(shared, id, "en").block();
}

async fn unblock(State(shared): State<Arc<Shared>>, Path(id): Path<i64>) {
    chat(shared, id, "en").unblock();
}
