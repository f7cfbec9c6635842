//! What answers look like: numbers, rentals, invoices and payments as JSON and as rows.
//!
//! Amounts are strings of smallest units with their currency and a readable twin, moments are RFC 3339, absent values are `null`. Names and
//! meanings are stable; more fields may come.

use rental_core::{
    Account, Amount, ApiKey, AuditEntry, Comment, Currency, CustomerId, ExceptionReason, Holding, Invoice,
    InvoiceId, Listing, NumberRecord, Payment, PaymentGateway, PaymentLinks, PhoneNumber, Plan, Scope, Sums,
    Timestamp, TxHash,
};
use serde::{Serialize, Serializer};

use crate::output::{Column, Shape, brief, full};

/// How much of a payer's comment a list shows: an invoice's payload fits, a letter does not.
const COMMENT_WIDTH: usize = 32;

/// A moment as RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A sum, which can be larger than any single amount, for people.
pub(crate) fn sum_of(currency: Currency, units: u128) -> String {
    format!("{} {currency}", Sums::new(currency, units).number(currency))
}

/// A cell for what may be absent.
fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A cell for many things.
fn cells<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(" ")
}

/// A plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlanShape {
    term_days: u32,
    price: Option<String>,
    price_display: Option<String>,
    price_usdt: Option<String>,
    price_usdt_display: Option<String>,
    #[serde(skip)]
    written: String,
}

impl From<&Plan> for PlanShape {
    fn from(plan: &Plan) -> Self {
        let units = |price: Option<Amount>| price.map(|price| price.units().to_string());
        let display = |price: Option<Amount>| price.map(|price| price.to_string());
        let (ton, usdt) = (plan.price(Currency::Ton), plan.price(Currency::Usdt));
        Self {
            term_days: plan.term().days(),
            price: units(ton),
            price_display: display(ton),
            price_usdt: units(usdt),
            price_usdt_display: display(usdt),
            written: plan.to_string(),
        }
    }
}

/// A number of the pool.
#[derive(Debug, Serialize)]
pub(crate) struct NumberShape {
    number: PhoneNumber,
    display: String,
    state: &'static str,
    plans: Vec<PlanShape>,
    listing: &'static str,
    customer: Option<CustomerId>,
    invoice: Option<InvoiceId>,
    until: Option<Moment>,
    added_at: Moment,
    version: u64,
    /// What the chain last said of its NFT.
    ownership: Option<&'static str>,
    checked_at: Option<Moment>,
}

impl From<&NumberRecord> for NumberShape {
    fn from(record: &NumberRecord) -> Self {
        let held_until = match &record.holding {
            Holding::Free => None,
            Holding::Reserved { until, .. } | Holding::Grace { until, .. } => Some(*until),
            Holding::Rented(rental) => Some(rental.expires_at),
            Holding::Turnover { until } => *until,
        };
        let (listing, listed_until) = match record.listing {
            Listing::Listed => ("listed", None),
            Listing::Withdrawn => ("withdrawn", None),
            Listing::Restricted => ("restricted", None),
            Listing::PendingDeletion { until } => ("pending_deletion", Some(until)),
        };
        Self {
            number: record.number,
            display: record.number.pretty(),
            state: record.state().name(),
            plans: record.plans.iter().map(PlanShape::from).collect(),
            listing,
            customer: record.customer().cloned(),
            invoice: record.open_invoice(),
            until: held_until.or(listed_until).map(Moment),
            ownership: record.proof.as_ref().map(|proof| proof.ownership.name()),
            checked_at: record.proof.as_ref().map(|proof| Moment(proof.checked_at)),
            added_at: Moment(record.added_at),
            version: record.version,
        }
    }
}

impl Shape for NumberShape {
    fn columns() -> Vec<Column> {
        vec![
            brief("number"),
            full("display"),
            brief("state"),
            brief("plans"),
            full("listing"),
            brief("customer"),
            full("invoice"),
            brief("until"),
            full("added_at"),
            full("version"),
            full("ownership"),
            full("checked_at"),
        ]
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.display.clone(),
            self.state.to_owned(),
            cells(self.plans.iter().map(|plan| &plan.written)),
            self.listing.to_owned(),
            cell(self.customer.as_ref()),
            cell(self.invoice),
            cell(self.until),
            self.added_at.to_string(),
            self.version.to_string(),
            cell(self.ownership),
            cell(self.checked_at),
        ]
    }
}

/// A rental.
#[derive(Debug, Serialize)]
pub(crate) struct RentalShape {
    number: PhoneNumber,
    display: String,
    customer: CustomerId,
    state: &'static str,
    started_at: Moment,
    expires_at: Moment,
    grace_until: Option<Moment>,
    renewal_invoice: Option<InvoiceId>,
    offered_to: Option<String>,
}

impl RentalShape {
    /// The rental of a number that is held.
    pub(crate) fn of(record: &NumberRecord) -> Option<Self> {
        let rental = record.rental()?;
        let grace_until = match &record.holding {
            Holding::Grace { until, .. } => Some(*until),
            _ => None,
        };
        let offer = rental.transfer.as_ref();
        Some(Self {
            number: record.number,
            display: record.number.pretty(),
            customer: rental.holder.clone(),
            state: if grace_until.is_some() { "grace" } else { "active" },
            started_at: Moment(rental.started_at),
            expires_at: Moment(rental.expires_at),
            grace_until: grace_until.map(Moment),
            renewal_invoice: rental.renewal.map(|renewal| renewal.invoice),
            offered_to: offer
                .map(|offer| offer.to.as_ref().map_or("anybody".to_owned(), ToString::to_string)),
        })
    }
}

impl Shape for RentalShape {
    fn columns() -> Vec<Column> {
        vec![
            brief("number"),
            full("display"),
            brief("customer"),
            brief("state"),
            full("started_at"),
            brief("expires_at"),
            full("grace_until"),
            full("renewal_invoice"),
            full("offered_to"),
        ]
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.display.clone(),
            self.customer.to_string(),
            self.state.to_owned(),
            self.started_at.to_string(),
            self.expires_at.to_string(),
            cell(self.grace_until),
            cell(self.renewal_invoice),
            cell(self.offered_to.as_ref()),
        ]
    }
}

/// An invoice.
#[derive(Debug, Serialize)]
pub(crate) struct InvoiceShape {
    id: InvoiceId,
    kind: &'static str,
    number: PhoneNumber,
    customer: CustomerId,
    term_days: u32,
    amount: String,
    currency: &'static str,
    amount_display: String,
    payload: String,
    wallet: String,
    status: &'static str,
    created_at: Moment,
    expires_at: Moment,
    /// Only while it is open: nobody should pay any other.
    links: Option<PaymentLinks>,
}

impl InvoiceShape {
    /// The invoice with links for paying it.
    pub(crate) fn new(invoice: &Invoice, gateway: &dyn PaymentGateway) -> Self {
        let links = || gateway.invoice_links(invoice);
        Self {
            id: invoice.id,
            kind: invoice.kind.name(),
            number: invoice.number,
            customer: invoice.customer.clone(),
            term_days: invoice.term.days(),
            amount: invoice.amount.units().to_string(),
            currency: invoice.amount.currency().name(),
            amount_display: invoice.amount.to_string(),
            payload: invoice.payload.to_string(),
            wallet: invoice.wallet.clone(),
            status: invoice.status.name(),
            created_at: Moment(invoice.created_at),
            expires_at: Moment(invoice.expires_at),
            links: invoice.is_open().then(links),
        }
    }

    /// The link that wallets scan, while somebody should pay.
    pub(crate) fn link(&self) -> Option<&str> {
        self.links.as_ref().map(|links| links.ton.as_str())
    }
}

impl Shape for InvoiceShape {
    fn columns() -> Vec<Column> {
        vec![
            brief("id"),
            brief("kind"),
            brief("number"),
            brief("customer"),
            brief("term_days"),
            full("amount"),
            full("currency"),
            brief("amount_display"),
            brief("payload"),
            full("wallet"),
            brief("status"),
            full("created_at"),
            brief("expires_at"),
            full("link_ton"),
            full("link_https"),
        ]
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.kind.to_owned(),
            self.number.to_string(),
            self.customer.to_string(),
            self.term_days.to_string(),
            self.amount.clone(),
            self.currency.to_owned(),
            self.amount_display.clone(),
            self.payload.clone(),
            self.wallet.clone(),
            self.status.to_owned(),
            self.created_at.to_string(),
            self.expires_at.to_string(),
            cell(self.links.as_ref().map(|links| &links.ton)),
            cell(self.links.as_ref().map(|links| &links.https)),
        ]
    }
}

/// A payment.
#[derive(Debug, Serialize)]
pub(crate) struct PaymentShape {
    tx_hash: TxHash,
    amount: String,
    currency: &'static str,
    amount_display: String,
    comment: Option<String>,
    comment_kind: &'static str,
    sender: String,
    /// As a text: it is larger than what JavaScript keeps exact.
    logical_time: String,
    chain_time: Moment,
    booked_at: Moment,
    outcome: &'static str,
    reason: Option<&'static str>,
    invoice: Option<InvoiceId>,
    refund_tx: Option<TxHash>,
}

impl From<&Payment> for PaymentShape {
    fn from(payment: &Payment) -> Self {
        let refund_tx = payment.outcome.refund_tx();
        Self {
            tx_hash: payment.tx,
            amount: payment.amount.units().to_string(),
            currency: payment.amount.currency().name(),
            amount_display: payment.amount.to_string(),
            comment: payment.comment.text().map(str::to_owned),
            comment_kind: match payment.comment {
                Comment::None => "none",
                Comment::Text(_) => "text",
                Comment::Encrypted => "encrypted",
                Comment::Binary(_) => "binary",
                Comment::Malformed => "malformed",
            },
            sender: payment.sender.clone(),
            logical_time: payment.lt.to_string(),
            chain_time: Moment(payment.chain_time),
            booked_at: Moment(payment.booked_at),
            outcome: payment.outcome.name(),
            reason: payment.outcome.reason().map(ExceptionReason::name),
            invoice: payment.invoice,
            refund_tx,
        }
    }
}

impl Shape for PaymentShape {
    fn columns() -> Vec<Column> {
        vec![
            brief("tx_hash"),
            full("amount"),
            full("currency"),
            brief("amount_display"),
            brief("comment").at_most(COMMENT_WIDTH),
            full("comment_kind"),
            full("sender"),
            full("logical_time"),
            brief("chain_time"),
            full("booked_at"),
            brief("outcome"),
            brief("reason"),
            full("invoice"),
            full("refund_tx"),
        ]
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.tx_hash.to_string(),
            self.amount.clone(),
            self.currency.to_owned(),
            self.amount_display.clone(),
            cell(self.comment.as_ref()),
            self.comment_kind.to_owned(),
            self.sender.clone(),
            self.logical_time.clone(),
            self.chain_time.to_string(),
            self.booked_at.to_string(),
            self.outcome.to_owned(),
            cell(self.reason),
            cell(self.invoice),
            cell(self.refund_tx),
        ]
    }
}

/// A customer.
#[derive(Debug, Serialize)]
pub(crate) struct CustomerShape {
    customer: CustomerId,
    numbers: Vec<PhoneNumber>,
    open_invoices: Vec<InvoiceId>,
    banned: bool,
    banned_at: Option<Moment>,
    ban_reason: Option<String>,
}

impl From<&Account> for CustomerShape {
    fn from(account: &Account) -> Self {
        Self {
            customer: account.id.clone(),
            numbers: account.numbers.iter().copied().collect(),
            open_invoices: account.open_invoices.iter().copied().collect(),
            banned: account.ban.is_some(),
            banned_at: account.ban.as_ref().map(|ban| Moment(ban.at)),
            ban_reason: account.ban.as_ref().and_then(|ban| ban.reason.clone()),
        }
    }
}

impl Shape for CustomerShape {
    fn columns() -> Vec<Column> {
        vec![
            brief("customer"),
            brief("numbers"),
            brief("open_invoices"),
            brief("banned"),
            full("banned_at"),
            full("ban_reason"),
        ]
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.customer.to_string(),
            cells(&self.numbers),
            cells(&self.open_invoices),
            if self.banned { "banned" } else { "" }.to_owned(),
            cell(self.banned_at),
            cell(self.ban_reason.as_ref()),
        ]
    }
}

/// An API key; its secret is no part of it.
#[derive(Debug, Serialize)]
pub(crate) struct KeyShape {
    id: String,
    integrator: String,
    scopes: Vec<&'static str>,
    created_at: Moment,
    revoked_at: Option<Moment>,
}

impl From<&ApiKey> for KeyShape {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.clone(),
            integrator: key.integrator.to_string(),
            scopes: key
                .scopes
                .iter()
                .map(|scope| match scope {
                    Scope::Read => "read",
                    Scope::Write => "write",
                })
                .collect(),
            created_at: Moment(key.created_at),
            revoked_at: key.revoked_at.map(Moment),
        }
    }
}

impl Shape for KeyShape {
    fn columns() -> Vec<Column> {
        vec![brief("id"), brief("integrator"), brief("scopes"), brief("created_at"), brief("revoked_at")]
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.integrator.clone(),
            cells(&self.scopes),
            self.created_at.to_string(),
            cell(self.revoked_at),
        ]
    }
}

/// A line of the audit trail.
#[derive(Debug, Serialize)]
pub(crate) struct AuditShape {
    at: Moment,
    actor: String,
    action: String,
    object: String,
    detail: Option<String>,
    reason: Option<String>,
}

impl From<AuditEntry> for AuditShape {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { at, actor, action, object, detail, reason } = entry;
        Self { at: Moment(at), actor, action, object, detail, reason }
    }
}

impl Shape for AuditShape {
    fn columns() -> Vec<Column> {
        vec![brief("at"), brief("actor"), brief("action"), brief("object"), brief("detail"), brief("reason")]
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.at.to_string(),
            self.actor.clone(),
            self.action.clone(),
            self.object.clone(),
            cell(self.detail.as_ref()),
            cell(self.reason.as_ref()),
        ]
    }
}

#[cfg(test)]
mod tests;
