//! Private chats: who is it, may they go on, what do they want, and how the answer gets there.
//!
//! One message changes in place. A new one is sent only when there is none to change, for what is not a screen, and in
//! answer to a command, which the user would otherwise look for in vain below its own words.

use std::time::Duration;

use rental_core::{ErrorKind, NumberPattern, Quota, ServiceError, StoreError, is_telegram_user};
use teloxide::types::{CallbackQuery, Message, MessageKind};
use tokio::time::Instant;

use crate::admin::{self, Press};
use crate::bot::{Bot, Outcome, Session, Undelivered};
use crate::callback::{Callback, Filter, Origin};
use crate::commands::{Broken, Command, Link};
use crate::customer;
use crate::memory::Awaited;
use crate::screen::Screen;
use crate::screens;
use crate::telegram::TelegramError;
use crate::texts::Language;
use crate::view::{Beside, Question, Toast, View};

/// How often a user is told in one window that it is too fast.
const TOLD: u32 = 2;
/// The longest pause after which an answer is still worth sending.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How soon there is no answer, when it is tried again.
const QUICKLY: Duration = Duration::from_secs(3);
/// The pause then.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// How long the waiting sign on a button stays at most, to be ended with what delivering the answer came to.
const WAITING_SIGN: Duration = Duration::from_millis(500);
/// The longest toast, in characters.
const LONGEST_TOAST: usize = 200;

/// A button was pressed.
pub(crate) async fn pressed(bot: &Bot, query: &CallbackQuery) -> Outcome {
    let user = &query.from;
    let private = query.message.as_ref().is_none_or(|message| message.chat().is_private());
    if !private {
        let text = Language::of_client(user.language_code.as_deref()).only_in_private();
        return Ok(bot.telegram.answer(&query.id.0, &text, true).await?);
    }
    if let Some(wait) = too_fast(bot, user.id.0).await {
        if let Some(seconds) = wait {
            let text = bot.language_of(user).await.too_fast(seconds);
            bot.telegram.answer(&query.id.0, &text, true).await?;
        }
        return Ok(());
    }
    let session = bot.session(user).await?;
    let callback = query.data.as_deref().and_then(|data| data.parse::<Callback>().ok());
    if leaves_question(&session, callback.as_ref()) {
        forget_question(bot, &session).await?;
    }
    let here = query.message.as_ref().map(|message| message.id().0);
    let view = match callback {
        Some(Callback::Admin(press)) => match Box::pin(admin::answer(bot, &session, press, here)).await {
            Some(view) => view,
            None => stale(bot, &session).await,
        },
        Some(callback) => answer_press(bot, &session, callback).await,
        None => stale(bot, &session).await,
    };
    let delivery = deliver(bot, &session, &view, here);
    tokio::pin!(delivery);
    // What there is to say may depend on how that goes, but the waiting sign does not wait for long.
    let patience = if view.toast.is_some() { Duration::ZERO } else { WAITING_SIGN };
    let early = tokio::time::timeout(patience, &mut delivery).await.ok();
    let toast = match (&view.toast, &early) {
        (None, Some(Err(Undelivered::Telegram(TelegramError::RetryAfter(wait))))) => {
            Some(Toast { text: session.language.told_to_wait(wait.as_secs()), alert: false })
        }
        (toast, _) => toast.clone(),
    };
    let (text, alert) = toast.as_ref().map_or(("", false), |toast| (toast.text.as_str(), toast.alert));
    let text: String = text.chars().take(LONGEST_TOAST).collect();
    let (answered, delivered) = futures::join!(bot.telegram.answer(&query.id.0, &text, alert), async {
        match early {
            Some(delivered) => delivered,
            None => delivery.await,
        }
    });
    if let Err(error) = answered {
        tracing::debug!(%error, "a button stays waiting");
    }
    delivered
}

/// Carries a press out; a refusal becomes a line and the nearest screen that is there.
pub(crate) async fn answer_press(bot: &Bot, session: &Session, callback: Callback) -> View {
    let nearest = customer::after_refusal(&callback);
    match customer::press(bot, session, callback).await {
        Ok(view) => view,
        Err(error) => {
            let text = refused(session.language, &error);
            let instead = match customer::press(bot, session, nearest).await {
                Err(_) => customer::home(bot, session).await,
                found => found,
            };
            instead.unwrap_or_default().alert(text)
        }
    }
}

/// Notes a refusal, and says what to tell the user.
fn refused(language: Language, error: &ServiceError) -> String {
    metrics::counter!("rental_bot_refused_total", "code" => error.code()).increment(1);
    match error.kind() {
        ErrorKind::Internal | ErrorKind::Unavailable => {
            tracing::warn!(code = error.code(), %error, "the shop could not answer");
        }
        kind => tracing::debug!(code = error.code(), ?kind, "refused"),
    }
    language.refusal(error)
}

async fn stale(bot: &Bot, session: &Session) -> View {
    metrics::counter!("rental_bot_refused_total", "code" => "button.stale").increment(1);
    let home = customer::home(bot, session).await;
    home.unwrap_or_default().toast(session.language.stale_button())
}

/// A message came.
pub(crate) async fn wrote(bot: &Bot, message: &Message) -> Outcome {
    let Some(user) = message.from.as_ref() else { return Ok(()) };
    if let Some(wait) = too_fast(bot, user.id.0).await {
        if let Some(seconds) = wait {
            let text = bot.language_of(user).await.too_fast(seconds);
            bot.telegram.send(message.chat.id.0, &Screen::new(text)).await?;
        }
        return Ok(());
    }
    let session = bot.session(user).await?;
    if let MessageKind::UsersShared(shared) = &message.kind {
        let person = shared.users_shared.users.first();
        let name = person.and_then(|person| person.first_name.as_deref());
        return picked(bot, &session, person.map(|person| (person.user_id.0, name))).await;
    }
    let Some(text) = message.text() else {
        return deliver(bot, &session, &home(bot, &session).await, None).await;
    };
    if let Some(command) = Command::read(text) {
        forget_question(bot, &session).await?;
        return deliver(bot, &session, &answer_command(bot, &session, command).await, None).await;
    }
    // The language may be another one since the keyboard came.
    if Language::ALL.iter().any(|language| text == language.pick_cancel()) {
        return picked(bot, &session, None).await;
    }
    match session.awaited.clone() {
        Some(awaited) => answered(bot, &session, awaited, text, message.id.0).await,
        None => match text.parse::<NumberPattern>() {
            Ok(pattern) => {
                deliver(bot, &session, &found(bot, &session, Filter::default(), pattern).await, None).await
            }
            Err(_) => deliver(bot, &session, &home(bot, &session).await, None).await,
        },
    }
}

/// Whether a press is a way out of the question that is open: the ones beside a customer's question, everything for an
/// operator's, and every operator's button for both.
fn leaves_question(session: &Session, callback: Option<&Callback>) -> bool {
    matches!(session.awaited, Some(Awaited::Desk { .. }))
        || matches!(callback, Some(Callback::Browse(_) | Callback::Transfer(_) | Callback::Admin(_)))
}

/// Waits for no answer any more, if it does.
async fn forget_question(bot: &Bot, session: &Session) -> Result<(), StoreError> {
    match session.awaited {
        Some(_) => bot.memory.answered(session.user).await,
        None => Ok(()),
    }
}

async fn home(bot: &Bot, session: &Session) -> View {
    or_refusal(session, customer::home(bot, session).await)
}

/// A refusal as a screen, where there is no button to answer.
fn or_refusal(session: &Session, answer: Result<View, ServiceError>) -> View {
    answer.unwrap_or_else(|error| {
        let language = session.language;
        Screen::new(refused(language, &error)).row([language.home_button()]).into()
    })
}

async fn answer_command(bot: &Bot, session: &Session, command: Command) -> View {
    let callback = match command {
        Command::Start(payload) => match Command::linked(&payload) {
            Ok(Link::Screen(callback)) => callback,
            Ok(Link::Offer(offer)) => {
                return or_refusal(session, customer::opened(bot, session, offer).await);
            }
            Err(Broken) => return screens::broken_link(session.language).into(),
        },
        Command::Numbers => Callback::Browse(Filter::default().into()),
        Command::Rentals => Callback::Rentals(0),
        Command::History => Callback::History(None),
        Command::Help => Callback::Help,
        Command::Rules => Callback::Rules(Origin::Home),
        Command::Language => Callback::Languages,
        Command::Admin => match Box::pin(admin::answer(bot, session, Press::Panel, None)).await {
            Some(view) => return view,
            None => Callback::Home,
        },
    };
    or_refusal(session, customer::press(bot, session, callback).await)
}

async fn found(bot: &Bot, session: &Session, filter: Filter, pattern: NumberPattern) -> View {
    let filter = Filter { pattern: Some(pattern), ..filter };
    or_refusal(session, customer::press(bot, session, Callback::Browse(filter.into())).await)
}

/// The user answered a question. The message that asked becomes the next screen, and the answer goes, so that the chat
/// stays one screen. What an operator wrote stays above its answer.
async fn answered(bot: &Bot, session: &Session, awaited: Awaited, text: &str, theirs: i32) -> Outcome {
    let language = session.language;
    let (asked, view) = match awaited {
        Awaited::Digits { place, message } => {
            let view = match text.parse::<NumberPattern>() {
                Ok(pattern) => {
                    bot.memory.answered(session.user).await?;
                    found(bot, session, place.filter, pattern).await
                }
                Err(_) => screens::digits_question(language, &place, true).into(),
            };
            (message, view)
        }
        Awaited::Person { number, message } => {
            let id = text.trim().parse::<u64>().ok().filter(|id| is_telegram_user(*id));
            let view = match id {
                Some(id) => {
                    bot.memory.answered(session.user).await?;
                    or_refusal(session, customer::chosen(bot, session, number, (id, None)).await)
                }
                None => screens::person_question(language, number, true).into(),
            };
            (message, view)
        }
        Awaited::Desk { asked } => {
            let Some(view) = Box::pin(admin::answer_text(bot, session, asked, text)).await else {
                bot.memory.answered(session.user).await?;
                return deliver(bot, session, &home(bot, session).await, None).await;
            };
            return deliver(bot, session, &view, None).await;
        }
    };
    if let Err(error) = bot.telegram.delete(session.chat(), theirs).await {
        tracing::debug!(%error, "an answer stays in the chat");
    }
    deliver(bot, session, &view, Some(asked)).await
}

/// A person was picked, or nobody. The keyboard for it goes.
async fn picked(bot: &Bot, session: &Session, person: Option<(u64, Option<&str>)>) -> Outcome {
    forget_question(bot, session).await?;
    let over = Beside::no_keyboard(session.language.pick_over());
    deliver(bot, session, &View { beside: Some(over), ..View::default() }, None).await?;
    let view = match (person, session.awaited.clone()) {
        (Some(person), Some(Awaited::Person { number, .. })) => {
            or_refusal(session, customer::chosen(bot, session, number, person).await)
        }
        (None, Some(Awaited::Person { number, .. })) => {
            or_refusal(session, customer::press(bot, session, Callback::Rental(number)).await)
        }
        _ => or_refusal(session, customer::press(bot, session, Callback::Rentals(0)).await),
    };
    deliver(bot, session, &view, None).await
}

/// Counts an update of `user`. `None` when it may go on; otherwise the seconds to wait, once or twice in a window, and
/// then silence.
async fn too_fast(bot: &Bot, user: u64) -> Option<Option<u64>> {
    let quota = bot.house.quota;
    let allowance = match bot.limiter.hit(&format!("tg:{user}"), quota).await {
        Ok(allowance) => allowance,
        Err(error) => {
            tracing::warn!(%error, "updates cannot be counted; one was let through");
            return None;
        }
    };
    if allowance.allowed {
        return None;
    }
    metrics::counter!("rental_bot_too_fast_total").increment(1);
    let told = Quota { limit: TOLD, ..quota };
    let tell = bot.limiter.hit(&format!("told:tg:{user}"), told).await.is_ok_and(|told| told.allowed);
    Some(tell.then_some(allowance.reset_after.0))
}

/// Brings an answer into the chat: `here` is the message that may be changed.
async fn deliver(bot: &Bot, session: &Session, view: &View, here: Option<i32>) -> Outcome {
    let View { screen, toast: _, invoice, beside, question } = view;
    let chat = session.chat();
    let mut shown = here;
    if let Some(screen) = screen {
        // Before it is shown: whatever the message showed is not drawn over it, and an invoice that cannot be shown now is
        // drawn later.
        let mut old = match here {
            Some(here) => bot.memory.shows(session.user, here, *invoice).await?,
            None => None,
        };
        let message = show(bot, chat, here, screen).await?;
        if invoice.is_some() && here != Some(message) {
            old = old.or(bot.memory.shows(session.user, message, *invoice).await?);
        }
        // Nobody is to pay on a screen that is not kept current.
        if let Some(old) = old
            && let Err(error) = bot.telegram.delete(chat, old).await
        {
            tracing::debug!(%error, "an old pay screen stays in the chat");
        }
        shown = Some(message);
    }
    match beside {
        None => {}
        Some(Beside::Nothing) => {
            if let Some(here) = here {
                bot.telegram.delete(chat, here).await?;
            }
        }
        Some(Beside::Code(link, below)) => bot.codes.send(&bot.telegram, chat, link, below).await?,
        Some(Beside::Keyboard(text, keyboard)) => {
            bot.telegram.send_with(chat, text, keyboard).await?;
        }
    }
    if let (Some(question), Some(message)) = (question, shown) {
        let awaited = match question.clone() {
            Question::Digits(place) => Awaited::Digits { place, message },
            Question::Person(number) => Awaited::Person { number, message },
        };
        bot.memory.ask(session.user, &awaited).await?;
    }
    Ok(())
}

/// Turns the message into `screen`, or sends it anew where that cannot be done. Answers with the message.
async fn show(bot: &Bot, chat: i64, here: Option<i32>, screen: &Screen) -> Result<i32, TelegramError> {
    if let Some(message) = here {
        match patiently(|| bot.telegram.edit(chat, message, screen)).await {
            Err(TelegramError::Gone(_)) => {}
            Ok(()) => return Ok(message),
            Err(error) => return Err(error),
        }
    }
    Ok(patiently(|| bot.telegram.send(chat, screen)).await?.message)
}

/// Calls again, once, after the pause that Telegram asks for, when that is short, or after a short one when there was
/// quickly no answer: a screen that comes twice is better than none. Only this chat waits for it.
async fn patiently<T, F>(call: impl Fn() -> F) -> Result<T, TelegramError>
where
    F: Future<Output = Result<T, TelegramError>>,
{
    let began = Instant::now();
    let answer = call().await;
    let pause = match &answer {
        Err(TelegramError::RetryAfter(wait)) if *wait <= LONGEST_WAIT => *wait,
        Err(TelegramError::Unavailable(_)) if began.elapsed() < QUICKLY => SHORT_PAUSE,
        _ => return answer,
    };
    tokio::time::sleep(pause).await;
    call().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::{InvoiceId, MockRentals, Ulid};

    use crate::testing::{bot, session};

    #[tokio::test(start_paused = true)]
    async fn what_a_message_is_to_show_counts_also_when_it_cannot_be_shown_now() {
        let (bot, session) = (bot(MockRentals::new()), session(7)); // to which no Telegram answers
        let invoice = InvoiceId::new(Ulid::from_parts(1, 2));
        let pay = View { invoice: Some(invoice), ..Screen::new("Pay").into() };
        assert!(deliver(&bot, &session, &pay, Some(5)).await.is_err());
        let noted = bot.memory.pay_screen(7, invoice).await.expect("read").expect("it is drawn later");
        assert_eq!(noted.message, 5);
        assert!(deliver(&bot, &session, &View::saying("no screen"), Some(5)).await.is_ok());
        assert!(deliver(&bot, &session, &Screen::new("Elsewhere").into(), Some(6)).await.is_err());
        assert_eq!(bot.memory.pay_screen(7, invoice).await, Ok(Some(noted)));
        assert!(deliver(&bot, &session, &Screen::new("Home").into(), Some(5)).await.is_err());
        assert_eq!(bot.memory.pay_screen(7, invoice).await, Ok(None), "the user has gone on");
    }
}
