//! News: an operator's own text to everybody who has used the bot and does not refuse news.
//!
//! There is one broadcast at a time. How far it has come is noted after every message, so after a restart it goes on where
//! it was; a process that dies while it sends repeats one message at most. Whatever else is to be sent goes first.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rental_core::{
    Expected, Note, NoteKey, NoteVersion, Notes, Page, PageRequest, StoreError, Writing, Written,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::post::{Fate, Post};
use super::{Office, count};
use crate::admin;
use crate::callback::Callback;
use crate::screen::{Button, Screen};
use crate::texts::Language;

/// How many messages are sent before others may go first: a quarter of a second.
const PIECE: usize = 7;
/// How many users may be left for later; when there are so many, they come before everybody else.
const MOST_ASIDE: usize = 200;
/// How often the operator's message with the progress is changed.
const PROGRESS_EVERY: Duration = Duration::from_secs(3);
/// What stands before a user in the notes about everybody who has used the bot.
const EVERYBODY: &str = "person:";

/// A broadcast, as it is noted under `broadcast:present`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Broadcast {
    /// What is sent, in Telegram's HTML.
    pub(crate) html: String,
    /// Who sends it.
    pub(crate) by: u64,
    /// That admin's message with the progress.
    pub(crate) message: Option<i32>,
    /// Whoever comes after this in the list of everybody is still to be sent to.
    #[serde(default)]
    after: Option<String>,
    /// Those before it whom Telegram asked to be left alone for a while.
    #[serde(default)]
    aside: Vec<u64>,
    /// How far it has come.
    pub(crate) progress: Progress,
}

/// How far a broadcast has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// How many users there were when it began.
    pub(crate) total: u64,
    /// How many got it.
    pub(crate) sent: u64,
    /// How many could not be reached, or want no news.
    pub(crate) skipped: u64,
    /// How many Telegram did not take it for.
    pub(crate) failed: u64,
    /// Whether it is over.
    pub(crate) over: bool,
    /// Whether an operator stopped it.
    pub(crate) stopped: bool,
}

impl Progress {
    /// Counts what became of the message to one user; `None`: none was sent.
    fn count(&mut self, fate: Option<Fate>) {
        match fate {
            Some(Fate::Sent) => self.sent += 1,
            Some(Fate::Refused(why)) => {
                tracing::warn!(why, "news could not be sent");
                self.failed += 1;
            }
            Some(Fate::Unreachable | Fate::Later(_)) | None => self.skipped += 1,
        }
    }
}

/// The broadcasts of a shop.
#[derive(Debug, Clone)]
pub(crate) struct Broadcasts {
    notes: Arc<dyn Notes>,
}

impl Broadcasts {
    /// What is kept in `notes`.
    pub(crate) fn new(notes: Arc<dyn Notes>) -> Self {
        Self { notes }
    }

    /// The broadcast that runs, or the last one.
    pub(crate) async fn present(&self) -> Result<Option<Broadcast>, StoreError> {
        Ok(self.noted().await?.map(|(_, broadcast)| broadcast))
    }

    /// Whether a broadcast runs.
    pub(crate) async fn running(&self) -> Result<bool, StoreError> {
        Ok(self.present().await?.is_some_and(|broadcast| !broadcast.progress.over))
    }

    async fn noted(&self) -> Result<Option<(Note, Broadcast)>, StoreError> {
        let note = self.notes.note(&key()).await?;
        Ok(note.and_then(|note| Some((read(&note)?, note))).map(|(broadcast, note)| (note, broadcast)))
    }

    /// How many have used the bot.
    pub(crate) async fn everybody(&self) -> Result<u64, StoreError> {
        let (mut total, mut page) = (0, PageRequest::first(PageRequest::MOST));
        loop {
            let found = self.notes.notes(EVERYBODY, &page).await?;
            total += found.items.len() as u64;
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(total),
            }
        }
    }

    /// Begins a broadcast; `false` when another one runs.
    pub(crate) async fn begin(&self, html: &str, by: u64, message: Option<i32>) -> Result<bool, StoreError> {
        let last = self.notes.note(&key()).await?;
        if last.as_ref().and_then(read).is_some_and(|last| !last.progress.over) {
            return Ok(false);
        }
        let expected = last.map_or(Expected::Absent, |last| Expected::Version(last.version));
        let progress = Progress { total: self.everybody().await?, ..Progress::default() };
        let broadcast =
            Broadcast { html: html.to_owned(), by, message, after: None, aside: Vec::new(), progress };
        Ok(self.put(&broadcast, expected).await?.is_some())
    }

    /// Stops the broadcast that runs; `false` when none does.
    pub(crate) async fn stop(&self) -> Result<bool, StoreError> {
        loop {
            let Some((note, mut running)) = self.noted().await? else { return Ok(false) };
            if running.progress.over {
                return Ok(false);
            }
            (running.progress.over, running.progress.stopped) = (true, true);
            if self.put(&running, Expected::Version(note.version)).await?.is_some() {
                return Ok(true);
            }
        }
    }

    /// Notes a broadcast; nothing when another one, or another state of it, is there.
    async fn put(
        &self,
        broadcast: &Broadcast,
        expected: Expected,
    ) -> Result<Option<NoteVersion>, StoreError> {
        let text = serde_json::to_string(broadcast).expect("plain data");
        Ok(match self.notes.put_note(&key(), &text, Writing::LASTING.expecting(expected)).await? {
            Written::Done(version) => Some(version),
            Written::Refused { .. } => None,
        })
    }
}

/// What a note says; one that cannot be read counts as absent, because an older version may have written it.
fn read(note: &Note) -> Option<Broadcast> {
    serde_json::from_str(&note.text).ok()
}

fn key() -> NoteKey {
    NoteKey::new("broadcast", "present").expect("short and visible")
}

/// The message as customers get it.
pub(crate) fn paper(language: Language, html: &str) -> Screen {
    Screen::new(html).row([Button::press(language.news_stop(), Callback::News(false))])
}

/// Brings the news.
#[derive(Clone)]
pub(super) struct Newsboy {
    office: Office,
    post: Post,
    broadcasts: Broadcasts,
    shown: Arc<Mutex<Option<Instant>>>,
}

impl Newsboy {
    pub(super) fn new(office: &Office, post: Post) -> Self {
        let broadcasts = Broadcasts::new(office.notes.clone());
        Self { office: office.clone(), post, broadcasts, shown: Arc::default() }
    }

    /// Sends a piece of the broadcast that runs; `false` when there is nothing to do now.
    pub(super) async fn go_on(&self, stop: &CancellationToken) -> Result<bool, StoreError> {
        let Some((note, mut running)) = self.broadcasts.noted().await? else { return Ok(false) };
        if running.progress.over {
            return Ok(false);
        }
        let mut version = note.version;
        let page = PageRequest { after: running.after.clone(), limit: PIECE };
        let page = if running.aside.len() < MOST_ASIDE {
            self.office.notes.notes(EVERYBODY, &page).await?
        } else {
            Page { items: Vec::new(), next: page.after }
        };
        let mut moved = false;
        for person in &page.items {
            if stop.is_cancelled() {
                return Ok(false);
            }
            let user = person.key.as_str().strip_prefix(EVERYBODY).and_then(|user| user.parse().ok());
            match self.hand_out(user, &running.html).await? {
                // All wait, not this one only.
                Some(Fate::Later(_)) if self.post.is_resting() => return Ok(false),
                Some(Fate::Later(_)) => running.aside.extend(user),
                fate => running.progress.count(fate),
            }
            running.after = Some(person.key.to_string());
            moved = true;
            let noted = self.broadcasts.put(&running, Expected::Version(version)).await?;
            let Some(next) = noted else { return Ok(true) }; // stopped meanwhile
            version = next;
        }
        if page.items.is_empty() || page.next.is_none() {
            for user in running.aside.clone() {
                if stop.is_cancelled() {
                    return Ok(false);
                }
                if self.post.has_to_wait(user) {
                    continue;
                }
                match self.hand_out(Some(user), &running.html).await? {
                    Some(Fate::Later(_)) => continue,
                    fate => running.progress.count(fate),
                }
                running.aside.retain(|other| *other != user);
                moved = true;
                let noted = self.broadcasts.put(&running, Expected::Version(version)).await?;
                let Some(next) = noted else { return Ok(true) };
                version = next;
                break; // others may go first
            }
            if page.next.is_none() && running.aside.is_empty() {
                running.progress.over = true;
                self.broadcasts.put(&running, Expected::Version(version)).await?;
            }
        }
        if moved || running.progress.over {
            self.show(&running).await?;
        }
        Ok(moved)
    }

    /// Sends to one person, unless that one wants no news.
    async fn hand_out(&self, user: Option<u64>, html: &str) -> Result<Option<Fate>, StoreError> {
        let Some(user) = user else { return Ok(None) };
        let reach = self.post.reach();
        if reach.is_blocked(user).await? || !reach.wants_news(user).await? {
            return Ok(None);
        }
        let paper = paper(self.office.language(user).await?, html);
        if let Some(until) = self.post.wait_for_free_turn(user).await {
            return Ok(Some(Fate::Later(until)));
        }
        let fate = self.post.send(user, None, &paper).await?;
        count("news", if fate == Fate::Sent { "sent" } else { "other" });
        Ok(Some(fate))
    }

    /// Brings the operator's message up to date, from time to time and at the end.
    async fn show(&self, broadcast: &Broadcast) -> Result<(), StoreError> {
        let Some(message) = broadcast.message else { return Ok(()) };
        let due = {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            let due = broadcast.progress.over || shown.is_none_or(|shown| shown.elapsed() > PROGRESS_EVERY);
            if due {
                *shown = Some(Instant::now());
            }
            due
        };
        if due {
            let language = self.office.language(broadcast.by).await?;
            let screen = admin::screens::progress(language, &broadcast.progress);
            self.post.update(broadcast.by, message, &screen).await;
        }
        Ok(())
    }
}
