//! The parameters of a call, however they were sent.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::{Form, body};
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The largest body: a photo of 10 MB and its fields.
const LARGEST: usize = 11 << 20;

/// Named values. A form has only texts; what stands for a number or an object in them is read as such when it is asked
/// for, as Telegram does.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pub(crate) fields: Map<String, Value>,
    pub(crate) files: HashMap<String, Bytes>,
}

impl Params {
    /// Takes them from the query and from a body of JSON, of a form or of several parts.
    pub(crate) async fn read(request: Request) -> Result<Self, Refusal> {
        let mut params = Self::default();
        if let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()) {
            params.add(pairs);
        }
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => {
                let body = body::to_bytes(request.into_body(), LARGEST).await;
                let body = body.map_err(|_| Refusal::custom(413, "Request Entity Too Large".to_owned()))?;
                match serde_json::from_slice(&body) {
                    Ok(Value::Object(fields)) => params.fields.extend(fields),
                    _ => return Err(Refusal::bad("can't parse request body as JSON object")),
                }
            }
            "application/x-www-form-urlencoded" => {
                let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
                params.add(form.map_err(|_| Refusal::bad("can't parse request body as a form"))?.0);
            }
            "multipart/form-data" => {
                let parts = Multipart::from_request(request, &()).await;
                let unreadable = || Refusal::bad("can't parse request body as multipart/form-data");
                let mut parts = parts.map_err(|_| unreadable())?;
                while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
                    let name = part.name().unwrap_or_default().to_owned();
                    if part.file_name().is_some() {
                        let content = part.bytes().await.map_err(|_| unreadable())?;
                        params.files.insert(name, content);
                    } else {
                        let text = part.text().await.map_err(|_| unreadable())?;
                        params.fields.insert(name, Value::String(text));
                    }
                }
            }
            _ => {}
        }
        Ok(params)
    }

    fn add(&mut self, pairs: Vec<(String, String)>) {
        self.fields.extend(pairs.into_iter().map(|(name, text)| (name, Value::String(text))));
    }

    /// A text; none when it is not there or `null`.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.fields.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text.trim().parse();
        number.map(Some).map_err(|_| Refusal::bad(&format!("{name} must be a whole number")))
    }

    /// Yes or no; no when it is not there.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| matches!(&*text.to_ascii_lowercase(), "true" | "yes" | "1"))
    }

    /// An object or a list.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, Refusal> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| Refusal::bad(&format!("can't parse {name} JSON object"))),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// The message that is meant.
    pub(crate) fn message_id(&self) -> Result<i32, Refusal> {
        let id = self.integer("message_id")?.and_then(|id| i32::try_from(id).ok());
        id.filter(|id| *id > 0).ok_or_else(|| Refusal::bad("message identifier is not specified"))
    }
}
