//! Listings: order, filters, pages, and who sees what.

use super::super::{Changes, InvoiceQuery, Load, NumberQuery, Owner, PageRequest, PaymentQuery};
use super::snapshot::{all, pages};
use super::{Harness, sample};
use crate::{
    Amount, Currency, CustomerId, ExceptionReason, Holding, Invoice, InvoiceStatus, Listing, NumberRecord,
    NumberState, Outcome, Payment, PhoneNumber, Sums, Totals, TxHash,
};

impl Harness {
    async fn numbers(&self, states: &[NumberState], owner: Owner) -> Vec<PhoneNumber> {
        let states = states.to_vec();
        let query = NumberQuery { states, owner };
        let listed = all(async |page| self.store.numbers(&query, &page).await).await;
        listed.into_iter().map(|record| record.number).collect()
    }

    async fn invoices(&self, query: InvoiceQuery) -> Vec<Invoice> {
        all(async |page| self.store.invoices(&query, &page).await).await
    }

    async fn payments(&self, query: PaymentQuery) -> Vec<u64> {
        let listed = all(async |page| self.store.payments(&query, &page).await).await;
        listed.into_iter().map(|payment| payment.lt).collect()
    }

    async fn book(&self, payment: Payment) {
        let payment = Some(payment);
        self.write(Changes { payment, ..sample::changes() }).await;
    }

    async fn open(&self, invoice: Invoice) {
        let invoices = vec![invoice];
        self.write(Changes { invoices, ..sample::changes() }).await;
    }
}

/// One number in each state, in the order of the states.
async fn number_of_each_state(h: &Harness) -> Vec<PhoneNumber> {
    let holder = sample::customer("tg:1");
    let until = sample::START;
    let (number, record) = (sample::number, |n| sample::record(sample::number(n)));
    let rented = sample::rented(number(2), &holder);
    let rental = rented.rental().cloned().expect("it is rented");
    let records = [
        record(0),
        sample::reserved(&sample::invoice(1, number(1), &holder)),
        rented,
        NumberRecord { holding: Holding::Grace { rental, until }, ..record(3) },
        NumberRecord { holding: Holding::Turnover { until: None }, ..record(4) },
        NumberRecord { listing: Listing::Withdrawn, ..record(5) },
        NumberRecord { listing: Listing::Restricted, ..record(6) },
        NumberRecord { listing: Listing::PendingDeletion { until }, ..record(7) },
        NumberRecord { proof: Some(sample::lost()), ..record(8) },
    ];
    for (record, state) in records.iter().zip(NumberState::ALL) {
        assert_eq!(record.state(), state);
        h.write(sample::number_changes(record.clone())).await;
    }
    records.iter().map(|record| record.number).collect()
}

pub(super) async fn numbers_are_listed_by_number(h: Harness) {
    let short: PhoneNumber = "+888 8 123".parse().expect("a short number");
    for number in [sample::number(20), sample::number(3), short, sample::number(100)] {
        h.write(sample::number_changes(sample::record(number))).await;
    }
    let wanted = [short, sample::number(3), sample::number(20), sample::number(100)];
    assert_eq!(h.numbers(&[], Owner::Anybody).await, wanted);
}

pub(super) async fn numbers_are_filtered_by_stored_state(h: Harness) {
    let numbers = number_of_each_state(&h).await;
    h.set_clock(crate::Timestamp::MAX); // what has passed meanwhile is no matter here
    for (number, state) in numbers.iter().zip(NumberState::ALL) {
        assert_eq!(h.numbers(&[state], Owner::Anybody).await, [*number], "{state:?}");
    }
    let two = [NumberState::Withdrawn, NumberState::Reserved];
    assert_eq!(h.numbers(&two, Owner::Anybody).await, [sample::number(1), sample::number(5)]);
    assert_eq!(h.numbers(&NumberState::ALL, Owner::Anybody).await, numbers);
}

pub(super) async fn a_number_leaves_its_former_state_and_owner(h: Harness) {
    let (alice, bob) = (sample::customer("tg:1"), sample::customer("tg:2"));
    let mut record = sample::rented(sample::number(1), &alice);
    h.write(sample::number_changes(record.clone())).await;
    record.holding = record.holding.map_rental(|rental| rental.handed_to(bob.clone()));
    record = sample::changed(record);
    h.write(sample::number_changes(record.clone())).await;
    let of = Owner::Customer;
    assert_eq!(h.numbers(&[], of(alice)).await, []);
    assert_eq!(h.numbers(&[], of(bob.clone())).await, [sample::number(1)]);

    record.holding = Holding::Free;
    h.write(sample::number_changes(sample::changed(record))).await;
    assert_eq!(h.numbers(&[], of(bob)).await, []);
    assert_eq!(h.numbers(&[NumberState::Rented], Owner::Anybody).await, []);
    assert_eq!(h.numbers(&[NumberState::Available], Owner::Anybody).await, [sample::number(1)]);
}

/// Customers whose texts begin like each other's, and whom each owner includes.
fn look_alikes() -> (Vec<CustomerId>, Vec<(Owner, Vec<usize>)>) {
    let customers: Vec<_> = [
        "api:demo:al",
        "api:demo:alice",
        "api:dem:alice",
        "api:demo-2:alice",
        "api:demo_:al",
        "tg:1",
        "tg:11",
        "api:tg:1",
        "api:demo:AL",
        "api:demo:a_",
    ]
    .map(sample::customer)
    .to_vec();
    let integrator = |name: &str| Owner::Integrator(name.parse().expect("a name"));
    let mut owners = vec![
        (Owner::Anybody, (0..customers.len()).collect()),
        (integrator("demo"), vec![0, 1, 8, 9]),
        (integrator("dem"), vec![2]),
        (integrator("demo-2"), vec![3]),
        (integrator("demo_"), vec![4]),
        (integrator("tg"), vec![7]),
        (integrator("d"), vec![]),
        (integrator("demo__"), vec![]),
        (Owner::Customer(sample::customer("api:demo:a")), vec![]),
        (Owner::Customer(sample::customer("tg:111")), vec![]),
    ];
    let each = customers.iter().cloned().map(Owner::Customer);
    owners.extend(each.zip(0..).map(|(owner, n)| (owner, vec![n])));
    (customers, owners)
}

pub(super) async fn owners_see_only_their_own_numbers_invoices_and_payments(h: Harness) {
    let (customers, owners) = look_alikes();
    for (n, customer) in (0..).zip(&customers) {
        let invoice = sample::invoice(n, sample::number(n), customer);
        let record =
            if n % 2 == 0 { sample::reserved(&invoice) } else { sample::rented(invoice.number, customer) };
        h.write(Changes {
            payment: Some(sample::payment(n, Some(invoice.id))),
            invoices: vec![invoice],
            ..sample::number_changes(record)
        })
        .await;
    }
    for (owner, own) in owners {
        let own: Vec<_> = own.into_iter().map(|n| n as u64).collect();
        let newest_first: Vec<_> = own.iter().rev().copied().collect();
        let ids: Vec<_> = newest_first.iter().map(|n| sample::invoice_id(*n)).collect();
        let lts: Vec<_> = newest_first.iter().map(|n| sample::payment(*n, None).lt).collect();
        let numbers: Vec<_> = own.iter().map(|n| sample::number(*n)).collect();

        assert_eq!(h.numbers(&[], owner.clone()).await, numbers, "{owner:?}");
        let query = InvoiceQuery { owner: owner.clone(), ..InvoiceQuery::default() };
        let invoices = h.invoices(query).await;
        assert_eq!(invoices.iter().map(|invoice| invoice.id).collect::<Vec<_>>(), ids, "{owner:?}");
        let query = PaymentQuery { owner: owner.clone(), ..PaymentQuery::default() };
        assert_eq!(h.payments(query).await, lts, "{owner:?}");
    }
}

pub(super) async fn what_belongs_to_nobody_is_listed_for_anybody_only(h: Harness) {
    h.write(sample::number_changes(sample::record(sample::number(1)))).await;
    h.book(sample::payment(1, None)).await;
    h.book(sample::payment(2, Some(sample::invoice_id(404)))).await;
    let demo = Owner::Integrator("demo".parse().expect("a name"));
    for owner in [demo, Owner::Customer(sample::customer("tg:1"))] {
        assert_eq!(h.numbers(&[], owner.clone()).await, []);
        let query = PaymentQuery { owner, ..PaymentQuery::default() };
        assert_eq!(h.payments(query).await, [0_u64; 0]);
    }
    assert_eq!(h.numbers(&[], Owner::Anybody).await.len(), 1);
    assert_eq!(h.payments(PaymentQuery::default()).await.len(), 2);
}

pub(super) async fn invoices_are_listed_newest_first_and_filtered(h: Harness) {
    let (alice, at) = (sample::customer("tg:1"), sample::START);
    let tx = sample::tx(1);
    let statuses = [
        InvoiceStatus::Open,
        InvoiceStatus::Settled { tx, at },
        InvoiceStatus::Expired { at },
        InvoiceStatus::Cancelled { at },
        InvoiceStatus::Open,
    ];
    for n in [2, 0, 4, 1, 3] {
        let status = statuses[usize::try_from(n).expect("small")];
        let number = sample::number(n % 2);
        h.open(Invoice { status, ..sample::invoice(n, number, &alice) }).await;
    }
    let listed = async |status, number| {
        let query = InvoiceQuery { owner: Owner::Customer(alice.clone()), status, number };
        let invoices = h.invoices(query).await;
        invoices.iter().map(|invoice| invoice.id).collect::<Vec<_>>()
    };
    let ids = |ns: &[u64]| ns.iter().copied().map(sample::invoice_id).collect::<Vec<_>>();
    assert_eq!(listed(None, None).await, ids(&[4, 3, 2, 1, 0]));
    assert_eq!(listed(Some("open"), None).await, ids(&[4, 0]));
    assert_eq!(listed(Some("settled"), None).await, ids(&[1]));
    assert_eq!(listed(Some("expired"), None).await, ids(&[2]));
    assert_eq!(listed(Some("cancelled"), None).await, ids(&[3]));
    assert_eq!(listed(Some("ope"), None).await, ids(&[]));
    assert_eq!(listed(None, Some(sample::number(1))).await, ids(&[3, 1]));
    assert_eq!(listed(Some("open"), Some(sample::number(0))).await, ids(&[4, 0]));
    assert_eq!(listed(Some("open"), Some(sample::number(1))).await, ids(&[]));

    let settled = Invoice {
        status: InvoiceStatus::Settled { tx, at },
        version: 2,
        ..sample::invoice(4, sample::number(0), &alice)
    };
    h.open(settled).await;
    assert_eq!(listed(Some("open"), None).await, ids(&[0]));
    assert_eq!(listed(Some("settled"), None).await, ids(&[4, 1]));
}

pub(super) async fn payments_are_listed_by_logical_time_and_filtered(h: Harness) {
    let reason = ExceptionReason::Late;
    let outcomes = [
        Outcome::Settled,
        Outcome::Exception { reason },
        Outcome::Applied { reason },
        Outcome::RefundPending { reason, refund_tx: None },
        Outcome::Refunded { reason, refund_tx: None },
        Outcome::WrittenOff { reason: ExceptionReason::Early },
    ];
    for n in [3, 0, 5, 1, 4, 2] {
        h.book(Payment {
            lt: u64::try_from(n).expect("small"),
            outcome: outcomes[n].clone(),
            ..sample::payment(100 - u64::try_from(n).expect("small"), None)
        })
        .await;
    }
    let listed = async |outcome, reason| {
        let owner = Owner::Anybody;
        h.payments(PaymentQuery { owner, outcome, reason }).await
    };
    assert_eq!(listed(None, None).await, [5, 4, 3, 2, 1, 0]);
    for (lt, outcome) in (0..).zip(&outcomes) {
        assert_eq!(listed(Some(outcome.name()), None).await, [lt]);
    }
    assert_eq!(listed(None, Some(reason)).await, [4, 3, 2, 1]);
    assert_eq!(listed(None, Some(ExceptionReason::Early)).await, [5]);
    assert_eq!(listed(None, Some(ExceptionReason::Duplicate)).await, [0; 0]);
    assert_eq!(listed(Some("refunded"), Some(reason)).await, [4]);
    assert_eq!(listed(Some("settled"), Some(reason)).await, [0; 0]);

    let resolved =
        Payment { lt: 1, outcome: Outcome::WrittenOff { reason }, version: 2, ..sample::payment(99, None) };
    h.book(resolved).await;
    assert_eq!(listed(Some("exception"), None).await, [0; 0]);
    assert_eq!(listed(Some("written_off"), None).await, [5, 1]);
    assert_eq!(listed(None, None).await, [5, 4, 3, 2, 1, 0]);
}

pub(super) async fn payments_of_one_logical_time_are_listed_by_hash(h: Harness) {
    let lt = i64::MAX.unsigned_abs();
    let hashes = [[0xff; 32], [0x7f; 32], [0x10; 32], [0x0f; 32], [0; 32]].map(TxHash);
    for n in [2, 4, 0, 3, 1] {
        h.book(Payment { tx: hashes[n], lt, ..sample::payment(1, None) }).await;
    }
    h.book(Payment { lt: lt - 1, ..sample::payment(7, None) }).await;
    let query = PaymentQuery::default();
    let listed = pages(2, async |page| h.store.payments(&query, &page).await).await;
    let listed: Vec<_> = listed.iter().flatten().map(|payment| payment.tx).collect();
    assert_eq!(listed[..5], hashes);
    assert_eq!(listed[5..], [sample::tx(7)]);
}

pub(super) async fn accounts_are_listed_by_the_text_of_their_ids(h: Harness) {
    let wanted = ["api:b:Z", "api:b:z", "api:b:za", "api:c:a", "tg:1", "tg:10", "tg:2", "tg:9"];
    for n in [5, 2, 0, 6, 3, 1, 7, 4] {
        let accounts = vec![sample::account(&sample::customer(wanted[n]))];
        h.write(Changes { accounts, ..sample::changes() }).await;
    }
    for limit in [1, 3, 1000] {
        let listed = pages(limit, async |page| h.store.accounts(&page).await).await;
        let ids: Vec<_> = listed.iter().flatten().map(|account| account.id.to_string()).collect();
        assert_eq!(ids, wanted);
    }
}

pub(super) async fn history_is_kept_per_number_oldest_first(h: Harness) {
    let (one, two) = (sample::number(1), sample::number(2));
    let mut wanted = Vec::new();
    for n in 0..7 {
        // Later lines with earlier times: the order is that of writing.
        let lines = [sample::line(100 - n, one), sample::line(n, one)];
        wanted.extend(lines.clone());
        let mut history = lines.to_vec();
        history.insert(1, sample::line(n, two));
        h.write(Changes { history, ..sample::changes() }).await;
    }
    for limit in [1, 4, 1000] {
        let listed = pages(limit, async |page| h.store.history(one, &page).await).await;
        assert_eq!(listed.concat(), wanted);
    }
    let other = all(async |page| h.store.history(two, &page).await).await;
    assert_eq!(other.len(), 7);
    let none = all(async |page| h.store.history(sample::number(3), &page).await).await;
    assert_eq!(none, []);
}

pub(super) async fn the_audit_trail_is_listed_newest_first(h: Harness) {
    for n in 0..5 {
        let audit = vec![sample::audit(2 * n), sample::audit(2 * n + 1)];
        h.write(Changes { audit, ..sample::changes() }).await;
    }
    let wanted: Vec<_> = (0..10).rev().map(sample::audit).collect();
    for limit in [1, 3, 1000] {
        let listed = pages(limit, async |page| h.store.audit(&page).await).await;
        assert_eq!(listed.concat(), wanted);
    }
}

pub(super) async fn pages_are_full_and_the_last_one_says_so(h: Harness) {
    for n in 0..6 {
        h.write(sample::number_changes(sample::record(sample::number(n)))).await;
    }
    let query = NumberQuery::default();
    let sizes = async |limit| {
        let listed = pages(limit, async |page| h.store.numbers(&query, &page).await).await;
        listed.iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(sizes(1).await, [1; 6]);
    assert_eq!(sizes(4).await, [4, 2]);
    assert_eq!(sizes(3).await, [3, 3]);
    assert_eq!(sizes(6).await, [6]);
    assert_eq!(sizes(usize::MAX).await, [6]);
    assert_eq!(sizes(0).await, [1; 6], "a page has room for at least one");
}

pub(super) async fn a_page_has_at_most_a_thousand_entries(h: Harness) {
    let count = PageRequest::MOST + 1;
    let audit = (0..count as u64).map(sample::audit).collect();
    h.write(Changes { audit, ..sample::changes() }).await;
    let listed = pages(usize::MAX, async |page| h.store.audit(&page).await).await;
    let sizes: Vec<_> = listed.iter().map(Vec::len).collect();
    assert_eq!(sizes, [PageRequest::MOST, 1]);
}

pub(super) async fn new_entries_shift_no_page(h: Harness) {
    let alice = sample::customer("tg:1");
    for n in 0..6 {
        h.write(Changes {
            invoices: vec![sample::invoice(n, sample::number(1), &alice)],
            payment: Some(sample::payment(n, None)),
            audit: vec![sample::audit(n)],
            ..sample::changes()
        })
        .await;
    }
    let mut next = 6;
    let insert = async |n| {
        h.write(Changes {
            invoices: vec![sample::invoice(n, sample::number(1), &alice)],
            payment: Some(sample::payment(n, None)),
            audit: vec![sample::audit(n)],
            ..sample::changes()
        })
        .await;
    };
    let (mut invoices, mut payments, mut audit) = (Vec::new(), Vec::new(), Vec::new());
    let mut after = [None, None, None];
    for _ in 0..3 {
        let page = |after: &Option<String>| PageRequest { after: after.clone(), limit: 2 };
        let (a, b) = (InvoiceQuery::default(), PaymentQuery::default());
        let first = h.store.invoices(&a, &page(&after[0])).await.expect("listed");
        let second = h.store.payments(&b, &page(&after[1])).await.expect("listed");
        let third = h.store.audit(&page(&after[2])).await.expect("listed");
        invoices.extend(first.items.into_iter().map(|invoice| invoice.id));
        payments.extend(second.items.into_iter().map(|payment| payment.tx));
        audit.extend(third.items);
        after = [first.next, second.next, third.next];
        insert(next).await;
        next += 1;
    }
    let old = || (0..6).rev();
    assert_eq!(invoices, old().map(sample::invoice_id).collect::<Vec<_>>());
    assert_eq!(payments, old().map(sample::tx).collect::<Vec<_>>());
    assert_eq!(audit, old().map(sample::audit).collect::<Vec<_>>());
    assert_eq!(after, [None, None, None]);
}

pub(super) async fn a_cursor_that_no_page_gave_out_leads_to_the_end(h: Harness) {
    let alice = sample::customer("tg:1");
    h.write(Changes {
        invoices: vec![sample::invoice(1, sample::number(1), &alice)],
        accounts: vec![sample::account(&alice)],
        payment: Some(sample::payment(1, None)),
        history: vec![sample::line(1, sample::number(1))],
        audit: vec![sample::audit(1)],
        events: vec![sample::event(1, None)],
        ..sample::number_changes(sample::record(sample::number(1)))
    })
    .await;
    for text in ["", " ", "no cursor", "-1", "'; --", "\0", "é", &"9".repeat(100)] {
        let page = PageRequest { after: Some(text.to_owned()), limit: 10 };
        let store = &h.store;
        let numbers = store.numbers(&NumberQuery::default(), &page).await;
        let invoices = store.invoices(&InvoiceQuery::default(), &page).await;
        let payments = store.payments(&PaymentQuery::default(), &page).await;
        let accounts = store.accounts(&page).await;
        let history = store.history(sample::number(1), &page).await;
        let (audit, dead) = (store.audit(&page).await, store.dead_letters("bot", &page).await);
        let found = [
            numbers.map(|page| (page.items.len(), page.next)),
            invoices.map(|page| (page.items.len(), page.next)),
            payments.map(|page| (page.items.len(), page.next)),
            accounts.map(|page| (page.items.len(), page.next)),
            history.map(|page| (page.items.len(), page.next)),
            audit.map(|page| (page.items.len(), page.next)),
            dead.map(|page| (page.items.len(), page.next)),
        ];
        for answer in found {
            assert_eq!(answer, Ok((0, None)), "{text:?}");
        }
    }
}

pub(super) async fn totals_count_everything_exactly(h: Harness) {
    assert_eq!(h.totals().await, Totals::default());
    number_of_each_state(&h).await;
    h.write(sample::number_changes(sample::record(sample::number(9)))).await;
    let alice = sample::customer("tg:1");
    let at = sample::START;
    for (n, status) in (0..).zip([InvoiceStatus::Open, InvoiceStatus::Open, InvoiceStatus::Expired { at }]) {
        h.open(Invoice { status, ..sample::invoice(n, sample::number(1), &alice) }).await;
    }
    for (n, currency) in (0..6).zip(Currency::ALL.into_iter().cycle()) {
        let amount = Amount::new(currency, Amount::MOST).expect("in range");
        h.book(Payment { amount, ..sample::payment(n, None) }).await;
    }
    h.book(sample::payment(6, Some(sample::invoice_id(1)))).await;
    let decided = h.load(Load { payment: Some(sample::tx(5)), ..Load::default() }).await.payment;
    let decided = decided.expect("it is booked");
    let outcome = Outcome::WrittenOff { reason: ExceptionReason::UnknownPayload };
    let decided = Payment { outcome, version: decided.version + 1, ..decided };
    h.write(Changes { payment: Some(decided), ..sample::changes() }).await;
    let accounts = vec![sample::account(&alice), sample::account(&sample::customer("tg:2"))];
    h.write(Changes { accounts, ..sample::changes() }).await;

    let totals = h.totals().await;
    let states = NumberState::ALL.map(|state| (state, 1 + u64::from(state == NumberState::Available)));
    assert_eq!(totals.numbers, states);
    assert_eq!(totals.invoices, [("expired".to_owned(), 1), ("open".to_owned(), 2)]);
    let most = u128::from(Amount::MOST);
    let mut open = Sums::new(Currency::Ton, 3 * most);
    open.add_units(Currency::Usdt, 2 * most);
    let payments = [
        ("exception".to_owned(), 5, open),
        ("settled".to_owned(), 1, Sums::new(Currency::Ton, 10_000_000_000)),
        ("written_off".to_owned(), 1, Sums::new(Currency::Usdt, most)),
    ];
    assert_eq!(totals.payments, payments);
    assert_eq!(totals.accounts, 2);
    assert_eq!(totals.booked(Currency::Ton), 3 * most + 10_000_000_000);
    assert_eq!(totals.booked(Currency::Usdt), 3 * most);
}
