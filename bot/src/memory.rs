//! What is remembered about chats, beside the shop: nothing that a rule depends on.
//!
//! | note | says | kept |
//! |---|---|---|
//! | `person:<user>` | the language, and whether it was chosen | for ever |
//! | `await:<user>` | what the next message of this user answers | ten minutes |
//! | `pay:<user>` | which messages of this chat show invoices that are open | until they are over |
//! | `toy:<invoice>` | that it is being paid with toy coins | a minute |
//! | `seen:<invoice>` | that its screen has shown how it ended | a day |
//! | `update:<id>` | that an update which was sent is being handled, or was | a minute, or a day |
//! | `kept:<id>` | an update that was asked for and takes longer | until it is handled |

use std::sync::Arc;

use rental_core::{
    Expected, InvoiceId, Note, NoteKey, Notes, Page, PageRequest, PhoneNumber, Seconds, StoreError, Writing,
    Written,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::admin::Asked;
use crate::callback::Place;
use crate::outgoing::Reach;
use crate::telegram::Arrived;
use crate::texts::Language;

/// What is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    notes: Arc<dyn Notes>,
}

/// How long an answer is waited for.
const AWAITED: Seconds = Seconds(10 * 60);
/// How long an update may be under way before somebody else may try.
const CLAIMED: Seconds = Seconds(60);
/// How long it is known that an update was handled; Telegram sends none again after that.
const HANDLED: Seconds = Seconds::from_days(1);
/// How long toy coins may be on their way; if a crash kept them from being sent, they can be sent again after it.
const PAYING: Seconds = Seconds(60);
const BUSY: &str = "busy";
const DONE: &str = "done";

/// What is known about a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The language to speak.
    pub(crate) language: Language,
    /// Whether the user chose it; otherwise it is the client's.
    #[serde(default)]
    pub(crate) chosen: bool,
}

/// What the next message of a user answers. There is one question at a time: the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub(crate) enum Awaited {
    /// Digits to look for.
    Digits {
        /// Where in the list that was asked.
        place: Place,
        /// The message that asks.
        message: i32,
    },
    /// The person to hand a number to, by id or picked.
    Person {
        /// The number.
        number: PhoneNumber,
        /// The message that asks.
        message: i32,
    },
    /// What an operator was asked.
    Desk {
        /// What.
        asked: Asked,
    },
}

/// What is remembered about a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Acquaintance {
    /// The language.
    pub(crate) person: Option<Person>,
    /// What the next message answers.
    pub(crate) awaited: Option<Awaited>,
    /// Whether the user could not be reached the last time.
    pub(crate) blocked: bool,
}

/// A message that shows an invoice. A message shows one, and an invoice is followed on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PayScreen {
    /// The invoice.
    pub(crate) invoice: InvoiceId,
    /// The message.
    pub(crate) message: i32,
    /// The newest event about this invoice that is to be seen on it, besides what the invoice itself says.
    pub(crate) news: u64,
}

/// Whether an update may be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// By the caller.
    Mine,
    /// Somebody else is at it.
    Busy,
    /// It has been handled.
    Done,
}

impl Memory {
    /// What is kept in `notes`.
    pub(crate) fn new(notes: Arc<dyn Notes>) -> Self {
        Self { notes }
    }

    /// What is remembered about a user who has been heard of, read at once.
    pub(crate) async fn acquaintance(&self, user: u64) -> Result<Acquaintance, StoreError> {
        let keys = [key("person", user), key("await", user), Reach::blocked(user)];
        let notes: [_; 3] = self.notes.notes_at(&keys).await?.try_into().unwrap_or_default();
        let [person, awaited, blocked] = notes;
        Ok(Acquaintance { person: read(person), awaited: read(awaited), blocked: blocked.is_some() })
    }

    /// What is known about a user.
    pub(crate) async fn person(&self, user: u64) -> Result<Option<Person>, StoreError> {
        self.get(&key("person", user)).await
    }

    /// Remembers a user's language.
    pub(crate) async fn remember(&self, user: u64, person: Person) -> Result<(), StoreError> {
        self.put(&key("person", user), &person, Writing::LASTING).await
    }

    /// Waits for an answer.
    pub(crate) async fn ask(&self, user: u64, question: &Awaited) -> Result<(), StoreError> {
        self.put(&key("await", user), question, Writing::passing(AWAITED)).await
    }

    /// Waits for nothing any more.
    pub(crate) async fn answered(&self, user: u64) -> Result<(), StoreError> {
        self.notes.remove_note(&key("await", user)).await.map(drop)
    }

    /// Notes what a message of a chat shows from now on: this invoice, or none. Answers with the message that showed the
    /// invoice before, if that was another one.
    pub(crate) async fn shows(
        &self,
        user: u64,
        message: i32,
        invoice: Option<InvoiceId>,
    ) -> Result<Option<i32>, StoreError> {
        let change = |screens: &mut Vec<PayScreen>| {
            // Neither another invoice in this message nor this invoice in another message.
            screens.retain(|screen| (screen.message == message) == (Some(screen.invoice) == invoice));
            if let Some(invoice) = invoice
                && screens.iter().all(|screen| screen.invoice != invoice)
            {
                screens.push(PayScreen { invoice, message, news: 0 });
            }
        };
        let before = self.change_pay_screens(user, change).await?;
        let elsewhere = |screen: &PayScreen| Some(screen.invoice) == invoice && screen.message != message;
        Ok(before.into_iter().find(elsewhere).map(|screen| screen.message))
    }

    /// Has the screen of an invoice drawn anew, if there is one, because of event `seq`.
    pub(crate) async fn has_news(&self, user: u64, invoice: InvoiceId, seq: u64) -> Result<(), StoreError> {
        self.change_pay_screens(user, |screens| {
            for screen in screens.iter_mut().filter(|screen| screen.invoice == invoice) {
                screen.news = screen.news.max(seq);
            }
        })
        .await
        .map(drop)
    }

    /// An invoice is shown no more.
    pub(crate) async fn shows_no_more(&self, user: u64, invoice: InvoiceId) -> Result<(), StoreError> {
        let change = |screens: &mut Vec<PayScreen>| screens.retain(|screen| screen.invoice != invoice);
        self.change_pay_screens(user, change).await.map(drop)
    }

    /// The message of a chat that shows an invoice.
    pub(crate) async fn pay_screen(
        &self,
        user: u64,
        invoice: InvoiceId,
    ) -> Result<Option<PayScreen>, StoreError> {
        let screens: Vec<PayScreen> = self.get(&key("pay", user)).await?.unwrap_or_default();
        Ok(screens.into_iter().find(|screen| screen.invoice == invoice))
    }

    /// The messages that show invoices, by chat, a page of chats.
    pub(crate) async fn pay_screens(
        &self,
        page: &PageRequest,
    ) -> Result<(Vec<(u64, Vec<PayScreen>)>, Option<String>), StoreError> {
        let page = self.notes.notes("pay:", page).await?;
        let read = |note: Note| {
            let user = note.key.as_str().strip_prefix("pay:")?.parse().ok()?;
            Some((user, serde_json::from_str(&note.text).ok()?))
        };
        Ok((page.items.into_iter().filter_map(read).collect(), page.next))
    }

    /// Changes what is noted about the messages of a chat that show invoices; answers what it was before.
    async fn change_pay_screens(
        &self,
        user: u64,
        change: impl Fn(&mut Vec<PayScreen>),
    ) -> Result<Vec<PayScreen>, StoreError> {
        let key = key("pay", user);
        loop {
            let note = self.notes.note(&key).await?;
            let expected = note.as_ref().map_or(Expected::Absent, |note| Expected::Version(note.version));
            let before: Vec<PayScreen> = read(note).unwrap_or_default();
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                return Ok(before);
            }
            // Removed in passing, because nothing else removes a note on a condition.
            let how = if after.is_empty() { Writing::passing(Seconds(1)) } else { Writing::LASTING };
            let text = serde_json::to_string(&after).expect("plain data");
            if let Written::Done(_) = self.notes.put_note(&key, &text, how.expecting(expected)).await? {
                return Ok(before);
            }
        }
    }

    /// Notes that an invoice is being paid with toy coins; `false` when it was before.
    pub(crate) async fn pays_first(&self, invoice: InvoiceId) -> Result<bool, StoreError> {
        let how = Writing::passing(PAYING).expecting(Expected::Absent);
        let written = self.notes.put_note(&key("toy", invoice), "", how).await?;
        Ok(matches!(written, Written::Done(_)))
    }

    /// Nothing was paid after all.
    pub(crate) async fn did_not_pay(&self, invoice: InvoiceId) -> Result<(), StoreError> {
        self.notes.remove_note(&key("toy", invoice)).await.map(drop)
    }

    /// Notes that the customer has seen the end of an invoice on its screen.
    pub(crate) async fn saw_end(&self, invoice: InvoiceId) -> Result<(), StoreError> {
        self.put(&key("seen", invoice), &true, Writing::passing(HANDLED)).await
    }

    /// Whether the customer has seen that.
    pub(crate) async fn has_seen_end(&self, invoice: InvoiceId) -> Result<bool, StoreError> {
        Ok(self.notes.note(&key("seen", invoice)).await?.is_some())
    }

    /// Takes an update to be handled.
    pub(crate) async fn claim(&self, update: u32) -> Result<Claim, StoreError> {
        let how = Writing::passing(CLAIMED).expecting(Expected::Absent);
        match self.notes.put_note(&key("update", update), BUSY, how).await? {
            Written::Done(_) => Ok(Claim::Mine),
            Written::Refused { current: Some(note) } if note.text == DONE => Ok(Claim::Done),
            Written::Refused { .. } => Ok(Claim::Busy),
        }
    }

    /// Notes that an update has been handled.
    pub(crate) async fn finish(&self, update: u32) -> Result<(), StoreError> {
        self.notes.put_note(&key("update", update), DONE, Writing::passing(HANDLED)).await.map(drop)
    }

    /// Keeps an update that is being handled, so that it is found again after a crash.
    pub(crate) async fn keep(&self, update: &Arrived) -> Result<(), StoreError> {
        let key = key("kept", update.id());
        self.notes.put_note(&key, update.text().get(), Writing::LASTING).await.map(drop)
    }

    /// Keeps an update no longer.
    pub(crate) async fn let_go(&self, update: u32) -> Result<(), StoreError> {
        self.notes.remove_note(&key("kept", update)).await.map(drop)
    }

    /// The updates that are kept, oldest first. One that cannot be read is let go.
    pub(crate) async fn kept(&self) -> Result<Vec<Arrived>, StoreError> {
        let (mut kept, mut page) = (Vec::new(), PageRequest::first(PageRequest::MOST));
        loop {
            let Page { items, next } = self.notes.notes("kept:", &page).await?;
            for note in items {
                match RawValue::from_string(note.text).and_then(Arrived::read) {
                    Ok(arrived) => kept.push(arrived),
                    Err(error) => {
                        tracing::warn!(note = %note.key, %error, "an update cannot be read any more and is lost");
                        self.notes.remove_note(&note.key).await?;
                    }
                }
            }
            match next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        kept.sort_by_key(Arrived::id);
        Ok(kept)
    }

    async fn get<T: DeserializeOwned>(&self, key: &NoteKey) -> Result<Option<T>, StoreError> {
        Ok(read(self.notes.note(key).await?))
    }

    async fn put<T: Serialize>(&self, key: &NoteKey, value: &T, how: Writing) -> Result<(), StoreError> {
        let text = serde_json::to_string(value).expect("plain data");
        self.notes.put_note(key, &text, how).await.map(drop)
    }
}

/// What a note says; one that cannot be read counts as absent, because an older version may have written it.
fn read<T: DeserializeOwned>(note: Option<Note>) -> Option<T> {
    note.and_then(|note| serde_json::from_str(&note.text).ok())
}

fn key(kind: &str, name: impl std::fmt::Display) -> NoteKey {
    NoteKey::new(kind, name).expect("numbers and invoice ids are short and visible")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::Filter;
    use rental_core::{ManualClock, MemoryStore, Timestamp, Ulid};
    use teloxide::types::UpdateKind;

    fn memory() -> (Memory, ManualClock) {
        let clock = ManualClock::at(Timestamp::from_unix(1_000));
        (Memory::new(Arc::new(MemoryStore::new(Arc::new(clock.clone())))), clock)
    }

    #[tokio::test]
    async fn an_update_is_claimed_once_and_again_after_a_crash() {
        let (memory, clock) = memory();
        assert_eq!(memory.claim(7).await, Ok(Claim::Mine));
        assert_eq!(memory.claim(7).await, Ok(Claim::Busy));
        clock.advance(CLAIMED);
        assert_eq!(memory.claim(7).await, Ok(Claim::Mine), "whoever had it has died");
        memory.finish(7).await.expect("written");
        clock.advance(Seconds::from_hours(23));
        assert_eq!(memory.claim(7).await, Ok(Claim::Done));
    }

    #[tokio::test]
    async fn updates_that_are_kept_are_found_again_oldest_first() {
        let (memory, _) = memory();
        let chat = r#""chat": {"id": 7, "type": "private", "first_name": "x"}"#;
        let from = r#""from": {"id": 7, "is_bot": false, "first_name": "x"}"#;
        // The types forget that the message of this press is too old to be seen.
        let press = format!(
            r#"{{"update_id": 100, "callback_query": {{"id": "9", {from}, "chat_instance": "1", "data": "1h",
                "message": {{{chat}, "message_id": 3, "date": 0}}}}}}"#
        );
        let message = format!(
            r#"{{"update_id": 99, "message": {{"message_id": 3, "date": 1, {from}, {chat}, "text": "/start"}}}}"#
        );
        let texts = [message, press];
        let note = |id: u32, text: String| {
            let notes = memory.notes.clone();
            async move { notes.put_note(&key("kept", id), &text, Writing::LASTING).await }
        };
        note(98, "{}".to_owned()).await.expect("written");
        for text in texts.iter().rev() {
            let text = RawValue::from_string(text.clone()).expect("JSON");
            memory.keep(&Arrived::read(text).expect("an update")).await.expect("written");
        }
        for _ in 0..2 {
            let kept = memory.kept().await.expect("read");
            assert!(kept.iter().map(|arrived| arrived.text().get()).eq(&texts));
            let kinds = kept.iter().map(|arrived| arrived.update().expect("an update").kind);
            let kinds: Vec<_> = kinds.collect();
            assert!(matches!(kinds[..], [UpdateKind::Message(_), UpdateKind::CallbackQuery(_)]), "{kinds:?}");
        }
        for id in [99, 100] {
            memory.let_go(id).await.expect("removed");
        }
        assert!(memory.kept().await.expect("read").is_empty());
    }

    #[tokio::test]
    async fn questions_are_remembered_as_long_as_they_matter() {
        let (memory, clock) = memory();
        let filter = Filter { pattern: Some("77*".parse().expect("a pattern")), ..Filter::default() };
        for question in [
            Awaited::Digits { place: Place { page: 2, ..filter.into() }, message: 3 },
            Awaited::Person { number: "+88801234567".parse().expect("a number"), message: 4 },
            Awaited::Desk {
                asked: Asked::Price {
                    opened: "+88801234567".parse::<PhoneNumber>().expect("a number").into(),
                },
            },
        ] {
            memory.ask(1, &question).await.expect("written");
            assert_eq!(memory.acquaintance(1).await.expect("read").awaited, Some(question));
        }
        clock.advance(AWAITED);
        assert_eq!(memory.acquaintance(1).await, Ok(Acquaintance::default()));
    }

    #[tokio::test]
    async fn an_invoice_is_followed_on_one_message_and_a_message_shows_one_invoice() {
        let (memory, _) = memory();
        let [one, two] = [1, 2].map(|n| InvoiceId::new(Ulid::from_parts(1, n)));
        let on = |invoice, message| PayScreen { invoice, message, news: 0 };
        let all = async || memory.pay_screens(&PageRequest::first(10)).await.expect("read").0;
        memory.shows(1, 5, Some(one)).await.expect("written");
        memory.shows(1, 6, Some(two)).await.expect("written");
        memory.shows(2, 5, None).await.expect("nothing to write");
        assert_eq!(all().await, [(1, vec![on(one, 5), on(two, 6)])]);
        memory.shows(1, 7, Some(one)).await.expect("written");
        assert_eq!(all().await, [(1, vec![on(two, 6), on(one, 7)])], "the newest message");
        memory.shows(1, 7, Some(two)).await.expect("written");
        assert_eq!(all().await, [(1, vec![on(two, 7)])], "another invoice in the same message");
        for seq in [3, 7, 3] {
            memory.has_news(1, two, seq).await.expect("written");
        }
        memory.shows(1, 7, Some(two)).await.expect("nothing to write");
        assert_eq!(memory.pay_screen(1, two).await, Ok(Some(PayScreen { news: 7, ..on(two, 7) })));
        memory.shows(1, 7, None).await.expect("written");
        memory.has_news(1, two, 9).await.expect("nothing to write");
        memory.shows_no_more(1, two).await.expect("nothing to write");
        assert_eq!((memory.pay_screen(1, two).await, all().await), (Ok(None), vec![]));
    }
}
