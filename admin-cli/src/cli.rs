//! What can be typed.

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use rental_app::ShopConfig;
use rental_core::{CustomerId, IntegratorId, Owner};

use crate::output::Format;
use crate::{
    admins, audit, customers, doctor, invoices, keys, numbers, payments, rentals, sandbox, stats, store,
};

/// Run a shop that rents out +888 numbers
#[derive(Debug, Parser)]
#[command(name = "admin-cli", version, before_help = EXAMPLES, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(flatten)]
    pub(crate) shop: ShopConfig,

    #[command(subcommand)]
    pub(crate) noun: Noun,
}

/// Options of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Form of the answer
    #[arg(long, value_enum, default_value_t, global = true, value_name = "FORM")]
    output: Format,

    /// Short for --output json
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,

    /// Why, for the audit trail
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    /// Token of the lock under which this is done
    #[arg(long, global = true, value_name = "TOKEN")]
    pub(crate) lease: Option<String>,

    /// Do it without asking
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
}

impl Global {
    /// The form of answers.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

/// What a verb is about.
#[derive(Debug, Subcommand)]
pub(crate) enum Noun {
    /// The pool of numbers
    #[command(subcommand)]
    Numbers(numbers::Verb),
    /// Who holds which number
    #[command(subcommand)]
    Rentals(rentals::Verb),
    /// Requests for payment
    #[command(subcommand)]
    Invoices(invoices::Verb),
    /// Money that came in
    #[command(subcommand)]
    Payments(payments::Verb),
    /// Who rents here
    #[command(subcommand)]
    Customers(customers::Verb),
    /// Telegram users who run the shop
    #[command(subcommand)]
    Admins(admins::Verb),
    /// API keys of integrators
    #[command(subcommand)]
    Keys(keys::Verb),
    /// What operators did
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Figures about the shop
    Stats(stats::Stats),
    /// Check configuration, store, chain and books
    Doctor(doctor::Doctor),
    /// The store itself: move the shop to another one
    #[command(subcommand)]
    Store(store::Verb),
    /// The local chain and clock for trying things out
    #[command(subcommand)]
    Sandbox(sandbox::Verb),
    /// Print completions for a shell
    #[command(before_help = "Examples:
  admin-cli completions bash > ~/.local/share/bash-completion/completions/admin-cli
  admin-cli completions zsh > ~/.zfunc/_admin-cli")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

impl Noun {
    /// Whether the verb only looks, so that the audit trail gets no line.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::Numbers(verb) => matches!(verb, numbers::Verb::List { .. } | numbers::Verb::Show { .. }),
            Self::Rentals(verb) => matches!(verb, rentals::Verb::List { .. } | rentals::Verb::Show { .. }),
            Self::Payments(verb) => matches!(
                verb,
                payments::Verb::List { .. } | payments::Verb::Show { .. } | payments::Verb::Reconcile
            ),
            Self::Customers(verb) => {
                matches!(verb, customers::Verb::List { .. } | customers::Verb::Show { .. })
            }
            Self::Admins(verb) => matches!(verb, admins::Verb::List { .. }),
            Self::Keys(verb) => matches!(verb, keys::Verb::List { .. }),
            Self::Invoices(invoices::Verb::List { .. } | invoices::Verb::Show { .. })
            | Self::Audit(audit::Verb::List { .. })
            | Self::Stats(_)
            | Self::Doctor(_)
            | Self::Store(_)
            | Self::Completions { .. } => true,
            Self::Sandbox(_) => false,
        }
    }
}

/// Whose things to list.
#[derive(Debug, Clone, Args)]
pub(crate) struct Whose {
    /// Only this customer's: tg:ID or api:INTEGRATOR:REFERENCE
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<CustomerId>,

    /// Only those of this integrator's customers
    #[arg(long, value_name = "NAME", conflicts_with = "customer")]
    integrator: Option<IntegratorId>,
}

impl Whose {
    /// The owner meant.
    pub(crate) fn owner(&self) -> Owner {
        match (&self.customer, &self.integrator) {
            (Some(customer), _) => Owner::Customer(customer.clone()),
            (None, Some(integrator)) => Owner::Integrator(integrator.clone()),
            (None, None) => Owner::Anybody,
        }
    }
}

const EXAMPLES: &str = "Examples:
  admin-cli numbers add \"+888 0123 4567\" --plan 30d=10 --plan 7d=3
  admin-cli numbers list --state available
  admin-cli payments list --outcome exception
  admin-cli payments reconcile --json
  admin-cli doctor";

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failure; the same may work later
  2  the command line or the configuration makes no sense
  3  not found
  4  not allowed
  5  conflict: it is in the wrong state for this
  6  cancelled: not confirmed
  7  integrity check failed: the store or the books are not right";

/// Examples stand before everything else; a person who needs help needs those.
const TEMPLATE: &str = "{about}\n\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The command line, with help that shows examples first and no value of any environment variable.
pub(crate) fn command() -> Command {
    let command = Cli::command().mut_args(|arg| {
        let of_the_shop = arg.get_help_heading() == Some("Shop");
        arg.hide_env_values(true).hide_short_help(of_the_shop)
    });
    dress(command)
}

fn dress(command: Command) -> Command {
    command.help_template(TEMPLATE).mut_subcommands(dress)
}

/// Reads this process's arguments.
///
/// # Errors
/// What clap has to say, help included.
pub(crate) fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command().try_get_matches_from(arguments)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_verb_shows_examples_before_its_usage() {
        fn check(command: &mut Command, path: &str) {
            let help = command.render_long_help().to_string();
            let examples = help.find("Examples:\n").unwrap_or_else(|| panic!("{path} has no examples"));
            assert!(examples < help.find("Usage:").expect("a usage"), "{path}");
            for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
                let path = format!("{path} {}", verb.get_name());
                check(verb, &path);
            }
        }
        let mut command = command();
        command.build();
        check(&mut command, "admin-cli");
    }

    #[test]
    fn help_is_what_operators_know() {
        insta::assert_snapshot!(command().render_help());
    }
}
