//! What goes wrong on the way, at the moment.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::frames;

/// What is wanted, for all connections of a proxy.
#[derive(Debug)]
pub(super) struct Faults {
    line: watch::Sender<Line>,
    swallowing: Mutex<Swallowing>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    pub(super) refuse: bool,
    pub(super) hang: bool,
    pub(super) delay: Duration,
    cuts: u64,
}

#[derive(Debug, Default)]
struct Swallowing {
    left: usize,
    word: Vec<u8>,
    done: usize,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self { line: watch::Sender::new(Line::default()), swallowing: Mutex::default() }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Line)) {
        self.line.send_modify(change);
    }

    pub(super) fn cut(&self) {
        self.change(|line| line.cuts += 1);
    }

    pub(super) fn swallow(&self, word: &str, count: usize) {
        let mut swallowing = self.swallowing.lock().unwrap_or_else(PoisonError::into_inner);
        swallowing.left = count;
        swallowing.word = word.into();
    }

    pub(super) fn swallowed(&self) -> usize {
        self.swallowing.lock().unwrap_or_else(PoisonError::into_inner).done
    }

    /// Decides on the reply to this request, which is about to be forwarded.
    pub(super) fn swallows_reply_to(&self, request: &[u8]) -> bool {
        let mut swallowing = self.swallowing.lock().unwrap_or_else(PoisonError::into_inner);
        let word = &swallowing.word;
        let meant = word.is_empty() || request.windows(word.len()).any(|part| part == word);
        if swallowing.left == 0 || !meant || greets(request) {
            return false;
        }
        swallowing.left -= 1;
        swallowing.done += 1;
        true
    }

    pub(super) fn refuses(&self) -> bool {
        self.line.borrow().refuse
    }

    pub(super) fn delay(&self) -> Duration {
        self.line.borrow().delay
    }

    pub(super) async fn wait_while_hanging(&self) {
        let mut line = self.line.subscribe();
        line.wait_for(|line| !line.hang).await.expect("the faults outlive the connections");
    }

    /// Ends with the next cut.
    pub(super) fn cut_after_now(&self) -> impl Future<Output = ()> + use<> {
        let mut line = self.line.subscribe();
        let before = line.borrow().cuts;
        async move {
            // Without faults there is no cut to come.
            let _ = line.wait_for(|line| line.cuts > before).await;
        }
    }
}

/// Clients send these by themselves, whenever they connect.
fn greets(request: &[u8]) -> bool {
    const GREETINGS: [&[u8]; 5] = [b"HELLO", b"AUTH", b"CLIENT", b"SELECT", b"READONLY"];
    frames::command(request)
        .is_some_and(|name| GREETINGS.iter().any(|greeting| name.eq_ignore_ascii_case(greeting)))
}
