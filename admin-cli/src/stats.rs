//! `stats`: figures about the shop.

use std::collections::BTreeMap;

use clap::Args;
use rental_core::{Currency, Page, ShopView, Totals};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::{self, Column, Format, Shape, brief};
use crate::shapes::{Moment, sum_of};

/// Figures about the shop
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  admin-cli stats
  admin-cli stats --json")]
pub(crate) struct Stats {}

/// The figures as JSON.
#[derive(Serialize)]
struct Figures<'a> {
    wallet: &'a str,
    network: String,
    opened_at: Moment,
    chain_read_to: Moment,
    /// Absent as long as the shop takes no USDT.
    usdt_chain_read_to: Option<Moment>,
    #[serde(flatten)]
    sums: Sums<'a>,
}

/// What can be counted, as JSON.
#[derive(Serialize)]
pub(crate) struct Sums<'a> {
    customers: u64,
    numbers: BTreeMap<&'a str, u64>,
    invoices: BTreeMap<&'a str, u64>,
    payments: BTreeMap<&'a str, Sum>,
    booked: String,
    booked_display: String,
    booked_usdt: String,
    booked_usdt_display: String,
}

/// Payments with the same outcome.
#[derive(Serialize)]
struct Sum {
    count: u64,
    amount: String,
    amount_display: String,
    amount_usdt: String,
    amount_usdt_display: String,
}

/// A figure as a row.
#[derive(Serialize)]
pub(crate) struct Row {
    what: &'static str,
    name: String,
    count: u64,
    amount: String,
}

impl Row {
    /// A row without an amount.
    pub(crate) fn new(what: &'static str, name: &str, count: u64) -> Self {
        Self { what, name: name.to_owned(), count, amount: String::new() }
    }
}

impl Shape for Row {
    fn columns() -> Vec<Column> {
        ["what", "name", "count", "amount"].map(brief).into()
    }

    fn cells(&self) -> Vec<String> {
        vec![self.what.to_owned(), self.name.clone(), self.count.to_string(), self.amount.clone()]
    }
}

/// Shows the figures.
pub(crate) async fn run(_: &Stats, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let totals = desk.rentals.totals(&desk.actor).await?;
    let view = desk.rentals.shop().await?;
    if desk.format == Format::Json {
        output::json(desk.out, &figures(&view, &totals))
    } else {
        let items = rows(&totals);
        desk.show_list(&Page { items, next: None })
    }
}

fn figures<'a>(view: &'a ShopView, totals: &'a Totals) -> Figures<'a> {
    Figures {
        wallet: &view.shop.wallet.address,
        network: view.shop.wallet.network.to_string(),
        opened_at: Moment(view.shop.opened_at),
        chain_read_to: Moment(view.chains.of(Currency::Ton).read_to),
        usdt_chain_read_to: view.shop.usdt.as_ref().map(|_| Moment(view.chains.of(Currency::Usdt).read_to)),
        sums: sums(totals),
    }
}

/// The totals as JSON.
pub(crate) fn sums(totals: &Totals) -> Sums<'_> {
    let sum = |count: u64, sums: &rental_core::Sums| {
        let (ton, usdt) = (sums.of(Currency::Ton), sums.of(Currency::Usdt));
        Sum {
            count,
            amount: ton.to_string(),
            amount_display: sum_of(Currency::Ton, ton),
            amount_usdt: usdt.to_string(),
            amount_usdt_display: sum_of(Currency::Usdt, usdt),
        }
    };
    let (ton, usdt) = (totals.booked(Currency::Ton), totals.booked(Currency::Usdt));
    let Totals { numbers, invoices, payments, accounts } = totals;
    Sums {
        customers: *accounts,
        numbers: numbers.iter().map(|(state, count)| (state.name(), *count)).collect(),
        invoices: invoices.iter().map(|(status, count)| (status.as_str(), *count)).collect(),
        payments: payments
            .iter()
            .map(|(outcome, count, sums)| (outcome.as_str(), sum(*count, sums)))
            .collect(),
        booked: ton.to_string(),
        booked_display: sum_of(Currency::Ton, ton),
        booked_usdt: usdt.to_string(),
        booked_usdt_display: sum_of(Currency::Usdt, usdt),
    }
}

/// The totals as rows.
pub(crate) fn rows(totals: &Totals) -> Vec<Row> {
    let numbers = totals.numbers.iter().map(|(state, count)| Row::new("numbers", state.name(), *count));
    let invoices = totals.invoices.iter().map(|(status, count)| Row::new("invoices", status, *count));
    let payments = totals.payments.iter().map(|(outcome, count, sums)| Row {
        amount: sums.to_string(),
        ..Row::new("payments", outcome, *count)
    });
    let customers = Row::new("customers", "all", totals.accounts);
    numbers.chain(invoices).chain(payments).chain([customers]).collect()
}
