//! Every screen, in both languages.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rental_core::{
    ChainCursor, Comment, Currency, CustomerId, ExceptionReason, Holding, Invoice, InvoiceId, InvoiceKind,
    InvoiceStatus, Listing, Network, NumberRecord, OfferRef, Outcome, Payload, Payment, PaymentLinks,
    PhoneNumber, Policy, Quota, Renewal, Rental, Shop, TransferOffer, TransferToken, TxHash, Ulid,
    UsdtWallet, Wallet, WalletLink,
};

use super::*;
use crate::bot::{House, Session};
use crate::callback::{Filter, Mark, Origin, Place, Purpose, Step, Wish};
use crate::screen::{Action, Screen};

const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);
const ME: CustomerId = CustomerId::Telegram(7);
const TX: TxHash = TxHash([1; 32]);

fn phone(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(88_800_000_000 + n).expect("a number")
}

fn ton(text: &str) -> Amount {
    text.parse().expect("an amount")
}

fn days(n: u32) -> Term {
    Term::from_days(n).expect("a term")
}

fn shop() -> Shop {
    let wallet = Wallet { network: Network::Sandbox, address: "UQtest".to_owned() };
    let usdt = UsdtWallet {
        master: "0:1".to_owned(),
        wallet: "0:2".to_owned(),
        chain_start: ChainCursor::START,
        accepted: true,
    };
    let (policy, chain_start) = (Policy::default(), ChainCursor::START);
    Shop { wallet, usdt: Some(usdt), policy, chain_start, opened_at: NOW, version: 1 }
}

fn house() -> House {
    let quota = Quota { limit: 30, window: Seconds(10) };
    let support_url = Some("https://t.me/shop_support".to_owned());
    House { owner: Some(1), support_url, rules: None, quota }
}

fn record(holding: Holding) -> NumberRecord {
    let plans = ["7d=3", "30d=10+25usdt", "90d=70usdt"].map(|plan| plan.parse().expect("a plan")).to_vec();
    NumberRecord {
        holding,
        listing: Listing::Listed,
        version: 1,
        ..NumberRecord::new(phone(1_234_567), plans, NOW)
    }
}

fn rent() -> Rental {
    Rental::start(ME, NOW, days(30).seconds())
}

fn invoice(kind: InvoiceKind, status: InvoiceStatus) -> Invoice {
    Invoice {
        id: InvoiceId::new(Ulid::from_parts(1_767_225_600_000, 42)),
        kind,
        number: phone(1_234_567),
        customer: ME,
        term: days(30),
        amount: ton("10"),
        payload: Payload::from_entropy([7; 8]),
        jetton: None,
        wallet: "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY".to_owned(),
        status,
        created_at: NOW,
        expires_at: NOW + Seconds(900),
        waiting: None,
        doubted: false,
        version: 1,
    }
}

fn payment(amount: &str, reason: ExceptionReason) -> Payment {
    Payment {
        tx: TX,
        lt: 1,
        amount: ton(amount),
        comment: Comment::None,
        sender: "0:1".to_owned(),
        chain_time: NOW,
        booked_at: NOW,
        outcome: Outcome::Exception { reason },
        invoice: Some(invoice(InvoiceKind::Rent, InvoiceStatus::Open).id),
        version: 1,
    }
}

fn paying_of(invoice: Invoice) -> Paying {
    let wallet = |name: &str| WalletLink {
        wallet: name.to_lowercase(),
        name: name.to_owned(),
        url: format!("https://{name}.example/x"),
    };
    let wallets = ["Keeper", "Tonhub", "MyTonWallet"].map(wallet).to_vec();
    let links = PaymentLinks {
        ton: "ton://transfer/x".to_owned(),
        https: "https://wallet.example/x".to_owned(),
        wallets,
    };
    Paying { invoice, links, held_until: None, odd: Vec::new(), toy: false, now: NOW }
}

fn home_screens(language: Language) -> Vec<(&'static str, Screen)> {
    let bare = House { support_url: None, rules: Some("Be <nice> & pay.".to_owned()), ..house() };
    vec![
        ("home", home(language, Standing::default(), &[Currency::Ton], &bare)),
        ("home with news", home(language, Standing { held: 2, open: 1 }, &Currency::ALL, &house())),
        ("help", help(language, &house())),
        ("rules", rules(language, &house(), &Origin::Home)),
        ("rules of the house", rules(language, &bare, &Origin::Help)),
        ("languages", languages(language)),
        ("a broken link", broken_link(language)),
    ]
}

fn browsing_screens(language: Language) -> Vec<(&'static str, Screen)> {
    let session = Session { user: 7, language, awaited: None };
    let listed = Listed {
        numbers: (1..=21).map(|n| (phone(n), Some(ton("3")))).collect(),
        goes_on: false,
        more: false,
        terms: vec![days(7), days(30), days(90)],
        prices: vec![(ton("3"), ton("27"))],
    };
    let both =
        Listed { prices: vec![(ton("3"), ton("27")), (ton("8 USDT"), ton("70 USDT"))], ..listed.clone() };
    let most = Some(Step { currency: Currency::Ton, coins: 10 });
    let filter = Filter { term: Some(days(30)), most, pattern: Some("777".parse().expect("a pattern")) };
    let dollars = Filter { most: Some(Step { currency: Currency::Usdt, coins: 20 }), ..Filter::default() };
    let place = Place { page: 1, filter: filter.clone(), after: None };
    let further = Place { after: Some(phone(0)), ..Place::default() };
    let long = Listed { more: true, ..listed.clone() };
    let middle = Listed { goes_on: true, ..long.clone() };
    let wish = |purpose| Wish { purpose, number: phone(1_234_567), term: days(30), currency: Currency::Ton };
    let shop = shop();
    let mine = Holding::Reserved {
        invoice: invoice(InvoiceKind::Rent, InvoiceStatus::Open).id,
        customer: ME,
        until: NOW,
    };
    let theirs = Holding::Rented(rent().handed_to(CustomerId::Telegram(8)));
    let why = Some(language.refusal(&rental_core::DomainError::NumberRented.into()));
    let unpriced = NumberRecord { plans: Vec::new(), ..record(Holding::Free) };
    let last = Place { page: 99, ..Place::default() };
    vec![
        ("numbers", browse(language, &listed, &Place::default())),
        ("the last page", browse(language, &listed, &last)),
        ("narrowed", browse(language, &listed, &place)),
        ("a long list", browse(language, &long, &place)),
        ("the last page of the first ones", browse(language, &long, &last)),
        ("further on", browse(language, &middle, &further)),
        ("the last page further on", browse(language, &middle, &Place { page: 99, ..further.clone() })),
        ("nothing further on", browse(language, &Listed { goes_on: true, ..Listed::default() }, &further)),
        ("narrow by two currencies", narrow(language, &both, &dollars)),
        ("narrowed by USDT", browse(language, &both, &dollars.clone().into())),
        ("nothing fits", browse(language, &Listed::default(), &place)),
        ("nothing is free", browse(language, &Listed::default(), &Place::default())),
        ("narrow", narrow(language, &listed, &filter)),
        ("digits", digits_question(language, &place, false)),
        ("digits again", digits_question(language, &place, true)),
        ("a free number", number(&session, &shop, &record(Holding::Free), None, &place)),
        ("my number", number(&session, &shop, &record(Holding::Rented(rent())), why.clone(), &place)),
        ("reserved by me", number(&session, &shop, &record(mine), why.clone(), &place)),
        ("somebody else's", number(&session, &shop, &record(theirs), why, &place)),
        ("without a price", number(&session, &shop, &unpriced, None, &place)),
        ("rent?", quote(language, (wish(Purpose::Rent), &place), ton("10"), &shop, None, Mark::new(5))),
        (
            "rules before renting",
            rules(language, &house(), &Origin::Quote(wish(Purpose::Rent), place.clone())),
        ),
        (
            "renew?",
            quote(
                language,
                (wish(Purpose::Renew), &Place::default()),
                ton("10"),
                &shop,
                Some(NOW + days(60).seconds()),
                Mark::new(5),
            ),
        ),
    ]
}

fn invoice_screens(language: Language) -> Vec<(&'static str, Screen)> {
    let open = |kind| paying_of(invoice(kind, InvoiceStatus::Open));
    let settled = InvoiceStatus::Settled { tx: TX, at: NOW };
    let until = Some(NOW + days(30).seconds());
    let expired = paying_of(invoice(InvoiceKind::Rent, InvoiceStatus::Expired { at: NOW }));
    let cancelled = paying_of(invoice(InvoiceKind::Renew, InvoiceStatus::Cancelled { at: NOW }));
    let odd = vec![payment("9.9", ExceptionReason::Underpaid)];
    let mut seen = open(InvoiceKind::Rent);
    seen.invoice.waiting = Some(TX);
    let every_reason = ExceptionReason::ALL.map(|reason| {
        let amount = if reason == ExceptionReason::Overpaid { "10.5" } else { "9.9" };
        (payment(amount, reason), Some(invoice(InvoiceKind::Rent, InvoiceStatus::Open)))
    });
    let lines = vec![
        invoice(InvoiceKind::Rent, InvoiceStatus::Open),
        invoice(InvoiceKind::Renew, settled),
        invoice(InvoiceKind::Rent, InvoiceStatus::Expired { at: NOW }),
        invoice(InvoiceKind::Renew, InvoiceStatus::Cancelled { at: NOW }),
    ];
    let older = Some(lines[0].id);
    let past = History { invoices: lines.clone(), after: older, older, odd: (20, true) };
    let nothing = History { invoices: Vec::new(), after: None, older: None, odd: (0, false) };
    vec![
        ("pay", paying(language, &open(InvoiceKind::Rent))),
        ("pay with toy coins", paying(language, &Paying { toy: true, ..open(InvoiceKind::Renew) })),
        ("pay again after too little", paying(language, &Paying { odd, ..open(InvoiceKind::Rent) })),
        (
            "the time is over",
            paying(language, &Paying { now: NOW + Seconds(901), ..open(InvoiceKind::Rent) }),
        ),
        ("payment seen", paying(language, &seen)),
        (
            "yours",
            paying(language, &Paying { held_until: until, ..paying_of(invoice(InvoiceKind::Rent, settled)) }),
        ),
        (
            "renewed",
            paying(
                language,
                &Paying { held_until: until, ..paying_of(invoice(InvoiceKind::Renew, settled)) },
            ),
        ),
        ("paid, held no more", paying(language, &paying_of(invoice(InvoiceKind::Rent, settled)))),
        ("expired", paying(language, &expired)),
        ("cancelled", paying(language, &cancelled)),
        ("below the code", qr_caption(language, &expired.invoice)),
        ("cancel?", cancel_question(language, &expired.invoice)),
        ("open invoices", invoices(language, &lines[..1])),
        ("no open invoices", invoices(language, &[])),
        ("history", history(language, &past)),
        ("no history", history(language, &nothing)),
        ("payments that need attention", attention(language, &every_reason, older, &house())),
        ("no payment needs attention", attention(language, &[], None, &house())),
    ]
}

fn rental_screens(language: Language) -> Vec<(&'static str, Screen)> {
    let number = phone(1_234_567);
    let held = record(Holding::Rented(rent()));
    let over = record(Holding::Grace { rental: rent(), until: NOW + Seconds::from_hours(24) });
    let offer = TransferOffer {
        token_digest: String::new(),
        to: None,
        offered_at: NOW,
        expires_at: NOW + Seconds::from_hours(24),
    };
    let offered_on = Rental { transfer: Some(offer), ..rent() };
    let id = invoice(InvoiceKind::Renew, InvoiceStatus::Open).id;
    let renewing = Rental { renewal: Some(Renewal { invoice: id, until: NOW }), ..rent() };
    let several = vec![held.clone(), over.clone()];
    let (left, time) = (Seconds::from_days(21), Seconds::from_hours(24));
    let token = TransferToken::new(number, [7; 16]);
    let link = format!("https://t.me/shop_bot?start={}", token.expose());
    let unpriced = NumberRecord { plans: Vec::new(), ..held.clone() };
    vec![
        ("my numbers", rentals(language, &several, 0, NOW)),
        ("no numbers", rentals(language, &[], 0, NOW)),
        ("a rental", rental(language, &held, &rent(), 0, NOW + Seconds(100_000))),
        ("in grace", rental(language, &over, &rent(), 1, NOW)),
        ("offered to somebody", rental(language, &held, &offered_on, 0, NOW)),
        ("a renewal is open", rental(language, &held, &renewing, 0, NOW)),
        ("renew", renew(language, &shop(), &held)),
        ("not to be renewed", renew(language, &shop(), &unpriced)),
        ("hand on", transfer(language, number, &rent(), NOW)),
        ("to whom?", person_question(language, number, false)),
        ("to whom? again", person_question(language, number, true)),
        ("offer?", offer_question(language, number, (8, Some("<Bob>")), (left, time), Mark::new(5))),
        ("offer to an id?", offer_question(language, number, (8, None), (left, time), Mark::new(5))),
        ("offered", offer_made(language, number, NOW, &link)),
        ("a link?", link_question(language, number, (left, time), Mark::new(5))),
        ("the link", link_made(language, number, NOW, &link)),
        ("offered to me", offered(language, &OfferRef::Addressed(number), &rent(), NOW)),
        ("offered with a link", offered(language, &token.into(), &rent(), NOW)),
        ("taken over", accepted(language, number, NOW)),
    ]
}

fn all(language: Language) -> Vec<(&'static str, Screen)> {
    [home_screens(language), browsing_screens(language), invoice_screens(language), rental_screens(language)]
        .concat()
}

fn drawn(name: &str, screen: &Screen) -> String {
    let mut text = format!("=== {name}\n{}\n", screen.text);
    for row in screen.keyboard.rows() {
        for button in row {
            let action = match button.action() {
                Action::Press(callback) => callback.to_string(),
                Action::Open(url) => url.clone(),
                Action::Copy(_) => "copy".to_owned(),
            };
            write!(text, "[{} → {action}] ", button.text()).expect("a string takes everything");
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_screen_in_english() {
    let screens: Vec<_> = all(Language::En).iter().map(|(name, screen)| drawn(name, screen)).collect();
    insta::assert_snapshot!("english", screens.join("\n"));
}

#[test]
fn every_screen_in_russian() {
    let screens: Vec<_> = all(Language::Ru).iter().map(|(name, screen)| drawn(name, screen)).collect();
    insta::assert_snapshot!("russian", screens.join("\n"));
}

#[test]
fn every_screen_fits_and_has_a_way_on() {
    for language in Language::ALL {
        for (name, screen) in all(language) {
            let label = |button: &Button| button.text().chars().count();
            assert!((1..=4096).contains(&screen.text.chars().count()), "{name}");
            assert!(screen.keyboard.buttons().count() <= 100, "{name}");
            assert!(screen.keyboard.buttons().all(|button| (1..=64).contains(&label(button))), "{name}");
            let way_on = screen.keyboard.buttons().any(
                |button| matches!(button.action(), Action::Press(callback) if *callback != Callback::Nothing),
            );
            assert!(way_on, "{name} is a dead end");
        }
    }
}

#[test]
fn back_leads_to_where_one_came_from() {
    let language = Language::En;
    let filter = Filter { pattern: Some("777".parse().expect("a pattern")), ..Filter::default() };
    let place = Place { page: 3, filter, after: Some(phone(5)) };
    let back = |screen: &Screen| {
        let found = screen.keyboard.buttons().find(|button| button.text() == language.to_back());
        match found.map(Button::action) {
            Some(Action::Press(callback)) => callback.clone(),
            other => panic!("{other:?}"),
        }
    };
    let (session, shop) = (Session { user: 7, language, awaited: None }, shop());
    let wish =
        Wish { purpose: Purpose::Rent, number: phone(1_234_567), term: days(30), currency: Currency::Ton };
    let card = number(&session, &shop, &record(Holding::Free), None, &place);
    assert_eq!(back(&card), Callback::Browse(place.clone()));
    let asked = |callback: &Callback| {
        card.keyboard.buttons().any(|button| matches!(button.action(), Action::Press(to) if to == callback))
    };
    assert!(asked(&Callback::Quote(wish, place.clone())));
    let question = quote(language, (wish, &place), ton("10"), &shop, None, Mark::new(5));
    assert_eq!(back(&question), Callback::Number(wish.number, place.clone()));
    let from = Origin::Quote(wish, place.clone());
    assert_eq!(back(&rules(language, &house(), &from)), Callback::Quote(wish, place));
    assert_eq!(back(&rules(language, &house(), &Origin::Help)), Callback::Help);
    assert_eq!(rentals_page(8), 1);
    let mine = rental(language, &record(Holding::Rented(rent())), &rent(), 1, NOW);
    assert_eq!(back(&mine), Callback::Rentals(1));
}

#[test]
fn the_markup_is_whole() {
    for language in Language::ALL {
        for (name, screen) in all(language) {
            let mut open = Vec::new();
            for tag in screen.text.split('<').skip(1) {
                let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("{name}: {tag}"));
                match tag.strip_prefix('/') {
                    Some(closed) => assert_eq!(open.pop(), Some(closed), "{name}"),
                    None => open.push(tag),
                }
            }
            assert!(open.is_empty(), "{name}: {open:?}");
            assert!(!screen.text.contains(['\u{2068}', '\u{2069}', '{']), "{name}: {}", screen.text);
        }
    }
}

#[test]
fn the_languages_have_the_same_buttons() {
    let data = |language| -> Vec<BTreeSet<String>> {
        let buttons = |screen: &Screen| {
            let press = |button: &Button| match button.action() {
                Action::Press(callback) => Some(callback.to_string()),
                _ => None,
            };
            screen.keyboard.buttons().filter_map(press).collect()
        };
        all(language).iter().map(|(_, screen)| buttons(screen)).collect()
    };
    assert_eq!(data(Language::En), data(Language::Ru));
}

#[test]
fn lengths_of_time_and_numbers_of_things_read_well() {
    let spans = |language: Language| {
        [30, 60, 3_600, 90_060, 86_400, 172_800, 5 * 86_400, 21 * 86_400, 2 * 86_400 + 3_600]
            .map(|seconds| language.span(Seconds(seconds)))
    };
    assert_eq!(
        spans(Language::En),
        [
            "less than a minute",
            "1 min",
            "1 h 0 min",
            "1 d 1 h",
            "1 day",
            "2 days",
            "5 days",
            "21 days",
            "2 d 1 h"
        ]
    );
    assert_eq!(
        spans(Language::Ru),
        ["меньше минуты", "1 мин", "1 ч 0 мин", "1 д 1 ч", "1 день", "2 дня", "5 дней", "21 день", "2 д 1 ч"]
    );
    assert_eq!(Language::Ru.too_fast(3_u64), "Слишком быстро. Подождите 3 секунды.");
    assert_eq!(Language::Ru.home_open(5_usize), "<b>5</b> счетов ждут вашей оплаты.");
}

#[test]
fn no_screen_of_another_holder_says_who_it_is() {
    for language in Language::ALL {
        let session = Session { user: 7, language, awaited: None };
        let theirs = record(Holding::Rented(rent().handed_to(CustomerId::Telegram(987_654))));
        let why = Some(language.refusal(&rental_core::DomainError::NumberRented.into()));
        let screen = drawn("number", &number(&session, &shop(), &theirs, why, &Place::default()));
        assert!(!screen.contains("987654") && !screen.contains("2026"), "{screen}");
    }
}

#[test]
fn a_number_whose_only_price_is_not_taken_any_more_is_no_dead_end() {
    let shop = Shop { usdt: None, ..shop() };
    let plans = vec!["30d=12usdt".parse().expect("a plan")];
    let free = NumberRecord { plans, ..record(Holding::Free) };
    let held = NumberRecord { holding: Holding::Rented(rent()), ..free.clone() };
    for language in Language::ALL {
        let session = Session { user: 7, language, awaited: None };
        let card = number(&session, &shop, &free, None, &Place::default());
        assert_eq!(card.text, language.number_unpriced(free.number.pretty()));
        assert_eq!(renew(language, &shop, &held).text, language.renew_none());
    }
}

#[test]
fn every_refusal_that_a_customer_can_meet_has_words_of_its_own() {
    use rental_core::DomainError::*;
    for error in [
        NumberUnknown,
        NumberReserved,
        NumberRented,
        NumberInTurnover,
        NumberWithdrawn,
        NumberRestricted,
        NumberPendingDeletion,
        NumberLost,
        NumberLocked { until: NOW },
        PlanUnknown,
        PriceUnknown { currency: Currency::Usdt },
        CurrencyNotAccepted { currency: Currency::Usdt },
        TermTooLong,
        TooManyInvoices { limit: 1 },
        TooManyNumbers { limit: 1 },
        CustomerBanned,
        InvoiceUnknown,
        InvoiceSettled,
        InvoiceExpired,
        InvoiceCancelled,
        InvoicePaid,
        RentalUnknown,
        RenewalOpen { invoice: invoice(InvoiceKind::Renew, InvoiceStatus::Open).id },
        RentalInGrace,
        TransferOpen,
        TransferUnknown,
        TransferExpired,
        TransferToSelf,
        PersonUnknown,
    ] {
        for language in Language::ALL {
            let text = language.refusal(&error.clone().into());
            let general = [language.not_there(), language.refusal(&rental_core::ServiceError::Unexpected)];
            assert!(!general.contains(&text) && text.chars().count() <= 200, "{}: {text}", error.code());
        }
    }
}
