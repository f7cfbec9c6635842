//! The bots that are measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bot_testing::{FakeTelegram, TOKEN};
use clap::Parser;
use rental_app::{App, ShopConfig};
use rental_core::{Actor, AdminId, Command as Change, Rentals, Request};
use tempfile::TempDir;

/// How many numbers are free.
const NUMBERS: u32 = 400;

/// A bot that can be started.
pub(crate) struct Rival {
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
}

/// A bot that runs.
pub(crate) struct Running {
    child: Child,
    /// From being started to asking for updates.
    pub(crate) started_in: Duration,
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    shop: ShopConfig,
}

/// The bot of this project, with a shop in a file.
pub(crate) async fn ours() -> Rival {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rental.db");
    let settings = Settings::parse_from(["bench", "--rental-db", file.to_str().expect("a plain name")]);
    let app = App::open(&settings.shop).await.expect("a new shop");
    let plans: Vec<_> = ["7d=3", "30d=10"].iter().map(|plan| plan.parse().expect("a plan")).collect();
    for n in 0..NUMBERS {
        let number = format!("+8880{:07}", 1_000_000 + n * 7919 % 9_000_000);
        let number = number.parse().expect("a number");
        let change = Change::AddNumber { number, plans: plans.clone() };
        let admin = Actor::Admin(AdminId::Console("bench".to_owned()));
        app.service.execute(Request::new(admin, change)).await.expect("the number is new");
    }
    Rival { name: "this bot", program: env!("CARGO_BIN_EXE_bot").into(), arguments: Vec::new(), folder }
}

/// The bot in Python, if its parts are installed.
pub(crate) fn aiogram() -> Option<Rival> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/aiogram_bot.py");
    let has_it = Command::new(&python).args(["-c", "import aiogram, uvloop"]).stderr(Stdio::null()).status();
    if !has_it.is_ok_and(|status| status.success()) {
        println!("(aiogram is left out: {python} has none; pip install aiogram uvloop)");
        return None;
    }
    let arguments = vec![script.to_str().expect("a plain name").to_owned(), NUMBERS.to_string()];
    let folder = tempfile::tempdir().expect("a folder");
    Some(Rival { name: "aiogram", program: python.into(), arguments, folder })
}

impl Rival {
    /// Starts it; returns when it has asked for updates.
    pub(crate) async fn start(&self, telegram: &FakeTelegram) -> Running {
        let asked = telegram.counters().of("getUpdates");
        let begun = Instant::now();
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .env("TELEGRAM_API_URL", telegram.url())
            .env("BOT_TOKEN", TOKEN)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()
            .expect("the program runs");
        let polls = |counters: &bot_testing::Counters| counters.of("getUpdates") > asked;
        telegram.wait_until("a bot that asks for updates", polls).await;
        Running { child, started_in: begun.elapsed() }
    }
}

impl Running {
    /// The processor time it has used.
    pub(crate) fn processor(&self) -> Duration {
        let stat = self.read("stat");
        // The times follow the program's name, which is in brackets.
        let (_, rest) = stat.rsplit_once(") ").expect("the kernel's own form");
        let ticks = |place: usize| {
            let field = rest.split(' ').nth(place).expect("the kernel's own form");
            field.parse::<u64>().expect("a number")
        };
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }

    /// Its memory now, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        self.mebibytes("VmRSS:")
    }

    /// The most memory it has had, in MiB.
    pub(crate) fn most_memory(&self) -> f64 {
        self.mebibytes("VmHWM:")
    }

    fn mebibytes(&self, field: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find(|line| line.starts_with(field)).expect("the kernel's own form");
        let kibibytes = line.split_whitespace().nth(1).expect("a number");
        f64::from(kibibytes.parse::<u32>().expect("a number")) / 1024.0
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the program runs")
    }
}

impl Running {
    /// Ends it as an operator would, so that the next one need not wait for a lease to run out.
    pub(crate) fn end(mut self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(told.is_ok_and(|status| status.success()), "{id} runs");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
