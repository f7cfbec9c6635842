//! What operators decide. Whatever takes something away is asked twice.

use rental_core::{
    Command, Currency, CustomerId, DomainError, Expected, LeaseName, NoteKey, Outcome, Payment, PaymentLinks,
    PaymentRequest, PhoneNumber, Receipt, Request, Seconds, ServiceError, StoreError, Term, TxHash, Writing,
    Written, lock_number, unlock_number,
};

use super::screens;
use super::{Answer, Desk, Press};
use crate::callback::{Decision, Mark, Opened};
use crate::outgoing::Broadcasts;
use crate::texts::escape;
use crate::view::View;

/// How long is known that a question was answered; longer than anybody taps twice.
const ANSWERED: Seconds = Seconds::from_days(7);

impl Desk<'_> {
    /// Asks before it is done.
    pub(super) async fn question(&self, press: Press) -> Answer {
        let language = self.session.language;
        Ok(match press {
            Press::Extend(opened) => screens::extend(language, opened).into(),
            Press::AskMore(opened, term) => {
                screens::more_question(language, opened, term, self.bot.mark()).into()
            }
            Press::AskWithdraw(opened) => screens::withdraw_question(language, opened).into(),
            Press::AskRevoke(opened) => {
                let record = self.bot.rentals.number(opened.number).await?;
                let rental = record.rental().ok_or(DomainError::RentalUnknown)?;
                screens::revoke_question(language, opened, rental).into()
            }
            Press::AskDecide(decision, tx, page) => {
                let payment = self.bot.rentals.payment(&self.actor(), tx).await?;
                screens::decision_question(language, decision, &payment, page).into()
            }
            Press::AskBan(user) => screens::ban_question(language, user).into(),
            Press::AskDismiss(user) => {
                screens::dismiss_question(language, user, self.admins_page(user).await?).into()
            }
            _ => View::default(),
        })
    }

    /// Does it.
    pub(super) async fn act(&self, press: Press) -> Answer {
        let language = self.session.language;
        match press {
            Press::Withdraw(opened) => {
                let number = opened.number;
                self.change(opened, Command::Withdraw { number }).await
            }
            Press::Restore(opened) => {
                let number = opened.number;
                self.change(opened, Command::Restore { number }).await
            }
            Press::Lock(opened, minutes) => self.lock(opened, minutes).await,
            Press::Unlock(opened) => self.unlock(opened).await,
            Press::More(opened, term, mark) => self.more(opened, term, mark).await,
            Press::Revoke(opened, mark) => {
                let number = opened.number;
                let record = self.bot.rentals.number(number).await?;
                if record.rental().map(Mark::of) != Some(mark) {
                    // The question was about another rental than the one that is there now.
                    return Ok(self.number(opened).await?.alert(language.stale_button()));
                }
                self.change(opened, Command::Revoke { number }).await
            }
            Press::Decide(decision, tx, page) => self.decide(decision, tx, page).await,
            Press::Ban(user) => {
                self.execute(Command::Ban { customer: CustomerId::Telegram(user) }).await?;
                Ok(self.customer(user).await?.toast(language.admin_done()))
            }
            Press::Unban(user) => {
                self.execute(Command::Unban { customer: CustomerId::Telegram(user) }).await?;
                Ok(self.customer(user).await?.toast(language.admin_done()))
            }
            Press::Appoint(user) => {
                self.execute(Command::AddAdmin { user }).await?;
                Ok(self.admins(self.admins_page(user).await?).await?.toast(language.admin_done()))
            }
            Press::Dismiss(user) => {
                self.execute(Command::RemoveAdmin { user }).await?;
                Ok(self.admins(self.admins_page(user).await?).await?.toast(language.admin_done()))
            }
            Press::SendNews(mark) => self.send_news(mark).await,
            Press::StopNews => self.stop_news().await,
            _ => Ok(View::default()),
        }
    }

    pub(super) async fn execute(&self, command: Command) -> Result<Receipt, ServiceError> {
        self.bot.rentals.execute(Request::new(self.actor(), command)).await
    }

    /// The same for a number, under the lock that an admin has put on it from here.
    pub(super) async fn on_number(
        &self,
        number: PhoneNumber,
        command: Command,
    ) -> Result<Receipt, ServiceError> {
        let lease = self.lock_token(&LeaseName::Number(number)).await?;
        self.bot.rentals.execute(Request { lease, ..Request::new(self.actor(), command) }).await
    }

    /// Changes a number, and shows what it is then.
    async fn change(&self, opened: Opened, command: Command) -> Answer {
        self.on_number(opened.number, command).await?;
        Ok(self.number(opened).await?.toast(self.session.language.admin_done()))
    }

    async fn lock(&self, opened: Opened, minutes: u32) -> Answer {
        let number = opened.number;
        let (rentals, leases) = (self.bot.rentals.as_ref(), self.bot.leases.as_ref());
        let ttl = Seconds(u64::from(minutes) * 60);
        let request = |command| Request::new(self.actor(), command);
        let lock = lock_number(rentals, leases, number, ttl, request).await?;
        self.note_lock(&LeaseName::Number(number), &lock.token).await?;
        Ok(self.number(opened).await?.toast(self.session.language.admin_done()))
    }

    async fn unlock(&self, opened: Opened) -> Answer {
        let number = opened.number;
        let language = self.session.language;
        let (rentals, leases) = (self.bot.rentals.as_ref(), self.bot.leases.as_ref());
        let request = |command| Request::new(self.actor(), command);
        let freed = match self.lock_token(&LeaseName::Number(number)).await? {
            Some(token) => unlock_number(rentals, leases, number, &token, request).await?,
            None => false,
        };
        let view = self.number(opened).await?;
        Ok(if freed { view.toast(language.admin_done()) } else { view.alert(language.admin_lock_not_here()) })
    }

    async fn more(&self, opened: Opened, term: Term, mark: Mark) -> Answer {
        let (language, number) = (self.session.language, opened.number);
        if !self.first_answer(mark).await? {
            return Ok(self.number(opened).await?.toast(language.admin_answered()));
        }
        self.change(opened, Command::Extend { number, term }).await
    }

    /// Whether nobody has answered this question before.
    async fn first_answer(&self, mark: Mark) -> Result<bool, StoreError> {
        let key = NoteKey::new("answered", mark).expect("a mark is short and visible");
        let how = Writing::passing(ANSWERED).expecting(Expected::Absent);
        Ok(matches!(self.bot.notes.put_note(&key, "", how).await?, Written::Done(_)))
    }

    async fn decide(&self, decision: Decision, tx: TxHash, page: u32) -> Answer {
        let command = match decision {
            Decision::Apply => Command::ApplyPayment { tx, invoice: None },
            Decision::Refund => Command::RefundPayment { tx },
            Decision::Refunded => Command::ConfirmRefund { tx, refund_tx: None },
            Decision::WriteOff => Command::WriteOffPayment { tx },
        };
        let language = self.session.language;
        match self.execute(command).await {
            Ok(_) => Ok(self.payment(tx, page).await?.toast(language.admin_done())),
            // Somebody else was faster; the screen says what was decided.
            Err(error @ ServiceError::Domain(DomainError::PaymentDecided { .. })) => {
                Ok(self.payment(tx, page).await?.alert(language.admin_refusal(&error)))
            }
            Err(error) => Err(error),
        }
    }

    /// What opens a wallet to send a payment back, when that was decided.
    pub(super) async fn refund_links(&self, payment: &Payment) -> Result<Option<PaymentLinks>, ServiceError> {
        if !matches!(payment.outcome, Outcome::RefundPending { .. }) {
            return Ok(None);
        }
        let jetton = match payment.amount.currency() {
            Currency::Ton => None,
            // Without its master the link would send coins.
            token @ Currency::Usdt => {
                let shop = self.bot.rentals.shop().await?.shop;
                Some(shop.jetton(token).ok_or(ServiceError::Unexpected)?.to_owned())
            }
        };
        Ok(Some(self.bot.gateway.links(&PaymentRequest {
            address: payment.sender.clone(),
            amount: payment.amount,
            jetton,
            comment: Some(format!("Refund {}", &payment.tx.to_string()[..16])),
            expires_at: None,
        })))
    }

    async fn send_news(&self, mark: Mark) -> Answer {
        let language = self.session.language;
        let Some((text, message)) = self.draft().await? else {
            return Ok(View::from(screens::no_news(language)).alert(language.admin_draft_gone()));
        };
        if !self.first_answer(mark).await? {
            return Ok(self.news().await?.toast(language.admin_answered()));
        }
        let broadcasts = Broadcasts::new(self.bot.notes.clone());
        if broadcasts.running().await? {
            return Ok(self.news().await?.alert(language.admin_news_running()));
        }
        self.execute(Command::NoteNews { text: Some(text.clone()) }).await?;
        if !broadcasts.begin(&escape(&text), self.session.user, message).await? {
            return Ok(self.news().await?.alert(language.admin_news_running()));
        }
        self.news().await
    }

    async fn stop_news(&self) -> Answer {
        let broadcasts = Broadcasts::new(self.bot.notes.clone());
        if broadcasts.running().await? {
            self.execute(Command::NoteNews { text: None }).await?;
            broadcasts.stop().await?;
        }
        self.news().await
    }
}
