//! Requests to one provider: key, budget, time limits, retries, circuit, and what each failure means.
//!
//! What the provider's JSON looks like is not known here: a caller hands over a [`Dialect`], which takes an answer apart.

use std::fmt;
use std::time::Duration;

use rental_core::{GatewayError, Seconds};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::budget::Budget;
use super::circuit::{Circuit, Standing};
use super::key::KeyRing;
use super::{ProviderConfig, ProviderError};

/// The longest pause between two tries. A server that asks for more is reported instead of waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The longest wish of a server that is heeded: payments wait meanwhile.
const LONGEST_WISH: Duration = Duration::from_mins(5);
/// The largest answer that is read; a page of 100 usual transactions takes about a quarter of a megabyte. Longer ones
/// are asked for in smaller pages.
const LARGEST_ANSWER: usize = 16 << 20;
/// As much of a provider's error text as is shown.
const LONGEST_REASON: usize = 200;
/// How long to wait after a refusal for speed that does not say how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How a provider's answers are wrapped.
pub(super) type Dialect<T> = fn(StatusCode, &[u8]) -> Result<T, Refusal>;

/// An answer that says no, or that nobody can read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code of an error; of an answer that cannot be read, none.
    pub(super) code: Option<u16>,
    /// The provider's words, or what is wrong with the answer.
    pub(super) text: String,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// What comes after the base URL, segment by segment.
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Call {
    /// A GET of `path`, whose segments are separated by `/`.
    pub(super) fn get(path: &str) -> Self {
        let path = path.split('/').map(str::to_owned).collect();
        Self { path, query: Vec::new(), body: None }
    }

    /// A POST of `body`.
    pub(super) fn post(path: &str, body: Value) -> Self {
        Self { body: Some(body), ..Self::get(path) }
    }

    /// With a query parameter.
    pub(super) fn with(mut self, name: &'static str, value: &dyn fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    pub(crate) kind: Failure,
    /// In words, without a secret and without a URL.
    pub(crate) reason: String,
    /// The pause that the server asked for.
    pause: Option<Duration>,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may work the next time.
    Passing,
    /// Too many requests.
    Limited,
    /// The answer is too long to be read.
    TooLong,
    /// The circuit is open: nothing was sent.
    Open,
    /// The provider says no, with this code.
    Refused(u16),
}

impl From<CallError> for GatewayError {
    fn from(error: CallError) -> Self {
        match error.kind {
            Failure::Passing | Failure::TooLong | Failure::Open => Self::Unavailable(error.reason),
            Failure::Limited => {
                let asked = error.pause.unwrap_or(DEFAULT_RETRY_AFTER);
                Self::RateLimited { retry_after: Seconds(asked.as_secs().max(1)) }
            }
            Failure::Refused(_) => Self::Refused(error.reason),
        }
    }
}

/// A client for one base URL.
#[derive(Debug)]
pub(super) struct Client {
    name: String,
    http: reqwest::Client,
    base: Url,
    /// The header that carries the key, and what comes before the key in it.
    key_header: (&'static str, &'static str),
    keys: KeyRing,
    budget: Budget,
    circuit: Circuit,
    retries: u32,
    backoff: Duration,
}

impl Client {
    /// A client for the base URL of `config`, or for the public server of its kind.
    pub(super) fn new(name: String, config: ProviderConfig) -> Result<Self, ProviderError> {
        let public = config.kind.public_url(config.network);
        let base = config.base_url.as_deref().unwrap_or(public);
        let base = Url::parse(base.trim().trim_end_matches('/')).map_err(|_| ProviderError::Url)?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(ProviderError::Url);
        }
        let http = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]))
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .timeout(config.timeout)
            .connect_timeout(config.timeout)
            // A redirection would carry the key to another host.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| ProviderError::Client(error.without_url().to_string()))?;
        Ok(Self {
            name,
            http,
            base,
            key_header: config.kind.key_header(),
            keys: KeyRing::new(config.key)?,
            budget: Budget::new(config.pace, config.burst),
            circuit: Circuit::default(),
            retries: config.retries,
            backoff: config.backoff,
        })
    }

    /// The provider's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How the circuit stands, and the last error since the last success.
    pub(super) fn standing(&self) -> (Standing, Option<String>) {
        self.circuit.standing()
    }

    /// The result of `call`, tried again while that makes sense.
    pub(super) async fn call<T>(&self, call: &Call, dialect: Dialect<T>) -> Result<T, CallError> {
        let mut tries = 0;
        loop {
            self.circuit.enter().map_err(|rejected| {
                let wait = rejected.wait.as_secs() + 1;
                CallError {
                    kind: Failure::Open,
                    reason: format!("left alone for {wait} s after failures: {}", rejected.last_error),
                    pause: None,
                }
            })?;
            let error = match self.once(call, dialect).await {
                Ok(result) => {
                    self.circuit.succeed();
                    self.count("ok");
                    return Ok(result);
                }
                Err(error) => error,
            };
            self.count(error.kind.label());
            let given_up = match error.kind {
                // An answer that says no is an answer. Of the refusals only that of a key or an address lasts.
                Failure::TooLong | Failure::Refused(404 | 422) => {
                    self.circuit.succeed();
                    true
                }
                Failure::Refused(_) => {
                    self.circuit.refuse(&error.reason);
                    true
                }
                _ => self.circuit.fail(&error.reason),
            };
            self.gauge();
            let asked = error.pause.unwrap_or_default();
            if given_up || tries >= self.retries || asked > LONGEST_PAUSE {
                return Err(error);
            }
            sleep(asked.max(self.jittered(tries))).await;
            tries += 1;
        }
    }

    /// Full jitter: anything from nothing to a pause that doubles with every try.
    fn jittered(&self, tries: u32) -> Duration {
        let longest = self.backoff.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(fastrand::u64(0..=millis))
    }

    /// One try; two when the key's file turns out to hold another key than the one that was refused.
    async fn once<T>(&self, call: &Call, dialect: Dialect<T>) -> Result<T, CallError> {
        let key = self.keys.current();
        match self.send(call, key.as_ref(), dialect).await {
            Err(CallError { kind: Failure::Refused(401 | 403), .. }) if self.keys.renewed(key.as_ref()) => {
                self.send(call, self.keys.current().as_ref(), dialect).await
            }
            answer => answer,
        }
    }

    async fn send<T>(
        &self,
        call: &Call,
        key: Option<&SecretString>,
        dialect: Dialect<T>,
    ) -> Result<T, CallError> {
        self.budget.take().await;
        let start = Instant::now();
        let response = self.request(call, key)?.send().await.map_err(|error| lost(&error))?;
        let (status, pause) = (response.status(), retry_after(&response));
        let body = read(response).await?;
        metrics::histogram!("rental_provider_request_seconds", "provider" => self.name.clone())
            .record(start.elapsed());
        dialect(status, &body).map_err(|refusal| {
            if let Some(pause) = pause {
                self.budget.hold(pause.min(LONGEST_PAUSE));
            }
            refused(refusal, key, pause)
        })
    }

    fn request(&self, call: &Call, key: Option<&SecretString>) -> Result<RequestBuilder, CallError> {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let request = match &call.body {
            Some(body) => self.http.post(url).json(body),
            None => self.http.get(url),
        };
        let Some(key) = key else { return Ok(request) };
        let (header, prefix) = self.key_header;
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose_secret().trim()))
            .map_err(|_| CallError::new(Failure::Refused(401), ProviderError::Key.to_string()))?;
        value.set_sensitive(true);
        Ok(request.header(header, value))
    }

    fn count(&self, result: &'static str) {
        let provider = self.name.clone();
        metrics::counter!("rental_provider_requests_total", "provider" => provider, "result" => result)
            .increment(1);
        self.gauge();
    }

    /// 0 while requests go through, 1 while a probe decides, 2 while the provider is left alone.
    fn gauge(&self) {
        let value = match self.circuit.standing().0 {
            Standing::Closed => 0.0,
            Standing::HalfOpen => 1.0,
            Standing::Open => 2.0,
        };
        metrics::gauge!("rental_provider_circuit", "provider" => self.name.clone()).set(value);
    }
}

impl Failure {
    fn label(self) -> &'static str {
        match self {
            Self::Passing => "failed",
            Self::Limited => "limited",
            Self::TooLong => "too_long",
            Self::Open => "open",
            Self::Refused(_) => "refused",
        }
    }
}

impl CallError {
    pub(super) fn new(kind: Failure, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), pause: None }
    }
}

/// What an answer that says no means.
fn refused(refusal: Refusal, key: Option<&SecretString>, pause: Option<Duration>) -> CallError {
    let Refusal { code, text } = refusal;
    let text = printable(&text, key);
    let Some(code) = code else {
        return CallError { kind: Failure::Passing, reason: text, pause };
    };
    let reason = format!("{code} {text}").trim_end().to_owned();
    // 416 and 422 are toncenter's way of saying "bad address" and "bad parameter"; 542 is a lite server's error.
    let kind = match code {
        429 => Failure::Limited,
        408 | 425 | 500.. | ..300 => Failure::Passing,
        _ => Failure::Refused(code),
    };
    CallError { kind, reason, pause }
}

/// A provider's words, cut short, without control characters and without our key.
fn printable(text: &str, key: Option<&SecretString>) -> String {
    let hidden = match key.map(|key| key.expose_secret().trim()) {
        Some(key) if !key.is_empty() => text.replace(key, "***"),
        _ => text.to_owned(),
    };
    hidden.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect()
}

/// The body, unless it is too long.
async fn read(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            let reason = format!("its answer is longer than {LARGEST_ANSWER} bytes");
            return Err(CallError::new(Failure::TooLong, reason));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The pause in a `Retry-After` header in seconds, as far as it is heeded. Its other form, a date, is used by none of
/// these APIs.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WISH))
}

/// A connection that failed. Its URL is left out of the text.
fn lost(error: &reqwest::Error) -> CallError {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    CallError::new(Failure::Passing, what)
}
