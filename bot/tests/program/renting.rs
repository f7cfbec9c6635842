//! The whole way: from the list to the pay screen, paid, renewed, handed on.

use rental_core::{
    Actor, Command as Change, CustomerId, InvoiceQuery, InvoiceStatus, Owner, PageRequest, PaymentQuery,
    Rentals,
};

use crate::person::{Person, pay};
use crate::shop::Shop;

const NUMBER: &str = "+88801234567";
const SHOWN: &str = "+888 0123 4567";

/// The number's holder.
async fn holder(shop: &Shop) -> Option<CustomerId> {
    let record = shop.app.service.number(NUMBER.parse().unwrap()).await.unwrap();
    record.rental().map(|rental| rental.holder.clone())
}

async fn a_number_is_rented_renewed_and_handed_on(shop: Shop) {
    let bot = shop.start().await;
    let (alice, bob) = (Person::new(&shop, 7).await, Person::new(&shop, 8).await);

    let bill = alice.order(NUMBER).await;
    assert!(bill.text.contains(SHOWN) && bill.edits > 0, "one message that changes: {bill:?}");
    pay(&shop, &bill, None);
    let yours = alice.chat.wait_for_text("is yours").await;
    assert_eq!(yours.id, bill.id, "it turns into “yours” by itself");
    assert_eq!(holder(&shop).await, Some(CustomerId::Telegram(7)));

    let rental = alice.press("🔑 Open", "Yours since").await;
    alice.press("Renew", "For how much longer?").await;
    alice.press("7 days", "Renew").await;
    let bill = alice.press("Go on to payment", "to renew").await;
    pay(&shop, &bill, None);
    alice.chat.wait_for_text("is renewed").await;

    alice.press("🔑 Open", "Yours since").await;
    alice.press("Hand on", "Hand").await;
    alice.press("Choose a person", "Who shall get").await;
    alice.chat.share("👤 Choose a person", &[8]);
    alice.chat.wait_for_text("Offer +888").await;
    let offered = alice.press("Offer it", "is offered").await;
    let link = offered.text.split_whitespace().find(|word| word.starts_with("https://t.me/")).unwrap();
    assert_eq!(holder(&shop).await, Some(CustomerId::Telegram(7)), "it stays hers until it is taken");
    bob.chat.open_link(link);
    bob.chat.wait_for_text("is offered to you").await;
    bob.press("Take it", "is yours").await;
    assert_eq!(holder(&shop).await, Some(CustomerId::Telegram(8)));

    for name in ["Renew", "Hand on"] {
        let toast = alice.chat.press(&rental, name).toast().await;
        assert!(toast.contains("not have this number"), "{name}: {toast}");
    }
    assert_eq!(holder(&shop).await, Some(CustomerId::Telegram(8)));
    alice.is_heard_out().await;
    for call in shop.telegram.calls() {
        let is_fine = call.is_ok() || call.answer.to_string().contains("message is not modified");
        assert!(is_fine, "{call:?}");
    }
    let log = bot.log();
    for secret in [bot_testing::TOKEN, NUMBER, SHOWN, &NUMBER[1..], "01234567"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[tokio::test]
async fn a_number_is_rented_renewed_and_handed_on_in_a_file() {
    a_number_is_rented_renewed_and_handed_on(Shop::embedded(&[NUMBER]).await).await;
}

#[tokio::test]
async fn a_number_is_rented_renewed_and_handed_on_on_redis() {
    a_number_is_rented_renewed_and_handed_on(Shop::on_redis(&[NUMBER]).await).await;
}

#[tokio::test]
async fn a_double_tap_orders_once() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    alice.press("📞 Free numbers", "free number").await;
    alice.press(SHOWN, "For how long?").await;
    let quote = alice.press("30 days", "Rent").await;
    let taps: Vec<_> = (0..5).map(|_| alice.chat.press(&quote, "Go on to payment")).collect();
    for tap in taps {
        tap.answer().await;
    }
    alice.is_heard_out().await;
    let hers = InvoiceQuery { owner: Owner::Customer(CustomerId::Telegram(7)), ..InvoiceQuery::default() };
    let page = PageRequest::first(50);
    let invoices = shop.app.service.invoices(&Actor::System, &hers, &page).await.unwrap();
    assert_eq!(invoices.items.len(), 1);
    assert_eq!(invoices.items[0].status, InvoiceStatus::Open);
    let bills = alice.chat.messages().iter().filter(|message| message.text.contains("Pay 10 TON")).count();
    assert_eq!(bills, 1, "{}", alice.chat.shown());
}

#[tokio::test]
async fn toy_coins_are_sent_once_however_often_the_button_is_tapped() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    let bill = alice.order(NUMBER).await;
    let taps: Vec<_> = (0..4).map(|_| alice.chat.press(&bill, "toy coins")).collect();
    for tap in taps {
        tap.answer().await;
    }
    alice.chat.wait_for_text("is yours").await;
    alice.chat.press(&bill, "toy coins").answer().await; // on an old copy of the screen
    alice.is_heard_out().await;
    let all = PaymentQuery::default();
    let payments = shop.app.service.payments(&Actor::System, &all, &PageRequest::first(9)).await.unwrap();
    assert_eq!(payments.items.len(), 1, "{}", alice.chat.shown());
}

#[tokio::test]
async fn a_payment_that_does_not_fit_is_explained() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    let bill = alice.order(NUMBER).await;
    pay(&shop, &bill, Some("9.9"));
    let told = alice.chat.wait_for_text("0.1 TON too little").await;
    assert!(told.text.contains("9.9 TON"), "{}", told.text);
    let screen = |wanted: bool| {
        alice.chat.wait_for(move |messages| {
            let screen = messages.iter().find(|message| message.id == bill.id)?;
            (screen.text.contains("Pay 10 TON") && screen.text.contains("too little") == wanted).then_some(())
        })
    };
    screen(true).await;
    let odd = PaymentQuery { outcome: Some("exception"), ..PaymentQuery::default() };
    let odd = shop.app.service.payments(&Actor::System, &odd, &PageRequest::first(1)).await.unwrap();
    shop.change(Change::RefundPayment { tx: odd.items[0].tx }).await;
    screen(false).await;
    alice.chat.send("/history");
    alice.press("Needs attention", "Payments that need attention").await;
}

#[tokio::test]
async fn a_pay_screen_is_kept_current_after_a_crash() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let mut bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    let bill = alice.order(NUMBER).await;
    bot.kill();
    pay(&shop, &bill, None);
    let _next = shop.start().await;
    let yours = alice.chat.wait_for_text("is yours").await;
    assert_eq!(yours.id, bill.id);
}

#[tokio::test]
async fn numbers_are_found_by_digits_and_shown_by_pages() {
    let numbers: Vec<_> = (0..20).map(|n| format!("+8880{:07}", 1_000_000 + n * 7)).collect();
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    let shop = Shop::embedded(&numbers).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    let first = alice.press("📞 Free numbers", "20 free numbers").await;
    assert_eq!(first.buttons().iter().flatten().filter(|button| button.text.starts_with("+888")).count(), 8);
    alice.chat.click("▶️").await.answer().await;
    alice.chat.wait_for(|messages| messages.last()?.button("2 / 3").map(drop)).await;
    alice.chat.click("🔎 Search").await.answer().await;
    alice.chat.wait_for_text("Which digits?").await;
    alice.chat.send("*0133");
    let found = alice.chat.wait_for_text("1 free number").await;
    assert!(found.button("0100 0133").is_some(), "{found:?}");
}

#[tokio::test]
async fn back_leads_where_one_came_from() {
    let numbers: Vec<_> = (0..20).map(|n| format!("+8880{:07}", 1_000_000 + n * 7)).collect();
    let shop = Shop::embedded(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    let on_second_page = || alice.chat.wait_for(|messages| messages.last()?.button("2 / 3").map(drop));
    alice.press("📞 Free numbers", "20 free numbers").await;
    alice.chat.click("▶️").await.answer().await;
    on_second_page().await;
    alice.press("+888 0100 0056", "For how long?").await;
    alice.press("30 days", "Rent +888").await;
    alice.press("📜 Rules", "The term begins").await;
    alice.press("◀️ Back", "Rent +888").await;
    alice.press("◀️ Back", "For how long?").await;
    alice.chat.click("◀️ Back").await.answer().await;
    on_second_page().await;
}

#[tokio::test]
async fn a_code_to_scan_is_uploaded_once() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    alice.order(NUMBER).await;
    for _ in 0..2 {
        alice.chat.click("QR code").await.answer().await;
    }
    alice.is_heard_out().await;
    let sent: Vec<_> =
        shop.telegram.calls().into_iter().filter(|call| call.method == "sendPhoto" && call.is_ok()).collect();
    assert_eq!(sent.len(), 2);
    let by_name =
        |call: &bot_testing::Call| call.params.get("photo").is_some_and(serde_json::Value::is_string);
    assert_eq!(sent.iter().map(by_name).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn nobody_is_picked_also_after_the_language_changed() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    alice.rent(&shop, NUMBER).await;
    alice.press("🔑 Open", "Yours since").await;
    alice.press("📤 Hand on", "Hand").await;
    alice.press("Choose a person", "Who shall get").await;
    alice.press("🌐 Language", "Language").await;
    alice.press("Русский", "Анонимные").await;
    alice.chat.send("✖️ Cancel"); // what the keyboard still says
    alice.chat.wait_for_text("Хорошо").await;
    alice.chat.wait_for(|messages| messages.last()?.button("📤 Передать").map(drop)).await;
    alice.chat.send("8");
    alice.is_heard_out().await;
    let asked = alice.chat.messages().iter().any(|message| message.text.contains("Предложить"));
    assert!(!asked, "the question is over: {}", alice.chat.shown());
}

#[tokio::test]
async fn an_invoice_that_is_opened_elsewhere_cannot_be_paid_on_its_old_screen() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    let bill = alice.order(NUMBER).await;
    alice.chat.send("/start");
    alice.press("To pay", "Waiting for your payment").await;
    alice.press(SHOWN, "Pay 10 TON").await;
    alice.chat.wait_for(|messages| messages.iter().all(|message| message.id != bill.id).then_some(())).await;
    let left = alice.chat.messages().iter().filter(|message| message.text.contains("Pay 10 TON")).count();
    assert_eq!(left, 1, "{}", alice.chat.shown());
}
