//! Sending as a whole, on the in-memory store and on a tokio clock that runs as fast as it can.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use rental_core::{
    Actor, AdminId, Amount, ChainCursor, Changes, Clock, Command, CommitId, CustomerId, Event, EventKind,
    ManualClock, MemoryStore, Network, PageRequest, PhoneNumber, Policy, RentalService, Request, Ulid,
    Wallet,
};

use super::*;
use crate::memory::Person;
use crate::screen::Screen;
use crate::telegram::TelegramError;

/// The store's clock, which goes with tokio's.
#[derive(Debug)]
struct Together {
    began: Instant,
    base: ManualClock,
}

impl Clock for Together {
    fn now(&self) -> Timestamp {
        self.base.now() + Seconds(self.began.elapsed().as_secs())
    }
}

/// A Telegram that notes what it gets and answers as it is told.
#[derive(Default)]
struct Pretended {
    got: Mutex<Vec<(Instant, i64, String)>>,
    refusals: Mutex<BTreeMap<i64, VecDeque<TelegramError>>>,
    silent: Mutex<Option<Instant>>,
    hung: Mutex<Vec<i64>>,
}

impl Pretended {
    fn refuse(&self, chat: i64, error: TelegramError) {
        self.refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(chat)
            .or_default()
            .push_back(error);
    }

    /// Never answers for `chat`.
    fn hang(&self, chat: i64) {
        self.hung.lock().unwrap_or_else(PoisonError::into_inner).push(chat);
    }

    /// Answers from now on.
    fn calm(&self) {
        self.hung.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn texts(&self, chat: i64) -> Vec<String> {
        let got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
        got.iter().filter(|(_, to, _)| *to == chat).map(|(_, _, text)| text.clone()).collect()
    }

    fn moments(&self) -> Vec<(Instant, i64)> {
        let got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
        got.iter().map(|(at, chat, _)| (*at, *chat)).collect()
    }
}

#[async_trait]
impl Mailbox for Pretended {
    async fn send(&self, chat: i64, screen: &Screen) -> Result<i32, TelegramError> {
        if self
            .silent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|until| Instant::now() < until)
        {
            return Err(TelegramError::Unavailable("nobody answers".to_owned()));
        }
        if self.hung.lock().unwrap_or_else(PoisonError::into_inner).contains(&chat) {
            std::future::pending::<()>().await;
        }
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = refusals.get_mut(&chat).and_then(VecDeque::pop_front) {
            return Err(error);
        }
        let mut got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
        got.push((Instant::now(), chat, screen.text.clone()));
        Ok(1)
    }

    async fn edit(&self, _: i64, _: i32, _: &Screen) -> Result<(), TelegramError> {
        Ok(())
    }
}

struct Stage {
    office: Office,
    store: MemoryStore,
    telegram: Arc<Pretended>,
    seed: Mutex<u64>,
}

fn phone(n: u64) -> PhoneNumber {
    format!("+888{n:08}").parse().expect("a number")
}

impl Stage {
    async fn open() -> Self {
        let base = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = MemoryStore::new(Arc::new(Together { began: Instant::now(), base }));
        let service = RentalService::new(Arc::new(store.clone()));
        let wallet = Wallet { network: Network::Sandbox, address: "UQ-wallet".to_owned() };
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("the shop opens");
        let plans = vec!["30d=10".parse().expect("a plan")];
        let console = Actor::Admin(AdminId::Console("owner".to_owned()));
        for n in 1..=3 {
            let add = Command::AddNumber { number: phone(n), plans: plans.clone() };
            service.execute(Request::new(console.clone(), add)).await.expect("added");
        }
        let telegram = Arc::new(Pretended::default());
        let office = Office {
            rentals: Arc::new(service),
            store: Arc::new(store.clone()),
            notes: Arc::new(store.clone()),
            mailbox: telegram.clone(),
        };
        Self { office, store, telegram, seed: Mutex::new(0) }
    }

    /// Something that `user` is told about number `n`.
    fn news(user: u64, n: u64) -> Event {
        let customer = Some(CustomerId::Telegram(user));
        Event {
            at: Timestamp::from_unix(0),
            number: Some(phone(n)),
            customer,
            kind: EventKind::RentalEnded { revoked: false },
        }
    }

    async fn happens(&self, events: Vec<Event>) {
        let id = {
            let mut seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
            *seed += 1;
            CommitId(Ulid::from_parts(*seed, 1))
        };
        let now = self.office.now().await.expect("the store answers");
        let events = events.into_iter().map(|event| Event { at: now, ..event }).collect();
        let changes = Changes { events, ..Changes::none(id, rental_core::Load::default()) };
        assert_eq!(self.store.commit(&changes).await, Ok(rental_core::Commit::Committed));
    }

    fn sender(&self) -> Outgoing {
        Outgoing::new(&self.office, Arc::new(self.store.clone()), CancellationToken::new())
    }

    /// Passes for so long.
    async fn send_for(&self, sender: &Outgoing, length: Duration) {
        let end = Instant::now() + length;
        while Instant::now() < end {
            sender.run_once().await.expect("a pass");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn dead(&self) -> usize {
        self.store
            .dead_letters(CUSTOMERS, &PageRequest::first(100))
            .await
            .expect("the store lists")
            .items
            .len()
    }

    async fn knows(&self, user: u64, language: Language) {
        let person = Person { language, chosen: true };
        Memory::new(self.office.notes.clone()).remember(user, person).await.expect("written");
    }
}

#[tokio::test(start_paused = true)]
async fn many_messages_keep_telegrams_limits_and_the_order_of_every_chat() {
    let stage = Stage::open().await;
    let events = (0..300).map(|n| Stage::news(1 + n % 40, 1 + n / 40 % 3)).collect();
    stage.happens(events).await;
    stage.send_for(&stage.sender(), Duration::from_secs(40)).await;
    let moments = stage.telegram.moments();
    assert_eq!(moments.len(), 300, "each once");
    for (i, (at, chat)) in moments.iter().enumerate() {
        let second: Vec<_> =
            moments[i..].iter().take_while(|(later, _)| *later < *at + Duration::from_secs(1)).collect();
        assert!(second.len() <= 28);
        assert_eq!(second.iter().filter(|(_, other)| other == chat).count(), 1);
    }
    for user in 1..=40 {
        let texts = stage.telegram.texts(user);
        let wanted = (0..300).filter(|n| 1 + n % 40 == u64::try_from(user).expect("small"));
        let wanted: Vec<_> = wanted.map(|n| phone(1 + n / 40 % 3).pretty()).collect();
        assert!(texts.iter().zip(&wanted).all(|(text, number)| text.contains(number)), "{user}: {texts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_to_one_chat_does_not_hold_up_another() {
    let stage = Stage::open().await;
    stage.happens((0..120).map(|n| Stage::news(1, 1 + n % 3)).chain([Stage::news(2, 1)]).collect()).await;
    let began = Instant::now();
    stage.send_for(&stage.sender(), Duration::from_secs(15)).await;
    let other = stage.telegram.moments().into_iter().find(|(_, chat)| *chat == 2).expect("it was sent");
    assert!(other.0 - began < Duration::from_secs(8), "{:?}", other.0 - began);
}

#[tokio::test(start_paused = true)]
async fn retry_after_delays_that_chat_only_and_keeps_its_order() {
    let stage = Stage::open().await;
    stage.telegram.refuse(1, TelegramError::RetryAfter(Duration::from_secs(20)));
    stage.happens(vec![Stage::news(1, 1), Stage::news(1, 2), Stage::news(2, 1)]).await;
    let (sender, began) = (stage.sender(), Instant::now());
    stage.send_for(&sender, Duration::from_secs(10)).await;
    assert_eq!((stage.telegram.texts(1).len(), stage.telegram.texts(2).len()), (0, 1));
    stage.happens(vec![Stage::news(1, 3)]).await;
    stage.send_for(&sender, Duration::from_secs(30)).await;
    let texts = stage.telegram.texts(1);
    assert_eq!(texts.len(), 3);
    for (text, n) in texts.iter().zip(1..) {
        assert!(text.contains(&phone(n).pretty()), "{texts:?}");
    }
    let first = stage.telegram.moments().into_iter().find(|(_, chat)| *chat == 1).expect("sent").0;
    assert!(first >= began + Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn whoever_blocked_the_bot_is_left_alone_until_heard_of_again() {
    let stage = Stage::open().await;
    stage.telegram.refuse(1, TelegramError::Blocked("bot was blocked".to_owned()));
    stage.happens(vec![Stage::news(1, 1), Stage::news(1, 2)]).await;
    let sender = stage.sender();
    stage.send_for(&sender, Duration::from_secs(5)).await;
    assert_eq!((stage.telegram.texts(1).len(), stage.dead().await), (0, 0));
    Reach::new(stage.office.notes.clone()).unblock(1).await.expect("written");
    stage.happens(vec![Stage::news(1, 3)]).await;
    stage.send_for(&sender, Duration::from_secs(5)).await;
    assert_eq!(stage.telegram.texts(1).len(), 1, "what came while it was blocked is not made up for");
}

#[tokio::test(start_paused = true)]
async fn what_telegram_does_not_take_is_kept_and_operators_are_told() {
    let stage = Stage::open().await;
    let own = Command::SetOwner { user: Some(99) };
    stage.office.rentals.execute(Request::new(Actor::System, own)).await.expect("set");
    stage.knows(99, Language::Ru).await;
    stage
        .telegram
        .refuse(1, TelegramError::Refused { code: 400, description: "can't parse entities".to_owned() });
    stage.happens(vec![Stage::news(1, 1), Stage::news(1, 2)]).await;
    stage.send_for(&stage.sender(), Duration::from_secs(10)).await;
    assert_eq!((stage.telegram.texts(1).len(), stage.dead().await), (1, 1));
    let told = stage.telegram.texts(99);
    assert!(told.len() == 1 && told[0].contains("не доставлено"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_silence_everything_is_sent_once_and_in_order() {
    let stage = Stage::open().await;
    *stage.telegram.silent.lock().expect("no panic") = Some(Instant::now() + Duration::from_mins(1));
    stage.happens((0..30).map(|n| Stage::news(1 + n % 10, 1 + n / 10)).collect()).await;
    stage.send_for(&stage.sender(), Duration::from_secs(200)).await;
    assert_eq!((stage.telegram.moments().len(), stage.dead().await), (30, 0));
    for user in 1..=10 {
        let texts = stage.telegram.texts(user);
        assert!(texts.iter().zip(1..).all(|(text, n)| text.contains(&phone(n).pretty())), "{texts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_over_from_a_dead_process_misses_nothing() {
    let stage = Stage::open().await;
    stage.happens((0..200).map(|n| Stage::news(1 + n % 50, 1 + n / 50 % 3)).collect()).await;
    let (first, second) = (stage.sender(), stage.sender());
    // Killed in the middle: the future is dropped wherever it is.
    let killed =
        tokio::time::timeout(Duration::from_millis(2_500), stage.send_for(&first, Duration::from_mins(1)));
    assert!(killed.await.is_err());
    drop(first);
    let before = stage.telegram.moments().len();
    assert!((1..200).contains(&before));
    stage.send_for(&second, Duration::from_mins(1)).await;
    let after = stage.telegram.moments().len();
    // What was under way when the first one died may come twice; nothing may be missing.
    assert!((200..=248).contains(&after), "{after}");
    for user in 1..=50 {
        let mut texts = stage.telegram.texts(user);
        texts.dedup();
        let wanted: Vec<_> = (0..4).map(|n| phone(1 + n % 3).pretty()).collect();
        assert_eq!(texts.len(), 4, "{user}: {texts:?}");
        assert!(texts.iter().zip(&wanted).all(|(text, number)| text.contains(number)), "{user}: {texts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_process_sends_at_a_time() {
    let stage = Stage::open().await;
    let (first, second) = (stage.sender(), stage.sender());
    first.run_once().await.expect("a pass");
    stage.happens(vec![Stage::news(1, 1)]).await;
    second.run_once().await.expect("a pass");
    assert_eq!(stage.telegram.moments().len(), 0, "the second one stands by");
    first.run_once().await.expect("a pass");
    assert_eq!(stage.telegram.moments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn news_go_to_everybody_who_wants_them_once_over_a_restart() {
    let stage = Stage::open().await;
    for user in 1..=60 {
        stage.knows(user, if user % 2 == 0 { Language::En } else { Language::Ru }).await;
    }
    let reach = Reach::new(stage.office.notes.clone());
    reach.set_news(5, false).await.expect("written");
    reach.block(6).await.expect("written");
    stage.telegram.refuse(7, TelegramError::Refused { code: 400, description: "no".to_owned() });
    let broadcasts = Broadcasts::new(stage.office.notes.clone());
    assert!(broadcasts.begin("<b>Hello</b>", 1, None).await.expect("written"));
    assert!(!broadcasts.begin("Other", 1, None).await.expect("written"), "one at a time");
    let (first, second) = (stage.sender(), stage.sender());
    let cut =
        tokio::time::timeout(Duration::from_millis(800), stage.send_for(&first, Duration::from_mins(1)));
    assert!(cut.await.is_err());
    drop(first);
    let before = stage.telegram.moments().len();
    assert!((1..57).contains(&before), "{before}");
    stage.happens(vec![Stage::news(70, 1)]).await;
    stage.send_for(&second, Duration::from_mins(1)).await;
    let progress = broadcasts.present().await.expect("read").expect("noted").progress;
    assert_eq!(
        (progress.total, progress.sent, progress.skipped, progress.failed, progress.over),
        (60, 57, 2, 1, true)
    );
    let got = stage.telegram.moments();
    assert!((58..=59).contains(&got.len()), "{}", got.len());
    for user in [5, 6, 7] {
        assert_eq!(stage.telegram.texts(user).len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_is_to_be_left_alone_holds_no_news_up_for_others() {
    let stage = Stage::open().await;
    for user in 1..=60 {
        stage.knows(user, Language::En).await;
    }
    for user in [10, 11] {
        stage.telegram.refuse(user, TelegramError::RetryAfter(Duration::from_mins(5)));
    }
    let broadcasts = Broadcasts::new(stage.office.notes.clone());
    assert!(broadcasts.begin("Hello", 1, None).await.expect("written"));
    let (first, second) = (stage.sender(), stage.sender());
    stage.send_for(&first, Duration::from_secs(10)).await;
    assert_eq!(stage.telegram.moments().len(), 58);
    let progress = || async { broadcasts.present().await.expect("read").expect("noted").progress };
    assert_eq!((progress().await.sent, progress().await.over), (58, false));
    drop(first); // whoever goes on after a crash knows who is left
    stage.send_for(&second, Duration::from_mins(6)).await;
    assert_eq!(
        (stage.telegram.moments().len(), progress().await.sent, progress().await.over),
        (60, 60, true)
    );
    assert_eq!((stage.telegram.texts(10).len(), stage.telegram.texts(11).len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_customer_is_told_goes_before_news_and_waits_for_no_other_chat() {
    let stage = Stage::open().await;
    for user in 100..=700 {
        stage.knows(user, Language::En).await;
    }
    stage.telegram.hang(1);
    let broadcasts = Broadcasts::new(stage.office.notes.clone());
    assert!(broadcasts.begin("Hello", 1, None).await.expect("written"));
    let stop = CancellationToken::new();
    let sender = Outgoing::new(&stage.office, Arc::new(stage.store.clone()), stop.clone());
    let sending = tokio::spawn(sender.run());
    tokio::time::sleep(Duration::from_secs(2)).await;
    stage.happens(vec![Stage::news(1, 1)]).await; // its message hangs
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    stage.happens(vec![Stage::news(2, 1)]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop.cancel();
    sending.await.expect("it ends");
    let moments = stage.telegram.moments();
    let (at, _) = moments.iter().find(|(_, chat)| *chat == 2).expect("it was sent");
    assert!(*at - began < Duration::from_secs(1), "{:?}", *at - began);
    assert!(moments.iter().filter(|(at, chat)| *at > began && *chat >= 100).count() > 30, "news go on");
}

#[tokio::test(start_paused = true)]
async fn however_many_chats_hang_others_are_told_within_a_second() {
    const HUNG: u64 = 100;
    let stage = Stage::open().await;
    for user in 1..=HUNG {
        stage.telegram.hang(user.cast_signed());
    }
    stage.happens((1..=HUNG).flat_map(|user| [Stage::news(user, 1), Stage::news(user, 2)]).collect()).await;
    let stop = CancellationToken::new();
    let sender = Outgoing::new(&stage.office, Arc::new(stage.store.clone()), stop.clone());
    let sending = tokio::spawn(sender.run());
    tokio::time::sleep(Duration::from_secs(4)).await; // within which so many messages may leave
    for other in 0..120 {
        let (user, began) = (1_000 + other, Instant::now());
        stage.happens(vec![Stage::news(user, 1)]).await;
        tokio::time::sleep(Duration::from_millis(1_300)).await;
        let told = stage.telegram.moments().into_iter().find(|(_, chat)| *chat == user.cast_signed());
        let (at, _) = told.unwrap_or_else(|| panic!("number {other} was not told in time"));
        assert!(at - began < Duration::from_secs(1), "number {other} was told after {:?}", at - began);
    }
    stage.telegram.calm();
    tokio::time::sleep(Duration::from_secs(150)).await;
    stop.cancel();
    sending.await.expect("it ends");
    for user in 1..=HUNG {
        let texts = stage.telegram.texts(user.cast_signed());
        assert_eq!(texts.len(), 2, "{user}: {texts:?}");
        assert!(
            texts.iter().zip(1..).all(|(text, n)| text.contains(&phone(n).pretty())),
            "{user}: {texts:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn operators_are_told_once_each_in_their_language_while_they_are_operators() {
    let stage = Stage::open().await;
    let system = |command| stage.office.rentals.execute(Request::new(Actor::System, command));
    system(Command::SetOwner { user: Some(1) }).await.expect("set");
    system(Command::AddAdmin { user: 2 }).await.expect("set");
    stage.knows(1, Language::Ru).await;
    stage.telegram.refuse(2, TelegramError::RetryAfter(Duration::from_secs(5)));
    let amount: Amount = "9 TON".parse().expect("an amount");
    let odd = EventKind::PaymentException {
        tx: rental_core::TxHash([1; 32]),
        amount,
        reason: rental_core::ExceptionReason::NoComment,
        invoice: None,
    };
    stage.happens(vec![Event { at: Timestamp::EPOCH, number: None, customer: None, kind: odd }]).await;
    stage.send_for(&stage.sender(), Duration::from_secs(20)).await;
    let (owner, admin) = (stage.telegram.texts(1), stage.telegram.texts(2));
    assert!(owner.len() == 1 && owner[0].contains("требует решения"), "{owner:?}");
    assert!(admin.len() == 1 && admin[0].contains("needs a decision"), "{admin:?}");
}
