//! What the server says no with.

use serde_json::{Value, json};

/// An answer with `"ok": false`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    fn new(code: u16, description: String) -> Self {
        Self { code, description, retry_after: None }
    }

    /// 400.
    pub(crate) fn bad(why: &str) -> Self {
        Self::new(400, format!("Bad Request: {why}"))
    }

    /// 401: the token is not this bot's.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized".to_owned())
    }

    /// 403.
    pub(crate) fn forbidden(why: &str) -> Self {
        Self::new(403, format!("Forbidden: {why}"))
    }

    /// 404: there is no such method.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found".to_owned())
    }

    /// 409: two want the updates.
    pub(crate) fn conflict(why: &str) -> Self {
        Self::new(409, format!("Conflict: {why}"))
    }

    /// 429.
    pub(crate) fn too_many(seconds: u32) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        Self { retry_after: Some(seconds), ..Self::new(429, description) }
    }

    /// 500.
    pub(crate) fn internal() -> Self {
        Self::new(500, "Internal Server Error".to_owned())
    }

    /// Code and text as a test wishes.
    pub(crate) fn custom(code: u16, description: String) -> Self {
        Self::new(code, description)
    }

    pub(crate) fn json(&self) -> Value {
        let mut json = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(seconds) = self.retry_after {
            json["parameters"] = json!({"retry_after": seconds});
        }
        json
    }
}
