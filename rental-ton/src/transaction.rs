//! One transaction, taken from its bag of cells and from nothing else.
//!
//! Providers wrap a transaction in JSON that leaves out what matters (whether the money bounced) and that nobody
//! signed. The bag of cells (BoC) carries everything, and its hash is the transaction's identity: recomputing it
//! proves that not one bit was changed. The bits of the cells are parsed by `tycho-types`.

use rental_core::{ChainCursor, ChainTransaction, Timestamp, TxHash};
use tycho_types::boc::Boc;
use tycho_types::models::Transaction;

use crate::classify::{classify, outgoing};
use crate::{TonAddress, Watched};

/// Why the bytes are not a transaction of the wallet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The bytes are no bag of cells.
    #[error("the bytes are not a bag of cells: {0}")]
    NotCells(String),
    /// The cells are no transaction.
    #[error("the cells of {tx} are not a transaction: {reason}")]
    NotATransaction {
        /// The hash of the cells.
        tx: TxHash,
        /// What the parser says.
        reason: String,
    },
    /// The transaction is not the one that was asked for.
    #[error("the transaction is {actual}, not {expected}")]
    WrongHash {
        /// What was asked for.
        expected: TxHash,
        /// What the bytes are.
        actual: TxHash,
    },
    /// The transaction happened on another account.
    #[error("transaction {tx} is of another account than {wallet}")]
    ForeignAccount {
        /// The transaction.
        tx: TxHash,
        /// The account whose transactions are read.
        wallet: String,
    },
}

/// Checks that `boc` is the transaction `expected` of `wallet`, and says what it is.
///
/// # Errors
/// [`TransactionError`] when the bytes are anything else; nothing of them may be used then. A message inside that
/// cannot be read is not an error but a [`Verdict::Unreadable`](rental_core::Verdict::Unreadable).
pub fn verify_transaction(
    boc: &[u8],
    expected: &TxHash,
    wallet: &TonAddress,
) -> Result<ChainTransaction, TransactionError> {
    verify_watched(boc, expected, &Watched::Wallet(*wallet))
}

/// The same for a transaction of whichever account is read.
///
/// # Errors
/// [`TransactionError`].
pub fn verify_watched(
    boc: &[u8],
    expected: &TxHash,
    watched: &Watched,
) -> Result<ChainTransaction, TransactionError> {
    VerifiedTransaction::parse(boc, watched.account())?.expect_hash(expected)?.classified(watched)
}

/// A transaction of the wallet whose hash was computed from its own bytes.
#[derive(Debug)]
pub(crate) struct VerifiedTransaction {
    hash: TxHash,
    transaction: Transaction,
}

impl VerifiedTransaction {
    /// Parses `boc` and checks that it is a transaction of `wallet`.
    pub(crate) fn parse(boc: &[u8], wallet: &TonAddress) -> Result<Self, TransactionError> {
        let root = Boc::decode(boc).map_err(|error| TransactionError::NotCells(error.to_string()))?;
        let hash = TxHash(root.repr_hash().0);
        let transaction = root
            .parse::<Transaction>()
            .map_err(|error| TransactionError::NotATransaction { tx: hash, reason: error.to_string() })?;
        if transaction.account.0 != *wallet.id() {
            return Err(TransactionError::ForeignAccount { tx: hash, wallet: wallet.to_string() });
        }
        Ok(Self { hash, transaction })
    }

    /// The transaction itself, if it is the one that was asked for.
    pub(crate) fn expect_hash(self, expected: &TxHash) -> Result<Self, TransactionError> {
        if self.hash == *expected {
            Ok(self)
        } else {
            Err(TransactionError::WrongHash { expected: *expected, actual: self.hash })
        }
    }

    /// The recomputed hash.
    pub(crate) fn hash(&self) -> TxHash {
        self.hash
    }

    /// The logical time.
    pub(crate) fn lt(&self) -> u64 {
        self.transaction.lt
    }

    /// When the chain took it.
    pub(crate) fn chain_time(&self) -> Timestamp {
        Timestamp::from_unix(u64::from(self.transaction.now))
    }

    /// The transaction before this one; [`ChainCursor::START`] when this is the account's first.
    pub(crate) fn previous(&self) -> ChainCursor {
        match self.transaction.prev_trans_lt {
            0 => ChainCursor::START,
            lt => ChainCursor { lt, hash: Some(TxHash(self.transaction.prev_trans_hash.0)) },
        }
    }

    /// The parsed cells.
    pub(crate) fn parts(&self) -> &Transaction {
        &self.transaction
    }

    /// What the transaction is.
    pub(crate) fn classified(&self, watched: &Watched) -> Result<ChainTransaction, TransactionError> {
        Ok(ChainTransaction {
            tx: self.hash(),
            lt: self.lt(),
            chain_time: self.chain_time(),
            verdict: classify(self, watched)?,
            // The token wallet is a contract: what it sends is no doing of the operator's that a refund could be.
            outgoing: outgoing(self, watched),
        })
    }
}
