//! The walk back through a wallet's chain, from the newest transaction to one that was read before.
//!
//! Every transaction names the hash and logical time of the one before it. Starting from the head and following
//! these links, each page of a provider is checked row by row: a transaction that is left out or invented breaks the
//! chain and the page is refused. Rows that are repeated or out of order do no harm, since the links order them. The walk itself does no I/O: a gateway asks
//! [`Walk::next`] where the next page has to begin, fetches it from wherever it likes, and hands it to
//! [`Walk::take`].

use std::collections::BTreeMap;

use rental_core::{ChainCursor, ChainTransaction, GatewayError, TxHash};

use crate::transaction::VerifiedTransaction;
use crate::{TonAddress, Watched};

/// A transaction's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its logical time.
    pub(crate) lt: u64,
    /// Its hash.
    pub(crate) hash: TxHash,
}

impl Link {
    pub(crate) fn cursor(self) -> ChainCursor {
        ChainCursor { lt: self.lt, hash: Some(self.hash) }
    }
}

/// One row of a provider's page.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What the provider says that the row is, when it says so.
    pub(crate) claimed: Option<Link>,
    /// The transaction's bag of cells.
    pub(crate) boc: Vec<u8>,
}

/// How many transactions one walk can hold. A provider that makes up a chain could go on for ever.
const LONGEST: usize = 1_000_000;

/// A walk under way.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    watched: &'a Watched,
    after: ChainCursor,
    /// The transaction that has to come next, or nothing when the walk is over.
    next: Option<Link>,
    /// What was met so far, newest first.
    met: Vec<ChainTransaction>,
}

impl<'a> Walk<'a> {
    /// A walk over the chain of `watched` from `head` back to `after`, both exclusive of what lies beyond.
    ///
    /// # Errors
    /// [`GatewayError::Unverified`] when `head` contradicts `after`; [`GatewayError::Unavailable`] when it is older,
    /// as happens behind a load balancer whose servers are not equally far.
    pub(crate) fn new(
        watched: &'a Watched,
        head: &ChainCursor,
        after: &ChainCursor,
    ) -> Result<Self, GatewayError> {
        if let Some(read) = after.hash {
            if head.lt == 0 {
                return Err(unverified(format!(
                    "it shows no transaction at all, but {read} had been read; the wallet may have been deleted"
                )));
            }
            if head.lt < after.lt {
                return Err(GatewayError::Unavailable(format!(
                    "its newest transaction is at {}, older than what was read at {}",
                    head.lt, after.lt
                )));
            }
        }
        let next = Self::following(head, after)?;
        Ok(Self { watched, after: *after, next, met: Vec::new() })
    }

    /// The transaction with which the next page must begin; nothing when the walk is over.
    pub(crate) fn next(&self) -> Option<Link> {
        self.next
    }

    /// Takes a page of rows around [`Walk::next`], in any order and with repetitions: what counts is that the chain
    /// goes on from there. Rows that are met already, that lie above or beyond the end of the walk are left aside.
    ///
    /// # Errors
    /// [`GatewayError::Unverified`] when the page does not hold the transaction that the chain demands, or holds it
    /// under a false name. What was met before stands: another provider's page can be taken instead.
    pub(crate) fn take(&mut self, page: &[Row]) -> Result<(), GatewayError> {
        let (mut rows, mut wrong) = (BTreeMap::new(), None);
        for row in page {
            match VerifiedTransaction::parse(&row.boc, self.watched.account()) {
                Ok(transaction) => {
                    let link = Link { lt: transaction.lt(), hash: transaction.hash() };
                    if row.claimed.is_some_and(|claimed| claimed != link) {
                        return Err(unverified(format!(
                            "a row is not the transaction that it says it is, but {}",
                            link.hash
                        )));
                    }
                    rows.insert((link.lt, link.hash), transaction);
                }
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        let before = self.met.len();
        if before > LONGEST {
            return Err(unverified(format!("its chain is longer than {LONGEST} transactions")));
        }
        while let Some(expected) = self.next {
            let Some(transaction) = rows.remove(&(expected.lt, expected.hash)) else { break };
            let previous = transaction.previous();
            if previous.lt >= expected.lt {
                return Err(unverified(format!(
                    "{} names a later transaction as the one before it",
                    expected.hash
                )));
            }
            // Both before the walk moves: a refused page leaves it where it was.
            let next = Self::following(&previous, &self.after)?;
            let met = transaction.classified(self.watched).map_err(|error| unverified(error.to_string()))?;
            self.met.push(met);
            self.next = next;
        }
        match self.next {
            // A page may end here, but not before something that it should have held.
            Some(expected) => match wrong {
                Some(error) => Err(unverified(error.to_string())),
                None if rows.keys().any(|(lt, _)| *lt > self.after.lt && *lt <= expected.lt) => {
                    Err(unverified(format!(
                        "the chain demands {} at {}, the answer goes on without it",
                        expected.hash, expected.lt
                    )))
                }
                None if self.met.len() == before => {
                    Err(unverified(format!("the answer does not hold {} at {}", expected.hash, expected.lt)))
                }
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Where the walk goes on after it was led to `link`; nowhere when it is over.
    ///
    /// Logical time 0 is the account's beginning. It may lie above the cursor: an account that is deleted and
    /// funded again begins anew, and forgets its former chain.
    fn following(link: &ChainCursor, after: &ChainCursor) -> Result<Option<Link>, GatewayError> {
        let Some(hash) = link.hash else { return Ok(None) };
        if link.lt > after.lt {
            return Ok(Some(Link { lt: link.lt, hash }));
        }
        match after.hash {
            Some(read) if link != after => Err(unverified(format!(
                "the chain leads to {hash} at {}, not to {read} at {}, which had been read",
                link.lt, after.lt
            ))),
            _ => Ok(None),
        }
    }

    /// Everything that was met, oldest first. Meaningful once [`Walk::next`] is `None`.
    pub(crate) fn finish(self) -> Vec<ChainTransaction> {
        let mut transactions = self.met;
        transactions.reverse();
        transactions
    }
}

/// The transactions of `wallet` that `page` holds, each with the one before it. Rows that are no such thing are left out.
pub(crate) fn links_of(page: &[Row], wallet: &TonAddress) -> BTreeMap<TxHash, (Link, ChainCursor)> {
    let read = page.iter().filter_map(|row| VerifiedTransaction::parse(&row.boc, wallet).ok());
    let links = read.map(|transaction| {
        let link = Link { lt: transaction.lt(), hash: transaction.hash() };
        (link.hash, (link, transaction.previous()))
    });
    links.collect()
}

fn unverified(reason: String) -> GatewayError {
    GatewayError::Unverified(reason)
}

#[cfg(test)]
mod tests;
