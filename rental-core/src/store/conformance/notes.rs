//! Notes that frontends keep.

use super::super::PageRequest;
use super::Harness;
use super::snapshot::{all, pages};
use super::values::TEXTS;
use crate::{Expected, Note, NoteKey, NoteVersion, Seconds, Timestamp, Writing, Written};

const MINUTE: Seconds = Seconds(60);
const ABSENT: Writing = Writing::LASTING.expecting(Expected::Absent);

impl Harness {
    async fn note(&self, name: &str) -> Option<Note> {
        self.notes.note(&key(name)).await.expect("the store answers")
    }

    async fn text(&self, name: &str) -> Option<String> {
        self.note(name).await.map(|note| note.text)
    }

    async fn put(&self, name: &str, text: &str, how: Writing) -> Written {
        self.notes.put_note(&key(name), text, how).await.expect("the store answers")
    }

    /// Writes what nothing stands against.
    async fn keep(&self, name: &str, text: &str, how: Writing) -> NoteVersion {
        match self.put(name, text, how).await {
            Written::Done(version) => version,
            refused @ Written::Refused { .. } => panic!("{name}: {refused:?}"),
        }
    }

    async fn remove(&self, name: &str) -> bool {
        self.notes.remove_note(&key(name)).await.expect("the store answers")
    }

    async fn names(&self, prefix: &str) -> Vec<String> {
        let notes = all(async |page| self.notes.notes(prefix, &page).await).await;
        notes.into_iter().map(|note| note.key.to_string()).collect()
    }
}

fn key(name: &str) -> NoteKey {
    name.parse().expect("a name of a note")
}

fn over(version: NoteVersion) -> Writing {
    Writing::LASTING.expecting(Expected::Version(version))
}

pub(super) async fn a_note_says_what_was_written_last(h: Harness) {
    assert_eq!(h.note("chat:1").await, None);
    let version = h.keep("chat:1", "en", Writing::LASTING).await;
    assert_eq!(h.note("chat:1").await, Some(Note { key: key("chat:1"), text: "en".to_owned(), version }));
    let later = h.keep("chat:1", "ru", Writing::LASTING).await;
    assert_ne!(later, version);
    assert_eq!(h.note("chat:1").await.map(|note| (note.text, note.version)), Some(("ru".to_owned(), later)));
    assert_eq!(h.note("chat:2").await, None);
}

pub(super) async fn notes_are_read_together_in_the_order_asked_for(h: Harness) {
    h.keep("chat:1", "en", Writing::LASTING).await;
    h.keep("chat:2", "ru", Writing::passing(MINUTE)).await;
    let keys = ["chat:2", "chat:3", "chat:1", "chat:2"].map(key);
    let read = h.notes.notes_at(&keys).await.expect("the store answers");
    let texts: Vec<_> =
        read.iter().map(|note| note.as_ref().map(|note| (&note.key, note.text.as_str()))).collect();
    let ru = Some((&keys[0], "ru"));
    assert_eq!(texts, [ru, None, Some((&keys[2], "en")), ru]);
    assert_eq!(h.notes.notes_at(&[]).await, Ok(vec![]));
}

pub(super) async fn a_note_is_written_only_over_what_was_expected(h: Harness) {
    let nothing = Written::Refused { current: None };
    assert_eq!(h.put("chat:1", "a", over(NoteVersion::from_stored(1))).await, nothing);
    let first = h.keep("chat:1", "a", ABSENT).await;
    let a = h.note("chat:1").await;
    assert_eq!(h.put("chat:1", "b", ABSENT).await, Written::Refused { current: a });
    let second = h.keep("chat:1", "b", over(first)).await;
    let b = h.note("chat:1").await;
    assert_eq!(b.as_ref().map(|note| note.version), Some(second));
    assert_eq!(h.put("chat:1", "c", over(first)).await, Written::Refused { current: b.clone() });
    assert_eq!(h.note("chat:1").await, b);
}

pub(super) async fn of_many_who_expect_nothing_one_writes(h: Harness) {
    for how in [ABSENT, Writing::passing(MINUTE).expecting(Expected::Absent)] {
        assert_eq!(race(&h, "update:1", how).await, 1);
        assert!(h.remove("update:1").await);
    }
}

pub(super) async fn of_many_who_expect_one_version_one_writes(h: Harness) {
    let version = h.keep("chat:1", "a", Writing::LASTING).await;
    assert_eq!(race(&h, "chat:1", over(version)).await, 1);
}

/// How many of many at once could write.
async fn race(h: &Harness, name: &str, how: Writing) -> usize {
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let (notes, key) = (h.notes.clone(), key(name));
            tokio::spawn(async move { notes.put_note(&key, &n.to_string(), how).await })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        let written = task.await.expect("the task runs to its end").expect("the store answers");
        done += usize::from(matches!(written, Written::Done(_)));
    }
    done
}

pub(super) async fn versions_are_not_used_again(h: Harness) {
    let first = h.keep("chat:1", "a", Writing::LASTING).await;
    assert!(h.remove("chat:1").await);
    let second = h.keep("chat:1", "a", Writing::LASTING).await;
    let other = h.keep("chat:2", "a", Writing::passing(MINUTE)).await;
    h.pass(60);
    let third = h.keep("chat:2", "a", ABSENT).await;
    assert!(first != second && second != other && other != third && third != first);
    assert!(matches!(h.put("chat:1", "b", over(first)).await, Written::Refused { current: Some(_) }));
}

pub(super) async fn a_note_is_over_at_its_end(h: Harness) {
    let version = h.keep("chat:1", "a", Writing::passing(MINUTE)).await;
    h.pass(59);
    assert_eq!(h.text("chat:1").await.as_deref(), Some("a"));
    assert!(matches!(h.put("chat:1", "b", ABSENT).await, Written::Refused { .. }));
    h.pass(1);
    assert_eq!(h.note("chat:1").await, None);
    assert!(!h.remove("chat:1").await);
    assert_eq!(h.put("chat:1", "b", over(version)).await, Written::Refused { current: None });
    h.keep("chat:1", "b", ABSENT).await;
}

pub(super) async fn every_writing_sets_the_end_anew(h: Harness) {
    h.keep("chat:1", "a", Writing::passing(MINUTE)).await;
    h.keep("chat:2", "a", Writing::passing(MINUTE)).await;
    h.keep("chat:3", "a", Writing::LASTING).await;
    h.pass(50);
    h.keep("chat:1", "b", Writing::passing(MINUTE)).await;
    h.keep("chat:2", "b", Writing::LASTING).await;
    h.keep("chat:3", "b", Writing::passing(MINUTE)).await;
    assert_eq!(h.names("chat:").await, ["chat:2"]);
    h.pass(59);
    for name in ["chat:1", "chat:2", "chat:3"] {
        assert_eq!(h.text(name).await.as_deref(), Some("b"), "{name}");
    }
    h.pass(1);
    assert_eq!((h.text("chat:1").await, h.text("chat:3").await), (None, None));
    assert_eq!(h.text("chat:2").await.as_deref(), Some("b"));
}

pub(super) async fn a_note_is_kept_at_least_a_second(h: Harness) {
    h.keep("chat:1", "a", Writing::passing(Seconds(0))).await;
    assert_eq!(h.text("chat:1").await.as_deref(), Some("a"));
    h.pass(1);
    assert_eq!(h.note("chat:1").await, None);
}

pub(super) async fn a_removed_note_is_gone(h: Harness) {
    assert!(!h.remove("chat:1").await);
    for how in [Writing::LASTING, Writing::passing(MINUTE)] {
        h.keep("chat:1", "a", how).await;
        assert!(h.remove("chat:1").await);
        assert_eq!(h.note("chat:1").await, None);
        assert!(!h.remove("chat:1").await);
        assert_eq!(h.names("").await, Vec::<String>::new());
    }
}

pub(super) async fn lasting_notes_are_listed_by_prefix(h: Harness) {
    for name in ["chat:10", "chat:9", "chat:1", "cha", "chat", "chau:1", "~", "!"] {
        h.keep(name, name, Writing::LASTING).await;
    }
    h.keep("chat:2", "passing", Writing::passing(MINUTE)).await;
    assert_eq!(h.names("chat:").await, ["chat:1", "chat:10", "chat:9"]);
    assert_eq!(h.names("chat:1").await, ["chat:1", "chat:10"]);
    assert_eq!(h.names("").await, ["!", "cha", "chat", "chat:1", "chat:10", "chat:9", "chau:1", "~"]);
    for prefix in ["chat:11", "x", "chat: ", "\u{e9}", "\u{7f}"] {
        assert_eq!(h.names(prefix).await, Vec::<String>::new(), "{prefix:?}");
    }
    h.pass(60);
    assert_eq!(h.names("chat:").await, ["chat:1", "chat:10", "chat:9"]);
}

pub(super) async fn lists_of_notes_are_paged(h: Harness) {
    for n in 0..25 {
        h.keep(&format!("chat:{n:02}"), &n.to_string(), Writing::LASTING).await;
        h.keep(&format!("chat:{n:02}+"), "passing", Writing::passing(MINUTE)).await;
    }
    h.keep("before", "", Writing::LASTING).await;
    h.keep("later", "", Writing::LASTING).await;
    for limit in [1, 7, 25, PageRequest::MOST] {
        let read = pages(limit, async |page| h.notes.notes("chat:", &page).await).await;
        let (last, full) = read.split_last().expect("there is always a page");
        assert!(full.iter().all(|page| page.len() == limit) && !last.is_empty());
        let texts: Vec<_> = read.concat().into_iter().map(|note| note.text).collect();
        assert_eq!(texts, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    }
    for after in ["", "before", "later", "chat", "two words", "\0"] {
        let page = PageRequest { after: Some(after.to_owned()), limit: 10 };
        let read = h.notes.notes("chat:", &page).await.expect("the store answers");
        assert_eq!((read.items, read.next), (vec![], None), "{after:?}");
    }
}

pub(super) async fn names_and_texts_of_notes_are_read_back_exactly(h: Harness) {
    let longest = "x".repeat(NoteKey::LONGEST);
    let long = "\u{1f4a5}".repeat(4_096);
    let names = ["'; DROP TABLE notes; --".replace(' ', "_"), "*?[a-z]{}\\%".to_owned(), longest];
    let texts = TEXTS.into_iter().chain([long.as_str()]);
    for (n, text) in texts.enumerate() {
        let name = &names[n % names.len()];
        h.keep(name, text, if n % 2 == 0 { Writing::LASTING } else { Writing::passing(MINUTE) }).await;
        assert_eq!(h.text(name).await.as_deref(), Some(text), "{name}: {text:?}");
    }
    for (name, text) in names.iter().zip(["", "null", "1 2 3"]) {
        h.keep(name, text, Writing::LASTING).await;
    }
    let listed = all(async |page| h.notes.notes("", &page).await).await;
    let listed: Vec<_> = listed.iter().map(|note| (note.key.as_str(), note.text.as_str())).collect();
    assert_eq!(listed, [(&*names[0], ""), (&*names[1], "null"), (&*names[2], "1 2 3")]);
}

pub(super) async fn what_one_process_notes_the_others_read(h: Harness) {
    let other = h.another().await;
    let version = h.keep("chat:1", "a", Writing::LASTING).await;
    h.keep("chat:2", "a", Writing::passing(MINUTE)).await;
    assert_eq!(other.text("chat:2").await.as_deref(), Some("a"));
    other.keep("chat:1", "b", over(version)).await;
    assert_eq!(h.text("chat:1").await.as_deref(), Some("b"));
}

pub(super) async fn notes_outlast_a_restart(h: Harness) {
    h.keep("chat:1", "a", Writing::LASTING).await;
    h.keep("chat:2", "b", Writing::passing(MINUTE)).await;
    let h = h.restarted().await;
    assert_eq!(h.text("chat:1").await.as_deref(), Some("a"));
    assert_eq!(h.text("chat:2").await.as_deref(), Some("b"));
    assert_eq!(h.names("chat:").await, ["chat:1"]);
    h.pass(60);
    assert_eq!(h.note("chat:2").await, None);
}

pub(super) async fn forgetting_drops_notes_that_are_over(h: Harness) {
    h.keep("chat:1", "a", Writing::LASTING).await;
    h.keep("chat:2", "b", Writing::passing(MINUTE)).await;
    h.keep("chat:3", "c", Writing::passing(Seconds(61))).await;
    h.pass(60);
    while h.store.forget(Timestamp::EPOCH).await.expect("the store forgets") > 0 {}
    assert_eq!(h.text("chat:1").await.as_deref(), Some("a"));
    assert_eq!(h.note("chat:2").await, None);
    assert_eq!(h.text("chat:3").await.as_deref(), Some("c"));
}
