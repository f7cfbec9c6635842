//! Random lives of a shop: whatever is asked, in whatever order, the books stay right.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rental_core::*;

const NUMBERS: u64 = 3;
const CUSTOMERS: u64 = 3;

#[derive(Debug, Clone)]
enum Step {
    OpenRent {
        number: u64,
        who: u64,
        currency: Currency,
    },
    OpenRenewal {
        number: u64,
        who: u64,
        currency: Currency,
    },
    Cancel {
        invoice: usize,
        who: u64,
    },
    /// A coin on chain, seen at once or later; `off` units beside the price, or as many units in the other currency.
    Pay {
        invoice: usize,
        off: i64,
        other: bool,
        seen: bool,
    },
    PayStray,
    /// A watcher reads everything that is on its chain, and learns who else has it.
    Watch {
        currency: Currency,
        sighting: Sighting,
    },
    /// A watcher asks again who has a payment.
    Confirm {
        payment: usize,
        sighting: Sighting,
    },
    /// The sweeper ticks everything.
    Sweep,
    Pass {
        minutes: u64,
    },
    Offer {
        number: u64,
        who: u64,
        to: u64,
    },
    Accept {
        token: usize,
        who: u64,
    },
    Extend {
        number: u64,
    },
    Revoke {
        number: u64,
    },
    Withdraw {
        number: u64,
    },
    Restore {
        number: u64,
    },
    /// The chain says whose the number is.
    Own {
        number: u64,
        ours: bool,
    },
    Apply {
        payment: usize,
        invoice: usize,
    },
    Refund {
        payment: usize,
    },
    WriteOff {
        payment: usize,
    },
    Lock {
        number: u64,
        minutes: u64,
    },
    Reprice {
        number: u64,
        price: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = || 0..NUMBERS;
    let who = || 0..CUSTOMERS;
    let currency = || prop_oneof![Just(Currency::Ton), Just(Currency::Usdt)];
    let sighting = || {
        let (both, one, denied) = (seen(2, 0), seen(1, 0), seen(1, 1));
        prop_oneof![6 => Just(Sighting::SOLE), 3 => Just(both), 3 => Just(one), 1 => Just(denied)]
    };
    let step = prop_oneof![
        6 => (number(), who(), currency())
            .prop_map(|(number, who, currency)| Step::OpenRent { number, who, currency }),
        3 => (number(), who(), currency())
            .prop_map(|(number, who, currency)| Step::OpenRenewal { number, who, currency }),
        1 => (0..8_usize, who()).prop_map(|(invoice, who)| Step::Cancel { invoice, who }),
        8 => (0..8_usize, prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1)], 0..8, any::<bool>())
            .prop_map(|(invoice, off, other, seen)| Step::Pay { invoice, off, other: other == 0, seen }),
        1 => Just(Step::PayStray),
        6 => (currency(), sighting()).prop_map(|(currency, sighting)| Step::Watch { currency, sighting }),
        4 => (0..8_usize, sighting()).prop_map(|(payment, sighting)| Step::Confirm { payment, sighting }),
        4 => Just(Step::Sweep),
        6 => prop_oneof![1..20_u64, 600..50_000_u64].prop_map(|minutes| Step::Pass { minutes }),
        2 => (number(), who(), who()).prop_map(|(number, who, to)| Step::Offer { number, who, to }),
        2 => (0..4_usize, who()).prop_map(|(token, who)| Step::Accept { token, who }),
        1 => number().prop_map(|number| Step::Extend { number }),
        1 => number().prop_map(|number| Step::Revoke { number }),
        1 => number().prop_map(|number| Step::Withdraw { number }),
        1 => number().prop_map(|number| Step::Restore { number }),
        1 => (number(), any::<bool>()).prop_map(|(number, ours)| Step::Own { number, ours }),
        1 => (0..8_usize, 0..8_usize).prop_map(|(payment, invoice)| Step::Apply { payment, invoice }),
        1 => (0..8_usize).prop_map(|payment| Step::Refund { payment }),
        1 => (0..8_usize).prop_map(|payment| Step::WriteOff { payment }),
        1 => (number(), 1..40_u64).prop_map(|(number, minutes)| Step::Lock { number, minutes }),
        1 => (number(), 1..30_u64).prop_map(|(number, price)| Step::Reprice { number, price }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// The shop under test, and the world around it.
struct World {
    clock: ManualClock,
    store: MemoryStore,
    service: RentalService,
    invoices: Vec<Invoice>,
    payments: Vec<TxHash>,
    tokens: Vec<TransferToken>,
    chains: BTreeMap<Currency, Vec<ChainTransaction>>,
    unseen: BTreeMap<Currency, usize>,
    /// What was contradicted when it was booked.
    contradicted: Vec<TxHash>,
    locks: u8,
}

/// Two sources of which so many have it, and so many contradict.
fn seen(confirmed: u8, denied: u8) -> Sighting {
    Sighting { sources: 2, confirmed, denied }
}

fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).unwrap()
}

fn customer(n: u64) -> CustomerId {
    CustomerId::Telegram(n + 1)
}

fn admin() -> Actor {
    Actor::Admin(AdminId::Console("model".to_owned()))
}

impl World {
    async fn new() -> Self {
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = MemoryStore::new(Arc::new(clock.clone()));
        let service = RentalService::new(Arc::new(store.clone()));
        let wallet = Wallet { network: Network::Sandbox, address: "UQmodel".to_owned() };
        let policy = Policy { max_open_invoices: 2, max_numbers: 2, ..Policy::default() };
        service.open_shop(&wallet, &policy, ChainCursor::START).await.unwrap();
        let (master, wallet) = ("0:aa".to_owned(), "0:bb".to_owned());
        let accept = Command::AcceptUsdt { master, wallet, chain_start: ChainCursor::START };
        service.execute(Request::new(Actor::System, accept)).await.unwrap();
        for n in 0..NUMBERS {
            let plans = vec!["30d=10+25usdt".parse().unwrap()];
            let command = Command::AddNumber { number: number(n), plans };
            service.execute(Request::new(admin(), command)).await.unwrap();
        }
        let (invoices, payments, tokens) = (vec![], vec![], vec![]);
        let chains = Currency::ALL.map(|currency| (currency, vec![])).into();
        let unseen = Currency::ALL.map(|currency| (currency, 0)).into();
        let contradicted = vec![];
        Self { clock, store, service, invoices, payments, tokens, chains, unseen, contradicted, locks: 0 }
    }

    async fn ask(&self, actor: Actor, command: Command) -> Result<Receipt, ServiceError> {
        self.service.execute(Request::new(actor, command)).await
    }

    fn coin(&mut self, amount: Amount, comment: &str) {
        let lt = u64::try_from(self.payments.len()).unwrap() + 1;
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&lt.to_be_bytes());
        let (tx, chain_time) = (TxHash(hash), self.clock.now());
        let incoming = IncomingPayment {
            tx,
            lt,
            amount,
            comment: Comment::Text(comment.to_owned()),
            sender: "0:aa".to_owned(),
            chain_time,
        };
        let transaction = ChainTransaction {
            tx,
            lt,
            chain_time,
            verdict: Verdict::Payment(incoming),
            outgoing: Vec::new(),
        };
        self.chains.get_mut(&amount.currency()).unwrap().push(transaction);
        *self.unseen.get_mut(&amount.currency()).unwrap() += 1;
        self.payments.push(tx);
    }

    /// Books everything on a chain; then, and only then, that chain counts as read.
    async fn watch(&mut self, currency: Currency, sighting: Sighting) {
        let from = self.store.load(&Load::default()).await.unwrap().chains.of(currency);
        let chain = &self.chains[&currency];
        for transaction in &chain[chain.len() - self.unseen[&currency]..] {
            let incoming = transaction.incoming().unwrap().clone();
            if sighting.denied > 0 {
                self.contradicted.push(incoming.tx);
            }
            let book = Command::Book { incoming, unreadable: false, sighting };
            self.ask(Actor::System, book).await.unwrap();
        }
        let cursor = chain.last().map_or(from.cursor, ChainTransaction::cursor);
        self.unseen.insert(currency, 0);
        let to = ChainState { currency, cursor, read_to: self.clock.now().minus(Seconds(1)) };
        self.ask(Actor::System, Command::AdvanceChain { from: from.cursor, to }).await.unwrap();
    }

    async fn watch_all(&mut self) {
        for currency in Currency::ALL {
            self.watch(currency, Sighting::SOLE).await;
        }
    }

    /// What is in doubt is decided: confirmed, or written off when the sources contradict each other.
    async fn end_doubts(&self) {
        for tx in &self.payments {
            let confirm = Command::ConfirmPayment { tx: *tx, sighting: seen(2, 0) };
            self.ask(Actor::System, confirm).await.unwrap();
            let payment = self.service.payment(&admin(), *tx).await.unwrap();
            if payment.outcome == (Outcome::Exception { reason: ExceptionReason::Disputed }) {
                self.ask(admin(), Command::WriteOffPayment { tx: *tx }).await.unwrap();
            }
        }
    }

    /// Lets something happen around the shop; `false` when the step is a request.
    async fn happen(&mut self, step: &Step) -> bool {
        match *step {
            Step::Pay { invoice, off, other, seen } => {
                let Some(invoice) = self.invoices.iter().rev().nth(invoice).cloned() else {
                    return true;
                };
                let currency = match (invoice.amount.currency(), other) {
                    (Currency::Ton, true) | (Currency::Usdt, false) => Currency::Usdt,
                    (Currency::Ton, false) | (Currency::Usdt, true) => Currency::Ton,
                };
                let amount = Amount::new(currency, invoice.amount.units().saturating_add_signed(off));
                self.coin(amount.unwrap(), invoice.payload.as_str());
                if seen {
                    self.watch(currency, Sighting::SOLE).await;
                }
            }
            Step::PayStray => self.coin(Amount::new(Currency::Usdt, 5).unwrap(), "hello"),
            Step::Watch { currency, sighting } => self.watch(currency, sighting).await,
            Step::Confirm { payment, sighting } => {
                if let Some(tx) = self.payments.iter().rev().nth(payment) {
                    // One that is not booked yet, or whose number is locked, is left as it is.
                    let _ = self.ask(Actor::System, Command::ConfirmPayment { tx: *tx, sighting }).await;
                }
            }
            Step::Sweep => {
                for n in 0..NUMBERS {
                    let _ = self.ask(Actor::System, Command::Tick { number: number(n) }).await;
                }
            }
            Step::Pass { minutes } => self.clock.advance(Seconds(minutes * 60)),
            Step::Lock { number: n, minutes } => {
                self.locks += 1;
                let token = LeaseToken::from_entropy([self.locks; 16]);
                let name = LeaseName::Number(number(n));
                self.store.acquire(&name, &token, Seconds(minutes * 60)).await.unwrap();
            }
            _ => return false,
        }
        true
    }

    /// What a customer asks.
    fn customers_request(&self, step: &Step) -> Option<(Actor, Command)> {
        let term = Term::from_days(30).unwrap();
        let (who, command) = match *step {
            Step::OpenRent { number: n, who, currency } => {
                (who, Command::OpenRent { number: number(n), term, customer: customer(who), currency })
            }
            Step::OpenRenewal { number: n, who, currency } => {
                (who, Command::OpenRenewal { number: number(n), term, currency })
            }
            Step::Cancel { invoice, who } => {
                (who, Command::CancelInvoice { invoice: self.invoices.get(invoice)?.id })
            }
            Step::Offer { number: n, who, to } => {
                (who, Command::OfferTransfer { number: number(n), to: Some(customer(to)) })
            }
            Step::Accept { token, who } => {
                let token = self.tokens.iter().rev().nth(token).cloned()?;
                (who, Command::AcceptTransfer { offer: token.into(), customer: customer(who) })
            }
            _ => return None,
        };
        Some((Actor::Customer(customer(who)), command))
    }

    /// What an operator asks.
    fn operators_request(&self, step: &Step) -> Option<(Actor, Command)> {
        let payment = |back: usize| self.payments.iter().rev().nth(back).copied();
        let command = match *step {
            Step::Extend { number: n } => {
                Command::Extend { number: number(n), term: Term::from_days(5).unwrap() }
            }
            Step::Revoke { number: n } => Command::Revoke { number: number(n) },
            Step::Withdraw { number: n } => Command::Withdraw { number: number(n) },
            Step::Restore { number: n } => Command::Restore { number: number(n) },
            Step::Own { number: n, ours } => {
                let ownership =
                    if ours { Ownership::Ours { wallet: "0:88".to_owned() } } else { Ownership::NotMinted };
                Command::NoteOwnership { number: number(n), ownership }
            }
            Step::Apply { payment: back, invoice } => {
                let invoice = self.invoices.iter().rev().nth(invoice).map(|invoice| invoice.id);
                Command::ApplyPayment { tx: payment(back)?, invoice }
            }
            Step::Refund { payment: back } => Command::RefundPayment { tx: payment(back)? },
            Step::WriteOff { payment: back } => Command::WriteOffPayment { tx: payment(back)? },
            Step::Reprice { number: n, price } => {
                let term = Term::from_days(30).unwrap();
                let prices = Currency::ALL.map(|currency| Amount::whole(currency, price).unwrap());
                let plan = Plan::new(term, prices).unwrap();
                Command::SetPlans { number: number(n), plans: vec![plan] }
            }
            _ => return None,
        };
        Some((admin(), command))
    }

    async fn take(&mut self, step: &Step) {
        if self.happen(step).await {
            return;
        }
        let request = self.customers_request(step).or_else(|| self.operators_request(step));
        let Some((actor, command)) = request else { return };
        match self.ask(actor, command).await {
            Ok(Receipt { effect: Effect::Invoice(invoice), .. }) if invoice.is_open() => {
                self.invoices.push(*invoice);
            }
            Ok(Receipt { effect: Effect::Offer { token, .. }, .. }) => {
                self.tokens.push(token.parse().unwrap());
            }
            Ok(_) | Err(ServiceError::Domain(_)) => {}
            Err(error) => panic!("{step:?}: {error}"),
        }
    }

    async fn books(&self) -> Books {
        let page = PageRequest::first(1000);
        let numbers = self.store.numbers(&NumberQuery::default(), &page).await.unwrap().items;
        let invoices = self.store.invoices(&InvoiceQuery::default(), &page).await.unwrap().items;
        let accounts = self.store.accounts(&page).await.unwrap().items;
        let payments = self.store.payments(&PaymentQuery::default(), &page).await.unwrap().items;
        Books { numbers, invoices, accounts, payments }
    }

    /// What must be true after every step.
    async fn check(&self, before: &Books, step: &Step) -> Books {
        let books = self.books().await;
        assert_eq!(find_violations(&books.numbers, &books.invoices, &books.accounts), [], "after {step:?}");
        for (currency, chain) in &self.chains {
            let seen = &chain[..chain.len() - self.unseen[currency]];
            let balance = reconcile(*currency, seen, u64::MAX, &books.payments, &books.invoices);
            assert!(balance.balances(), "after {step:?}: {:?}", balance.findings);
        }

        // An operator who applies a payment may give a customer more than the limit; nobody else can.
        let applied = books.payments.iter().filter(|payment| payment.outcome.name() == "applied").count();
        for account in &books.accounts {
            assert!(account.open_invoices.len() <= 2, "{account:?}");
            assert!(account.numbers.len() <= 2 + applied, "{account:?}");
        }
        let open: BTreeMap<_, _> = books.invoices.iter().map(|invoice| (invoice.id, invoice)).collect();
        for old in &before.invoices {
            let new = open[&old.id];
            assert_eq!((old.amount, &old.payload, old.number), (new.amount, &new.payload, new.number));
            assert!(!new.is_open() || old.is_open(), "{new:?} opened again");
            let settled = matches!(old.status, InvoiceStatus::Settled { .. });
            assert!(!settled || new.status == old.status, "{new:?} was settled");
        }
        for new in books.invoices.iter().filter(|new| new.kind == InvoiceKind::Renew) {
            let was_open = before.invoices.iter().any(|old| old.id == new.id && old.is_open());
            if was_open && matches!(new.status, InvoiceStatus::Settled { .. }) {
                let end = |books: &Books| {
                    let record = books.numbers.iter().find(|record| record.number == new.number);
                    record.and_then(|record| record.rental()).map(|rental| rental.expires_at)
                };
                let paid = end(before).unwrap() + new.term.seconds();
                assert!(end(&books).unwrap() >= paid, "{new:?} was paid and the end did not move as far");
            }
        }
        for old in &before.payments {
            let new = books.payments.iter().find(|new| new.tx == old.tx).expect("no payment is ever lost");
            assert_eq!((old.amount, old.lt, &old.sender), (new.amount, new.lt, &new.sender));
            let decided = old.outcome.name() != "exception" && old.outcome.name() != "refund_pending";
            assert!(!decided || new.outcome == old.outcome, "{new:?} was {:?}", old.outcome);
        }
        for payment in books.payments.iter().filter(|payment| self.contradicted.contains(&payment.tx)) {
            assert_ne!(payment.outcome, Outcome::Settled, "after {step:?}: {payment:?} was contradicted");
        }
        for old in &before.numbers {
            let new = books.numbers.iter().find(|new| new.number == old.number).unwrap();
            let same_holder = old.rental().zip(new.rental()).filter(|(old, new)| old.holder == new.holder);
            if let Some((old, new)) = same_holder.filter(|(old, new)| old.started_at == new.started_at) {
                assert!(new.expires_at >= old.expires_at, "paid time was lost: {old:?} → {new:?}");
            }
        }
        books
    }
}

struct Books {
    numbers: Vec<NumberRecord>,
    invoices: Vec<Invoice>,
    accounts: Vec<Account>,
    payments: Vec<Payment>,
}

proptest! {
    #[test]
    fn the_books_stay_right_whatever_happens(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut books = world.books().await;
            for step in &steps {
                world.take(step).await;
                books = world.check(&books, step).await;
            }
            // In the end everything comes to rest: locks run out, the chain is read, time passes.
            world.clock.advance(Seconds::from_hours(1));
            world.watch_all().await;
            world.end_doubts().await;
            let end = Step::Sweep;
            world.take(&end).await;
            books = world.check(&books, &end).await;
            world.clock.advance(Seconds::from_days(3650));
            world.watch_all().await;
            world.take(&end).await;
            books = world.check(&books, &end).await;
            assert!(books.numbers.iter().all(|record| record.holding == Holding::Free), "{:?}", books.numbers);
            assert!(books.invoices.iter().all(|invoice| !invoice.is_open()), "{:?}", books.invoices);
            let waits = |payment: &Payment| match payment.outcome {
                Outcome::Exception { reason } => reason.holds_invoice(),
                _ => false,
            };
            assert!(!books.payments.iter().any(waits), "{:?}", books.payments);
        });
    }
}
