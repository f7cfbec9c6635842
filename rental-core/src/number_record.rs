//! The number as an aggregate: what the operator offers, and who has it.
//!
//! Three things are independent and kept apart: the [`Listing`] (does the operator offer the number?), the
//! [`Holding`] (who has it now?) and the [`Proof`] (is it the operator's at all?). A price change or a restart cannot
//! bring a withdrawn number back, withdrawing a rented number takes nothing from its holder, and a number whose NFT has
//! left the operator's wallets is offered again by itself when it comes back, unless the operator withdrew it meanwhile.

use serde::{Deserialize, Serialize};

use crate::{CustomerId, InvoiceId, PhoneNumber, Plan, Policy, Proof, Rental, Seconds, Term, Timestamp};

/// A number of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRecord {
    /// The number.
    pub number: PhoneNumber,
    /// What it is offered for, sorted by term. Empty: not offered.
    pub plans: Vec<Plan>,
    /// Whether the operator offers it.
    pub listing: Listing,
    /// Who has it.
    pub holding: Holding,
    /// What the chain last said of its NFT; `None` for a number that was never looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// When something happens to it by the passing of time; stores keep an index of this.
    pub deadline: Option<Timestamp>,
    /// When it joined the pool.
    pub added_at: Timestamp,
    /// Grows by one with every change; 1 when added.
    pub version: u64,
}

/// Whether the operator offers a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "listing", rename_all = "snake_case")]
pub enum Listing {
    /// It is offered when nobody has it.
    Listed,
    /// The operator took it out.
    Withdrawn,
    /// Telegram restricts the number: it can be owned but not used.
    Restricted,
    /// A deletion of the number's Telegram account is under way; renting it out before it is through would cost
    /// the next holder the account.
    PendingDeletion {
        /// When the deletion is through and the number is offered again.
        until: Timestamp,
    },
}

/// Who has a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "holding", rename_all = "snake_case")]
pub enum Holding {
    /// Nobody.
    Free,
    /// Somebody is about to pay.
    Reserved {
        /// The invoice.
        invoice: InvoiceId,
        /// Who.
        customer: CustomerId,
        /// The invoice's deadline.
        until: Timestamp,
    },
    /// A customer.
    Rented(Rental),
    /// A customer whose term is over, who may still renew.
    Grace {
        /// The rental that is over.
        #[serde(flatten)]
        rental: Rental,
        /// When the number is taken back.
        until: Timestamp,
    },
    /// Nobody any more: the operator ends sessions and checks the number.
    Turnover {
        /// When it is done by itself; without it the operator confirms.
        until: Option<Timestamp>,
    },
}

/// Where a number stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberState {
    /// Can be rented now.
    Available,
    /// Somebody is about to pay for it.
    Reserved,
    /// Held by a customer.
    Rented,
    /// The term is over; the holder may still renew.
    Grace,
    /// Between two rentals.
    Turnover,
    /// Taken out by the operator.
    Withdrawn,
    /// Restricted by Telegram.
    Restricted,
    /// Its Telegram account is being deleted.
    PendingDeletion,
    /// Its NFT is not in the operator's wallets.
    Lost,
}

impl NumberState {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Available,
        Self::Reserved,
        Self::Rented,
        Self::Grace,
        Self::Turnover,
        Self::Withdrawn,
        Self::Restricted,
        Self::PendingDeletion,
        Self::Lost,
    ];

    /// The stable name, such as `available`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::Rented => "rented",
            Self::Grace => "grace",
            Self::Turnover => "turnover",
            Self::Withdrawn => "withdrawn",
            Self::Restricted => "restricted",
            Self::PendingDeletion => "pending_deletion",
            Self::Lost => "lost",
        }
    }

    /// The state with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How long before the end of a rental its holder is reminded, longest first.
pub const REMINDERS: [Seconds; 4] =
    [Seconds::from_hours(72), Seconds::from_hours(24), Seconds::from_hours(6), Seconds::from_hours(1)];

impl NumberRecord {
    /// A number that just joined the pool.
    pub fn new(number: PhoneNumber, plans: Vec<Plan>, now: Timestamp) -> Self {
        Self {
            number,
            plans,
            listing: Listing::Listed,
            holding: Holding::Free,
            proof: None,
            deadline: None,
            added_at: now,
            version: 0,
        }
    }

    /// Whether the chain says that the number is not the operator's.
    pub fn is_lost(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| !proof.ownership.is_ours())
    }

    /// When the chain last said that the number is the operator's; `None` when its last word was another one.
    pub fn verified_at(&self) -> Option<Timestamp> {
        self.proof.as_ref().filter(|proof| proof.ownership.is_ours()).map(|proof| proof.checked_at)
    }

    /// Where it stands. Who has it comes first, then what the operator wants, then what the chain says.
    pub fn state(&self) -> NumberState {
        match (&self.holding, self.listing) {
            (Holding::Reserved { .. }, _) => NumberState::Reserved,
            (Holding::Rented(_), _) => NumberState::Rented,
            (Holding::Grace { .. }, _) => NumberState::Grace,
            (Holding::Turnover { .. }, _) => NumberState::Turnover,
            (Holding::Free, Listing::Listed) if self.is_lost() => NumberState::Lost,
            (Holding::Free, Listing::Listed) => NumberState::Available,
            (Holding::Free, Listing::Withdrawn) => NumberState::Withdrawn,
            (Holding::Free, Listing::Restricted) => NumberState::Restricted,
            (Holding::Free, Listing::PendingDeletion { .. }) => NumberState::PendingDeletion,
        }
    }

    /// The plan for `term`, when the number is offered for it.
    pub fn plan(&self, term: Term) -> Option<Plan> {
        self.plans.iter().copied().find(|plan| plan.term() == term)
    }

    /// The rental, in term or in grace.
    pub fn rental(&self) -> Option<&Rental> {
        match &self.holding {
            Holding::Rented(rental) | Holding::Grace { rental, .. } => Some(rental),
            _ => None,
        }
    }

    /// Who has the number or is about to pay for it.
    pub fn customer(&self) -> Option<&CustomerId> {
        match &self.holding {
            Holding::Reserved { customer, .. } => Some(customer),
            _ => self.rental().map(|rental| &rental.holder),
        }
    }

    /// The open invoice that hangs on this number: the reservation's or the rental's renewal.
    pub fn open_invoice(&self) -> Option<InvoiceId> {
        match &self.holding {
            Holding::Reserved { invoice, .. } => Some(*invoice),
            _ => self.rental().and_then(|rental| rental.renewal).map(|renewal| renewal.invoice),
        }
    }

    /// This record as it stands at `now`, whether or not the sweeper has been here: passed deadlines count as
    /// passed. Whether an invoice has lapsed is not a matter of time alone; see [`State::number_now`](crate::State::number_now).
    #[must_use]
    pub fn at(self, now: Timestamp, policy: &Policy) -> Self {
        Self { holding: self.holding.pass(now, policy), listing: self.listing.pass(now), ..self }
    }

    /// This record with a closed invoice taken off it.
    #[must_use]
    pub(crate) fn released_from(self, invoice: InvoiceId) -> Self {
        if self.open_invoice() != Some(invoice) {
            return self;
        }
        let holding = match self.holding {
            Holding::Reserved { .. } => Holding::Free,
            other => other.map_rental(|rental| Rental { renewal: None, ..rental }),
        };
        Self { holding, ..self }
    }

    /// When time will next change something here, given that everything due by now has been done.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let holding = match &self.holding {
            Holding::Free => None,
            Holding::Reserved { until, .. } => Some(*until),
            Holding::Rented(rental) => Some(rental.next_deadline()),
            Holding::Grace { rental, until } => Some(rental.renewal.map_or(*until, |renewal| renewal.until)),
            Holding::Turnover { until } => *until,
        };
        let listing = match self.listing {
            Listing::PendingDeletion { until } => Some(until),
            _ => None,
        };
        holding.into_iter().chain(listing).min()
    }
}

impl Listing {
    /// The listing at `now`.
    #[must_use]
    pub(crate) fn pass(self, now: Timestamp) -> Self {
        match self {
            Self::PendingDeletion { until } if until <= now => Self::Listed,
            other => other,
        }
    }
}

impl Holding {
    /// The holding at `now`, whatever has passed since it was stored.
    #[must_use]
    pub(crate) fn pass(mut self, now: Timestamp, policy: &Policy) -> Self {
        loop {
            let after = self.clone().pass_once(now, policy);
            if after == self {
                return self;
            }
            self = after;
        }
    }

    /// One step: a rental whose end has passed is in grace, a grace that has passed is turnover, a turnover that has
    /// passed is over. A grace does not end while its renewal invoice is open.
    #[must_use]
    pub(crate) fn pass_once(self, now: Timestamp, policy: &Policy) -> Self {
        match self {
            Self::Rented(rental) if rental.expires_at <= now => {
                let until = rental.expires_at + policy.grace;
                Self::Grace { rental, until }
            }
            Self::Grace { rental, until } if until <= now && rental.renewal.is_none() => {
                Self::Turnover { until: policy.turnover.map(|length| until + length) }
            }
            Self::Turnover { until: Some(until) } if until <= now => Self::Free,
            other => other,
        }
    }

    /// The same holding with its rental changed.
    #[must_use]
    pub(crate) fn map_rental(self, change: impl FnOnce(Rental) -> Rental) -> Self {
        match self {
            Self::Rented(rental) => Self::Rented(change(rental)),
            Self::Grace { rental, until } => Self::Grace { rental: change(rental), until },
            other => other,
        }
    }
}
