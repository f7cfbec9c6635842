//! Several programs on one shop.

use crate::shop::Shop;

const CHATS: i64 = 100;
const EACH: usize = 5;

/// Every update goes to both replicas, and is handled by one.
async fn each_update_is_handled_once(shop: Shop) {
    let ((_one, first), (_two, second)) = (shop.start_replica(), shop.start_replica());
    shop.set_webhook(&first, &[&second]).await;
    let chats: Vec<_> = (100..100 + CHATS).map(|id| shop.telegram.user(id, "en")).collect();
    for _ in 0..EACH {
        for chat in &chats {
            chat.send("/start");
        }
    }
    shop.telegram.wait_for_silence().await;
    for chat in &chats {
        let answers = chat.messages().iter().filter(|message| message.is_from_bot()).count();
        assert_eq!(answers, EACH, "chat {}:\n{}", chat.id(), chat.shown());
    }
    assert!(shop.telegram.counters().posts >= 2 * CHATS.unsigned_abs() * EACH as u64);
}

#[tokio::test]
async fn two_replicas_on_one_file_handle_each_update_once() {
    each_update_is_handled_once(Shop::embedded(&[]).await).await;
}

#[tokio::test]
async fn two_replicas_on_redis_handle_each_update_once() {
    each_update_is_handled_once(Shop::on_redis(&[]).await).await;
}

#[tokio::test]
async fn one_program_asks_for_updates_and_another_takes_over() {
    let shop = Shop::on_redis(&[]).await;
    let mut one = shop.start().await;
    let two = crate::process::Process::start(shop.program());
    let chat = shop.telegram.user(7, "en");
    chat.send("/start");
    chat.wait_for_text("numbers").await;
    one.kill();
    chat.send("/start");
    chat.wait_for(|messages| {
        (messages.iter().filter(|message| message.is_from_bot()).count() == 2).then_some(())
    })
    .await;
    assert_eq!(shop.telegram.counters().refused.get(&409), None, "never both:\n{}", two.log());
}
