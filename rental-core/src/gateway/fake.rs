//! A gateway that plays a script: for the tests of everything that reads payments.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{
    Amount, ChainCursor, ChainHead, ChainRead, ChainTransaction, Comment, Currency, GatewayError,
    IncomingPayment, Network, NotPayment, OutgoingTransfer, PaymentGateway, PaymentLinks, PaymentRequest,
    Seconds, Sighting, Timestamp, TxHash, Verdict, Wallet, WalletLink,
};

/// The logical time from one scripted transaction to the next.
const LT_STEP: u64 = 1_000;

/// A payment gateway without a chain: it returns the transactions that a test pushes.
///
/// It starts empty with `read_to` at the epoch; pushing a transaction moves `read_to` to the second before it, since
/// another may come in the same second. Clones share one script. Hashes are made from the logical time, so every run gives the same.
///
/// ```
/// use rental_core::{Amount, ChainCursor, Comment, FakeGateway, GatewayError, PaymentGateway, Timestamp};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let gateway = FakeGateway::new();
/// let amount: Amount = "10 TON".parse()?;
/// let tx = gateway.pay(amount, Comment::Text("RENT-0123456789".into()), Timestamp::from_unix(1_000));
///
/// let read = gateway.read(&ChainCursor::START).await?;
/// assert_eq!(read.transactions[0].tx, tx);
/// assert_eq!(read.read_to, Timestamp::from_unix(999));
///
/// gateway.fail_next(1, GatewayError::Unavailable("scripted".into()));
/// assert!(gateway.head().await.is_err());
/// assert!(gateway.head().await.is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FakeGateway {
    currency: Currency,
    wallet: Wallet,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    transactions: Vec<ChainTransaction>,
    read_to: Timestamp,
    failures: Vec<GatewayError>,
    sighting: Option<Sighting>,
    reads: u64,
}

impl Default for FakeGateway {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeGateway {
    /// The raw address of whoever pays.
    pub const SENDER: &str = "0:1111111111111111111111111111111111111111111111111111111111111111";

    /// A gateway for TON whose wallet, on the sandbox network, has no transaction yet.
    pub fn new() -> Self {
        Self::of(Currency::Ton)
    }

    /// The same for any currency. The scripts of different currencies have different hashes.
    pub fn of(currency: Currency) -> Self {
        let address = "UQCIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiMjA".to_owned();
        Self { currency, wallet: Wallet { network: Network::Sandbox, address }, script: Arc::default() }
    }

    /// Adds a payment at `chain_time` and returns its hash.
    pub fn pay(&self, amount: Amount, comment: Comment, chain_time: Timestamp) -> TxHash {
        self.push(chain_time, |tx, lt| {
            Verdict::Payment(IncomingPayment {
                tx,
                lt,
                amount,
                comment,
                sender: Self::SENDER.to_owned(),
                chain_time,
            })
        })
    }

    /// Adds money with a message that cannot be read, and returns its hash.
    pub fn pay_unreadably(&self, amount: Amount, chain_time: Timestamp) -> TxHash {
        self.push(chain_time, |tx, lt| {
            let comment = Comment::Malformed;
            Verdict::Unreadable(IncomingPayment {
                tx,
                lt,
                amount,
                comment,
                sender: Self::SENDER.to_owned(),
                chain_time,
            })
        })
    }

    /// Adds a transaction that is no payment, and returns its hash.
    pub fn not_a_payment(&self, reason: NotPayment, chain_time: Timestamp) -> TxHash {
        self.push(chain_time, |_, _| Verdict::NotPayment(reason))
    }

    /// Adds a transaction with any verdict: `verdict` receives its hash and logical time.
    pub fn push(&self, chain_time: Timestamp, verdict: impl FnOnce(TxHash, u64) -> Verdict) -> TxHash {
        let mut script = self.script();
        let lt = script.transactions.last().map_or(0, |last| last.lt) + LT_STEP;
        let mut hash = [0xfa; 32];
        hash[..8].copy_from_slice(&lt.to_be_bytes());
        hash[8] = match self.currency {
            Currency::Ton => 0xfa,
            Currency::Usdt => 0xfb,
        };
        let tx = TxHash(hash);
        let verdict = verdict(tx, lt);
        script.transactions.push(ChainTransaction { tx, lt, chain_time, verdict, outgoing: Vec::new() });
        script.read_to = script.read_to.max(chain_time.minus(Seconds(1)));
        tx
    }

    /// Adds a transaction in which the wallet sends `amount` to `to`, and returns its hash.
    pub fn send(&self, to: &str, amount: Amount, comment: Comment, chain_time: Timestamp) -> TxHash {
        let tx = self.not_a_payment(NotPayment::ExternalIn, chain_time);
        if let Some(last) = self.script().transactions.last_mut() {
            last.outgoing.push(OutgoingTransfer { tx, lt: last.lt, to: to.to_owned(), amount, comment });
        }
        tx
    }

    /// Adds money from one of the operator's own wallets, and returns its hash.
    pub fn deposit(&self, amount: Amount, comment: Comment, chain_time: Timestamp) -> TxHash {
        let sender = format!("0:{}", "0".repeat(64));
        self.push(chain_time, |tx, lt| {
            Verdict::FromOwner(IncomingPayment { tx, lt, amount, comment, sender, chain_time })
        })
    }

    /// Sets how far the chain is known; forward only, as on a real one.
    pub fn set_read_to(&self, read_to: Timestamp) {
        let mut script = self.script();
        script.read_to = script.read_to.max(read_to);
    }

    /// Makes the next `times` calls of `head` or `read` fail with `error`.
    pub fn fail_next(&self, times: usize, error: GatewayError) {
        self.script().failures.extend(vec![error; times]);
    }

    /// Says from now on that every transaction was seen like this; until then, by the only source.
    pub fn set_sighting(&self, sighting: Sighting) {
        self.script().sighting = Some(sighting);
    }

    /// How often `head` or `read` was called, failures included.
    pub fn reads(&self) -> u64 {
        self.script().reads
    }

    /// A panicking test leaves the script as it was.
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The script, unless this call is one that fails.
    fn called(&self) -> Result<MutexGuard<'_, Script>, GatewayError> {
        let mut script = self.script();
        script.reads += 1;
        if script.failures.is_empty() { Ok(script) } else { Err(script.failures.remove(0)) }
    }
}

#[async_trait]
impl PaymentGateway for FakeGateway {
    fn currency(&self) -> Currency {
        self.currency
    }

    fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    async fn head(&self) -> Result<ChainHead, GatewayError> {
        let script = self.called()?;
        let cursor = script.transactions.last().map_or(ChainCursor::START, ChainTransaction::cursor);
        Ok(ChainHead { cursor, read_to: script.read_to })
    }

    async fn read(&self, after: &ChainCursor) -> Result<ChainRead, GatewayError> {
        let script = self.called()?;
        let known = after.hash.is_none() || script.transactions.iter().any(|known| known.cursor() == *after);
        if !known {
            return Err(GatewayError::Unverified(format!("no scripted transaction is at {}", after.lt)));
        }
        let transactions = script.transactions.iter().filter(|known| known.lt > after.lt).cloned().collect();
        Ok(ChainRead { transactions, read_to: script.read_to })
    }

    async fn sightings(&self, places: &[ChainCursor]) -> Result<Vec<Sighting>, GatewayError> {
        Ok(vec![self.script().sighting.unwrap_or(Sighting::SOLE); places.len()])
    }

    /// Readable rather than exact: the comment is not escaped.
    fn links(&self, request: &PaymentRequest) -> PaymentLinks {
        let comment = request.comment.as_deref().unwrap_or_default();
        let mut rest =
            format!("transfer/{}?amount={}&text={comment}", request.address, request.amount.units());
        if let Some(master) = &request.jetton {
            rest.push_str("&jetton=");
            rest.push_str(master);
        }
        let https = format!("https://wallet.test/{rest}");
        let wallets = vec![WalletLink {
            wallet: "test".to_owned(),
            name: "Test wallet".to_owned(),
            url: https.clone(),
        }];
        PaymentLinks { ton: format!("ton://{rest}"), https, wallets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway_conformance::GatewayUnderTest;

    #[derive(Debug)]
    struct Scripted {
        gateway: FakeGateway,
        now: Mutex<Timestamp>,
    }

    impl Scripted {
        fn now(&self) -> Timestamp {
            *self.now.lock().expect("no test panics while it holds the clock")
        }
    }

    #[async_trait]
    impl GatewayUnderTest for Scripted {
        fn gateway(&self) -> &dyn PaymentGateway {
            &self.gateway
        }

        async fn pay(&self, amount: Amount, comment: Comment) -> TxHash {
            self.gateway.pay(amount, comment, self.now())
        }

        async fn pay_unreadably(&self, amount: Amount) -> TxHash {
            self.gateway.pay_unreadably(amount, self.now())
        }

        async fn not_a_payment(&self, reason: NotPayment) -> TxHash {
            self.gateway.not_a_payment(reason, self.now())
        }

        async fn pass(&self, span: Seconds) {
            let mut now = self.now.lock().expect("no test panics while it holds the clock");
            *now = *now + span;
            self.gateway.set_read_to(now.minus(Seconds(1)));
        }
    }

    crate::gateway_conformance!(|| async {
        Scripted { gateway: FakeGateway::new(), now: Mutex::new(Timestamp::from_unix(1_000_000)) }
    });

    #[tokio::test]
    async fn fails_as_often_as_told_and_counts_the_calls() {
        let gateway = FakeGateway::new();
        let slow = GatewayError::RateLimited { retry_after: Seconds(7) };
        gateway.fail_next(2, slow.clone());
        assert_eq!(gateway.head().await, Err(slow.clone()));
        assert_eq!(gateway.read(&ChainCursor::START).await, Err(slow));
        assert_eq!(gateway.read(&ChainCursor::START).await.map(|read| read.transactions), Ok(Vec::new()));
        assert_eq!(gateway.reads(), 3);
    }
}
