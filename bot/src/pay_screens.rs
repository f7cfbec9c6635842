//! Keeping the screens of open invoices current: the time that is left, and what becomes of the invoice.
//!
//! Which message shows which invoice is noted beside the shop, so a restart loses none. One replica does it at a time.
//! Each chat is drawn by a task of its own, so that none waits for another one's answer from Telegram; and in the line in
//! which the chat's updates stand, so that the screen to which a user goes is never drawn over.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rental_core::{
    Actor, CustomerId, Entropy, Invoice, InvoiceId, LeaseName, LeaseToken, Leases, OsEntropy, PageRequest,
    Seconds, ServiceError, Timestamp,
};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bot::{Bot, Session};
use crate::customer;
use crate::intake::Intake;
use crate::memory::PayScreen;
use crate::telegram::{TelegramError, private_chat};
use crate::texts::Language;

/// How often the screens are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// How long the right to do so lasts.
const LEASE: Seconds = Seconds(8);
/// How many screens are read at a time.
const PAGE: usize = 200;
/// How many chats are drawn at once.
const MOST_AT_WORK: usize = 32;
/// How long a drawing may take before nothing else waits for its end.
const PROMPT: Duration = Duration::from_secs(1);
/// How long a chat in which Telegram did not answer is left alone.
const REST: Duration = Duration::from_secs(3);
/// The pause between two changes, so that all of them together stay well below what Telegram allows.
const BREATHER: Duration = Duration::from_millis(50);
const NAME: LeaseName = LeaseName::Worker("pay-screens");

/// Keeps the screens current until the program stops.
pub(crate) async fn keep_current(easel: Easel, leases: Arc<dyn Leases>) {
    let mut entropy = [0; 16];
    entropy.copy_from_slice(&OsEntropy.draw()[..16]);
    let token = LeaseToken::from_entropy(entropy);
    let easel = Arc::new(easel);
    let mut at_work = AtWork::new();
    while !easel.stop.is_cancelled() {
        if let Err(error) = pass(&easel, leases.as_ref(), &token, &mut at_work).await {
            tracing::warn!(%error, "the screens of open invoices are not current; it is tried again");
        }
        tokio::select! {
            () = easel.stop.cancelled() => {}
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
    screen: PayScreen,
    version: u64,
    minutes: u64,
}

impl Shown {
    fn new(screen: PayScreen, invoice: &Invoice, now: Timestamp) -> Self {
        Self { screen, version: invoice.version, minutes: invoice.expires_at.since(now).0 / 60 }
    }
}

/// Looks at all screens once, and has those drawn whose chat is neither being drawn nor to be left alone.
async fn pass(
    easel: &Arc<Easel>,
    leases: &dyn Leases,
    token: &LeaseToken,
    at_work: &mut AtWork,
) -> Result<(), ServiceError> {
    let mut page = PageRequest::first(PAGE);
    let mut chats = Vec::new();
    loop {
        let held =
            leases.renew(&NAME, token, LEASE).await? || leases.acquire(&NAME, token, LEASE).await?.is_some();
        if !held {
            easel.known().drawn.clear();
            return Ok(());
        }
        let (some, next) = easel.bot.memory.pay_screens(&page).await?;
        chats.extend(some);
        match next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    at_work.retain(|_, drawing| !drawing.is_finished());
    let followed = chats.iter().flat_map(|(_, screens)| screens).map(|screen| screen.invoice);
    easel.known().keep_only(&followed.collect());
    if chats.is_empty() {
        return Ok(());
    }
    let now = easel.bot.rentals.shop().await?.now;
    for (user, screens) in chats {
        if at_work.contains_key(&user) || easel.known().resting.contains_key(&user) {
            continue;
        }
        let place = tokio::select! {
            () = easel.stop.cancelled() => return Ok(()),
            place = easel.places.clone().acquire_owned() => place.expect("never closed"),
        };
        let easel = easel.clone();
        let drawing = async move {
            let drawing = easel.draw_chat(user, screens, now);
            tokio::pin!(drawing);
            let prompt = tokio::time::timeout(PROMPT, &mut drawing).await;
            drop(place); // whoever does not answer has none any more
            if prompt.is_err() {
                drawing.await;
            }
        };
        at_work.insert(user, tokio::spawn(drawing));
    }
    Ok(())
}

/// Where the screens are drawn.
pub(crate) struct Easel {
    bot: Arc<Bot>,
    intake: Intake,
    stop: CancellationToken,
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
    /// An easel of `bot` in the lines of `intake`, on which nothing is begun after `stop`.
    pub(crate) fn new(bot: Arc<Bot>, intake: Intake, stop: CancellationToken) -> Self {
        let places = Arc::new(Semaphore::new(MOST_AT_WORK));
        Self { bot, intake, stop, known: Mutex::default(), places, turn: tokio::sync::Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the screens of one chat, one after the other.
    async fn draw_chat(self: &Arc<Self>, user: u64, screens: Vec<PayScreen>, now: Timestamp) {
        for screen in screens {
            if self.known().resting.contains_key(&user) {
                return;
            }
            if let Err(error) = self.draw(user, screen, now).await {
                tracing::warn!(invoice = %screen.invoice, %error, "a pay screen is not current");
            }
        }
    }

    /// Draws a screen that does not show how its invoice stands, when its turn has come.
    async fn draw(
        self: &Arc<Self>,
        user: u64,
        screen: PayScreen,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let Some(invoice) = self.invoice(user, screen).await? else { return Ok(()) };
        if self.known().drawn.get(&screen.invoice) == Some(&Shown::new(screen, &invoice, now)) {
            return Ok(());
        }
        let turn = self.turn.lock().await;
        tokio::time::sleep(BREATHER).await;
        drop(turn);
        let this = self.clone();
        let drawn =
            self.intake.in_line(private_chat(user), async move { this.paint(user, screen, now).await });
        tokio::select! {
            () = self.stop.cancelled() => Ok(()),
            drawn = drawn => drawn.unwrap_or(Ok(())), // otherwise the next time
        }
    }

    /// The invoice of a screen; the screen is forgotten when there is none any more.
    async fn invoice(&self, user: u64, screen: PayScreen) -> Result<Option<Invoice>, ServiceError> {
        let actor = Actor::Customer(CustomerId::Telegram(user));
        match self.bot.rentals.invoice(&actor, screen.invoice).await {
            Ok(invoice) => Ok(Some(invoice)),
            Err(ServiceError::Domain(_)) => {
                self.bot.memory.shows_no_more(user, screen.invoice).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Draws a screen, if the user has not left it.
    async fn paint(&self, user: u64, screen: PayScreen, now: Timestamp) -> Result<(), ServiceError> {
        let (bot, id) = (&*self.bot, screen.invoice);
        if bot.memory.pay_screen(user, id).await? != Some(screen) {
            return Ok(());
        }
        let Some(invoice) = self.invoice(user, screen).await? else { return Ok(()) };
        let (shown, over) = (Shown::new(screen, &invoice, now), !invoice.is_open());
        let language = bot.memory.person(user).await?.map_or(Language::En, |person| person.language);
        let session = Session { user, language, awaited: None };
        let picture = customer::invoice_screen(bot, &session, invoice).await?;
        match bot.telegram.edit(session.chat(), screen.message, &picture).await {
            Ok(()) => {
                self.known().drawn.insert(id, shown);
                if over {
                    bot.memory.saw_end(id).await?;
                    bot.memory.shows_no_more(user, id).await?;
                }
            }
            Err(TelegramError::RetryAfter(wait)) => {
                tracing::debug!(?wait, "a chat's pay screens are drawn later");
                self.known().resting.insert(user, Instant::now() + wait);
            }
            Err(TelegramError::Unavailable(why)) => {
                self.known().resting.insert(user, Instant::now() + REST);
                tracing::debug!(why, "a pay screen is drawn later");
            }
            Err(error) => {
                tracing::debug!(%error, "a pay screen is there no more");
                bot.memory.shows_no_more(user, id).await?;
            }
        }
        Ok(())
    }
}
