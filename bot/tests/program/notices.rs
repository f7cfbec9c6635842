//! Notices that go out by themselves: all of them, whatever happens to the program.

use rental_core::{Actor, Command as Change, CustomerId, Effect, Rentals, Request};
use rental_ton::SandboxTransfer;

use crate::shop::Shop;

/// How many customers are told something. Telegram lets a bot write about 30 messages a second.
fn customers() -> i64 {
    std::env::var("NOTICES").map_or(120, |count| count.parse().unwrap())
}

#[tokio::test]
async fn a_program_that_is_killed_forgets_no_notice() {
    let count = customers();
    let numbers: Vec<_> = (0..count).map(|n| format!("+8880{:07}", 1_000_000 + n)).collect();
    let shop = Shop::embedded(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let chats: Vec<_> = (0..count).map(|n| shop.telegram.user(1000 + n, "en")).collect();
    let mut bot = shop.start().await;
    for (chat, number) in chats.iter().zip(&numbers) {
        chat.send("/start");
        let customer = CustomerId::Telegram(chat.id().unsigned_abs());
        let wish = Change::OpenRent {
            number: number.parse().unwrap(),
            term: "30d".parse().unwrap(),
            customer: customer.clone(),
        };
        let order = Request::new(Actor::Customer(customer), wish);
        let Effect::Invoice(invoice) = shop.app.service.execute(order).await.unwrap().effect else {
            panic!()
        };
        let transfer = SandboxTransfer::payment(invoice.amount, invoice.payload.to_string());
        shop.app.sandbox.as_ref().unwrap().chain.append(&transfer).unwrap();
    }
    shop.telegram.limit_speed();
    let told = |least: usize| {
        shop.telegram.wait_until("notices", move |counters| {
            usize::try_from(counters.of("sendMessage")).unwrap() >= least
        })
    };
    let greeted = chats.len();
    told(greeted + chats.len() / 3).await;
    bot.kill();
    let mut bot = shop.start().await;
    told(greeted + chats.len() * 2 / 3).await;
    bot.kill();
    let _bot = shop.start().await;
    let mut repeated = 0;
    for chat in &chats {
        chat.wait_for_text("is yours").await;
        let notices = chat.messages().iter().filter(|message| message.text.contains("is yours")).count();
        repeated += notices - 1;
    }
    assert!(repeated <= 2, "a message that was under way may come twice, no other: {repeated}");
}
