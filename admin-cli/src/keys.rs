//! `keys`: API keys of integrators.

use clap::Subcommand;
use rental_core::{ApiKey, ApiSecret, Command, Effect, IntegratorId, Page, Scope, ServiceError};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::output::{Column, Shape, brief};
use crate::shapes::KeyShape;

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli keys create partner
  admin-cli keys list
  admin-cli keys revoke abcdefghijkl")]
pub(crate) enum Verb {
    /// Make a key and show its secret, this once
    #[command(before_help = "Examples:
  admin-cli keys create partner
  admin-cli keys create dashboard --read-only --json")]
    Create {
        /// The integrator whose customers the key reaches
        name: IntegratorId,
        /// The key can look but change nothing
        #[arg(long)]
        read_only: bool,
    },
    /// List the keys, revoked ones included
    #[command(before_help = "Examples:
  admin-cli keys list --integrator partner")]
    List {
        /// Only this integrator's
        #[arg(long, value_name = "NAME")]
        integrator: Option<IntegratorId>,
        #[command(flatten)]
        paging: Paging,
    },
    /// End a key, at once
    #[command(before_help = "Examples:
  admin-cli keys revoke abcdefghijkl --yes --reason leaked")]
    Revoke {
        /// The key's id, the part between rk_ and the next _; a whole key will do
        #[arg(value_parser = key_id)]
        id: String,
    },
}

/// A new key with its secret.
#[derive(Serialize)]
struct NewKey {
    #[serde(flatten)]
    key: KeyShape,
    secret: String,
}

impl Shape for NewKey {
    fn columns() -> Vec<Column> {
        let mut columns = KeyShape::columns();
        columns.push(brief("secret"));
        columns
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = self.key.cells();
        cells.push(self.secret.clone());
        cells
    }
}

/// The id, also of somebody who pastes the whole key that has leaked.
#[expect(clippy::unnecessary_wraps, reason = "clap's form of a parser")]
fn key_id(text: &str) -> Result<String, std::convert::Infallible> {
    let whole = ApiSecret::parse(text);
    Ok(whole.map_or_else(|| text.to_owned(), |secret| secret.id().to_owned()))
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    match verb {
        Verb::Create { name, read_only } => {
            let mut scopes = vec![Scope::Read];
            if !read_only {
                scopes.push(Scope::Write);
            }
            let command = Command::CreateKey { integrator: name, scopes };
            let Effect::Key { key, secret } = desk.execute(command).await?.effect else {
                return Err(ServiceError::Unexpected.into());
            };
            desk.say("keep the secret now: it is not stored and not shown again")?;
            desk.show(&NewKey { key: KeyShape::from(key.as_ref()), secret })
        }
        Verb::List { integrator, paging } => {
            let mut keys = desk.rentals.access(&desk.actor).await?.keys;
            keys.retain(|key| integrator.as_ref().is_none_or(|integrator| key.integrator == *integrator));
            let page = paging.cut(&keys, |key: &ApiKey| key.id.clone()).await?;
            desk.show_list(&Page { items: page.items.iter().map(KeyShape::from).collect(), next: page.next })
        }
        Verb::Revoke { id } => {
            desk.confirm(&format!("end the key {id} for good"))?;
            desk.execute(Command::RevokeKey { id: id.clone() }).await?;
            desk.say("revoked; its requests are refused from now on")?;
            let keys = desk.rentals.access(&desk.actor).await?.keys;
            let key = keys.iter().find(|key| key.id == id).ok_or(ServiceError::Unexpected)?;
            desk.show(&KeyShape::from(key))
        }
    }
}
