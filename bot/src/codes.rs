//! Codes to scan. One that was uploaded has a name with Telegram, by which it is sent again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::qr;
use crate::screen::Screen;
use crate::telegram::{Photo, Telegram, TelegramError};

/// How many codes are remembered. An invoice has one, and is open for minutes.
const MOST: usize = 512;

/// The codes that Telegram has, by the links in them.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    /// The one that was sent last is the last.
    known: Mutex<VecDeque<Code>>,
}

#[derive(Debug)]
struct Code {
    link: String,
    name: String,
}

impl Codes {
    /// Sends the code of `link`, with a screen below it.
    pub(crate) async fn send(
        &self,
        telegram: &Telegram,
        chat: i64,
        link: &str,
        below: &Screen,
    ) -> Result<(), TelegramError> {
        if let Some(name) = self.name(link) {
            match telegram.send_photo(chat, Photo::Known(&name), below).await {
                // Not by this name, or not any more.
                Err(TelegramError::Refused { .. }) => {}
                answer => return answer.map(drop),
            }
        }
        let Some(file) = qr::png(link) else {
            tracing::error!(length = link.len(), "a link is too long for a code");
            return Ok(());
        };
        if let Some(name) = telegram.send_photo(chat, Photo::New(file), below).await? {
            self.remember(link, name);
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<Code>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, link: &str) -> Option<String> {
        let mut known = self.known();
        let at = known.iter().position(|code| code.link == link)?;
        let code = known.remove(at)?;
        let name = code.name.clone();
        known.push_back(code);
        Some(name)
    }

    fn remember(&self, link: &str, name: String) {
        let mut known = self.known();
        known.retain(|code| code.link != link);
        known.push_back(Code { link: link.to_owned(), name });
        if known.len() > MOST {
            known.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_that_were_sent_last_are_remembered() {
        let codes = Codes::default();
        for n in 0..MOST {
            codes.remember(&format!("link {n}"), format!("name {n}"));
        }
        assert_eq!(codes.name("link 0").as_deref(), Some("name 0"));
        codes.remember("another", "name".to_owned());
        assert_eq!((codes.name("link 1"), codes.known().len()), (None, MOST));
        assert!(codes.name("link 0").is_some() && codes.name("another").is_some());
    }
}
