//! Waiting for the bot.

use std::time::Duration;

use crate::world::{Shared, World};

/// How long a bot may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many of the bot's last calls are shown when it did not do what it should.
const LAST: usize = 30;

/// Looks at the world whenever it has changed, until there is what was looked for. Panics when it does not come, saying
/// what was waited for and what the bot did last.
pub(crate) async fn until<T>(shared: &Shared, what: &str, mut look: impl FnMut(&World) -> Option<T>) -> T {
    let mut changed = shared.changed.subscribe();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look(&shared.look()) {
                return found;
            }
            changed.changed().await.expect("the world outlives those who look at it");
        }
    });
    let Ok(found) = found.await else {
        panic!("waited in vain for {what}; the bot's last calls:\n{}", transcript(&shared.look(), LAST));
    };
    found
}

/// The last calls, one a line.
pub(crate) fn transcript(world: &World, last: usize) -> String {
    let skipped = world.calls.len().saturating_sub(last);
    let lines: Vec<_> = world.calls[skipped..].iter().map(crate::transcript::Call::shown).collect();
    lines.join("\n")
}
