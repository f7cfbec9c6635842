//! The working copy that the rules change; at the end, what differs from the state becomes the changes.

use crate::{
    Access, Account, AuditEntry, ChainMove, Chains, Changes, CommitId, CustomerId, DomainError, Effect,
    Envelope, Event, EventKind, HistoryEntry, HistoryKind, Invoice, InvoiceId, LeaseToken, Load,
    NumberRecord, Payment, PhoneNumber, Shop, State, Timestamp, TransferOffer,
};

/// A working copy of the state.
pub(super) struct Draft<'a> {
    pub(super) now: Timestamp,
    pub(super) envelope: &'a Envelope,
    pub(super) shop: Shop,
    pub(super) chains: Chains,
    access: Option<Access>,
    pub(super) number: Option<NumberRecord>,
    pub(super) invoices: Vec<Invoice>,
    pub(super) accounts: Vec<Account>,
    pub(super) payment: Option<Payment>,
    pub(super) chain: Option<ChainMove>,
    /// An offer that the passing of time has just ended.
    pub(super) lapsed_offer: Option<TransferOffer>,
    history: Vec<HistoryEntry>,
    audit: Vec<AuditEntry>,
    events: Vec<Event>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(state: &State, shop: &Shop, envelope: &'a Envelope, now: Timestamp) -> Self {
        Self {
            now,
            envelope,
            shop: shop.clone(),
            chains: state.chains,
            access: state.access.clone(),
            number: state.number.clone(),
            invoices: state.invoices.clone(),
            accounts: state.accounts.clone(),
            payment: state.payment.clone(),
            chain: None,
            lapsed_offer: None,
            history: Vec::new(),
            audit: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The number, which must be in the pool.
    pub(super) fn record(&mut self) -> Result<&mut NumberRecord, DomainError> {
        self.number.as_mut().ok_or(DomainError::NumberUnknown)
    }

    pub(super) fn invoice(&mut self, id: InvoiceId) -> Option<&mut Invoice> {
        self.invoices.iter_mut().find(|invoice| invoice.id == id)
    }

    /// Admins and keys; loaded for the commands that change them.
    pub(super) fn access(&mut self) -> &mut Access {
        self.access.get_or_insert_default()
    }

    /// The customer's account; a new one for a customer never seen before.
    pub(super) fn account(&mut self, id: &CustomerId) -> &mut Account {
        let index = self.accounts.iter().position(|account| account.id == *id).unwrap_or_else(|| {
            self.accounts.push(Account::new(id.clone()));
            self.accounts.len() - 1
        });
        &mut self.accounts[index]
    }

    /// Notes an event about the draft's number.
    pub(super) fn event(&mut self, customer: Option<&CustomerId>, kind: EventKind) {
        let number = self.number.as_ref().map(|record| record.number);
        self.events.push(Event { at: self.now, number, customer: customer.cloned(), kind });
    }

    /// Adds a line to the number's history.
    pub(super) fn history(
        &mut self,
        kind: HistoryKind,
        customer: Option<&CustomerId>,
    ) -> Option<&mut HistoryEntry> {
        let number = self.number.as_ref()?.number;
        let expires_at = self.number.as_ref()?.rental().map(|rental| rental.expires_at);
        self.history.push(HistoryEntry {
            at: self.now,
            number,
            kind,
            customer: customer.cloned(),
            to: None,
            invoice: None,
            expires_at,
        });
        self.history.last_mut()
    }

    /// Adds a line to the audit trail when an operator (or a program's start-up) acts.
    pub(super) fn audit(&mut self, action: &str, object: impl std::fmt::Display, detail: Option<String>) {
        let actor = match &self.envelope.actor {
            crate::Actor::Admin(admin) => admin.to_string(),
            other => other.to_string(),
        };
        self.audit.push(AuditEntry {
            at: self.now,
            actor,
            action: action.to_owned(),
            object: object.to_string(),
            detail,
            reason: self.envelope.reason.clone(),
        });
    }

    /// What differs from `state`, with versions counted up, and the effect with the versions it will have.
    pub(super) fn finish(
        self,
        state: &State,
        commit_id: CommitId,
        read: Load,
        lease: Option<LeaseToken>,
        effect: Effect,
    ) -> (Changes, Effect) {
        let Self {
            now: _,
            envelope: _,
            shop,
            chains: _,
            access,
            number,
            invoices,
            accounts,
            payment,
            chain,
            lapsed_offer: _,
            history,
            audit,
            events,
        } = self;
        let number = number
            .map(|record| NumberRecord { deadline: record.next_deadline(), ..record })
            .filter(|record| state.number.as_ref() != Some(record))
            .map(|record| NumberRecord { version: record.version + 1, ..record });
        let invoices: Vec<_> = invoices
            .into_iter()
            .filter(|invoice| state.invoice(invoice.id) != Some(invoice))
            .map(|invoice| Invoice { version: invoice.version + 1, ..invoice })
            .collect();
        let accounts = accounts
            .into_iter()
            .filter(|account| match state.account(&account.id) {
                Some(before) => before != account,
                None => *account != Account::new(account.id.clone()),
            })
            .map(|account| Account { version: account.version + 1, ..account })
            .collect();
        let payment = payment
            .filter(|payment| state.payment.as_ref() != Some(payment))
            .map(|payment| Payment { version: payment.version + 1, ..payment });
        let shop = (state.shop.as_ref() != Some(&shop)).then(|| Shop { version: shop.version + 1, ..shop });
        let access = access
            .filter(|access| state.access.as_ref() != Some(access))
            .map(|access| Access { version: access.version + 1, ..access });
        let effect = match effect {
            Effect::Invoice(invoice) => {
                let written = invoices.iter().find(|written| written.id == invoice.id).cloned();
                Effect::Invoice(written.map_or(invoice, Box::new))
            }
            Effect::Number(record) => Effect::Number(number.clone().map_or(record, Box::new)),
            Effect::Payment(before) => Effect::Payment(payment.clone().map_or(before, Box::new)),
            other => other,
        };
        let changes = Changes {
            commit_id,
            read,
            lease,
            number,
            invoices,
            accounts,
            payment,
            shop,
            access,
            chain,
            once: Vec::new(), // the service adds the request's own
            history,
            audit,
            events,
        };
        (changes, effect)
    }

    /// The number as the answer.
    pub(super) fn number_effect(&self) -> Result<Effect, DomainError> {
        self.number.clone().map(|record| Effect::Number(Box::new(record))).ok_or(DomainError::NumberUnknown)
    }

    /// The number's digits, for texts and errors.
    pub(super) fn phone(&self) -> Result<PhoneNumber, DomainError> {
        self.number.as_ref().map(|record| record.number).ok_or(DomainError::NumberUnknown)
    }
}
