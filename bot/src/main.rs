//! The Telegram bot: turns updates into questions and commands for the shop, and its answers into screens. No rule of
//! the shop lives here.
//!
//! | subject | where |
//! |---|---|
//! | how updates arrive | `polling.rs`, `polling/`, `webhook.rs` |
//! | order, faults, who handles what | `intake.rs`, `intake/` |
//! | private chats, groups | `conversation.rs`, `commands.rs`, `groups.rs` |
//! | what a customer's buttons do | `customer.rs`, `customer/` |
//! | codes to scan | `codes.rs`, `qr.rs` |
//! | what is shown | `screens.rs`, `screens/`; as data `screen.rs`, `view.rs`, `callback.rs` |
//! | screens that change by themselves | `pay_screens.rs` |
//! | what is said | `texts.rs`, `texts/` |
//! | speaking to Telegram | `telegram.rs` |
//! | the operators' side | `admin.rs`, `admin/` |
//! | what is sent without being asked for | `outgoing.rs`, `outgoing/` |
//! | what is remembered about chats | `memory.rs` |
//! | health and metrics | `observe.rs` |

mod admin;
mod bot;
mod callback;
mod catalogue;
mod codes;
mod commands;
mod config;
mod conversation;
mod customer;
mod groups;
mod intake;
mod memory;
mod observe;
mod outgoing;
mod pay_screens;
mod polling;
mod qr;
mod screen;
mod screens;
mod telegram;
#[cfg(test)]
mod testing;
mod texts;
mod view;
mod webhook;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use clap::Parser;
use rental_app::{App, EndSignals, Workers, listen_on, load_dotenv, start_logging};
use rental_core::{Actor, Command, Quota, Rentals, Request, Seconds};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use bot::{Bot, House};
use catalogue::Catalogue;
use codes::Codes;
use config::{Config, Task};
use intake::Intake;
use memory::Memory;
use outgoing::{Office, Outgoing};
use pay_screens::Easel;
use telegram::Telegram;

/// How long updates under way may take when the program ends.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// How long until the menu of commands is tried to be set again.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(30);
/// In how many seconds a customer has its taps and messages.
const RATE_WINDOW: Seconds = Seconds(10);

#[expect(clippy::print_stderr, reason = "why the program cannot start, for whoever started it")]
fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    load_dotenv().map_err(|why| anyhow!(why))?; // before any thread: it changes the environment
    let config = Config::parse();
    start_logging();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?;
    match config.task {
        None => runtime.block_on(run(config)),
        Some(task) => runtime.block_on(tell(&config, task)),
    }
}

/// Tells Telegram how updates are to arrive.
#[expect(clippy::print_stdout, reason = "the answer to whoever gave the command")]
async fn tell(config: &Config, task: Task) -> anyhow::Result<()> {
    let telegram = Telegram::new(config.api_url()?, &config.token()?)?;
    match task {
        Task::SetWebhook => {
            let webhook = config.webhook_to_set()?;
            telegram.set_webhook(&webhook, config.webhook_connections).await?;
            println!("Telegram sends updates to {}", webhook.url);
        }
        Task::DeleteWebhook => {
            telegram.delete_webhook().await?;
            println!("Telegram keeps updates until the bot asks for them");
        }
    }
    Ok(())
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut end = EndSignals::listen()?;
    let telegram = Telegram::new(config.api_url()?, &config.token()?)?;
    let webhook = config.webhook()?;
    let house = House {
        owner: config.owner_id,
        support_url: config.support_url()?,
        rules: config.rules()?,
        quota: Quota { limit: config.bot_rate_limit, window: RATE_WINDOW },
    };
    let metrics = match config.metrics_bind() {
        Some(address) => {
            Some((listen_on("METRICS_BIND", address).await?.0, observe::collect().context("no metrics")?))
        }
        None => None,
    };
    let app = App::open(&config.shop).await?;
    settle_owner(&app, config.owner_id).await?;
    let bot = Arc::new(Bot {
        telegram: telegram.clone(),
        rentals: app.service.clone(),
        gateway: app.gateway.clone(),
        sandbox: app.sandbox.as_ref().map(|tools| tools.chain.clone()),
        memory: Memory::new(app.notes.clone()),
        store: app.store.store(),
        leases: app.leases.clone(),
        notes: app.notes.clone(),
        catalogue: Catalogue::default(),
        codes: Codes::default(),
        limiter: app.limiter.clone(),
        house,
        me: OnceCell::new(),
    });
    let intake = Intake::new(bot.clone());
    let stop = CancellationToken::new();
    let updates = if let Some(webhook) = webhook {
        let (listener, _) = listen_on("WEBHOOK_BIND", &config.webhook_bind).await?;
        tokio::spawn(serve(listener, webhook::router(&webhook, bot.clone(), intake.clone()), stop.clone()))
    } else {
        let (intake, leases, stop) = (intake.clone(), app.leases.clone(), stop.clone());
        let memory = bot.memory.clone();
        tokio::spawn(async move { polling::poll(&telegram, &intake, &memory, leases, &stop).await })
    };
    let workers = Workers::start(&app, Duration::from_secs(config.shop.ton_poll_seconds));
    if let Some((listener, handle)) = metrics {
        let router = observe::router(handle, app.service.clone(), workers.health().clone());
        tokio::spawn(serve(listener, router, stop.clone()));
    }
    let office = Office {
        rentals: app.service.clone(),
        store: app.store.store(),
        notes: app.notes.clone(),
        mailbox: Arc::new(bot.telegram.clone()),
    };
    let outgoing = tokio::spawn(Outgoing::new(&office, app.leases.clone(), stop.clone()).run());
    let pay_screens = {
        let easel = Easel::new(bot.clone(), intake.clone(), stop.clone());
        tokio::spawn(pay_screens::keep_current(easel, app.leases.clone()))
    };
    let announcing = tokio::spawn(async move {
        while let Err(error) = commands::announce(&bot).await {
            tracing::warn!(%error, "the menu of commands could not be set; it is tried again");
            tokio::time::sleep(ANNOUNCE_EVERY).await;
        }
    });

    end.wait().await;
    stop.cancel();
    announcing.abort();
    if tokio::time::timeout(DRAIN_WITHIN, updates).await.is_err() {
        tracing::warn!("somebody was still sending updates and was cut off");
    }
    pay_screens.await.context("pay screens are not kept current any more")?;
    outgoing.await.context("messages are not sent any more")?;
    if tokio::time::timeout(DRAIN_WITHIN, intake.finish()).await.is_err() {
        tracing::warn!("some updates were still under way and were cut off");
    }
    workers.stop().await;
    app.close().await;
    Ok(())
}

/// Makes `named` the shop's owner. Whoever is recorded stays when nobody is named: a variable that was forgotten must
/// not take the shop away from its owner.
async fn settle_owner(app: &App, named: Option<u64>) -> anyhow::Result<()> {
    if named.is_some() {
        let owner = Command::SetOwner { user: named };
        app.service.execute(Request::new(Actor::System, owner)).await?;
        return Ok(());
    }
    if let Some(owner) = app.service.access(&Actor::System).await?.owner {
        tracing::warn!(owner, "OWNER_ID is not set; the owner stays who it was");
    } else {
        tracing::warn!("OWNER_ID is not set; the shop has no owner in Telegram");
    }
    Ok(())
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "a listener ended");
    }
}
