//! A master, its replicas, and the Sentinels that watch them.

use std::thread;

use crate::builder::Builder;
use crate::server::Server;
use crate::wait::{wait_for, wait_until};

/// A running group of servers with Sentinels, which know the master by the name [`shop`](Self::MASTER).
///
/// A server that does not answer for half a second is taken for dead.
#[derive(Debug)]
pub struct Sentinels {
    sentinels: Vec<Server>,
    servers: Vec<Server>,
}

impl Sentinels {
    /// What the Sentinels call the master.
    pub const MASTER: &'static str = "shop";

    /// Starts a master, replicas with the same options, and Sentinels that know all of them and each other. The
    /// majority of the Sentinels decides. Their own clocks are the real one, whatever the servers' are.
    pub fn start(sentinels: usize, replicas: usize, server: &Builder) -> Self {
        let master = server.start();
        let watch = sentinel(server, &master, sentinels / 2 + 1);
        let servers = at_once(replicas, || server.clone().replica_of(&master).start());
        let group = Self {
            sentinels: at_once(sentinels, || watch.start()),
            servers: std::iter::once(master).chain(servers).collect(),
        };
        for sentinel in &group.sentinels {
            // They make themselves known by and by, and look for changes every ten seconds.
            let hurry = sentinel.cli(&["SENTINEL", "DEBUG", "PUBLISH-PERIOD", "200", "INFO-PERIOD", "1000"]);
            assert_eq!(hurry, "OK");
        }
        for sentinel in &group.sentinels {
            wait_until("Sentinels that know the whole group", || {
                let master = sentinel.cli(&["SENTINEL", "MASTER", Self::MASTER]);
                let says = |field: &str, value: &str| master.contains(&format!("\n{field}\n{value}\n"));
                says("flags", "master")
                    && says("num-slaves", &replicas.to_string())
                    && says("num-other-sentinels", &(sentinels - 1).to_string())
            });
        }
        group
    }

    /// The addresses of the Sentinels, like `127.0.0.1:26379`.
    pub fn addresses(&self) -> Vec<String> {
        self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port())).collect()
    }

    /// The Sentinels themselves.
    pub fn sentinels(&self) -> &[Server] {
        &self.sentinels
    }

    /// The servers with the data, the first master first.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The running master that all running Sentinels name. After the master was killed or paused, waits until a
    /// replica has been promoted.
    pub fn master(&self) -> &Server {
        wait_for("a master that all Sentinels name", || {
            let asked = self.sentinels.iter().filter(|sentinel| sentinel.answers());
            let mut named = asked.map(|sentinel| {
                let address = sentinel.cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::MASTER]);
                address.lines().last().and_then(|port| port.parse::<u16>().ok())
            });
            let port = named.next().expect("a Sentinel runs")?;
            if !named.all(|other| other == Some(port)) {
                return None;
            }
            let server =
                self.servers.iter().find(|server| server.port() == port).expect("a server of the group");
            (server.answers() && server.cli(&["ROLE"]).starts_with("master")).then_some(server)
        })
    }

    /// Ends the master without warning (SIGKILL) and returns which it was.
    pub fn kill_master(&self) -> &Server {
        let master = self.master();
        master.kill();
        master
    }

    /// Sets the [standing clock](Builder::standing_clock) of all servers with data.
    pub fn set_clock(&self, unix_seconds: i64) {
        // It is one clock.
        self.servers[0].set_clock(unix_seconds);
    }
}

/// The options of a Sentinel for a group of such servers.
fn sentinel(server: &Builder, master: &Server, quorum: usize) -> Builder {
    let name = Sentinels::MASTER;
    let mut sentinel = Builder::default();
    sentinel.sentinel = true;
    sentinel.certificates.clone_from(&server.certificates);
    let monitor = format!("{name} 127.0.0.1 {} {quorum}", master.port());
    sentinel = sentinel
        .config("sentinel monitor", &monitor)
        .config("sentinel down-after-milliseconds", &format!("{name} 500"))
        .config("sentinel failover-timeout", &format!("{name} 3000"));
    if let Some(password) = &server.password {
        sentinel =
            sentinel.config("sentinel auth-pass", &format!("{name} {}", crate::builder::word(password)));
    }
    sentinel
}

fn at_once(count: usize, start: impl Fn() -> Server + Sync) -> Vec<Server> {
    thread::scope(|scope| {
        let starts: Vec<_> = (0..count).map(|_| scope.spawn(&start)).collect();
        starts.into_iter().map(|start| start.join().expect("the server started")).collect()
    })
}
