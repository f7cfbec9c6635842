//! What is copied, and that it goes on as the same shop.

use super::super::super::{
    Changes, Commit, DeliveryRecord, DeliveryStage, Load, Once, OnceKey, OutboxItem, PageRequest, Record,
    Section, Tally,
};
use super::super::snapshot::{all, pages};
use super::super::values::TEXTS;
use super::super::{Harness, sample};
use super::{ArchiveHarness, NewStore, sample_shop};
use crate::{
    Disposition, Expected, LeaseName, NoteKey, NumberRecord, Owner, Quota, Seconds, Timestamp, Writing,
    Written,
};

/// Two stores with the sample shop in them: the one where it was opened, and its copy, opened anew.
async fn copied(from: &ArchiveHarness, to: &ArchiveHarness) -> Harness {
    sample_shop::open(&from.shop).await;
    to.copy_from(from).await;
    to.shop.another().await
}

async fn claim(h: &Harness, group: &str) -> Vec<OutboxItem> {
    let claimed = h.store.claim(group, "b", 100, sample_shop::HOLD).await;
    claimed.expect("the store answers")
}

fn tally(records: &[Record]) -> Tally {
    let mut tally = Tally::default();
    tally.extend(records);
    tally
}

pub(super) async fn a_copy_is_the_same_shop(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let copy = copied(&from, &to).await;
    assert_eq!(copy.snapshot().await, from.shop.snapshot().await);
    for group in ["bot", "webhooks", "idle"] {
        let dead = async |h: &Harness| all(async |page| h.store.dead_letters(group, &page).await).await;
        assert_eq!(dead(&copy).await, dead(&from.shop).await);
    }
    let records = from.records().await;
    assert_eq!(tally(&records).totals(), from.shop.totals().await);
    for section in Section::ALL {
        assert!(tally(&records).count(section) > 0, "the sample has nothing in {section}");
    }
}

pub(super) async fn a_copy_of_a_copy_is_read_out_as_the_first(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    copied(&from, &to).await;
    let (first, second) = (tally(&from.records().await), tally(&to.records().await));
    assert_eq!(first.differences(&second, Timestamp::EPOCH), []);
}

pub(super) async fn an_empty_store_is_copied_to_an_empty_store(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    to.copy_from(&from).await;
    let copy = to.shop.another().await;
    assert_eq!(copy.snapshot().await, from.shop.snapshot().await);
    assert_eq!(to.records().await, []);
    copy.write(sample::number_changes(sample::record(sample::number(1)))).await;
}

pub(super) async fn documents_go_on_from_their_versions(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let copy = copied(&from, &to).await;
    let load = Load { access: true, ..sample::of_number(sample::number(3)) };
    let loaded = copy.load(load).await;
    let number = loaded.number.expect("it was copied");
    assert_eq!(number.version, 2);
    let stale = sample::number_changes(number.clone());
    assert!(matches!(copy.commit(&stale).await, Commit::Conflict { .. }));
    let mut shop = loaded.shop.expect("it was copied");
    let mut access = loaded.access.expect("it was asked for");
    (shop.version, access.version) = (2, 2);
    let account = sample::account(&sample::customer("api:demo:alice"));
    let next = Changes {
        shop: Some(shop),
        access: Some(access),
        accounts: vec![crate::Account { version: 3, ..account }],
        chain: Some(sample::chain_move(7, 8)),
        ..sample::number_changes(sample::changed(number))
    };
    copy.write(next).await;
}

pub(super) async fn events_go_on_after_the_last_one_even_when_all_are_forgotten(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let events = (1..=3).map(|n| sample::event(n, None)).collect();
    from.shop.write(Changes { events, ..sample::changes() }).await;
    let last = from.shop.feed(&Owner::Anybody).await[2].seq;
    let items = claim(&from.shop, "bot").await;
    for item in items {
        let done = from.shop.store.dispose("bot", "b", item.entry.seq, &Disposition::Done).await;
        assert_eq!(done, Ok(true));
    }
    while from.shop.store.forget(Timestamp::MAX).await.expect("the store forgets") > 0 {}
    assert_eq!(from.shop.feed(&Owner::Anybody).await, []);

    to.copy_from(&from).await;
    let copy = to.shop.another().await;
    for h in [&from.shop, &copy] {
        h.write(Changes { events: vec![sample::event(4, None)], ..sample::changes() }).await;
        let feed = h.feed(&Owner::Anybody).await;
        assert!(feed[0].seq > last, "a place in the feed is never used twice");
        assert_eq!(claim(h, "bot").await.len(), 1, "the group is given what is new");
    }
}

pub(super) async fn deliveries_keep_their_attempts_rests_and_reasons(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let copy = copied(&from, &to).await;
    for h in [&from.shop, &copy] {
        let fresh = claim(h, "bot").await;
        assert_eq!(fresh.iter().map(|item| item.attempt).collect::<Vec<_>>(), [1; 3]);
        h.pass(sample_shop::REST.0 - 1);
        assert_eq!(claim(h, "bot").await, []);
        h.pass(1);
        let retried = claim(h, "bot").await;
        assert_eq!(retried.iter().map(|item| item.attempt).collect::<Vec<_>>(), [2]);
        assert_eq!(retried[0].entry, h.feed(&Owner::Anybody).await[2]);
        let dead = all(async |page| h.store.dead_letters("bot", &page).await).await;
        assert_eq!(dead[0].1, "the customer has blocked the bot");
    }
}

pub(super) async fn a_claim_that_is_held_is_copied_as_a_rest_until_its_end(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let copy = copied(&from, &to).await;
    let end = copy.now() + sample_shop::HOLD;
    let claimed = copy.feed(&Owner::Anybody).await[4].seq;
    let held = Record::Delivery(DeliveryRecord {
        group: "bot".to_owned(),
        seq: claimed,
        attempt: 1,
        stage: DeliveryStage::Resting { until: end },
    });
    assert!(from.section(Section::Deliveries).await.contains(&held));
    assert!(to.section(Section::Deliveries).await.contains(&held));
    let disposed = copy.store.dispose("bot", "a", claimed, &Disposition::Done).await;
    assert_eq!(disposed, Ok(false), "nobody holds it any more");
    claim(&copy, "bot").await;
    copy.pass(sample_shop::HOLD.0);
    let again = claim(&copy, "bot").await;
    assert!(again.iter().any(|item| item.entry.seq == claimed && item.attempt == 2), "{again:?}");
}

pub(super) async fn groups_go_on_where_they_were(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let copy = copied(&from, &to).await;
    for (group, new) in [("webhooks", 0), ("bot", 3), ("idle", 10), ("never seen", 10)] {
        assert_eq!(claim(&copy, group).await.len(), new, "{group}");
    }
}

pub(super) async fn what_happened_once_stays_so(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let copy = copied(&from, &to).await;
    let temporary = sample::request("for two hours");
    let permanent =
        [OnceKey::Tx(sample::tx(1)), OnceKey::Payload(sample::payload(1)), sample::request("for ever")];
    for key in permanent.iter().chain([&temporary]) {
        let again = Changes { once: vec![sample::once(key.clone())], ..sample::changes() };
        assert_eq!(copy.commit(&again).await, Commit::Duplicate(key.clone()));
        let load = Load { once: Some(key.clone()), ..sample::nothing() };
        assert_eq!(copy.load(load).await.once, Some(key.to_string()));
    }
    copy.pass(Seconds::from_hours(2).0);
    copy.write(Changes { once: vec![sample::once(temporary)], ..sample::changes() }).await;
    copy.pass(Seconds::from_days(3650).0);
    for key in permanent {
        let again = Changes { once: vec![sample::once(key.clone())], ..sample::changes() };
        assert_eq!(copy.commit(&again).await, Commit::Duplicate(key));
    }
}

pub(super) async fn leases_rates_and_expired_keys_do_not_move(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let (name, quota) = (LeaseName::Number(sample::number(1)), Quota { limit: 1, window: Seconds(1_000) });
    let taken = from.shop.leases.acquire(&name, &sample::token(1), Seconds(1_000)).await;
    assert!(taken.expect("the store answers").is_some());
    assert!(from.shop.limiter.hit("tg:1", quota).await.expect("the store answers").allowed);
    let end = Some(from.shop.now() + Seconds(10));
    let soon = Once { keep_until: end, ..sample::once(sample::request("soon")) };
    from.shop.write(Changes { once: vec![soon.clone()], ..sample::changes() }).await;
    assert_eq!(from.section(Section::Once).await, [Record::Once(soon)]);
    from.shop.pass(10);
    assert_eq!(from.section(Section::Once).await, []);

    to.copy_from(&from).await;
    let copy = to.shop.another().await;
    assert_eq!(copy.leases.held_until(&name).await, Ok(None));
    assert!(copy.limiter.hit("tg:1", quota).await.expect("the store answers").allowed);
}

pub(super) async fn lasting_notes_move_and_passing_ones_do_not(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    let copy = copied(&from, &to).await;
    let key = |name: &str| name.parse::<NoteKey>().expect("a name of a note");
    let note = copy.notes.note(&key("chat:7")).await.expect("the store answers").expect("it was copied");
    assert_eq!(from.shop.notes.note(&key("chat:7")).await, Ok(Some(note.clone())));
    assert_eq!(to.section(Section::Notes).await, [Record::Note(note.clone())]);
    assert_eq!(copy.notes.note(&key("update:9")).await, Ok(None));
    let over = Writing::LASTING.expecting(Expected::Version(note.version));
    let written = copy.notes.put_note(&key("chat:7"), "ru", over).await;
    assert!(matches!(written, Ok(Written::Done(version)) if version != note.version), "{written:?}");
}

pub(super) async fn history_and_audit_keep_their_order(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    for n in 0..3 {
        from.shop.write(sample::number_changes(sample::record(sample::number(n)))).await;
    }
    for n in 0..10 {
        // The numbers take turns, and the times tell nothing.
        let history = vec![sample::line(100 - n, sample::number(n % 3)), sample::line(5, sample::number(0))];
        from.shop.write(Changes { history, audit: vec![sample::audit(n)], ..sample::changes() }).await;
    }
    to.copy_from(&from).await;
    let copy = to.shop.another().await;
    for n in 0..3 {
        let lines =
            async |h: &Harness| all(async |page| h.store.history(sample::number(n), &page).await).await;
        assert_eq!(lines(&copy).await, lines(&from.shop).await);
    }
    let audit = to.section(Section::Audit).await;
    assert_eq!(audit, (0..10).map(|n| Record::Audit(sample::audit(n))).collect::<Vec<_>>());
    assert_eq!(copy.snapshot().await.audit, from.shop.snapshot().await.audit);
}

pub(super) async fn odd_texts_are_copied_exactly(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    for (n, text) in (0..).zip(TEXTS) {
        let once = Once { value: text.to_owned(), ..sample::once(sample::request(text)) };
        let payment = crate::Payment {
            comment: crate::Comment::Text(text.to_owned()),
            sender: text.to_owned(),
            ..sample::payment(n, None)
        };
        from.shop
            .write(Changes {
                once: vec![once],
                payment: Some(payment),
                events: vec![sample::event(n, None)],
                ..sample::changes()
            })
            .await;
        let claimed = from.shop.store.claim(text, text, 1, Seconds(60)).await.expect("the store answers");
        let dead = Disposition::Dead(text.to_owned());
        let disposed = from.shop.store.dispose(text, text, claimed[0].entry.seq, &dead).await;
        assert_eq!(disposed, Ok(true), "{text:?}");
    }
    to.copy_from(&from).await;
    let copy = to.shop.another().await;
    assert_eq!(copy.snapshot().await, from.shop.snapshot().await);
    for text in TEXTS {
        let load = Load { once: Some(sample::request(text)), ..sample::nothing() };
        assert_eq!(copy.load(load).await.once.as_deref(), Some(text));
        let dead = all(async |page| copy.store.dead_letters(text, &page).await).await;
        assert_eq!(dead[0].1, text);
        assert_eq!(claim(&copy, text).await.len(), TEXTS.len() - 1, "{text:?}");
    }
}

pub(super) async fn sections_are_read_in_pages_of_any_length(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    sample_shop::open(&from.shop).await;
    let many = PageRequest::MOST as u64 + 200;
    let history = (0..many).map(|n| sample::line(n, sample::number(n % 2))).collect();
    let events = (0..many).map(|n| sample::event(n, None)).collect();
    from.shop.write(Changes { history, events, ..sample::changes() }).await;
    assert_eq!(claim(&from.shop, "bot").await.len(), 100);
    for section in Section::ALL.into_iter().filter(|section| *section != Section::Once) {
        let whole = from.section(section).await;
        assert!(whole.iter().all(|record| record.section() == section));
        for limit in [1, 3, PageRequest::MOST] {
            // A page for every record takes its time where there are many.
            let limit = if whole.len() > 200 { limit.max(100) } else { limit };
            let read = pages(limit, async |page| from.archive.read_out(section, &page).await).await;
            let (last, full) = read.split_last().expect("there is always a page");
            assert!(full.iter().all(|page| page.len() == limit), "{section}");
            assert!((1..=limit).contains(&last.len()), "{section}: {}", last.len());
            assert_eq!(read.concat(), whole, "{section}");
        }
    }
    let once = from.section(Section::Once).await;
    for limit in [1, 3, PageRequest::MOST] {
        let read =
            pages(limit, async |page| from.archive.read_out(Section::Once, &page).await).await.concat();
        assert!(read.iter().all(|key| once.contains(key)) && once.iter().all(|key| read.contains(key)));
    }
    let longest = from.archive.read_out(Section::Events, &PageRequest::first(usize::MAX)).await;
    assert_eq!(longest.map(|page| page.items.len()), Ok(PageRequest::MOST));
    let shortest = from.archive.read_out(Section::Events, &PageRequest::first(0)).await;
    assert_eq!(shortest.map(|page| page.items.len()), Ok(1));

    to.copy_from(&from).await;
    let copy = to.shop.another().await;
    assert_eq!(copy.snapshot().await, from.shop.snapshot().await);
}

pub(super) async fn a_cursor_that_no_page_gave_out_leads_to_the_end_of_its_section(new: NewStore<'_>) {
    let from = new().await;
    sample_shop::open(&from.shop).await;
    for section in Section::ALL {
        for nonsense in ["", "nonsense", "-1", "{}", "\0", "99999999999999999999999999"] {
            // Where any text could be a cursor, it leads somewhere in the section.
            let page = PageRequest { after: Some(nonsense.to_owned()), limit: 10 };
            let read = from.archive.read_out(section, &page).await.expect("the store answers");
            let whole = from.section(section).await;
            assert!(read.items.iter().all(|record| whole.contains(record)), "{section} {nonsense:?}");
            let free = matches!(section, Section::Once | Section::Groups | Section::Notes);
            assert!(free || read.items.is_empty(), "{section} {nonsense:?}: {read:?}");
        }
    }
}

pub(super) async fn every_record_is_read_back_from_its_json(new: NewStore<'_>) {
    let from = new().await;
    sample_shop::open(&from.shop).await;
    for record in from.records().await.into_iter().chain(sample_shop::one_of_each()) {
        let json = serde_json::to_string(&record).expect("a record can be written");
        assert_eq!(serde_json::from_str::<Record>(&json).ok(), Some(record), "{json}");
    }
    let number = Record::Number(NumberRecord { version: 9, ..sample::record(sample::number(1)) });
    let json = serde_json::to_value(&number).expect("a record can be written");
    assert_eq!(json["number"]["version"], 9);
}
