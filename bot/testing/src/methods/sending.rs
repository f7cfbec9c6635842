//! New messages.

use serde_json::{Value, json};

use crate::keyboard::Markup;
use crate::markup::Formatted;
use crate::message::{Author, Media, Message};
use crate::params::Params;
use crate::refusal::Refusal;
use crate::world::World;

/// The longest text of a message.
pub(super) const LONGEST_TEXT: usize = 4096;
/// The longest text under a picture or a file.
pub(super) const LONGEST_CAPTION: usize = 1024;

pub(super) fn message(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let chat = world.people.open_chat(params)?;
    let content = text(params)?;
    add(world, params, chat, content, None)
}

pub(super) fn photo(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let chat = world.people.open_chat(params)?;
    let content = caption(params)?;
    let media = world.files.photo(params)?;
    add(world, params, chat, content, Some(media))
}

pub(super) fn document(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let chat = world.people.open_chat(params)?;
    let content = caption(params)?;
    let media = world.files.document(params)?;
    add(world, params, chat, content, Some(media))
}

pub(super) fn copy(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let chat = world.people.open_chat(params)?;
    let from = params.integer("from_chat_id")?.unwrap_or_default();
    let id = params.message_id()?;
    let room = world.people.rooms.get_mut(&from).ok_or_else(|| Refusal::bad("chat not found"))?;
    let source = room.message(id).ok_or_else(|| Refusal::bad("message to copy not found"))?;
    let mut content = Formatted { text: source.text.clone(), entities: source.entities.clone() };
    let media = source.media.clone();
    if media.is_some() && params.fields.contains_key("caption") {
        content = caption(params)?;
    }
    if media.is_none() && content.text.is_empty() {
        return Err(Refusal::bad("message can't be copied"));
    }
    let sent = add(world, params, chat, content, media)?;
    Ok(json!({"message_id": sent["message_id"]}))
}

/// The text of a message, checked.
pub(super) fn text(params: &Params) -> Result<Formatted, Refusal> {
    let content = Formatted::read(params, "text", "entities")?;
    match content.length() {
        0 => Err(Refusal::bad("message text is empty")),
        1..=LONGEST_TEXT => Ok(content),
        _ => Err(Refusal::bad("message is too long")),
    }
}

/// The text under a picture, checked.
pub(super) fn caption(params: &Params) -> Result<Formatted, Refusal> {
    let content = Formatted::read(params, "caption", "caption_entities")?;
    if content.length() > LONGEST_CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(content)
}

fn add(
    world: &mut World,
    params: &Params,
    chat: i64,
    content: Formatted,
    media: Option<Media>,
) -> Result<Value, Refusal> {
    let markup = Markup::read(params)?;
    check_reply(world, params, chat)?;
    let mut message = Message::new(chat, Author::Bot, content, world.now());
    message.media = media;
    message.protected = params.flag("protect_content");
    let room = world.people.room(chat);
    if let Markup::Reply(keyboard) = &markup {
        room.reply_keyboard = keyboard.get("keyboard").is_some().then(|| keyboard.clone());
    }
    message.markup = markup;
    let message = room.add(message).clone();
    Ok(world.message_json(&message))
}

/// A message that is answered must be there, unless the bot does not mind.
fn check_reply(world: &mut World, params: &Params, chat: i64) -> Result<(), Refusal> {
    let reply = params.json("reply_parameters")?;
    let (id, free) = match &reply {
        Some(reply) => (reply["message_id"].as_i64(), reply["allow_sending_without_reply"] == true),
        None => (params.integer("reply_to_message_id")?, params.flag("allow_sending_without_reply")),
    };
    let there =
        id.is_none_or(|id| i32::try_from(id).is_ok_and(|id| world.people.room(chat).message(id).is_some()));
    if there || free { Ok(()) } else { Err(Refusal::bad("message to be replied not found")) }
}
