//! The operators' side on the real rules, in memory.

use std::sync::Arc;

use rental_core::{
    Actor, Alarm, ChainCursor, Command, CustomerId, FakeGateway, IncomingPayment, ManualClock, MemoryStore,
    Network, NumberState, PageRequest, PhoneNumber, Policy, RentalService, Request, Seconds, Term, Timestamp,
    TxHash, Wallet,
};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::*;
use crate::bot::House;
use crate::callback::{Callback, Decision, Mark, Opened, Shelf, Source};
use crate::catalogue::Catalogue;
use crate::codes::Codes;
use crate::memory::{Awaited, Memory};
use crate::outgoing::Broadcasts;
use crate::screen::{Action, Screen};
use crate::telegram::Telegram;
use crate::texts::Language;

const OWNER: u64 = 1;
const ADMIN: u64 = 2;
const STRANGER: u64 = 3;

fn phone() -> PhoneNumber {
    "+88801234567".parse().expect("a number")
}

/// The number, opened from no list.
fn opened() -> Opened {
    phone().into()
}

fn by(user: u64) -> Session {
    Session { user, language: Language::En, awaited: None }
}

/// What a text brings, if it is an answer.
async fn say(bot: &Bot, user: u64, text: &str) -> Option<View> {
    match bot.memory.acquaintance(user).await.expect("read").awaited {
        Some(Awaited::Desk { asked }) => answer_text(bot, &by(user), asked, text).await,
        _ => None,
    }
}

async fn system(bot: &Bot, command: Command) {
    bot.rentals.execute(Request::new(Actor::System, command)).await.expect("the shop does it");
}

/// A shop with one number, an owner and an admin.
async fn bot() -> (Bot, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
    let store = MemoryStore::new(Arc::new(clock.clone()));
    let service = RentalService::new(Arc::new(store.clone()));
    let wallet = Wallet { network: Network::Sandbox, address: "UQ-wallet".to_owned() };
    service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("the shop opens");
    let store = Arc::new(store);
    let bot = Bot {
        telegram: Telegram::new("http://127.0.0.1:1", &SecretString::from("1:a")).expect("a client"),
        rentals: Arc::new(service),
        gateway: Arc::new(FakeGateway::new()),
        sandbox: None,
        memory: Memory::new(store.clone()),
        store: store.clone(),
        leases: store.clone(),
        notes: store.clone(),
        limiter: store,
        catalogue: Catalogue::default(),
        codes: Codes::default(),
        house: House {
            owner: Some(OWNER),
            support_url: None,
            rules: None,
            quota: rental_core::Quota { limit: 30, window: Seconds(10) },
        },
        me: OnceCell::new(),
    };
    system(&bot, Command::SetOwner { user: Some(OWNER) }).await;
    system(&bot, Command::AddAdmin { user: ADMIN }).await;
    let plans = vec!["30d=10".parse().expect("a plan")];
    system(&bot, Command::AddNumber { number: phone(), plans }).await;
    (bot, clock)
}

async fn press(bot: &Bot, user: u64, press: Press) -> View {
    answer(bot, &by(user), press, Some(5)).await.expect("an operator gets an answer")
}

async fn screen(bot: &Bot, user: u64, what: Press) -> Screen {
    press(bot, user, what).await.screen.expect("a screen")
}

async fn write(bot: &Bot, user: u64, text: &str) -> Screen {
    say(bot, user, text).await.expect("it is an answer").screen.expect("a screen")
}

/// What the buttons of a screen do, for operators.
fn presses(screen: &Screen) -> Vec<Press> {
    let presses = screen.keyboard.buttons().filter_map(|button| match button.action() {
        Action::Press(Callback::Admin(press)) => Some(press.clone()),
        _ => None,
    });
    presses.collect()
}

async fn rented(bot: &Bot, clock: &ManualClock, user: u64, comment: Option<&str>) -> IncomingPayment {
    let customer = CustomerId::Telegram(user);
    let open = Command::OpenRent {
        number: phone(),
        term: Term::from_days(30).expect("a term"),
        customer: customer.clone(),
        currency: rental_core::Currency::Ton,
    };
    let receipt = bot.rentals.execute(Request::new(Actor::Customer(customer), open)).await.expect("opened");
    let invoice = receipt.invoice().expect("an invoice");
    let comment = comment.map_or_else(|| invoice.payload.to_string(), str::to_owned);
    let incoming = IncomingPayment {
        tx: TxHash([7; 32]),
        lt: 1,
        amount: invoice.amount,
        comment: rental_core::Comment::Text(comment),
        sender: "0:ab".to_owned(),
        chain_time: rental_core::Clock::now(clock),
    };
    system(
        bot,
        Command::Book {
            incoming: incoming.clone(),
            unreadable: false,
            sighting: rental_core::Sighting::SOLE,
        },
    )
    .await;
    incoming
}

async fn state(bot: &Bot) -> NumberState {
    bot.rentals.number(phone()).await.expect("it is there").state()
}

/// Every press there is.
fn all() -> Vec<Press> {
    let (number, tx, term) = (Opened::from(phone()), TxHash([7; 32]), Term::from_days(7).expect("a term"));
    let mark = crate::callback::Mark::new(9);
    let mut all = vec![
        Press::Panel,
        Press::Pool(Shelf::All, None),
        Press::AskNumber,
        Press::Number(number),
        Press::AskAdd,
        Press::AskPrice(number),
        Press::AskWithdraw(number),
        Press::Withdraw(number),
        Press::Restore(number),
        Press::Lock(number, 15),
        Press::Unlock(number),
        Press::Extend(number),
        Press::AskMore(number, term),
        Press::More(number, term, mark),
        Press::AskRevoke(number),
        Press::Revoke(number, mark),
        Press::Payments(0),
        Press::Payment(tx, 0),
        Press::AskCustomer,
        Press::Customer(9),
        Press::AskBan(9),
        Press::Ban(9),
        Press::Unban(9),
        Press::Admins(0),
        Press::AskAppoint(0),
        Press::Appoint(44),
        Press::AskDismiss(ADMIN),
        Press::Dismiss(ADMIN),
        Press::Figures,
        Press::Trail(0),
        Press::News,
        Press::AskNews,
        Press::SendNews(mark),
        Press::StopNews,
    ];
    for decision in [Decision::Apply, Decision::Refund, Decision::Refunded, Decision::WriteOff] {
        all.extend([Press::AskDecide(decision, tx, 0), Press::Decide(decision, tx, 0)]);
    }
    all
}

#[tokio::test]
async fn to_strangers_no_operators_button_means_anything() {
    let (bot, clock) = bot().await;
    rented(&bot, &clock, 9, None).await;
    let before = bot.rentals.audit(&Actor::System, &PageRequest::first(1000)).await.expect("read").items;
    for what in all() {
        assert_eq!(answer(&bot, &by(STRANGER), what.clone(), None).await, None, "{what:?}");
        assert_eq!(say(&bot, STRANGER, "777").await, None, "{what:?}");
    }
    assert_eq!(state(&bot).await, NumberState::Rented);
    let after = bot.rentals.audit(&Actor::System, &PageRequest::first(1000)).await.expect("read").items;
    assert_eq!(before, after);
    assert!(!is_admin(&bot, &by(STRANGER)).await && is_admin(&bot, &by(ADMIN)).await);
}

#[tokio::test]
async fn a_dismissal_counts_at_once_also_for_a_question_that_is_open() {
    let (bot, _) = bot().await;
    screen(&bot, ADMIN, Press::AskAdd).await;
    let shown = screen(&bot, OWNER, Press::Dismiss(ADMIN)).await;
    assert!(presses(&shown).contains(&Press::AskAppoint(0)));
    assert_eq!(answer(&bot, &by(ADMIN), Press::Panel, None).await, None);
    assert_eq!(say(&bot, ADMIN, "+888 0000 0009\n30d=10").await, None);
}

#[tokio::test]
async fn only_the_owner_sees_and_makes_admins() {
    let (bot, _) = bot().await;
    assert!(!presses(&screen(&bot, ADMIN, Press::Panel).await).contains(&Press::Admins(0)));
    for what in [Press::Admins(0), Press::AskAppoint(0), Press::Appoint(44), Press::Dismiss(OWNER)] {
        let view = press(&bot, ADMIN, what.clone()).await;
        assert!(view.screen.is_none() && view.toast.is_some_and(|toast| toast.alert), "{what:?}");
    }
    assert!(presses(&screen(&bot, OWNER, Press::Panel).await).contains(&Press::Admins(0)));
    screen(&bot, OWNER, Press::AskAppoint(0)).await;
    write(&bot, OWNER, "nobody").await;
    let question = write(&bot, OWNER, "44").await;
    assert!(question.text.contains("44") && question.text.contains("has used the bot"), "{}", question.text);
    assert_eq!(presses(&question), [Press::Appoint(44), Press::Admins(0)]);
    assert!(!is_admin(&bot, &by(44)).await, "it is asked first");
    assert_eq!(say(&bot, OWNER, "45").await, None, "the question is answered");
    press(&bot, OWNER, Press::Appoint(44)).await;
    assert!(is_admin(&bot, &by(44)).await);
    let known = crate::memory::Person { language: Language::En, chosen: false };
    bot.memory.remember(46, known).await.expect("written");
    screen(&bot, OWNER, Press::AskAppoint(0)).await;
    assert!(!write(&bot, OWNER, "46").await.text.contains("has used the bot"));
}

#[tokio::test]
async fn however_many_admins_there_are_all_are_found_page_by_page() {
    let (bot, _) = bot().await;
    let all: Vec<u64> = std::iter::once(ADMIN).chain(1000..1150).collect();
    for user in &all[1..] {
        system(&bot, Command::AddAdmin { user: *user }).await;
    }
    let (mut page, mut found) = (Some(0), Vec::new());
    while let Some(at) = page {
        let shown = screen(&bot, OWNER, Press::Admins(at)).await;
        assert!(shown.keyboard.buttons().count() <= 100, "Telegram takes no more");
        let presses = presses(&shown);
        found.extend(presses.iter().filter_map(|press| match press {
            Press::AskDismiss(user) => Some(*user),
            _ => None,
        }));
        page = Some(at + 1).filter(|next| presses.contains(&Press::Admins(*next)));
    }
    assert_eq!(found, all);
    let last = screen(&bot, OWNER, Press::Admins(u32::MAX)).await;
    assert!(presses(&last).contains(&Press::AskDismiss(1149)));
    let question = presses(&screen(&bot, OWNER, Press::AskDismiss(1100)).await);
    let there = screen(&bot, OWNER, question[1].clone()).await;
    assert!(presses(&there).contains(&Press::AskDismiss(1100)), "back leads to where it was");
}

#[tokio::test]
async fn numbers_are_added_priced_paused_and_offered_again() {
    let (bot, _) = bot().await;
    screen(&bot, ADMIN, Press::AskAdd).await;
    assert!(write(&bot, ADMIN, "30d=10").await.text.contains("could not be read"));
    let added = write(&bot, ADMIN, "+888 0000 0009\n+888 0123 4567\n30d=10 7d=3").await;
    assert!(
        added.text.contains("1 number added") && added.text.contains("in the pool already"),
        "{}",
        added.text
    );
    screen(&bot, ADMIN, Press::AskPrice(opened())).await;
    assert!(write(&bot, ADMIN, "7d=4").await.text.contains("4 TON"));
    assert_eq!(say(&bot, ADMIN, "7d=5").await, None, "the question is answered");

    let question = screen(&bot, ADMIN, Press::AskWithdraw(opened())).await;
    assert_eq!(presses(&question), [Press::Withdraw(opened()), Press::Number(opened())]);
    assert_eq!(state(&bot).await, NumberState::Available, "nothing is done before it is confirmed");
    press(&bot, ADMIN, Press::Withdraw(opened())).await;
    assert_eq!(state(&bot).await, NumberState::Withdrawn);
    press(&bot, ADMIN, Press::Restore(opened())).await;
    assert_eq!(state(&bot).await, NumberState::Available);
    let trail = bot.rentals.audit(&Actor::System, &PageRequest::first(2)).await.expect("read").items;
    assert!(trail.iter().all(|line| line.actor == "tg:2"), "{trail:?}");
}

#[tokio::test]
async fn a_lock_keeps_others_out_and_its_admin_in() {
    let (bot, _) = bot().await;
    let locked = screen(&bot, ADMIN, Press::Lock(opened(), 15)).await;
    assert!(presses(&locked).contains(&Press::Unlock(opened())));
    let again = press(&bot, OWNER, Press::Lock(opened(), 15)).await;
    assert!(again.toast.is_some_and(|toast| toast.alert));
    let others = Request::new(Actor::System, Command::Withdraw { number: phone() });
    assert!(bot.rentals.execute(others).await.is_err());
    press(&bot, ADMIN, Press::Withdraw(opened())).await;
    assert_eq!(state(&bot).await, NumberState::Withdrawn);
    let freed = screen(&bot, ADMIN, Press::Unlock(opened())).await;
    assert!(presses(&freed).contains(&Press::Lock(opened(), 15)));
    let trail = bot.rentals.audit(&Actor::System, &PageRequest::first(3)).await.expect("read").items;
    let actions: Vec<_> = trail.iter().map(|line| (line.actor.as_str(), line.action.as_str())).collect();
    assert_eq!(
        actions,
        [("tg:2", "number.unlock"), ("tg:2", "number.withdraw"), ("tg:2", "number.lock")],
        "one that was refused is not in the trail"
    );
}

#[tokio::test]
async fn a_rental_is_made_longer_once_however_often_the_button_is_pressed_and_ended_after_a_question() {
    let (bot, clock) = bot().await;
    rented(&bot, &clock, 9, None).await;
    let end = async || bot.rentals.number(phone()).await.expect("there").rental().expect("held").expires_at;
    let before = end().await;
    let term = Term::from_days(7).expect("a term");
    let question = presses(&screen(&bot, ADMIN, Press::AskMore(opened(), term)).await);
    for _ in 0..3 {
        press(&bot, ADMIN, question[0].clone()).await;
    }
    assert_eq!(end().await, before + Seconds::from_days(7));
    let question = screen(&bot, ADMIN, Press::AskRevoke(opened())).await;
    assert!(question.text.contains("tg:9"));
    let yes = presses(&question)[0].clone();
    let Press::Revoke(_, asked) = yes else { panic!("{yes:?}") };
    let another = press(&bot, ADMIN, Press::Revoke(opened(), Mark::new(7))).await;
    assert_ne!(asked, Mark::new(7));
    assert!(another.toast.expect("a line").text.contains("out of date"), "it was about another rental");
    assert_eq!(state(&bot).await, NumberState::Rented);
    press(&bot, ADMIN, yes).await;
    assert_eq!(state(&bot).await, NumberState::Turnover);
}

#[tokio::test]
async fn an_odd_payment_is_seen_sent_back_with_a_link_and_closed() {
    let (bot, clock) = bot().await;
    let tx = rented(&bot, &clock, 9, Some("not a payload")).await.tx;
    assert!(presses(&screen(&bot, ADMIN, Press::Payments(0)).await).contains(&Press::Payment(tx, 0)));
    let shown = screen(&bot, ADMIN, Press::Payment(tx, 3)).await;
    assert!(presses(&shown).contains(&Press::Payments(3)));
    let shown = screen(&bot, ADMIN, Press::Payment(tx, 0)).await;
    assert!(!presses(&shown).contains(&Press::AskDecide(Decision::Apply, tx, 0)), "it names no invoice");
    let question = screen(&bot, ADMIN, Press::AskDecide(Decision::Refund, tx, 0)).await;
    assert_eq!(presses(&question)[0], Press::Decide(Decision::Refund, tx, 0));
    let sending = screen(&bot, ADMIN, Press::Decide(Decision::Refund, tx, 0)).await;
    let links =
        |screen: &Screen| screen.keyboard.buttons().filter(|b| matches!(b.action(), Action::Open(_))).count();
    assert_eq!(links(&sending), 1);
    let again = press(&bot, ADMIN, Press::Decide(Decision::WriteOff, tx, 0)).await;
    assert!(again.toast.is_some_and(|toast| toast.alert) && again.screen.is_some());
    let closed = screen(&bot, ADMIN, Press::Decide(Decision::Refunded, tx, 0)).await;
    assert!(links(&closed) == 0 && closed.text.contains("sent back"), "{}", closed.text);
}

#[tokio::test]
async fn customers_are_found_barred_and_let_in_again() {
    let (bot, _) = bot().await;
    screen(&bot, ADMIN, Press::AskCustomer).await;
    write(&bot, ADMIN, "@name").await;
    let shown = write(&bot, ADMIN, "9").await;
    assert!(presses(&shown).contains(&Press::AskBan(9)));
    press(&bot, ADMIN, Press::AskBan(9)).await;
    let barred = screen(&bot, ADMIN, Press::Ban(9)).await;
    assert!(presses(&barred).contains(&Press::Unban(9)));
    let free = screen(&bot, ADMIN, Press::Unban(9)).await;
    assert!(presses(&free).contains(&Press::AskBan(9)));
}

#[tokio::test]
async fn back_leads_to_the_list_from_which_a_number_was_opened_however_much_is_done_with_it() {
    let (bot, clock) = bot().await;
    rented(&bot, &clock, 9, None).await;
    let page = Press::Pool(Shelf::Held, phone().preceding());
    let week = Term::from_days(7).expect("a term");
    for (list, from) in
        [(page, Source::Pool(Shelf::Held, phone().preceding())), (Press::Customer(9), Source::Customer(9))]
    {
        let opened = Opened { number: phone(), from };
        assert_eq!(presses(&screen(&bot, ADMIN, list.clone()).await)[0], Press::Number(opened));
        for done in [
            Press::Number(opened),
            Press::Lock(opened, 15),
            Press::Unlock(opened),
            Press::More(opened, week, bot.mark()),
            Press::Withdraw(opened),
            Press::Restore(opened),
        ] {
            let card = presses(&screen(&bot, ADMIN, done.clone()).await);
            assert!(card.contains(&list) && card.contains(&Press::Extend(opened)), "{done:?}: {card:?}");
        }
        for question in [
            Press::Extend(opened),
            Press::AskMore(opened, week),
            Press::AskWithdraw(opened),
            Press::AskRevoke(opened),
            Press::AskPrice(opened),
        ] {
            let ways = presses(&screen(&bot, ADMIN, question.clone()).await);
            assert_eq!(ways.last(), Some(&Press::Number(opened)), "{question:?}");
        }
        assert_eq!(presses(&write(&bot, ADMIN, "for nothing").await), [Press::Number(opened)]);
        assert!(presses(&write(&bot, ADMIN, "30d=11").await).contains(&list));
    }
    let found = presses(&screen(&bot, ADMIN, Press::Number(opened())).await);
    let pool = found.into_iter().find(|press| matches!(press, Press::Pool(..))).expect("a way back");
    let from = Source::Pool(Shelf::All, phone().preceding());
    assert_eq!(
        presses(&screen(&bot, ADMIN, pool).await)[0],
        Press::Number(Opened { number: phone(), from }),
        "one that was found by its digits is at the beginning of the page"
    );
}

#[tokio::test]
async fn back_from_a_payment_leads_to_its_page_and_one_that_is_sent_back_is_on_a_page_too() {
    let (bot, clock) = bot().await;
    let first = rented(&bot, &clock, 9, Some("not a payload")).await;
    for n in 0..9_u8 {
        let incoming = IncomingPayment { tx: TxHash([n + 10; 32]), lt: u64::from(n) + 2, ..first.clone() };
        let sighting = rental_core::Sighting::SOLE;
        system(&bot, Command::Book { incoming, unreadable: false, sighting }).await;
    }
    let second = screen(&bot, ADMIN, Press::Payments(1)).await;
    let tx = presses(&second).into_iter().find_map(|press| match press {
        Press::Payment(tx, 1) => Some(tx),
        _ => None,
    });
    let tx = tx.expect("the ninth is on the second page");
    let ask = Press::AskDecide(Decision::Refund, tx, 1);
    let payment = screen(&bot, ADMIN, Press::Payment(tx, 1)).await;
    assert!(presses(&payment).contains(&ask) && presses(&payment).contains(&Press::Payments(1)));
    let question = presses(&screen(&bot, ADMIN, ask).await);
    assert_eq!(question, [Press::Decide(Decision::Refund, tx, 1), Press::Payment(tx, 1)]);
    assert!(presses(&screen(&bot, ADMIN, question[0].clone()).await).contains(&Press::Payments(1)));
    let second = presses(&screen(&bot, ADMIN, Press::Payments(1)).await);
    assert!(second.contains(&Press::Payment(tx, 1)), "it is still to be sent: {second:?}");
    let beyond = presses(&screen(&bot, ADMIN, Press::Payments(7)).await);
    assert_eq!(beyond, second, "a page that is there no more is the last one");
}

#[tokio::test]
async fn news_are_shown_before_they_are_sent_and_are_in_the_trail() {
    let (bot, _) = bot().await;
    screen(&bot, ADMIN, Press::AskNews).await;
    let preview = write(&bot, ADMIN, "5 < 6 & so on").await;
    assert!(preview.text.contains("5 &lt; 6 &amp; so on"), "{}", preview.text);
    let broadcasts = Broadcasts::new(bot.notes.clone());
    assert_eq!(broadcasts.present().await, Ok(None), "nothing is sent before it is confirmed");
    let send = presses(&preview)[0].clone();
    for _ in 0..2 {
        screen(&bot, ADMIN, send.clone()).await;
    }
    let running = broadcasts.present().await.expect("read").expect("it runs");
    assert_eq!(
        (running.html.as_str(), running.by, running.message),
        ("5 &lt; 6 &amp; so on", ADMIN, Some(5))
    );
    let trail = bot.rentals.audit(&Actor::System, &PageRequest::first(1)).await.expect("read").items;
    assert_eq!((trail[0].actor.as_str(), trail[0].action.as_str()), ("tg:2", "news.send"));
    assert_eq!(trail[0].detail.as_deref(), Some("5 < 6 & so on"), "as it was written");
    let shown = screen(&bot, ADMIN, Press::Trail(0)).await;
    assert!(shown.text.contains("5 &lt; 6 &amp; so on"), "{}", shown.text);
    for _ in 0..2 {
        let stopped = screen(&bot, OWNER, Press::StopNews).await;
        assert!(stopped.text.contains("stopped"));
    }
    let trail = bot.rentals.audit(&Actor::System, &PageRequest::first(2)).await.expect("read").items;
    let lines: Vec<_> = trail.iter().map(|line| (line.actor.as_str(), line.action.as_str())).collect();
    assert_eq!(lines, [("tg:1", "news.stop"), ("tg:2", "news.send")], "who stopped them, once");
}

#[tokio::test]
async fn every_operators_screen_in_both_languages_fits_and_has_a_way_on() {
    let (bot, clock) = bot().await;
    rented(&bot, &clock, 9, Some("<not a payload>")).await;
    system(&bot, Command::Raise { alarm: Alarm::ChainStalled { read_to: Timestamp::EPOCH } }).await;
    for language in Language::ALL {
        let mut drawn = Vec::new();
        for what in all() {
            let asks = matches!(
                what,
                Press::AskDismiss(_)
                    | Press::AskDecide(..)
                    | Press::AskBan(_)
                    | Press::AskMore(..)
                    | Press::AskWithdraw(_)
            );
            let looks = matches!(
                what,
                Press::Panel
                    | Press::Pool(..)
                    | Press::Number(_)
                    | Press::Payments(_)
                    | Press::Payment(..)
                    | Press::Customer(_)
                    | Press::Admins(_)
                    | Press::Figures
                    | Press::Trail(_)
                    | Press::News
                    | Press::Extend(_)
                    | Press::AskNumber
                    | Press::AskAdd
                    | Press::AskPrice(_)
                    | Press::AskCustomer
                    | Press::AskAppoint(_)
                    | Press::AskNews
            );
            if !asks && !looks {
                continue;
            }
            let session = Session { user: OWNER, language, awaited: None };
            let view = answer(&bot, &session, what.clone(), None).await.expect("the owner is answered");
            let screen = view.screen.unwrap_or_else(|| panic!("{what:?}: {:?}", view.toast));
            assert!(
                screen.text.chars().count() < 4096 && screen.keyboard.buttons().count() <= 100,
                "{what:?}"
            );
            assert!(screen.keyboard.buttons().count() > 0, "{what:?} is a dead end");
            let rows = screen.keyboard.rows().iter().map(|row| {
                row.iter().map(|button| format!("[{}]", button.text())).collect::<Vec<_>>().join(" ")
            });
            let lines = [format!("== {what:?}"), screen.text.clone()].into_iter().chain(rows);
            drawn.push(lines.collect::<Vec<_>>().join("\n"));
        }
        insta::assert_snapshot!(format!("screens_{}", language.code()), drawn.join("\n\n"));
    }
}
