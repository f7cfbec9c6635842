//! Two currencies side by side: nothing that is true of one is taken for the other.

use rental_core::*;

use crate::shop::*;

const MASTER: &str = "0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe";
const WALLET: &str = "0:8d8c8b1d58b9fde7760117f644f90cbadd3d0e88d43a6a3f90b4819dfddd3f94";

fn accept(master: &str, wallet: &str, lt: u64) -> Command {
    let chain_start = ChainCursor { lt, hash: None };
    Command::AcceptUsdt { master: master.to_owned(), wallet: wallet.to_owned(), chain_start }
}

/// A shop that takes USDT, with number 1 at 10 TON or 25 USDT for 30 days and number 2 at 25 USDT alone.
async fn open() -> TestShop {
    let shop = TestShop::open().await;
    shop.ask(Actor::System, accept(MASTER, WALLET, 7)).await.unwrap();
    for (n, plan) in [(1, "30d=10+25usdt"), (2, "30d=25usdt")] {
        let plans = vec![plan.parse().unwrap()];
        shop.admin(Command::SetPlans { number: number(n), plans }).await.unwrap();
    }
    shop
}

async fn rent_in(shop: &TestShop, n: u64, currency: Currency) -> Result<Invoice, ServiceError> {
    let command = Command::OpenRent { number: number(n), term: days(30), customer: customer(7), currency };
    shop.ask(actor(7), command).await?.invoice()
}

/// Notes that one chain has been read up to now.
async fn read(shop: &TestShop, currency: Currency) {
    let chain = shop.store.load(&Load::default()).await.unwrap().chains.of(currency);
    let to = ChainState { read_to: shop.now(), ..chain };
    shop.ask(Actor::System, Command::AdvanceChain { from: chain.cursor, to }).await.unwrap();
}

#[tokio::test]
async fn an_invoice_in_usdt_is_paid_in_usdt() {
    let shop = open().await;
    let invoice = rent_in(&shop, 1, Currency::Usdt).await.unwrap();
    assert_eq!((invoice.amount, invoice.jetton.as_deref()), (ton("25 USDT"), Some(MASTER)));
    assert_eq!(shop.pay(&invoice).await.outcome, Outcome::Settled);
    assert_eq!(shop.state(1).await, NumberState::Rented);
    let renewal = Command::OpenRenewal { number: number(1), term: days(30), currency: Currency::Ton };
    let renewal = shop.ask(actor(7), renewal).await.unwrap().invoice().unwrap();
    assert_eq!((renewal.amount, &renewal.jetton), (ton("10"), &None));
    assert_eq!(shop.pay(&renewal).await.outcome, Outcome::Settled);
    let totals = shop.store.totals().await.unwrap();
    assert_eq!((totals.booked(Currency::Ton), totals.booked(Currency::Usdt)), (10_000_000_000, 25_000_000));
    assert_eq!(totals.sums_of("settled").to_string(), "10 TON, 25 USDT");
}

#[tokio::test]
async fn a_payment_in_the_other_currency_is_kept_whatever_its_figure_and_whenever_it_is_seen() {
    let shop = open().await;
    let invoice = rent_in(&shop, 1, Currency::Usdt).await.unwrap();
    let payload = invoice.payload.as_str();
    let wrong = Outcome::Exception { reason: ExceptionReason::WrongCurrency };
    // As many units, as many coins, more, less.
    for text in ["0.025", "25", "1000", "0.000000001"] {
        assert_eq!(shop.book(shop.coin(ton(text), payload)).await.outcome, wrong, "{text} TON");
        assert_eq!(shop.state(1).await, NumberState::Reserved);
    }
    let early = shop.coin(ton("10"), payload);
    assert_eq!(shop.pay(&invoice).await.outcome, Outcome::Settled);
    assert_eq!(shop.book(early).await.outcome, wrong);

    let invoice = rent_in(&shop, 2, Currency::Usdt).await.unwrap();
    let other = shop.coin(ton("25"), invoice.payload.as_str());
    shop.pass(901);
    read(&shop, Currency::Usdt).await;
    assert!(shop.tick(2).await);
    assert_eq!(
        shop.book(other).await.outcome,
        wrong,
        "its reason does not depend on which chain was read first"
    );
}

#[tokio::test]
async fn the_operator_can_apply_a_payment_in_the_other_currency() {
    let shop = open().await;
    let invoice = rent_in(&shop, 1, Currency::Ton).await.unwrap();
    let payment = shop.book(shop.coin(ton("25 USDT"), invoice.payload.as_str())).await;
    shop.admin(Command::ApplyPayment { tx: payment.tx, invoice: None }).await.unwrap();
    assert_eq!(shop.state(1).await, NumberState::Rented);

    let page = PageRequest::first(1000);
    let invoices = shop.store.invoices(&InvoiceQuery::default(), &page).await.unwrap().items;
    let payments = shop.store.payments(&PaymentQuery::default(), &page).await.unwrap().items;
    let incoming = shop.coin(payment.amount, invoice.payload.as_str());
    let incoming = IncomingPayment { tx: payment.tx, lt: payment.lt, ..incoming };
    let (tx, lt, chain_time) = (incoming.tx, incoming.lt, incoming.chain_time);
    let chain =
        [ChainTransaction { tx, lt, chain_time, verdict: Verdict::Payment(incoming), outgoing: Vec::new() }];
    let usdt = reconcile(Currency::Usdt, &chain, u64::MAX, &payments, &invoices);
    assert!(usdt.balances(), "{:?}", usdt.findings);
    assert_eq!((usdt.on_chain, usdt.booked), (25_000_000, 25_000_000));
    let coins = reconcile(Currency::Ton, &[], u64::MAX, &payments, &invoices);
    assert!(coins.balances(), "{:?}", coins.findings);
    assert_eq!((coins.on_chain, coins.booked), (0, 0));
    // What came in on one chain is missing there, whatever is booked of the other.
    let missing = reconcile(Currency::Ton, &chain, u64::MAX, &[], &invoices);
    assert_eq!(missing.findings.len(), 2, "{:?}", missing.findings);
}

#[tokio::test]
async fn an_invoice_lapses_only_when_the_chain_of_its_currency_was_read_past_its_deadline() {
    let shop = open().await;
    let usdt = rent_in(&shop, 1, Currency::Usdt).await.unwrap();
    let coins = shop.open_rent(3, 7).await.unwrap();
    shop.pass(901);
    read(&shop, Currency::Ton).await;
    assert!(!shop.tick(1).await && shop.tick(3).await);
    assert_eq!(shop.invoice(coins.id).await.status.name(), "expired");
    assert_eq!(shop.state(1).await, NumberState::Reserved);
    let in_time =
        IncomingPayment { chain_time: usdt.expires_at, ..shop.coin(usdt.amount, usdt.payload.as_str()) };
    assert_eq!(shop.book(in_time).await.outcome, Outcome::Settled);

    let usdt = rent_in(&shop, 2, Currency::Usdt).await.unwrap();
    shop.pass(901);
    read(&shop, Currency::Usdt).await;
    assert!(shop.tick(2).await);
    assert_eq!(shop.invoice(usdt.id).await.status.name(), "expired");
}

#[tokio::test]
async fn what_cannot_be_paid_is_neither_offered_nor_invoiced() {
    let shop = TestShop::open().await;
    let none = DomainError::CurrencyNotAccepted { currency: Currency::Usdt };
    let plans = vec!["30d=10+25usdt".parse().unwrap()];
    let price = Command::SetPlans { number: number(1), plans: plans.clone() };
    assert_eq!(refusal(shop.admin(price.clone()).await), none);
    assert_eq!(refusal(shop.admin(Command::AddNumber { number: number(99), plans }).await), none);
    assert_eq!(refusal(rent_in(&shop, 1, Currency::Usdt).await), none);

    shop.ask(Actor::System, accept(MASTER, WALLET, 0)).await.unwrap();
    let no_price = |currency| DomainError::PriceUnknown { currency };
    assert_eq!(refusal(rent_in(&shop, 1, Currency::Usdt).await), no_price(Currency::Usdt));
    shop.admin(price.clone()).await.unwrap();
    let open = rent_in(&shop, 1, Currency::Usdt).await.unwrap();

    shop.ask(Actor::System, Command::RefuseUsdt).await.unwrap();
    assert_eq!(refusal(shop.admin(price).await), none);
    assert_eq!(shop.pay(&open).await.outcome, Outcome::Settled, "what was agreed stands");
    let renewal = Command::OpenRenewal { number: number(1), term: days(30), currency: Currency::Usdt };
    assert_eq!(refusal(shop.ask(actor(7), renewal.clone()).await), none);
    shop.ask(Actor::System, accept(MASTER, WALLET, 0)).await.unwrap();
    shop.ask(actor(7), renewal).await.unwrap();

    let alone = Command::SetPlans { number: number(2), plans: vec!["30d=25usdt".parse().unwrap()] };
    shop.admin(alone).await.unwrap();
    assert_eq!(refusal(rent_in(&shop, 2, Currency::Ton).await), no_price(Currency::Ton));
}

#[tokio::test]
async fn the_usdt_wallet_is_pinned_with_the_place_where_its_chain_began() {
    let shop = open().await;
    let usdt = shop.service.shop().await.unwrap().shop.usdt.unwrap();
    assert_eq!((usdt.master.as_str(), usdt.wallet.as_str(), usdt.chain_start.lt), (MASTER, WALLET, 7));
    for (master, wallet) in [(MASTER, MASTER), (WALLET, WALLET)] {
        let error = refusal(shop.ask(Actor::System, accept(master, wallet, 0)).await);
        assert_eq!(error.code(), "shop.usdt_wallet_differs");
    }
    shop.ask(Actor::System, Command::RefuseUsdt).await.unwrap();
    refusal(shop.ask(Actor::System, accept(MASTER, MASTER, 0)).await);
    // Taking it again, later and with another place to begin, goes on where it was.
    let again = shop.ask(Actor::System, accept(MASTER, WALLET, 99)).await.unwrap();
    assert!(again.changed);
    assert!(!shop.ask(Actor::System, accept(MASTER, WALLET, 99)).await.unwrap().changed);
    let view = shop.service.shop().await.unwrap();
    assert_eq!((view.shop.usdt.unwrap().chain_start.lt, view.chains.of(Currency::Usdt).cursor.lt), (7, 7));
    assert_eq!(view.chains.of(Currency::Ton).cursor, ChainCursor::START);
    let read = ChainState { cursor: ChainCursor { lt: 50, hash: None }, ..view.chains.of(Currency::Usdt) };
    let from = ChainCursor { lt: 7, hash: None };
    shop.ask(Actor::System, Command::AdvanceChain { from, to: read }).await.unwrap();
    let reread = |from_lt| Command::RereadChain { currency: Currency::Usdt, from_lt };
    assert_eq!(
        refusal(shop.admin(reread(6)).await),
        DomainError::ChainBeforeStart { start_lt: 7 },
        "what came before the shop is not its own"
    );
    shop.admin(reread(7)).await.unwrap();
    for who in [actor(7), Actor::Integrator("demo".parse().unwrap())] {
        assert_eq!(refusal(shop.ask(who.clone(), accept(MASTER, WALLET, 0)).await), DomainError::Denied);
        assert_eq!(refusal(shop.ask(who, Command::RefuseUsdt).await), DomainError::Denied);
    }
    let audit = shop.store.audit(&PageRequest::first(10)).await.unwrap().items;
    let actions: Vec<_> =
        audit.iter().map(|line| line.action.as_str()).filter(|a| a.contains("usdt")).collect();
    assert_eq!(actions, ["shop.accept_usdt", "shop.refuse_usdt", "shop.accept_usdt"]);
}
