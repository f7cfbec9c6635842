//! The shop itself: opening it, its figures, its place on the chain, and who has access.

use std::collections::BTreeSet;

use crate::{
    Alarm, ApiKey, ChainCursor, ChainMove, ChainState, DomainError, Effect, Envelope, EventKind,
    IntegratorId, Policy, Scope, Shop, State, Timestamp, Wallet,
};

use super::draft::Draft;
use super::{Decision, load_for};

/// Opens the shop; the one command that needs no open shop.
pub(super) fn open_shop(
    state: &State,
    envelope: &Envelope,
    wallet: &Wallet,
    policy: &Policy,
    chain_start: ChainCursor,
    now: Timestamp,
) -> Result<Decision, DomainError> {
    if state.shop.is_some() {
        return Err(DomainError::ShopOpen);
    }
    let shop =
        Shop { wallet: wallet.clone(), policy: policy.clone(), chain_start, opened_at: now, version: 0 };
    let mut draft = Draft::new(state, &shop, envelope, now);
    let to = ChainState { cursor: chain_start, read_to: Timestamp::EPOCH };
    draft.chain = Some(ChainMove { from: state.chain.cursor, to });
    draft.audit("shop.open", &wallet.address, Some(wallet.network.to_string()));
    let read = load_for(&envelope.actor, &envelope.command);
    let (changes, effect) = draft.finish(state, envelope.seed.commit_id(), read, None, Effect::Done);
    Ok(Decision { changes, effect })
}

impl Draft<'_> {
    pub(super) fn set_policy(&mut self, policy: &Policy) -> Effect {
        if self.shop.policy != *policy {
            self.shop.policy = policy.clone();
            self.audit("shop.policy", "shop", Some(format!("{policy:?}")));
        }
        Effect::Done
    }

    pub(super) fn advance_chain(
        &mut self,
        state: &State,
        from: ChainCursor,
        to: ChainState,
    ) -> Result<Effect, DomainError> {
        if state.chain.cursor != from {
            return Err(DomainError::ChainMoved);
        }
        let to = ChainState { read_to: to.read_to.max(state.chain.read_to), ..to };
        if to != state.chain {
            self.chain = Some(ChainMove { from, to });
        }
        Ok(Effect::Done)
    }

    pub(super) fn raise(&mut self, alarm: &Alarm) -> Effect {
        self.event(None, EventKind::ShopAlarm { alarm: alarm.clone() });
        Effect::Done
    }

    pub(super) fn set_owner(&mut self, user: Option<u64>) -> Effect {
        if self.access().owner != user {
            self.access().owner = user;
            self.audit(
                "owner.set",
                user.map_or_else(|| "nobody".to_owned(), |user| format!("tg:{user}")),
                None,
            );
        }
        Effect::Done
    }

    pub(super) fn add_admin(&mut self, user: u64) -> Result<Effect, DomainError> {
        if self.access().is_admin(user) || !self.access().admins.insert(user) {
            return Err(DomainError::AdminExists);
        }
        self.audit("admin.add", format!("tg:{user}"), None);
        Ok(Effect::Done)
    }

    pub(super) fn remove_admin(&mut self, user: u64) -> Result<Effect, DomainError> {
        if !self.access().admins.remove(&user) {
            return Err(DomainError::AdminUnknown);
        }
        self.audit("admin.remove", format!("tg:{user}"), None);
        Ok(Effect::Done)
    }

    pub(super) fn create_key(&mut self, integrator: &IntegratorId, scopes: &[Scope]) -> Effect {
        let secret = self.envelope.seed.api_secret();
        let key = ApiKey {
            id: secret.id().to_owned(),
            integrator: integrator.clone(),
            digest: secret.digest(),
            scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
            created_at: self.now,
            revoked_at: None,
        };
        self.access().keys.push(key.clone());
        self.audit("key.create", &key.id, Some(integrator.to_string()));
        Effect::Key { key: Box::new(key), secret: secret.expose() }
    }

    pub(super) fn revoke_key(&mut self, id: &str) -> Result<Effect, DomainError> {
        let now = self.now;
        let live = self.access().keys.iter_mut().find(|key| key.id == id && key.revoked_at.is_none());
        live.ok_or(DomainError::KeyUnknown)?.revoked_at = Some(now);
        self.audit("key.revoke", id, None);
        Ok(Effect::Done)
    }
}
