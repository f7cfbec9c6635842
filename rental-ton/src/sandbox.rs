//! A local chain for trying things out: no coins, no network, the same verification.
//!
//! The chain is a file with one transaction per line, a bag of cells in base64. Every process of a shop may append
//! to it and read it at once. A transaction made here is built like one of the real chain and read back through
//! the same walk and the same classification, so nothing above this crate can tell the difference.
//!
//! # File
//! Append-only. A writer holds an exclusive lock on the file, and a transaction is on disk before
//! [`Sandbox::append`] returns. A last line without its newline is the trace of a crash: readers ignore it, the next writer
//! cuts it off. The lines form one chain, each naming the hash of the one before.
//!
//! # Time
//! `read_to` promises that nothing with an earlier or equal chain time will still appear. So a reader takes the
//! time while it holds a shared lock and reports one second less; a writer takes the time of its transaction while
//! it holds the exclusive lock. Whichever comes later sees a later or equal clock, hence a chain time above every
//! `read_to` reported before. If the host's clock is set back, this still holds within a process, which remembers
//! what it reported.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rental_core::{
    Amount, ChainCursor, ChainHead, ChainRead, Clock, Comment, Currency, GatewayError, Network, NotPayment,
    PaymentGateway, PaymentLinks, PaymentRequest, TxHash, Wallet,
};

use self::ledger::{Ledger, Snapshot};
pub use self::registry::SandboxRegistry;
use crate::classify::recognise;
use crate::walk::{Row, Walk};
use crate::{TonAddress, Watched, payment_links};

mod ledger;
pub(crate) mod mint;
mod registry;

/// What is read of the sandbox's deposit wallet, and of the USDT wallet that belongs to it: `0:7777…77`.
const COINS: Watched = Watched::Wallet(WALLET);
const TOKENS: Watched = Watched::Usdt { wallet: TonAddress::new(0, [0x77; 32]), owner: WALLET };
/// The master of the sandbox's toy USDT: `0:6666…66`.
const MASTER: TonAddress = TonAddress::new(0, [0x66; 32]);
/// The sandbox's deposit wallet: `0:8888…88`. It is nobody's on the real chain.
const WALLET: TonAddress = TonAddress::new(0, [0x88; 32]);
/// Who pays when a transfer does not say who: `0:1111…11`.
const PAYER: TonAddress = TonAddress::new(0, [0x11; 32]);
/// Transactions in a page of the walk.
const PAGE: usize = 100;

/// Why the sandbox file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The file system refused.
    #[error("cannot {action} the sandbox file {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not a transaction of the sandbox's wallet.
    #[error(
        "line {line} of {path} is not a sandbox transaction: {reason}; choose another file, or remove this one"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A line does not continue the chain.
    #[error(
        "line {line} of {path} does not follow the one before it; the file was edited, remove it to start anew"
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// The file became shorter than it was.
    #[error("{path} was replaced or cut while in use; restart to read it from its beginning")]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The transfer cannot be made.
    #[error("this transfer cannot be made: {0}")]
    Transfer(String),
}

/// What a transfer in the sandbox shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SandboxKind {
    /// Money that comes and stays. With an amount of zero it reads back as [`NotPayment::ZeroValue`].
    #[default]
    Payment,
    /// Money with a message that nobody can read.
    Unreadable,
    /// A notice from a jetton's contract: money, but not a payment.
    JettonNotification,
    /// A transaction that looks like a payment and is none, for this reason.
    NotPayment(NotPayment),
    /// Money that the wallet sends, to this account.
    Outgoing(TonAddress),
}

/// A transfer to make in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxTransfer {
    /// The money.
    pub amount: Amount,
    /// What the payer writes, where the kind has room for it.
    pub comment: Comment,
    /// What it shall be.
    pub kind: SandboxKind,
    /// Who pays; `None` is `0:1111…11`.
    pub sender: Option<TonAddress>,
}

impl SandboxTransfer {
    /// A payment of `amount` with `text` as its comment.
    pub fn payment(amount: Amount, text: impl Into<String>) -> Self {
        Self { amount, comment: Comment::Text(text.into()), kind: SandboxKind::Payment, sender: None }
    }
}

/// The local chains: of the deposit wallet, and of its USDT wallet in a second file. As a gateway it reads one of them,
/// that of the deposit wallet unless [`Sandbox::of`] says otherwise. Clones share one view of the files.
///
/// ```
/// use std::sync::Arc;
/// use rental_core::{Amount, ChainCursor, PaymentGateway, SystemClock};
/// use rental_ton::{Sandbox, SandboxTransfer};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sandbox.chain");
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sandbox = Sandbox::open(path, Arc::new(SystemClock))?;
/// let amount: Amount = "10 TON".parse()?;
/// let tx = sandbox.append(&SandboxTransfer::payment(amount, "RENT-7F3K9Q"))?;
///
/// let read = sandbox.read(&ChainCursor::START).await?;
/// let payment = read.transactions[0].incoming().expect("it is a payment");
/// assert_eq!((payment.tx, payment.amount), (tx, amount));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sandbox {
    wallet: Wallet,
    watched: Watched,
    coins: Arc<Ledger>,
    tokens: Arc<Ledger>,
    owners: Vec<TonAddress>,
}

impl Sandbox {
    /// Opens the chain in the file at `path`, and that of USDT beside it with `.usdt` at the end. They are created when they
    /// are missing, and read once.
    ///
    /// # Errors
    /// [`SandboxError`] when the file cannot be opened, is no sandbox file, or was edited.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, SandboxError> {
        let mut beside = path.as_ref().as_os_str().to_owned();
        beside.push(".usdt");
        let coins = Ledger::open(path.as_ref().to_owned(), *COINS.account(), Arc::clone(&clock))?;
        let tokens = Ledger::open(beside.into(), *TOKENS.account(), clock)?;
        let wallet = Wallet { network: Network::Sandbox, address: WALLET.friendly(Network::Sandbox) };
        let (coins, tokens) = (Arc::new(coins), Arc::new(tokens));
        Ok(Self { wallet, watched: COINS, coins, tokens, owners: Vec::new() })
    }

    /// Knows these wallets as the operator's own.
    #[must_use]
    pub fn owned_by(self, owners: Vec<TonAddress>) -> Self {
        Self { owners, ..self }
    }

    /// The same sandbox, reading the chain of `currency`.
    #[must_use]
    pub fn of(&self, currency: Currency) -> Self {
        let watched = match currency {
            Currency::Ton => COINS,
            Currency::Usdt => TOKENS,
        };
        Self { watched, ..self.clone() }
    }

    /// The master of the toy USDT, and the wallet in which it lies.
    pub fn usdt(&self) -> (TonAddress, TonAddress) {
        (MASTER, *TOKENS.account())
    }

    fn ledger(&self, currency: Currency) -> &Arc<Ledger> {
        match currency {
            Currency::Ton => &self.coins,
            Currency::Usdt => &self.tokens,
        }
    }

    /// Appends a transaction to the chain of its amount's currency and returns its hash once it is on disk.
    ///
    /// Its chain time is the clock's, but never before that of the last transaction; its logical time is above all
    /// others. Blocks on the disk and on other writers: from async code call it in `spawn_blocking`.
    ///
    /// # Errors
    /// [`SandboxError`]; nothing was appended then, unless writing to disk failed at the very end.
    pub fn append(&self, transfer: &SandboxTransfer) -> Result<TxHash, SandboxError> {
        let sender = transfer.sender.unwrap_or(PAYER);
        match transfer.amount.currency() {
            Currency::Ton => self.coins.append(|place| mint::transfer(place, transfer, &sender)),
            Currency::Usdt => {
                self.tokens.append(|place| mint::tokens::transfer(place, transfer, &sender, &WALLET))
            }
        }
    }

    async fn snapshot(&self, after: ChainCursor) -> Result<Snapshot, GatewayError> {
        let ledger = Arc::clone(self.ledger(self.watched.currency()));
        let snapshot = tokio::task::spawn_blocking(move || ledger.snapshot(&after)).await;
        snapshot
            .map_err(|error| {
                GatewayError::Unavailable(format!("reading the sandbox file was cut short: {error}"))
            })?
            .map_err(|error| match error {
                SandboxError::Io { .. } | SandboxError::Transfer(_) => {
                    GatewayError::Unavailable(error.to_string())
                }
                _ => GatewayError::Unverified(error.to_string()),
            })
    }
}

#[async_trait]
impl PaymentGateway for Sandbox {
    fn currency(&self) -> Currency {
        self.watched.currency()
    }

    fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    async fn head(&self) -> Result<ChainHead, GatewayError> {
        // After the end of time there is nothing, so no line is read.
        let Snapshot { head, read_to, .. } = self.snapshot(ChainCursor { lt: u64::MAX, hash: None }).await?;
        Ok(ChainHead { cursor: head, read_to })
    }

    async fn read(&self, after: &ChainCursor) -> Result<ChainRead, GatewayError> {
        let Snapshot { head, read_to, rows } = self.snapshot(*after).await?;
        let mut walk = Walk::new(&self.watched, &head, after)?;
        let mut pages = rows.chunks(PAGE);
        while walk.next().is_some() {
            let page: &[Row] = pages.next().unwrap_or_default();
            walk.take(page)?;
        }
        let mut transactions = walk.finish();
        recognise(&mut transactions, &self.owners);
        Ok(ChainRead { transactions, read_to })
    }

    fn links(&self, request: &PaymentRequest) -> PaymentLinks {
        payment_links(Network::Sandbox, request)
    }
}
