//! What the bot says of itself: commands, descriptions, the menu button.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::params::Params;
use crate::people::People;
use crate::refusal::Refusal;
use crate::telegram::{BOT_ID, BOT_NAME};

/// The most commands of one list.
const MOST_COMMANDS: usize = 100;

/// The bot as the author of a message.
pub(crate) fn bot_json() -> Value {
    json!({"id": BOT_ID, "is_bot": true, "first_name": "Rental", "username": BOT_NAME})
}

/// The answer to `getMe`.
pub(crate) fn me() -> Value {
    let mut me = bot_json();
    for (field, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", false),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        me[field] = json!(value);
    }
    me
}

/// Texts and lists by what they are, for whom and in which language.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    commands: BTreeMap<(String, String), Value>,
    texts: BTreeMap<(&'static str, String), String>,
    menus: BTreeMap<Option<i64>, Value>,
}

impl Profile {
    pub(crate) fn set_commands(&mut self, params: &Params, people: &People) -> Result<Value, Refusal> {
        let place = (scope(params, people)?, language(params)?);
        let commands = params.json("commands")?.unwrap_or_else(|| json!([]));
        let list = commands.as_array().ok_or_else(|| Refusal::bad("expected an Array of BotCommand"))?;
        if list.len() > MOST_COMMANDS {
            return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
        }
        for command in list {
            let (name, text) = (command["command"].as_str(), command["description"].as_str());
            let name = name.unwrap_or_default().trim_start_matches('/');
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !(1..=32).contains(&name.len()) || !name.chars().all(fits) {
                return Err(Refusal::bad("BOT_COMMAND_INVALID"));
            }
            if !(1..=256).contains(&text.unwrap_or_default().chars().count()) {
                return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
            }
        }
        self.commands.insert(place, commands);
        Ok(json!(true))
    }

    pub(crate) fn commands(&self, params: &Params, people: &People) -> Result<Value, Refusal> {
        let place = (scope(params, people)?, language(params)?);
        Ok(self.commands.get(&place).cloned().unwrap_or_else(|| json!([])))
    }

    pub(crate) fn delete_commands(&mut self, params: &Params, people: &People) -> Result<Value, Refusal> {
        self.commands.remove(&(scope(params, people)?, language(params)?));
        Ok(json!(true))
    }

    pub(crate) fn set_text(
        &mut self,
        params: &Params,
        field: &'static str,
        longest: usize,
    ) -> Result<Value, Refusal> {
        let text = params.text(field).unwrap_or_default().into_owned();
        if text.chars().count() > longest {
            return Err(Refusal::bad(&format!("{field} is too long")));
        }
        self.texts.insert((field, language(params)?), text);
        Ok(json!(true))
    }

    pub(crate) fn text(&self, params: &Params, field: &'static str) -> Result<Value, Refusal> {
        let text = self.texts.get(&(field, language(params)?)).cloned();
        Ok(json!({field: text.unwrap_or_default()}))
    }

    pub(crate) fn set_menu(&mut self, params: &Params, people: &People) -> Result<Value, Refusal> {
        let chat = params.integer("chat_id")?.map(|_| people.chat(params)).transpose()?;
        let button = params.json("menu_button")?.unwrap_or_else(|| json!({"type": "default"}));
        match button["type"].as_str() {
            Some("commands" | "default") => {}
            Some("web_app") => {
                let url = button["web_app"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("https://") || button["text"].as_str().is_none_or(str::is_empty) {
                    return Err(Refusal::bad(
                        "menu button Web App URL is invalid: Only HTTPS links are allowed",
                    ));
                }
            }
            _ => return Err(Refusal::bad("MenuButton has unsupported type")),
        }
        self.menus.insert(chat, button);
        Ok(json!(true))
    }

    pub(crate) fn menu(&self, params: &Params, people: &People) -> Result<Value, Refusal> {
        let chat = params.integer("chat_id")?.map(|_| people.chat(params)).transpose()?;
        Ok(self.menus.get(&chat).cloned().unwrap_or_else(|| json!({"type": "default"})))
    }
}

fn scope(params: &Params, people: &People) -> Result<String, Refusal> {
    let Some(scope) = params.json("scope")? else { return Ok("default".to_owned()) };
    match scope["type"].as_str() {
        Some(kind @ ("default" | "all_private_chats" | "all_group_chats" | "all_chat_administrators")) => {
            Ok(kind.to_owned())
        }
        Some(kind @ ("chat" | "chat_administrators" | "chat_member")) => {
            let chat = scope["chat_id"].as_i64().unwrap_or_default();
            if !people.known.contains_key(&chat) && !people.rooms.contains_key(&chat) {
                return Err(Refusal::bad("chat not found"));
            }
            Ok(format!("{kind} {chat} {}", scope["user_id"]))
        }
        _ => Err(Refusal::bad("unsupported BotCommandScope type")),
    }
}

fn language(params: &Params) -> Result<String, Refusal> {
    let language = params.text("language_code").unwrap_or_default().into_owned();
    if language.is_empty() || (language.len() == 2 && language.chars().all(|c| c.is_ascii_lowercase())) {
        Ok(language)
    } else {
        Err(Refusal::bad("invalid language code specified"))
    }
}
