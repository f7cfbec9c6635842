//! The shop itself: opening it, its figures, its place on the chain, and who has access.

use std::collections::BTreeSet;

use crate::{
    Alarm, ApiKey, ChainCursor, ChainMove, ChainState, Currency, DomainError, Effect, Envelope, EventKind,
    IntegratorId, Policy, Scope, Shop, State, Timestamp, UsdtWallet, Wallet,
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
    let (wallet, policy) = (wallet.clone(), policy.clone());
    let shop = Shop { wallet, usdt: None, policy, chain_start, opened_at: now, version: 0 };
    let mut draft = Draft::new(state, &shop, envelope, now);
    draft.begin_chain(Currency::Ton, chain_start);
    draft.audit("shop.open", &shop.wallet.address, Some(shop.wallet.network.to_string()));
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

    /// Begins to take USDT, or takes it again. The wallet that was named first is the only one for ever: what came in
    /// was counted there.
    pub(super) fn accept_usdt(
        &mut self,
        master: &str,
        wallet: &str,
        chain_start: ChainCursor,
    ) -> Result<Effect, DomainError> {
        let usdt = match &self.shop.usdt {
            Some(pinned) if pinned.master != master || pinned.wallet != wallet => {
                return Err(DomainError::UsdtWalletDiffers {
                    pinned: format!("{} of the master {}", pinned.wallet, pinned.master),
                    named: format!("{wallet} of {master}"),
                });
            }
            Some(pinned) => UsdtWallet { accepted: true, ..pinned.clone() },
            None => {
                self.begin_chain(Currency::Usdt, chain_start);
                let (master, wallet) = (master.to_owned(), wallet.to_owned());
                UsdtWallet { master, wallet, chain_start, accepted: true }
            }
        };
        self.set_usdt(usdt, "shop.accept_usdt");
        Ok(Effect::Done)
    }

    pub(super) fn refuse_usdt(&mut self) -> Effect {
        if let Some(pinned) = self.shop.usdt.clone() {
            self.set_usdt(UsdtWallet { accepted: false, ..pinned }, "shop.refuse_usdt");
        }
        Effect::Done
    }

    fn set_usdt(&mut self, usdt: UsdtWallet, action: &str) {
        if self.shop.usdt.as_ref() != Some(&usdt) {
            self.audit(action, &usdt.wallet, Some(usdt.master.clone()));
            self.shop.usdt = Some(usdt);
        }
    }

    fn begin_chain(&mut self, currency: Currency, cursor: ChainCursor) {
        let to = ChainState { cursor, ..ChainState::start(currency) };
        self.chain = Some(ChainMove { from: self.chains.of(currency).cursor, to });
    }

    pub(super) fn advance_chain(&mut self, from: ChainCursor, to: ChainState) -> Result<Effect, DomainError> {
        let stored = self.chains.of(to.currency);
        if stored.cursor != from {
            return Err(DomainError::ChainMoved);
        }
        let to = ChainState { read_to: to.read_to.max(stored.read_to), ..to };
        if to != stored {
            self.chain = Some(ChainMove { from, to });
        }
        Ok(Effect::Done)
    }

    /// Sets a position back. `read_to` stays: what was promised by it (a reservation ended) cannot be taken back.
    pub(super) fn reread_chain(&mut self, currency: Currency, from_lt: u64) -> Result<Effect, DomainError> {
        let stored = self.chains.of(currency);
        let from = stored.cursor;
        if from_lt >= from.lt {
            return Err(DomainError::ChainNotRead { read_to_lt: from.lt });
        }
        let start_lt = self.shop.chain_start(currency).map_or(0, |start| start.lt);
        if from_lt < start_lt {
            return Err(DomainError::ChainBeforeStart { start_lt });
        }
        let cursor = ChainCursor { lt: from_lt, hash: None };
        self.chain = Some(ChainMove { from, to: ChainState { cursor, ..stored } });
        self.audit("chain.reread", from_lt, Some(from.lt.to_string()));
        Ok(Effect::Done)
    }

    pub(super) fn note_news(&mut self, text: Option<&str>) -> Effect {
        match text {
            Some(text) => self.audit("news.send", "customers", Some(text.to_owned())),
            None => self.audit("news.stop", "customers", None),
        }
        Effect::Done
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
