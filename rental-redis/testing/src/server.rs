//! One server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::builder::{Builder, SOCKET};
use crate::launch::{Launch, Launched};
use crate::port;
use crate::process::Process;
use crate::url;
use crate::wait::{wait_for, wait_until};

/// A running `redis-server`. It is killed, and its folder deleted, when this is dropped.
#[derive(Debug)]
pub struct Server {
    settings: Builder,
    port: u16,
    // Before the folder, because fields are dropped in this order.
    process: Process,
    folder: TempDir,
}

impl Server {
    /// Options for a new server. With none it is empty, keeps nothing, and lets everybody in.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn start(settings: &Builder) -> Self {
        wait_for("a port that stays free until the server has it", || {
            let server = Self::not_yet_running(settings.clone(), port::unused(), None);
            (server.run() == Launched::Ready).then_some(server)
        })
    }

    /// A folder with a configuration. The bus is the second port that a node of a cluster has.
    pub(crate) fn not_yet_running(settings: Builder, port: u16, bus: Option<u16>) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server");
        let server = Self { settings, port, process: Process::default(), folder };
        server.launch().configure(&server.settings.file(server.folder.path(), port, bus));
        server
    }

    /// Runs it until it is ready for clients.
    pub(crate) fn run(&self) -> Launched {
        let launched = self.launch().run(&self.process);
        if launched == Launched::Ready && self.settings.clock.is_some() {
            assert_eq!(self.cli(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]), "OK");
        }
        if launched == Launched::Ready && self.settings.master.is_some() {
            wait_until("a replica that has caught up", || self.has_caught_up());
        }
        launched
    }

    /// It is a replica, and has all that its master has.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.cli(&["INFO", "replication"]).contains("master_link_status:up")
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where clients connect as the user `default`: `redis://…`, `rediss://…` or `unix://…`, with the password if there
    /// is one.
    pub fn url(&self) -> String {
        self.address(None, self.settings.password.as_deref())
    }

    /// Where clients connect as a user that was named to [`Builder::acl_user`].
    pub fn url_as(&self, name: &str) -> String {
        let user =
            self.settings.users.iter().find(|user| user.name == name).expect("the server has this user");
        self.address(Some(name), Some(&user.password))
    }

    /// [`url`](Self::url) with another port, for what stands before this server.
    pub(crate) fn url_at(&self, port: u16) -> String {
        self.tcp(port, None, self.settings.password.as_deref())
    }

    fn address(&self, user: Option<&str>, password: Option<&str>) -> String {
        if self.settings.unix_socket {
            url::unix(&self.socket(), user, password)
        } else {
            self.tcp(self.port, user, password)
        }
    }

    fn tcp(&self, port: u16, user: Option<&str>, password: Option<&str>) -> String {
        let scheme = if self.settings.certificates.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{}127.0.0.1:{port}", url::credentials(user, password))
    }

    /// The file with the certificate that a client of a server with [TLS](Builder::tls) has to trust.
    pub fn certificate_authority(&self) -> PathBuf {
        self.settings.certificates.as_ref().expect("the server speaks TLS").authority()
    }

    /// The number the kernel knows the running server by.
    pub fn process_id(&self) -> u32 {
        self.process.id().expect("the server runs")
    }

    /// Ends it without warning (SIGKILL). Nothing happens when it does not run.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Lets it end as an operator would (SIGTERM), and waits until it has.
    pub fn stop_gently(&self) {
        self.process.stop_gently();
    }

    /// Starts it once more, with the same folder and port, after [`kill`](Self::kill) or
    /// [`stop_gently`](Self::stop_gently).
    pub fn start_again(&self) {
        wait_until("the server's own port", || self.run() == Launched::Ready);
    }

    /// Freezes it (SIGSTOP): connections stay, and can be made, but nothing is answered.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Sets the [standing clock](Builder::standing_clock); the next command runs at that time.
    pub fn set_clock(&self, unix_seconds: i64) {
        self.settings.clock.as_ref().expect("the server has a standing clock").set(unix_seconds);
    }

    /// Runs a command with `redis-cli` as the user `default` and returns what it prints. An error of the server is
    /// returned like any answer.
    pub fn cli(&self, arguments: &[&str]) -> String {
        assert!(self.answers(), "the server does not run, or is paused: it answers no command");
        let mut command = Command::new("redis-cli");
        command.arg("-s").arg(self.socket()).args(arguments).stdin(Stdio::null());
        if let Some(password) = &self.settings.password {
            command.env("REDISCLI_AUTH", password);
        }
        let output = command.output().expect("redis-cli is not installed; apt-get install redis-tools");
        assert!(output.status.success(), "redis-cli: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// What the server has logged since it was last started.
    pub fn log(&self) -> String {
        self.launch().log()
    }

    pub(crate) fn settings(&self) -> &Builder {
        &self.settings
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// It runs, and is not paused.
    pub(crate) fn answers(&self) -> bool {
        self.process.answers()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    fn launch(&self) -> Launch<'_> {
        Launch {
            folder: self.folder.path(),
            sentinel: self.settings.sentinel,
            clock: self.settings.clock.as_ref(),
        }
    }
}
