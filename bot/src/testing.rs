//! What the unit tests share: a bot on a mocked shop, to which no Telegram answers.

use std::sync::Arc;

use rental_app::LocalCounters;
use rental_core::{
    ChainCursor, Chains, DomainError, FakeGateway, ManualClock, MemoryStore, MockRentals, Network,
    NumberRecord, Page, PhoneNumber, Policy, Quota, Seconds, Shop, ShopView, Timestamp, Wallet,
};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::bot::{Bot, House, Session};
use crate::catalogue::Catalogue;
use crate::codes::Codes;
use crate::memory::Memory;
use crate::telegram::{Me, Telegram};
use crate::texts::Language;

/// 2026-01-01T00:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);

/// The bot, where nobody listens on Telegram's side.
pub(crate) fn bot(mut rentals: MockRentals) -> Bot {
    // Nobody is an operator, where a test does not say otherwise.
    rentals.expect_access().returning(|_| Err(DomainError::Denied.into()));
    // Nothing is free, where a test does not say otherwise.
    rentals.expect_search().returning(|_, _| Ok(Page { items: Vec::new(), next: None }));
    let clock = Arc::new(ManualClock::at(NOW));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let token = SecretString::from("1:x");
    Bot {
        telegram: Telegram::new("http://127.0.0.1:1", &token).expect("a client"),
        rentals: Arc::new(rentals),
        gateway: Arc::new(FakeGateway::new()),
        sandbox: None,
        memory: Memory::new(store.clone()),
        store: store.clone(),
        leases: store.clone(),
        notes: store,
        limiter: Arc::new(LocalCounters::new(clock)),
        catalogue: Catalogue::default(),
        codes: Codes::default(),
        house: House {
            owner: Some(1),
            support_url: None,
            rules: None,
            quota: Quota { limit: 3, window: Seconds(10) },
        },
        me: OnceCell::new_with(Some(Me { id: 1, username: "shop_bot".to_owned() })),
    }
}

pub(crate) fn session(user: u64) -> Session {
    Session { user, language: Language::En, awaited: None }
}

pub(crate) fn number() -> PhoneNumber {
    "+88801234567".parse().expect("a number")
}

pub(crate) fn record() -> NumberRecord {
    NumberRecord { version: 1, ..NumberRecord::new(number(), vec!["30d=10".parse().expect("a plan")], NOW) }
}

pub(crate) fn shop_view() -> ShopView {
    let (policy, chain_start) = (Policy::default(), ChainCursor::START);
    let shop = Shop { wallet: wallet(), usdt: None, policy, chain_start, opened_at: NOW, version: 1 };
    ShopView { shop, chains: Chains::default(), now: NOW }
}

fn wallet() -> Wallet {
    Wallet { network: Network::Sandbox, address: "UQtest".to_owned() }
}
