//! How money reaches us: the payment gateway.
//!
//! A gateway reads the chain of one currency's wallet, verifies what it reads, and says of each transaction whether it
//! is a payment. It decides nothing about invoices: matching and settlement are rules (`decide`). It holds no
//! private key and can send nothing.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Amount, Currency, Invoice, Payment, Seconds, Timestamp, TxHash};

pub mod fake;
// Its own name beside the macro's, because the stores have a conformance suite, too.
#[cfg(any(test, feature = "conformance"))]
#[path = "gateway/conformance.rs"]
pub mod gateway_conformance;

pub use fake::FakeGateway;

/// Which chain a wallet lives on. Coins of different networks never mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Real coins.
    Mainnet,
    /// The public test network.
    Testnet,
    /// The local chain for trying things out.
    Sandbox,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Sandbox => "sandbox",
        })
    }
}

/// The wallet that customers pay to, in whatever currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// The network it lives on.
    pub network: Network,
    /// The address as shown to payers: non-bounceable, URL-safe (`UQ…`, on a test network `0Q…`).
    pub address: String,
}

/// A position in a wallet's chain: the last transaction that was dealt with.
///
/// `lt` is the logical time, which grows with every transaction of an account. Without a hash the position is a
/// bare logical time, as an operator may configure it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ChainCursor {
    /// Logical time; 0 is before the first transaction.
    pub lt: u64,
    /// The hash of the transaction at `lt`, once one was read.
    pub hash: Option<TxHash>,
}

impl ChainCursor {
    /// Before the first transaction.
    pub const START: Self = Self { lt: 0, hash: None };
}

/// The newest state of the wallet's chain that the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The newest transaction, or [`ChainCursor::START`] for an account without any.
    pub cursor: ChainCursor,
    /// The chain time up to which the gateway's source had seen the chain when it answered.
    pub read_to: Timestamp,
}

/// What a payer wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Comment {
    /// No body at all.
    None,
    /// A text; it may be empty.
    Text(String),
    /// A comment encrypted for the wallet's key holder; this server cannot read it.
    Encrypted,
    /// A text comment whose bytes are not UTF-8, in lower-case hex.
    Binary(String),
    /// A body that is no comment and no operation, such as one shorter than an operation code.
    Malformed,
}

impl Comment {
    /// The text, where there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Money that reached the wallet, as the chain tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingPayment {
    /// The transaction on the wallet's own account; identifies the payment for ever.
    pub tx: TxHash,
    /// Its logical time.
    pub lt: u64,
    /// What was credited.
    pub amount: Amount,
    /// What the payer wrote.
    pub comment: Comment,
    /// Who paid: a raw address, `workchain:hex`. May be an exchange's or another contract's.
    pub sender: String,
    /// When the chain took it.
    pub chain_time: Timestamp,
}

/// What a transaction of the wallet is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Money came in and stayed.
    Payment(IncomingPayment),
    /// Money came in from one of the operator's own wallets and stayed.
    FromOwner(IncomingPayment),
    /// Money came in, but the message could not be read. It is booked for a person to look at.
    Unreadable(IncomingPayment),
    /// Not a payment.
    NotPayment(NotPayment),
}

/// Why a transaction is not a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotPayment {
    /// The wallet's own external message, a deployment for one.
    ExternalIn,
    /// The wallet paid itself.
    SelfTransfer,
    /// Nothing was transferred.
    ZeroValue,
    /// The wallet's own money came back.
    BouncedBackToUs,
    /// The money was returned to its sender in the same transaction.
    ReturnedToSender,
    /// A message between contracts: a jetton notification, an excess, a sale's proceeds.
    ContractOp,
    /// A tick-tock or other transaction without an incoming message.
    NoMessage,
}

/// One verified transaction of the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTransaction {
    /// Its hash.
    pub tx: TxHash,
    /// Its logical time.
    pub lt: u64,
    /// When the chain took it.
    pub chain_time: Timestamp,
    /// What it is.
    pub verdict: Verdict,
    /// What the wallet sent in it.
    pub outgoing: Vec<OutgoingTransfer>,
}

/// Money that the wallet sent: its key is the operator's, so this is the operator's own doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingTransfer {
    /// The transaction of the wallet in which it was sent; there can be several in one.
    pub tx: TxHash,
    /// Its logical time.
    pub lt: u64,
    /// To whom, as a raw address.
    pub to: String,
    /// How much.
    pub amount: Amount,
    /// What the operator wrote.
    pub comment: Comment,
}

/// How much a transfer is like the refund of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// It is the refund: recipient, amount and comment are those of the prepared link.
    Refund,
    /// It may be: it names the payment with another recipient or amount, or fits without naming it.
    InPart,
    /// It is something else.
    Other,
}

impl OutgoingTransfer {
    /// How much this is like the refund of `payment`.
    pub fn likeness(&self, payment: &Payment) -> Likeness {
        if self.lt <= payment.lt {
            return Likeness::Other;
        }
        let text = self.comment.text().unwrap_or_default().trim();
        let names_it = text == payment.refund_comment();
        let fits = self.to == payment.sender && self.amount == payment.amount;
        match (names_it, fits) {
            (true, true) => Likeness::Refund,
            (true, false) => Likeness::InPart,
            // The refund of another payment of the same sender and amount is no riddle.
            (false, true) if !Payment::is_refund_comment(text) => Likeness::InPart,
            (false, _) => Likeness::Other,
        }
    }
}

impl ChainTransaction {
    /// The position just after this transaction.
    pub fn cursor(&self) -> ChainCursor {
        ChainCursor { lt: self.lt, hash: Some(self.tx) }
    }

    /// The money in it, payment or unreadable.
    pub fn incoming(&self) -> Option<&IncomingPayment> {
        match &self.verdict {
            Verdict::Payment(payment) | Verdict::FromOwner(payment) | Verdict::Unreadable(payment) => {
                Some(payment)
            }
            Verdict::NotPayment(_) => None,
        }
    }
}

/// A gapless piece of the wallet's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRead {
    /// Every transaction after the asked position, oldest first, without a gap.
    pub transactions: Vec<ChainTransaction>,
    /// The chain time up to which the chain is now known completely; an earlier one than was said before, such as
    /// [`Timestamp::EPOCH`], says nothing new.
    pub read_to: Timestamp,
}

/// What a customer is asked to pay; the gateway turns it into links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Where to.
    pub address: String,
    /// How much, exactly.
    pub amount: Amount,
    /// The master contract of the jetton to pay in; `None` for the coin of the chain itself.
    pub jetton: Option<String>,
    /// The comment, when one is needed.
    pub comment: Option<String>,
    /// When a wallet should stop offering to pay.
    pub expires_at: Option<Timestamp>,
}

/// Links that open a wallet with everything filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentLinks {
    /// `ton://transfer/…`, for QR codes and wallets on this device.
    pub ton: String,
    /// `https://…`, where only web links can be clicked: the link of the first wallet.
    pub https: String,
    /// One web link for each wallet app that pays on this network, the most used app first.
    pub wallets: Vec<WalletLink>,
}

/// A web link that opens one wallet app with everything filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletLink {
    /// The app's stable name, such as `tonhub`.
    pub wallet: String,
    /// The app's name for people, such as `Tonhub`.
    pub name: String,
    /// The link.
    pub url: String,
}

/// How many of a gateway's sources have a transaction in their chain.
///
/// What that means for a payment is a rule ([`decide`](crate::decide)); a gateway only counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// How many sources the gateway has.
    pub sources: u8,
    /// How many of them have it.
    pub confirmed: u8,
    /// How many have gone past its place and do not have it there.
    pub denied: u8,
}

impl Sighting {
    /// Seen by the only source.
    pub const SOLE: Self = Self { sources: 1, confirmed: 1, denied: 0 };
}

/// How a source of the chain is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// Its name, such as `toncenter`.
    pub name: String,
    /// Whether it works.
    pub state: SourceState,
    /// What went wrong since it last worked.
    pub last_error: Option<String>,
    /// Up to where it last said that it had seen the chain.
    pub read_to: Option<Timestamp>,
}

/// Whether a source works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// It does, as far as it was asked.
    Ok,
    /// The last request failed.
    Failing,
    /// It has failed so often that it is not asked for a while.
    LeftAlone,
}

impl SourceState {
    /// The stable name: `ok`, `failing` or `left_alone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::LeftAlone => "left_alone",
        }
    }
}

/// Why the chain could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No usable answer; the same call may succeed later.
    #[error("the payment provider did not answer properly: {0}; the read is retried")]
    Unavailable(String),
    /// The provider asks to slow down.
    #[error("the payment provider asks to wait {} s", .retry_after.0)]
    RateLimited {
        /// How long to wait.
        retry_after: Seconds,
    },
    /// The answer contradicts itself or what was read before. Nothing of it may be used.
    #[error("the payment provider's answer failed verification: {0}; nothing was booked, check the provider")]
    Unverified(String),
    /// The provider refuses us: a bad key, a wrong network, a bad address.
    #[error(
        "the payment provider refused the request: {0}; check TON_API_URL, TON_API_TOKEN and TON_NETWORK"
    )]
    Refused(String),
}

/// Reads the chain on which one currency arrives: that of the deposit wallet itself, or that of the jetton wallet that
/// belongs to it.
///
/// # Contract
/// - Every payment that it reads is in its `currency`. Links it makes for any.
/// - `read` returns *every* transaction after the position, oldest first, each verified, none invented, none
///   left out; or an error. A partial answer is an error.
/// - One `read` serves the whole wallet: its cost does not depend on how many invoices are open.
/// - Reading is repeatable: the same position gives the same transactions, plus what has come since.
/// - `read_to` never exceeds the chain time that the source has really seen, so "no payment in this read" means
///   "no payment on chain up to `read_to`".
/// - An unreadable message is a [`Verdict`], never an error: one bad transaction cannot stop the reading.
#[async_trait]
pub trait PaymentGateway: Send + Sync + fmt::Debug {
    /// What arrives there.
    fn currency(&self) -> Currency;

    /// The wallet that customers pay to.
    fn wallet(&self) -> &Wallet;

    /// The newest position.
    async fn head(&self) -> Result<ChainHead, GatewayError>;

    /// Everything after `after`.
    async fn read(&self, after: &ChainCursor) -> Result<ChainRead, GatewayError>;

    /// Who has the transactions at `places` in their chain; one answer for each, in the same order.
    ///
    /// A gateway with one source has nobody to ask.
    async fn sightings(&self, places: &[ChainCursor]) -> Result<Vec<Sighting>, GatewayError> {
        Ok(vec![Sighting::SOLE; places.len()])
    }

    /// How the sources are doing, where there are any that can fail.
    fn sources(&self) -> Vec<SourceStatus> {
        Vec::new()
    }

    /// Links for paying `request`, in whatever currency.
    fn links(&self, request: &PaymentRequest) -> PaymentLinks;

    /// Links for paying `invoice`.
    fn invoice_links(&self, invoice: &Invoice) -> PaymentLinks {
        self.links(&PaymentRequest {
            address: self.wallet().address.clone(),
            amount: invoice.amount,
            jetton: invoice.jetton.clone(),
            comment: Some(invoice.payload.to_string()),
            expires_at: Some(invoice.expires_at),
        })
    }
}
