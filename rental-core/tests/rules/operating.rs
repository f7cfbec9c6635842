//! The operator's work.

use rental_core::*;

use crate::shop::*;

#[tokio::test]
async fn a_withdrawn_number_stays_withdrawn_whatever_else_changes() {
    let shop = TestShop::open().await;
    shop.admin(Command::Withdraw { number: number(1) }).await.unwrap();
    shop.admin(Command::SetPlans { number: number(1), plans: vec!["30d=11".parse().unwrap()] })
        .await
        .unwrap();
    assert_eq!(refusal(shop.open_rent(1, 7).await), DomainError::NumberWithdrawn);
    let refused = refusal(shop.admin(Command::AddNumber { number: number(1), plans: vec![] }).await);
    assert_eq!(refused, DomainError::NumberExists);
    shop.admin(Command::Restore { number: number(1) }).await.unwrap();
    assert_eq!(shop.open_rent(1, 7).await.unwrap().amount, ton("11"));
}

#[tokio::test]
async fn withdrawing_takes_nothing_from_the_holder() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    shop.admin(Command::Withdraw { number: number(1) }).await.unwrap();
    assert_eq!(shop.state(1).await, NumberState::Rented);
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    assert_eq!(shop.pay(&renewal).await.outcome, Outcome::Settled);
    shop.pass(90 * DAY);
    assert_eq!(shop.state(1).await, NumberState::Withdrawn);
    assert_eq!(refusal(shop.admin(Command::Restore { number: number(2) }).await), DomainError::NumberListed);
}

#[tokio::test]
async fn extending_adds_to_the_end_and_in_grace_to_now() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let end = shop.rental(1).await.expires_at;
    shop.admin(Command::Extend { number: number(1), term: days(5) }).await.unwrap();
    assert_eq!(shop.rental(1).await.expires_at, end + Seconds(5 * DAY));
    shop.clock.set(end + Seconds(5 * DAY + 100));
    shop.admin(Command::Extend { number: number(1), term: days(1) }).await.unwrap();
    assert_eq!(shop.rental(1).await.expires_at, shop.now() + Seconds(DAY));
    assert_eq!(shop.state(1).await, NumberState::Rented);
}

#[tokio::test]
async fn revoking_ends_the_rental_its_renewal_and_its_offer() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let command = Command::OfferTransfer { number: number(1), to: Some(customer(8)) };
    shop.ask(actor(7), command).await.unwrap();
    let renewal = shop.open_renewal(1, 7).await.unwrap();
    shop.admin(Command::Revoke { number: number(1) }).await.unwrap();
    assert_eq!(shop.state(1).await, NumberState::Turnover);
    let account = shop.account(7).await;
    assert!(account.numbers.is_empty() && account.open_invoices.is_empty());
    let payment = shop.pay(&renewal).await;
    assert_eq!(payment.outcome, Outcome::Exception { reason: ExceptionReason::Cancelled });
    assert_eq!(refusal(shop.admin(Command::Revoke { number: number(1) }).await), DomainError::RentalUnknown);
    assert!(shop.history(1).await.contains(&HistoryKind::Revoked));
}

#[tokio::test]
async fn a_banned_customer_opens_nothing_but_keeps_what_is_paid() {
    let shop = TestShop::open().await;
    shop.rent(1, 7).await;
    let open = shop.open_rent(2, 7).await.unwrap();
    shop.admin(Command::Ban { customer: customer(7) }).await.unwrap();
    assert_eq!(refusal(shop.open_rent(3, 7).await), DomainError::CustomerBanned);
    assert_eq!(refusal(shop.open_renewal(1, 7).await), DomainError::CustomerBanned);
    assert_eq!(shop.pay(&open).await.outcome, Outcome::Settled);
    assert_eq!(shop.state(1).await, NumberState::Rented);
    shop.admin(Command::Unban { customer: customer(7) }).await.unwrap();
    assert_eq!(
        refusal(shop.admin(Command::Unban { customer: customer(7) }).await),
        DomainError::CustomerNotBanned
    );
    shop.open_rent(3, 7).await.unwrap();
}

#[tokio::test]
async fn admins_act_only_while_they_are_listed() {
    let shop = TestShop::open().await;
    let boss = Actor::Admin(AdminId::Telegram(5));
    let withdraw = |n| Command::Withdraw { number: number(n) };
    assert_eq!(refusal(shop.ask(boss.clone(), withdraw(1)).await), DomainError::Denied);
    assert!(shop.service.totals(&boss).await.is_err());
    shop.admin(Command::AddAdmin { user: 5 }).await.unwrap();
    shop.ask(boss.clone(), withdraw(1)).await.unwrap();
    shop.service.totals(&boss).await.unwrap();
    shop.admin(Command::RemoveAdmin { user: 5 }).await.unwrap();
    assert_eq!(refusal(shop.ask(boss, withdraw(2)).await), DomainError::Denied);
    for command in [withdraw(1), Command::Ban { customer: customer(8) }, Command::AddAdmin { user: 7 }] {
        assert_eq!(refusal(shop.ask(actor(7), command.clone()).await), DomainError::Denied);
        let integrator = Actor::Integrator("demo".parse().unwrap());
        assert_eq!(refusal(shop.ask(integrator, command).await), DomainError::Denied);
    }
}

#[tokio::test]
async fn in_telegram_only_the_owner_appoints_admins_and_is_always_one() {
    let shop = TestShop::open().await;
    let telegram = |user| Actor::Admin(AdminId::Telegram(user));
    let withdraw = |n| Command::Withdraw { number: number(n) };
    let own = |user| Command::SetOwner { user };
    assert_eq!(refusal(shop.ask(telegram(1), withdraw(1)).await), DomainError::Denied);
    for nobody in [telegram(1), actor(7), admin()] {
        assert_eq!(refusal(shop.ask(nobody, own(Some(7))).await), DomainError::Denied);
    }
    assert!(shop.ask(Actor::System, own(Some(1))).await.unwrap().changed);
    assert!(!shop.ask(Actor::System, own(Some(1))).await.unwrap().changed);
    shop.ask(telegram(1), withdraw(1)).await.unwrap();
    assert_eq!(refusal(shop.admin(Command::AddAdmin { user: 1 }).await), DomainError::AdminExists);
    assert_eq!(refusal(shop.admin(Command::RemoveAdmin { user: 1 }).await), DomainError::AdminUnknown);

    shop.ask(telegram(1), Command::AddAdmin { user: 2 }).await.unwrap();
    shop.ask(telegram(1), Command::AddAdmin { user: 3 }).await.unwrap();
    for command in [Command::AddAdmin { user: 4 }, Command::RemoveAdmin { user: 3 }] {
        assert_eq!(refusal(shop.ask(telegram(2), command).await), DomainError::Denied);
    }
    let access = shop.service.access(&telegram(2)).await.unwrap();
    assert_eq!(access.all_admins().collect::<Vec<_>>(), [1, 2, 3]);
    shop.ask(telegram(2), Command::RemoveAdmin { user: 2 }).await.unwrap();
    shop.ask(telegram(1), Command::RemoveAdmin { user: 3 }).await.unwrap();

    shop.ask(Actor::System, own(None)).await.unwrap();
    assert_eq!(refusal(shop.ask(telegram(1), withdraw(2)).await), DomainError::Denied);
}

#[tokio::test]
async fn only_the_shop_itself_raises_alarms_and_only_operators_see_them() {
    let shop = TestShop::open().await;
    let alarm = Alarm::DeadLetter { group: "telegram".to_owned(), seq: 7, reason: "why".to_owned() };
    let raise = Command::Raise { alarm: alarm.clone() };
    for nobody in [actor(7), admin()] {
        assert_eq!(refusal(shop.ask(nobody, raise.clone()).await), DomainError::Denied);
    }
    shop.ask(Actor::System, raise).await.unwrap();
    let last = shop.service.feed(&admin(), 0, 1000).await.unwrap().pop().unwrap();
    assert_eq!(last.event.kind, EventKind::ShopAlarm { alarm });
    let json = serde_json::to_value(&last.event).unwrap();
    assert_eq!(
        (&json["type"], &json["alarm"], &json["seq"]),
        (&"shop.alarm".into(), &"dead_letter".into(), &7.into())
    );
    assert_eq!(shop.service.feed(&actor(7), last.seq - 1, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_key_opens_until_it_is_revoked() {
    let shop = TestShop::open().await;
    let command = Command::CreateKey { integrator: "demo".parse().unwrap(), scopes: vec![Scope::Read] };
    let Effect::Key { key, secret } = shop.admin(command).await.unwrap().effect else { panic!("a key") };
    let secret = ApiSecret::parse(&secret).unwrap();
    assert_eq!(shop.service.authenticate(&secret).await.unwrap().integrator.as_str(), "demo");
    shop.admin(Command::RevokeKey { id: key.id.clone() }).await.unwrap();
    assert_eq!(shop.service.authenticate(&secret).await, Err(ServiceError::Unauthenticated));
    assert_eq!(refusal(shop.admin(Command::RevokeKey { id: key.id }).await), DomainError::KeyUnknown);
}

#[tokio::test]
async fn every_change_by_an_operator_is_audited_with_its_reason() {
    let shop = TestShop::open().await;
    let mut request = Request::new(admin(), Command::Withdraw { number: number(1) });
    request.reason = Some("maintenance".to_owned());
    shop.service.execute(request).await.unwrap();
    let entry = shop.service.audit(&admin(), &PageRequest::first(1)).await.unwrap().items.remove(0);
    assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("console:test", "number.withdraw"));
    assert_eq!((entry.object, entry.reason), (number(1).to_string(), Some("maintenance".to_owned())));
}

#[tokio::test]
async fn a_lock_is_in_the_trail_and_touches_nothing_else() {
    let shop = TestShop::open().await;
    let before = shop.service.number(number(1)).await.unwrap();
    let note = |until| Command::NoteLock { number: number(1), until };
    for nobody in [actor(7), Actor::Integrator("demo".parse().unwrap())] {
        assert_eq!(refusal(shop.ask(nobody, note(None)).await), DomainError::Denied);
    }
    let until = shop.service.shop().await.unwrap().now;
    shop.admin(note(Some(until))).await.unwrap();
    shop.admin(note(None)).await.unwrap();
    let trail = shop.service.audit(&admin(), &PageRequest::first(2)).await.unwrap().items;
    let lines = trail.iter().map(|entry| (entry.action.as_str(), entry.object.clone(), entry.detail.clone()));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            ("number.unlock", number(1).to_string(), None),
            ("number.lock", number(1).to_string(), Some(format!("until {until}"))),
        ]
    );
    assert_eq!(shop.service.number(number(1)).await.unwrap(), before);
}

#[tokio::test]
async fn news_are_in_the_trail_when_they_are_sent_and_when_they_are_stopped() {
    let shop = TestShop::open().await;
    let note = |text: Option<&str>| Command::NoteNews { text: text.map(str::to_owned) };
    assert_eq!(refusal(shop.ask(actor(7), note(None)).await), DomainError::Denied);
    shop.admin(note(Some("Hello"))).await.unwrap();
    shop.admin(note(None)).await.unwrap();
    let trail = shop.service.audit(&admin(), &PageRequest::first(2)).await.unwrap().items;
    let lines = trail.iter().map(|entry| (entry.action.as_str(), entry.detail.as_deref()));
    assert_eq!(lines.collect::<Vec<_>>(), [("news.stop", None), ("news.send", Some("Hello"))]);
}

#[tokio::test]
async fn whoever_locks_a_number_is_in_the_trail_and_nobody_else_locks_it() {
    let shop = TestShop::open().await;
    let (service, leases) = (&shop.service, &shop.store);
    let by = |actor: Actor| move |command| Request::new(actor, command);
    let refused = lock_number(service, leases, number(1), Seconds(60), by(actor(7))).await;
    assert_eq!(refusal(refused), DomainError::Denied);
    assert_eq!(leases.held_until(&LeaseName::Number(number(1))).await, Ok(None), "no lock without its line");
    let unknown = lock_number(service, leases, number(999), Seconds(60), by(admin())).await;
    assert_eq!(refusal(unknown), DomainError::NumberUnknown);

    let lock = lock_number(service, leases, number(1), Seconds(60), by(admin())).await.unwrap();
    let second = lock_number(service, leases, number(1), Seconds(60), by(admin())).await;
    assert_eq!(refusal(second), DomainError::NumberLocked { until: lock.until });
    let wrong = LeaseToken::from_text("wrong");
    assert_eq!(unlock_number(service, leases, number(1), &wrong, by(admin())).await, Ok(false));
    assert_eq!(unlock_number(service, leases, number(1), &lock.token, by(admin())).await, Ok(true));
    assert_eq!(unlock_number(service, leases, number(1), &lock.token, by(admin())).await, Ok(false));
    let trail = shop.service.audit(&admin(), &PageRequest::first(3)).await.unwrap().items;
    let actions: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).take(2).collect();
    assert_eq!(actions, ["number.unlock", "number.lock"]);
}

#[tokio::test]
async fn a_store_belongs_to_one_wallet() {
    let shop = TestShop::open().await;
    let other = Wallet { network: Network::Mainnet, address: "UQother".to_owned() };
    let refused = shop.service.open_shop(&other, &Policy::default(), ChainCursor::START).await;
    assert!(matches!(refused, Err(ServiceError::WalletDiffers { .. })));
}
