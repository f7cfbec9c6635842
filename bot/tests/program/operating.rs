//! What operators do in Telegram.

use rental_core::{Actor, CustomerId, NumberState, PageRequest, Rentals};

use crate::person::{Person, pay};
use crate::shop::{OWNER, Shop};

const NUMBER: &str = "+88801234567";
const SHOWN: &str = "+888 0123 4567";
const OTHER: &str = "+88802468135";

async fn state(shop: &Shop) -> NumberState {
    shop.app.service.number(NUMBER.parse().unwrap()).await.unwrap().state()
}

#[tokio::test]
async fn a_number_gets_a_price_and_is_withdrawn_after_a_question() {
    let shop = Shop::embedded(&[NUMBER, OTHER]).await;
    let _bot = shop.start().await;
    let owner = Person::new(&shop, OWNER).await;
    owner.press("🛠", "Free: 2").await;
    owner.press("🔢 Pool", "All numbers").await;
    owner.press(SHOWN, "Plans:").await;
    owner.press("💰 Prices", "offered for?").await;
    owner.chat.send("for nothing");
    owner.chat.wait_for_text("could not be read").await;
    owner.chat.send("30d=12");
    owner.chat.wait_for_text("30 days = 12 TON").await;
    owner.press("⏸ Stop offering", "Stop offering +888").await;
    assert_eq!(state(&shop).await, NumberState::Available, "it is asked first");
    owner.press("Yes, stop offering", "⏸ withdrawn").await;
    assert_eq!(state(&shop).await, NumberState::Withdrawn);

    owner.press("🛠 Operators", "Free: 1").await;
    let trail = owner.press("🧾 Audit", "What operators did").await;
    assert!(trail.text.contains("tg:1"), "{}", trail.text);
    let audit = shop.app.service.audit(&Actor::System, &PageRequest::first(100)).await.unwrap();
    let hers: Vec<_> = audit.items.iter().filter(|entry| entry.actor == "tg:1").collect();
    assert_eq!(hers.len(), 2, "the price and the withdrawal: {hers:?}");
    assert!(hers.iter().all(|entry| entry.object.contains(NUMBER)), "{hers:?}");
}

#[tokio::test]
async fn an_admin_who_is_dismissed_is_refused_at_once() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let (owner, admin) = (Person::new(&shop, OWNER).await, Person::new(&shop, 9).await);
    assert!(admin.chat.wait_for_text("numbers").await.button("🛠").is_none());
    owner.press("🛠", "Free: 1").await;
    owner.press("👥 Admins", "Owner:").await;
    owner.press("➕ Appoint", "Who becomes an admin").await;
    owner.chat.send("9");
    owner.press("Yes, appoint", "Owner:").await;
    owner.chat.wait_for(|messages| messages.last()?.button("✖️ 9").map(drop)).await;

    admin.chat.send("/start");
    admin.press("🛠", "Free: 1").await;
    admin.press("🔢 Pool", "All numbers").await;
    let card = admin.press(SHOWN, "Plans:").await;
    assert!(card.button("⏸ Stop offering").is_some());
    owner.press("✖️ 9", "Take all rights").await;
    owner.press("Yes, dismiss", "Owner:").await;

    let toast = admin.chat.press(&card, "⏸ Stop offering").toast().await;
    assert!(toast.contains("out of date"), "{toast}");
    let screen = admin.chat.wait_for_text("Anonymous").await;
    assert!(screen.button("🛠").is_none());
    assert_eq!(state(&shop).await, NumberState::Available);
}

#[tokio::test]
async fn the_newest_question_takes_the_answer() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let owner = Person::new(&shop, OWNER).await;
    let admins = async || shop.app.service.access(&Actor::System).await.unwrap().admins.len();
    let ask = async || {
        owner.chat.send("/admin");
        owner.press("👥 Admins", "Owner:").await;
        owner.press("➕ Appoint", "Who becomes an admin").await;
    };
    ask().await;
    owner.chat.send("/numbers");
    owner.press("🔎 Search", "digits").await;
    owner.chat.send("0123");
    owner.chat.wait_for(|messages| messages.last()?.button(SHOWN).map(drop)).await;

    // So do a command, and a customer's button, each alone.
    ask().await;
    owner.chat.send("/help");
    owner.chat.send("777");
    ask().await;
    owner.press("🌐 Language", "English").await;
    owner.chat.send("777");
    owner.is_heard_out().await;
    assert_eq!(received(&owner, "Make 777 an admin?"), 0, "{}", owner.chat.shown());

    // And an operator's question ends a customer's.
    owner.chat.send("/numbers");
    owner.press("🔎 Search", "digits").await;
    ask().await;
    owner.chat.send("777");
    owner.chat.wait_for_text("Make 777 an admin?").await;
    assert_eq!(admins().await, 0, "it is asked first");
}

#[tokio::test]
async fn a_payment_that_does_not_fit_is_accepted() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let (owner, alice) = (Person::new(&shop, OWNER).await, Person::new(&shop, 7).await);
    let bill = alice.order(NUMBER).await;
    pay(&shop, &bill, Some("9.9"));
    owner.chat.wait_for_text("A payment needs a decision").await;
    owner.press("⚖️ Decide", "What is odd: too little").await;
    owner.press("✅ Accept", "Accept 9.9 TON").await;
    assert_eq!(state(&shop).await, NumberState::Reserved, "it is asked first");
    owner.press("✅ Accept", "Decision: accepted").await;
    alice.chat.wait_for_text("is yours").await;
    let record = shop.app.service.number(NUMBER.parse().unwrap()).await.unwrap();
    assert_eq!(record.rental().unwrap().holder, CustomerId::Telegram(7));
}

/// How many messages of the bot have this text.
fn received(person: &Person, text: &str) -> usize {
    person.chat.messages().iter().filter(|seen| seen.is_from_bot() && seen.text.contains(text)).count()
}

#[tokio::test]
async fn news_reach_everybody_once_who_wants_them() {
    let shop = Shop::embedded(&[]).await;
    let _bot = shop.start().await;
    let owner = Person::new(&shop, OWNER).await;
    let mut people = Vec::new();
    for id in 10..15 {
        people.push(Person::new(&shop, id).await);
    }
    owner.press("🛠", "Free: 0").await;
    owner.press("📣 News", "No news are being sent").await;
    owner.press("✏️ Write news", "What shall all customers read").await;
    owner.chat.send("New numbers & <prices>");
    let preview = owner.chat.wait_for_text("This goes to 6 users").await;
    assert!(preview.text.contains("New numbers & <prices>"), "{}", preview.text);
    assert!(people.iter().all(|person| received(person, "New numbers") == 0), "it is shown first");
    let taps = [0, 1].map(|_| owner.chat.press(&preview, "📣 Send to all"));
    for tap in taps {
        tap.answer().await;
    }
    owner.chat.wait_for_text("The news have been sent").await;
    for person in &people {
        assert_eq!(received(person, "New numbers & <prices>"), 1, "{}", person.chat.shown());
    }

    people[0].press("🔕 No more news", "You get no more news").await;
    owner.press("✏️ Write news", "What shall all customers read").await;
    owner.chat.send("Another word");
    owner.chat.wait_for_text("Another word").await;
    owner.press("📣 Send to all", "Not reachable or not wanted: 1").await;
    for (place, person) in people.iter().enumerate() {
        person
            .chat
            .wait_for(|messages| {
                (place == 0 || messages.iter().any(|m| m.text == "Another word")).then_some(())
            })
            .await;
    }
    shop.telegram.wait_for_silence().await;
    for (place, person) in people.iter().enumerate() {
        assert_eq!(received(person, "Another word"), usize::from(place > 0), "{}", person.chat.shown());
    }
}

#[tokio::test]
async fn a_forgotten_setting_does_not_take_the_shop_from_its_owner() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let mut bot = shop.start().await;
    let owner = Person::new(&shop, OWNER).await;
    bot.terminate();
    assert!(bot.wait().success());
    let mut program = shop.program();
    program.env_remove("OWNER_ID");
    let bot = crate::process::Process::start(program);
    owner.press("🛠", "Free: 1").await;
    assert!(owner.chat.wait_for_text("Free: 1").await.button("👥 Admins").is_some());
    assert!(bot.log().contains("the owner stays who it was"), "{}", bot.log());
}
