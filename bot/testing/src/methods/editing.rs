//! Messages that are changed or taken away.

use serde_json::{Value, json};

use super::sending;
use crate::keyboard::{Keyboard, Markup};
use crate::markup::Formatted;
use crate::message::{Author, Message};
use crate::params::Params;
use crate::refusal::Refusal;
use crate::world::World;

/// How long after a message was sent it can be taken away, in seconds.
const DELETABLE: i64 = 48 * 60 * 60;
/// The most messages that are taken away at once.
const MOST_AT_ONCE: usize = 100;

pub(super) fn text(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let (chat, old) = editable(world, params)?;
    if old.media.is_some() {
        return Err(Refusal::bad("there is no text in the message to edit"));
    }
    let content = sending::text(params)?;
    replace(world, params, chat, &old, |message| set_text(message, content))
}

pub(super) fn caption(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let (chat, old) = editable(world, params)?;
    if old.media.is_none() {
        return Err(Refusal::bad("there is no caption in the message to edit"));
    }
    let content = sending::caption(params)?;
    replace(world, params, chat, &old, |message| set_text(message, content))
}

pub(super) fn keyboard(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let (chat, old) = editable(world, params)?;
    replace(world, params, chat, &old, |_| {})
}

pub(super) fn media(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let (chat, old) = editable(world, params)?;
    let wrong = || Refusal::bad("can't parse InputMedia");
    let input = params.json("media")?.ok_or_else(wrong)?;
    let is_photo = match input["type"].as_str() {
        Some("photo") => true,
        Some("document") => false,
        _ => return Err(wrong()),
    };
    // The caption of new media is written like the caption of a new message.
    let fields = input.as_object().ok_or_else(wrong)?.clone();
    let content = sending::caption(&Params { fields, ..Params::default() })?;
    let media = world.files.named(input["media"].as_str().unwrap_or_default(), params, is_photo)?;
    replace(world, params, chat, &old, |message| {
        message.media = Some(media);
        set_text(message, content);
    })
}

pub(super) fn delete(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let chat = world.people.chat(params)?;
    let id = params.message_id()?;
    let now = world.now();
    let room = world.people.room(chat);
    let message = room.message(id).ok_or_else(|| Refusal::bad("message to delete not found"))?;
    if now - message.date > DELETABLE {
        return Err(Refusal::bad("message can't be deleted for everyone"));
    }
    room.remove(id);
    Ok(json!(true))
}

pub(super) fn delete_several(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let chat = world.people.chat(params)?;
    let ids = params.json("message_ids")?.and_then(|ids| ids.as_array().cloned()).unwrap_or_default();
    if ids.is_empty() || ids.len() > MOST_AT_ONCE {
        return Err(Refusal::bad("wrong number of message identifiers"));
    }
    let now = world.now();
    let room = world.people.room(chat);
    for id in ids.iter().filter_map(|id| i32::try_from(id.as_i64()?).ok()) {
        if room.message(id).is_some_and(|message| now - message.date <= DELETABLE) {
            room.remove(id);
        }
    }
    Ok(json!(true))
}

/// The message that is meant, if the bot may change it.
fn editable(world: &mut World, params: &Params) -> Result<(i64, Message), Refusal> {
    if params.text("inline_message_id").is_some() {
        return Err(Refusal::bad("MESSAGE_ID_INVALID"));
    }
    let chat = world.people.open_chat(params)?;
    let id = params.message_id()?;
    let message = world.people.room(chat).message(id);
    let message = message.ok_or_else(|| Refusal::bad("message to edit not found"))?;
    if message.author != Author::Bot || matches!(message.markup, Markup::Reply(_)) {
        return Err(Refusal::bad("message can't be edited"));
    }
    Ok((chat, message.clone()))
}

fn set_text(message: &mut Message, content: Formatted) {
    message.text = content.text;
    message.entities = content.entities;
}

/// Puts a changed copy of `old` in its place, with the buttons that the call gives or none.
fn replace(
    world: &mut World,
    params: &Params,
    chat: i64,
    old: &Message,
    change: impl FnOnce(&mut Message),
) -> Result<Value, Refusal> {
    let keyboard = Markup::inline(params)?;
    let mut new = old.clone();
    change(&mut new);
    let had = old.keyboard().map_or(&[][..], |keyboard| &keyboard.sent[..]);
    if new.text == old.text && new.entities == old.entities && new.media == old.media && keyboard.sent == had
    {
        return Err(Refusal::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    new.markup = if keyboard == Keyboard::default() { Markup::None } else { Markup::Inline(keyboard) };
    new.edits += 1;
    new.edited_at = Some(world.now());
    let json = world.message_json(&new);
    let id = new.id;
    *world.people.room(chat).message(id).expect("it was there when the call began") = new;
    Ok(json)
}
