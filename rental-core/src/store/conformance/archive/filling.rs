//! Which stores are filled, by whom, and what they are meanwhile.

use super::super::super::{ArchiveError, Changes, Once, Record, Section, Tally};
use super::super::{Harness, sample};
use super::{ArchiveHarness, NewStore, filling, refused, sample_shop};
use crate::{LeaseName, Owner, Quota, Seconds, Timestamp, Writing, Written};

pub(super) async fn a_store_that_holds_anything_is_not_filled(new: NewStore<'_>) {
    let full = new().await;
    sample_shop::open(&full.shop).await;
    let before = full.shop.snapshot().await;
    refused(&full.archive.begin_filling(filling(1)).await, &ArchiveError::NotEmpty);
    assert_eq!(full.shop.snapshot().await, before);

    for section in Section::ALL {
        let to = new().await;
        let id = to.begin(1).await;
        if section == Section::Deliveries {
            to.fill(id, &[Section::Events, Section::Groups].map(sample_shop::one_of)).await;
        }
        to.fill(id, &[sample_shop::one_of(section)]).await;
        to.finish(id).await;
        let records = to.records().await;
        refused(&to.archive.begin_filling(filling(2)).await, &ArchiveError::NotEmpty);
        assert_eq!(to.records().await, records, "{section}");
        assert!(to.shop.store.load(&sample::nothing()).await.is_ok(), "{section}: it is still a shop");
    }
}

pub(super) async fn what_is_no_part_of_a_shop_does_not_stand_in_the_way(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    sample_shop::open(&from.shop).await;
    let (name, quota) = (LeaseName::Worker("sweeper"), Quota { limit: 1, window: Seconds(1_000) });
    let taken = to.shop.leases.acquire(&name, &sample::token(1), Seconds(1_000)).await;
    assert!(taken.expect("the store answers").is_some());
    assert!(to.shop.limiter.hit("tg:1", quota).await.expect("the store answers").allowed);
    let key = "update:1".parse().expect("a name of a note");
    let noted = to.shop.notes.put_note(&key, "", Writing::passing(Seconds(1_000))).await;
    assert!(matches!(noted, Ok(Written::Done(_))));
    let end = Some(to.shop.now() + Seconds(10));
    let once = vec![Once { keep_until: end, ..sample::once(sample::request("soon")) }];
    to.shop.write(Changes { once, ..sample::changes() }).await;
    from.shop.pass(10);
    to.copy_from(&from).await;

    let copy = to.shop.another().await;
    assert_eq!(copy.snapshot().await, from.shop.snapshot().await);
    assert_eq!(copy.notes.note(&key).await, Ok(None));
    assert_eq!(copy.leases.held_until(&name).await, Ok(None));
    assert!(copy.limiter.hit("tg:1", quota).await.expect("the store answers").allowed);
}

pub(super) async fn a_store_that_is_being_filled_is_no_shop(new: NewStore<'_>) {
    let to = new().await;
    let id = to.begin(1).await;
    to.is_no_shop().await;
    to.fill(id, &sample_shop::one_of_each()).await;
    to.is_no_shop().await;
    to.finish(id).await;
    to.shop.write(sample::changes()).await;
}

pub(super) async fn what_was_filled_in_can_be_read_and_counted_before_the_end(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    sample_shop::open(&from.shop).await;
    let records = from.records().await;
    let id = to.begin(1).await;
    to.fill(id, &records).await;
    let (mut wanted, mut found) = (Tally::default(), Tally::default());
    wanted.extend(&records);
    found.extend(&to.records().await);
    assert_eq!(wanted.differences(&found, Timestamp::EPOCH), []);
    assert_eq!(to.shop.totals().await, from.shop.totals().await);
    to.is_no_shop().await;
}

pub(super) async fn a_filling_that_is_begun_again_begins_with_nothing(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    sample_shop::open(&from.shop).await;
    let records = from.records().await;
    // Interrupted early, late, and at the very end.
    for (n, length) in [(1, 5), (2, records.len() - 1), (3, records.len())] {
        let id = to.begin(n).await;
        assert_eq!(to.records().await, []);
        to.fill(id, &records[..length]).await;
    }
    // The same filling, begun again.
    to.begin(3).await;
    assert_eq!(to.records().await, []);
    to.is_no_shop().await;
    to.copy_from(&from).await;
    let copy = to.shop.another().await;
    assert_eq!(copy.snapshot().await, from.shop.snapshot().await);
    let event = sample::event(1, None);
    for h in [&from.shop, &copy] {
        h.write(Changes { events: vec![event.clone()], ..sample::changes() }).await;
    }
    let seqs = async |h: &Harness| {
        let feed = h.feed(&Owner::Anybody).await;
        feed.into_iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert!(seqs(&copy).await.is_sorted());
    assert_eq!(seqs(&copy).await.len(), seqs(&from.shop).await.len());
}

pub(super) async fn a_once_key_may_be_filled_in_again(new: NewStore<'_>) {
    let to = new().await;
    let id = to.begin(1).await;
    let keys = [None, Some(to.shop.now() + Seconds(100))].map(|keep_until| {
        let key = sample::request(if keep_until.is_some() { "for a while" } else { "for ever" });
        Record::Once(Once { keep_until, ..sample::once(key) })
    });
    to.fill(id, &keys).await;
    to.fill(id, &keys).await;
    to.finish(id).await;
    let read = to.section(Section::Once).await;
    assert!(keys.iter().all(|key| read.contains(key)), "{read:?}");
    assert!(read.iter().all(|key| keys.contains(key)), "{read:?}");
}

pub(super) async fn an_earlier_filling_writes_nothing_more(new: NewStore<'_>) {
    let to = new().await;
    let records = sample_shop::one_of_each();
    let early = to.begin(1).await;
    to.fill(early, &records[..3]).await;
    let late = to.begin(2).await;
    to.fill(late, &records[..1]).await;
    for _ in 0..2 {
        refused(&to.archive.fill(early, &records[3..]).await, &ArchiveError::Superseded);
        refused(&to.archive.finish_filling(early).await, &ArchiveError::Superseded);
    }
    assert_eq!(to.records().await, records[..1]);
    to.is_no_shop().await;
    to.fill(late, &records[1..]).await;
    to.finish(late).await;
    assert_eq!(to.records().await, records);
}

pub(super) async fn only_a_store_that_is_being_filled_takes_records(new: NewStore<'_>) {
    let to = new().await;
    let record = Record::Shop(sample::shop());
    refused(&to.archive.fill(filling(1), std::slice::from_ref(&record)).await, &ArchiveError::Superseded);
    refused(&to.archive.fill(filling(1), &[]).await, &ArchiveError::Superseded);
    refused(&to.archive.finish_filling(filling(1)).await, &ArchiveError::Superseded);
    assert_eq!(to.records().await, []);
    assert_eq!(to.shop.load(sample::nothing()).await.shop, None);
}

pub(super) async fn a_filled_store_is_not_filled_again(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    sample_shop::open(&from.shop).await;
    to.copy_from(&from).await;
    let before = to.shop.snapshot().await;
    refused(&to.archive.begin_filling(filling(2)).await, &ArchiveError::NotEmpty);
    for id in [filling(1), filling(2)] {
        refused(&to.archive.fill(id, &sample_shop::one_of_each()).await, &ArchiveError::Superseded);
        refused(&to.archive.finish_filling(id).await, &ArchiveError::Superseded);
    }
    assert_eq!(to.shop.snapshot().await, before);
}

pub(super) async fn what_is_filled_in_is_there_after_a_restart(new: NewStore<'_>) {
    let (from, to) = (new().await, new().await);
    sample_shop::open(&from.shop).await;
    to.copy_from(&from).await;
    let ArchiveHarness { shop, archive } = to;
    drop(archive);
    let shop = shop.restarted().await;
    assert_eq!(shop.snapshot().await, from.shop.snapshot().await);
}
