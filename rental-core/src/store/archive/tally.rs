//! Whether two stores hold the same.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound::{Excluded, Unbounded};

use sha2::{Digest, Sha256};

use super::{Record, Section};
use crate::store::Totals;
use crate::{Invoice, NumberRecord, NumberState, Payment, PhoneNumber, Sums, Timestamp};

/// What a pile of records amounts to: how many there are in each section, the figures of the shop, and a fingerprint
/// of every record.
///
/// Two stores that are read out completely have the same tally when they hold the same, in whatever order they list
/// it. Lines of the audit trail and of a number's history count with their places.
///
/// ```
/// use rental_core::{Record, Section, Tally, Timestamp};
///
/// let group = |given| Record::Group { name: "bot".to_owned(), given };
/// let (mut one, mut other) = (Tally::default(), Tally::default());
/// one.add(&group(7));
/// other.add(&group(8));
/// assert_eq!((one.count(Section::Groups), other.count(Section::Groups)), (1, 1));
/// assert_eq!(one.differences(&other, Timestamp::EPOCH), [Section::Groups]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tally {
    sections: BTreeMap<Section, Sum>,
    /// The fingerprints of permanent once-keys; one that is shown twice counts once.
    once: HashSet<u128>,
    /// Those of the other once-keys, by the end of their keeping.
    passing: BTreeMap<Timestamp, HashSet<u128>>,
    /// How long the lists are so far: the audit trail, and each number's history.
    lists: HashMap<Option<PhoneNumber>, u64>,
    figures: Figures,
}

/// How many records, and the sum of their fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    count: u64,
    fingerprints: u128,
}

impl Tally {
    /// Counts a record.
    ///
    /// # Panics
    /// Never: every record can be written as JSON.
    pub fn add(&mut self, record: &Record) {
        let fingerprint = self.fingerprint(record);
        if let Record::Once(once) = record {
            match once.keep_until {
                Some(end) => self.passing.entry(end).or_default().insert(fingerprint),
                None => self.once.insert(fingerprint),
            };
            return;
        }
        let sum = self.sections.entry(record.section()).or_default();
        sum.count += 1;
        sum.fingerprints = sum.fingerprints.wrapping_add(fingerprint);
        match record {
            Record::Number(number) => self.figures.add_number(number),
            Record::Invoice(invoice) => self.figures.add_invoice(invoice),
            Record::Payment(payment) => self.figures.add_payment(payment),
            Record::Account(_) => self.figures.add_account(),
            _ => {}
        }
    }

    fn fingerprint(&mut self, record: &Record) -> u128 {
        let list = match record {
            Record::History(line) => Some(Some(line.number)),
            Record::Audit(_) => Some(None),
            _ => None,
        };
        let place = list.map_or(0, |list| {
            let length = self.lists.entry(list).or_default();
            *length += 1;
            *length
        });
        let json = serde_json::to_vec(record).expect("a record is plain data");
        let digest = Sha256::new().chain_update(place.to_be_bytes()).chain_update(json).finalize();
        digest.iter().take(16).fold(0, |half, byte| half << 8 | u128::from(*byte))
    }

    /// How many records a section has.
    pub fn count(&self, section: Section) -> u64 {
        if section == Section::Once {
            let passing = self.passing.values().map(HashSet::len);
            return (self.once.len() + passing.sum::<usize>()) as u64;
        }
        self.sections.get(&section).map_or(0, |sum| sum.count)
    }

    /// The figures of the shop, [sorted](Totals::sorted).
    pub fn totals(&self) -> Totals {
        self.figures.totals()
    }

    /// The sections in which the two differ. Once-keys that end by `passed` do not count: either side may have
    /// dropped them already.
    pub fn differences(&self, other: &Self, passed: Timestamp) -> Vec<Section> {
        let left = (Excluded(passed), Unbounded);
        let once_differs = self.once != other.once || !self.passing.range(left).eq(other.passing.range(left));
        let differs = |section: &Section| match section {
            Section::Once => once_differs,
            section => self.sections.get(section) != other.sections.get(section),
        };
        Section::ALL.into_iter().filter(differs).collect()
    }
}

impl<'a> Extend<&'a Record> for Tally {
    fn extend<I: IntoIterator<Item = &'a Record>>(&mut self, records: I) {
        for record in records {
            self.add(record);
        }
    }
}

/// Counts numbers, invoices, payments and accounts into [`Totals`].
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Figures {
    numbers: BTreeMap<NumberState, u64>,
    invoices: BTreeMap<&'static str, u64>,
    payments: BTreeMap<&'static str, (u64, Sums)>,
    accounts: u64,
}

impl Figures {
    pub(in crate::store) fn add_number(&mut self, record: &NumberRecord) {
        *self.numbers.entry(record.state()).or_default() += 1;
    }

    pub(in crate::store) fn add_invoice(&mut self, invoice: &Invoice) {
        *self.invoices.entry(invoice.status.name()).or_default() += 1;
    }

    pub(in crate::store) fn add_payment(&mut self, payment: &Payment) {
        let (count, sums) = self.payments.entry(payment.outcome.name()).or_default();
        *count += 1;
        sums.add(payment.amount);
    }

    pub(in crate::store) fn add_account(&mut self) {
        self.accounts += 1;
    }

    pub(in crate::store) fn totals(&self) -> Totals {
        let Self { numbers, invoices, payments, accounts } = self;
        Totals {
            numbers: numbers.iter().map(|(state, count)| (*state, *count)).collect(),
            invoices: invoices.iter().map(|(status, count)| ((*status).to_owned(), *count)).collect(),
            payments: payments
                .iter()
                .map(|(outcome, (count, sums))| ((*outcome).to_owned(), *count, sums.clone()))
                .collect(),
            accounts: *accounts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Once, OnceKey};
    use crate::{AuditEntry, Seconds, TxHash};

    const NOW: Timestamp = Timestamp::from_unix(1_000);

    fn audit(action: &str) -> Record {
        Record::Audit(AuditEntry {
            at: NOW,
            actor: "console:root".to_owned(),
            action: action.to_owned(),
            object: String::new(),
            detail: None,
            reason: None,
        })
    }

    fn once(n: u8, keep_until: Option<Timestamp>) -> Record {
        Record::Once(Once { key: OnceKey::Tx(TxHash([n; 32])), value: String::new(), keep_until })
    }

    fn tally(records: impl IntoIterator<Item = Record>) -> Tally {
        let mut tally = Tally::default();
        for record in records {
            tally.add(&record);
        }
        tally
    }

    #[test]
    fn the_order_of_documents_does_not_matter_and_that_of_lists_does() {
        let group = |name: &str| Record::Group { name: name.to_owned(), given: 1 };
        let (one, other) = (tally([group("a"), group("b")]), tally([group("b"), group("a")]));
        assert_eq!(one.differences(&other, NOW), []);
        let lines = |first, second| tally([audit(first), audit(second)]);
        assert_eq!(lines("a", "b").differences(&lines("b", "a"), NOW), [Section::Audit]);
    }

    #[test]
    fn a_record_twice_is_not_the_record_once_but_for_once_keys() {
        let group = || Record::Group { name: "bot".to_owned(), given: 1 };
        assert_eq!(tally([group(), group()]).differences(&tally([group()]), NOW), [Section::Groups]);
        for end in [None, Some(NOW + Seconds(10))] {
            let (twice, single) = (tally([once(1, end), once(1, end)]), tally([once(1, end)]));
            assert_eq!(twice.differences(&single, NOW), []);
            assert_eq!((twice.count(Section::Once), single.count(Section::Once)), (1, 1));
        }
    }

    #[test]
    fn once_keys_count_until_they_may_be_gone() {
        let end = NOW + Seconds(10);
        let (with, without) = (tally([once(1, None), once(2, Some(end))]), tally([once(1, None)]));
        assert_eq!(with.differences(&without, NOW), [Section::Once]);
        assert_eq!(with.differences(&without, end), []);
        assert_eq!(with.count(Section::Once), 2);
    }
}
