//! `doctor`: is everything in order?
//!
//! Looks at one thing after the other, from the configuration to the books, and goes on as far as it can. It changes
//! nothing, and makes no store where there is none.

use std::io::Write;

use clap::Args;
use rental_app::{App, ReconcileError, ShopConfig, WorkerError, reconcile_books};
use rental_core::{
    Actor, Currency, ExceptionReason, Finding, GatewayError, InvoiceQuery, NumberQuery, Page, PageRequest,
    PaymentGateway, PaymentQuery, Rentals, Seconds, ServiceError, ShopView, SourceState, SourceStatus, Store,
    StoreError, Violation, find_violations,
};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::listing::Paging;
use crate::output::{self, Column, Format, Shape, brief};

/// How old the chain position may be before it is remarked upon.
const STALE: Seconds = Seconds(5 * 60);
/// How often the books are looked over before something found counts. They are read page by page while others write,
/// so what is really wrong is what is still wrong the next time.
const LOOKS: usize = 3;

/// Check configuration, store, chain and books
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  admin-cli doctor
  admin-cli doctor --json")]
pub(crate) struct Doctor {}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// In order.
    Ok,
    /// In order, but worth a look.
    Warning,
    /// Something that this shop depends on does not work.
    Failed,
    /// The store or the books are not right.
    Broken,
}

/// A check.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    detail: String,
}

impl Shape for Check {
    fn columns() -> Vec<Column> {
        ["check", "status", "detail"].map(brief).into()
    }

    fn cells(&self) -> Vec<String> {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "FAILED",
            Status::Broken => "BROKEN",
        };
        vec![self.name.to_owned(), status.to_owned(), self.detail.clone()]
    }
}

/// All checks.
#[derive(Debug, Default, Serialize)]
struct Report {
    healthy: bool,
    checks: Vec<Check>,
    /// What the books contradict in themselves.
    violations: Vec<Found<Violation>>,
    /// What the booked payments and the chain disagree on.
    findings: Vec<Found<Finding>>,
}

/// Something that is wrong, with a text for people.
#[derive(Debug, Serialize)]
struct Found<T> {
    #[serde(flatten)]
    what: T,
    text: String,
}

impl<T: ToString> From<T> for Found<T> {
    fn from(what: T) -> Self {
        let text = what.to_string();
        Self { what, text }
    }
}

impl Report {
    fn note(&mut self, name: &'static str, status: Status, detail: impl Into<String>) {
        let detail = detail.into();
        self.checks.push(Check { name, status, detail });
    }

    /// Notes what went wrong with `check`.
    fn fail(&mut self, check: &'static str, failure: &Failure) {
        let status = if failure.exit == Exit::Integrity { Status::Broken } else { Status::Failed };
        self.note(check, status, &failure.text);
    }

    /// The verdict.
    fn verdict(&self) -> Result<(), Failure> {
        let has = |status| self.checks.iter().any(|check| check.status == status);
        if has(Status::Broken) {
            let text =
                "the store or the books are not right; keep a copy of the store before you change anything";
            Err(Failure::new(Exit::Integrity, "doctor.broken", text))
        } else if has(Status::Failed) {
            let text = "something does not work; see the checks that failed";
            Err(Failure::new(Exit::Failure, "doctor.failed", text))
        } else {
            Ok(())
        }
    }
}

/// Checks and reports.
///
/// # Errors
/// [`Exit::Integrity`] when something is broken, [`Exit::Failure`] when something does not work.
pub(crate) async fn run(
    _: &Doctor,
    config: &ShopConfig,
    viewer: &Actor,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut report = Report::default();
    examine(config, viewer, &mut report).await;
    let verdict = report.verdict();
    report.healthy = verdict.is_ok();
    if format == Format::Json {
        output::json(out, &report)?;
    } else {
        let items = std::mem::take(&mut report.checks);
        output::list(out, format, &Page { items, next: None })?;
    }
    verdict
}

async fn examine(config: &ShopConfig, viewer: &Actor, report: &mut Report) {
    if let Err(error) = config.validate() {
        report.note("configuration", Status::Failed, error.to_string());
        return;
    }
    let provider = &config.ton_provider;
    report.note("configuration", Status::Ok, format!("provider {provider}"));

    let file = config.rental_db.display();
    let on_redis = matches!(config.redis(), Ok(Some(_)));
    if !on_redis && !config.rental_db.exists() {
        let text = format!("{file} does not exist; check RENTAL_DB, or start the shop once");
        report.note("store", Status::Failed, text);
        return;
    }
    let app = match App::open(config).await {
        Ok(app) => app,
        Err(error) => return report.fail("store", &error.into()),
    };
    match app.store.check().await {
        Ok(wrong) if wrong.is_empty() && on_redis => report.note("store", Status::Ok, "Redis answers"),
        Ok(wrong) if wrong.is_empty() => report.note("store", Status::Ok, format!("{file} is whole")),
        Ok(wrong) => {
            for line in wrong {
                report.note("store", Status::Broken, line);
            }
        }
        Err(error) => report.fail("store", &error.into()),
    }
    match app.store.advice().await {
        Ok(advice) => advice.into_iter().for_each(|line| report.note("settings", Status::Warning, line)),
        Err(error) => report.fail("settings", &error.into()),
    }
    match app.service.shop().await {
        Ok(view) => {
            let wallet = &view.shop.wallet;
            report.note("shop", Status::Ok, format!("open for {} on {}", wallet.address, wallet.network));
            note_position(report, &view);
        }
        Err(error) => report.fail("shop", &error.into()),
    }
    let answers = match app.gateway.head().await {
        Ok(head) => {
            report.note("provider", Status::Ok, format!("answers; it knows the chain to {}", head.read_to));
            true
        }
        Err(error) => {
            report.note("provider", Status::Failed, error.to_string());
            false
        }
    };
    note_ownership(&app, report).await;
    note_sources(report, &app.gateway.sources());
    match note_doubts(report, &app).await {
        Ok(()) => {}
        Err(error) => report.fail("payments", &error.into()),
    }
    match violations(app.service.store().as_ref()).await {
        Ok(found) if found.is_empty() => {
            report.note("books", Status::Ok, "numbers, invoices and accounts agree");
        }
        Ok(found) => {
            for found in found.into_iter().map(Found::from) {
                report.note("books", Status::Broken, &found.text);
                report.violations.push(found);
            }
        }
        Err(error) => report.fail("books", &error.into()),
    }
    if answers {
        compare(&app, app.gateway.as_ref(), viewer, report).await;
        match app.usdt_gateway().await {
            Ok(Some(usdt)) => {
                compare(&app, usdt.as_ref(), viewer, report).await;
                note_usdt_wallet(&app, report).await;
            }
            Ok(None) => {}
            Err(error) => report.fail("payments", &error.into()),
        }
    } else {
        let text = "not compared with the chain, as the provider does not answer; run this again later";
        report.note("payments", Status::Warning, text);
    }
    app.store.close();
}

/// Says whether the master of USDT still names the wallet that is read.
async fn note_usdt_wallet(app: &App, report: &mut Report) {
    match app.confirm_usdt_wallet().await {
        Ok(true) => report.note("USDT wallet", Status::Ok, "its master names it as the shop's"),
        Ok(false) => {}
        Err(WorkerError::Gateway(error @ GatewayError::Unverified(_))) => {
            report.note("USDT wallet", Status::Failed, error.to_string());
        }
        Err(error) => {
            let text = format!("could not be confirmed: {error}; run this again later");
            report.note("USDT wallet", Status::Warning, text);
        }
    }
}

/// Compares the booked payments with the chain.
async fn compare(app: &App, gateway: &dyn PaymentGateway, viewer: &Actor, report: &mut Report) {
    match reconcile_books(app.service.as_ref(), gateway, viewer).await {
        Ok(books) if books.balances() => {
            let text = format!(
                "booked as they came in, up to the chain position (transactions in {}: {})",
                books.currency, books.transactions
            );
            report.note("payments", Status::Ok, text);
        }
        Ok(books) if books.findings.is_empty() => {
            let text = "the sum of what is booked is not what came in; see `admin-cli payments reconcile`";
            report.note("payments", Status::Broken, text);
        }
        Ok(books) => {
            for found in books.findings.into_iter().map(Found::from) {
                report.note("payments", Status::Broken, &found.text);
                report.findings.push(found);
            }
        }
        // An answer that cannot be true is more than one that does not come, and says nothing about the books.
        Err(ReconcileError::Gateway(error @ GatewayError::Unverified(_))) => {
            report.note("payments", Status::Failed, error.to_string());
        }
        Err(ReconcileError::Gateway(error)) => {
            let text = format!("not compared with the chain: {error}; run this again later");
            report.note("payments", Status::Warning, text);
        }
        Err(ReconcileError::Service(error)) => report.fail("payments", &error.into()),
    }
}

/// Says whether the numbers are the operator's, as far as the chain was asked.
async fn note_ownership(app: &App, report: &mut Report) {
    let rentals = app.service.as_ref();
    let numbers = match Paging::ALL.gather(async |page| rentals.numbers(&[], &page).await).await {
        Ok(numbers) => numbers.items,
        Err(error) => return report.fail("ownership", &error.into()),
    };
    let lost = numbers.iter().filter(|record| record.is_lost());
    let lost: Vec<_> = lost.map(|record| record.number.to_string()).collect();
    let oldest =
        numbers.iter().filter_map(|record| record.proof.as_ref()).map(|proof| proof.checked_at).min();
    match oldest {
        None => report.note("ownership", Status::Ok, "no number was ever verified; see `numbers verify`"),
        Some(oldest) if lost.is_empty() => {
            let text = format!("verified numbers are the operator's; the oldest answer is of {oldest}");
            report.note("ownership", Status::Ok, text);
        }
        Some(_) => {
            let text = format!(
                "not the operator's, and not offered: {}; see `numbers show`, and end auctions or name your wallets in \
                 OWNER_WALLETS",
                lost.join(" ")
            );
            report.note("ownership", Status::Warning, text);
        }
    }
}

fn note_position(report: &mut Report, view: &ShopView) {
    for currency in Currency::ALL.into_iter().filter(|currency| view.shop.chain_start(*currency).is_some()) {
        note_position_of(report, view, currency);
    }
}

fn note_position_of(report: &mut Report, view: &ShopView, currency: Currency) {
    let read_to = view.chains.of(currency).read_to;
    let subject = match currency {
        Currency::Ton => "chain position",
        Currency::Usdt => "USDT position",
    };
    let age = view.now.since(read_to);
    if read_to == rental_core::Timestamp::EPOCH {
        let text = "never read; payments are booked once http-api or the bot runs";
        report.note(subject, Status::Warning, text);
    } else if age > STALE {
        let text = format!(
            "read to {}, {} s ago; payments wait until http-api or the bot runs and reads on",
            read_to, age.0
        );
        report.note(subject, Status::Warning, text);
    } else {
        report.note(subject, Status::Ok, format!("read to {read_to}, {} s ago", age.0));
    }
}

/// How each provider is doing, where there are several.
fn note_sources(report: &mut Report, sources: &[SourceStatus]) {
    for source in sources.iter().filter(|_| sources.len() > 1) {
        let SourceStatus { name, state, last_error, read_to } = source;
        let text = match (last_error, read_to) {
            (Some(error), _) => format!("{name} {}: {error}", state.name()),
            (None, Some(read_to)) => format!("{name} knows the chain to {read_to}"),
            (None, None) => format!("{name} was not asked; it only confirms payments"),
        };
        let status = if *state == SourceState::Ok { Status::Ok } else { Status::Warning };
        report.note("provider", status, text);
    }
}

/// Payments that the providers do not agree about.
async fn note_doubts(report: &mut Report, app: &App) -> Result<(), ServiceError> {
    for (reason, text) in [
        (ExceptionReason::Unconfirmed, "wait for a second provider to confirm them"),
        (ExceptionReason::Disputed, "are disputed between providers; see `payments list --because disputed`"),
    ] {
        let query =
            PaymentQuery { outcome: Some("exception"), reason: Some(reason), ..PaymentQuery::default() };
        let page = app.service.payments(&Actor::System, &query, &PageRequest::first(100)).await?;
        let more = if page.next.is_some() { " or more" } else { "" };
        if !page.items.is_empty() {
            report.note("payments", Status::Warning, format!("{}{more} payments {text}", page.items.len()));
        }
    }
    Ok(())
}

/// What is wrong in the books, look after look.
async fn violations(store: &dyn Store) -> Result<Vec<Violation>, StoreError> {
    let mut found = look(store).await?;
    for _ in 1..LOOKS {
        if found.is_empty() {
            break;
        }
        let again = look(store).await?;
        found.retain(|violation| again.contains(violation));
    }
    Ok(found)
}

/// Everything as it is stored: the service would show what a passed deadline will make of it.
async fn look(store: &dyn Store) -> Result<Vec<Violation>, StoreError> {
    let (numbers, invoices) = (NumberQuery::default(), InvoiceQuery::default());
    let numbers = Paging::ALL.gather(async |page| store.numbers(&numbers, &page).await).await?;
    let invoices = Paging::ALL.gather(async |page| store.invoices(&invoices, &page).await).await?;
    let accounts = Paging::ALL.gather(async |page| store.accounts(&page).await).await?;
    Ok(find_violations(&numbers.items, &invoices.items, &accounts.items))
}
