//! `numbers`: the pool.

mod import;
mod lock;
mod verify;

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use rental_core::{
    Command, DomainError, HistoryEntry, HistoryKind, LeaseName, NumberRecord, NumberState, Page, PhoneNumber,
    Plan, ServiceError, Timestamp,
};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::output::{Column, Format, Shape, brief, full};
use crate::shapes::{Moment, NumberShape};

/// What can be done with numbers.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli numbers add \"+888 0123 4567\" +8888123 --plan 30d=10 --plan 7d=3
  admin-cli numbers import numbers.csv --plan 30d=10
  admin-cli numbers list --state available --state reserved
  admin-cli numbers withdraw +88801234567 --reason \"kept for the owner\"")]
pub(crate) enum Verb {
    /// Add numbers to the pool
    #[command(before_help = "Examples:
  admin-cli numbers add \"+888 0123 4567\" --plan 30d=10 --plan 7d=3
  admin-cli numbers add 8888123 8888124 8888125 --plan 30d=25.5+80usdt
  admin-cli numbers add \"+888 0123 4567\" --plan 30d=10 --verify")]
    Add {
        #[command(flatten)]
        which: Which,
        /// Only if the chain says that their NFTs are the operator's; from then on they are checked periodically
        #[arg(long)]
        verify: bool,
        /// What they are offered for, term=price, such as 30d=10 (in TON), 30d=25usdt or 30d=10+25usdt; without a plan they are not offered
        #[arg(long = "plan", value_name = "TERM=PRICE", allow_hyphen_values = true)]
        plans: Vec<Plan>,
    },
    /// Ask the chain whether numbers are the operator's; from then on they are checked periodically
    #[command(before_help = "Examples:
  admin-cli numbers verify +88801234567
  admin-cli numbers verify --all")]
    Verify(verify::Verify),
    /// Add many numbers from a file
    Import(import::Import),
    /// List numbers
    #[command(before_help = "Examples:
  admin-cli numbers list
  admin-cli numbers list --state available --all --json")]
    List {
        /// Only those in this state; can be repeated
        #[arg(long = "state", value_name = "STATE", value_parser = PossibleValuesParser::new(NumberState::ALL.map(NumberState::name)))]
        states: Vec<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a number with its lock and its history
    #[command(before_help = "Examples:
  admin-cli numbers show \"+888 0123 4567\"
  admin-cli numbers show 88801234567 --json")]
    Show {
        /// The number, in any spelling
        number: PhoneNumber,
    },
    /// Change what a number is offered for; open invoices keep their price
    #[command(before_help = "Examples:
  admin-cli numbers price +88801234567 --plan 30d=12 --plan 90d=30")]
    Price {
        /// The number, in any spelling
        number: PhoneNumber,
        /// All its plans from now on, term=price, such as 30d=10 (in TON), 30d=25usdt or 30d=10+25usdt
        #[arg(long = "plan", value_name = "TERM=PRICE", required = true, allow_hyphen_values = true)]
        plans: Vec<Plan>,
    },
    /// Stop offering numbers; whoever holds one keeps it to the end of the term
    #[command(before_help = "Examples:
  admin-cli numbers withdraw +88801234567 --reason \"kept for the owner\"
  admin-cli numbers withdraw +8888123 +8888124 --yes")]
    Withdraw {
        #[command(flatten)]
        which: Which,
    },
    /// Note that Telegram restricts numbers; they are not offered
    #[command(before_help = "Examples:
  admin-cli numbers restrict +88801234567 --reason \"reported\"")]
    Restrict {
        #[command(flatten)]
        which: Which,
    },
    /// Note that a number's Telegram account is being deleted; it is not offered until then
    #[command(before_help = "Examples:
  admin-cli numbers await-deletion +88801234567 --until 2026-02-01T00:00:00Z")]
    AwaitDeletion {
        /// The number, in any spelling
        number: PhoneNumber,
        /// When the deletion is through
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        until: Timestamp,
    },
    /// Offer numbers again, or confirm that their turnover is done
    #[command(before_help = "Examples:
  admin-cli numbers restore +88801234567")]
    Restore {
        #[command(flatten)]
        which: Which,
    },
    /// Lock a number for maintenance: nobody changes it without the token
    #[command(before_help = "Examples:
  admin-cli numbers lock +88801234567 --for 1h
  admin-cli numbers restore +88801234567 --lease TOKEN
  admin-cli numbers unlock +88801234567 --token TOKEN")]
    Lock(lock::Lock),
    /// End a lock before its time
    #[command(before_help = "Examples:
  admin-cli numbers unlock +88801234567 --token TOKEN")]
    Unlock(lock::Unlock),
}

/// Some numbers.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The numbers, in any spelling; quote one that has spaces
    #[arg(required = true, value_name = "NUMBER")]
    numbers: Vec<PhoneNumber>,
}

impl Which {
    /// Each number once, in the order given.
    fn distinct(&self) -> Vec<PhoneNumber> {
        let mut seen = BTreeSet::new();
        self.numbers.iter().copied().filter(|number| seen.insert(*number)).collect()
    }
}

/// A line of a number's history.
#[derive(Debug, Serialize)]
struct HistoryShape {
    at: Moment,
    kind: HistoryKind,
    customer: Option<String>,
    to: Option<String>,
    invoice: Option<String>,
    expires_at: Option<Moment>,
}

impl From<HistoryEntry> for HistoryShape {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            at: Moment(entry.at),
            kind: entry.kind,
            customer: entry.customer.map(|customer| customer.to_string()),
            to: entry.to.map(|customer| customer.to_string()),
            invoice: entry.invoice.map(|invoice| invoice.to_string()),
            expires_at: entry.expires_at.map(Moment),
        }
    }
}

impl Shape for HistoryShape {
    fn columns() -> Vec<Column> {
        ["at", "event", "customer", "to", "invoice", "expires_at"].map(brief).into()
    }

    fn cells(&self) -> Vec<String> {
        let event = serde_json::to_value(self.kind).ok();
        vec![
            self.at.to_string(),
            event.and_then(|event| event.as_str().map(str::to_owned)).unwrap_or_default(),
            self.customer.clone().unwrap_or_default(),
            self.to.clone().unwrap_or_default(),
            self.invoice.clone().unwrap_or_default(),
            self.expires_at.map(|end| end.to_string()).unwrap_or_default(),
        ]
    }
}

/// A number with all that is known about it.
#[derive(Debug, Serialize)]
struct Detail {
    #[serde(flatten)]
    number: NumberShape,
    locked_until: Option<Moment>,
    /// The address of its NFT.
    item: Option<String>,
    history: Vec<HistoryShape>,
}

impl Shape for Detail {
    fn columns() -> Vec<Column> {
        let mut columns = NumberShape::columns();
        columns.extend([full("locked_until"), full("item")]);
        columns
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = self.number.cells();
        cells.push(self.locked_until.map(|until| until.to_string()).unwrap_or_default());
        cells.push(self.item.clone().unwrap_or_default());
        cells
    }
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    match verb {
        Verb::Add { which, verify, plans } => add(desk, &which.distinct(), plans, verify).await,
        Verb::Verify(verify) => verify::run(verify, desk).await,
        Verb::Import(import) => import::run(import, desk).await,
        Verb::List { states, paging } => {
            let states: Vec<_> = states.iter().filter_map(|name| NumberState::from_name(name)).collect();
            let rentals = desk.rentals;
            let page = async |page| rentals.numbers(&states, &page).await;
            desk.list(&paging, page, |record| Some(NumberShape::from(&record))).await
        }
        Verb::Show { number } => show(desk, number).await,
        Verb::Price { number, plans } => {
            change_one(desk, Command::SetPlans { number, plans }, "priced").await
        }
        Verb::Withdraw { which } => {
            let numbers = known(desk, &which).await?;
            if numbers.len() > 1 {
                desk.confirm(&format!("withdraw {} numbers", numbers.len()))?;
            }
            change(desk, &numbers, |number| Command::Withdraw { number }, "withdrawn").await
        }
        Verb::Restrict { which } => {
            let command = |number| Command::Restrict { number };
            let numbers = known(desk, &which).await?;
            change(desk, &numbers, command, "marked as restricted").await
        }
        Verb::AwaitDeletion { number, until } => {
            change_one(desk, Command::AwaitDeletion { number, until }, "waiting for its deletion").await
        }
        Verb::Restore { which } => {
            let command = |number| Command::Restore { number };
            let numbers = known(desk, &which).await?;
            change(desk, &numbers, command, "offered again").await
        }
        Verb::Lock(lock) => lock::lock(&lock, desk).await,
        Verb::Unlock(unlock) => lock::unlock(&unlock, desk).await,
    }
}

/// Adds numbers, after a look whether all of them can be added.
async fn add(
    desk: &mut Desk<'_>,
    numbers: &[PhoneNumber],
    plans: Vec<Plan>,
    verify: bool,
) -> Result<(), Failure> {
    let plans = Plan::check(plans).map_err(|error| ServiceError::from(DomainError::from(error)))?;
    for number in numbers {
        match desk.rentals.number(*number).await {
            Err(ServiceError::Domain(DomainError::NumberUnknown)) => {}
            Ok(_) => return Err(Failure::from(ServiceError::from(DomainError::NumberExists)).about(number)),
            Err(error) => return Err(error.into()),
        }
    }
    let mut proofs = Vec::new();
    for number in numbers.iter().filter(|_| verify) {
        proofs.push((*number, verify::prove(desk, *number).await?));
    }
    if plans.is_empty() {
        desk.say("without a plan a number is not offered; give it one with `admin-cli numbers price`")?;
    }
    let command = |number| Command::AddNumber { number, plans: plans.clone() };
    let added = change(desk, numbers, command, "added").await;
    for (number, ownership) in proofs {
        // A number that was not added is none of the pool.
        match desk.execute(Command::NoteOwnership { number, ownership }).await {
            Ok(_) | Err(ServiceError::Domain(DomainError::NumberUnknown)) => {}
            Err(error) => return Err(Failure::from(error).about(number)),
        }
    }
    added
}

/// The numbers meant, when the shop has all of them: an unknown one is told before the first is changed.
async fn known(desk: &Desk<'_>, which: &Which) -> Result<Vec<PhoneNumber>, Failure> {
    let numbers = which.distinct();
    for number in &numbers {
        desk.rentals.number(*number).await.map_err(|error| Failure::from(error).about(number))?;
    }
    Ok(numbers)
}

/// Does the same to some numbers. What was done before something went wrong is shown all the same.
async fn change(
    desk: &mut Desk<'_>,
    numbers: &[PhoneNumber],
    command: impl Fn(PhoneNumber) -> Command,
    done: &str,
) -> Result<(), Failure> {
    let (mut records, mut failed) = (Vec::new(), None);
    for number in numbers {
        match execute(desk, command(*number), done).await {
            Ok(record) => records.push(NumberShape::from(&record)),
            Err(failure) => {
                failed = Some(failure.about(number));
                break;
            }
        }
    }
    if !records.is_empty() || failed.is_none() {
        desk.show_list(&Page { items: records, next: None })?;
    }
    failed.map_or(Ok(()), Err)
}

async fn change_one(desk: &mut Desk<'_>, command: Command, done: &str) -> Result<(), Failure> {
    let record = execute(desk, command, done).await?;
    desk.show(&NumberShape::from(&record))
}

async fn execute(desk: &mut Desk<'_>, command: Command, done: &str) -> Result<NumberRecord, Failure> {
    let receipt = desk.execute(command).await?;
    let changed = receipt.changed;
    let record = receipt.number()?;
    let number = record.number;
    if changed {
        desk.say(&format!("{number}: {done}"))?;
    } else {
        desk.say(&format!("{number}: nothing to change"))?;
    }
    Ok(record)
}

async fn show(desk: &mut Desk<'_>, number: PhoneNumber) -> Result<(), Failure> {
    let record = desk.rentals.number(number).await?;
    let history = {
        let (rentals, actor) = (desk.rentals, &desk.actor);
        let page = async |page| rentals.history(actor, number, &page).await;
        Paging::ALL.gather(page).await?
    };
    let locked_until = desk.leases.held_until(&LeaseName::Number(number)).await?;
    let detail = Detail {
        number: NumberShape::from(&record),
        locked_until: locked_until.map(Moment),
        item: desk.registry.item(number),
        history: history.items.into_iter().map(HistoryShape::from).collect(),
    };
    desk.show(&detail)?;
    if desk.format == Format::Table {
        writeln!(desk.out)?;
        desk.show_list(&Page { items: detail.history, next: None })?;
    }
    Ok(())
}
