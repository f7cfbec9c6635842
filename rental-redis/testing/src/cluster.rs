//! A Redis Cluster.

use std::fmt::Write;
use std::fs;
use std::ops::RangeInclusive;
use std::thread;

use crate::builder::Builder;
use crate::launch::Launched;
use crate::port;
use crate::server::Server;
use crate::standing_clock::FIRST_SECOND;
use crate::wait::{wait_for, wait_until};

const SLOTS: usize = 16_384;

/// A running cluster, in which the masters share the slots evenly.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts a cluster in which everybody knows everybody, and waits until it serves all slots.
    ///
    /// A node that does not answer for two seconds is taken for dead, and a replica takes over. With a standing clock
    /// this does not happen, however far the clock jumps: there, a replica takes over when it is told to
    /// (`CLUSTER FAILOVER TAKEOVER`), and a master that was started again serves once the clock went on by three
    /// seconds.
    pub fn start(masters: usize, replicas_per_master: usize, standing_clock: bool) -> Self {
        let node = Server::builder();
        let node = if standing_clock { node.standing_clock() } else { node };
        Self::start_with(masters, replicas_per_master, &node)
    }

    /// Like [`start`](Self::start), with other options for the nodes. All have the same.
    pub fn start_with(masters: usize, replicas_per_master: usize, node: &Builder) -> Self {
        let standing = node.clock.clone();
        let cluster = wait_for("ports that stay free until the cluster has them", || {
            Self::try_start(masters, replicas_per_master, node)
        });
        // A new master serves only after two seconds.
        if let Some(clock) = &standing {
            clock.set(FIRST_SECOND + 3);
        }
        cluster.wait_until_ok();
        if let Some(clock) = &standing {
            clock.set(FIRST_SECOND);
        }
        cluster
    }

    fn try_start(masters: usize, replicas_per_master: usize, node: &Builder) -> Option<Self> {
        let members = Member::all(masters, replicas_per_master);
        let nodes: Vec<_> = members
            .iter()
            .map(|member| {
                let server = Server::not_yet_running(node.clone(), member.port, Some(member.bus));
                let map = Member::map(&members, member);
                fs::write(server.folder().join("nodes.conf"), map)
                    .expect("a file for the map of the cluster");
                server
            })
            .collect();
        // A replica that does not find its master at once waits a second.
        let (first, then) = nodes.split_at(masters);
        (all_run(first) && all_run(then)).then_some(Self { nodes })
    }

    /// The addresses of all nodes, masters first.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Server::url).collect()
    }

    /// All nodes, those that began as masters first.
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// The running master of a key. After that was killed or paused, waits until a replica has taken over.
    pub fn master_of(&self, key: &str) -> &Server {
        wait_for("a running master of the key", || {
            let slot: u16 = self.running().next()?.cli(&["CLUSTER", "KEYSLOT", key]).parse().expect("a slot");
            let claims = self.running().filter_map(|node| Some((epoch_of_claim(node, slot)?, node)));
            // A master that slept through its replacement does not know yet; the newer claim counts.
            claims.max_by_key(|(epoch, _)| *epoch).map(|(_, node)| node)
        })
    }

    /// Sets the [standing clock](Builder::standing_clock) of all nodes.
    pub fn set_clock(&self, unix_seconds: i64) {
        // It is one clock.
        self.nodes[0].set_clock(unix_seconds);
    }

    /// Waits until all running nodes say that every slot is served, and replicas have caught up.
    pub fn wait_until_ok(&self) {
        for node in self.running() {
            wait_until("a cluster that serves all slots", || {
                let info = node.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains(&format!("cluster_slots_ok:{SLOTS}\r"))
            });
            wait_until("links between all nodes", || {
                let map = node.cli(&["CLUSTER", "NODES"]);
                map.lines().all(|line| line.contains(" connected") || line.contains("fail"))
            });
            wait_until("a replica that has caught up", || {
                node.cli(&["ROLE"]).starts_with("master") || node.has_caught_up()
            });
        }
    }

    fn running(&self) -> impl Iterator<Item = &Server> {
        self.nodes.iter().filter(|node| node.answers())
    }
}

/// Runs them all at once; false when somebody else has one of their ports.
fn all_run(nodes: &[Server]) -> bool {
    thread::scope(|scope| {
        let starts: Vec<_> = nodes.iter().map(|node| scope.spawn(|| node.run())).collect();
        // The scope waits for all of them, whatever comes of the first.
        starts.into_iter().all(|start| start.join().expect("a node that starts") == Launched::Ready)
    })
}

/// How new the node's claim is to be the slot's master, if it makes one.
fn epoch_of_claim(node: &Server, slot: u16) -> Option<u64> {
    let map = node.cli(&["CLUSTER", "NODES"]);
    let own = map.lines().find(|line| line.contains("myself,master"))?;
    let mut fields = own.split(' ').skip(6);
    let epoch = fields.next().and_then(|epoch| epoch.parse().ok()).expect("a node has an epoch");
    let owned = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bound = |slot: &str| slot.parse::<u16>().ok();
        matches!((bound(first), bound(last)), (Some(first), Some(last)) if (first..=last).contains(&slot))
    };
    fields.skip(1).any(owned).then_some(epoch)
}

/// A node as it stands in the map that every node begins with. So nobody needs to be introduced to anybody.
struct Member {
    id: String,
    port: u16,
    bus: u16,
    role: Role,
}

enum Role {
    Master { slots: RangeInclusive<usize> },
    ReplicaOf(usize),
}

impl Member {
    fn all(masters: usize, replicas_per_master: usize) -> Vec<Self> {
        let own = (0..masters).map(|index| {
            let slots = SLOTS * index / masters..=SLOTS * (index + 1) / masters - 1;
            Role::Master { slots }
        });
        let copies = (0..masters * replicas_per_master).map(|index| Role::ReplicaOf(index % masters));
        let roles = own.chain(copies).enumerate();
        roles
            .map(|(index, role)| Self {
                id: format!("{:040x}", index + 1),
                port: port::unused(),
                bus: port::unused(),
                role,
            })
            .collect()
    }

    /// The map as one of the members keeps it.
    fn map(members: &[Self], own: &Self) -> String {
        let mut map = String::new();
        for (index, member) in members.iter().enumerate() {
            let Self { id, port, bus, role } = member;
            let myself = if std::ptr::eq(member, own) { "myself," } else { "" };
            let (role, epoch, slots) = match role {
                Role::Master { slots } => {
                    ("master -".to_owned(), index + 1, format!(" {}-{}", slots.start(), slots.end()))
                }
                Role::ReplicaOf(master) => {
                    (format!("slave {}", members[*master].id), master + 1, String::new())
                }
            };
            writeln!(map, "{id} 127.0.0.1:{port}@{bus} {myself}{role} 0 0 {epoch} connected{slots}")
                .expect("a string takes what is written");
        }
        writeln!(map, "vars currentEpoch {} lastVoteEpoch 0", members.len())
            .expect("a string takes what is written");
        map
    }
}
