//! What was written is read back exactly, odd as it may be.

use super::super::{Changes, InvoiceRef, Load, Once, Owner};
use super::{Harness, sample};
use crate::{
    Account, Amount, AuditEntry, Ban, ChainCursor, ChainState, Comment, Currency, ExceptionReason, Invoice,
    Nanotons, NumberRecord, Outcome, Payment, Plan, Policy, Seconds, Term, Timestamp, TransferOffer, TxHash,
};

/// Texts that were somebody's bug once.
pub(super) const TEXTS: [&str; 12] = [
    "",
    " ",
    "'; DROP TABLE payment; --",
    "\"quoted\" and \\back\\slashed",
    "\0in\0side\0",
    "line\r\nbreak\ttab\u{1b}[31m",
    "\u{1f4a5} \u{202e}txet\u{feff}",
    "e\u{301} is not \u{e9}",
    "{\"json\": [null]}",
    "%s %n {} $1 ?1 :name @x",
    "null",
    "00012.50e3",
];

pub(super) async fn odd_texts_are_read_back_exactly(h: Harness) {
    for (n, text) in (0..).zip(TEXTS) {
        let text = text.to_owned();
        let reason = Some(text.clone());
        let customer = sample::customer(&format!("tg:{}", n + 1));
        let audit = AuditEntry {
            at: sample::START,
            actor: text.clone(),
            action: text.clone(),
            object: text.clone(),
            detail: reason.clone(),
            reason: reason.clone(),
        };
        let account = Account { ban: Some(Ban { at: sample::START, reason }), ..sample::account(&customer) };
        let payment = Payment {
            comment: Comment::Text(text.clone()),
            sender: text.clone(),
            ..sample::payment(n, None)
        };
        let invoice = Invoice { wallet: text.clone(), ..sample::invoice(n, sample::number(n), &customer) };
        let once = Once { key: sample::request(&text), value: text.clone(), keep_until: None };
        h.write(Changes {
            accounts: vec![account.clone()],
            payment: Some(payment.clone()),
            invoices: vec![invoice.clone()],
            audit: vec![audit.clone()],
            once: vec![once.clone()],
            ..sample::changes()
        })
        .await;
        let load = Load {
            payment: Some(payment.tx),
            invoice: Some(InvoiceRef::Id(invoice.id)),
            once: Some(once.key),
            ..Load::default()
        };
        let state = h.load(load).await;
        assert_eq!(state.payment, Some(payment));
        assert_eq!(state.invoices, [invoice]);
        assert_eq!(state.accounts, [account]);
        assert_eq!(state.once, Some(once.value));
        assert_eq!(h.snapshot().await.audit[0], audit);
    }
}

pub(super) async fn every_kind_of_comment_and_outcome_is_read_back(h: Harness) {
    let comments = [
        Comment::None,
        Comment::Text(String::new()),
        Comment::Encrypted,
        Comment::Binary("fffe00".to_owned()),
        Comment::Malformed,
        Comment::None,
        Comment::None,
    ];
    let reason = ExceptionReason::UnreadableMessage;
    let outcomes = [
        Outcome::Settled,
        Outcome::Exception { reason },
        Outcome::Applied { reason },
        Outcome::Refunded { reason, refund_tx: Some(TxHash([0; 32])) },
        Outcome::WrittenOff { reason },
        Outcome::RefundPending { reason, refund_tx: Some(TxHash([1; 32])) },
        Outcome::Deposit,
    ];
    for (n, (comment, outcome)) in (0..).zip(comments.into_iter().zip(outcomes)) {
        let payment = Payment { comment, outcome, ..sample::payment(n, None) };
        let tx = payment.tx;
        h.write(Changes { payment: Some(payment.clone()), ..sample::changes() }).await;
        let load = Load { payment: Some(tx), ..Load::default() };
        assert_eq!(h.load(load).await.payment, Some(payment));
    }
}

pub(super) async fn the_largest_and_smallest_figures_are_read_back(h: Harness) {
    let most = u64::MAX >> 1; // as much as any store's integers hold
    let plan = |days, units: u64| {
        let prices = Currency::ALL.map(|currency| Amount::new(currency, units).expect("in range"));
        Plan::new(Term::from_days(days).expect("a term"), prices).expect("a plan")
    };
    let largest = Amount::new(Currency::Usdt, Amount::MOST).expect("in range");
    let record = NumberRecord {
        plans: vec![plan(1, 1), plan(Term::MAX_DAYS, Amount::MOST)],
        deadline: Some(Timestamp::MAX),
        added_at: Timestamp::EPOCH,
        ..sample::record("+888 8 000".parse().expect("a short number"))
    };
    let customer = sample::customer(&format!("tg:{}", (1_u64 << 52) - 1));
    let invoice = Invoice {
        amount: largest,
        created_at: Timestamp::EPOCH,
        expires_at: Timestamp::MAX,
        ..sample::invoice(1, record.number, &customer)
    };
    let payment = Payment {
        lt: most,
        amount: largest,
        chain_time: Timestamp::EPOCH,
        booked_at: Timestamp::MAX,
        ..sample::payment(1, Some(invoice.id))
    };
    let mut shop = sample::shop();
    shop.policy = Policy {
        invoice_ttl: Seconds(most),
        grace: Seconds(0),
        turnover: None,
        transfer_ttl: Seconds(1),
        max_open_invoices: u32::MAX,
        max_numbers: 0,
        cross_check_above: Nanotons::MAX,
    };
    let position = ChainState {
        currency: Currency::Ton,
        cursor: ChainCursor { lt: most, hash: Some(TxHash([0xff; 32])) },
        read_to: Timestamp::MAX,
    };
    let mut changes = Changes {
        invoices: vec![invoice.clone()],
        payment: Some(payment.clone()),
        shop: Some(shop.clone()),
        chain: Some(sample::chain_move(0, 1)),
        ..sample::number_changes(record.clone())
    };
    if let Some(chain) = &mut changes.chain {
        chain.to = position;
    }
    h.write(changes).await;

    let load = Load { payment: Some(payment.tx), ..Load::default() };
    let state = h.load(load).await;
    assert_eq!(state.number, Some(record));
    assert_eq!(state.invoices, [invoice]);
    assert_eq!(state.payment, Some(payment));
    assert_eq!(state.shop, Some(shop));
    assert_eq!(state.chains.of(Currency::Ton), position);
}

pub(super) async fn a_rental_with_all_its_parts_is_read_back(h: Harness) {
    let holder = sample::customer("api:demo:a.b_c@d+e-f");
    let renewal = sample::invoice(1, sample::number(1), &holder);
    let mut record = sample::renewing(sample::rented(sample::number(1), &holder), &renewal);
    record.holding = record.holding.map_rental(|rental| crate::Rental {
        transfer: Some(TransferOffer {
            token_digest: "ab".repeat(32),
            to: Some(sample::customer("tg:2")),
            offered_at: sample::START,
            expires_at: Timestamp::MAX,
        }),
        reminded: Some(Seconds::from_hours(6)),
        ..rental
    });
    let mut account = sample::account(&holder);
    account.numbers = (0..300).map(sample::number).collect();
    account.open_invoices = (0..300).map(sample::invoice_id).collect();
    h.write(Changes { accounts: vec![account.clone()], ..sample::number_changes(record.clone()) }).await;
    let state = h.load(sample::of_number(record.number)).await;
    assert_eq!(state.number, Some(record));
    assert_eq!(state.accounts, [account]);
}

pub(super) async fn names_of_groups_and_consumers_are_any_text(h: Harness) {
    h.write(Changes { events: vec![sample::event(1, None)], ..sample::changes() }).await;
    for text in TEXTS {
        let claimed = h.store.claim(text, text, 10, Seconds(60)).await;
        let claimed = claimed.expect("the store answers");
        assert_eq!(claimed.len(), 1, "{text:?}");
        let dead = crate::Disposition::Dead(text.to_owned());
        let disposed = h.store.dispose(text, text, claimed[0].entry.seq, &dead).await;
        assert_eq!(disposed, Ok(true), "{text:?}");
    }
    assert_eq!(h.feed(&Owner::Anybody).await.len(), 1);
}
