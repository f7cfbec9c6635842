//! The store that runs: what programs do with it beyond the store's own traits.

use std::sync::Arc;

use rental_core::{Clock, Leases, Notes, RateLimiter, Store, StoreError};
use rental_redis::{Ahead, RedisStore};
use rental_sqlite::SqliteStore;

use crate::app::OpenError;
use crate::{SandboxClock, ShopConfig};

/// The store that the configuration names.
#[derive(Debug, Clone)]
pub enum Backend {
    /// The embedded store.
    Sqlite(SqliteStore),
    /// Redis.
    Redis(RedisStore),
}

impl Backend {
    /// Opens the store that `config` names. The embedded one runs on `clock`, Redis on its server's, which `sandbox`
    /// turns forward.
    pub(crate) async fn open(
        config: &ShopConfig,
        clock: Arc<dyn Clock>,
        sandbox: Option<SandboxClock>,
    ) -> Result<Self, OpenError> {
        let Some(redis) = config.redis()? else {
            return Ok(Self::Sqlite(SqliteStore::open(&config.rental_db, clock)?));
        };
        let ahead = sandbox.map(|clock| Arc::new(move || clock.ahead()) as Ahead);
        Ok(Self::Redis(RedisStore::open_ahead(&redis, ahead).await?))
    }

    /// The store.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Redis(store) => Arc::new(store.clone()),
        }
    }

    /// Its leases.
    pub fn leases(&self) -> Arc<dyn Leases> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Redis(store) => Arc::new(store.clone()),
        }
    }

    /// Its notes.
    pub fn notes(&self) -> Arc<dyn Notes> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Redis(store) => Arc::new(store.clone()),
        }
    }

    /// Its rate limits, when counting in them is as cheap as the reads that they guard. In the embedded store a count
    /// waits for the disk.
    pub(crate) fn fast_limiter(&self) -> Option<Arc<dyn RateLimiter>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Redis(store) => Some(Arc::new(store.clone())),
        }
    }

    /// Looks over the store; answers what is wrong with it, nothing when it is whole.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be looked over.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => store.check().await,
            Self::Redis(_) => Ok(Vec::new()), // the books themselves are looked over by whoever reads them all
        }
    }

    /// What an operator should change in the settings of the store's server; nothing when all is well.
    ///
    /// # Errors
    /// [`StoreError`] when it does not answer.
    pub async fn advice(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(Vec::new()),
            Self::Redis(store) => store.advice().await,
        }
    }

    /// Finishes what was handed in. Blocks for as long as that takes.
    pub fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close(),
            Self::Redis(_) => {} // every answered call is finished
        }
    }
}
