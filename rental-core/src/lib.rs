//! Rent out +888 numbers: the domain types, the rules, and the traits for storage and payments.
//!
//! One number has one holder, one coin is counted once, and nothing that was paid is lost. This crate keeps that
//! promise without knowing a database, a chain or a user interface: it has no I/O of its own.
//!
//! # How a change happens
//!
//! ```text
//! load(keys) ─► decide(state, envelope, now) ─► commit(changes)
//! ```
//!
//! [`Store::load`] gives one consistent cut of the shop with the store's clock. [`decide`] holds *all* rules, as one
//! pure function. [`Store::commit`] compares versions, once-keys and locks, and writes everything or nothing.
//! [`RentalService`] runs the three with bounded retries and answers questions; frontends see it as [`Rentals`].
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | the rules | [`decide`] and its module's table |
//! | what can be asked | [`Command`], [`Rentals`] |
//! | what can be refused, and the stable codes | [`DomainError`], [`ServiceError`] |
//! | writing a store | [`Store`], [`Leases`], [`RateLimiter`], [`Notes`], [`MemoryStore`], and `conformance` behind its feature |
//! | reading another chain | [`PaymentGateway`], [`FakeGateway`], [`NumberRegistry`] |
//! | proving the books | [`reconcile`], [`find_violations`] |
//!
//! # Units
//!
//! Money is an [`Amount`]: whole smallest units of one [`Currency`]. There is no floating point anywhere. Time is whole seconds: [`Timestamp`] since 1970,
//! [`Seconds`] for lengths. Terms are whole days of 24 hours.
//!
//! # Example
//!
//! A rental from listing to holding, on the in-memory store with a payment scripted by hand:
//!
//! ```
//! use std::sync::Arc;
//! use rental_core::*;
//!
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = ManualClock::at("2026-01-01T00:00:00Z".parse()?);
//! let service = RentalService::new(Arc::new(MemoryStore::new(Arc::new(clock.clone()))));
//! let wallet = Wallet { network: Network::Sandbox, address: "UQ…".into() };
//! service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await?;
//!
//! let number = "+888 0123 4567".parse()?;
//! let admin = Actor::Admin(AdminId::Console("owner".into()));
//! let plans = vec!["30d=10".parse()?];
//! service.execute(Request::new(admin, Command::AddNumber { number, plans })).await?;
//!
//! let customer = CustomerId::Telegram(7);
//! let term = Term::from_days(30)?;
//! let open = Command::OpenRent { number, term, customer: customer.clone(), currency: Currency::Ton };
//! let invoice = service.execute(Request::new(Actor::Customer(customer.clone()), open)).await?.invoice()?;
//!
//! let incoming = IncomingPayment {
//!     tx: TxHash([1; 32]),
//!     lt: 1,
//!     amount: invoice.amount,
//!     comment: Comment::Text(invoice.payload.to_string()),
//!     sender: "0:…".into(),
//!     chain_time: clock.now(),
//! };
//! let book = Command::Book { incoming, unreadable: false, sighting: Sighting::SOLE };
//! let payment = service.execute(Request::new(Actor::System, book)).await?.payment()?;
//! assert_eq!(payment.outcome, Outcome::Settled);
//!
//! let record = service.rental(&Actor::Customer(customer.clone()), number).await?;
//! let rental = record.rental().expect("it is held now");
//! assert_eq!((&rental.holder, rental.expires_at.to_string().as_str()), (&customer, "2026-01-31T00:00:00Z"));
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(demo())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod account;
mod clock;
mod command;
mod decide;
mod error;
mod event;
mod gateway;
mod identity;
mod invariants;
mod invoice;
mod lease;
mod limiter;
mod maintenance;
mod money;
mod notes;
mod number;
mod number_pattern;
mod number_record;
mod ownership;
mod payment;
mod plan;
mod reconcile;
mod rental;
mod service;
mod shop;
mod store;
mod term;
mod text_form;
mod transfer;

pub use access::*;
pub use account::*;
pub use clock::*;
pub use command::*;
pub use decide::*;
pub use error::*;
pub use event::*;
pub use gateway::*;
pub use identity::*;
pub use invariants::*;
pub use invoice::*;
pub use lease::*;
pub use limiter::*;
pub use maintenance::*;
pub use money::*;
pub use notes::*;
pub use number::*;
pub use number_pattern::*;
pub use number_record::*;
pub use ownership::*;
pub use payment::*;
pub use plan::*;
pub use reconcile::*;
pub use rental::*;
pub use service::*;
pub use shop::*;
pub use store::*;
pub use term::*;
pub use transfer::*;
/// The type of time-sortable ids.
pub use ulid::Ulid;
