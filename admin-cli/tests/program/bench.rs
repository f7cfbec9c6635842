//! A folder to run the program in, and the rest of the shop on the same files.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::Parser;
use rental_app::{App, ShopConfig, Watcher, WatcherReport};
use rental_core::{Actor, Command as Deed, Currency, CustomerId, Invoice, Rentals, Request};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The number that most tests are about.
pub(crate) const NUMBER: &str = "+88801234567";

/// A folder with a shop.
pub(crate) struct Bench {
    folder: TempDir,
    runtime: Runtime,
    shop: OnceCell<(App, [Watcher; 2])>,
    owner_wallets: &'static str,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

#[derive(Parser)]
struct Config {
    #[command(flatten)]
    shop: ShopConfig,
}

impl Bench {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            shop: OnceCell::new(),
            owner_wallets: "",
        }
    }

    /// A shop with one number.
    pub(crate) fn with_number() -> Self {
        let bench = Self::new();
        bench.ok(&["numbers", "add", NUMBER, "--plan", "30d=10"]);
        bench
    }

    /// The same, with more wallets of the operator.
    pub(crate) fn owning(self, owner_wallets: &'static str) -> Self {
        self.write(".env", &format!("OWNER_WALLETS={owner_wallets}\n"));
        Self { owner_wallets, ..self }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The program, not yet started.
    pub(crate) fn program<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_admin-cli"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ended(self.program(arguments).spawn().unwrap())
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.program(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        ended(child)
    }

    /// Runs the program, which must succeed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        ran
    }

    /// Runs the program, which must succeed, for JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.ok(&arguments).out).unwrap()
    }

    /// Runs the program, which must end with this exit code and stable code.
    pub(crate) fn refused(&self, arguments: &[&str], exit: i32, code: &str) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, exit, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(&format!("error[{code}]: ")), "{arguments:?}: {}", ran.err);
        ran
    }

    /// The rest of the shop, in this process.
    pub(crate) fn app(&self) -> &App {
        &self.shop().0
    }

    fn shop(&self) -> &(App, [Watcher; 2]) {
        self.shop.get_or_init(|| {
            let file = self.path("rental.db");
            let arguments = ["test", "--owner-wallets", self.owner_wallets, "--rental-db"].map(OsStr::new);
            let config = Config::parse_from(arguments.into_iter().chain([file.as_os_str()]));
            let app = self.runtime.block_on(App::open(&config.shop)).unwrap();
            let usdt = self.runtime.block_on(app.usdt_gateway()).unwrap().unwrap();
            let watchers = [app.gateway.clone(), usdt]
                .map(|gateway| Watcher::new(app.service.clone(), gateway, app.leases.clone()));
            (app, watchers)
        })
    }

    /// Lets a future of the shop run to its end.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Opens an invoice as a customer would.
    pub(crate) fn rent(&self, number: &str, customer: &str) -> Invoice {
        self.rent_in(Currency::Ton, number, customer)
    }

    /// The same in any currency.
    pub(crate) fn rent_in(&self, currency: Currency, number: &str, customer: &str) -> Invoice {
        let customer: CustomerId = customer.parse().unwrap();
        let deed = Deed::OpenRent {
            number: number.parse().unwrap(),
            term: "30d".parse().unwrap(),
            customer: customer.clone(),
            currency,
        };
        let request = Request::new(Actor::Customer(customer), deed);
        self.wait(self.app().service.execute(request)).unwrap().invoice().unwrap()
    }

    /// One pass of the payment watcher.
    pub(crate) fn book(&self) -> WatcherReport {
        self.book_in(Currency::Ton)
    }

    /// One pass of the watcher of any currency.
    pub(crate) fn book_in(&self, currency: Currency) -> WatcherReport {
        let [coins, tokens] = &self.shop().1;
        let watcher = match currency {
            Currency::Ton => coins,
            Currency::Usdt => tokens,
        };
        let report = self.wait(watcher.run_once()).unwrap();
        assert!(!report.standby);
        report
    }

    /// A shop where alice holds the number, and the payment's hash.
    pub(crate) fn with_rental() -> (Self, String) {
        let bench = Self::with_number();
        let invoice = bench.rent(NUMBER, "api:demo:alice").id.to_string();
        let tx = bench.pay(&[&invoice]);
        assert_eq!(bench.book().settled, 1);
        (bench, tx)
    }

    /// Pays in the sandbox; answers the transaction's hash.
    pub(crate) fn pay(&self, arguments: &[&str]) -> String {
        let made = self.json(&[&["sandbox", "pay"], arguments].concat());
        made["data"][0]["tx_hash"].as_str().unwrap().to_owned()
    }

    /// Changes the store behind everybody's back.
    pub(crate) fn tamper(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.path("rental.db")).unwrap();
        assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        Path::exists(&self.path(name))
    }
}

/// Waits for a started program.
pub(crate) fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
