//! The server, for those who start it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::{self, Runtime};

use crate::chat::Chat;
use crate::counters::Counters;
use crate::faults::{Fault, Where};
use crate::flood::Flood;
use crate::server;
use crate::transcript::Call;
use crate::wait;
use crate::webhook;
use crate::world::Shared;

/// The token of the only bot.
pub const TOKEN: &str = "888000111:AAFakeTokenThatOnlyTheTestServerKnows0";
/// The bot's number.
pub const BOT_ID: i64 = 888_000_111;
/// The bot's name in links.
pub const BOT_NAME: &str = "rental_test_bot";

/// A running Bot API server with one bot. It ends when this is dropped.
///
/// It runs on a thread of its own, so that a test that blocks does not stop it.
#[derive(Debug)]
pub struct FakeTelegram {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl FakeTelegram {
    /// A server on a free port of 127.0.0.1. It knows nobody yet.
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// A server on this port; 0 for a free one.
    pub fn start_on(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("the listener has an address");
        let shared = Arc::new(Shared::new());
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a thread for the server");
        runtime.spawn(server::serve(listener, Arc::clone(&shared)));
        runtime.spawn(webhook::deliver(Arc::clone(&shared)));
        Self { shared, address, runtime: Some(runtime) }
    }

    /// What stands for `https://api.telegram.org`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What bots call their methods at: the address, `/bot`, the token.
    pub fn api(&self) -> String {
        format!("{}/bot{TOKEN}", self.url())
    }

    /// A person with a client in this language (`en`), and the private chat with the bot. The bot may not write there
    /// before the person has.
    pub fn user(&self, id: i64, language: &str) -> Chat {
        assert!(id > 0, "people have positive numbers");
        self.shared.change(|world| {
            language.clone_into(&mut world.people.meet(id, language).language);
        });
        Chat::new(Arc::clone(&self.shared), id, id)
    }

    /// A group that the bot is in. People talk there through [`Chat::in_group`].
    pub fn group(&self, id: i64, title: &str) {
        assert!(id < 0, "groups have negative numbers");
        self.shared.change(|world| world.people.room(id).group = Some(title.to_owned()));
    }

    /// Lets calls fail. A later fault goes before an earlier one.
    pub fn fail(&self, place: Where, fault: Fault) {
        self.shared.faults.add(place, fault);
    }

    /// No faults any more. Calls that [hang](Fault::Hang) are done now.
    pub fn calm(&self) {
        self.shared.faults.lift();
    }

    /// From now on the bot may write only as fast as Telegram lets it: about 30 messages a second, one a second in a
    /// chat.
    pub fn limit_speed(&self) {
        self.shared.change(|world| world.flood = Some(Flood::default()));
    }

    /// Every update that is posted to the webhook is posted to these addresses too, at the same time. It has arrived when
    /// one of them has taken it.
    pub fn also_post_to(&self, urls: &[&str]) {
        self.shared.change(|world| world.mirrors = urls.iter().map(|url| (*url).to_owned()).collect());
    }

    /// Lets time pass for the server: messages and presses grow old.
    pub fn advance(&self, by: Duration) {
        self.shared.change(|world| world.ahead += by);
    }

    /// Sends the bot an update of any kind, also one that it cannot know. Answers its number, or nothing if the bot does
    /// not want this kind.
    pub fn send_update(&self, chat: i64, kind: &str, content: &Value) -> Option<u32> {
        self.shared.change(|world| world.tell(chat, kind, content))
    }

    /// What the bot has asked for, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.look().calls.clone()
    }

    /// The calls of one method, in order.
    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        self.shared.look().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// All calls, one a line, for printing.
    pub fn transcript(&self) -> String {
        wait::transcript(&self.shared.look(), usize::MAX)
    }

    /// Forgets the calls, to save memory in a long run. Counters and chats stay.
    pub fn forget_calls(&self) {
        self.shared.change(|world| world.calls = Vec::new());
    }

    /// How much has happened.
    pub fn counters(&self) -> Counters {
        self.shared.look().counters.clone()
    }

    /// Waits until the counters are as wished.
    pub async fn wait_until(&self, what: &str, mut holds: impl FnMut(&Counters) -> bool) {
        wait::until(&self.shared, what, |world| holds(&world.counters).then_some(())).await;
    }

    /// Waits until the bot has confirmed every update.
    pub async fn wait_for_silence(&self) {
        self.wait_until("a bot that has confirmed every update", |counters| counters.pending() == 0).await;
    }

    /// Waits for a call of a method that is as wished.
    pub async fn wait_for_call(&self, method: &str, mut is_meant: impl FnMut(&Call) -> bool) -> Call {
        let mut seen = 0;
        wait::until(&self.shared, method, |world| {
            let new = world.calls.get(seen..).unwrap_or_default();
            seen = world.calls.len();
            new.iter().find(|call| call.method == method && is_meant(call)).cloned()
        })
        .await
    }
}

impl Drop for FakeTelegram {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for it is not allowed in asynchronous tests.
            runtime.shutdown_background();
        }
    }
}
