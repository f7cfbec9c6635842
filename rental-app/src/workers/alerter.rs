//! Posting what concerns operators to their webhook, from the outbox.
//!
//! An event is claimed, posted, and done with when the receiver answers 2xx. Everything else is tried again with growing
//! pauses for about a day, under the same id; a process that dies leaves its claims, which run out. So an alert arrives at
//! least once, and a receiver drops what it has by the id.

mod body;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use rental_core::{
    Actor, Alarm, Clock, Command, Disposition, Entropy, EventKind, Leases, Load, OsEntropy, OutboxItem,
    RentalService, Rentals, Request, Seconds, Store, StoreError, SystemClock,
};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::Instant;

use super::{Leadership, WorkerError};
use crate::alerts::AlertEndpoint;

/// The consumer group of the alert webhook.
const GROUP: &str = "alerts";
/// How often is looked for events.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many events are claimed, and posted beside each other.
const BATCH: usize = 16;
/// How long a receiver may take to answer.
const WITHIN: Duration = Duration::from_secs(10);
/// How long an event is claimed for; longer than a post takes.
const HOLD: Seconds = Seconds(30);
/// A pass that has taken longer claims nothing more.
const PASS: Duration = Duration::from_secs(2);
/// The first pause after a failed post; it doubles up to the longest.
const FIRST_PAUSE: Seconds = Seconds(5);
const LONGEST_PAUSE: Seconds = Seconds(3600);
/// How often an event is posted before it is given up: with these pauses, after about a day.
const MOST_ATTEMPTS: u32 = 31;

/// Posts alerts.
#[derive(Debug, Clone)]
pub struct Alerter {
    service: Arc<RentalService>,
    store: Arc<dyn Store>,
    leadership: Leadership,
    endpoint: AlertEndpoint,
    http: Client,
    consumer: Arc<str>,
    rest_until: Arc<Mutex<Option<Instant>>>,
    gone: Arc<AtomicBool>,
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlerterReport {
    /// Whether another replica posts now, or the receiver asked to wait.
    pub standby: bool,
    /// Alerts that the receiver took.
    pub sent: usize,
    /// Alerts that will be posted again.
    pub later: usize,
    /// Alerts that were given up.
    pub dead: usize,
    /// Events that are none of the operators' business.
    pub passed_over: usize,
}

/// What came of a post.
enum Answer {
    Taken,
    /// The receiver wants no more (410).
    Gone,
    Failed {
        why: String,
        /// How long the receiver asks to wait.
        pause: Option<Seconds>,
    },
}

impl Alerter {
    /// Posts the events of the shop behind `service` to `endpoint`.
    ///
    /// # Errors
    /// What the system lacks for connections, such as its certificates.
    pub fn new(
        service: Arc<RentalService>,
        store: Arc<dyn Store>,
        leases: Arc<dyn Leases>,
        endpoint: AlertEndpoint,
    ) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .timeout(WITHIN)
            .connect_timeout(WITHIN)
            // The alert is for the host that the operator named, and for nobody in between.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        let random = OsEntropy.draw();
        let consumer =
            format!("alerter-{:02x}{:02x}{:02x}{:02x}", random[0], random[1], random[2], random[3]);
        Ok(Self {
            service,
            store,
            leadership: Leadership::new(leases, "alerts").every(LOOK_EVERY),
            endpoint,
            http,
            consumer: consumer.into(),
            rest_until: Arc::default(),
            gone: Arc::default(),
        })
    }

    /// Posts what is due.
    ///
    /// # Errors
    /// [`WorkerError::AlertsGone`] once the receiver has answered 410, until the program starts again; [`WorkerError`]
    /// when the store does not answer.
    pub async fn run_once(&self) -> Result<AlerterReport, WorkerError> {
        let mut report = AlerterReport::default();
        if self.gone.load(Ordering::Relaxed) {
            return Err(WorkerError::AlertsGone);
        }
        if self.rests() || !self.leadership.hold().await? {
            return Ok(AlerterReport { standby: true, ..report });
        }
        let began = Instant::now();
        loop {
            let items = self.store.claim(GROUP, &self.consumer, BATCH, HOLD).await?;
            let claimed = items.len();
            let results: Vec<_> =
                stream::iter(items).map(|item| self.attend(item)).buffer_unordered(BATCH).collect().await;
            for result in results {
                match result? {
                    None => report.passed_over += 1,
                    Some(Disposition::Done) => report.sent += 1,
                    Some(Disposition::Retry(_)) => report.later += 1,
                    Some(Disposition::Dead(_)) => report.dead += 1,
                }
            }
            if self.gone.load(Ordering::Relaxed) {
                return Err(WorkerError::AlertsGone);
            }
            if claimed < BATCH || report.later > 0 || began.elapsed() > PASS {
                return Ok(report);
            }
        }
    }

    /// Deals with one event; answers what became of it, if it concerns operators.
    async fn attend(&self, item: OutboxItem) -> Result<Option<Disposition>, StoreError> {
        let (seq, event) = (item.entry.seq, &item.entry.event);
        if !event.concerns_operators() {
            self.store.dispose(GROUP, &self.consumer, seq, &Disposition::Done).await?;
            return Ok(None);
        }
        let id = body::id(&item.entry);
        let (disposition, result) = match self.post(&id, &body::body(&item.entry)).await {
            Answer::Taken => (Disposition::Done, "sent"),
            Answer::Gone => {
                if !self.gone.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        "the alert webhook answered 410 Gone; nothing is posted until the next start"
                    );
                }
                (Disposition::Retry(self.now().await?), "gone")
            }
            Answer::Failed { why, .. } if item.attempt >= MOST_ATTEMPTS => (Disposition::Dead(why), "dead"),
            Answer::Failed { why, pause } => {
                let asked = pause.unwrap_or_default().min(LONGEST_PAUSE);
                if asked > Seconds(0) {
                    self.rest(Duration::from_secs(asked.0));
                }
                let wait = with_jitter(pause_after(item.attempt)).max(asked);
                tracing::warn!(
                    event = seq,
                    attempt = item.attempt,
                    why,
                    retry_in = wait.0,
                    "an alert is posted later"
                );
                (Disposition::Retry(self.now().await? + wait), "later")
            }
        };
        metrics::counter!("rental_alerts_total", "result" => result).increment(1);
        let ours = self.store.dispose(GROUP, &self.consumer, seq, &disposition).await?;
        if let Disposition::Dead(reason) = &disposition
            && ours
        {
            self.report_dead(seq, &event.kind, reason).await;
        }
        Ok(Some(disposition))
    }

    async fn post(&self, id: &str, body: &str) -> Answer {
        let at = SystemClock.now();
        let request = self
            .http
            .post(self.endpoint.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at.unix())
            .header("webhook-signature", self.endpoint.sign(id, at, body))
            .body(body.to_owned());
        // Of the answer nothing but its head is read.
        match request.send().await {
            Ok(response) if response.status().is_success() => Answer::Taken,
            Ok(response) if response.status() == StatusCode::GONE => Answer::Gone,
            Ok(response) => Answer::Failed {
                why: format!("the receiver answered {}", response.status().as_u16()),
                pause: retry_after(&response),
            },
            Err(error) if error.is_timeout() => {
                Answer::Failed { why: "the receiver did not answer in time".to_owned(), pause: None }
            }
            Err(error) if error.is_connect() => {
                Answer::Failed { why: "the receiver cannot be reached".to_owned(), pause: None }
            }
            // Without the URL, which may hold a key.
            Err(error) => Answer::Failed { why: error.without_url().to_string(), pause: None },
        }
    }

    /// Tells operators in another way that an alert was given up.
    async fn report_dead(&self, seq: u64, kind: &EventKind, reason: &str) {
        tracing::error!(group = GROUP, event = seq, reason, "an alert was given up");
        // An alarm about an alarm that nobody gets would go round in circles.
        if matches!(kind, EventKind::ShopAlarm { .. }) {
            return;
        }
        let alarm = Alarm::DeadLetter { group: GROUP.to_owned(), seq, reason: reason.to_owned() };
        let raise = Request::new(Actor::System, Command::Raise { alarm });
        if let Err(error) = self.service.execute(raise).await {
            tracing::error!(%error, "operators are not told that an alert was given up");
        }
    }

    /// The store's clock.
    async fn now(&self) -> Result<rental_core::Timestamp, StoreError> {
        Ok(self.store.load(&Load::default()).await?.now)
    }

    fn rests(&self) -> bool {
        let until = self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self, length: Duration) {
        let mut until = self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + length));
    }

    /// Lets another replica take over at once.
    pub(super) async fn resign(&self) {
        self.leadership.resign().await;
    }
}

/// How long an event waits after its `attempt`th post, before jitter.
fn pause_after(attempt: u32) -> Seconds {
    let doubled = FIRST_PAUSE.0.saturating_mul(1 << attempt.saturating_sub(1).min(32));
    Seconds(doubled).min(LONGEST_PAUSE)
}

/// Up to a quarter more, so that what failed together does not come back together.
fn with_jitter(pause: Seconds) -> Seconds {
    Seconds(pause.0 + fastrand::u64(0..=pause.0 / 4))
}

/// How long the receiver asks to wait: seconds, or a date.
fn retry_after(response: &Response) -> Option<Seconds> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Seconds(seconds));
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp();
    Some(Seconds(u64::try_from(at).ok()?.saturating_sub(SystemClock.now().unix())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_given_up_after_about_a_day() {
        let pauses: Vec<_> = (1..MOST_ATTEMPTS).map(|attempt| pause_after(attempt).0).collect();
        assert_eq!(pauses[..4], [5, 10, 20, 40]);
        let total: u64 = pauses.iter().sum();
        assert!((20 * 3600..=24 * 3600).contains(&total), "{total}");
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
        assert!((0..100).all(|_| (40..=50).contains(&with_jitter(Seconds(40)).0)));
    }

    #[test]
    fn a_wish_to_wait_is_understood_in_seconds_and_as_a_date() {
        let wish = |value: &str| {
            let answer =
                axum::http::Response::builder().header("retry-after", value).body("").expect("a head");
            retry_after(&answer.into())
        };
        assert_eq!(wish("120"), Some(Seconds(120)));
        assert_eq!(wish("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Seconds(0)));
        assert!(wish("Thu, 31 Dec 2099 23:59:59 GMT").is_some_and(|wait| wait > Seconds(3600)));
        assert_eq!(wish("soon"), None);
    }
}
