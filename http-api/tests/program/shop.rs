//! A running program and ways to use it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use clap::Parser;
use rental_app::{App, ShopConfig};
use rental_core::{Actor, AdminId, Command, Effect, Rentals, Request, Scope};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

/// How long the program may take to do what it does by itself.
const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const NUMBER: &str = "+88801234567";

/// A running program with its own store.
pub(crate) struct Shop {
    pub(crate) process: Child,
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) http: Client,
    folder: PathBuf,
    owned: Option<TempDir>,
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    shop: ShopConfig,
}

impl Shop {
    /// Starts the program as `--demo` on a free port.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut shop = Self::start_in(folder.path(), flags);
        shop.owned = Some(folder);
        shop
    }

    /// The same in a folder that there is.
    pub(crate) fn start_in(folder: &Path, flags: &[&str]) -> Self {
        let mut process = program(folder)
            .args(["--demo", "--http-bind", "127.0.0.1:0", "--ton-poll-seconds", "1"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |label: &str| {
            let line = lines.find(|line| line.starts_with(label)).unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        };
        let key = after("API key");
        let url = after("Documentation").trim_end_matches("/docs").to_owned();
        let http = Client::new();
        Self { process, url, key, http, folder: folder.to_owned(), owned: None }
    }

    /// Ends the program and starts it again on the same store.
    pub(crate) fn restart(mut self) -> Self {
        self.signal("TERM");
        assert!(self.process.wait().unwrap().success());
        let mut next = Self::start_in(&self.folder, &[]);
        next.owned = self.owned.take();
        next
    }

    /// What the program has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Process::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// A key of another integrator, made by the operator in another process.
    pub(crate) async fn key_of(&self, integrator: &str, scopes: Vec<Scope>) -> String {
        let db = self.folder.join("rental.db");
        let settings = Settings::parse_from(["test", "--rental-db", db.to_str().unwrap()]);
        let app = App::open(&settings.shop).await.unwrap();
        let admin = Actor::Admin(AdminId::Console("test".to_owned()));
        let command = Command::CreateKey { integrator: integrator.parse().unwrap(), scopes };
        match app.service.execute(Request::new(admin, command)).await.unwrap().effect {
            Effect::Key { secret, .. } => secret,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.key, path).await
    }

    pub(crate) async fn get_as(&self, key: &str, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(key);
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_as(&self.key, path, body, &[]).await
    }

    pub(crate) async fn post_as(
        &self,
        key: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.post(format!("{}{path}", self.url)).bearer_auth(key).json(&body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// Opens an invoice.
    pub(crate) async fn invoice(&self, number: &str, customer: &str) -> Value {
        let body = json!({"number": number, "term_days": 30, "customer": customer});
        let answer = self.post("/v1/invoices", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// Pays in the sandbox; answers the transaction's hash.
    pub(crate) async fn pay(&self, body: Value) -> String {
        let answer = self.post("/sandbox/pay", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["tx_hash"].as_str().unwrap().to_owned()
    }

    /// Opens and pays an invoice, and waits until the number is rented.
    pub(crate) async fn rent(&self, number: &str, customer: &str) -> Value {
        let invoice = self.invoice(number, customer).await;
        self.pay(json!({"invoice": invoice["id"]})).await;
        self.until(&format!("/v1/rentals/{number}"), |answer| answer.status == 200).await.json()
    }

    /// Asks again and again until the answer is right.
    pub(crate) async fn until(&self, path: &str, is_right: impl Fn(&Answer) -> bool) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await;
            if is_right(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{path} still answers {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The program, to be started in `folder`, with nothing of this test's environment in its settings.
pub(crate) fn program(folder: &Path) -> Process {
    let mut program = Process::new(env!("CARGO_BIN_EXE_http-api"));
    program.current_dir(folder).env_clear().env("RUST_LOG", "info").stdin(Stdio::null());
    program
}

impl Answer {
    async fn read(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// Status and code of a refusal; checks that it is a proper problem document.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert_eq!(json["request_id"], self.headers["request-id"].to_str().unwrap());
        (self.status, json["code"].as_str().unwrap().to_owned())
    }
}
