//! Requests to toncenter: key, pace, time limits, retries, and what each failure means.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use rental_core::{GatewayError, Seconds};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::wire::Answer;
use super::{ToncenterConfig, ToncenterError};

/// The header that carries the key.
const KEY_HEADER: &str = "X-API-Key";
/// The longest pause between two tries. A server that asks for more is reported instead of waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The largest answer that is read; a page of 100 transactions takes about a quarter of a megabyte.
const LARGEST_ANSWER: usize = 32 << 20;
/// As much of a provider's error text as is shown.
const LONGEST_REASON: usize = 200;
/// How long to wait after a refusal for speed that does not say how long.
const DEFAULT_RETRY_AFTER: Seconds = Seconds(1);

/// A client for one base URL.
pub(super) struct Http {
    client: Client,
    base: Url,
    key: Option<SecretString>,
    retries: ExponentialBuilder,
    pace: Duration,
    /// When the next request may be sent.
    slot: Mutex<Option<Instant>>,
}

/// Why one try failed.
#[derive(Debug)]
struct Failure {
    error: GatewayError,
    /// Whether another try makes sense.
    again: bool,
    /// The pause that the server asked for.
    pause: Option<Duration>,
}

impl Http {
    /// A client for the base URL of `config`, or for `public` where it names none.
    pub(super) fn new(public: &str, config: ToncenterConfig) -> Result<Self, ToncenterError> {
        let base = config.base_url.as_deref().unwrap_or(public);
        let base = Url::parse(base.trim().trim_end_matches('/')).map_err(|_| ToncenterError::Url)?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(ToncenterError::Url);
        }
        let mut headers = HeaderMap::new();
        if let Some(key) = &config.api_key {
            let mut value =
                HeaderValue::from_str(key.expose_secret().trim()).map_err(|_| ToncenterError::Key)?;
            value.set_sensitive(true);
            headers.insert(KEY_HEADER, value);
        }
        let client = Client::builder()
            .default_headers(headers)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .timeout(config.timeout)
            .connect_timeout(config.timeout)
            // A redirection would carry the key to another host.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| ToncenterError::Client(error.without_url().to_string()))?;
        let retries = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(config.backoff)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(config.retries);
        Ok(Self { client, base, key: config.api_key, retries, pace: config.pace, slot: Mutex::new(None) })
    }

    /// The result of `method`, tried again while that makes sense.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        method: &str,
        query: &[(&str, String)],
    ) -> Result<T, GatewayError> {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("an http URL has a path").pop_if_empty().push(method);
        url.query_pairs_mut().extend_pairs(query);
        (|| self.once(url.clone()))
            .retry(self.retries)
            .when(|failure: &Failure| failure.again)
            .adjust(|failure, pause| {
                let asked = failure.pause.unwrap_or_default();
                if asked > LONGEST_PAUSE { None } else { pause.map(|pause| pause.max(asked)) }
            })
            .await
            .map_err(|failure| failure.error)
    }

    async fn once<T: DeserializeOwned>(&self, url: Url) -> Result<T, Failure> {
        self.wait_for_slot().await;
        let response = self.client.get(url).send().await.map_err(|error| lost(&error))?;
        let status = response.status();
        let pause = retry_after(&response);
        let body = read(response).await?;
        let answer = serde_json::from_slice::<Answer>(&body);
        match answer {
            Ok(Answer { ok: true, result: Some(result), .. }) if status.is_success() => {
                serde_json::from_value(result).map_err(|error| {
                    unavailable(format!("its answer has another form than documented: {error}"))
                })
            }
            Ok(answer) => {
                let code = answer.code();
                let text = answer.error.or(answer.result).unwrap_or_default();
                let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
                Err(self.refusal(code.unwrap_or(status.as_u16()), &text, pause))
            }
            Err(_) if status.is_success() => {
                Err(unavailable("its answer is not the JSON of this API".to_owned()))
            }
            Err(_) => Err(self.refusal(status.as_u16(), "", pause)),
        }
    }

    /// Waits until the pace allows another request.
    async fn wait_for_slot(&self) {
        if self.pace.is_zero() {
            return;
        }
        let mut slot = self.slot.lock().await;
        let start = slot.map_or_else(Instant::now, |free| free.max(Instant::now()));
        *slot = Some(start + self.pace);
        drop(slot);
        sleep_until(start).await;
    }

    /// What an answer that says no means.
    fn refusal(&self, code: u16, text: &str, pause: Option<Duration>) -> Failure {
        let reason = format!("{code} {}", self.printable(text));
        let reason = reason.trim_end().to_owned();
        if code == StatusCode::TOO_MANY_REQUESTS.as_u16() {
            let retry_after = pause.map_or(DEFAULT_RETRY_AFTER, |pause| Seconds(pause.as_secs().max(1)));
            return Failure { error: GatewayError::RateLimited { retry_after }, again: true, pause };
        }
        // 416 and 422 are this API's way of saying "bad address" and "bad parameter"; 542 is a lite server's error.
        if code >= 500 || code == StatusCode::REQUEST_TIMEOUT.as_u16() || code < 300 {
            return Failure { error: GatewayError::Unavailable(reason), again: true, pause };
        }
        Failure { error: GatewayError::Refused(reason), again: false, pause: None }
    }

    /// A provider's words, cut short, without control characters and without our key.
    fn printable(&self, text: &str) -> String {
        let hidden = match &self.key {
            Some(key) if !key.expose_secret().trim().is_empty() => {
                text.replace(key.expose_secret().trim(), "***")
            }
            _ => text.to_owned(),
        };
        hidden.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect()
    }
}

/// The body, unless it is too long.
async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(unavailable(format!("its answer is longer than {LARGEST_ANSWER} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The pause in a `Retry-After` header in seconds. Its other form, a date, is not used by this API.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A connection that failed. Its URL is left out of the text.
fn lost(error: &reqwest::Error) -> Failure {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    unavailable(what.to_owned())
}

fn unavailable(reason: String) -> Failure {
    Failure { error: GatewayError::Unavailable(reason), again: true, pause: None }
}
