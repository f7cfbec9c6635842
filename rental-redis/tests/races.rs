//! Many want the same at once: one gets it, nobody's change is lost, and nothing is counted twice.
//!
//! The race for one number lasts a few rounds, or as long as the environment variable `RACE_SECONDS` says.

mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis_servers::Server;
use rental_core::{
    Actor, Command, DomainError, Invoice, NumberQuery, NumberState, Outcome, Owner, PageRequest, Policy,
    Rentals, ServiceError, Store,
};
use rental_redis::RedisConfig;
use shop::books::Books;
use shop::{Shop, coin, customer, number};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Two programs of one shop.
async fn two_programs(server: &Server, numbers: u64) -> [Shop; 2] {
    let config = RedisConfig::new(server.url()).in_namespace("shop");
    [Shop::open(config.clone(), numbers).await, Shop::join(config).await]
}

/// What everybody in the race sees.
struct Race {
    /// Who has the number, plus one; 0 for nobody.
    holder: AtomicU64,
    wins: AtomicU64,
    attempts: AtomicU64,
    /// When it ends, once every round has been won.
    ends: Option<Instant>,
}

const RUNNERS: u64 = 256;
const ROUNDS: u64 = 8;

impl Race {
    fn is_over(&self) -> bool {
        let enough = self.wins.load(Ordering::SeqCst) >= ROUNDS;
        enough && self.ends.is_none_or(|ends| Instant::now() >= ends)
    }

    /// Rents the number, pays, holds it, and gives it back; loses against somebody else at the first step only.
    async fn run(&self, shop: &Shop, who: u64) -> Result<(), ServiceError> {
        let invoice = shop.open_invoice_for(0, who).await?;
        let lt = self.wins.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(self.holder.swap(who + 1, Ordering::SeqCst), 0, "one holder at a time");
        let payment = shop.book(coin(&invoice, lt)).await.expect("it is booked").payment()?;
        assert_eq!(payment.outcome, Outcome::Settled);
        let record = shop.service.rental(&Actor::Customer(customer(who)), number(0)).await;
        assert_eq!(record.expect("the number is held").customer(), Some(&customer(who)));
        assert_eq!(self.holder.swap(0, Ordering::SeqCst), who + 1, "one holder at a time");
        shop.ask(Actor::System, Command::Revoke { number: number(0) }).await.expect("it is given back");
        shop.ask(Actor::System, Command::Restore { number: number(0) }).await.expect("it is offered again");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_all_want_has_one_holder_at_a_time() {
    let server = Server::builder().start();
    let programs = two_programs(&server, 1).await;
    let seconds = std::env::var("RACE_SECONDS").map(|text| text.parse().expect("seconds"));
    let ends = seconds.ok().map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let race = Race { holder: AtomicU64::new(0), wins: AtomicU64::new(0), attempts: AtomicU64::new(0), ends };
    let race = Arc::new(race);
    let mut runners = JoinSet::new();
    for who in 0..RUNNERS {
        let (race, shop) = (Arc::clone(&race), programs[usize::from(who % 2 == 0)].clone());
        runners.spawn(async move {
            while !race.is_over() {
                race.attempts.fetch_add(1, Ordering::Relaxed);
                match race.run(&shop, who).await {
                    Ok(()) | Err(ServiceError::Domain(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    runners.join_all().await;
    let books = Books::of(&programs[0].store).await;
    let wins = race.wins.load(Ordering::SeqCst);
    assert_eq!(books.changes(0), 4 * wins, "rented, paid, given back and offered again each time");
    assert_eq!(books.invoices.len() as u64, wins);
    let totals = programs[1].store.totals().await.expect("the totals").sorted();
    assert_eq!(
        totals.payments.iter().map(|(name, count, _)| (name.as_str(), *count)).collect::<Vec<_>>(),
        [("settled", wins)]
    );
    let conflicts: u64 = programs.iter().map(|shop| shop.store.activity().conflicts).sum();
    assert!(conflicts > 0, "contention is counted");
    assert!(race.attempts.load(Ordering::Relaxed) > wins);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_all_book_counts_once() {
    let server = Server::builder().start();
    let programs = two_programs(&server, 1).await;
    let invoice = programs[0].open_invoice(0).await.expect("the invoice opens");
    let incoming = coin(&invoice, 1);
    let mut booking = JoinSet::new();
    for task in 0..64 {
        let (shop, incoming) = (programs[task % 2].clone(), incoming.clone());
        booking.spawn(async move { shop.book(incoming).await.expect("it is booked") });
    }
    let receipts = booking.join_all().await;
    assert_eq!(receipts.iter().filter(|receipt| receipt.changed).count(), 1);
    for receipt in receipts {
        assert_eq!(receipt.payment().expect("a payment").outcome, Outcome::Settled);
    }
    let totals = programs[1].store.totals().await.expect("the totals");
    assert_eq!(totals.payments, [("settled".to_owned(), 1, [invoice.amount].into_iter().collect())]);
    let books = Books::of(&programs[0].store).await;
    let rental = books.numbers[0].rental().expect("it is rented");
    assert_eq!(rental.expires_at.since(rental.started_at), shop::month().seconds());
}

/// How many of 64 attempts of one customer to get numbers succeed under this policy, and why the others do not.
async fn attempts_under(policy: Policy, pay: bool) -> (usize, Vec<DomainError>) {
    let server = Server::builder().start();
    let programs = two_programs(&server, 64).await;
    programs[0].ask(Actor::System, Command::SetPolicy { policy }).await.expect("the policy is set");
    let mut attempts = JoinSet::new();
    for n in 0..64 {
        let shop = programs[usize::from(n % 2 == 0)].clone();
        attempts.spawn(async move {
            let invoice: Invoice = shop.open_invoice_for(n, 0).await?;
            if pay {
                let payment = shop.book(coin(&invoice, n + 1)).await?.payment()?;
                assert_eq!(payment.outcome, Outcome::Settled);
            }
            Ok(())
        });
    }
    let (won, lost): (Vec<_>, Vec<_>) = attempts.join_all().await.into_iter().partition(Result::is_ok);
    let books = Books::of(&programs[0].store).await;
    let account = &books.accounts[0];
    assert_eq!(account.open_invoices.len() + account.numbers.len(), won.len());
    assert_eq!(account.version, if pay { 2 } else { 1 } * won.len() as u64, "no change is lost");
    let reason = |lost| match lost {
        Err(ServiceError::Domain(reason)) => reason,
        other => panic!("{other:?}"),
    };
    (won.len(), lost.into_iter().map(reason).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_on_open_invoices_holds_for_attempts_at_once() {
    let (won, lost) = attempts_under(Policy::default(), false).await;
    assert_eq!(won, 10);
    assert!(lost.iter().all(|reason| *reason == DomainError::TooManyInvoices { limit: 10 }), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_on_numbers_holds_for_attempts_at_once() {
    let policy = Policy { max_open_invoices: 64, max_numbers: 20, ..Policy::default() };
    let (won, lost) = attempts_under(policy, true).await;
    assert_eq!(won, 20);
    assert!(lost.iter().all(|reason| *reason == DomainError::TooManyNumbers { limit: 20 }), "{lost:?}");
}

#[tokio::test]
async fn a_number_that_changed_hands_while_a_page_was_read_is_not_on_the_page() {
    let server = Server::builder().start();
    let shop = Shop::open(RedisConfig::new(server.url()).in_namespace("shop"), 3).await;
    shop.open_invoice(1).await.expect("the invoice opens");
    // Listings as they were a moment ago, documents as they are.
    let name = number(1).to_string();
    server.cli(&["ZADD", "shop:index:numbers", &format!("1{:012}", number(1).as_u64()), &name]);
    let former = format!("shop:index:numbers:customer:{}", customer(7));
    server.cli(&["ZADD", &former, &number(1).as_u64().to_string(), &name]);

    let list = async |states: &[NumberState], owner| {
        let query = NumberQuery { states: states.to_vec(), owner };
        let page = shop.store.numbers(&query, &PageRequest::first(2)).await.expect("the store answers");
        page.items.iter().map(|record| record.number).collect::<Vec<_>>()
    };
    assert_eq!(list(&[NumberState::Available], Owner::Anybody).await, [number(0), number(2)]);
    assert_eq!(list(&[], Owner::Customer(customer(7))).await, []);
    assert_eq!(list(&[], Owner::Customer(customer(1))).await, [number(1)]);
}
