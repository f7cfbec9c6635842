//! The methods of the Bot API, by subject.

mod editing;
mod sending;
mod webhooks;

use serde_json::{Value, json};

use crate::params::Params;
use crate::query::Answer;
use crate::refusal::Refusal;
use crate::world::World;

/// The longest text that answers a press.
const LONGEST_TOAST: usize = 200;

/// The methods there are, as Telegram spells them. `getUpdates` is answered elsewhere, because it waits.
const METHODS: [&str; 35] = [
    "answerCallbackQuery",
    "copyMessage",
    "deleteMessage",
    "deleteMessages",
    "deleteMyCommands",
    "deleteWebhook",
    "editMessageCaption",
    "editMessageMedia",
    "editMessageReplyMarkup",
    "editMessageText",
    "getChat",
    "getChatMenuButton",
    "getFile",
    "getMe",
    "getMyCommands",
    "getMyDescription",
    "getMyName",
    "getMyShortDescription",
    "getUpdates",
    "getUserProfilePhotos",
    "getWebhookInfo",
    "pinChatMessage",
    "sendChatAction",
    "sendDocument",
    "sendMessage",
    "sendPhoto",
    "setChatMenuButton",
    "setMessageReaction",
    "setMyCommands",
    "setMyDescription",
    "setMyName",
    "setMyShortDescription",
    "setWebhook",
    "unpinAllChatMessages",
    "unpinChatMessage",
];

/// The name of a method as Telegram spells it; case does not matter to Telegram.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(name))
}

/// Carries out a call of a method that [exists](named).
pub(crate) fn perform(world: &mut World, method: &str, params: &Params) -> Result<Value, Refusal> {
    match method {
        "answerCallbackQuery" => answer_query(world, params),
        "copyMessage" => sending::copy(world, params),
        "deleteMessage" => editing::delete(world, params),
        "deleteMessages" => editing::delete_several(world, params),
        "deleteMyCommands" => world.profile.delete_commands(params, &world.people),
        "deleteWebhook" => Ok(webhooks::delete(world, params)),
        "editMessageCaption" => editing::caption(world, params),
        "editMessageMedia" => editing::media(world, params),
        "editMessageReplyMarkup" => editing::keyboard(world, params),
        "editMessageText" => editing::text(world, params),
        "getChat" => chat(world, params),
        "getChatMenuButton" => world.profile.menu(params, &world.people),
        "getFile" => {
            let id = params.text("file_id").unwrap_or_default();
            world.files.describe(&id).ok_or_else(|| Refusal::bad("invalid file_id"))
        }
        "getMe" => Ok(crate::profile::me()),
        "getMyCommands" => world.profile.commands(params, &world.people),
        "getMyDescription" => world.profile.text(params, "description"),
        "getMyName" => world.profile.text(params, "name"),
        "getMyShortDescription" => world.profile.text(params, "short_description"),
        "getUserProfilePhotos" => profile_photos(world, params),
        "getWebhookInfo" => Ok(webhooks::info(world)),
        "pinChatMessage" | "setMessageReaction" | "unpinChatMessage" => touch(world, params, method),
        "sendChatAction" => action(world, params),
        "sendDocument" => sending::document(world, params),
        "sendMessage" => sending::message(world, params),
        "sendPhoto" => sending::photo(world, params),
        "setChatMenuButton" => world.profile.set_menu(params, &world.people),
        "setMyCommands" => world.profile.set_commands(params, &world.people),
        "setMyDescription" => world.profile.set_text(params, "description", 512),
        "setMyName" => world.profile.set_text(params, "name", 64),
        "setMyShortDescription" => world.profile.set_text(params, "short_description", 120),
        "setWebhook" => webhooks::set(world, params),
        "unpinAllChatMessages" => world.people.open_chat(params).map(|_| json!(true)),
        _ => Err(Refusal::not_found()),
    }
}

fn answer_query(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let id = params.text("callback_query_id").unwrap_or_default();
    let now = world.instant();
    let over = || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
    let pending = world.queries.get_mut(&*id).ok_or_else(over)?;
    if pending.answer.is_some() || now > pending.until {
        return Err(over());
    }
    let text = params.text("text").filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.encode_utf16().count() > LONGEST_TOAST) {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    let url = params.text("url").filter(|url| !url.is_empty());
    if url.as_ref().is_some_and(|url| !url.contains(&format!("t.me/{}?", crate::telegram::BOT_NAME))) {
        return Err(Refusal::bad("URL_INVALID"));
    }
    pending.answer = Some(Answer {
        text: text.map(Into::into),
        alert: params.flag("show_alert"),
        url: url.map(Into::into),
    });
    Ok(json!(true))
}

fn chat(world: &World, params: &Params) -> Result<Value, Refusal> {
    let id = world.people.chat(params)?;
    let mut chat = world.people.chat_json(id);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true, "premium_subscription": true,
    });
    Ok(chat)
}

fn profile_photos(world: &World, params: &Params) -> Result<Value, Refusal> {
    let id = params.integer("user_id")?.unwrap_or_default();
    if !world.people.known.contains_key(&id) {
        return Err(Refusal::bad("user not found"));
    }
    Ok(json!({"total_count": 0, "photos": []}))
}

fn action(world: &World, params: &Params) -> Result<Value, Refusal> {
    world.people.open_chat(params)?;
    match params.text("action").as_deref() {
        Some("typing" | "upload_photo" | "upload_document" | "choose_sticker" | "find_location") => {
            Ok(json!(true))
        }
        _ => Err(Refusal::bad("wrong parameter action in request")),
    }
}

/// What is done to a message and changes neither its text nor its buttons.
fn touch(world: &mut World, params: &Params, method: &str) -> Result<Value, Refusal> {
    let chat = world.people.open_chat(params)?;
    let there = match params.message_id() {
        Ok(id) => world.people.room(chat).message(id).is_some(),
        Err(_) => method == "unpinChatMessage",
    };
    let lacking = if method == "setMessageReaction" {
        "message to react not found"
    } else {
        "message to pin not found"
    };
    if there { Ok(json!(true)) } else { Err(Refusal::bad(lacking)) }
}
