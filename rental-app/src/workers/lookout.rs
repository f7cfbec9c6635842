//! Looking out for what operators should know and no command brings about: a chain that is not read any more.

use std::sync::Arc;

use rental_core::{
    Actor, Alarm, Command, Currency, Expected, Leases, NoteKey, Notes, RentalService, Rentals, Request,
    Seconds, Writing,
};

use super::{Leadership, WorkerError};

/// How far behind a chain may be read before operators are told.
const BEHIND: Seconds = Seconds(10 * 60);

/// Raises an alarm when the chain has not been read for ten minutes, and tells when it is read again.
#[derive(Debug, Clone)]
pub struct Lookout {
    service: Arc<RentalService>,
    notes: Arc<dyn Notes>,
    leadership: Leadership,
}

impl Lookout {
    /// A lookout for the shop behind `service`, which notes in `notes` what it has told.
    pub fn new(service: Arc<RentalService>, notes: Arc<dyn Notes>, leases: Arc<dyn Leases>) -> Self {
        let leadership = Leadership::new(leases, "lookout");
        Self { service, notes, leadership: leadership.every(super::LOOK_OUT_EVERY) }
    }

    /// Looks once; answers with the alarm that was raised. A crash in between can raise one twice.
    ///
    /// # Errors
    /// [`WorkerError`] when the shop or the store does not answer.
    pub async fn run_once(&self) -> Result<Option<Alarm>, WorkerError> {
        if !self.leadership.hold().await? {
            return Ok(None);
        }
        let view = self.service.shop().await?;
        let taken = Currency::ALL.into_iter().filter(|currency| view.shop.accepts(*currency));
        let Some(read_to) = taken.map(|currency| view.chains.of(currency).read_to).min() else {
            return Ok(None);
        };
        // A shop that has just been opened has read nothing yet.
        let since = read_to.max(view.shop.opened_at);
        let stalled = view.now.since(since) > BEHIND;
        let Ok(key) = NoteKey::new("alarm", "chain") else { return Ok(None) };
        let told = self.notes.note(&key).await?.is_some();
        let alarm = match (stalled, told) {
            (true, false) => Alarm::ChainStalled { read_to: since },
            (false, true) => Alarm::ChainRecovered { read_to },
            _ => return Ok(None),
        };
        let raise = Command::Raise { alarm: alarm.clone() };
        self.service.execute(Request::new(Actor::System, raise)).await?;
        if stalled {
            self.notes.put_note(&key, "", Writing::LASTING.expecting(Expected::Absent)).await?;
        } else {
            self.notes.remove_note(&key).await?;
        }
        Ok(Some(alarm))
    }

    /// Lets another replica take over at once.
    pub(super) async fn resign(&self) {
        self.leadership.resign().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::{
        ChainCursor, ChainState, Clock, ManualClock, MemoryStore, Network, Policy, Timestamp, Wallet,
    };

    #[tokio::test]
    async fn a_stalled_chain_is_told_once_and_its_recovery_too() {
        let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
        let store = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
        let service = Arc::new(RentalService::new(store.clone()));
        let wallet = Wallet { network: Network::Sandbox, address: "UQ-wallet".to_owned() };
        service.open_shop(&wallet, &Policy::default(), ChainCursor::START).await.expect("the shop opens");
        let lookout = Lookout::new(service.clone(), store.clone(), store);
        let look = async || lookout.run_once().await.expect("the store answers");
        assert_eq!(look().await, None);
        clock.advance(BEHIND);
        assert_eq!(look().await, None);
        clock.advance(Seconds(1));
        assert!(matches!(look().await, Some(Alarm::ChainStalled { .. })));
        assert_eq!(look().await, None);
        let from = service.shop().await.expect("it is open").chains.of(Currency::Ton);
        let to = ChainState { read_to: clock.now(), ..from };
        let advance = Command::AdvanceChain { from: from.cursor, to };
        service.execute(Request::new(Actor::System, advance)).await.expect("it moves");
        assert!(matches!(look().await, Some(Alarm::ChainRecovered { .. })));
        assert_eq!(look().await, None);
        let events = service.feed(&Actor::System, 0, 100).await.expect("the feed");
        assert_eq!(events.iter().filter(|entry| entry.event.kind.name() == "shop.alarm").count(), 2);
    }
}
