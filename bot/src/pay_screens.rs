//! Keeping the screens of open invoices current: the time that is left, and what becomes of the invoice.
//!
//! Which message shows which invoice is noted beside the shop, so a restart loses none. One replica does it at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rental_core::{
    Actor, CustomerId, Entropy, InvoiceId, LeaseName, LeaseToken, Leases, OsEntropy, PageRequest, Seconds,
    ServiceError, Timestamp,
};
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
/// The pause between two changes, so that all of them together stay well below what Telegram allows.
const BREATHER: Duration = Duration::from_millis(50);
const NAME: LeaseName = LeaseName::Worker("pay-screens");

/// Keeps the screens current until `stop`.
pub(crate) async fn keep_current(bot: Arc<Bot>, leases: Arc<dyn Leases>, stop: CancellationToken) {
    let mut entropy = [0; 16];
    entropy.copy_from_slice(&OsEntropy.draw()[..16]);
    let token = LeaseToken::from_entropy(entropy);
    let mut drawn = HashMap::new();
    while !stop.is_cancelled() {
        if let Err(error) = pass(&bot, leases.as_ref(), &token, &mut drawn, &stop).await {
            tracing::warn!(%error, "the screens of open invoices are not current; it is tried again");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    if let Err(error) = leases.release(&NAME, &token).await {
        tracing::debug!(%error, "the lease runs out by itself");
    }
}

/// What each message shows, as far as this process drew it.
type Drawn = HashMap<InvoiceId, Shown>;

/// What a message showed when it was drawn: which one, of which version of the invoice, with how many minutes left.
/// Everything else on a pay screen may wait for the next of these to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    place: PayScreen,
    version: u64,
    minutes: u64,
}

async fn pass(
    bot: &Bot,
    leases: &dyn Leases,
    token: &LeaseToken,
    drawn: &mut Drawn,
    stop: &CancellationToken,
) -> Result<(), ServiceError> {
    let mut page = PageRequest::first(PAGE);
    let mut seen = Vec::new();
    let mut now = None;
    loop {
        let held =
            leases.renew(&NAME, token, LEASE).await? || leases.acquire(&NAME, token, LEASE).await?.is_some();
        if !held {
            drawn.clear();
            return Ok(());
        }
        let (screens, next) = bot.memory.pay_screens(&page).await?;
        if now.is_none() && !screens.is_empty() {
            now = Some(bot.rentals.shop().await?.now);
        }
        let now = now.unwrap_or_default();
        for (invoice, place) in screens {
            if stop.is_cancelled() {
                return Ok(());
            }
            seen.push(invoice);
            if let Err(error) = draw(bot, invoice, place, now, drawn).await {
                tracing::warn!(%invoice, %error, "a pay screen is not current");
            }
        }
        match next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    drawn.retain(|invoice, _| seen.contains(invoice));
    Ok(())
}

async fn draw(
    bot: &Bot,
    id: InvoiceId,
    place: PayScreen,
    now: Timestamp,
    drawn: &mut Drawn,
) -> Result<(), ServiceError> {
    let actor = Actor::Customer(CustomerId::Telegram(place.user));
    let invoice = match bot.rentals.invoice(&actor, id).await {
        Ok(invoice) => invoice,
        Err(ServiceError::Domain(_)) => return Ok(bot.memory.shows_no_more(id).await?),
        Err(error) => return Err(error),
    };
    let over = !invoice.is_open();
    let minutes = invoice.expires_at.since(now).0 / 60;
    let shown = Shown { place, version: invoice.version, minutes };
    if drawn.get(&id) == Some(&shown) {
        return Ok(());
    }
    let language = bot.memory.person(place.user).await?.map_or(Language::En, |person| person.language);
    let session = Session { user: place.user, language, awaited: None };
    let screen = customer::invoice_screen(bot, &session, invoice).await?;
    // Not over a screen that the user has gone to meanwhile.
    if bot.memory.pay_screen(id).await? != Some(place) {
        return Ok(());
    }
    match bot.telegram.edit(session.chat(), place.message, &screen).await {
        Ok(()) => {
            drawn.insert(id, shown);
            if over {
                bot.memory.saw_end(id).await?;
                bot.memory.shows_no_more(id).await?;
            }
            tokio::time::sleep(BREATHER).await;
        }
        Err(TelegramError::RetryAfter(wait)) => tokio::time::sleep(wait.min(EVERY)).await,
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
