//! Notices that go out by themselves: all of them, whatever happens to the program.

use rental_core::{
    Actor, Command as Change, Comment, Currency, CustomerId, IncomingPayment, Rentals, Request, Sighting,
    TxHash,
};

use crate::shop::Shop;

/// What each customer is told, in this order.
const TOLD: [&str; 3] = ["is yours until", "is yours for longer", "has ended your rental"];

/// How many notices there are. Telegram lets a bot write about 30 messages a second.
fn notices() -> usize {
    std::env::var("NOTICES").map_or(120, |count| count.parse().unwrap())
}

/// Rents a number to a customer, makes the rental longer and ends it.
async fn let_things_happen(shop: &Shop, user: u64, number: &str) {
    let (number, customer) = (number.parse().unwrap(), CustomerId::Telegram(user));
    let term: rental_core::Term = "30d".parse().unwrap();
    let wish = Change::OpenRent { number, term, customer: customer.clone(), currency: Currency::Ton };
    let receipt = shop.app.service.execute(Request::new(Actor::Customer(customer), wish)).await.unwrap();
    let invoice = receipt.invoice().unwrap();
    let incoming = IncomingPayment {
        tx: TxHash(std::array::from_fn(|at| user.to_be_bytes()[at % 8])),
        lt: user,
        amount: invoice.amount,
        comment: Comment::Text(invoice.payload.to_string()),
        sender: "0:ab".to_owned(),
        chain_time: invoice.created_at,
    };
    let book = Change::Book { incoming, unreadable: false, sighting: Sighting::SOLE };
    shop.app.service.execute(Request::new(Actor::System, book)).await.unwrap();
    shop.change(Change::Extend { number, term }).await;
    shop.change(Change::Revoke { number }).await;
}

async fn a_program_that_is_killed_forgets_no_notice(open: impl AsyncFn(&[&str]) -> Shop) {
    let count = notices().div_ceil(TOLD.len());
    let numbers: Vec<_> = (0..count).map(|n| format!("+8880{:07}", 1_000_000 + n)).collect();
    let shop = open(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let chats: Vec<_> = (1000..).take(count).map(|id| shop.telegram.user(id, "en")).collect();
    let mut bot = shop.start().await;
    for chat in &chats {
        chat.send("/start");
    }
    for chat in &chats {
        chat.wait_for_text("numbers").await;
    }
    shop.telegram.limit_speed();
    for (chat, number) in chats.iter().zip(&numbers) {
        let_things_happen(&shop, chat.id().unsigned_abs(), number).await;
    }
    let greetings = shop.telegram.counters().of("sendMessage");
    let kills = 2 + notices() / 500;
    for killed in 1..=kills {
        let least = greetings + (notices() * killed / (kills + 2)) as u64;
        shop.telegram.wait_until("notices", |counters| counters.of("sendMessage") >= least).await;
        bot.kill();
        bot = shop.start().await;
    }
    let mut repeated = 0;
    for chat in &chats {
        let last = TOLD[TOLD.len() - 1];
        chat.wait_for_text(last).await;
        let seen = chat.messages();
        let told = |message: &bot_testing::Message| TOLD.iter().position(|text| message.text.contains(text));
        let mut seen: Vec<_> = seen.iter().filter_map(told).collect();
        repeated += seen.len();
        seen.dedup();
        repeated -= seen.len();
        assert_eq!(seen, [0, 1, 2], "all, in order:\n{}", chat.shown());
    }
    assert!(repeated <= 2 * kills, "only what was under way may come twice: {repeated}");
}

#[tokio::test]
async fn a_program_that_is_killed_forgets_no_notice_in_a_file() {
    a_program_that_is_killed_forgets_no_notice(Shop::embedded).await;
}

#[tokio::test]
async fn a_program_that_is_killed_forgets_no_notice_on_redis() {
    a_program_that_is_killed_forgets_no_notice(Shop::on_redis).await;
}
