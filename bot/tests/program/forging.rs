//! What people send who want to see what is not theirs.

use rental_core::{CustomerId, Rentals};

use crate::person::Person;
use crate::shop::{OWNER, Shop};

const NUMBER: &str = "+88801234567";

/// All data that buttons in a chat have ever had.
fn data_of(shop: &Shop, chat: i64) -> Vec<String> {
    let mut found = Vec::new();
    for call in shop.telegram.calls().iter().filter(|call| call.chat == Some(chat)) {
        let markup = match call.params.get("reply_markup") {
            Some(serde_json::Value::String(text)) => serde_json::from_str(text).unwrap(),
            Some(markup) => markup.clone(),
            None => continue,
        };
        for row in markup["inline_keyboard"].as_array().into_iter().flatten() {
            for button in row.as_array().into_iter().flatten() {
                found.extend(button["callback_data"].as_str().map(ToOwned::to_owned));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn anothers_buttons_show_and_do_nothing() {
    let shop = Shop::embedded(&[NUMBER, "+88802468135"]).await;
    let _bot = shop.start().await;
    let alice = Person::new(&shop, 7).await;
    alice.rent(&shop, NUMBER).await;
    alice.press("🔑 Open", "Yours since").await;
    alice.press("Renew", "For how much longer?").await;
    alice.press("30 days", "Renew").await;
    let bill = alice.press("Go on to payment", "to renew").await;
    let comment = match &bill.button("Comment").unwrap().action {
        bot_testing::Action::Copy(comment) => comment.clone(),
        other => panic!("{other:?}"),
    };
    alice.press("Cancel the invoice", "Cancel the invoice for").await;
    let stolen = data_of(&shop, 7);
    assert!(stolen.len() > 15, "{stolen:?}");

    let mallory = Person::new(&shop, 666).await;
    let screen = mallory.chat.wait_for_text("Anonymous").await;
    for data in &stolen {
        mallory.chat.press_data(screen.id, data).answer().await;
    }
    shop.telegram.wait_for_silence().await;
    let seen = shop.telegram.calls().into_iter().filter(|call| call.chat == Some(666));
    for call in seen {
        let shown = serde_json::to_string(&call.params).unwrap();
        for own in [&comment, "Yours since", "is yours</b>", "left, until"] {
            assert!(!shown.contains(own), "{shown}");
        }
    }
    let record = shop.app.service.number(NUMBER.parse().unwrap()).await.unwrap();
    let rental = record.rental().unwrap();
    assert_eq!(rental.holder, CustomerId::Telegram(7));
    assert!(rental.renewal.is_some(), "her invoice stays open");
}

#[tokio::test]
async fn nobody_learns_what_admins_see() {
    let shop = Shop::embedded(&[NUMBER]).await;
    let _bot = shop.start().await;
    let owner = Person::new(&shop, OWNER).await;
    owner.press("🛠", "Free: 1").await;
    owner.press("🔢 Pool", "All numbers").await;
    owner.press("+888 0123 4567", "Plans:").await;
    owner.press("⏸ Stop offering", "Stop offering +888").await;
    let mallory = Person::new(&shop, 666).await;
    let screen = mallory.chat.wait_for_text("Anonymous").await;
    assert!(screen.button("🛠").is_none());
    let nonsense = mallory.chat.press_data(screen.id, "no button has this").answer().await;
    // The data of operators' buttons: the version, and a tag that begins with an a.
    let theirs: Vec<_> = data_of(&shop, OWNER).into_iter().filter(|data| data.starts_with("1a")).collect();
    assert!(theirs.len() > 10, "{theirs:?}");
    for data in theirs {
        let answer = mallory.chat.press_data(screen.id, &data).answer().await;
        assert_eq!(answer, nonsense, "{data} is answered like nonsense");
    }
}
