//! A rental: one customer holds one number until a moment that has been paid for.

use serde::{Deserialize, Serialize};

use crate::{CustomerId, InvoiceId, REMINDERS, Seconds, Timestamp, TransferOffer};

/// A running rental.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rental {
    /// Who holds the number.
    pub holder: CustomerId,
    /// When the first holder's term began; a transfer does not change it.
    pub started_at: Timestamp,
    /// The end of what has been paid for.
    pub expires_at: Timestamp,
    /// The open renewal invoice; one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
    /// The open offer to hand the number on; one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferOffer>,
    /// The shortest notice already given for the present end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Seconds>,
}

/// An open renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// Its invoice.
    pub invoice: InvoiceId,
    /// The invoice's deadline.
    pub until: Timestamp,
}

impl Rental {
    /// A rental that starts at `now`.
    pub fn start(holder: CustomerId, now: Timestamp, term: Seconds) -> Self {
        let expires_at = now + term;
        Self { holder, started_at: now, expires_at, renewal: None, transfer: None, reminded: None }
            .with_past_notices_skipped(now)
    }

    /// The same rental with its end moved to `expires_at`; notices start afresh.
    #[must_use]
    pub fn extended_to(self, expires_at: Timestamp, now: Timestamp) -> Self {
        Self { expires_at, reminded: None, ..self }.with_past_notices_skipped(now)
    }

    /// The same rental in other hands: term and price stay.
    #[must_use]
    pub fn handed_to(self, holder: CustomerId) -> Self {
        Self { holder, transfer: None, ..self }
    }

    /// Notices whose time is over before the rental (or its new end) began are not given: somebody who just paid
    /// for one day needs no "three days left".
    fn with_past_notices_skipped(self, now: Timestamp) -> Self {
        Self { reminded: self.notice_due(now).or(self.reminded), ..self }
    }

    /// The notice to give now: the shortest one whose time has come, unless it was given. Longer ones that were
    /// missed meanwhile are dropped.
    pub fn notice_due(&self, now: Timestamp) -> Option<Seconds> {
        REMINDERS
            .into_iter()
            .filter(|notice| self.expires_at.minus(*notice) <= now && now < self.expires_at)
            .filter(|notice| self.reminded.is_none_or(|given| *notice < given))
            .min()
    }

    /// When time will next change something here.
    pub(crate) fn next_deadline(&self) -> Timestamp {
        let notice = REMINDERS
            .into_iter()
            .filter(|notice| self.reminded.is_none_or(|given| *notice < given))
            .map(|notice| self.expires_at.minus(notice))
            .min();
        let offer = self.transfer.as_ref().map(|offer| offer.expires_at);
        let renewal = self.renewal.map(|renewal| renewal.until);
        [notice, offer, renewal].into_iter().flatten().fold(self.expires_at, Ord::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rental(days: u64) -> Rental {
        Rental::start(CustomerId::Telegram(1), Timestamp::from_unix(1_000_000), Seconds::from_days(days))
    }

    #[test]
    fn a_short_rental_skips_the_notices_that_lie_before_it() {
        let rental = rental(1);
        assert_eq!(rental.reminded, Some(Seconds::from_hours(24)));
        assert_eq!(rental.notice_due(rental.started_at), None);
        assert_eq!(rental.next_deadline(), rental.expires_at.minus(Seconds::from_hours(6)));
    }

    #[test]
    fn after_downtime_only_the_latest_notice_is_given() {
        let rental = rental(30);
        let late = rental.expires_at.minus(Seconds::from_hours(5));
        assert_eq!(rental.notice_due(late), Some(Seconds::from_hours(6)));
        let told = Rental { reminded: Some(Seconds::from_hours(6)), ..rental };
        assert_eq!(told.notice_due(late), None);
        assert_eq!(told.next_deadline(), told.expires_at.minus(Seconds::from_hours(1)));
    }

    #[test]
    fn an_extension_starts_the_notices_afresh() {
        let told = Rental { reminded: Some(Seconds::from_hours(1)), ..rental(30) };
        let now = told.expires_at.minus(Seconds(60));
        let extended = told.clone().extended_to(told.expires_at + Seconds::from_days(30), now);
        assert_eq!(extended.reminded, None);
        assert_eq!(extended.next_deadline(), extended.expires_at.minus(Seconds::from_hours(72)));
    }
}
