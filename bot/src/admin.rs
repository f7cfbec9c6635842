//! The operators' side: the owner and the admins whom the owner has appointed.
//!
//! Who is one is asked of the shop at every press and every message, so a dismissal counts at once; and every command is
//! checked once more by the core, under the admin's own name, which is also the one in the audit trail. To anybody else
//! the operators' buttons mean as little as buttons that never existed.

mod asking;
mod deciding;
mod looking;
pub(crate) mod screens;
#[cfg(test)]
mod tests;

use rental_core::{
    Actor, AdminId, LeaseName, LeaseToken, NoteKey, Seconds, ServiceError, StoreError, Writing,
};

use crate::bot::{Bot, Session};
use crate::view::View;

pub(crate) use crate::callback::Press;
pub(crate) use asking::{Asked, answer_text};

/// The longest that a lock from a button lasts, with which its token is noted.
const LOCK_NOTED: Seconds = Seconds::from_hours(1);

/// An admin at work.
pub(super) struct Desk<'a> {
    bot: &'a Bot,
    session: &'a Session,
    /// Whether this is the owner.
    owner: bool,
    /// The message whose button was pressed.
    here: Option<i32>,
}

impl Session {
    /// The user as an operator. Whether it is one is for the core to say.
    fn admin(&self) -> Actor {
        Actor::Admin(AdminId::Telegram(self.user))
    }
}

/// The desk of `session`'s user; `None` when it is no admin.
async fn desk<'a>(
    bot: &'a Bot,
    session: &'a Session,
    here: Option<i32>,
) -> Result<Option<Desk<'a>>, ServiceError> {
    match bot.rentals.access(&session.admin()).await {
        Ok(access) => Ok(Some(Desk { bot, session, owner: access.owner == Some(session.user), here })),
        Err(ServiceError::Domain(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the user is an operator now.
pub(crate) async fn is_admin(bot: &Bot, session: &Session) -> bool {
    matches!(desk(bot, session, None).await, Ok(Some(_)))
}

/// What an operator's button brings; `None` when whoever pressed it is none.
pub(crate) async fn answer(bot: &Bot, session: &Session, press: Press, here: Option<i32>) -> Option<View> {
    let desk = match desk(bot, session, here).await {
        Ok(Some(desk)) => desk,
        Ok(None) => {
            metrics::counter!("rental_bot_refused_total", "what" => "admin").increment(1);
            return None;
        }
        Err(error) => return Some(View::saying(session.language.admin_refusal(&error))),
    };
    Some(desk.answer(press).await.unwrap_or_else(|error| desk.refusal(&error)))
}

type Answer = Result<View, ServiceError>;

impl Desk<'_> {
    fn refusal(&self, error: &ServiceError) -> View {
        View::default().alert(self.session.language.admin_refusal(error))
    }

    async fn answer(&self, press: Press) -> Answer {
        match press {
            Press::Panel => self.panel().await,
            Press::Pool(part, after) => self.pool(part, after).await,
            Press::Number(opened) => self.number(opened).await,
            Press::Payments(page) => self.payments(page).await,
            Press::Payment(tx, page) => self.payment(tx, page).await,
            Press::Customer(user) => self.customer(user).await,
            Press::Admins(page) => self.admins(page).await,
            Press::Figures => self.figures().await,
            Press::Trail(page) => self.trail(page).await,
            Press::News => self.news().await,

            Press::AskNumber
            | Press::AskAdd
            | Press::AskPrice(_)
            | Press::AskCustomer
            | Press::AskAppoint(_)
            | Press::AskNews => self.ask(press).await,

            Press::Extend(_)
            | Press::AskWithdraw(_)
            | Press::AskMore(..)
            | Press::AskRevoke(_)
            | Press::AskDecide(..)
            | Press::AskBan(_)
            | Press::AskDismiss(_) => self.question(press).await,

            Press::Withdraw(_)
            | Press::Restore(_)
            | Press::Lock(..)
            | Press::Unlock(_)
            | Press::More(..)
            | Press::Revoke(..)
            | Press::Decide(..)
            | Press::Ban(_)
            | Press::Unban(_)
            | Press::Appoint(_)
            | Press::Dismiss(_)
            | Press::SendNews(_)
            | Press::StopNews => self.act(press).await,
        }
    }

    /// The token of the lock that an admin has put on a number from here.
    async fn lock_token(&self, name: &LeaseName) -> Result<Option<LeaseToken>, StoreError> {
        let note = self.bot.notes.note(&lock_note(name)).await?;
        Ok(note.map(|note| LeaseToken::from_text(&note.text)))
    }

    /// Notes that token.
    async fn note_lock(&self, name: &LeaseName, token: &LeaseToken) -> Result<(), StoreError> {
        let how = Writing::passing(LOCK_NOTED);
        self.bot.notes.put_note(&lock_note(name), token.as_str(), how).await.map(drop)
    }
}

fn lock_note(name: &LeaseName) -> NoteKey {
    NoteKey::new("admin", name).expect("names of leases are short and visible")
}
