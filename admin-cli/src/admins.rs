//! `admins`: Telegram users who run the shop.

use clap::Subcommand;
use rental_core::{AdminId, Command};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::output::{Column, Shape, brief};

/// What can be done with admins.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli admins list
  admin-cli admins add tg:123456789
  admin-cli admins remove tg:123456789")]
pub(crate) enum Verb {
    /// List the admins
    #[command(before_help = "Examples:
  admin-cli admins list")]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Make a Telegram user an admin
    #[command(before_help = "Examples:
  admin-cli admins add tg:123456789 --reason \"night shift\"")]
    Add {
        /// The user: tg:ID or the bare id
        #[arg(value_parser = user)]
        user: u64,
    },
    /// Take an admin's rights away, at once
    #[command(before_help = "Examples:
  admin-cli admins remove tg:123456789 --yes")]
    Remove {
        /// The user: tg:ID or the bare id
        #[arg(value_parser = user)]
        user: u64,
    },
}

/// An admin.
#[derive(Debug, Serialize)]
struct AdminShape {
    admin: String,
}

impl AdminShape {
    fn new(user: u64) -> Self {
        let admin = AdminId::Telegram(user).to_string();
        Self { admin }
    }
}

impl Shape for AdminShape {
    fn columns() -> Vec<Column> {
        vec![brief("admin")]
    }

    fn cells(&self) -> Vec<String> {
        vec![self.admin.clone()]
    }
}

fn user(text: &str) -> Result<u64, String> {
    match text.parse::<AdminId>() {
        Ok(AdminId::Telegram(user)) => Ok(user),
        Ok(AdminId::Console(_)) => Err("a login on this host is an admin already".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    match verb {
        Verb::List { paging } => {
            let admins: Vec<u64> = desk.rentals.access(&desk.actor).await?.admins.into_iter().collect();
            let page = paging.cut(&admins, u64::to_string).await?;
            desk.show_list(&rental_core::Page {
                items: page.items.into_iter().map(AdminShape::new).collect(),
                next: page.next,
            })
        }
        Verb::Add { user } => {
            desk.execute(Command::AddAdmin { user }).await?;
            desk.say("added; counts from the next request on")?;
            desk.show(&AdminShape::new(user))
        }
        Verb::Remove { user } => {
            desk.confirm(&format!("take all rights from tg:{user}"))?;
            desk.execute(Command::RemoveAdmin { user }).await?;
            desk.say("removed; counts from the next request on")?;
            desk.show(&AdminShape::new(user))
        }
    }
}
