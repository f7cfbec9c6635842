//! What happens when Telegram slows a chat down, or a person is too fast.

use bot_testing::{Fault, Where};

use crate::person::{Person, pay};
use crate::process::Process;
use crate::shop::Shop;

const NUMBERS: [&str; 5] = ["+88801234561", "+88801234562", "+88801234563", "+88801234564", "+88801234565"];

fn edits(chat: i64) -> Where {
    Where::method("editMessageText").in_chat(chat)
}

#[tokio::test]
async fn pay_screens_that_hang_hold_up_no_other_chat() {
    let shop = Shop::embedded(&NUMBERS).await;
    let _bot = shop.start().await;
    for (id, number) in (11..).zip(&NUMBERS[1..]) {
        let bill = Person::new(&shop, id).await.order(number).await;
        shop.telegram.fail(edits(id), Fault::Hang);
        pay(&shop, &bill, None);
    }
    shop.telegram.wait_until("pay screens that hang", |counters| counters.held >= 4).await;
    Person::new(&shop, 20).await.rent(&shop, NUMBERS[0]).await;
    shop.telegram.calm();
}

#[tokio::test]
async fn a_chat_that_telegram_slows_down_is_left_alone_and_holds_up_no_other() {
    let shop = Shop::embedded(&NUMBERS).await;
    let _bot = shop.start().await;
    let bill = Person::new(&shop, 7).await.order(NUMBERS[0]).await;
    shop.telegram.fail(edits(7), Fault::RetryAfter(3_600));
    pay(&shop, &bill, None);
    let refused = |counters: &bot_testing::Counters| counters.refused.get(&429).copied().unwrap_or_default();
    shop.telegram.wait_until("a refusal", |counters| refused(counters) == 1).await;
    Person::new(&shop, 8).await.rent(&shop, NUMBERS[1]).await;
    assert_eq!(refused(&shop.telegram.counters()), 1);
}

#[tokio::test]
async fn a_press_that_telegram_puts_off_is_told_so_and_the_invoice_is_shown_later() {
    let shop = Shop::embedded(&NUMBERS).await;
    let _bot = shop.start().await;
    let person = Person::new(&shop, 7).await;
    person.press("📞 Free numbers", "free number").await;
    person.press("+888 0123 4561", "For how long?").await;
    person.press("30 days", "Rent").await;
    shop.telegram.fail(edits(7).once(), Fault::RetryAfter(30));
    let toast = person.chat.click("Go on to payment").await.toast().await;
    assert!(toast.contains("30 seconds"), "{toast}");
    person.chat.wait_for_text("Pay 10 TON").await;
}

#[tokio::test]
async fn a_press_wins_over_the_pay_screen_that_is_being_drawn() {
    let shop = Shop::embedded(&NUMBERS).await;
    let _bot = shop.start().await;
    let (person, other) = (Person::new(&shop, 7).await, Person::new(&shop, 8).await);
    person.press("📞 Free numbers", "free number").await;
    person.press("+888 0123 4561", "For how long?").await;
    let question = person.press("30 days", "Rent").await;
    shop.telegram.fail(edits(7).once(), Fault::Hang);
    shop.telegram.fail(edits(7).once(), Fault::RetryAfter(30));
    person.chat.press(&question, "Go on to payment").toast().await;
    shop.telegram.wait_until("a pay screen that is being drawn", |counters| counters.held == 1).await;
    let back = person.chat.press(&question, "Back");
    for _ in 0..2 {
        other.press("❓ Help", "How it works").await;
        other.press("🏠 Home", "Anonymous").await;
    }
    shop.telegram.calm();
    back.answer().await;
    // By the time that another pay screen is drawn, this one would have been, too.
    other.rent(&shop, NUMBERS[1]).await;
    let shown = person.chat.message(question.id).unwrap();
    assert!(shown.text.contains("You have an invoice for this number"), "{}", person.chat.shown());
}

#[tokio::test]
async fn who_is_too_fast_is_told_so_in_the_chosen_language() {
    let shop = Shop::embedded(&[]).await;
    let mut program = shop.program();
    program.env("BOT_RATE_LIMIT", "3");
    let _bot = Process::start(program);
    let person = Person::new(&shop, 7).await;
    let home = person.chat.wait_for_text("Anonymous +888 numbers").await;
    person.chat.press_data(home.id, "1gs:ru").answer().await;
    let too_fast = async {
        loop {
            let answer = person.chat.press_data(home.id, "?").answer().await;
            if answer.alert {
                return answer.text.unwrap_or_default();
            }
        }
    };
    let text = too_fast.await;
    assert!(text.contains("Слишком быстро"), "{text}");
}
