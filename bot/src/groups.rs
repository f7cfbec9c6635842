//! Groups: nothing happens there but a pointer to the private chat.

use rental_core::{Quota, Seconds};
use teloxide::types::Message;

use crate::bot::{Bot, Outcome};
use crate::screen::{Button, Screen};
use crate::texts::Language;

/// How often a group is answered.
const POINTERS: Quota = Quota { limit: 2, window: Seconds(60) };

/// A message came in a group; only `/start` is answered.
pub(crate) async fn wrote(bot: &Bot, message: &Message) -> Outcome {
    let Some(command) = message.text().and_then(|text| text.split_whitespace().next()) else {
        return Ok(());
    };
    let Some(rest) = command.strip_prefix("/start") else { return Ok(()) };
    let limit = bot.limiter.hit(&format!("group:{}", message.chat.id.0), POINTERS).await;
    if limit.is_ok_and(|limit| !limit.allowed) {
        return Ok(());
    }
    let me = bot.me().await?;
    let for_us =
        rest.is_empty() || rest.strip_prefix('@').is_some_and(|n| n.eq_ignore_ascii_case(&me.username));
    if !for_us {
        return Ok(());
    }
    let client = message.from.as_ref().and_then(|user| user.language_code.as_deref());
    let language = Language::of_client(client);
    let link = format!("https://t.me/{}?start=group", me.username);
    let screen =
        Screen::new(language.only_in_private()).row([Button::open(language.open_private_chat(), link)]);
    bot.telegram.send(message.chat.id.0, &screen).await?;
    Ok(())
}
