//! Keeping the screens of open invoices current: the time that is left, and what becomes of the invoice.
//!
//! Which message shows which invoice is noted beside the shop, so a restart loses none. One replica does it at a time.
//! Each chat is drawn by a task of its own, so that none waits for another one's answer from Telegram.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rental_core::{
    Actor, CustomerId, Entropy, InvoiceId, LeaseName, LeaseToken, Leases, OsEntropy, PageRequest, Seconds,
    ServiceError, Timestamp,
};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bot::{Bot, Session};
use crate::customer;
use crate::memory::PayScreen;
use crate::telegram::TelegramError;
use crate::texts::Language;

/// How often the screens are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// How long the right to do so lasts.
const LEASE: Seconds = Seconds(8);
/// How many screens are read at a time.
const PAGE: usize = 200;
/// How many chats are drawn at once.
const MOST_AT_WORK: usize = 32;
/// The pause between two changes, so that all of them together stay well below what Telegram allows.
const BREATHER: Duration = Duration::from_millis(50);
const NAME: LeaseName = LeaseName::Worker("pay-screens");

/// Keeps the screens current until `stop`.
pub(crate) async fn keep_current(bot: Arc<Bot>, leases: Arc<dyn Leases>, stop: CancellationToken) {
    let mut entropy = [0; 16];
    entropy.copy_from_slice(&OsEntropy.draw()[..16]);
    let token = LeaseToken::from_entropy(entropy);
    let easel = Arc::new(Easel::new(bot));
    let mut at_work = AtWork::new();
    while !stop.is_cancelled() {
        if let Err(error) = pass(&easel, leases.as_ref(), &token, &mut at_work, &stop).await {
            tracing::warn!(%error, "the screens of open invoices are not current; it is tried again");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    futures::future::join_all(at_work.into_values()).await;
    if let Err(error) = leases.release(&NAME, &token).await {
        tracing::debug!(%error, "the lease runs out by itself");
    }
}

/// The users whose screens are being drawn.
type AtWork = HashMap<u64, JoinHandle<()>>;

/// What a message showed when it was drawn: which one, of which version of the invoice, with how many minutes left.
/// Everything else on a pay screen may wait for the next of these to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    place: PayScreen,
    version: u64,
    minutes: u64,
}

/// Looks at all screens once, and has those drawn whose chat is neither being drawn nor to be left alone.
async fn pass(
    easel: &Arc<Easel>,
    leases: &dyn Leases,
    token: &LeaseToken,
    at_work: &mut AtWork,
    stop: &CancellationToken,
) -> Result<(), ServiceError> {
    let mut page = PageRequest::first(PAGE);
    let mut chats: HashMap<u64, Vec<(InvoiceId, PayScreen)>> = HashMap::new();
    loop {
        let held =
            leases.renew(&NAME, token, LEASE).await? || leases.acquire(&NAME, token, LEASE).await?.is_some();
        if !held {
            easel.known().drawn.clear();
            return Ok(());
        }
        let (screens, next) = easel.bot.memory.pay_screens(&page).await?;
        for (invoice, place) in screens {
            chats.entry(place.user).or_default().push((invoice, place));
        }
        match next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    at_work.retain(|_, drawing| !drawing.is_finished());
    easel.known().keep_only(&chats.values().flatten().map(|(invoice, _)| *invoice).collect());
    if chats.is_empty() {
        return Ok(());
    }
    let now = easel.bot.rentals.shop().await?.now;
    for (user, screens) in chats {
        if at_work.contains_key(&user) || easel.known().resting.contains_key(&user) {
            continue;
        }
        let place = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            place = easel.places.clone().acquire_owned() => place.expect("never closed"),
        };
        let easel = easel.clone();
        let drawing = async move {
            easel.draw_chat(screens, now).await;
            drop(place);
        };
        at_work.insert(user, tokio::spawn(drawing));
    }
    Ok(())
}

/// Where the screens are drawn.
struct Easel {
    bot: Arc<Bot>,
    known: Mutex<Known>,
    places: Arc<Semaphore>,
    /// Whoever has it may make the next change.
    turn: tokio::sync::Mutex<()>,
}

/// What this process knows of the screens.
#[derive(Default)]
struct Known {
    /// What each message shows, as far as this process drew it.
    drawn: HashMap<InvoiceId, Shown>,
    /// Until when Telegram wants a user's chat left alone.
    resting: HashMap<u64, Instant>,
}

impl Known {
    /// Forgets what is over.
    fn keep_only(&mut self, invoices: &HashSet<InvoiceId>) {
        let now = Instant::now();
        self.drawn.retain(|invoice, _| invoices.contains(invoice));
        self.resting.retain(|_, until| *until > now);
    }
}

impl Easel {
    fn new(bot: Arc<Bot>) -> Self {
        let places = Arc::new(Semaphore::new(MOST_AT_WORK));
        Self { bot, known: Mutex::default(), places, turn: tokio::sync::Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the screens of one chat, one after the other.
    async fn draw_chat(&self, screens: Vec<(InvoiceId, PayScreen)>, now: Timestamp) {
        for (invoice, place) in screens {
            if self.known().resting.contains_key(&place.user) {
                return;
            }
            if let Err(error) = self.draw(invoice, place, now).await {
                tracing::warn!(%invoice, %error, "a pay screen is not current");
            }
        }
    }

    async fn draw(&self, id: InvoiceId, place: PayScreen, now: Timestamp) -> Result<(), ServiceError> {
        let bot = &*self.bot;
        let actor = Actor::Customer(CustomerId::Telegram(place.user));
        let invoice = match bot.rentals.invoice(&actor, id).await {
            Ok(invoice) => invoice,
            Err(ServiceError::Domain(_)) => return Ok(bot.memory.shows_no_more(id).await?),
            Err(error) => return Err(error),
        };
        let over = !invoice.is_open();
        let minutes = invoice.expires_at.since(now).0 / 60;
        let shown = Shown { place, version: invoice.version, minutes };
        if self.known().drawn.get(&id) == Some(&shown) {
            return Ok(());
        }
        let language = bot.memory.person(place.user).await?.map_or(Language::En, |person| person.language);
        let session = Session { user: place.user, language, awaited: None };
        let screen = customer::invoice_screen(bot, &session, invoice).await?;
        let turn = self.turn.lock().await;
        tokio::time::sleep(BREATHER).await;
        drop(turn);
        // Not over a screen that the user has gone to meanwhile.
        if bot.memory.pay_screen(id).await? != Some(place) {
            return Ok(());
        }
        match bot.telegram.edit(session.chat(), place.message, &screen).await {
            Ok(()) => {
                self.known().drawn.insert(id, shown);
                if over {
                    bot.memory.saw_end(id).await?;
                    bot.memory.shows_no_more(id).await?;
                }
            }
            Err(TelegramError::RetryAfter(wait)) => {
                tracing::debug!(?wait, "a chat's pay screens are drawn later");
                self.known().resting.insert(place.user, Instant::now() + wait);
            }
            Err(TelegramError::Unavailable(why)) => {
                tracing::debug!(why, "a pay screen is drawn later");
            }
            Err(error) => {
                tracing::debug!(%error, "a pay screen is there no more");
                bot.memory.shows_no_more(id).await?;
            }
        }
        Ok(())
    }
}
