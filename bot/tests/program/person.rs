//! What a person does in front of the screen.

use bot_testing::{Action, Chat, Message};
use rental_core::{Amount, PhoneNumber};
use rental_ton::SandboxTransfer;

use crate::shop::Shop;

/// A customer.
pub(crate) struct Person {
    pub(crate) chat: Chat,
}

impl Person {
    /// Somebody with a client in English, who has opened the bot.
    pub(crate) async fn new(shop: &Shop, id: i64) -> Self {
        let chat = shop.telegram.user(id, "en");
        chat.send("/start");
        chat.wait_for_text("Anonymous +888 numbers").await;
        Self { chat }
    }

    /// Presses a button of the newest message that has it, and waits for a message with this text.
    pub(crate) async fn press(&self, button: &str, then: &str) -> Message {
        self.chat.click(button).await.answer().await;
        self.chat.wait_for_text(then).await
    }

    /// Waits until everything this person has done was handled: the bot handles a chat's updates in order.
    pub(crate) async fn is_heard_out(&self) {
        let answers = |messages: &[Message]| {
            let help = ["How it works", "Как это работает"];
            messages.iter().filter(|message| help.iter().any(|title| message.text.contains(title))).count()
        };
        let before = answers(&self.chat.messages());
        self.chat.send("/help");
        self.chat.wait_for(|messages| (answers(messages) > before).then_some(())).await;
    }

    /// From home to the screen to pay on.
    pub(crate) async fn order(&self, number: &str) -> Message {
        let number = number.parse::<PhoneNumber>().unwrap().pretty();
        self.chat.send("/start");
        self.press("📞 Free numbers", "free number").await;
        self.press(&number, "For how long?").await;
        self.press("30 days", "Rent").await;
        self.press("Go on to payment", "Pay 10 TON").await
    }

    /// From home to a number that is this person's.
    pub(crate) async fn rent(&self, shop: &Shop, number: &str) -> Message {
        let bill = self.order(number).await;
        pay(shop, &bill, None);
        self.chat.wait_for_text("is yours").await
    }
}

/// Pays what a message asks for, as a wallet does into which its buttons were copied; or another amount.
pub(crate) fn pay(shop: &Shop, bill: &Message, amount: Option<&str>) {
    let copied = |name: &str| match &bill.button(name).unwrap().action {
        Action::Copy(text) => text.clone(),
        other => panic!("{name} copies nothing: {other:?}"),
    };
    let amount: Amount = amount.map_or_else(|| copied("Amount"), ToOwned::to_owned).parse().unwrap();
    let sandbox = &shop.app.sandbox.as_ref().unwrap().chain;
    sandbox.append(&SandboxTransfer::payment(amount, copied("Comment"))).unwrap();
}
