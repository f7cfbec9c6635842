//! The books against the chain, transaction by transaction.
//!
//! The invariant: everything that came in on chain is booked exactly once, with the same figures, and what is called
//! settled really paid for an invoice. [`reconcile`] proves it or names what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::{
    Amount, ChainTransaction, Comment, Currency, ExceptionReason, IncomingPayment, Invoice, InvoiceId,
    InvoiceStatus, Likeness, Outcome, Payload, Payment, TxHash, Verdict,
};

/// The result of comparing the books of one currency with its chain. All sums are in its smallest units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Of which currency.
    pub currency: Currency,
    /// The sum of everything that came in on chain.
    pub on_chain: u128,
    /// The sum of everything booked.
    pub booked: u128,
    /// How many transactions brought money in.
    pub transactions: usize,
    /// The sum of what came in later and waits to be booked; not compared.
    pub waiting: u128,
    /// How many transactions wait to be booked.
    pub waiting_transactions: usize,
    /// The booked sum of each outcome.
    pub by_outcome: BTreeMap<&'static str, u128>,
    /// The sum of what was sent back as refunds, as the chain shows.
    pub sent_back: u128,
    /// The sum of everything else that the operator sent.
    pub sent: u128,
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
        amount: Amount,
    },
    /// Is booked and did not come in on chain.
    Invented {
        /// The transaction.
        tx: TxHash,
        /// What is booked.
        amount: Amount,
    },
    /// Is booked with another amount.
    AmountDiffers {
        /// The transaction.
        tx: TxHash,
        /// What came in.
        on_chain: Amount,
        /// What is booked.
        booked: Amount,
    },
    /// Is booked with another detail.
    DetailDiffers {
        /// The transaction.
        tx: TxHash,
        /// Which.
        detail: &'static str,
    },
    /// Its outcome or reason cannot have come about: it was changed outside the programs.
    OutcomeImpossible {
        /// The transaction.
        tx: TxHash,
        /// The booked outcome.
        outcome: &'static str,
    },
    /// Is called settled or applied, but its invoice is not settled by it.
    NotItsInvoice {
        /// The transaction.
        tx: TxHash,
        /// The invoice it is booked for.
        invoice: Option<InvoiceId>,
    },
    /// Is called a deposit, but did not come from one of the operator's wallets.
    NotADeposit {
        /// The transaction.
        tx: TxHash,
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
            Self::Missing { tx, amount } => write!(f, "{tx}: {amount} came in and is not booked"),
            Self::Invented { tx, amount } => write!(f, "{tx}: {amount} is booked and did not come in"),
            Self::AmountDiffers { tx, on_chain, booked } => {
                write!(f, "{tx}: {on_chain} came in, {booked} is booked")
            }
            Self::DetailDiffers { tx, detail } => write!(f, "{tx}: the booked {detail} is not the chain's"),
            Self::OutcomeImpossible { tx, outcome } => {
                write!(f, "{tx}: is booked as {outcome}, which cannot have come about")
            }
            Self::NotItsInvoice { tx, invoice: Some(invoice) } => {
                write!(f, "{tx}: is booked as paying for {invoice}, which it did not settle")
            }
            Self::NotItsInvoice { tx, invoice: None } => {
                write!(f, "{tx}: is booked as settled without an invoice")
            }
            Self::NotADeposit { tx } => {
                write!(
                    f,
                    "{tx}: is booked as a deposit, and its sender is not in OWNER_WALLETS; keep old wallets there"
                )
            }
            Self::PriceDiffers { tx, invoice } => write!(f, "{tx}: its amount is not the price of {invoice}"),
            Self::Unpaid { invoice, tx } => {
                write!(f, "{invoice}: is settled by {tx}, which is not booked for it")
            }
        }
    }
}

impl Reconciliation {
    /// Whether the books balance to the smallest unit and every row is right.
    pub fn balances(&self) -> bool {
        self.findings.is_empty() && self.on_chain == self.booked
    }
}

/// Compares the transactions of `currency`'s chain with what is booked in it, up to the logical time `booked_to`: what
/// came later is counted as waiting. `payments` and `invoices` are those of the whole shop, because a payment can be
/// applied to an invoice in another currency.
///
/// The listings may be taken while the shop goes on, in this order: the position, the invoices, the payments, the chain.
/// So whatever is listed as paid is among the payments, and whatever is listed as a payment is on the chain.
pub fn reconcile(
    currency: Currency,
    chain: &[ChainTransaction],
    booked_to: u64,
    payments: &[Payment],
    invoices: &[Invoice],
) -> Reconciliation {
    let books = Books {
        on_chain: chain.iter().filter_map(ChainTransaction::incoming).map(|coin| (coin.tx, coin)).collect(),
        booked: payments.iter().map(|payment| (payment.tx, payment)).collect(),
        currency,
        invoices: invoices.iter().map(|invoice| (invoice.id, invoice)).collect(),
        by_payload: invoices.iter().map(|invoice| (&invoice.payload, invoice.id)).collect(),
    };
    let mut findings = BTreeSet::new();
    for coin in books.on_chain.values() {
        match books.booked.get(&coin.tx) {
            Some(row) => findings.extend(differences(coin, row)),
            None if coin.lt <= booked_to => {
                findings.insert(Finding::Missing { tx: coin.tx, amount: coin.amount });
            }
            None => {}
        }
    }
    for payment in books.own() {
        let (tx, amount) = (payment.tx, payment.amount);
        if !books.on_chain.contains_key(&tx) {
            findings.insert(Finding::Invented { tx, amount });
        }
        if payment.lt <= booked_to {
            findings.extend(books.contradictions(payment));
        }
    }
    for invoice in invoices.iter().filter(|invoice| invoice.amount.currency() == currency) {
        let Some(tx) = paid_by(invoice) else { continue };
        let pays = |payment: &&Payment| payment.invoice == Some(invoice.id) && is_paying(payment);
        if !books.booked.get(&tx).is_some_and(pays) {
            findings.insert(Finding::Unpaid { invoice: invoice.id, tx });
        }
    }
    let owners: BTreeSet<_> =
        chain.iter().filter(|tx| matches!(tx.verdict, Verdict::FromOwner(_))).map(|tx| tx.tx).collect();
    let deposits = books.own().filter(|payment| payment.outcome == Outcome::Deposit);
    let strange = deposits.map(|payment| payment.tx).filter(|tx| !owners.contains(tx));
    findings.extend(strange.map(|tx| Finding::NotADeposit { tx }));
    let (sent_back, sent) = sent(chain, payments);
    Reconciliation { sent_back, sent, ..summarise(&books, booked_to, findings) }
}

/// The sums of what went out: as refunds of booked payments, and otherwise.
fn sent(chain: &[ChainTransaction], payments: &[Payment]) -> (u128, u128) {
    let mut refunds = BTreeMap::<TxHash, Vec<&Payment>>::new();
    for payment in payments {
        if let Outcome::Refunded { refund_tx: Some(tx), .. } = payment.outcome {
            refunds.entry(tx).or_default().push(payment);
        }
    }
    let (mut sent_back, mut sent) = (0, 0);
    for transfer in chain.iter().flat_map(|transaction| &transaction.outgoing) {
        let of_it = refunds.get(&transfer.tx).map(Vec::as_slice).unwrap_or_default();
        let is_refund = of_it.iter().any(|payment| transfer.likeness(payment) != Likeness::Other);
        *(if is_refund { &mut sent_back } else { &mut sent }) += u128::from(transfer.amount.units());
    }
    (sent_back, sent)
}

fn summarise(books: &Books<'_>, booked_to: u64, findings: BTreeSet<Finding>) -> Reconciliation {
    let (compared, waiting): (Vec<_>, Vec<_>) =
        books.on_chain.values().copied().partition(|coin| coin.lt <= booked_to);
    let mut by_outcome = BTreeMap::new();
    let mut booked = 0;
    for payment in books.own().filter(|payment| payment.lt <= booked_to) {
        let amount = u128::from(payment.amount.units());
        booked += amount;
        *by_outcome.entry(payment.outcome.name()).or_insert(0) += amount;
    }
    let sum = |coins: &[&IncomingPayment]| coins.iter().map(|coin| u128::from(coin.amount.units())).sum();
    Reconciliation {
        currency: books.currency,
        on_chain: sum(&compared),
        booked,
        transactions: compared.len(),
        waiting_transactions: waiting.len(),
        waiting: sum(&waiting),
        by_outcome,
        sent_back: 0,
        sent: 0,
        findings: findings.into_iter().collect(),
    }
}

/// Both sides, by what they are looked up with.
struct Books<'a> {
    on_chain: BTreeMap<TxHash, &'a IncomingPayment>,
    booked: BTreeMap<TxHash, &'a Payment>,
    currency: Currency,
    invoices: BTreeMap<InvoiceId, &'a Invoice>,
    by_payload: BTreeMap<&'a Payload, InvoiceId>,
}

impl Books<'_> {
    /// What is booked in the currency that is compared, without what was shown by a provider and never came.
    fn own(&self) -> impl Iterator<Item = &Payment> {
        let own =
            |payment: &&Payment| payment.amount.currency() == self.currency && !self.was_forged(payment);
        self.booked.values().copied().filter(own)
    }

    /// Whether the operator has written a payment off that providers contradicted each other about, and the chain does not
    /// have it: it was a lie, and has become nothing.
    fn was_forged(&self, payment: &Payment) -> bool {
        let doubted = matches!(
            payment.outcome,
            Outcome::WrittenOff { reason: ExceptionReason::Disputed | ExceptionReason::Unconfirmed }
        );
        doubted && !self.on_chain.contains_key(&payment.tx)
    }

    /// What is wrong with a payment in itself and beside its invoice.
    fn contradictions(&self, payment: &Payment) -> Vec<Finding> {
        let tx = payment.tx;
        let mut found = Vec::new();
        let invoice = payment.invoice.and_then(|id| self.invoices.get(&id).copied());
        if is_paying(payment) {
            match invoice.filter(|invoice| paid_by(invoice) == Some(tx)) {
                None => found.push(Finding::NotItsInvoice { tx, invoice: payment.invoice }),
                Some(invoice) if payment.outcome == Outcome::Settled && invoice.amount != payment.amount => {
                    found.push(Finding::PriceDiffers { tx, invoice: invoice.id });
                }
                Some(_) => {}
            }
        }
        let applied = matches!(payment.outcome, Outcome::Applied { .. });
        if !applied && payment.invoice != self.named_by(payment) {
            found.push(Finding::DetailDiffers { tx, detail: "invoice" });
        }
        // Deciding about a payment is a change of its own, and so is noting that it was sent back.
        let changes = match payment.outcome {
            Outcome::Settled | Outcome::Deposit | Outcome::Exception { .. } => 1,
            Outcome::Applied { .. } | Outcome::RefundPending { .. } | Outcome::WrittenOff { .. } => 2,
            Outcome::Refunded { .. } => 3,
        };
        let named = self.named_by(payment).and_then(|id| self.invoices.get(&id).copied());
        let reason_fits = payment.outcome.reason().is_none_or(|reason| fits(reason, payment, named));
        if payment.version < changes || !reason_fits {
            found.push(Finding::OutcomeImpossible { tx, outcome: payment.outcome.name() });
        }
        found
    }

    /// The invoice whose payload the payment's comment is.
    fn named_by(&self, payment: &Payment) -> Option<InvoiceId> {
        let readable = payment.outcome.reason() != Some(ExceptionReason::UnreadableMessage);
        let payload = payment.comment.text().filter(|_| readable).and_then(Payload::from_comment)?;
        self.by_payload.get(&payload).copied()
    }
}

/// Whether a payment can be odd for this reason, given the invoice that it names.
fn fits(reason: ExceptionReason, payment: &Payment, named: Option<&Invoice>) -> bool {
    let same_currency = |invoice: &Invoice| payment.amount.currency() == invoice.amount.currency();
    match (reason, named) {
        (ExceptionReason::Underpaid, Some(invoice)) => {
            same_currency(invoice) && payment.amount.units() < invoice.amount.units()
        }
        (ExceptionReason::Overpaid, Some(invoice)) => {
            same_currency(invoice) && payment.amount.units() > invoice.amount.units()
        }
        (ExceptionReason::WrongCurrency, Some(invoice)) => !same_currency(invoice),
        (ExceptionReason::Late, Some(invoice)) => payment.chain_time > invoice.expires_at,
        (ExceptionReason::Early, Some(invoice)) => payment.chain_time < invoice.created_at,
        (
            ExceptionReason::Duplicate
            | ExceptionReason::Cancelled
            | ExceptionReason::NumberGone
            | ExceptionReason::NumberLocked
            | ExceptionReason::Unconfirmed
            | ExceptionReason::Disputed,
            named,
        ) => named.is_some(),
        (ExceptionReason::NoComment, None) => match &payment.comment {
            Comment::None => true,
            Comment::Text(text) => text.trim().is_empty(),
            _ => false,
        },
        (ExceptionReason::UnknownPayload, None) => payment.comment.text().is_some(),
        (ExceptionReason::UnreadableComment, None) => {
            matches!(payment.comment, Comment::Encrypted | Comment::Binary(_) | Comment::Malformed)
        }
        (ExceptionReason::UnreadableMessage, None) => true,
        _ => false,
    }
}

/// What of a row is not what the chain says.
fn differences(coin: &IncomingPayment, row: &Payment) -> Vec<Finding> {
    let tx = coin.tx;
    let details = [
        ("comment", row.comment == coin.comment),
        ("sender", row.sender == coin.sender),
        ("chain time", row.chain_time == coin.chain_time),
        ("logical time", row.lt == coin.lt),
    ];
    let mut found: Vec<_> = details
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(detail, _)| Finding::DetailDiffers { tx, detail })
        .collect();
    if row.amount != coin.amount {
        found.push(Finding::AmountDiffers { tx, on_chain: coin.amount, booked: row.amount });
    }
    found
}

/// Whether the payment is booked as paying for its invoice.
fn is_paying(payment: &Payment) -> bool {
    matches!(payment.outcome, Outcome::Settled | Outcome::Applied { .. })
}

fn paid_by(invoice: &Invoice) -> Option<TxHash> {
    match invoice.status {
        InvoiceStatus::Settled { tx, .. } => Some(tx),
        _ => None,
    }
}
