//! Buttons under messages.

use serde_json::Value;

use crate::params::Params;
use crate::refusal::Refusal;

/// The most buttons of one keyboard.
const MOST_BUTTONS: usize = 100;
/// The longest callback data, in bytes.
const LONGEST_DATA: usize = 64;
/// The longest text that a button copies, in characters.
const LONGEST_COPY: usize = 256;

/// A button that a person sees.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Button {
    /// What is written on it.
    pub text: String,
    /// What it does.
    pub action: Action,
    /// `danger`, `success` or `primary`, if it has a style.
    pub style: Option<String>,
}

/// What a button does when it is pressed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Sends this to the bot.
    Callback(String),
    /// Opens this.
    Url(String),
    /// Copies this.
    Copy(String),
    /// Something else: the name of the button's field.
    Other(String),
}

impl Button {
    /// For printing.
    pub(crate) fn shown(&self) -> String {
        let text = &self.text;
        match &self.action {
            Action::Callback(data) => format!("[{text} | {data}]"),
            Action::Url(url) => format!("[{text} -> {url}]"),
            Action::Copy(_) => format!("[{text} (copy)]"),
            Action::Other(kind) => format!("[{text} ({kind})]"),
        }
    }
}

/// The parameter `reply_markup`, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Markup {
    /// None was given.
    #[default]
    None,
    /// Buttons under the message.
    Inline(Keyboard),
    /// Buttons in place of the person's keyboard, or the wish to have them gone.
    Reply(Value),
}

/// Buttons under a message, in rows: as they were sent, and read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keyboard {
    pub(crate) sent: Vec<Value>,
    pub(crate) rows: Vec<Vec<Button>>,
}

impl Markup {
    pub(crate) fn read(params: &Params) -> Result<Self, Refusal> {
        let Some(markup) = params.json("reply_markup")? else { return Ok(Self::None) };
        if !markup.is_object() {
            return Err(Refusal::bad("object expected as reply markup"));
        }
        if let Some(rows) = markup.get("inline_keyboard") {
            return Keyboard::read(rows).map(Self::Inline);
        }
        if let Some(rows) = markup.get("keyboard") {
            read_reply_keyboard(rows)?;
        }
        Ok(Self::Reply(markup))
    }

    /// For an edited message, which can have no other.
    pub(crate) fn inline(params: &Params) -> Result<Keyboard, Refusal> {
        match Self::read(params)? {
            Self::None => Ok(Keyboard::default()),
            Self::Inline(keyboard) => Ok(keyboard),
            Self::Reply(_) => Err(Refusal::bad("inline keyboard expected")),
        }
    }
}

impl Keyboard {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let not_rows = || {
            Refusal::bad("field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays")
        };
        let mut keyboard = Self::default();
        for row in value.as_array().ok_or_else(not_rows)? {
            let buttons = row.as_array().ok_or_else(not_rows)?;
            if buttons.is_empty() {
                continue;
            }
            keyboard.rows.push(buttons.iter().map(read_button).collect::<Result<_, _>>()?);
            keyboard.sent.push(row.clone());
        }
        if keyboard.rows.iter().map(Vec::len).sum::<usize>() > MOST_BUTTONS {
            return Err(Refusal::bad("reply markup is too long"));
        }
        Ok(keyboard)
    }
}

fn read_button(value: &Value) -> Result<Button, Refusal> {
    /// The fields that say what a button does.
    const ACTIONS: [&str; 10] = [
        "callback_data",
        "url",
        "copy_text",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "callback_game",
        "pay",
    ];
    let wrong = |why: &str| Refusal::bad(&format!("can't parse inline keyboard button: {why}"));
    let text = value.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| wrong("Field \"text\" must be of type String"))?;
    if text.trim().is_empty() {
        return Err(wrong("Text must be non-empty"));
    }
    let mut given = ACTIONS.iter().filter(|name| value.get(**name).is_some_and(|field| !field.is_null()));
    let Some(name) = given.next() else {
        return Err(wrong("Text buttons are unallowed in the inline keyboard"));
    };
    if given.next().is_some() {
        return Err(wrong("Exactly one of the optional fields must be used"));
    }
    let field = &value[*name];
    let action = match *name {
        "callback_data" => {
            let data =
                field.as_str().ok_or_else(|| wrong("Field \"callback_data\" must be of type String"))?;
            if data.is_empty() || data.len() > LONGEST_DATA {
                return Err(Refusal::bad("BUTTON_DATA_INVALID"));
            }
            Action::Callback(data.to_owned())
        }
        "url" => {
            let url = field.as_str().ok_or_else(|| wrong("Field \"url\" must be of type String"))?;
            check_url(url)?;
            Action::Url(url.to_owned())
        }
        "copy_text" => {
            let copied = field["text"].as_str().unwrap_or_default();
            if copied.is_empty() || copied.encode_utf16().count() > LONGEST_COPY {
                return Err(Refusal::bad("BUTTON_COPY_TEXT_INVALID"));
            }
            Action::Copy(copied.to_owned())
        }
        "web_app" if !field["url"].as_str().is_some_and(|url| url.starts_with("https://")) => {
            return Err(Refusal::bad(
                "inline keyboard button Web App URL is invalid: Only HTTPS links are allowed",
            ));
        }
        other => Action::Other(other.to_owned()),
    };
    let style = value.get("style").and_then(Value::as_str).map(ToOwned::to_owned);
    Ok(Button { text: text.to_owned(), action, style })
}

fn check_url(url: &str) -> Result<(), Refusal> {
    let invalid = |why: &str| Refusal::bad(&format!("inline keyboard button URL '{url}' is invalid: {why}"));
    match url.split_once("://") {
        Some(("http" | "https", rest)) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            if host.is_empty() || host.contains(char::is_whitespace) {
                return Err(invalid("Wrong HTTP URL"));
            }
            Ok(())
        }
        Some(("tg", rest)) if !rest.is_empty() => Ok(()),
        _ => Err(invalid("Unsupported URL protocol")),
    }
}

fn read_reply_keyboard(rows: &Value) -> Result<(), Refusal> {
    let wrong = |why: &str| Refusal::bad(&format!("can't parse keyboard button: {why}"));
    let rows = rows.as_array().ok_or_else(|| wrong("rows must be an Array of Arrays"))?;
    let mut count = 0;
    for row in rows {
        for button in row.as_array().ok_or_else(|| wrong("rows must be an Array of Arrays"))? {
            let text = button.as_str().or_else(|| button["text"].as_str()).unwrap_or_default();
            if text.trim().is_empty() {
                return Err(wrong("Text must be non-empty"));
            }
            if button.get("request_users").is_some_and(|request| request["request_id"].as_i64().is_none()) {
                return Err(wrong("Field \"request_id\" must be of type Number"));
            }
            count += 1;
        }
    }
    match count {
        0 => Err(Refusal::bad("reply keyboard is empty")),
        1..=300 => Ok(()),
        _ => Err(Refusal::bad("reply markup is too long")),
    }
}
