//! Decisions and parsers per second, each beside a limit measured in the same run: a decision beside cloning the state
//! it looks at, a parser beside walking over the characters.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rental_core::{
    Actor, AdminId, ChainCursor, Clock, Command, Comment, Currency, CustomerId, Envelope, IncomingPayment,
    ManualClock, MemoryStore, Nanotons, Network, Payload, PhoneNumber, Policy, RentalService, Rentals,
    Request, Seed, Sighting, State, Store, Term, Timestamp, TxHash, Ulid, Wallet, decide, load_for,
};

fn admin() -> Actor {
    Actor::Admin(AdminId::Console("bench".to_owned()))
}

/// A shop with a reserved number, and what deciding about it needs.
struct Case {
    state: State,
    envelope: Envelope,
}

fn cases() -> Vec<(&'static str, Case)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
        let service = RentalService::new(store.clone());
        let wallet = Wallet { network: Network::Sandbox, address: "UQbench".to_owned() };
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("opens");
        let numbers: Vec<PhoneNumber> =
            (1..4).map(|n| PhoneNumber::from_digits(88_800_000_000 + n).expect("a number")).collect();
        for number in &numbers {
            let plans = vec!["30d=10".parse().expect("a plan")];
            let command = Command::AddNumber { number: *number, plans };
            service.execute(Request::new(admin(), command)).await.expect("adds");
        }
        let customer = CustomerId::Telegram(1);
        let term = Term::from_days(30).expect("a term");
        let open = |n: usize| Command::OpenRent {
            number: numbers[n],
            term,
            customer: customer.clone(),
            currency: Currency::Ton,
        };
        let actor = Actor::Customer(customer.clone());
        let invoice = service
            .execute(Request::new(actor.clone(), open(0)))
            .await
            .expect("opens")
            .invoice()
            .expect("an invoice");
        let incoming = IncomingPayment {
            tx: TxHash([1; 32]),
            lt: 1,
            amount: invoice.amount,
            comment: Comment::Text(invoice.payload.to_string()),
            sender: "0:aa".to_owned(),
            chain_time: clock.now(),
        };
        let mut cases = Vec::new();
        for (name, actor, command) in [
            ("open an invoice", actor, open(1)),
            (
                "settle a payment",
                Actor::System,
                Command::Book { incoming, unreadable: false, sighting: Sighting::SOLE },
            ),
            ("tick with nothing to do", Actor::System, Command::Tick { number: numbers[0] }),
        ] {
            let state = store.load(&load_for(&actor, &command)).await.expect("loads");
            let seed = Seed { id: Ulid::from_parts(1, 1), entropy: [7; 32] };
            let envelope = Envelope { actor, command, seed, reason: None, lease: None };
            decide(&state, &envelope, state.now).expect("is allowed");
            cases.push((name, Case { state, envelope }));
        }
        cases
    })
}

fn deciding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(1));
    for (name, case) in cases() {
        group.bench_function(name, |bench| {
            bench.iter(|| decide(black_box(&case.state), black_box(&case.envelope), case.state.now));
        });
        group.bench_function(format!("{name} (limit: clone the state)"), |bench| {
            bench.iter_batched(|| (), |()| black_box(&case.state).clone(), BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn parsing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    let typed = "+888 (0123) 45-67";
    let comment = " rent-7f3k9qxm2p\u{200b}\n";
    let amount = "1234.567890123";
    group.throughput(Throughput::Elements(1));
    group.bench_function("number", |bench| {
        bench.iter(|| black_box(typed).parse::<PhoneNumber>());
    });
    group.bench_function("number (limit: walk the characters)", |bench| {
        bench.iter(|| black_box(typed).chars().filter(char::is_ascii_digit).count());
    });
    group.bench_function("comment", |bench| {
        bench.iter(|| Payload::from_comment(black_box(comment)));
    });
    group.bench_function("amount", |bench| {
        bench.iter(|| black_box(amount).parse::<Nanotons>());
    });
    group.finish();
}

criterion_group!(benches, deciding, parsing);
criterion_main!(benches);
