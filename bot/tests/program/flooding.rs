//! Many people at once, and one who does not stop.

use crate::shop::Shop;

/// How many updates each person sends.
const EACH: usize = 5;

/// How many updates there are, besides those of the one who does not stop.
fn updates() -> usize {
    std::env::var("UPDATES").map_or(1_000, |count| count.parse().unwrap())
}

async fn everybody_is_answered_once_while_one_floods(shop: &Shop) {
    let people = updates().div_ceil(EACH);
    let chats: Vec<_> = (1_000..).take(people).map(|id| shop.telegram.user(id, "en")).collect();
    let flooding = shop.telegram.user(7, "en");
    for _ in 0..EACH {
        for (n, chat) in chats.iter().enumerate() {
            chat.send("/start");
            if n % 5 == 0 {
                flooding.send("/start");
            }
        }
    }
    let answers = |messages: &[bot_testing::Message]| messages.iter().filter(|m| m.is_from_bot()).count();
    for chat in &chats {
        chat.wait_for(|messages| (answers(messages) >= EACH).then_some(())).await;
    }
    shop.telegram.wait_for_silence().await;
    for chat in &chats {
        assert_eq!(answers(&chat.messages()), EACH, "chat {}:\n{}", chat.id(), chat.shown());
    }
    let sent = updates() / 5;
    assert!(answers(&flooding.messages()) < sent.max(100), "the flood is not answered one by one");
    let again = answers(&chats[0].messages());
    chats[0].send("/start");
    chats[0].wait_for(|messages| (answers(messages) == again + 1).then_some(())).await;
}

#[tokio::test]
async fn everybody_is_answered_once_while_one_floods_a_bot_that_asks() {
    let shop = Shop::embedded(&["+88801234567"]).await;
    let _bot = shop.start().await;
    everybody_is_answered_once_while_one_floods(&shop).await;
}

#[tokio::test]
async fn everybody_is_answered_once_while_one_floods_two_replicas() {
    let shop = Shop::on_redis(&["+88801234567"]).await;
    let ((_one, first), (_two, second)) = (shop.start_replica(), shop.start_replica());
    shop.set_webhook(&first, &[&second]).await;
    everybody_is_answered_once_while_one_floods(&shop).await;
}
