//! `payments reconcile`: the books against the chain.

use std::collections::BTreeMap;

use rental_app::reconcile_books;
use rental_core::{Finding, Page, PaymentGateway, Reconciliation, Timestamp};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Shape, brief};
use crate::shapes::{Moment, sum_of};

/// The comparison as JSON: the figures of TON, beside them those of USDT, and what is wrong with either.
#[derive(Serialize)]
struct Report<'a> {
    balanced: bool,
    #[serde(flatten)]
    ton: Figures<'a>,
    /// Absent as long as the shop has never taken any.
    usdt: Option<Figures<'a>>,
    findings: Vec<Found<'a>>,
}

/// The figures of one currency, in its smallest units.
#[derive(Serialize)]
struct Figures<'a> {
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
    /// What went out as refunds, and otherwise.
    sent_back: String,
    sent_back_display: String,
    sent: String,
    sent_display: String,
}

impl<'a> Figures<'a> {
    fn new(Compared { books, read_to }: &'a Compared) -> Self {
        let display = |sum| sum_of(books.currency, sum);
        Self {
            read_to: Moment(*read_to),
            transactions: books.transactions,
            on_chain: books.on_chain.to_string(),
            on_chain_display: display(books.on_chain),
            booked: books.booked.to_string(),
            booked_display: display(books.booked),
            waiting_transactions: books.waiting_transactions,
            waiting: books.waiting.to_string(),
            waiting_display: display(books.waiting),
            by_outcome: books.by_outcome.iter().map(|(name, sum)| (*name, sum.to_string())).collect(),
            sent_back: books.sent_back.to_string(),
            sent_back_display: display(books.sent_back),
            sent: books.sent.to_string(),
            sent_display: display(books.sent),
        }
    }
}

/// The books of one currency beside its chain, and how far that had been read.
struct Compared {
    books: Reconciliation,
    read_to: Timestamp,
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
    let ton = compare(desk, desk.gateway).await?;
    let usdt = match desk.usdt {
        Some(gateway) => Some(compare(desk, gateway).await?),
        None => None,
    };
    write(desk, &ton, usdt.as_ref())?;
    let all: Vec<_> =
        [Some(&ton), usdt.as_ref()].into_iter().flatten().map(|compared| &compared.books).collect();
    if all.iter().all(|books| books.balances()) {
        return Ok(());
    }
    let text = match all.iter().map(|books| books.findings.len()).sum() {
        1_usize => "the books do not balance: 1 finding".to_owned(),
        count => format!("the books do not balance: {count} findings"),
    };
    let text = format!(
        "{text}; look at each transaction in an explorer, and keep a copy of the store before you change anything"
    );
    Err(Failure::new(Exit::Integrity, "books.unbalanced", text))
}

async fn compare(desk: &Desk<'_>, gateway: &dyn PaymentGateway) -> Result<Compared, Failure> {
    let read_to = desk.rentals.shop().await?.chains.of(gateway.currency()).read_to;
    let books = reconcile_books(desk.rentals, gateway, &desk.actor).await?;
    Ok(Compared { books, read_to })
}

fn write(desk: &mut Desk<'_>, ton: &Compared, usdt: Option<&Compared>) -> Result<(), Failure> {
    let all = || [Some(ton), usdt].into_iter().flatten();
    let findings: Vec<_> = all().flat_map(|compared| &compared.books.findings).map(Found::from).collect();
    if desk.format == Format::Csv {
        return desk.show_list(&Page { items: findings, next: None });
    }
    let mut text: Vec<String> = all().flat_map(told).collect();
    text.extend(findings.iter().map(|found| format!("finding: {}", found.text)));
    let balanced = all().all(|compared| compared.books.balances());
    if balanced {
        text.push("balanced: everything that came in until then is booked once".to_owned());
    }
    let report = Report { balanced, ton: Figures::new(ton), usdt: usdt.map(Figures::new), findings };
    desk.show_text(&report, &text.join("\n"))
}

/// The comparison of one currency for people.
fn told(compared: &Compared) -> Vec<String> {
    let (figures, Compared { books, read_to }) = (Figures::new(compared), compared);
    let first = if *read_to == Timestamp::EPOCH {
        "compared  nothing yet: http-api or the bot reads the chain and books what came in".to_owned()
    } else {
        format!("compared  up to {read_to}; what came later waits for http-api or the bot to book it")
    };
    let mut text = vec![
        first,
        format!("on chain  {} (transactions: {})", figures.on_chain_display, books.transactions),
        format!("booked    {}", figures.booked_display),
    ];
    let outcomes = books.by_outcome.iter();
    text.extend(outcomes.map(|(name, sum)| format!("  {name}  {}", sum_of(books.currency, *sum))));
    if books.sent_back > 0 {
        text.push(format!("sent back {} as refunds", figures.sent_back_display));
    }
    if books.sent > 0 {
        text.push(format!("sent      {} otherwise, by the operator", figures.sent_display));
    }
    if books.waiting_transactions > 0 {
        let (sum, count) = (figures.waiting_display, books.waiting_transactions);
        text.push(format!("waiting   {sum} (transactions: {count}) to be booked by http-api or the bot"));
    }
    text
}
