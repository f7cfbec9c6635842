//! The books against the chain, transaction by transaction.
//!
//! The invariant: everything that came in on chain is booked exactly once, with the same figures, and what is called
//! settled really paid for an invoice. [`reconcile`] proves it or names what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::{ChainTransaction, Invoice, InvoiceId, InvoiceStatus, Nanotons, Outcome, Payment, TxHash};

/// The result of comparing the books with the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// The sum of everything that came in on chain, in nanotons.
    pub on_chain: u128,
    /// The sum of everything booked, in nanotons.
    pub booked: u128,
    /// How many transactions brought money in.
    pub transactions: usize,
    /// The sum of what came in later and waits to be booked, in nanotons; not compared.
    pub waiting: u128,
    /// How many transactions wait to be booked.
    pub waiting_transactions: usize,
    /// The booked sum of each outcome, in nanotons.
    pub by_outcome: BTreeMap<&'static str, u128>,
    /// What is wrong; empty when the books balance.
    pub findings: Vec<Finding>,
}

/// Something that is wrong in the books.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Came in on chain and is not booked.
    Missing {
        /// The transaction.
        tx: TxHash,
        /// What came in.
        amount: Nanotons,
    },
    /// Is booked and did not come in on chain.
    Invented {
        /// The transaction.
        tx: TxHash,
        /// What is booked.
        amount: Nanotons,
    },
    /// Is booked with another amount.
    AmountDiffers {
        /// The transaction.
        tx: TxHash,
        /// What came in.
        on_chain: Nanotons,
        /// What is booked.
        booked: Nanotons,
    },
    /// Is booked with another detail.
    DetailDiffers {
        /// The transaction.
        tx: TxHash,
        /// Which.
        detail: &'static str,
    },
    /// Is called settled or applied, but its invoice is not settled by it.
    NotItsInvoice {
        /// The transaction.
        tx: TxHash,
        /// The invoice it is booked for.
        invoice: Option<InvoiceId>,
    },
    /// Is called settled, but its amount is not the invoice's.
    PriceDiffers {
        /// The transaction.
        tx: TxHash,
        /// The invoice.
        invoice: InvoiceId,
    },
    /// An invoice is called settled, but no payment is booked as paying for it.
    Unpaid {
        /// The invoice.
        invoice: InvoiceId,
        /// The transaction it names.
        tx: TxHash,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { tx, amount } => write!(f, "{tx}: {amount} TON came in and is not booked"),
            Self::Invented { tx, amount } => write!(f, "{tx}: {amount} TON is booked and did not come in"),
            Self::AmountDiffers { tx, on_chain, booked } => {
                write!(f, "{tx}: {on_chain} TON came in, {booked} TON is booked")
            }
            Self::DetailDiffers { tx, detail } => write!(f, "{tx}: the booked {detail} is not the chain's"),
            Self::NotItsInvoice { tx, invoice: Some(invoice) } => {
                write!(f, "{tx}: is booked as paying for {invoice}, which it did not settle")
            }
            Self::NotItsInvoice { tx, invoice: None } => {
                write!(f, "{tx}: is booked as settled without an invoice")
            }
            Self::PriceDiffers { tx, invoice } => write!(f, "{tx}: its amount is not the price of {invoice}"),
            Self::Unpaid { invoice, tx } => {
                write!(f, "{invoice}: is settled by {tx}, which is not booked for it")
            }
        }
    }
}

impl Reconciliation {
    /// Whether the books balance to the nanoton and every row is right.
    pub fn balances(&self) -> bool {
        self.findings.is_empty() && self.on_chain == self.booked
    }
}

/// Compares the transactions of the chain with the booked payments and the settled invoices, up to the logical time
/// `booked_to`: what came later is counted as waiting.
///
/// The listings may be taken while the shop goes on, in this order: the position, the invoices, the payments.
pub fn reconcile(
    chain: &[ChainTransaction],
    booked_to: u64,
    payments: &[Payment],
    invoices: &[Invoice],
) -> Reconciliation {
    let mut findings = BTreeSet::new();
    let (incoming, waiting): (Vec<_>, Vec<_>) =
        chain.iter().filter_map(ChainTransaction::incoming).partition(|payment| payment.lt <= booked_to);
    let (payments, later): (Vec<_>, Vec<_>) = payments.iter().partition(|payment| payment.lt <= booked_to);
    let later: BTreeSet<TxHash> = later.into_iter().map(|payment| payment.tx).collect();
    let incoming: BTreeMap<TxHash, _> = incoming.into_iter().map(|payment| (payment.tx, payment)).collect();
    let booked: BTreeMap<TxHash, &Payment> = payments.iter().map(|payment| (payment.tx, *payment)).collect();
    let settled: BTreeMap<InvoiceId, &Invoice> =
        invoices.iter().map(|invoice| (invoice.id, invoice)).collect();

    for (tx, payment) in &incoming {
        let (tx, amount) = (*tx, payment.amount);
        let Some(row) = booked.get(&tx) else {
            findings.insert(Finding::Missing { tx, amount });
            continue;
        };
        if row.amount != amount {
            findings.insert(Finding::AmountDiffers { tx, on_chain: amount, booked: row.amount });
        }
        let details = [
            ("comment", row.comment == payment.comment),
            ("sender", row.sender == payment.sender),
            ("chain time", row.chain_time == payment.chain_time),
            ("logical time", row.lt == payment.lt),
        ];
        findings.extend(
            details
                .into_iter()
                .filter(|(_, same)| !same)
                .map(|(detail, _)| Finding::DetailDiffers { tx, detail }),
        );
    }
    for payment in &payments {
        let tx = payment.tx;
        if !incoming.contains_key(&tx) {
            findings.insert(Finding::Invented { tx, amount: payment.amount });
        }
        if matches!(payment.outcome, Outcome::Settled | Outcome::Applied { .. }) {
            let invoice = payment
                .invoice
                .and_then(|id| settled.get(&id))
                .filter(|invoice| paid_by(invoice) == Some(tx));
            match invoice {
                None => {
                    findings.insert(Finding::NotItsInvoice { tx, invoice: payment.invoice });
                }
                Some(invoice) if payment.outcome == Outcome::Settled && invoice.amount != payment.amount => {
                    findings.insert(Finding::PriceDiffers { tx, invoice: invoice.id });
                }
                Some(_) => {}
            }
        }
    }
    for invoice in invoices {
        let Some(tx) = paid_by(invoice).filter(|tx| !later.contains(tx)) else {
            continue;
        };
        let pays = |payment: &&Payment| {
            payment.invoice == Some(invoice.id)
                && matches!(payment.outcome, Outcome::Settled | Outcome::Applied { .. })
        };
        if !booked.get(&tx).is_some_and(pays) {
            findings.insert(Finding::Unpaid { invoice: invoice.id, tx });
        }
    }

    let mut by_outcome = BTreeMap::new();
    for payment in &payments {
        *by_outcome.entry(payment.outcome.name()).or_insert(0) += u128::from(payment.amount.get());
    }
    Reconciliation {
        on_chain: incoming.values().map(|payment| payment.amount).sum(),
        booked: payments.iter().map(|payment| payment.amount).sum(),
        transactions: incoming.len(),
        waiting_transactions: waiting.len(),
        waiting: waiting.into_iter().map(|payment| payment.amount).sum(),
        by_outcome,
        findings: findings.into_iter().collect(),
    }
}

fn paid_by(invoice: &Invoice) -> Option<TxHash> {
    match invoice.status {
        InvoiceStatus::Settled { tx, .. } => Some(tx),
        _ => None,
    }
}
