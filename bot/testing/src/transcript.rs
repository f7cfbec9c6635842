//! What the bot has asked for, in order.

use serde_json::{Map, Value};
use tokio::time::Instant;

/// A call of the bot. Asking for updates is not among them.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method, as Telegram spells it.
    pub method: String,
    /// When it was done or refused.
    pub at: Instant,
    /// The chat it names.
    pub chat: Option<i64>,
    /// Its parameters, as they were sent; without uploaded files.
    pub params: Map<String, Value>,
    /// The code it was refused with, or 200.
    pub code: u16,
    /// The result, or the text of the refusal.
    pub answer: Value,
}

impl Call {
    /// The call was granted.
    pub fn is_ok(&self) -> bool {
        self.code == 200
    }

    /// One line, for printing.
    pub(crate) fn shown(&self) -> String {
        let params = Value::Object(self.params.clone());
        let outcome = if self.is_ok() { "ok".to_owned() } else { format!("{} {}", self.code, self.answer) };
        format!("{} {params} -> {outcome}", self.method)
    }
}
