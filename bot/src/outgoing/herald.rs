//! What operators are told: the owner and all admins, each in their language.

use std::sync::Arc;

use rental_core::{
    Actor, Disposition, EventKind, NoteKey, OutboxItem, Seconds, ServiceError, StoreError, Writing,
};

use super::notice::notice;
use super::post::{Fate, Post};
use super::{HOLD, MOST_ATTEMPTS, OPERATORS, Office, count, seconds_until};

/// How many events are claimed at once. Each goes to every admin, and while admins are told, customers wait.
const BATCH: usize = 2;
/// How long is remembered who was told about an event.
const REMEMBERED: Seconds = Seconds::from_days(2);
/// How long an event waits when the shop could not be asked.
const SHOP_PAUSE: Seconds = Seconds(2);

/// Tells operators what they should know.
#[derive(Clone)]
pub(super) struct Herald {
    office: Office,
    post: Post,
    consumer: Arc<str>,
}

impl Herald {
    pub(super) fn new(office: &Office, post: Post, consumer: Arc<str>) -> Self {
        Self { office: office.clone(), post, consumer }
    }

    /// Tells operators about a few events; answers how many.
    pub(super) async fn proclaim(&self) -> Result<usize, StoreError> {
        let items = self.office.store.claim(OPERATORS, &self.consumer, BATCH, HOLD).await?;
        for item in &items {
            let disposition = self.tell_all(item).await?;
            let seq = item.entry.seq;
            let ours = self.office.store.dispose(OPERATORS, &self.consumer, seq, &disposition).await?;
            if let Disposition::Dead(reason) = disposition
                && ours
            {
                count(OPERATORS, "dead");
                // An alarm about an alarm that nobody gets would go round in circles.
                if matches!(item.entry.event.kind, EventKind::ShopAlarm { .. }) {
                    tracing::error!(event = seq, reason, "operators could not be told");
                } else {
                    self.office.report_dead(OPERATORS, seq, reason).await;
                }
            }
        }
        Ok(items.len())
    }

    async fn tell_all(&self, item: &OutboxItem) -> Result<Disposition, StoreError> {
        let (seq, event) = (item.entry.seq, &item.entry.event);
        if !event.concerns_operators() {
            return Ok(Disposition::Done);
        }
        let admins: Vec<u64> = match self.office.rentals.access(&Actor::System).await {
            Ok(access) => access.all_admins().collect(),
            Err(ServiceError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, event = seq, "operators are told later");
                return Ok(Disposition::Retry(self.office.now().await? + SHOP_PAUSE));
            }
        };
        let key = NoteKey::new("told", seq).expect("a number is short and visible");
        let mut told: Vec<u64> = match self.office.notes.note(&key).await? {
            Some(note) => serde_json::from_str(&note.text).unwrap_or_default(),
            None => Vec::new(),
        };
        let (mut later, mut refused) = (None, None);
        for admin in admins {
            if told.contains(&admin) || self.post.reach().is_blocked(admin).await? {
                continue;
            }
            let Some(screen) = notice(self.office.language(admin).await?, event) else { continue };
            if let Some(until) = self.post.wait_for_free_turn(admin).await {
                later = later.max(Some(until));
                continue;
            }
            match self.post.send(admin, None, &screen).await? {
                Fate::Sent => {
                    count(OPERATORS, "sent");
                    told.push(admin);
                    let text = serde_json::to_string(&told).expect("plain data");
                    self.office.notes.put_note(&key, &text, Writing::passing(REMEMBERED)).await?;
                }
                Fate::Unreachable => count(OPERATORS, "blocked"),
                Fate::Later(until) => later = later.max(Some(until)),
                Fate::Refused(why) => refused = Some(why),
            }
        }
        Ok(match (later, refused) {
            (Some(until), _) if item.attempt < MOST_ATTEMPTS => {
                Disposition::Retry(self.office.now().await? + seconds_until(until))
            }
            (Some(_), _) => Disposition::Dead("Telegram did not answer for too long".to_owned()),
            (None, Some(why)) => Disposition::Dead(why),
            (None, None) => Disposition::Done,
        })
    }
}
