//! The operators' screens: pure functions from what is to be shown to what is shown.

use rental_core::{
    Access, Account, AuditEntry, Comment, Currency, ExceptionReason, Holding, Invoice, Listing, NumberRecord,
    NumberState, Outcome, Payment, PaymentLinks, PhoneNumber, Rental, ServiceError, Term, Timestamp, Totals,
};

use super::Press;
use super::looking::PER_PAGE;
use crate::callback::{Decision, LOCKS, Mark, Opened, Shelf, Source};
use crate::outgoing::Progress;
use crate::screen::{Button, Screen, Style};
use crate::screens::moment;
use crate::texts::{Html, Language};

/// By how many days a rental can be made longer from here.
const MORE: [u32; 4] = [1, 7, 30, 90];
/// How old the newest look at the chain may be before the panel says so.
const STALE: u64 = 10 * 60;
/// The most characters of a comment or a detail that are shown.
const SHOWN: usize = 200;

/// What the panel says about the shop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Whether the owner looks.
    pub(crate) owner: bool,
    /// How many payments need a decision.
    pub(crate) odd: usize,
    /// Up to when the chain has been read.
    pub(crate) read_to: Timestamp,
    /// The present moment.
    pub(crate) now: Timestamp,
}

/// A number as operators see it.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    /// The number.
    pub(crate) record: NumberRecord,
    /// When the lock on it ends.
    pub(crate) locked_until: Option<Timestamp>,
    /// From where it was opened.
    pub(crate) opened: Opened,
}

impl Language {
    /// What to tell an operator when the shop refuses.
    pub(crate) fn admin_refusal(self, error: &ServiceError) -> String {
        let name = format!("admin_error_{}", error.code().replace('.', "_"));
        self.find(&name, Vec::new()).unwrap_or_else(|| self.refusal(error))
    }

    /// What is odd about a payment.
    pub(crate) fn reason(self, reason: ExceptionReason) -> String {
        self.admin_reason(reason.name())
    }
}

fn press(text: String, press: Press) -> Button {
    Button::press(text, press.into())
}

fn panel_button(language: Language) -> Button {
    press(language.admin_to_panel(), Press::Panel)
}

fn back(language: Language, to: Press) -> Button {
    press(language.admin_to_back(), to)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}

/// The first screen.
pub(crate) fn panel(language: Language, totals: &Totals, standing: &Standing) -> Screen {
    let in_state = |wanted: NumberState| {
        totals.numbers.iter().filter(|(state, _)| *state == wanted).map(|(_, count)| count).sum::<u64>()
    };
    let held = in_state(NumberState::Rented) + in_state(NumberState::Grace);
    let mut text = language.admin_panel(in_state(NumberState::Available), held, standing.odd);
    if standing.now.since(standing.read_to).0 > STALE {
        text = format!("{text}\n\n{}", language.admin_chain_behind(moment(standing.read_to)));
    }
    let screen = Screen::new(text)
        .row([
            press(language.admin_to_pool(), Press::Pool(Shelf::All, None)),
            press(language.admin_to_add(), Press::AskAdd),
        ])
        .row([
            press(language.admin_to_held(), Press::Pool(Shelf::Held, None)),
            press(language.admin_to_idle(), Press::Pool(Shelf::Idle, None)),
        ])
        .row([
            press(language.admin_to_find(), Press::AskNumber),
            press(language.admin_to_customer(), Press::AskCustomer),
        ])
        .row([press(language.admin_to_payments(standing.odd), Press::Payments(0))])
        .row([
            press(language.admin_to_figures(), Press::Figures),
            press(language.admin_to_trail(), Press::Trail(0)),
        ]);
    let admins = standing.owner.then(|| press(language.admin_to_admins(), Press::Admins(0)));
    screen
        .row(std::iter::once(press(language.admin_to_news(), Press::News)).chain(admins))
        .row([language.home_button()])
}

/// A page of the pool.
pub(crate) fn pool(
    language: Language,
    part: Shelf,
    records: &[NumberRecord],
    after: Option<PhoneNumber>,
    next: Option<PhoneNumber>,
) -> Screen {
    let text = match part {
        Shelf::All => language.admin_pool(),
        Shelf::Held => language.admin_held(),
        Shelf::Idle => language.admin_idle(),
    };
    let text = if records.is_empty() { format!("{text}\n\n{}", language.admin_none()) } else { text };
    let lines = records.iter().map(|record| {
        let state = language.admin_state(record.state().name());
        press(
            language.admin_pool_line(record.number.pretty(), state),
            Press::Number(Opened { number: record.number, from: Source::Pool(part, after) }),
        )
    });
    let first = after.map(|_| press(language.admin_to_first(), Press::Pool(part, None)));
    let next = next.map(|next| press(language.admin_to_next(), Press::Pool(part, Some(next))));
    Screen::new(text).rows(lines).row(first.into_iter().chain(next)).row([panel_button(language)])
}

/// A number.
pub(crate) fn number(language: Language, card: &Card) -> Screen {
    let Card { record, locked_until, opened } = card;
    let (opened, state) = (*opened, record.state());
    let plans = record.plans.iter().map(|plan| {
        let prices: Vec<_> = plan.prices().map(|price| price.to_string()).collect();
        language.admin_plan(language.term(plan.term()), prices.join(" / "))
    });
    let plans: Vec<_> = plans.collect();
    let plans = if plans.is_empty() { language.admin_no_plans() } else { plans.join(", ") };
    let mut lines =
        vec![language.admin_number(record.number.pretty(), language.admin_state(state.name()), Html(plans))];
    match &record.holding {
        Holding::Rented(rental) | Holding::Grace { rental, .. } => {
            lines.push(language.admin_holder(rental.holder.to_string(), moment(rental.expires_at)));
        }
        Holding::Reserved { customer, until, .. } => {
            lines.push(language.admin_reserved(customer.to_string(), moment(*until)));
        }
        Holding::Turnover { until: Some(until) } => lines.push(language.admin_turnover(moment(*until))),
        Holding::Turnover { until: None } => lines.push(language.admin_turnover_waits()),
        Holding::Free => {}
    }
    if let Some(until) = locked_until {
        lines.push(language.admin_locked(moment(*until)));
    }
    let offered = record.listing == Listing::Listed;
    let restore = !offered || matches!(record.holding, Holding::Turnover { .. });
    let pause = if restore {
        press(language.admin_to_restore(), Press::Restore(opened)).styled(Style::Success)
    } else {
        press(language.admin_to_withdraw(), Press::AskWithdraw(opened))
    };
    let locks: Vec<_> = match locked_until {
        Some(_) => vec![press(language.admin_to_unlock(), Press::Unlock(opened))],
        None => {
            LOCKS.map(|minutes| press(language.admin_to_lock(minutes), Press::Lock(opened, minutes))).into()
        }
    };
    let rental = record.rental().map(|_| {
        [
            press(language.admin_to_extend(), Press::Extend(opened)),
            press(language.admin_to_revoke(), Press::AskRevoke(opened)).styled(Style::Danger),
        ]
    });
    Screen::new(lines.join("\n"))
        .row([press(language.admin_to_price(), Press::AskPrice(opened)), pause])
        .row(rental.into_iter().flatten())
        .row(locks)
        .row([back(language, opened.back()), panel_button(language)])
}

/// By how much a rental can be made longer.
pub(crate) fn extend(language: Language, opened: Opened) -> Screen {
    let terms = MORE.into_iter().filter_map(|days| Term::from_days(days).ok());
    let more = terms.map(|term| press(language.term(term), Press::AskMore(opened, term)));
    Screen::new(language.admin_extend(opened.number.pretty()))
        .row(more)
        .row([back(language, Press::Number(opened))])
}

fn question(language: Language, text: String, yes: String, act: Press, no: Press) -> Screen {
    Screen::new(text).row([press(yes, act).styled(Style::Danger), press(language.admin_to_keep(), no)])
}

/// Whether a rental shall be made longer.
pub(crate) fn more_question(language: Language, opened: Opened, term: Term, mark: Mark) -> Screen {
    let text = language.admin_more_question(opened.number.pretty(), language.term(term));
    question(
        language,
        text,
        language.admin_yes_more(),
        Press::More(opened, term, mark),
        Press::Number(opened),
    )
}

/// Whether a number shall not be offered any more.
pub(crate) fn withdraw_question(language: Language, opened: Opened) -> Screen {
    let text = language.admin_withdraw_question(opened.number.pretty());
    question(language, text, language.admin_yes_withdraw(), Press::Withdraw(opened), Press::Number(opened))
}

/// Whether a rental shall end now.
pub(crate) fn revoke_question(language: Language, opened: Opened, rental: &Rental) -> Screen {
    let (holder, until) = (rental.holder.to_string(), moment(rental.expires_at));
    let text = language.admin_revoke_question(opened.number.pretty(), holder, until);
    question(
        language,
        text,
        language.admin_yes_revoke(),
        Press::Revoke(opened, Mark::of(rental)),
        Press::Number(opened),
    )
}

/// Payments that need a decision.
pub(crate) fn payments(language: Language, payments: &[Payment], page: usize, more: bool) -> Screen {
    let here = u32::try_from(page).unwrap_or(u32::MAX);
    let text = language.admin_payments();
    let text = if payments.is_empty() { format!("{text}\n\n{}", language.admin_none()) } else { text };
    let lines = payments.iter().map(|payment| {
        let what = match payment.outcome.reason() {
            Some(reason) if matches!(payment.outcome, Outcome::Exception { .. }) => language.reason(reason),
            _ => language.admin_outcome(payment.outcome.name()),
        };
        press(language.admin_payment_line(payment.amount.to_string(), what), Press::Payment(payment.tx, here))
    });
    Screen::new(text)
        .rows(lines)
        .row(turning(language, page, more, Press::Payments))
        .row([panel_button(language)])
}

fn turning(language: Language, page: usize, more: bool, to: impl Fn(u32) -> Press) -> Vec<Button> {
    let page = u32::try_from(page).unwrap_or(u32::MAX - 1);
    let first = (page > 0).then(|| press(language.admin_to_first(), to(0)));
    let next = more.then(|| press(language.admin_to_next(), to(page + 1)));
    first.into_iter().chain(next).collect()
}

/// A payment.
pub(crate) fn payment(
    language: Language,
    payment: &Payment,
    page: u32,
    invoice: Option<&Invoice>,
    refund: Option<&PaymentLinks>,
) -> Screen {
    let tx = payment.tx;
    let comment = match &payment.comment {
        Comment::Text(text) => cut(text),
        _ => "—".to_owned(),
    };
    let mut lines = vec![language.admin_payment(
        payment.amount.to_string(),
        moment(payment.chain_time),
        &payment.sender,
        comment,
        tx.to_string(),
    )];
    if let Some(invoice) = invoice {
        let (due, customer) = (invoice.amount.to_string(), invoice.customer.to_string());
        lines.push(language.admin_payment_invoice(invoice.number.pretty(), due, customer));
    }
    if let Some(reason) = payment.outcome.reason() {
        lines.push(language.admin_payment_reason(language.reason(reason)));
    }
    lines.push(language.admin_payment_outcome(language.admin_outcome(payment.outcome.name())));
    let ask = |text, decision| press(text, Press::AskDecide(decision, tx, page));
    let mut screen = Screen::new(lines.join("\n"));
    match payment.outcome {
        Outcome::Exception { .. } => {
            let apply =
                invoice.map(|_| ask(language.admin_to_apply(), Decision::Apply).styled(Style::Success));
            screen = screen.row(apply).row([
                ask(language.admin_to_refund(), Decision::Refund),
                ask(language.admin_to_write_off(), Decision::WriteOff).styled(Style::Danger),
            ]);
        }
        Outcome::RefundPending { .. } => {
            screen.text = format!("{}\n\n{}", screen.text, language.admin_refund_how());
            let link = refund
                .map(|links| Button::open(language.admin_to_wallet(), &links.https).styled(Style::Primary));
            screen = screen.row(link).row([ask(language.admin_to_refunded(), Decision::Refunded)]);
        }
        _ => {}
    }
    screen.row([back(language, Press::Payments(page)), panel_button(language)])
}

/// Whether a payment of this page shall be dealt with so.
pub(crate) fn decision_question(
    language: Language,
    decision: Decision,
    payment: &Payment,
    page: u32,
) -> Screen {
    let amount = payment.amount.to_string();
    let (text, yes) = match decision {
        Decision::Apply => (language.admin_apply_question(amount), language.admin_to_apply()),
        Decision::Refund => (language.admin_refund_question(amount), language.admin_to_refund()),
        Decision::Refunded => (language.admin_refunded_question(amount), language.admin_to_refunded()),
        Decision::WriteOff => (language.admin_write_off_question(amount), language.admin_to_write_off()),
    };
    let tx = payment.tx;
    question(language, text, yes, Press::Decide(decision, tx, page), Press::Payment(tx, page))
}

/// A customer.
pub(crate) fn customer(language: Language, user: u64, account: &Account) -> Screen {
    let mut lines =
        vec![language.admin_customer(user.to_string(), account.numbers.len(), account.open_invoices.len())];
    if let Some(ban) = &account.ban {
        lines.push(language.admin_banned(moment(ban.at)));
    }
    let numbers = account.numbers.iter().take(PER_PAGE);
    let from = Source::Customer(user);
    let numbers =
        numbers.map(|number| press(number.pretty(), Press::Number(Opened { number: *number, from })));
    let ban = match account.ban {
        Some(_) => press(language.admin_to_unban(), Press::Unban(user)).styled(Style::Success),
        None => press(language.admin_to_ban(), Press::AskBan(user)).styled(Style::Danger),
    };
    Screen::new(lines.join("\n")).rows(numbers).row([ban]).row([panel_button(language)])
}

/// Whether a customer shall be barred.
pub(crate) fn ban_question(language: Language, user: u64) -> Screen {
    let text = language.admin_ban_question(user.to_string());
    question(language, text, language.admin_to_ban(), Press::Ban(user), Press::Customer(user))
}

/// Those whom the owner has appointed, by their ids.
fn appointed(access: &Access) -> Vec<u64> {
    let mut all: Vec<u64> = access.all_admins().filter(|user| access.owner != Some(*user)).collect();
    all.sort_unstable();
    all
}

/// The page of the admins on which `user` is, or would be.
pub(crate) fn admins_page(access: &Access, user: u64) -> u32 {
    let before = appointed(access).iter().filter(|other| **other < user).count();
    u32::try_from(before / PER_PAGE).unwrap_or(u32::MAX)
}

/// A page of the admins, for the owner; one that does not exist is the last one.
pub(crate) fn admins(language: Language, access: &Access, page: u32) -> Screen {
    let appointed = appointed(access);
    let last = appointed.len().saturating_sub(1) / PER_PAGE;
    let page = usize::try_from(page).unwrap_or(usize::MAX).min(last);
    let shown = appointed.iter().skip(page * PER_PAGE).take(PER_PAGE);
    let lines =
        shown.map(|user| press(language.admin_to_dismiss(user.to_string()), Press::AskDismiss(*user)));
    let owner = access.owner.map(|owner| owner.to_string()).unwrap_or_default();
    Screen::new(language.admin_admins(owner))
        .rows(lines)
        .row(turning(language, page, page < last, Press::Admins))
        .row([press(language.admin_to_appoint(), Press::AskAppoint(u32::try_from(page).unwrap_or(u32::MAX)))])
        .row([panel_button(language)])
}

/// Whether this user shall be an admin, asked from this page of them; `known` when the user has used the bot.
pub(crate) fn appoint_question(language: Language, user: u64, page: u32, known: bool) -> Screen {
    let text = language.admin_appoint_question(user.to_string());
    let text = if known { text } else { format!("{text}\n\n{}", language.admin_appoint_unknown()) };
    Screen::new(text).row([
        press(language.admin_yes_appoint(), Press::Appoint(user)).styled(Style::Danger),
        back(language, Press::Admins(page)),
    ])
}

/// Whether an admin of this page shall be dismissed.
pub(crate) fn dismiss_question(language: Language, user: u64, page: u32) -> Screen {
    let text = language.admin_dismiss_question(user.to_string());
    question(language, text, language.admin_yes_dismiss(), Press::Dismiss(user), Press::Admins(page))
}

/// Figures about the shop.
pub(crate) fn figures(language: Language, totals: &Totals, dead: usize) -> Screen {
    let mut lines = vec![language.admin_figures()];
    for (state, count) in &totals.numbers {
        lines.push(language.admin_figure(language.admin_state(state.name()), count.to_string()));
    }
    lines.push(language.admin_figure_payments());
    for (outcome, count, sums_of) in &totals.payments {
        let sums = Currency::ALL.into_iter().filter(|currency| sums_of.of(*currency) > 0);
        let sums: Vec<_> = sums.map(|currency| format!("{} {currency}", sums_of.number(currency))).collect();
        let counted = language.admin_figure_sum(count.to_string(), sums.join(", "));
        lines.push(language.admin_figure(language.admin_outcome(outcome), counted));
    }
    lines.push(language.admin_figure_rest(totals.accounts, dead));
    Screen::new(lines.join("\n")).row([panel_button(language)])
}

/// What operators did.
pub(crate) fn trail(language: Language, lines: &[AuditEntry], page: usize, more: bool) -> Screen {
    let mut text = vec![language.admin_trail()];
    if lines.is_empty() {
        text.push(language.admin_none());
    }
    for line in lines {
        let detail =
            line.detail.iter().chain(&line.reason).map(|text| cut(text)).collect::<Vec<_>>().join("; ");
        text.push(language.admin_trail_line(
            moment(line.at),
            &line.actor,
            &line.action,
            cut(&line.object),
            detail,
        ));
    }
    Screen::new(text.join("\n\n"))
        .row(turning(language, page, more, Press::Trail))
        .row([panel_button(language)])
}

/// What an operator is asked to write.
pub(crate) fn asking(language: Language, text: String, back_to: Press) -> Screen {
    Screen::new(text).row([back(language, back_to)])
}

/// What the shop did not do.
pub(crate) fn refused(language: Language, error: &ServiceError) -> Screen {
    let why = language.admin_refusal(error);
    Screen::new(language.admin_refused(why)).row([panel_button(language)])
}

/// What became of numbers that were to be added.
pub(crate) fn added(language: Language, results: &[(PhoneNumber, Option<ServiceError>)]) -> Screen {
    let done = results.iter().filter(|(_, error)| error.is_none()).count();
    let mut lines = vec![language.admin_added(done)];
    for (number, error) in results {
        if let Some(error) = error {
            lines.push(language.admin_not_added(number.pretty(), language.admin_refusal(error)));
        }
    }
    Screen::new(lines.join("\n"))
        .row([press(language.admin_to_pool(), Press::Pool(Shelf::All, None)), panel_button(language)])
}

/// News before they are sent.
pub(crate) fn preview(language: Language, html: &str, everybody: u64, mark: Mark) -> Screen {
    let text = format!("{}\n\n{html}", language.admin_preview(everybody));
    Screen::new(text)
        .row([press(language.admin_to_send(), Press::SendNews(mark)).styled(Style::Danger)])
        .row([press(language.admin_to_other_text(), Press::AskNews), panel_button(language)])
}

/// That there are no news.
pub(crate) fn no_news(language: Language) -> Screen {
    Screen::new(language.admin_no_news())
        .row([press(language.admin_to_write(), Press::AskNews)])
        .row([panel_button(language)])
}

/// How far news have come.
pub(crate) fn progress(language: Language, progress: &Progress) -> Screen {
    let Progress { total, sent, skipped, failed, over, stopped } = *progress;
    let title = match (over, stopped) {
        (_, true) => language.admin_news_stopped(),
        (true, false) => language.admin_news_over(),
        (false, false) => language.admin_news_goes_on(),
    };
    let text = format!(
        "{title}\n\n{}",
        language.admin_news_figures(sent + skipped + failed, total, sent, skipped, failed)
    );
    let first = if over {
        press(language.admin_to_write(), Press::AskNews)
    } else {
        press(language.admin_to_stop(), Press::StopNews).styled(Style::Danger)
    };
    let look = press(language.admin_to_refresh(), Press::News);
    Screen::new(text).row([first, look]).row([panel_button(language)])
}
