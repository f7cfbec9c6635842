//! Telegram's limits on how fast a bot writes.
//!
//! Telegram says "about": 30 messages a second in all, one a second in a chat, short bursts tolerated. See
//! <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Between two messages of the bot, on average.
const BETWEEN: Duration = Duration::from_millis(33);
/// How far the bot may be ahead: a burst of a second.
const AHEAD: Duration = Duration::from_secs(1);
/// Between two messages in one chat, on average.
const BETWEEN_IN_CHAT: Duration = Duration::from_secs(1);
/// How far the bot may be ahead in one chat: a burst of four messages.
const AHEAD_IN_CHAT: Duration = Duration::from_secs(3);

/// Keeps count of what is sent.
#[derive(Debug, Default)]
pub(crate) struct Flood {
    all: Pace,
    chats: HashMap<i64, Pace>,
}

/// When the next message would be due if all had come evenly.
#[derive(Clone, Copy, Debug, Default)]
struct Pace(Option<Instant>);

impl Flood {
    /// Counts a message to `chat`, or says for how many seconds none may be sent.
    pub(crate) fn admit(&mut self, chat: i64, now: Instant) -> Result<(), u32> {
        let here = self.chats.entry(chat).or_default();
        let wait = here.wait(now, AHEAD_IN_CHAT).max(self.all.wait(now, AHEAD));
        if wait > Duration::ZERO {
            let seconds = wait.as_millis().div_ceil(1000);
            return Err(u32::try_from(seconds).expect("the wait is a few seconds"));
        }
        here.count(now, BETWEEN_IN_CHAT);
        self.all.count(now, BETWEEN);
        Ok(())
    }
}

impl Pace {
    fn wait(self, now: Instant, ahead: Duration) -> Duration {
        self.0.unwrap_or(now).saturating_duration_since(now).saturating_sub(ahead)
    }

    fn count(&mut self, now: Instant, between: Duration) {
        self.0 = Some(self.0.unwrap_or(now).max(now) + between);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_takes_a_burst_and_then_one_a_second() {
        let (mut flood, start) = (Flood::default(), Instant::now());
        let sent = (0..10).filter(|_| flood.admit(1, start).is_ok()).count();
        assert_eq!(sent, 4);
        assert_eq!(flood.admit(1, start), Err(1));
        assert_eq!(flood.admit(2, start), Ok(()));
        assert_eq!(flood.admit(1, start + Duration::from_secs(1)), Ok(()));
        assert_eq!(flood.admit(1, start + Duration::from_secs(1)), Err(1));
    }

    #[test]
    fn a_bot_takes_thirty_a_second() {
        let (mut flood, start) = (Flood::default(), Instant::now());
        let mut sent = 0;
        for millis in 0..10_000 {
            let now = start + Duration::from_millis(millis);
            sent += i32::from(flood.admit(i64::try_from(millis).expect("small"), now).is_ok());
        }
        assert!((300..=340).contains(&sent), "{sent}");
    }
}
