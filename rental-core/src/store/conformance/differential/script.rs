//! Turns numbers into operations on a small world: few numbers, customers and invoices, so that things meet.

use super::super::super::{
    Changes, CommitId, Disposition, Due, InvoiceQuery, InvoiceRef, Load, NumberQuery, Once, OnceKey, Owner,
    PaymentQuery,
};
use super::super::{Harness, sample};
use crate::{
    Account, Currency, CustomerId, Event, ExceptionReason, Holding, Invoice, InvoiceStatus, LeaseName,
    LeaseToken, Listing, NumberRecord, NumberState, Outcome, Payment, PhoneNumber, Quota, Seconds, Timestamp,
};

/// One call.
#[derive(Debug)]
pub(super) enum Operation {
    Pass(u64),
    Load(Load),
    Commit(Box<Changes>),
    Due(Option<Due>, usize),
    Numbers(NumberQuery, usize),
    Invoices(InvoiceQuery, usize),
    Payments(PaymentQuery, usize),
    Accounts(usize),
    Audit(usize),
    History(PhoneNumber, usize),
    Feed { owner: Owner, skip: usize, limit: usize },
    Totals,
    Claim { group: &'static str, consumer: &'static str, limit: usize, hold: Seconds },
    Dispose(usize, Disposition),
    DeadLetters(&'static str, usize),
    Forget(Timestamp),
    Acquire(LeaseName, LeaseToken, Seconds),
    Renew(LeaseName, LeaseToken, Seconds),
    Release(LeaseName, LeaseToken),
    HeldUntil(LeaseName),
    Hit(&'static str, Quota),
    Pace(&'static str, Quota),
}

const CUSTOMERS: [&str; 6] =
    ["tg:1", "tg:11", "api:demo:al", "api:demo:alice", "api:dem:alice", "api:demo:AL"];
const GROUPS: [&str; 2] = ["bot", "webhooks"];
const CONSUMERS: [&str; 2] = ["a", "b"];
const REASONS: [ExceptionReason; 3] =
    [ExceptionReason::Late, ExceptionReason::Underpaid, ExceptionReason::UnknownPayload];
const INVOICES: u64 = 6;
const PAYMENTS: u64 = 5;

/// A source of choices; when it runs dry, the first choice is taken.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        let rolled = self.0 % sides;
        self.0 /= sides;
        rolled
    }

    /// True once in `times`, and never when dry.
    fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == times - 1
    }

    fn size(&mut self, most: u64) -> usize {
        usize::try_from(self.roll(most)).expect("a small number")
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.size(choices.len() as u64)]
    }

    fn maybe<T>(&mut self, choose: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(2) == 1).then(|| choose(self))
    }

    fn number(&mut self) -> PhoneNumber {
        match self.roll(4) {
            0 => PhoneNumber::from_digits(8_888_000).expect("a short number"),
            n => sample::number(n),
        }
    }

    fn customer(&mut self) -> CustomerId {
        sample::customer(self.pick(&CUSTOMERS))
    }

    fn owner(&mut self) -> Owner {
        match self.roll(4) {
            0 => Owner::Anybody,
            1 => Owner::Integrator("demo".parse().expect("a name")),
            2 => Owner::Integrator("dem".parse().expect("a name")),
            _ => Owner::Customer(self.customer()),
        }
    }

    fn limit(&mut self) -> usize {
        self.pick(&[1, 2, 3, usize::MAX])
    }

    fn seconds(&mut self) -> Seconds {
        Seconds(self.roll(30))
    }

    fn lease(&mut self) -> (LeaseName, LeaseToken) {
        let name = match self.roll(3) {
            0 => LeaseName::Worker("sweeper"),
            _ => LeaseName::Number(self.number()),
        };
        (name, self.token())
    }

    fn token(&mut self) -> LeaseToken {
        sample::token(self.pick(&[1, 2]))
    }

    fn once_key(&mut self) -> OnceKey {
        match self.roll(4) {
            0 => OnceKey::Tx(sample::tx(self.roll(2))),
            1 => OnceKey::Payload(sample::payload(self.roll(2))),
            n => sample::request(if n == 2 { "a" } else { "" }),
        }
    }

    fn load(&mut self) -> Load {
        Load {
            number: self.maybe(Self::number),
            invoice: self.maybe(|dice| {
                let n = dice.roll(INVOICES);
                match dice.roll(2) {
                    0 => InvoiceRef::Id(sample::invoice_id(n)),
                    _ => InvoiceRef::Payload(sample::payload(n)),
                }
            }),
            payment: self.maybe(|dice| sample::tx(dice.roll(PAYMENTS))),
            accounts: (0..self.roll(3)).map(|_| self.customer()).collect(),
            once: self.maybe(Self::once_key),
            access: self.roll(2) == 1,
        }
    }

    fn status(&mut self, at: Timestamp) -> InvoiceStatus {
        match self.roll(4) {
            0 => InvoiceStatus::Open,
            1 => InvoiceStatus::Expired { at },
            2 => InvoiceStatus::Cancelled { at },
            _ => InvoiceStatus::Settled { tx: sample::tx(self.roll(PAYMENTS)), at },
        }
    }

    fn outcome(&mut self) -> Outcome {
        let (kind, reason) = (self.roll(4), self.pick(&REASONS));
        match kind {
            0 => Outcome::Exception { reason },
            1 => Outcome::Applied { reason },
            2 => Outcome::WrittenOff { reason },
            _ => Outcome::Settled,
        }
    }

    fn record(&mut self, number: PhoneNumber, now: Timestamp) -> NumberRecord {
        let (customer, n) = (self.customer(), self.roll(INVOICES));
        let invoice = sample::invoice(n, number, &customer);
        let record = match self.roll(5) {
            0 => sample::record(number),
            1 => sample::reserved(&invoice),
            2 => sample::rented(number, &customer),
            3 => sample::renewing(sample::rented(number, &customer), &invoice),
            _ => NumberRecord { holding: Holding::Turnover { until: None }, ..sample::record(number) },
        };
        NumberRecord {
            listing: self.pick(&[Listing::Listed, Listing::Listed, Listing::Withdrawn]),
            proof: self.maybe(|_| sample::lost()),
            deadline: self.maybe(|dice| now + dice.seconds()),
            ..record
        }
    }

    /// Mostly the version after `stored`, sometimes the same or the one after the next.
    fn version(&mut self, stored: Option<u64>) -> u64 {
        let next = stored.unwrap_or(0) + 1;
        match self.roll(12) {
            10 if next > 1 => next - 1,
            11 => next + 1,
            _ => next,
        }
    }
}

/// A script on its way: the numbers, and the commits made so far.
pub(super) struct Script<'a> {
    rest: std::slice::Iter<'a, u64>,
    commits: u64,
}

impl<'a> Script<'a> {
    pub(super) fn of(numbers: &'a [u64]) -> Self {
        Self { rest: numbers.iter(), commits: 0 }
    }

    /// The next operation, made up in view of what `h` holds.
    pub(super) async fn next(&mut self, h: &Harness) -> Option<Operation> {
        let mut dice = Dice(*self.rest.next()?);
        let operation = match dice.roll(24) {
            0 => Operation::Pass(dice.roll(20)),
            1 => Operation::Load(dice.load()),
            2 => Operation::Due(
                dice.maybe(|dice| Due { deadline: h.now().minus(dice.seconds()), number: dice.number() }),
                dice.limit(),
            ),
            3 => Operation::Numbers(
                NumberQuery {
                    states: (0..dice.roll(3)).map(|_| dice.pick(&NumberState::ALL)).collect(),
                    owner: dice.owner(),
                },
                dice.limit(),
            ),
            4 => Operation::Invoices(
                InvoiceQuery {
                    owner: dice.owner(),
                    status: dice.maybe(|dice| dice.pick(&["open", "settled", "expired"])),
                    number: dice.maybe(Dice::number),
                },
                dice.limit(),
            ),
            5 => Operation::Payments(
                PaymentQuery {
                    owner: dice.owner(),
                    outcome: dice.maybe(|dice| dice.pick(&["settled", "exception", "applied"])),
                    reason: dice.maybe(|dice| dice.pick(&REASONS)),
                },
                dice.limit(),
            ),
            6 => match dice.roll(4) {
                0 => Operation::Accounts(dice.limit()),
                1 => Operation::Audit(dice.limit()),
                2 => Operation::Totals,
                _ => Operation::History(dice.number(), dice.limit()),
            },
            7 => Operation::Feed { owner: dice.owner(), skip: dice.size(8), limit: dice.limit() },
            8 | 9 => Operation::Claim {
                group: dice.pick(&GROUPS),
                consumer: dice.pick(&CONSUMERS),
                limit: dice.limit(),
                hold: Seconds(1 + dice.roll(30)),
            },
            10 | 11 => {
                let nth = dice.size(1_000);
                let disposition = match dice.roll(3) {
                    0 => Disposition::Done,
                    1 => Disposition::Retry(h.now() + dice.seconds()),
                    _ => Disposition::Dead("blocked".to_owned()),
                };
                Operation::Dispose(nth, disposition)
            }
            12 => match dice.roll(2) {
                0 => Operation::DeadLetters(dice.pick(&GROUPS), dice.limit()),
                _ => Operation::Forget(h.now().minus(dice.seconds())),
            },
            13 => {
                let (name, token) = dice.lease();
                Operation::Acquire(name, token, dice.seconds())
            }
            14 => {
                let (name, token) = dice.lease();
                match dice.roll(3) {
                    0 => Operation::Renew(name, token, dice.seconds()),
                    1 => Operation::Release(name, token),
                    _ => Operation::HeldUntil(name),
                }
            }
            15 => {
                // One subject has one quota: what a changed quota means in mid-window is left open.
                let subjects = [("tg:1", 1, 5), ("tg:11", 2, 30), ("key:ab12", 3, 10)];
                let (subject, limit, window) = dice.pick(&subjects);
                let quota = Quota { limit, window: Seconds(window) };
                if dice.roll(2) == 0 {
                    Operation::Hit(subject, quota)
                } else {
                    Operation::Pace(subject, quota)
                }
            }
            _ => Operation::Commit(Box::new(self.changes(&mut dice, h).await)),
        };
        Some(operation)
    }

    async fn changes(&mut self, dice: &mut Dice, h: &Harness) -> Changes {
        let sent_before = dice.once_in(16) && self.commits > 0;
        let id = if sent_before { dice.roll(self.commits) } else { self.commits };
        self.commits = self.commits.max(id + 1);
        let mut changes = Changes::none(CommitId(ulid::Ulid::from_parts(1, id.into())), Load::default());

        let (number, n, payment) = (dice.number(), dice.roll(INVOICES), dice.roll(PAYMENTS));
        let customer = dice.customer();
        let id = sample::invoice_id(n);
        let stored = h
            .load(Load {
                number: Some(number),
                invoice: Some(InvoiceRef::Id(id)),
                payment: Some(sample::tx(payment)),
                accounts: vec![customer.clone()],
                once: None,
                access: true,
            })
            .await;
        let now = stored.now;
        let parts = 1 + dice.roll(255);
        if parts & 1 != 0 {
            let version = dice.version(stored.number.as_ref().map(|record| record.version));
            changes.number = Some(NumberRecord { version, ..dice.record(number, now) });
            changes.lease = dice.maybe(Dice::token);
        }
        if parts & 2 != 0 {
            // An invoice's number and customer never change.
            let owner = sample::customer(CUSTOMERS[usize::try_from(n).expect("a small number")]);
            changes.invoices = vec![Invoice {
                status: dice.status(now),
                version: dice.version(stored.invoice(id).map(|invoice| invoice.version)),
                waiting: dice.once_in(4).then(|| sample::tx(payment)),
                ..sample::invoice(n, sample::number(n % 2), &owner)
            }];
        }
        if parts & 4 != 0 {
            let booked = stored.payment.as_ref().filter(|known| known.tx == sample::tx(payment));
            let named = stored.invoice(id).map(|invoice| invoice.id);
            changes.payment = Some(Payment {
                outcome: dice.outcome(),
                version: dice.version(booked.map(|payment| payment.version)),
                invoice: booked.map_or(named, |booked| booked.invoice),
                // A payment's amount never changes.
                amount: sample::coins(Currency::ALL[usize::from(payment % 3 == 0)], 10),
                ..sample::payment(payment, None)
            });
        }
        if parts & 8 != 0 {
            let version = dice.version(stored.account(&customer).map(|account| account.version));
            changes.accounts = vec![Account { version, ..sample::account(&customer) }];
        }
        if parts & 16 != 0 {
            changes.once = vec![Once {
                value: id.to_string(),
                keep_until: dice.maybe(|dice| now + dice.seconds()),
                key: dice.once_key(),
            }];
        }
        if parts & 32 != 0 {
            let event = Event { at: now, ..sample::event(n, Some(&customer)) };
            changes.events = vec![event, Event { at: now, ..sample::event(n, None) }];
            changes.audit = vec![sample::audit(n)];
            let exists = stored.number.is_some() || changes.number.is_some();
            changes.history = exists.then(|| sample::line(n, number)).into_iter().collect();
        }
        if parts & 64 != 0 {
            let currency = if dice.once_in(2) { Currency::Usdt } else { Currency::Ton };
            let position = stored.chains.of(currency).read_to.since(sample::START).0;
            let from = position - position.min(u64::from(dice.once_in(6)));
            changes.chain = Some(sample::chain_move_of(currency, from, position + 1));
        }
        if parts & 128 != 0 {
            let mut access = sample::access();
            access.version = dice.version(stored.access.map(|access| access.version));
            let mut shop = sample::shop();
            shop.version = dice.version(stored.shop.map(|shop| shop.version));
            (changes.access, changes.shop) = (Some(access), Some(shop));
        }
        changes.read = dice.load();
        changes
    }
}
