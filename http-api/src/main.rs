//! The REST interface: parses requests, asks the shop's service, renders its answers. No rule of the shop lives here.
//!
//! | subject | where |
//! |---|---|
//! | resources, one file each | `routes/` |
//! | who asks, and how often | `auth.rs`, `limit.rs` |
//! | reading requests | `input.rs` |
//! | refusals | `problem.rs` |
//! | the page to pay on | `checkout.rs` |
//! | the description of the interface | `docs.rs` |
//! | connections, requests | `serve.rs`, `observe.rs` |

mod api;
mod auth;
mod checkout;
mod conditional;
mod config;
mod demo;
mod docs;
mod input;
mod limit;
mod listing;
mod observe;
mod problem;
mod routes;
mod serve;
#[cfg(test)]
mod testing;

use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use rental_app::{App, EndSignals, Provider, Workers, listen_on, load_dotenv, start_logging};
use rental_core::{Quota, Seconds};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use api::{Api, Parts};
use config::Config;

/// How long the program says that it is about to end before it stops listening, so that a balancer can look away.
const NOTICE: Duration = Duration::from_millis(500);

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
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?
        .block_on(run(config))
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut end = EndSignals::listen()?;
    config.public_url("").map_err(|why| anyhow!(why))?; // before anything is opened
    if config.demo && config.shop.provider()? != Provider::Sandbox {
        bail!("--demo works in the sandbox only; unset TON_PROVIDER");
    }
    let app = App::open(&config.shop).await?;
    let (listener, url) = listen_on("HTTP_BIND", &config.http_bind).await?;
    let metrics = observe::install_metrics().context("metrics cannot be collected")?;
    let (leaving, stop) = (CancellationToken::new(), CancellationToken::new());
    let mut servers = tokio::task::JoinSet::new();
    if let Some(address) = config.metrics_bind() {
        let (listener, _) = listen_on("METRICS_BIND", address).await?;
        servers.spawn(serve::serve(listener, routes::exposition(metrics.clone()), stop.clone()));
    }
    let workers = Workers::start(&app, Duration::from_secs(config.shop.ton_poll_seconds));
    let api = Api::new(Parts {
        rentals: app.service.clone(),
        gateway: app.gateway.clone(),
        sandbox: app.sandbox.as_ref().map(|tools| tools.chain.clone()),
        limiter: app.limiter.clone(),
        quota: Quota { limit: config.rate_limit, window: Seconds(60) },
        trusted_proxies: config.trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
        public_url: config.public_url(&url).map_err(|why| anyhow!(why))?,
        health: workers.health().clone(),
        leaving: leaving.clone(),
        metrics: config.metrics_bind().is_none().then_some(metrics),
        places: Semaphore::new(api::MOST_REQUESTS),
    });
    servers.spawn(serve::serve(listener, api.router(), stop.clone()));
    announce(&config, &app, &url).await?;

    end.wait().await;
    leaving.cancel();
    tokio::time::sleep(NOTICE).await;
    stop.cancel();
    while servers.join_next().await.is_some() {}
    workers.stop().await;
    app.close().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the one thing that this program has to say to whoever started it")]
async fn announce(config: &Config, app: &App, url: &str) -> anyhow::Result<()> {
    if config.demo {
        println!("{}", demo::prepare(app.service.as_ref(), url).await?);
    } else {
        println!("Listening on {url}; documentation at {url}/docs");
    }
    Ok(())
}
