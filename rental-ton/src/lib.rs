//! TON payments: verified reading of the deposit wallet's chain.
//!
//! A customer pays to one wallet and writes an invoice's code into the comment. This crate finds these payments
//! and believes nobody on the way. It holds no key and sends nothing.
//!
//! ```text
//!  Providers      Sandbox          where transactions come from: HTTP APIs, or a local file
//!       \           /
//!        walk                      back along the `prev` links: nothing left out, invented or reordered
//!          |
//!       transaction                a bag of cells whose hash is recomputed: not one bit changed
//!          |
//!       classify  →  comment       did coins or tokens come in and stay? what did the payer write?
//! ```
//!
//! Both gateways implement [`rental_core::PaymentGateway`] and share everything below the first line, so what is
//! tried in the sandbox is what runs on the chain. [`TonAddress`] reads addresses in any spelling and
//! [`payment_links`] writes the links that open a wallet.
//!
//! Three decisions explain the rest:
//! - **Only the bag of cells counts.** The JSON of the HTTP APIs does not say whether money bounced back; a shop
//!   that trusts it gives numbers away for free.
//! - **A read is complete or it fails.** The chain of hashes proves that no transaction was skipped between two
//!   reads. Without the proof nothing is booked.
//! - **An odd message is a result, not an error.** Anybody can send anything to a public address; one strange
//!   message must not stop the shop from seeing the payment behind it.
//!
//! What this does not prove is that the provider's newest transaction is on the chain at all. For that [`TonGateway`]
//! asks a second provider, and says of each transaction who has it.

mod address;
mod classify;
mod comment;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gateway;
mod item;
mod links;
mod provider;
mod registry;
mod sandbox;
mod transaction;
mod usdt;
mod walk;
mod watched;

pub use address::{AddressError, TonAddress};
pub use gateway::TonGateway;
pub use item::{NUMBERS, item_address};
pub use links::payment_links;
pub use provider::{
    ApiKey, INCLUSION_MARGIN, MethodResult, Provider, ProviderConfig, ProviderError, ProviderKind, Providers,
    StackValue, UnknownProvider,
};
pub use registry::TonRegistry;
pub use sandbox::{Sandbox, SandboxError, SandboxKind, SandboxRegistry, SandboxTransfer};
pub use transaction::{TransactionError, verify_transaction, verify_watched};
pub use usdt::{USDT_MASTER, resolve_usdt_wallet, usdt_wallet};
pub use watched::Watched;
