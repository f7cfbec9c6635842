//! Ending, gently and otherwise.

use crate::shop::Shop;

#[tokio::test]
async fn a_bot_that_is_asked_to_end_finishes_what_it_has_begun() {
    let shop = Shop::embedded(&[]).await;
    let chats: Vec<_> = (100..600).map(|id| shop.telegram.user(id, "en")).collect();
    for chat in &chats {
        chat.send("/start");
    }
    let mut bot = shop.start().await;
    shop.telegram.wait_until("some answers", |counters| counters.of("sendMessage") > 50).await;
    bot.terminate();
    assert!(bot.wait().success(), "{}", bot.log());
    let _next = shop.start().await;
    shop.telegram.wait_for_silence().await;
    for chat in &chats {
        let answers = chat.messages().iter().filter(|message| message.is_from_bot()).count();
        assert_eq!(answers, 1, "chat {}:\n{}", chat.id(), chat.shown());
    }
}

#[tokio::test]
async fn nothing_is_lost_when_it_is_killed() {
    let shop = Shop::embedded(&[]).await;
    let chats: Vec<_> = (100..600).map(|id| shop.telegram.user(id, "en")).collect();
    for chat in &chats {
        chat.send("/start");
    }
    let mut bot = shop.start().await;
    shop.telegram.wait_until("some answers", |counters| counters.of("sendMessage") > 50).await;
    bot.kill();
    let _next = shop.start().await;
    shop.telegram.wait_for_silence().await;
    for chat in &chats {
        chat.wait_for_text("numbers").await;
    }
}
