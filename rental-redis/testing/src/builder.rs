//! What a server is to be like.

use std::fmt::Write;
use std::path::Path;

use crate::certificates::Certificates;
use crate::server::Server;
use crate::standing_clock::StandingClock;

/// When the append-only file is synced to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before a command is answered.
    Always,
    /// Every second.
    Everysec,
}

/// The options of a [`Server`]. Servers built from clones share their standing clock and their certificate authority.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    pub(crate) unix_socket: bool,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) password: Option<String>,
    pub(crate) users: Vec<User>,
    pub(crate) master: Option<u16>,
    pub(crate) clock: Option<StandingClock>,
    pub(crate) sentinel: bool,
    config: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    rules: String,
}

impl Builder {
    /// [`Server::url`] names the server's Unix socket instead of its port.
    pub fn unix_socket(mut self, on: bool) -> Self {
        self.unix_socket = on;
        self
    }

    /// Only TLS is spoken on the port, with a certificate for 127.0.0.1 and localhost of an own
    /// [authority](Server::certificate_authority). Clients need no certificate.
    pub fn tls(mut self) -> Self {
        self.certificates = Some(Certificates::new());
        self
    }

    /// The password of the user `default`.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.into());
        self
    }

    /// One more user, with rules like `~{shop}:* +@all`. The user `default` stays, for [`Server::cli`].
    pub fn acl_user(mut self, name: &str, password: &str, rules: &str) -> Self {
        self.users.push(User { name: name.into(), password: password.into(), rules: rules.into() });
        self
    }

    /// How many numbered databases there are; 16 unless told.
    pub fn databases(self, count: u32) -> Self {
        self.config("databases", &count.to_string())
    }

    /// Writes are kept in a file, and are there again after [`Server::start_again`]. Without this nothing is.
    pub fn append_only(self, fsync: Fsync) -> Self {
        let fsync = match fsync {
            Fsync::Always => "always",
            Fsync::Everysec => "everysec",
        };
        self.config("appendonly", "yes").config("appendfsync", fsync)
    }

    /// How much memory the data may take. What happens then is the option `maxmemory-policy`: writes are refused unless
    /// it is set.
    pub fn max_memory(self, bytes: u64) -> Self {
        self.config("maxmemory", &bytes.to_string())
    }

    /// The server's wall clock stands at [`FIRST_SECOND`](crate::FIRST_SECOND) until [`Server::set_clock`] moves it.
    /// It always shows half a second more, so that a key whose time ends at a whole second is over in that second.
    /// Only keys that are looked at expire: the server does not search for them.
    pub fn standing_clock(mut self) -> Self {
        self.clock = Some(StandingClock::new());
        self
    }

    /// Any other line of the configuration file. Later lines overrule earlier ones. A value of several words, or an
    /// empty one, is written as it is in the file: `config("save", "60 1")`, `config("save", "")`.
    pub fn config(mut self, name: &str, value: &str) -> Self {
        self.config.push((name.into(), value.into()));
        self
    }

    /// A copy of another server, which it has caught up with when it is started. It shares the other's password,
    /// certificates and standing clock.
    pub fn replica_of(mut self, master: &Server) -> Self {
        let settings = master.settings();
        self.password.clone_from(&settings.password);
        self.certificates.clone_from(&settings.certificates);
        self.clock.clone_from(&settings.clock);
        self.master = Some(master.port());
        self
    }

    /// Starts it.
    pub fn start(&self) -> Server {
        Server::start(self)
    }

    /// The configuration file for a server on these ports.
    pub(crate) fn file(&self, folder: &Path, port: u16, bus: Option<u16>) -> String {
        let mut file = String::from("bind 127.0.0.1\nsave \"\"\n");
        let mut line = |name: &str, value: &str| {
            let value = if value.is_empty() { "\"\"" } else { value };
            writeln!(file, "{name} {value}").expect("a string takes what is written");
        };
        // Otherwise a replica that has the first copy is sent what follows only after up to a second.
        line("repl-diskless-sync", "no");
        // That copy is not to be found by a server that is started again.
        line("rdb-del-sync-files", "yes");
        line("dir", &quoted(folder));
        line("unixsocket", &quoted(&folder.join(SOCKET)));
        if let Some(certificates) = &self.certificates {
            line("port", "0");
            line("tls-port", &port.to_string());
            line("tls-ca-cert-file", &quoted(&certificates.authority()));
            line("tls-cert-file", &quoted(&certificates.certificate()));
            line("tls-key-file", &quoted(&certificates.key()));
            line("tls-auth-clients", "no");
            line("tls-replication", "yes");
        } else {
            line("port", &port.to_string());
        }
        if let Some(bus) = bus {
            line("cluster-enabled", "yes");
            line("cluster-port", &bus.to_string());
            line("tls-cluster", if self.certificates.is_some() { "yes" } else { "no" });
            // With a standing clock no jump of it is so far that nodes take each other for dead.
            line("cluster-node-timeout", if self.clock.is_some() { "1000000000000000" } else { "2000" });
        }
        if let Some(password) = &self.password {
            line("requirepass", &word(password));
            line("masterauth", &word(password));
        }
        for User { name, password, rules } in &self.users {
            line("user", &format!("{name} on {} {rules}", word(&format!(">{password}"))));
        }
        if self.clock.is_some() {
            line("enable-debug-command", "yes");
            // A jump of the clock is not to part a replica from its master.
            line("repl-timeout", &i32::MAX.to_string());
        }
        for (name, value) in &self.config {
            line(name, value);
        }
        if let Some(master) = self.master {
            line("replicaof", &format!("127.0.0.1 {master}"));
        }
        file
    }
}

/// The name of the Unix socket in a server's folder.
pub(crate) const SOCKET: &str = "redis.sock";

fn quoted(path: &Path) -> String {
    word(path.to_str().expect("the temporary folder's name is text"))
}

pub(crate) fn word(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
