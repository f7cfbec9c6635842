//! The index of deadlines.

use super::super::Due;
use super::{Harness, sample};
use crate::{NumberRecord, PhoneNumber, Seconds, Timestamp};

impl Harness {
    async fn due(&self, after: Option<Due>, limit: usize) -> Vec<Due> {
        let due = self.store.due(after, limit).await;
        due.expect("the store answers")
    }

    async fn add(&self, number: PhoneNumber, deadline: Option<Timestamp>) -> NumberRecord {
        let record = NumberRecord { deadline, ..sample::record(number) };
        self.write(sample::number_changes(record.clone())).await;
        record
    }
}

fn at(seconds: u64) -> Timestamp {
    sample::START + Seconds(seconds)
}

fn due(seconds: u64, number: PhoneNumber) -> Due {
    Due { deadline: at(seconds), number }
}

pub(super) async fn a_number_is_due_when_its_deadline_has_come(h: Harness) {
    h.set_clock(at(0));
    h.add(sample::number(1), Some(at(10))).await;
    h.add(sample::number(2), None).await;
    h.set_clock(at(9));
    assert_eq!(h.due(None, 10).await, []);
    h.set_clock(at(10));
    assert_eq!(h.due(None, 10).await, [due(10, sample::number(1))]);
    h.set_clock(at(10_000));
    assert_eq!(h.due(None, 10).await, [due(10, sample::number(1))]);
}

pub(super) async fn due_numbers_come_by_deadline_and_number_in_pages(h: Harness) {
    let short = "+888 8 123".parse().expect("a short number");
    let wanted = [
        due(1, sample::number(5)),
        due(2, short),
        due(2, sample::number(1)),
        due(2, sample::number(3)),
        due(3, sample::number(2)),
        due(11, sample::number(4)),
    ];
    for n in [3, 0, 5, 2, 4, 1] {
        h.add(wanted[n].number, Some(wanted[n].deadline)).await;
    }
    h.set_clock(at(20));
    assert_eq!(h.due(None, usize::MAX).await, wanted);
    assert_eq!(h.due(None, 0).await, []);
    for limit in 1..=wanted.len() {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = h.due(after, limit).await;
            assert!(page.len() <= limit);
            after = page.last().copied();
            seen.extend(page);
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, wanted, "in pages of {limit}");
    }
    // A place between entries is as good as an entry.
    assert_eq!(h.due(Some(due(2, sample::number(2))), 10).await, wanted[3..]);
}

pub(super) async fn a_changed_deadline_moves_and_a_removed_one_goes(h: Harness) {
    let record = h.add(sample::number(1), Some(at(10))).await;
    h.set_clock(at(1_000));
    let later = sample::changed(NumberRecord { deadline: Some(at(20)), ..record });
    h.write(sample::number_changes(later.clone())).await;
    assert_eq!(h.due(None, 10).await, [due(20, sample::number(1))]);
    let gone = sample::changed(NumberRecord { deadline: None, ..later });
    h.write(sample::number_changes(gone.clone())).await;
    assert_eq!(h.due(None, 10).await, []);
    let back = sample::changed(NumberRecord { deadline: Some(at(5)), ..gone });
    h.write(sample::number_changes(back)).await;
    assert_eq!(h.due(None, 10).await, [due(5, sample::number(1))]);
}

pub(super) async fn a_refused_commit_moves_no_deadline(h: Harness) {
    let record = h.add(sample::number(1), Some(at(10))).await;
    h.set_clock(at(1_000));
    let stale = NumberRecord { deadline: Some(at(20)), ..record };
    h.commit(&sample::number_changes(stale)).await;
    assert_eq!(h.due(None, 10).await, [due(10, sample::number(1))]);
}
