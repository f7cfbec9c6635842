//! Handing a rental on. Term and price stay; the number changes hands in one commit.

use crate::{
    CustomerId, DomainError, Effect, EventKind, HistoryKind, Holding, OfferRef, Rental, TransferEnd,
    TransferOffer,
};

use super::draft::Draft;

impl Draft<'_> {
    pub(super) fn offer_transfer(&mut self, to: Option<&CustomerId>) -> Result<Effect, DomainError> {
        let (now, expires_at) = (self.now, self.now + self.shop.policy.transfer_ttl);
        let number = self.phone()?;
        let rental = self.transferable()?;
        if rental.transfer.is_some() {
            return Err(DomainError::TransferOpen);
        }
        if to == Some(&rental.holder) {
            return Err(DomainError::TransferToSelf);
        }
        let token = self.envelope.seed.transfer_token(number);
        let expires_at = expires_at.min(rental.expires_at);
        let offer =
            TransferOffer { token_digest: token.digest(), to: to.cloned(), offered_at: now, expires_at };
        let holder = rental.holder.clone();
        self.set_rental(|rental| Rental { transfer: Some(offer), ..rental });
        let kind = EventKind::TransferOffered { to: to.cloned(), expires_at };
        self.event(Some(&holder), kind.clone());
        if let Some(to) = to {
            self.event(Some(to), kind);
        }
        Ok(Effect::Offer { number, token: token.expose(), expires_at })
    }

    pub(super) fn accept_transfer(
        &mut self,
        offer: &OfferRef,
        customer: &CustomerId,
    ) -> Result<Effect, DomainError> {
        self.open_offer(offer, customer)?;
        let from = self.transferable()?.holder;
        if from == *customer {
            return Err(DomainError::TransferToSelf);
        }
        self.check_may_receive(customer)?;
        let number = self.phone()?;
        self.set_rental(|rental| rental.handed_to(customer.clone()));
        self.account(&from).numbers.remove(&number);
        self.account(customer).numbers.insert(number);
        if let Some(entry) = self.history(HistoryKind::Transferred, Some(&from)) {
            entry.to = Some(customer.clone());
        }
        for side in [&from, customer] {
            let kind = EventKind::TransferAccepted { from: Some(from.clone()), to: Some(customer.clone()) };
            self.event(Some(side), kind);
        }
        self.number_effect()
    }

    pub(super) fn decline_transfer(
        &mut self,
        offer: &OfferRef,
        customer: &CustomerId,
    ) -> Result<Effect, DomainError> {
        self.open_offer(offer, customer)?;
        self.close_offer(TransferEnd::Declined);
        Ok(Effect::Done)
    }

    pub(super) fn withdraw_transfer(&mut self) -> Result<Effect, DomainError> {
        let rental = self.record()?.rental().ok_or(DomainError::RentalUnknown)?;
        if rental.transfer.is_none() {
            return Err(DomainError::TransferUnknown);
        }
        self.close_offer(TransferEnd::Withdrawn);
        Ok(Effect::Done)
    }

    /// The rental, when it can be handed on: in term, and with no renewal waiting for the present holder's money.
    fn transferable(&mut self) -> Result<Rental, DomainError> {
        let rental = match &self.record()?.holding {
            Holding::Rented(rental) => rental.clone(),
            Holding::Grace { .. } => return Err(DomainError::RentalInGrace),
            _ => return Err(DomainError::RentalUnknown),
        };
        match rental.renewal {
            Some(renewal) => Err(DomainError::RenewalOpen { invoice: renewal.invoice }),
            None => Ok(rental),
        }
    }

    /// Checks that there is such an offer for `customer`. A passed offer says so only to whom it was made: time has
    /// passed already, so the offer's own end is looked up in the state as it was loaded.
    fn open_offer(&self, named: &OfferRef, customer: &CustomerId) -> Result<(), DomainError> {
        let for_customer = |offer: &TransferOffer| offer.is_meant(named, customer);
        let open = self
            .number
            .as_ref()
            .and_then(|record| record.rental())
            .and_then(|rental| rental.transfer.as_ref());
        match (open, self.lapsed_offer.as_ref()) {
            (Some(offer), _) if for_customer(offer) => Ok(()),
            (_, Some(offer)) if for_customer(offer) => Err(DomainError::TransferExpired),
            _ => Err(DomainError::TransferUnknown),
        }
    }

    fn set_rental(&mut self, change: impl FnOnce(Rental) -> Rental) {
        if let Some(record) = self.number.as_mut() {
            let holding = std::mem::replace(&mut record.holding, Holding::Free);
            record.holding = holding.map_rental(change);
        }
    }
}
