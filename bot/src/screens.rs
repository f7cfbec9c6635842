//! The screens: pure functions from what is to be shown to what is shown.

use crate::bot::Session;
use crate::callback::Callback;
use crate::screen::{Button, Screen};

/// The first screen.
pub(crate) fn home(session: &Session) -> Screen {
    let language = session.language;
    Screen::new(language.home()).row([Button::press(language.to_home(), Callback::Home)])
}
