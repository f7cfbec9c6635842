//! What goes wrong, as a test wishes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Something that goes wrong with a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// 429 with this many seconds to wait. Nothing is done.
    RetryAfter(u32),
    /// 500. Nothing is done.
    ServerError,
    /// 502 with a page of a proxy instead of JSON. Nothing is done.
    BadGateway,
    /// Any code and text. Nothing is done.
    Refuse(u16, String),
    /// The answer does not come, until the faults are [lifted](crate::FakeTelegram::calm): then the call is done, late.
    Hang,
    /// The call is done later by this much.
    Delay(Duration),
    /// The connection is closed. Nothing is done.
    DropBefore,
    /// The call is done, and the connection closed instead of an answer.
    DropAfter,
}

impl Fault {
    /// The bot was blocked by the person, as far as this call can tell.
    pub fn blocked() -> Self {
        Self::Refuse(403, "Forbidden: bot was blocked by the user".to_owned())
    }
}

/// Which calls a fault is for: all, or those of a method, or in a chat, and how many of them.
#[derive(Clone, Debug, Default)]
pub struct Where {
    method: Option<String>,
    chat: Option<i64>,
    skip: usize,
    times: Option<usize>,
}

impl Where {
    /// Every call.
    pub fn everywhere() -> Self {
        Self::default()
    }

    /// Calls of one method.
    pub fn method(name: &str) -> Self {
        Self { method: Some(name.to_ascii_lowercase()), ..Self::default() }
    }

    /// Only in this chat.
    #[must_use]
    pub fn in_chat(mut self, chat: i64) -> Self {
        self.chat = Some(chat);
        self
    }

    /// Not the first `count` of them.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Only `count` of them.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.times = Some(count);
        self
    }

    /// Only one of them.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Whether this call is meant; counts it.
    fn takes(&mut self, method: &str, chat: Option<i64>) -> bool {
        let meant = self.method.as_ref().is_none_or(|name| *name == method)
            && self.chat.is_none_or(|id| chat == Some(id))
            && self.times != Some(0);
        if !meant {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.map(|left| left - 1);
        true
    }
}

/// All faults that are wanted at the moment.
#[derive(Debug)]
pub(crate) struct Faults {
    wanted: Mutex<Vec<(Where, Fault)>>,
    lifted: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { wanted: Mutex::default(), lifted: watch::Sender::new(0) }
    }

    pub(crate) fn add(&self, place: Where, fault: Fault) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).push((place, fault));
    }

    pub(crate) fn lift(&self) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.clear();
        self.lifted.send_modify(|times| *times += 1);
    }

    /// The fault for this call, if any; the newest that is meant. `method` is in lower case. With it, how often faults
    /// have been lifted until now.
    pub(crate) fn take(&self, method: &str, chat: Option<i64>) -> Option<(Fault, u64)> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest_first = wanted.iter_mut().rev();
        let fault = newest_first.find_map(|(place, fault)| place.takes(method, chat).then_some(&*fault))?;
        Some((fault.clone(), *self.lifted.borrow()))
    }

    /// Ends when faults have been lifted more than this many times.
    pub(crate) async fn until_lifted(&self, before: u64) {
        let mut lifted = self.lifted.subscribe();
        lifted.wait_for(|times| *times > before).await.expect("the faults outlive the calls");
    }
}
