//! The alert webhook on a real store file, with a real receiver on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use clap::Parser;
use rental_app::{AlertConfig, AlertEndpoint, Alerter, WorkerError};
use rental_core::*;
use rental_sqlite::SqliteStore;
use tokio::net::TcpListener;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    alerts: AlertConfig,
}

/// A status, and a header with its value.
type Answer = (u16, &'static str, &'static str);

/// Notes what it gets and answers as told, otherwise 204.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Receiver {
    async fn listen(&self) -> AlertEndpoint {
        let (this, listener) = (self.clone(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let take = async move |headers: HeaderMap, body: String| {
            this.got.lock().unwrap().push((headers, body));
            let answer = this.answers.lock().unwrap().pop_front();
            let (status, name, value) = answer.unwrap_or((204, "x-nothing", "1"));
            (StatusCode::from_u16(status).unwrap(), [(name, value)])
        };
        let router = axum::Router::new().fallback(take);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let given = ["x", "--alert-webhook-url", &url, "--alert-webhook-secret", SECRET];
        Settings::parse_from(given).alerts.endpoint().unwrap().unwrap()
    }

    fn answers(&self, status: u16, name: &'static str, value: &'static str) {
        self.answers.lock().unwrap().push_back((status, name, value));
    }

    /// The ids of all posts so far.
    fn ids(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned()).collect()
    }
}

struct Shop {
    clock: ManualClock,
    store: SqliteStore,
    service: Arc<RentalService>,
    receiver: Receiver,
    endpoint: AlertEndpoint,
    _folder: tempfile::TempDir,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = SqliteStore::open(folder.path().join("rental.db"), Arc::new(clock.clone())).unwrap();
        let service = Arc::new(RentalService::new(Arc::new(store.clone())));
        let wallet = Wallet { network: Network::Sandbox, address: "UQ".to_owned() };
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.unwrap();
        let receiver = Receiver::default();
        let endpoint = receiver.listen().await;
        Self { clock, store, service, receiver, endpoint, _folder: folder }
    }

    async fn alarm(&self) {
        let alarm = Alarm::ChainStalled { read_to: self.clock.now() };
        self.service.execute(Request::new(Actor::System, Command::Raise { alarm })).await.unwrap();
    }

    fn alerter(&self) -> Alerter {
        let store = Arc::new(self.store.clone());
        Alerter::new(self.service.clone(), store.clone(), store, self.endpoint.clone()).unwrap()
    }
}

#[tokio::test]
async fn an_alert_arrives_once_and_an_independent_verifier_accepts_it() {
    let shop = Shop::open().await;
    // The verifier compares with the host's clock, and so the post has that one's time.
    shop.alarm().await;
    let alerter = shop.alerter();
    assert_eq!(alerter.run_once().await.unwrap().sent, 1);
    assert_eq!(alerter.run_once().await.unwrap().sent, 0);
    let got = shop.receiver.got.lock().unwrap().clone();
    let [(headers, body)] = &got[..] else { panic!("{got:?}") };
    let verifier = standardwebhooks::Webhook::new(SECRET).unwrap();
    verifier.verify(body.as_bytes(), headers).unwrap();
    assert!(verifier.verify(body.replace("stalled", "fine").as_bytes(), headers).is_err());
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "shop.alarm");
    assert_eq!(body["timestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(body["data"]["alarm"], "chain_stalled");
}

#[tokio::test]
async fn what_concerns_no_operator_is_passed_over() {
    let shop = Shop::open().await;
    let (number, admin) =
        ("+88800000001".parse().unwrap(), Actor::Admin(AdminId::Console("test".to_owned())));
    let add = Command::AddNumber { number, plans: vec!["30d=10".parse().unwrap()] };
    shop.service.execute(Request::new(admin.clone(), add)).await.unwrap();
    let (customer, term) = (CustomerId::Telegram(1), Term::from_days(30).unwrap());
    let open = Command::OpenRent { number, term, customer, currency: Currency::Ton };
    shop.service.execute(Request::new(admin, open)).await.unwrap();
    let report = shop.alerter().run_once().await.unwrap();
    assert!(report.passed_over > 0 && report.sent == 0, "{report:?}");
    assert!(shop.receiver.ids().is_empty());
}

#[tokio::test]
async fn a_failure_and_a_redirect_are_tried_again_under_the_same_id() {
    let shop = Shop::open().await;
    shop.receiver.answers(500, "x-nothing", "1");
    shop.receiver.answers(302, "location", "/elsewhere");
    shop.alarm().await;
    let alerter = shop.alerter();
    assert_eq!(alerter.run_once().await.unwrap().later, 1);
    assert_eq!(alerter.run_once().await.unwrap().later, 0, "not before its pause is over");
    shop.clock.advance(Seconds(10));
    assert_eq!(alerter.run_once().await.unwrap().later, 1, "the redirection is not followed");
    shop.clock.advance(Seconds(20));
    assert_eq!(alerter.run_once().await.unwrap().sent, 1);
    let ids = shop.receiver.ids();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_receiver_that_asks_to_wait_is_left_alone() {
    let shop = Shop::open().await;
    shop.receiver.answers(429, "retry-after", "1800");
    shop.alarm().await;
    let alerter = shop.alerter();
    assert_eq!(alerter.run_once().await.unwrap().later, 1);
    shop.alarm().await;
    assert!(alerter.run_once().await.unwrap().standby);
    assert_eq!(shop.receiver.ids().len(), 1);
}

#[tokio::test]
async fn after_gone_nothing_is_posted_until_the_next_start_and_nothing_is_lost() {
    let shop = Shop::open().await;
    shop.receiver.answers(410, "x-nothing", "1");
    shop.alarm().await;
    let alerter = shop.alerter();
    for _ in 0..2 {
        assert!(matches!(alerter.run_once().await, Err(WorkerError::AlertsGone)));
    }
    assert_eq!(shop.receiver.ids().len(), 1);
    shop.clock.advance(Seconds(60));
    assert_eq!(shop.alerter().run_once().await.unwrap().sent, 1);
}

#[tokio::test]
async fn an_alert_that_is_never_taken_becomes_a_dead_letter() {
    let shop = Shop::open().await;
    shop.alarm().await;
    let alerter = shop.alerter();
    for _ in 0..31 {
        shop.receiver.answers(500, "x-nothing", "1");
        alerter.run_once().await.unwrap();
        shop.clock.advance(Seconds(5000));
    }
    let dead = shop.store.dead_letters("alerts", &PageRequest::first(10)).await.unwrap();
    assert_eq!((dead.items.len(), shop.receiver.ids().len()), (1, 31));
}

#[tokio::test]
async fn what_a_killed_process_had_claimed_is_posted_by_another_one() {
    let shop = Shop::open().await;
    shop.alarm().await;
    let dying = shop.store.claim("alerts", "killed", 16, Seconds(30)).await.unwrap();
    assert_eq!(dying.len(), 1);
    let alerter = shop.alerter();
    assert_eq!(alerter.run_once().await.unwrap().sent, 0);
    shop.clock.advance(Seconds(31));
    assert_eq!(alerter.run_once().await.unwrap().sent, 1);
}
