//! What happened: the number's history, the operators' audit trail, and the events that others act on.
//!
//! All three are written in the commit of their cause, so none can be missing and none can be too much.

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Amount, CustomerId, ExceptionReason, InvoiceId, InvoiceKind, Ownership, PhoneNumber, Seconds,
    Timestamp, TxHash,
};

/// Something that happened. Notifications, webhooks and the event feed are made from these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The number it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// The customer it concerns; only this customer (and its integrator) is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// Whether operators have something to do or to know about it. Whoever tells operators asks here.
    pub fn concerns_operators(&self) -> bool {
        match &self.kind {
            // One for a locked number settles by itself.
            EventKind::PaymentException { reason, .. } => *reason != ExceptionReason::NumberLocked,
            EventKind::NumberTurnover { until } => until.is_none(),
            EventKind::RefundDiffers { .. }
            | EventKind::NumberLost { .. }
            | EventKind::NumberRegained
            | EventKind::ShopAlarm { .. } => true,
            EventKind::InvoiceOpened { .. }
            | EventKind::InvoiceSettled { .. }
            | EventKind::InvoiceExpired { .. }
            | EventKind::InvoiceCancelled { .. }
            | EventKind::PaymentResolved { .. }
            | EventKind::RentalStarted { .. }
            | EventKind::RentalExtended { .. }
            | EventKind::RentalReminder { .. }
            | EventKind::RentalGrace { .. }
            | EventKind::RentalEnded { .. }
            | EventKind::NumberAvailable
            | EventKind::TransferOffered { .. }
            | EventKind::TransferAccepted { .. }
            | EventKind::TransferClosed { .. } => false,
        }
    }

    /// The event as `viewer` may see it: other people's names are left out.
    #[must_use]
    pub fn seen_by(mut self, viewer: &Actor) -> Self {
        hide(viewer, &mut self.customer);
        match &mut self.kind {
            EventKind::TransferOffered { to, .. } => hide(viewer, to),
            EventKind::TransferAccepted { from, to } => {
                hide(viewer, from);
                hide(viewer, to);
            }
            _ => {}
        }
        self
    }
}

impl HistoryEntry {
    /// The line as `viewer` may see it: what happened stays, other people's names and terms are left out.
    #[must_use]
    pub fn seen_by(mut self, viewer: &Actor) -> Self {
        hide(viewer, &mut self.customer);
        hide(viewer, &mut self.to);
        self.invoice = self.invoice.filter(|_| self.customer.is_some());
        self.expires_at = self.expires_at.filter(|_| self.customer.is_some() || self.to.is_some());
        self
    }
}

fn hide(viewer: &Actor, customer: &mut Option<CustomerId>) {
    *customer = customer.take().filter(|customer| viewer.may_see(customer));
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum EventKind {
    /// An invoice was opened.
    #[serde(rename = "invoice.opened")]
    InvoiceOpened {
        /// Which.
        invoice: InvoiceId,
        /// What for.
        kind: InvoiceKind,
        /// Its amount.
        amount: Amount,
    },
    /// An invoice was paid and carried out.
    #[serde(rename = "invoice.settled")]
    InvoiceSettled {
        /// Which.
        invoice: InvoiceId,
        /// By which payment.
        tx: TxHash,
        /// The end of what is paid for.
        expires_at: Timestamp,
    },
    /// An invoice's deadline passed without a payment.
    #[serde(rename = "invoice.expired")]
    InvoiceExpired {
        /// Which.
        invoice: InvoiceId,
    },
    /// An invoice was withdrawn.
    #[serde(rename = "invoice.cancelled")]
    InvoiceCancelled {
        /// Which.
        invoice: InvoiceId,
    },
    /// Money arrived that settles nothing by itself.
    #[serde(rename = "payment.exception")]
    PaymentException {
        /// Which payment.
        tx: TxHash,
        /// How much.
        amount: Amount,
        /// What is odd.
        reason: ExceptionReason,
        /// The invoice it names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invoice: Option<InvoiceId>,
    },
    /// The operator decided about an odd payment.
    #[serde(rename = "payment.resolved")]
    PaymentResolved {
        /// Which payment.
        tx: TxHash,
        /// The new outcome's name.
        outcome: String,
    },
    /// Money was sent that is like the refund of a payment, but not in everything; for the operator.
    #[serde(rename = "payment.refund_differs")]
    RefundDiffers {
        /// The payment that waits for its refund.
        tx: TxHash,
        /// The outgoing transaction.
        refund_tx: TxHash,
    },
    /// A rental began.
    #[serde(rename = "rental.started")]
    RentalStarted {
        /// Its end.
        expires_at: Timestamp,
    },
    /// A rental's end moved.
    #[serde(rename = "rental.extended")]
    RentalExtended {
        /// Its new end.
        expires_at: Timestamp,
    },
    /// A rental ends soon.
    #[serde(rename = "rental.reminder")]
    RentalReminder {
        /// The notice given, in seconds before the end.
        notice: Seconds,
        /// The end.
        expires_at: Timestamp,
    },
    /// A rental's term is over; it can still be renewed.
    #[serde(rename = "rental.grace")]
    RentalGrace {
        /// Until when.
        until: Timestamp,
    },
    /// A rental is over.
    #[serde(rename = "rental.ended")]
    RentalEnded {
        /// Whether the operator ended it.
        revoked: bool,
    },
    /// A number waits for the operator's end-of-rental work.
    #[serde(rename = "number.turnover")]
    NumberTurnover {
        /// When it is done by itself; without it the operator confirms.
        until: Option<Timestamp>,
    },
    /// A number can be rented.
    #[serde(rename = "number.available")]
    NumberAvailable,
    /// A number is no longer the operator's, or is being sold; for the operator.
    #[serde(rename = "number.lost")]
    NumberLost {
        /// What the chain says.
        #[serde(flatten)]
        ownership: Ownership,
    },
    /// A number is the operator's again; for the operator.
    #[serde(rename = "number.regained")]
    NumberRegained,
    /// A transfer was offered.
    #[serde(rename = "transfer.offered")]
    TransferOffered {
        /// To whom, if to somebody in particular.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<CustomerId>,
        /// The last moment to accept.
        expires_at: Timestamp,
    },
    /// A transfer was accepted; written once for each side.
    #[serde(rename = "transfer.accepted")]
    TransferAccepted {
        /// The former holder; left out for who may not know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<CustomerId>,
        /// The new holder; left out for who may not know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<CustomerId>,
    },
    /// An offered transfer came to nothing.
    #[serde(rename = "transfer.closed")]
    TransferClosed {
        /// Why.
        reason: TransferEnd,
    },
    /// Something about the shop as a whole that operators should know.
    #[serde(rename = "shop.alarm")]
    ShopAlarm {
        /// What.
        #[serde(flatten)]
        alarm: Alarm,
    },
}

/// Something about the shop as a whole that operators should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum Alarm {
    /// The chain has not been read for some time: nothing that is paid can be seen.
    ChainStalled {
        /// Up to when it has been read.
        read_to: Timestamp,
    },
    /// The chain is read again.
    ChainRecovered {
        /// Up to when it has been read.
        read_to: Timestamp,
    },
    /// A consumer group gave an event up.
    DeadLetter {
        /// The group.
        group: String,
        /// The event's place in the feed.
        seq: u64,
        /// Why.
        reason: String,
    },
}

impl EventKind {
    /// The stable name, such as `invoice.opened`; the `type` in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvoiceOpened { .. } => "invoice.opened",
            Self::InvoiceSettled { .. } => "invoice.settled",
            Self::InvoiceExpired { .. } => "invoice.expired",
            Self::InvoiceCancelled { .. } => "invoice.cancelled",
            Self::PaymentException { .. } => "payment.exception",
            Self::PaymentResolved { .. } => "payment.resolved",
            Self::RefundDiffers { .. } => "payment.refund_differs",
            Self::RentalStarted { .. } => "rental.started",
            Self::RentalExtended { .. } => "rental.extended",
            Self::RentalReminder { .. } => "rental.reminder",
            Self::RentalGrace { .. } => "rental.grace",
            Self::RentalEnded { .. } => "rental.ended",
            Self::NumberTurnover { .. } => "number.turnover",
            Self::NumberAvailable => "number.available",
            Self::NumberLost { .. } => "number.lost",
            Self::NumberRegained => "number.regained",
            Self::TransferOffered { .. } => "transfer.offered",
            Self::TransferAccepted { .. } => "transfer.accepted",
            Self::TransferClosed { .. } => "transfer.closed",
            Self::ShopAlarm { .. } => "shop.alarm",
        }
    }
}

/// Why an offered transfer came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferEnd {
    /// The recipient said no.
    Declined,
    /// The holder took it back.
    Withdrawn,
    /// Nobody accepted in time.
    Expired,
}

/// A line of a number's ownership history; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// The number.
    pub number: PhoneNumber,
    /// What.
    pub kind: HistoryKind,
    /// The customer concerned: the holder, for a transfer the former one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// For a transfer, the new holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<CustomerId>,
    /// The invoice that paid for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// The end of the rental after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What a history line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// The number joined the pool.
    Added,
    /// A customer began to hold it.
    Rented,
    /// The holder paid for more time.
    Renewed,
    /// The operator gave more time.
    Extended,
    /// It went from one customer to another.
    Transferred,
    /// The term was over.
    Expired,
    /// The holder lost it after the grace period.
    Ended,
    /// The operator ended the rental.
    Revoked,
    /// The operator took it out.
    Withdrawn,
    /// Telegram restricts it.
    Restricted,
    /// Its Telegram account is being deleted.
    PendingDeletion,
    /// It is offered again.
    Restored,
    /// Its NFT left the operator's wallets or is being sold.
    Lost,
    /// Its NFT is the operator's again.
    Regained,
}

/// A line of the audit trail: an operator changed something; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who, such as `console:root` or `tg:1`.
    pub actor: String,
    /// What, such as `number.withdraw`.
    pub action: String,
    /// To what: a number, a customer, a transaction, a key.
    pub object: String,
    /// The details, such as the new plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
