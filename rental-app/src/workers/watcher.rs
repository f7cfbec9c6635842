//! The payment watcher: reads the wallet's chain and books what came in.
//!
//! One read of the whole wallet per pass, whatever the number of open invoices. The position moves only past
//! transactions that are booked, so a crash at any point costs a second reading and nothing else: every booking is
//! once per transaction hash.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use rental_core::{
    Actor, ChainCursor, ChainState, ChainTransaction, Command, Currency, DomainError, Effect,
    ExceptionReason, Leases, Likeness, Outcome, OutgoingTransfer, PageRequest, Payload, Payment,
    PaymentGateway, PaymentQuery, RentalService, Rentals, Request, ServiceError, TxHash, Verdict,
};

use super::{CONCURRENCY, Leadership, WorkerError};

/// After how many transactions the position is moved on, so that a long reading need not be repeated as a whole.
const CHUNK: usize = 1024;

/// Books payments.
#[derive(Debug, Clone)]
pub struct Watcher {
    service: Arc<RentalService>,
    gateway: Arc<dyn PaymentGateway>,
    leadership: Leadership,
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WatcherReport {
    /// Whether another replica is the watcher now.
    pub standby: bool,
    /// Transactions that were read.
    pub transactions: usize,
    /// Payments that were booked by this pass.
    pub booked: usize,
    /// Those of them that settled an invoice.
    pub settled: usize,
}

impl Watcher {
    /// A watcher for this shop and gateway.
    pub fn new(
        service: Arc<RentalService>,
        gateway: Arc<dyn PaymentGateway>,
        leases: Arc<dyn Leases>,
    ) -> Self {
        let name = match gateway.currency() {
            Currency::Ton => "watcher",
            Currency::Usdt => "watcher-usdt",
        };
        Self { service, gateway, leadership: Leadership::new(leases, name) }
    }

    /// Says how often [`Watcher::run_once`] is called, one second by default: another watcher takes over a few seconds
    /// after a call that did not come.
    #[must_use]
    pub fn polling_every(self, interval: Duration) -> Self {
        Self { leadership: self.leadership.every(interval), ..self }
    }

    /// Reads what has come since the stored position, books it and moves the position.
    ///
    /// # Errors
    /// When the chain cannot be read or something cannot be booked; the position then stays before it.
    pub async fn run_once(&self) -> Result<WatcherReport, WorkerError> {
        if !self.leadership.hold().await? {
            return Ok(WatcherReport { standby: true, ..WatcherReport::default() });
        }
        let currency = self.gateway.currency();
        // First what is older: a payment that is confirmed now settles before another one for the same invoice.
        let confirmed = self.confirm().await?;
        let mut chain = self.service.shop().await?.chains.of(currency);
        let read = self.gateway.read(&chain.cursor).await?;
        let transactions = read.transactions.len();
        let mut report = WatcherReport { transactions, settled: confirmed, ..WatcherReport::default() };
        let mut chunks = read.transactions.chunks(CHUNK).peekable();
        while let Some(chunk) = chunks.next() {
            self.book(chunk, &mut report).await?;
            let cursor = chunk.last().map_or(chain.cursor, ChainTransaction::cursor);
            let read_to = if chunks.peek().is_some() { chain.read_to } else { read.read_to };
            let to = ChainState { currency, cursor, read_to };
            let goes_on = self.advance(chain, to).await? && self.leadership.hold().await?;
            if !goes_on {
                return Ok(report); // another watcher goes on from here
            }
            chain = to;
        }
        if read.transactions.is_empty() {
            self.advance(chain, ChainState { read_to: read.read_to, ..chain }).await?;
        }
        report.settled += self.settle_waiting().await?;
        metrics::gauge!("rental_chain_read_to_timestamp_seconds", "currency" => currency.name())
            .set(approximate(read.read_to.unix()));
        Ok(report)
    }

    /// Lets payments that waited for a number's lock settle, now that it may have gone.
    async fn settle_waiting(&self) -> Result<usize, WorkerError> {
        let query = PaymentQuery {
            outcome: Some("exception"),
            reason: Some(ExceptionReason::NumberLocked),
            ..PaymentQuery::default()
        };
        let waiting = self.service.payments(&Actor::System, &query, &PageRequest::first(CHUNK)).await?.items;
        let mut settled = 0;
        for invoice in waiting.into_iter().filter_map(|payment| payment.invoice) {
            let number = self.service.invoice(&Actor::System, invoice).await?.number;
            match self.service.execute(Request::new(Actor::System, Command::Tick { number })).await {
                Ok(receipt) => settled += usize::from(receipt.changed),
                Err(ServiceError::Domain(DomainError::NumberLocked { .. })) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(settled)
    }

    /// Asks again who has the payments that only one source of the chain had.
    async fn confirm(&self) -> Result<usize, WorkerError> {
        let query = PaymentQuery {
            outcome: Some("exception"),
            reason: Some(ExceptionReason::Unconfirmed),
            ..PaymentQuery::default()
        };
        let mut payments =
            self.service.payments(&Actor::System, &query, &PageRequest::first(CHUNK)).await?.items;
        payments.retain(|payment| payment.amount.currency() == self.gateway.currency());
        metrics::gauge!("rental_payments_unconfirmed").set(u32::try_from(payments.len()).unwrap_or(u32::MAX));
        let place = |payment: &Payment| ChainCursor { lt: payment.lt, hash: Some(payment.tx) };
        let places: Vec<_> = payments.iter().map(place).collect();
        let sightings = self.gateway.sightings(&places).await?;
        let mut settled = 0;
        for (payment, sighting) in payments.iter().zip(sightings) {
            let command = Command::ConfirmPayment { tx: payment.tx, sighting };
            match self.service.execute(Request::new(Actor::System, command)).await {
                Ok(receipt) if receipt.changed => {
                    let Effect::Payment(payment) = &receipt.effect else {
                        return Err(ServiceError::Unexpected.into());
                    };
                    settled += usize::from(payment.outcome == Outcome::Settled);
                    report_doubt(payment);
                }
                Ok(_) | Err(ServiceError::Domain(DomainError::NumberLocked { .. })) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(settled)
    }

    /// Books a piece of the chain. Payments of one invoice are booked in the order of the chain, so that the first
    /// one settles it; different invoices go side by side and share the disk's flushes.
    async fn book(
        &self,
        transactions: &[ChainTransaction],
        report: &mut WatcherReport,
    ) -> Result<(), WorkerError> {
        let mut by_payload: BTreeMap<Option<Payload>, Vec<Command>> = BTreeMap::new();
        let mut alone = Vec::new();
        let payments = transactions.iter().filter(|transaction| transaction.incoming().is_some());
        let places: Vec<_> = payments.map(ChainTransaction::cursor).collect();
        let mut sightings = self.gateway.sightings(&places).await?.into_iter();
        for transaction in transactions {
            let Some(incoming) = transaction.incoming() else {
                tracing::debug!(tx = %transaction.tx, verdict = ?transaction.verdict, "not a payment");
                continue;
            };
            let unreadable = matches!(transaction.verdict, Verdict::Unreadable(_));
            let sighting = sightings.next().ok_or(ServiceError::Unexpected)?;
            let command = match transaction.verdict {
                Verdict::FromOwner(_) => Command::BookDeposit { incoming: incoming.clone(), sighting },
                _ => Command::Book { incoming: incoming.clone(), unreadable, sighting },
            };
            match incoming.comment.text().and_then(Payload::from_comment) {
                Some(payload) => by_payload.entry(Some(payload)).or_default().push(command),
                None => alone.push(vec![command]),
            }
        }
        let groups = by_payload.into_values().chain(alone);
        let mut booked =
            stream::iter(groups).map(|group| self.book_in_order(group)).buffer_unordered(CONCURRENCY);
        while let Some(result) = booked.next().await {
            let (count, settled) = result?;
            report.booked += count;
            report.settled += settled;
        }
        self.match_refunds(transactions).await
    }

    /// Looks whether what the wallet sent is what payments wait for that are to be sent back.
    async fn match_refunds(&self, transactions: &[ChainTransaction]) -> Result<(), WorkerError> {
        let sent: Vec<_> = transactions.iter().flat_map(|transaction| &transaction.outgoing).collect();
        if sent.is_empty() {
            return Ok(());
        }
        let query = PaymentQuery { outcome: Some("refund_pending"), ..PaymentQuery::default() };
        let mut page = PageRequest::first(PageRequest::MOST);
        loop {
            let pending = self.service.payments(&Actor::System, &query, &page).await?;
            for payment in pending.items {
                // The one that fits in everything first: it leaves nothing to wonder about.
                let like = |likeness| {
                    let payment = &payment;
                    sent.iter().filter(move |transfer| transfer.likeness(payment) == likeness)
                };
                for transfer in like(Likeness::Refund).chain(like(Likeness::InPart)) {
                    self.note_outgoing(payment.tx, transfer).await?;
                }
            }
            match pending.next {
                Some(_) => page.after = pending.next,
                None => return Ok(()),
            }
        }
    }

    async fn note_outgoing(&self, payment: TxHash, outgoing: &OutgoingTransfer) -> Result<(), WorkerError> {
        let command = Command::NoteOutgoing { payment, outgoing: outgoing.clone() };
        let receipt = self.service.execute(Request::new(Actor::System, command)).await?;
        if let (true, Effect::Payment(noted)) = (receipt.changed, &receipt.effect) {
            let outcome = noted.outcome.name();
            tracing::info!(tx = %payment, sent = %outgoing.tx, outcome, "money was sent that may be a refund");
        }
        Ok(())
    }

    async fn book_in_order(&self, commands: Vec<Command>) -> Result<(usize, usize), ServiceError> {
        let (mut booked, mut settled) = (0, 0);
        for command in commands {
            let receipt = self.service.execute(Request::new(Actor::System, command)).await?;
            if !receipt.changed {
                continue; // booked before a crash or by another watcher
            }
            let Effect::Payment(payment) = &receipt.effect else {
                return Err(ServiceError::Unexpected);
            };
            let outcome = payment.outcome.name();
            let currency = payment.amount.currency().name();
            metrics::counter!("rental_payments_total", "outcome" => outcome, "currency" => currency)
                .increment(1);
            tracing::info!(tx = %payment.tx, amount = %payment.amount, outcome, reason = ?payment.outcome.reason(), "payment booked");
            report_doubt(payment);
            booked += 1;
            settled += usize::from(outcome == "settled");
        }
        Ok((booked, settled))
    }

    /// Moves the position; `false` when another watcher has.
    async fn advance(&self, from: ChainState, to: ChainState) -> Result<bool, WorkerError> {
        let command = Command::AdvanceChain { from: from.cursor, to };
        match self.service.execute(Request::new(Actor::System, command)).await {
            Ok(_) => Ok(true),
            Err(ServiceError::Domain(DomainError::ChainMoved)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets another replica take over at once.
    pub(super) async fn resign(&self) {
        self.leadership.resign().await;
    }
}

/// Raises the alarm when the sources of the chain contradict each other: one of them is lying or broken.
fn report_doubt(payment: &Payment) {
    if payment.outcome.reason() == Some(ExceptionReason::Disputed) {
        metrics::counter!("rental_payments_disputed_total").increment(1);
        tracing::error!(
            tx = %payment.tx, amount = %payment.amount,
            "the providers contradict each other about a payment; look it up on chain, then apply it or write it off"
        );
    }
}

/// For a gauge; seconds since 1970 are exact in a double.
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a double; seconds stay exact until the year 285 million"
)]
fn approximate(seconds: u64) -> f64 {
    seconds as f64
}
