//! When messages may leave, so that Telegram's limits are kept and the order of every chat is, too.
//!
//! Moments go in and moments come out: nothing here sleeps or sends.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Between two messages to whomever: 28 in a second. Telegram allows about thirty.
pub(super) const INTERVAL: Duration = Duration::from_millis(36);
/// Between two messages to one chat. Telegram allows one in a second.
pub(super) const GAP: Duration = Duration::from_millis(1050);
/// Whose turn comes later than this is laid aside.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many chats that are refused within a second mean that all are.
const FLOODED: usize = 3;
/// The first pause of a chat for which Telegram did not answer, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// What was laid aside and has not come back for so long does not come back.
const FORGOTTEN: Duration = Duration::from_mins(1);
/// How many chats are remembered before those are dropped that have nothing to wait for.
const MANY: usize = 10_000;

/// The turns of all chats.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: Option<Instant>,
    resting: Option<Instant>,
    chats: HashMap<i64, Line>,
    refused: VecDeque<(Instant, i64)>,
}

/// What waits for one chat.
#[derive(Debug, Default)]
struct Line {
    next: Option<Instant>,
    /// Events that were laid aside, and until when.
    aside: BTreeMap<u64, Instant>,
    /// How often there was no answer since there was one.
    failures: u32,
}

/// When something may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Then; the turn is taken.
    At(Instant),
    /// Too far off, or behind something of the same chat: to be asked for again then.
    Aside(Instant),
}

impl Pace {
    /// The turn of event `seq` of `chat` among what is sent to it; a [slot](Self::slot) is taken then. One that comes long
    /// after `since` is laid aside.
    pub(super) fn turn(&mut self, chat: i64, seq: u64, since: Instant, now: Instant) -> Turn {
        let line = self.chats.entry(chat).or_default();
        line.aside.remove(&seq);
        line.aside.retain(|_, until| *until + FORGOTTEN > now);
        let before = line.aside.range(..seq).next_back().map(|(_, until)| *until + GAP);
        let at = [self.resting, line.next, before].into_iter().flatten().fold(now, Instant::max);
        if before.is_some() || at > since + PATIENCE {
            line.aside.insert(seq, at);
            return Turn::Aside(at);
        }
        line.next = Some(at + GAP);
        Turn::At(at)
    }

    /// The turn of something of `chat` that belongs to no order.
    pub(super) fn free_turn(&mut self, chat: i64, now: Instant) -> Turn {
        let line = self.chats.entry(chat).or_default();
        let at = [self.resting, line.next].into_iter().flatten().fold(now, Instant::max);
        if at > now + PATIENCE {
            return Turn::Aside(at);
        }
        line.next = Some(at + GAP);
        Turn::At(at)
    }

    /// When something may leave for `chat`, whose turn it is.
    pub(super) fn slot(&mut self, chat: i64, now: Instant) -> Instant {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + INTERVAL);
        let line = self.chats.entry(chat).or_default();
        line.next = line.next.max(Some(at + GAP));
        if self.chats.len() > MANY {
            self.chats.retain(|_, line| !line.aside.is_empty() || line.next.is_some_and(|next| next > now));
        }
        at
    }

    /// Telegram wants `chat` to wait. When it wants that of several, all wait. Answers until when.
    pub(super) fn refused(&mut self, chat: i64, seq: Option<u64>, wait: Duration, now: Instant) -> Instant {
        let until = now + wait;
        self.hold(chat, seq, until);
        self.refused.push_back((now, chat));
        while self.refused.front().is_some_and(|(at, _)| *at + Duration::from_secs(1) < now) {
            self.refused.pop_front();
        }
        let mut chats: Vec<_> = self.refused.iter().map(|(_, chat)| *chat).collect();
        chats.sort_unstable();
        chats.dedup();
        if chats.len() >= FLOODED {
            self.resting = self.resting.max(Some(until));
        }
        until
    }

    /// Telegram did not answer for `chat`: it waits, longer each time, by `chance` (0 to 255) of a quarter more. Answers
    /// until when.
    pub(super) fn failed(&mut self, chat: i64, seq: Option<u64>, chance: u8, now: Instant) -> Instant {
        let line = self.chats.entry(chat).or_default();
        let pause = FIRST_PAUSE.saturating_mul(1 << line.failures.min(16)).min(LONGEST_PAUSE);
        line.failures += 1;
        let until = now + pause + pause * u32::from(chance) / 1024;
        self.hold(chat, seq, until);
        until
    }

    /// Telegram answers for `chat`.
    pub(super) fn answered(&mut self, chat: i64) {
        self.chats.entry(chat).or_default().failures = 0;
    }

    /// Whether Telegram did not answer for `chat` the last time.
    pub(super) fn is_in_doubt(&self, chat: i64) -> bool {
        self.chats.get(&chat).is_some_and(|line| line.failures > 0)
    }

    /// Lays event `seq` of `chat` aside until then.
    pub(super) fn lay_aside(&mut self, chat: i64, seq: u64, until: Instant) {
        self.chats.entry(chat).or_default().aside.insert(seq, until);
    }

    /// Whether a turn of `chat` would be laid aside.
    pub(super) fn has_to_wait(&self, chat: i64, now: Instant) -> bool {
        let next = self.chats.get(&chat).and_then(|line| line.next);
        [self.resting, next].into_iter().flatten().any(|at| at > now + PATIENCE)
    }

    /// Whether all wait.
    pub(super) fn is_resting(&self, now: Instant) -> bool {
        self.resting.is_some_and(|until| until > now)
    }

    fn hold(&mut self, chat: i64, seq: Option<u64>, until: Instant) {
        let line = self.chats.entry(chat).or_default();
        line.next = line.next.max(Some(until));
        if let Some(seq) = seq {
            line.aside.insert(seq, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When event `seq` leaves.
    fn leaves(pace: &mut Pace, chat: i64, seq: u64, now: Instant) -> Instant {
        let mut now = now;
        loop {
            match pace.turn(chat, seq, now, now) {
                Turn::At(at) => return pace.slot(chat, at),
                Turn::Aside(until) => now = until,
            }
        }
    }

    fn at(turn: Turn) -> Instant {
        match turn {
            Turn::At(at) => at,
            Turn::Aside(until) => panic!("laid aside until {until:?}"),
        }
    }

    #[test]
    fn no_second_has_more_than_28_messages_and_no_chat_more_than_one() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let (mut sent, mut now) = (Vec::<(Instant, i64)>::new(), start);
        for seq in 0..2_000_u64 {
            let chat = i64::try_from(seq * 7 % 60).expect("small");
            now = leaves(&mut pace, chat, seq, now);
            sent.push((now, chat));
        }
        for (i, (at, chat)) in sent.iter().enumerate() {
            let second = sent[i..].iter().take_while(|(later, _)| *later < *at + Duration::from_secs(1));
            let second: Vec<_> = second.collect();
            assert!(second.len() <= 28, "{}", second.len());
            assert_eq!(second.iter().filter(|(_, other)| other == chat).count(), 1);
        }
        let rate = 2_000.0 / (sent[1_999].0 - start).as_secs_f64();
        assert!(rate > 27.0, "{rate} in a second");
    }

    #[test]
    fn what_was_laid_aside_comes_before_what_is_younger() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.turn(1, 1, start, start), Turn::At(start));
        assert_eq!(pace.turn(1, 2, start, start), Turn::At(start + GAP));
        let third = start + GAP * 2;
        assert_eq!(pace.turn(1, 3, start, start), Turn::Aside(third));
        assert_eq!(pace.turn(1, 4, start, start), Turn::Aside(third + GAP));
        assert_eq!(at(pace.turn(2, 5, start, start)), start, "another chat does not wait for it");
        assert!(matches!(pace.turn(1, 4, third, third), Turn::Aside(_)));
        assert_eq!(pace.turn(1, 3, third, third), Turn::At(third));
        assert_eq!(pace.turn(1, 4, third, third), Turn::At(third + GAP));
    }

    #[test]
    fn a_refused_chat_waits_alone_and_several_make_all_wait() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let wait = Duration::from_secs(30);
        at(pace.turn(1, 1, start, start));
        assert_eq!(pace.refused(1, Some(1), wait, start), start + wait);
        assert!(matches!(pace.turn(1, 2, start, start), Turn::Aside(until) if until > start + wait));
        assert_eq!(at(pace.turn(2, 3, start, start)), start);
        assert_eq!(
            at(pace.turn(1, 1, start + wait, start + wait)),
            start + wait,
            "what was refused is the first again"
        );
        let later = start + wait * 2;
        for chat in [4, 5, 6] {
            pace.refused(chat, None, wait, later);
        }
        assert_eq!(pace.turn(7, 9, later, later), Turn::Aside(later + wait));
    }

    #[test]
    fn a_chat_without_an_answer_waits_alone_and_longer_each_time() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            let until = pace.failed(1, Some(1), 0, now);
            assert_eq!(until - now, Duration::from_secs(pause));
            let (one, other) = (pace.is_in_doubt(1), pace.is_in_doubt(2) || pace.has_to_wait(2, now));
            assert!(one && !other && !pace.is_resting(now), "another chat does not wait for it");
            now = until;
        }
        pace.answered(1);
        assert!(!pace.is_in_doubt(1));
        assert_eq!((pace.failed(1, Some(1), 255, now) - now).as_millis(), 1_249);
    }

    #[test]
    fn what_never_comes_back_holds_nobody_up_for_ever() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.refused(1, Some(1), Duration::from_secs(5), start);
        let later = start + Duration::from_secs(5) + FORGOTTEN;
        assert_eq!(pace.turn(1, 2, later, later), Turn::At(later));
    }
}
