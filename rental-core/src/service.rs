//! The door: load, decide, commit, and the questions that frontends ask.
//!
//! Frontends speak to [`Rentals`]; [`RentalService`] is the real thing behind it. There is no other way to change a
//! shop, so every change is decided by the same rules and every answer shows only what the asker may see.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::{
    Access, Account, Actor, ApiKey, ApiSecret, AuditEntry, ChainCursor, Chains, Command, Commit, CustomerId,
    Decision, DomainError, Effect, Envelope, FeedEntry, HistoryEntry, IdempotencyKey, Invoice, InvoiceId,
    InvoiceQuery, InvoiceRef, Load, NumberQuery, NumberRecord, NumberState, OfferRef, Once, OnceKey, Owner,
    Page, PageRequest, Payment, PaymentQuery, PhoneNumber, Policy, Seconds, Seed, Shop, State, Store,
    StoreError, Timestamp, Totals, TxHash, Wallet, decide, load_for,
};

mod error;
mod request;
mod search;

pub use error::ServiceError;
pub use request::{Receipt, Request};
pub use search::NumberSearch;

/// How often a command is decided again after somebody else was faster. Each time, somebody's command went through.
const MOST_ATTEMPTS: usize = 512;
/// How often an unanswered commit is sent again.
const MOST_RESENDS: usize = 3;
/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_KEPT: Seconds = Seconds::from_days(30);

/// The shop at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopView {
    /// The shop.
    pub shop: Shop,
    /// How far its chains have been read.
    pub chains: Chains,
    /// The store's clock.
    pub now: Timestamp,
}

/// Everything that a frontend can ask for.
///
/// Records come back as they stand *now*: a deadline that has passed counts as passed, whether or not the sweeper has
/// been there. What `viewer` may not see answers as if it did not exist.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Rentals: Send + Sync {
    /// Carries out a request.
    async fn execute(&self, request: Request) -> Result<Receipt, ServiceError>;

    /// The live API key that `secret` opens.
    async fn authenticate(&self, secret: &ApiSecret) -> Result<ApiKey, ServiceError>;

    /// The shop.
    async fn shop(&self) -> Result<ShopView, ServiceError>;

    /// Admins and API keys; for operators.
    async fn access(&self, viewer: &Actor) -> Result<Access, ServiceError>;

    /// A number of the pool.
    async fn number(&self, number: PhoneNumber) -> Result<NumberRecord, ServiceError>;

    /// Numbers in these states (none given: in any), by number. A page can be shorter than its limit before the end.
    async fn numbers(
        &self,
        states: &[NumberState],
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, ServiceError>;

    /// Numbers that `search` looks for, by number, in bounded work: a page can end early, with a place to go on from.
    async fn search(
        &self,
        search: &NumberSearch,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, ServiceError>;

    /// The number that one of `viewer`'s customers holds.
    async fn rental(&self, viewer: &Actor, number: PhoneNumber) -> Result<NumberRecord, ServiceError>;

    /// Numbers that `owner`'s customers hold, by number.
    async fn rentals(
        &self,
        viewer: &Actor,
        owner: &Owner,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, ServiceError>;

    /// The number that `customer` may take over by the offer that it means, while that is open.
    async fn offered(
        &self,
        viewer: &Actor,
        offer: &OfferRef,
        customer: &CustomerId,
    ) -> Result<NumberRecord, ServiceError>;

    /// A number's history, oldest first; other people's names are left out.
    async fn history(
        &self,
        viewer: &Actor,
        number: PhoneNumber,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, ServiceError>;

    /// An invoice.
    async fn invoice(&self, viewer: &Actor, id: InvoiceId) -> Result<Invoice, ServiceError>;

    /// Invoices, newest first.
    async fn invoices(
        &self,
        viewer: &Actor,
        query: &InvoiceQuery,
        page: &PageRequest,
    ) -> Result<Page<Invoice>, ServiceError>;

    /// A payment, with the customer of the invoice it names.
    async fn payment(&self, viewer: &Actor, tx: TxHash) -> Result<Payment, ServiceError>;

    /// Payments, newest first. Payments that name no invoice are shown to operators only.
    async fn payments(
        &self,
        viewer: &Actor,
        query: &PaymentQuery,
        page: &PageRequest,
    ) -> Result<Page<Payment>, ServiceError>;

    /// A customer's account; an empty one for a customer never seen before.
    async fn account(&self, viewer: &Actor, customer: &CustomerId) -> Result<Account, ServiceError>;

    /// All accounts; for operators.
    async fn accounts(&self, viewer: &Actor, page: &PageRequest) -> Result<Page<Account>, ServiceError>;

    /// The audit trail, newest first; for operators.
    async fn audit(&self, viewer: &Actor, page: &PageRequest) -> Result<Page<AuditEntry>, ServiceError>;

    /// Events that concern `viewer`'s customers, oldest first, after `after`.
    async fn feed(&self, viewer: &Actor, after: u64, limit: usize) -> Result<Vec<FeedEntry>, ServiceError>;

    /// Figures about the whole shop; for operators.
    async fn totals(&self, viewer: &Actor) -> Result<Totals, ServiceError>;
}

/// Where fresh randomness comes from.
pub trait Entropy: Send + Sync {
    /// 48 unpredictable bytes.
    fn draw(&self) -> [u8; 48];
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the operating system has no randomness to give.
    fn draw(&self) -> [u8; 48] {
        let mut bytes = [0; 48];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

/// The shop's service on a store.
///
/// ```
/// use std::sync::Arc;
/// use rental_core::*;
///
/// # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse()?));
/// let service = RentalService::new(Arc::new(MemoryStore::new(clock)));
/// let wallet = Wallet { network: Network::Sandbox, address: "UQ…".into() };
/// service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await?;
///
/// let (number, term) = ("+888 0123 4567".parse()?, Term::from_days(30)?);
/// let admin = Actor::Admin(AdminId::Console("doc".into()));
/// let plans = vec!["30d=10".parse()?];
/// service.execute(Request::new(admin, Command::AddNumber { number, plans })).await?;
///
/// let customer = CustomerId::Telegram(1);
/// let actor = Actor::Customer(customer.clone());
/// let invoice = service
///     .execute(Request::new(actor, Command::OpenRent { number, term, customer, currency: Currency::Ton }))
///     .await?
///     .invoice()?;
/// assert_eq!(invoice.amount.to_string(), "10 TON");
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(demo())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RentalService {
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    /// When the shop was opened that this service has seen; another one is not taken for it.
    opened_at: OnceLock<Timestamp>,
}

impl std::fmt::Debug for RentalService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RentalService").field("store", &self.store).finish_non_exhaustive()
    }
}

/// What is recorded under an idempotency key.
#[derive(Serialize, Deserialize)]
struct Recorded {
    fingerprint: String,
    effect: Effect,
}

impl RentalService {
    /// The service on `store`, with the operating system's randomness.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with_entropy(store, Arc::new(OsEntropy))
    }

    /// The service on `store` with its own source of randomness; for tests and replays.
    pub fn with_entropy(store: Arc<dyn Store>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, entropy, opened_at: OnceLock::new() }
    }

    /// The store behind it; for workers, which also use what the door does not offer.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Opens the shop with these figures, or checks that the open one has this wallet. An open shop keeps its own
    /// figures.
    ///
    /// # Errors
    /// [`ServiceError::WalletDiffers`] when another shop is open on the store.
    pub async fn open_shop(
        &self,
        wallet: &Wallet,
        policy: &Policy,
        chain_start: ChainCursor,
    ) -> Result<Shop, ServiceError> {
        let command = Command::OpenShop { wallet: wallet.clone(), policy: policy.clone(), chain_start };
        match self.execute(Request::new(Actor::System, command)).await {
            Ok(_) | Err(ServiceError::Domain(DomainError::ShopOpen)) => {}
            Err(error) => return Err(error),
        }
        let shop = self.shop().await?.shop;
        if shop.wallet == *wallet {
            Ok(shop)
        } else {
            Err(ServiceError::WalletDiffers {
                shop: shop.wallet.address,
                network: shop.wallet.network,
                configured: wallet.address.clone(),
            })
        }
    }

    fn seed(&self, now: Timestamp) -> Seed {
        let bytes = self.entropy.draw();
        let (random, entropy) = bytes.split_at(16);
        let random = u128::from_be_bytes(random.try_into().expect("split at 16"));
        Seed {
            id: Ulid::from_parts(now.unix() * 1000, random),
            entropy: entropy.try_into().expect("48 less 16 is 32"),
        }
    }

    /// Loads, and checks that it is still the same shop: a store that was emptied under a running program must not be
    /// taken for a new shop.
    async fn load(&self, load: &Load) -> Result<State, ServiceError> {
        self.recognise(self.store.load(load).await?)
    }

    fn recognise(&self, state: State) -> Result<State, ServiceError> {
        let found = state.shop.as_ref().map(|shop| shop.opened_at);
        match (self.opened_at.get(), found) {
            (None, Some(opened_at)) => _ = self.opened_at.set(opened_at),
            (Some(seen), found) if found != Some(*seen) => return Err(ServiceError::ShopGone),
            _ => {}
        }
        Ok(state)
    }

    /// Sends a commit, again when there was no answer; a commit that turns out to be applied already is committed.
    async fn commit(&self, decision: &Decision) -> Result<Commit, StoreError> {
        let (mut sent, mut doubt) = (0, None);
        loop {
            sent += 1;
            match self.store.commit(&decision.changes).await {
                Err(StoreError::Unavailable(why)) if sent < MOST_RESENDS => doubt = Some(why),
                // What a later attempt was refused for says nothing about the earlier one.
                Err(error) => return Err(doubt.map_or(error, StoreError::Unavailable)),
                Ok(Commit::Duplicate(OnceKey::Commit(id))) if id == decision.changes.commit_id => {
                    return Ok(Commit::Committed);
                }
                answer => return answer,
            }
        }
    }

    /// Loads for a question; checks that an admin still is one.
    async fn admit(&self, viewer: &Actor, load: Load) -> Result<(State, Shop), ServiceError> {
        let operator = matches!(viewer, Actor::Admin(_));
        let state = self.load(&Load { access: operator || load.access, ..load }).await?;
        if let Actor::Admin(admin) = viewer
            && !state.access.as_ref().is_some_and(|access| admin.is_listed(access))
        {
            return Err(DomainError::Denied.into());
        }
        let shop = state.shop.clone().ok_or(DomainError::ShopClosed)?;
        Ok((state, shop))
    }

    /// The same, for questions that only operators may ask.
    async fn admit_operator(&self, viewer: &Actor, load: Load) -> Result<State, ServiceError> {
        match viewer {
            Actor::Admin(_) | Actor::System => Ok(self.admit(viewer, load).await?.0),
            Actor::Customer(_) | Actor::Integrator(_) => Err(DomainError::Denied.into()),
        }
    }

    /// Of `asked`, what `viewer` may see; `None` when nothing.
    fn visible(viewer: &Actor, asked: &Owner) -> Option<Owner> {
        match (viewer, asked) {
            (Actor::Admin(_) | Actor::System, asked) => Some(asked.clone()),
            (Actor::Customer(own), Owner::Anybody) => Some(Owner::Customer(own.clone())),
            (Actor::Integrator(own), Owner::Anybody) => Some(Owner::Integrator(own.clone())),
            (viewer, Owner::Customer(customer)) => viewer.may_see(customer).then(|| asked.clone()),
            (Actor::Integrator(own), Owner::Integrator(other)) => (own == other).then(|| asked.clone()),
            (Actor::Customer(_), Owner::Integrator(_)) => None,
        }
    }
}

fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
}

/// An earlier answer under the same key, if it was to the same request.
fn replay(recorded: &str, key: &IdempotencyKey) -> Result<Receipt, ServiceError> {
    let corrupt = |_| StoreError::Corrupt("an idempotency record cannot be read".to_owned());
    let recorded: Recorded = serde_json::from_str(recorded).map_err(corrupt)?;
    if recorded.fingerprint == key.fingerprint {
        Ok(Receipt { effect: recorded.effect, changed: false, replayed: true })
    } else {
        Err(ServiceError::IdempotencyMismatch)
    }
}

/// Records the answer under the request's key, in the commit of its effect.
fn record(decision: &mut Decision, key: &IdempotencyKey, now: Timestamp) -> Result<(), ServiceError> {
    let recorded = Recorded { fingerprint: key.fingerprint.clone(), effect: decision.effect.clone() };
    let value = serde_json::to_string(&recorded).map_err(|_| ServiceError::Unexpected)?;
    decision.changes.once.push(Once { key: once_key(key), value, keep_until: Some(now + IDEMPOTENCY_KEPT) });
    Ok(())
}

fn once_key(key: &IdempotencyKey) -> OnceKey {
    OnceKey::Request { integrator: key.integrator.clone(), key: key.key.clone() }
}

#[async_trait]
impl Rentals for RentalService {
    async fn execute(&self, request: Request) -> Result<Receipt, ServiceError> {
        let Request { actor, mut command, reason, lease, idempotency } = request;
        let mut load = load_for(&actor, &command);
        load.once = idempotency.as_ref().map(once_key);
        let mut state = self.load(&load).await?;
        for _ in 0..MOST_ATTEMPTS {
            if let Some((key, recorded)) = idempotency.as_ref().zip(state.once.as_ref()) {
                return replay(recorded, key);
            }
            let now = state.now;
            let envelope = Envelope {
                actor: actor.clone(),
                command: command.clone(),
                seed: self.seed(now),
                reason: reason.clone(),
                lease: lease.clone(),
            };
            let mut decision = decide(&state, &envelope, now)?;
            if decision.changes.is_empty() {
                return Ok(Receipt { effect: decision.effect, changed: false, replayed: false });
            }
            decision.changes.read = load.clone();
            if let Some(key) = &idempotency {
                record(&mut decision, key, now)?;
            }
            match self.commit(&decision).await? {
                Commit::Committed => {
                    return Ok(Receipt { effect: decision.effect, changed: true, replayed: false });
                }
                Commit::Conflict { current } => state = self.recognise(*current)?,
                Commit::Duplicate(_) => state = self.load(&load).await?,
                Commit::Locked { until } => match command {
                    Command::Book { incoming, unreadable: false, sighting }
                    | Command::BookDeposit { incoming, sighting } => {
                        command = Command::BookWaiting { incoming, sighting }
                    }
                    _ => return Err(DomainError::NumberLocked { until }.into()),
                },
            }
        }
        Err(ServiceError::Contended)
    }

    async fn authenticate(&self, secret: &ApiSecret) -> Result<ApiKey, ServiceError> {
        let state = self.load(&Load { access: true, ..Load::default() }).await?;
        let access = state.access.unwrap_or_default();
        access.authenticate(secret).cloned().ok_or(ServiceError::Unauthenticated)
    }

    async fn shop(&self) -> Result<ShopView, ServiceError> {
        let (state, shop) = self.admit(&Actor::System, Load::default()).await?;
        Ok(ShopView { shop, chains: state.chains, now: state.now })
    }

    async fn access(&self, viewer: &Actor) -> Result<Access, ServiceError> {
        Ok(self
            .admit_operator(viewer, Load { access: true, ..Load::default() })
            .await?
            .access
            .unwrap_or_default())
    }

    async fn number(&self, number: PhoneNumber) -> Result<NumberRecord, ServiceError> {
        let load = Load { number: Some(number), ..Load::default() };
        let (state, shop) = self.admit(&Actor::System, load).await?;
        Ok(state.number_now(&shop.policy).ok_or(DomainError::NumberUnknown)?)
    }

    async fn numbers(
        &self,
        states: &[NumberState],
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, ServiceError> {
        let (state, shop) = self.admit(&Actor::System, Load::default()).await?;
        let query = NumberQuery { states: states.to_vec(), owner: Owner::Anybody };
        let Page { items, next } = self.store.numbers(&query, page).await?;
        let items = items
            .into_iter()
            .map(|record| record.at(state.now, &shop.policy))
            .filter(|record| states.is_empty() || states.contains(&record.state()))
            .collect();
        Ok(Page { items, next })
    }

    async fn search(
        &self,
        search: &NumberSearch,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, ServiceError> {
        let (state, shop) = self.admit(&Actor::System, Load::default()).await?;
        search::search(self.store.as_ref(), search, page, state.now, &shop.policy).await
    }

    async fn rental(&self, viewer: &Actor, number: PhoneNumber) -> Result<NumberRecord, ServiceError> {
        let load = Load { number: Some(number), ..Load::default() };
        let (state, shop) = self.admit(viewer, load).await?;
        let record = state.number_now(&shop.policy).ok_or(DomainError::RentalUnknown)?;
        match record.rental() {
            Some(rental) if viewer.may_see(&rental.holder) => Ok(record),
            _ => Err(DomainError::RentalUnknown.into()),
        }
    }

    async fn rentals(
        &self,
        viewer: &Actor,
        owner: &Owner,
        page: &PageRequest,
    ) -> Result<Page<NumberRecord>, ServiceError> {
        let (state, shop) = self.admit(viewer, Load::default()).await?;
        let Some(owner) = Self::visible(viewer, owner) else {
            return Ok(nothing());
        };
        let query = NumberQuery { states: vec![NumberState::Rented, NumberState::Grace], owner };
        let Page { items, next } = self.store.numbers(&query, page).await?;
        let items = items
            .into_iter()
            .map(|record| record.at(state.now, &shop.policy))
            .filter(|record| record.rental().is_some())
            .collect();
        Ok(Page { items, next })
    }

    async fn offered(
        &self,
        viewer: &Actor,
        offer: &OfferRef,
        customer: &CustomerId,
    ) -> Result<NumberRecord, ServiceError> {
        let load = Load { number: Some(offer.number()), ..Load::default() };
        let (state, shop) = self.admit(viewer, load).await?;
        if !viewer.may_see(customer) {
            return Err(DomainError::Denied.into());
        }
        let record = state.number_now(&shop.policy).ok_or(DomainError::TransferUnknown)?;
        let open = record.rental().and_then(|rental| rental.transfer.as_ref());
        match open.filter(|open| open.is_meant(offer, customer)) {
            Some(open) if state.now > open.expires_at => Err(DomainError::TransferExpired.into()),
            Some(_) if record.customer() == Some(customer) => Err(DomainError::TransferToSelf.into()),
            Some(_) => Ok(record),
            None => Err(DomainError::TransferUnknown.into()),
        }
    }

    async fn history(
        &self,
        viewer: &Actor,
        number: PhoneNumber,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, ServiceError> {
        let (state, _) = self.admit(viewer, Load { number: Some(number), ..Load::default() }).await?;
        state.number.ok_or(DomainError::NumberUnknown)?;
        let Page { items, next } = self.store.history(number, page).await?;
        let items = items.into_iter().map(|entry| entry.seen_by(viewer)).collect();
        Ok(Page { items, next })
    }

    async fn invoice(&self, viewer: &Actor, id: InvoiceId) -> Result<Invoice, ServiceError> {
        let load = Load { invoice: Some(InvoiceRef::Id(id)), ..Load::default() };
        let (state, _) = self.admit(viewer, load).await?;
        let invoice = state.invoice(id).filter(|invoice| viewer.may_see(&invoice.customer));
        Ok(invoice.cloned().ok_or(DomainError::InvoiceUnknown)?)
    }

    async fn invoices(
        &self,
        viewer: &Actor,
        query: &InvoiceQuery,
        page: &PageRequest,
    ) -> Result<Page<Invoice>, ServiceError> {
        self.admit(viewer, Load::default()).await?;
        let Some(owner) = Self::visible(viewer, &query.owner) else {
            return Ok(nothing());
        };
        Ok(self.store.invoices(&InvoiceQuery { owner, ..query.clone() }, page).await?)
    }

    async fn payment(&self, viewer: &Actor, tx: TxHash) -> Result<Payment, ServiceError> {
        let (state, _) = self.admit(viewer, Load { payment: Some(tx), ..Load::default() }).await?;
        let payment = state.payment.clone().ok_or(DomainError::PaymentUnknown)?;
        let customer = payment.invoice.and_then(|id| state.invoice(id)).map(|invoice| &invoice.customer);
        let visible = match (viewer, customer) {
            (Actor::Admin(_) | Actor::System, _) => true,
            (viewer, Some(customer)) => viewer.may_see(customer),
            (_, None) => false,
        };
        if visible { Ok(payment) } else { Err(DomainError::PaymentUnknown.into()) }
    }

    async fn payments(
        &self,
        viewer: &Actor,
        query: &PaymentQuery,
        page: &PageRequest,
    ) -> Result<Page<Payment>, ServiceError> {
        self.admit(viewer, Load::default()).await?;
        let Some(owner) = Self::visible(viewer, &query.owner) else {
            return Ok(nothing());
        };
        Ok(self.store.payments(&PaymentQuery { owner, ..query.clone() }, page).await?)
    }

    async fn account(&self, viewer: &Actor, customer: &CustomerId) -> Result<Account, ServiceError> {
        if !viewer.may_see(customer) {
            return Err(DomainError::Denied.into());
        }
        let (state, _) =
            self.admit(viewer, Load { accounts: vec![customer.clone()], ..Load::default() }).await?;
        Ok(state.account(customer).cloned().unwrap_or_else(|| Account::new(customer.clone())))
    }

    async fn accounts(&self, viewer: &Actor, page: &PageRequest) -> Result<Page<Account>, ServiceError> {
        self.admit_operator(viewer, Load::default()).await?;
        Ok(self.store.accounts(page).await?)
    }

    async fn audit(&self, viewer: &Actor, page: &PageRequest) -> Result<Page<AuditEntry>, ServiceError> {
        self.admit_operator(viewer, Load::default()).await?;
        Ok(self.store.audit(page).await?)
    }

    async fn feed(&self, viewer: &Actor, after: u64, limit: usize) -> Result<Vec<FeedEntry>, ServiceError> {
        self.admit(viewer, Load::default()).await?;
        let Some(owner) = Self::visible(viewer, &Owner::Anybody) else {
            return Ok(Vec::new());
        };
        let feed = self.store.feed(&owner, after, limit).await?;
        let seen = |entry: FeedEntry| FeedEntry { event: entry.event.seen_by(viewer), ..entry };
        Ok(feed.into_iter().map(seen).collect())
    }

    async fn totals(&self, viewer: &Actor) -> Result<Totals, ServiceError> {
        self.admit_operator(viewer, Load::default()).await?;
        Ok(self.store.totals().await?)
    }
}
