//! `payments reconcile`: the books against the chain.

use std::collections::BTreeMap;

use rental_app::reconcile_books;
use rental_core::{Currency, Finding, Page, Reconciliation, Timestamp};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Shape, brief};
use crate::shapes::{Moment, sum_of};

/// The comparison as JSON.
#[derive(Serialize)]
struct Report<'a> {
    balanced: bool,
    /// What came later waits to be booked and is not compared.
    read_to: Moment,
    transactions: usize,
    on_chain: String,
    on_chain_display: String,
    booked: String,
    booked_display: String,
    waiting_transactions: usize,
    waiting: String,
    waiting_display: String,
    by_outcome: BTreeMap<&'a str, String>,
    findings: Vec<Found<'a>>,
}

/// A finding with a text for people.
#[derive(Serialize)]
struct Found<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    text: String,
}

impl<'a> From<&'a Finding> for Found<'a> {
    fn from(finding: &'a Finding) -> Self {
        let text = finding.to_string();
        Self { finding, text }
    }
}

impl Shape for Found<'_> {
    fn columns() -> Vec<Column> {
        vec![brief("finding")]
    }

    fn cells(&self) -> Vec<String> {
        vec![self.text.clone()]
    }
}

/// Compares and reports.
///
/// # Errors
/// [`Exit::Integrity`] when the books do not balance.
pub(super) async fn run(desk: &mut Desk<'_>) -> Result<(), Failure> {
    let read_to = desk.rentals.shop().await?.chains.of(Currency::Ton).read_to;
    let books = reconcile_books(desk.rentals, desk.gateway, &desk.actor).await?;
    write(desk, &books, read_to)?;
    if books.balances() {
        return Ok(());
    }
    let text = match books.findings.len() {
        1 => "the books do not balance: 1 finding".to_owned(),
        count => format!("the books do not balance: {count} findings"),
    };
    let text = format!(
        "{text}; look at each transaction in an explorer, and keep a copy of the store before you change anything"
    );
    Err(Failure::new(Exit::Integrity, "books.unbalanced", text))
}

fn write(desk: &mut Desk<'_>, books: &Reconciliation, read_to: Timestamp) -> Result<(), Failure> {
    let Reconciliation {
        currency,
        on_chain,
        booked,
        transactions,
        waiting,
        waiting_transactions,
        by_outcome,
        findings,
    } = books;
    if desk.format == Format::Csv {
        let items = findings.iter().map(Found::from).collect();
        return desk.show_list(&Page { items, next: None });
    }
    let report = Report {
        balanced: books.balances(),
        read_to: Moment(read_to),
        transactions: *transactions,
        on_chain: on_chain.to_string(),
        on_chain_display: sum_of(*currency, *on_chain),
        booked: booked.to_string(),
        booked_display: sum_of(*currency, *booked),
        waiting_transactions: *waiting_transactions,
        waiting: waiting.to_string(),
        waiting_display: sum_of(*currency, *waiting),
        by_outcome: by_outcome.iter().map(|(name, sum)| (*name, sum.to_string())).collect(),
        findings: findings.iter().map(Found::from).collect(),
    };
    let compared = if read_to == Timestamp::EPOCH {
        "compared  nothing yet: http-api or the bot reads the chain and books what came in".to_owned()
    } else {
        format!("compared  up to {read_to}; what came later waits for http-api or the bot to book it")
    };
    let mut text = vec![
        compared,
        format!("on chain  {} (transactions: {transactions})", report.on_chain_display),
        format!("booked    {}", report.booked_display),
    ];
    text.extend(by_outcome.iter().map(|(name, sum)| format!("  {name}  {}", sum_of(*currency, *sum))));
    if *waiting_transactions > 0 {
        let (sum, count) = (&report.waiting_display, waiting_transactions);
        text.push(format!("waiting   {sum} (transactions: {count}) to be booked by http-api or the bot"));
    }
    text.extend(findings.iter().map(|finding| format!("finding: {finding}")));
    if report.balanced {
        text.push("balanced: everything that came in until then is booked once".to_owned());
    }
    desk.show_text(&report, &text.join("\n"))
}
