//! The commands that can be typed, and the menu in which Telegram shows them.

use teloxide::types::BotCommand;
use teloxide::utils::command::BotCommands;

use rental_core::{Access, Actor, OfferRef, PhoneNumber, TransferToken};

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

/// What a link to the bot is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// A screen.
    Screen(Callback),
    /// An offer.
    Offer(OfferRef),
}

/// A link to the bot was cut off or mistyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

impl Command {
    /// The command in a message of a private chat, if it is one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (command, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let name = command.split('@').next().unwrap_or(command); // only one bot is in a private chat
        Self::parse(&format!("{name} {rest}"), "").ok()
    }

    /// What a link is about; [`Broken`] when it begins like one of the bot's own and cannot be read on.
    pub(crate) fn linked(payload: &str) -> Result<Link, Broken> {
        let (kind, rest) = payload.split_once('_').unwrap_or(("", payload));
        let number = || rest.parse::<PhoneNumber>().map_err(|_| Broken);
        Ok(match kind {
            "n" => Link::Screen(Callback::Number(number()?, Place::default())),
            "r" => Link::Screen(Callback::Rental(number()?)),
            "o" => Link::Offer(OfferRef::Addressed(number()?)),
            "tr" => Link::Offer(payload.parse::<TransferToken>().map_err(|_| Broken)?.into()),
            "i" => Link::Screen(Callback::Invoice(format!("inv_{rest}").parse().map_err(|_| Broken)?)),
            // Whatever else is in a link says where somebody comes from.
            _ => Link::Screen(Callback::Home),
        })
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
    fn links_lead_to_screens_and_offers() {
        let number: PhoneNumber = "+88801234567".parse().expect("a number");
        let screen = |callback| Ok(Link::Screen(callback));
        assert_eq!(Command::linked("n_88801234567"), screen(Callback::Number(number, Place::default())));
        assert_eq!(Command::linked("r_88801234567"), screen(Callback::Rental(number)));
        let invoice = "inv_01KDVS8TG0000000000000001B".parse().expect("an invoice");
        assert_eq!(Command::linked("i_01KDVS8TG0000000000000001B"), screen(Callback::Invoice(invoice)));
        assert_eq!(Command::linked("o_88801234567"), Ok(Link::Offer(OfferRef::Addressed(number))));
        let token = TransferToken::new(number, [7; 16]);
        assert_eq!(Command::linked(&token.expose()), Ok(Link::Offer(token.into())));
        for payload in ["", "group", "../..", "from_a_friend"] {
            assert_eq!(Command::linked(payload), screen(Callback::Home), "{payload}");
        }
    }

    #[test]
    fn a_link_that_was_cut_off_is_known_as_one() {
        for payload in ["n_", "n_1", "n_888", "r_x", "o_", "i_x", "tr_", "tr_88801234567", "tr_x_y"] {
            assert_eq!(Command::linked(payload), Err(Broken), "{payload}");
        }
    }
}
