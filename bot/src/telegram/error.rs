//! Why a call of the Bot API failed, in the kinds that callers act on.

use std::time::Duration;

use serde::Deserialize;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TelegramError {
    /// Nothing can be sent there: the user blocked the bot, never started it, is gone, or the chat does not exist.
    #[error("the chat cannot be reached: {0}")]
    Blocked(String),
    /// The message or the query is not there any more, or too old to be changed.
    #[error("it is gone: {0}")]
    Gone(String),
    /// The message looks like that already.
    #[error("the message looks like that already")]
    NotModified,
    /// Too fast; nothing was done.
    #[error("too fast, to be tried again in {} s", .0.as_secs())]
    RetryAfter(Duration),
    /// The group has another id now.
    #[error("the group has another id now")]
    Migrated(i64),
    /// Somebody else asks for updates with this token, or a webhook is set.
    #[error("{0}")]
    TakenOver(String),
    /// The token is not valid.
    #[error("Telegram does not know this token; check BOT_TOKEN")]
    Unauthorized,
    /// The call was understood and refused; sent again, it is refused again.
    #[error("refused with {code}: {description}")]
    Refused {
        /// The code, mostly 400.
        code: u16,
        /// Telegram's words.
        description: String,
    },
    /// It was done, but the answer makes no sense to us.
    #[error("done, but the answer could not be read: {0}")]
    Unreadable(String),
    /// No answer, or a broken one. The call may or may not have been carried out.
    #[error("no answer: {0}")]
    Unavailable(String),
}

/// What every answer of the Bot API looks like.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) error_code: u16,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) parameters: Parameters,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

/// Beginnings of descriptions that mean [`TelegramError::Gone`]; the words stand in no specification, but have been
/// the same for years.
const GONE: [&str; 9] = [
    "message to edit not found",
    "message to delete not found",
    "message can't be edited",
    "message can't be deleted",
    "message identifier is not specified",
    "there is no text in the message to edit",
    "there is no caption in the message to edit",
    "query is too old",
    "message_id_invalid",
];

impl From<Refusal> for TelegramError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { error_code: code, description, parameters } = refusal;
        let reason = description.split_once(": ").map_or(description.as_str(), |(_, reason)| reason);
        let reason = reason.to_ascii_lowercase();
        if let Some(seconds) = parameters.retry_after {
            return Self::RetryAfter(Duration::from_secs(seconds));
        }
        if let Some(chat) = parameters.migrate_to_chat_id {
            return Self::Migrated(chat);
        }
        match code {
            401 | 404 => Self::Unauthorized,
            403 => Self::Blocked(description),
            409 => Self::TakenOver(description),
            429 => Self::RetryAfter(Duration::from_secs(1)),
            500.. => Self::Unavailable(description),
            _ if reason.starts_with("message is not modified") => Self::NotModified,
            _ if reason.starts_with("chat not found") || reason.starts_with("user not found") => {
                Self::Blocked(description)
            }
            _ if GONE.iter().any(|gone| reason.starts_with(gone)) => Self::Gone(description),
            _ => Self::Refused { code, description },
        }
    }
}

impl TelegramError {
    /// A short name, for metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::Gone(_) => "gone",
            Self::NotModified => "not_modified",
            Self::RetryAfter(_) => "retry_after",
            Self::Migrated(_) => "migrated",
            Self::TakenOver(_) => "taken_over",
            Self::Unauthorized => "unauthorized",
            Self::Refused { .. } => "refused",
            Self::Unreadable(_) => "unreadable",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> TelegramError {
        serde_json::from_str::<Refusal>(json).expect("an answer").into()
    }

    #[test]
    fn what_telegram_says_is_told_apart() {
        let kind = |code: u16, text: &str| {
            error(&format!(r#"{{"ok":false,"error_code":{code},"description":"{text}"}}"#)).kind()
        };
        for (code, text, wanted) in [
            (403, "Forbidden: bot was blocked by the user", "blocked"),
            (403, "Forbidden: bot can't initiate conversation with a user", "blocked"),
            (400, "Bad Request: chat not found", "blocked"),
            (400, "Bad Request: message to edit not found", "gone"),
            (400, "Bad Request: message can't be deleted for everyone", "gone"),
            (
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
                "gone",
            ),
            (400, "Bad Request: MESSAGE_ID_INVALID", "gone"),
            (
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same",
                "not_modified",
            ),
            (400, "Bad Request: can't parse entities", "refused"),
            (401, "Unauthorized", "unauthorized"),
            (404, "Not Found", "unauthorized"),
            (
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                "taken_over",
            ),
            (502, "Bad Gateway", "unavailable"),
        ] {
            assert_eq!(kind(code, text), wanted, "{text}");
        }
    }

    #[test]
    fn parameters_count_before_words() {
        let flood = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}"#;
        assert_eq!(error(flood), TelegramError::RetryAfter(Duration::from_secs(5)));
        let moved = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100}}"#;
        assert_eq!(error(moved), TelegramError::Migrated(-100));
    }
}
