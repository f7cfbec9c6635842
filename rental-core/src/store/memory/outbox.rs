//! The events, and how far each consumer group has come with them.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use super::books::numbered;
use super::{Disposition, FeedEntry, OutboxItem, Owner, Page, PageRequest, nothing, page};
use crate::store::{DeliveryRecord, DeliveryStage, Record, Section};
use crate::{Event, Seconds, Timestamp};

/// All events and groups.
#[derive(Default)]
pub(super) struct Outbox {
    events: BTreeMap<u64, Event>,
    last: u64,
    groups: BTreeMap<String, Group>,
}

/// A consumer group. An event up to `given` without a delivery is done.
#[derive(Default)]
struct Group {
    given: u64,
    deliveries: BTreeMap<u64, Delivery>,
}

/// An event that was given to a group and is not done.
struct Delivery {
    attempt: u32,
    stage: Stage,
}

enum Stage {
    Held { consumer: String, until: Timestamp },
    Resting { until: Timestamp },
    Dead { reason: String },
}

impl Delivery {
    fn is_claimable(&self, now: Timestamp) -> bool {
        match &self.stage {
            Stage::Held { until, .. } | Stage::Resting { until } => *until <= now,
            Stage::Dead { .. } => false,
        }
    }

    fn record(&self, group: &str, seq: u64) -> DeliveryRecord {
        let stage = match &self.stage {
            Stage::Held { until, .. } | Stage::Resting { until } => DeliveryStage::Resting { until: *until },
            Stage::Dead { reason } => DeliveryStage::Dead { reason: reason.clone() },
        };
        DeliveryRecord { group: group.to_owned(), seq, attempt: self.attempt, stage }
    }

    fn is_held_by(&self, name: &str, now: Timestamp) -> bool {
        matches!(&self.stage, Stage::Held { consumer, until } if consumer == name && now < *until)
    }
}

impl Group {
    fn is_done_with(&self, seq: u64) -> bool {
        seq <= self.given && !self.deliveries.contains_key(&seq)
    }
}

impl Outbox {
    pub(super) fn append(&mut self, events: &[Event]) {
        for event in events {
            self.last += 1;
            self.events.insert(self.last, event.clone());
        }
    }

    fn after(&self, seq: u64) -> impl Iterator<Item = (u64, &Event)> {
        let events = self.events.range((Excluded(seq), Unbounded));
        events.map(|(seq, event)| (*seq, event))
    }

    fn entry(&self, seq: u64) -> FeedEntry {
        let event = self.events.get(&seq).cloned();
        FeedEntry { seq, event: event.expect("an event is kept while a group is not done with it") }
    }

    pub(super) fn feed(&self, owner: &Owner, after: u64, limit: usize) -> Vec<FeedEntry> {
        self.after(after)
            .filter(|(_, event)| match &event.customer {
                Some(customer) => owner.includes(customer),
                None => *owner == Owner::Anybody,
            })
            .take(limit)
            .map(|(seq, event)| FeedEntry { seq, event: event.clone() })
            .collect()
    }

    pub(super) fn claim(
        &mut self,
        group: &str,
        consumer: &str,
        limit: usize,
        hold: Seconds,
        now: Timestamp,
    ) -> Vec<OutboxItem> {
        let mut claiming = self.groups.remove(group).unwrap_or_default();
        let again = claiming.deliveries.iter();
        let again = again.filter(|(_, delivery)| delivery.is_claimable(now));
        let fresh = self.after(claiming.given).map(|(seq, _)| seq);
        let seqs: Vec<u64> = again.map(|(seq, _)| *seq).chain(fresh).take(limit).collect();

        let items = seqs.into_iter().map(|seq| {
            let former = claiming.deliveries.get(&seq);
            let attempt = former.map_or(1, |delivery| delivery.attempt.saturating_add(1));
            let stage = Stage::Held { consumer: consumer.to_owned(), until: now + hold };
            claiming.deliveries.insert(seq, Delivery { attempt, stage });
            claiming.given = claiming.given.max(seq);
            OutboxItem { entry: self.entry(seq), attempt }
        });
        let items = items.collect();
        self.groups.insert(group.to_owned(), claiming);
        items
    }

    pub(super) fn dispose(
        &mut self,
        group: &str,
        consumer: &str,
        seq: u64,
        disposition: &Disposition,
        now: Timestamp,
    ) -> bool {
        let Some(group) = self.groups.get_mut(group) else {
            return false;
        };
        let delivery = group.deliveries.get_mut(&seq);
        let Some(delivery) = delivery.filter(|delivery| delivery.is_held_by(consumer, now)) else {
            return false;
        };
        match disposition {
            Disposition::Done => {
                group.deliveries.remove(&seq);
            }
            Disposition::Retry(until) => delivery.stage = Stage::Resting { until: *until },
            Disposition::Dead(reason) => {
                delivery.stage = Stage::Dead { reason: reason.clone() };
            }
        }
        true
    }

    pub(super) fn dead_letters(&self, group: &str, request: &PageRequest) -> Page<(FeedEntry, String)> {
        let after = match &request.after {
            None => 0,
            Some(text) => match text.parse() {
                Ok(seq) => seq,
                Err(_) => return nothing(),
            },
        };
        let deliveries = self.groups.get(group).map(|group| &group.deliveries);
        let dead = deliveries
            .into_iter()
            .flat_map(|deliveries| deliveries.range((Excluded(after), Unbounded)))
            .filter_map(|(seq, delivery)| match &delivery.stage {
                Stage::Dead { reason } => Some((*seq, (self.entry(*seq), reason.clone()))),
                _ => None,
            });
        page(request, dead)
    }

    /// A page of one of the sections that are kept here.
    pub(super) fn read_out(&self, section: Section, request: &PageRequest) -> Page<Record> {
        match section {
            Section::Events => {
                let events = self.after(0);
                let events = events.map(|(seq, event)| FeedEntry { seq, event: event.clone() });
                numbered(request, events.map(Record::Event))
            }
            Section::LastEvent => {
                let last = Some(self.last).filter(|seq| *seq > 0);
                numbered(request, last.into_iter().map(|seq| Record::LastEvent { seq }))
            }
            Section::Groups => {
                let groups = self.groups.iter();
                numbered(
                    request,
                    groups.map(|(name, group)| Record::Group { name: name.clone(), given: group.given }),
                )
            }
            Section::Deliveries => {
                let records = self.groups.iter().flat_map(|(name, group)| {
                    group.deliveries.iter().map(|(seq, delivery)| delivery.record(name, *seq))
                });
                numbered(request, records.map(Record::Delivery))
            }
            _ => nothing(),
        }
    }

    /// Writes a record as it is, when it is kept here.
    pub(super) fn fill(&mut self, record: Record) {
        match record {
            Record::Event(FeedEntry { seq, event }) => {
                self.events.insert(seq, event);
                self.last = self.last.max(seq);
            }
            Record::LastEvent { seq } => self.last = self.last.max(seq),
            Record::Group { name, given } => self.groups.entry(name).or_default().given = given,
            Record::Delivery(DeliveryRecord { group, seq, attempt, stage }) => {
                let stage = match stage {
                    DeliveryStage::Resting { until } => Stage::Resting { until },
                    DeliveryStage::Dead { reason } => Stage::Dead { reason },
                };
                let group = self.groups.entry(group).or_default();
                group.deliveries.insert(seq, Delivery { attempt, stage });
            }
            _ => {}
        }
    }

    /// Drops events older than `before` that every group is done with; a dead letter keeps its event. Answers how
    /// many.
    pub(super) fn forget(&mut self, before: Timestamp) -> usize {
        let groups = &self.groups;
        self.events
            .extract_if(.., |seq, event| {
                event.at < before && groups.values().all(|group| group.is_done_with(*seq))
            })
            .take(PageRequest::MOST)
            .count()
    }
}
