//! A shop with a Telegram of its own.

use std::path::Path;
use std::process::Command;

use bot_testing::{FakeTelegram, TOKEN};
use clap::Parser;
use redis_servers::Server;
use rental_app::{App, ShopConfig};
use rental_core::{Actor, AdminId, Command as Change, Rentals, Request};
use tempfile::TempDir;

use crate::process::Process;

/// Who owns the bot.
pub(crate) const OWNER: i64 = 1;
/// What Telegram proves itself with.
pub(crate) const SECRET: &str = "a-secret-of-the-webhook-0123456789";

/// An open shop, its Telegram, and where its programs run.
pub(crate) struct Shop {
    pub(crate) telegram: FakeTelegram,
    pub(crate) app: App,
    settings: Vec<String>,
    folder: TempDir,
    _redis: Option<Server>,
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    shop: ShopConfig,
}

impl Shop {
    /// A shop on the embedded store, with these numbers for 7 days at 3 TON or 30 days at 10 TON.
    pub(crate) async fn embedded(numbers: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        Self::open(folder, Vec::new(), None, numbers).await
    }

    /// The same on a Redis server.
    pub(crate) async fn on_redis(numbers: &[&str]) -> Self {
        let (folder, server) = (TempDir::new().unwrap(), Server::builder().start());
        let settings = ["--redis-uri", &server.url(), "--redis-namespace", "shop"].map(ToOwned::to_owned);
        Self::open(folder, settings.to_vec(), Some(server), numbers).await
    }

    async fn open(
        folder: TempDir,
        mut settings: Vec<String>,
        redis: Option<Server>,
        numbers: &[&str],
    ) -> Self {
        let file = folder.path().join("rental.db").to_str().unwrap().to_owned();
        settings.extend(["--rental-db".to_owned(), file, "--ton-poll-seconds".to_owned(), "1".to_owned()]);
        let words = std::iter::once("test".to_owned()).chain(settings.iter().cloned());
        let app = App::open(&Settings::parse_from(words).shop).await.unwrap();
        let shop = Self { telegram: FakeTelegram::start(), app, settings, folder, _redis: redis };
        let plans: Vec<_> = ["7d=3", "30d=10"].iter().map(|plan| plan.parse().unwrap()).collect();
        for number in numbers {
            shop.change(Change::AddNumber { number: number.parse().unwrap(), plans: plans.clone() }).await;
        }
        shop
    }

    /// Changes something as the operator.
    pub(crate) async fn change(&self, change: Change) {
        let operator = Actor::Admin(AdminId::Console("test".to_owned()));
        self.app.service.execute(Request::new(operator, change)).await.unwrap();
    }

    /// The program, to be started.
    pub(crate) fn program(&self) -> Command {
        let mut program = program(self.folder.path());
        program
            .args(&self.settings)
            .env("TELEGRAM_API_URL", self.telegram.url())
            .env("BOT_TOKEN", TOKEN)
            .env("OWNER_ID", OWNER.to_string());
        program
    }

    /// A program that asks for updates; it has begun to when this returns.
    pub(crate) async fn start(&self) -> Process {
        let before = self.telegram.counters().of("getUpdates");
        let process = Process::start(self.program());
        let asked = |counters: &bot_testing::Counters| counters.of("getUpdates") > before;
        self.telegram.wait_until("a bot that asks for updates", asked).await;
        process
    }

    /// A program that updates are sent to, and the address for them.
    pub(crate) fn start_replica(&self) -> (Process, String) {
        let mut program = self.program();
        program
            .env("WEBHOOK_URL", "https://bot.example/telegram")
            .env("WEBHOOK_SECRET", SECRET)
            .env("WEBHOOK_BIND", "127.0.0.1:0");
        let process = Process::start(program);
        let line = process.line_with("url=http://");
        let (_, rest) = line.split_once("url=http://").unwrap();
        let address = rest.split_whitespace().next().unwrap();
        (process, format!("http://{address}/telegram"))
    }

    /// Has updates posted to this address, and to the others at the same time.
    pub(crate) async fn set_webhook(&self, url: &str, others: &[&str]) {
        self.telegram.also_post_to(others);
        let body = serde_json::json!({"url": url, "secret_token": SECRET});
        let request = reqwest::Client::new().post(format!("{}/setWebhook", self.telegram.api())).json(&body);
        assert!(request.send().await.unwrap().status().is_success());
    }
}

/// The program, to be started in `folder`, with nothing of this test's environment in its settings.
fn program(folder: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_bot"));
    program.current_dir(folder).env_clear().env("RUST_LOG", "info");
    program
}
