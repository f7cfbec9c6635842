//! The commands that can be typed, and the menu in which Telegram shows them.

use teloxide::types::BotCommand;
use teloxide::utils::command::BotCommands;

use rental_core::{Access, Actor};

use crate::bot::Bot;
use crate::callback::{Callback, Place};
use crate::telegram::{CommandScope, TelegramError};
use crate::texts::Language;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, BotCommands)]
#[command(rename_rule = "lowercase")]
pub(crate) enum Command {
    /// Home, or what a link is about.
    Start(String),
    /// Free numbers.
    Numbers,
    /// The numbers that the customer holds.
    Rentals,
    /// Invoices and payments.
    History,
    /// How it works.
    Help,
    /// The rules.
    Rules,
    /// The choice of a language.
    Language,
    /// The operators' side, for operators.
    Admin,
}

impl Command {
    /// The command in a message of a private chat, if it is one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (command, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let name = command.split('@').next().unwrap_or(command); // only one bot is in a private chat
        Self::parse(&format!("{name} {rest}"), "").ok()
    }

    /// What a link is about, besides an offer.
    pub(crate) fn linked(payload: &str) -> Callback {
        let rest = |prefix| payload.strip_prefix(prefix);
        let number = rest("n_").and_then(|digits| digits.parse().ok());
        let rental = rest("r_").and_then(|digits| digits.parse().ok());
        let invoice = rest("i_").and_then(|id: &str| format!("inv_{id}").parse().ok());
        match (number, rental, invoice) {
            (Some(number), _, _) => Callback::Number(number, Place::default()),
            (_, Some(number), _) => Callback::Rental(number),
            (_, _, Some(invoice)) => Callback::Invoice(invoice),
            _ => Callback::Home,
        }
    }
}

/// The menu of private chats.
fn menu(language: Language) -> Vec<BotCommand> {
    [
        ("start", language.command_start()),
        ("numbers", language.command_numbers()),
        ("rentals", language.command_rentals()),
        ("history", language.command_history()),
        ("help", language.command_help()),
        ("rules", language.command_rules()),
        ("language", language.command_language()),
    ]
    .map(|(name, description)| BotCommand::new(name, description))
    .to_vec()
}

/// Tells Telegram the menus, for every kind of chat and every language.
pub(crate) async fn announce(bot: &Bot) -> Result<(), TelegramError> {
    let telegram = &bot.telegram;
    telegram.set_commands(CommandScope::Private, None, &menu(Language::En)).await?;
    telegram.set_commands(CommandScope::Private, Some(Language::Ru.code()), &menu(Language::Ru)).await?;
    let start = |language: Language| vec![BotCommand::new("start", language.open_private_chat())];
    telegram.set_commands(CommandScope::Groups, None, &start(Language::En)).await?;
    telegram.set_commands(CommandScope::Groups, Some(Language::Ru.code()), &start(Language::Ru)).await?;
    let access = bot.rentals.access(&Actor::System).await;
    for admin in access.iter().flat_map(Access::all_admins) {
        // One who never used the bot has no chat with it.
        if !matches!(bot.memory.person(admin).await, Ok(Some(_))) {
            continue;
        }
        for (language, code) in [(Language::En, None), (Language::Ru, Some(Language::Ru.code()))] {
            let menu = [menu(language), vec![BotCommand::new("admin", language.command_admin())]].concat();
            let scope = CommandScope::Chat(i64::try_from(admin).unwrap_or(i64::MAX));
            match telegram.set_commands(scope, code, &menu).await {
                // One who has left has no menu.
                Err(TelegramError::Blocked(_) | TelegramError::Refused { .. }) => {}
                answer => answer?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_and_without_the_bots_name() {
        assert_eq!(Command::read("/start"), Some(Command::Start(String::new())));
        assert_eq!(Command::read("/start tr_x"), Some(Command::Start("tr_x".to_owned())));
        assert_eq!(Command::read("/start@some_bot o_1"), Some(Command::Start("o_1".to_owned())));
        assert_eq!(Command::read("/numbers"), Some(Command::Numbers));
        for text in ["start", "/", "/unknown", "777", ""] {
            assert_eq!(Command::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_menu_names_every_command_in_every_language() {
        for language in Language::ALL {
            for entry in menu(language) {
                assert!(Command::read(&format!("/{}", entry.command)).is_some(), "{}", entry.command);
                assert!((1..=256).contains(&entry.description.chars().count()));
            }
        }
    }

    #[test]
    fn links_lead_to_screens() {
        let number = "+88801234567".parse().expect("a number");
        assert_eq!(Command::linked("n_88801234567"), Callback::Number(number, Place::default()));
        assert_eq!(Command::linked("r_88801234567"), Callback::Rental(number));
        assert_eq!(
            Command::linked("i_01KDVS8TG0000000000000001B").to_string(),
            "1i:inv_01KDVS8TG0000000000000001B"
        );
        for payload in ["", "n_", "n_1", "i_x", "group", "../.."] {
            assert_eq!(Command::linked(payload), Callback::Home, "{payload}");
        }
    }
}
