//! Invoices: to pay, paid, over; the history; payments that settled nothing.

use rental_core::{
    ExceptionReason, Invoice, InvoiceId, InvoiceKind, InvoiceStatus, Outcome, Payment, PaymentLinks,
    Timestamp,
};

use super::{day, moment, money};
use crate::bot::House;
use crate::callback::{Callback, Filter, Place, Purpose, Wish};
use crate::screen::{Button, Screen, Style};
use crate::texts::Language;

/// An invoice with all that its screen shows.
#[derive(Debug, Clone)]
pub(crate) struct Paying {
    /// The invoice.
    pub(crate) invoice: Invoice,
    /// What opens a wallet.
    pub(crate) links: PaymentLinks,
    /// The end of the rental, when the customer holds the number.
    pub(crate) held_until: Option<Timestamp>,
    /// Payments for it that settled nothing.
    pub(crate) odd: Vec<Payment>,
    /// Whether toy coins can be sent.
    pub(crate) toy: bool,
    /// The present moment.
    pub(crate) now: Timestamp,
}

/// An invoice, whatever has become of it.
pub(crate) fn paying(language: Language, paying: &Paying) -> Screen {
    let Paying { invoice, held_until, now, .. } = paying;
    let (id, pretty) = (invoice.id, invoice.number.pretty());
    let check = || Button::press(language.to_check(), Callback::Invoice(id));
    let screen = match invoice.status {
        InvoiceStatus::Open if invoice.waiting.is_some() => {
            Screen::new(language.pay_seen()).row([check(), language.home_button()])
        }
        InvoiceStatus::Open if !invoice.is_payable(*now) => {
            Screen::new(language.pay_over()).row([check(), language.home_button()])
        }
        InvoiceStatus::Open => to_pay(language, paying),
        InvoiceStatus::Settled { .. } => {
            let text = match (invoice.kind, held_until) {
                (InvoiceKind::Rent, Some(until)) => language.pay_done_rent(pretty, moment(*until)),
                (InvoiceKind::Renew, Some(until)) => language.pay_done_renew(pretty, moment(*until)),
                (_, None) => language.pay_done(pretty),
            };
            let open = held_until.map(|_| {
                Button::press(language.to_rental(), Callback::Rental(invoice.number)).styled(Style::Success)
            });
            Screen::new(text).row(open).row([language.home_button()])
        }
        InvoiceStatus::Expired { .. } => over(language, invoice, language.pay_expired(pretty)),
        InvoiceStatus::Cancelled { .. } => over(language, invoice, language.pay_cancelled(pretty)),
    };
    let odd: Vec<String> = paying.odd.iter().map(|odd| about_payment(language, odd, Some(invoice))).collect();
    if odd.is_empty() || matches!(invoice.status, InvoiceStatus::Settled { .. }) {
        return screen;
    }
    let text = format!("{}\n\n⚠️ {}\n{}", screen.text, odd.join("\n⚠️ "), language.attention_hint());
    Screen { text, ..screen }
}

fn to_pay(language: Language, paying: &Paying) -> Screen {
    let Paying { invoice, links, toy, now, .. } = paying;
    let (id, pretty, term) = (invoice.id, invoice.number.pretty(), language.term(invoice.term));
    let title = match invoice.kind {
        InvoiceKind::Rent => language.pay_rent(money(invoice.amount), pretty, term),
        InvoiceKind::Renew => language.pay_renew(money(invoice.amount), pretty, term),
    };
    let (number, comment) = (invoice.amount.number(), invoice.payload.to_string());
    let left = language.span(invoice.expires_at.since(*now));
    let text = [
        title,
        language.pay_how(&invoice.wallet, &comment, &number, invoice.amount.currency().label()),
        language.pay_time(left, moment(invoice.expires_at)),
        language.pay_watching(),
    ]
    .join("\n\n");
    let toy = toy.then(|| Button::press(language.to_try_pay(), Callback::TryPay(id)));
    let wallets: Vec<Button> =
        links.wallets.iter().map(|link| Button::open(language.wallet(&link.name), &link.url)).collect();
    let screen = wallets.chunks(2).fold(Screen::new(text), |screen, row| screen.row(row.iter().cloned()));
    screen
        .row([
            Button::copy(language.to_copy_address(), &invoice.wallet),
            Button::copy(language.to_copy_comment(), comment),
            Button::copy(language.to_copy_amount(), number),
        ])
        .row(toy)
        .row([
            Button::press(language.to_qr(), Callback::Qr(id)),
            Button::press(language.to_check(), Callback::Invoice(id)),
        ])
        .row([
            Button::press(language.to_cancel_invoice(), Callback::AskCancel(id)).styled(Style::Danger),
            language.home_button(),
        ])
}

fn over(language: Language, invoice: &Invoice, text: String) -> Screen {
    let Invoice { kind, number, term, amount, .. } = *invoice;
    let again = match kind {
        InvoiceKind::Rent => Callback::Number(number, Place::default()),
        InvoiceKind::Renew => {
            let currency = amount.currency();
            let wish = Wish { purpose: Purpose::Renew, number, term, currency };
            Callback::Quote(wish, Place::default())
        }
    };
    Screen::new(text).row([Button::press(language.to_pay_again(), again), language.home_button()])
}

/// What stands below the code to scan.
pub(crate) fn qr_caption(language: Language, invoice: &Invoice) -> Screen {
    Screen::new(language.pay_qr(money(invoice.amount), invoice.number.pretty()))
        .row([Button::press(language.to_close(), Callback::Close)])
}

/// Whether an invoice shall be cancelled.
pub(crate) fn cancel_question(language: Language, invoice: &Invoice) -> Screen {
    Screen::new(language.ask_cancel(invoice.number.pretty())).row([
        Button::press(language.to_cancel_yes(), Callback::Cancel(invoice.id)).styled(Style::Danger),
        language.back_button(Callback::Invoice(invoice.id)),
    ])
}

/// Open invoices.
pub(crate) fn invoices(language: Language, open: &[Invoice]) -> Screen {
    if open.is_empty() {
        let browse = Button::press(language.to_browse(), Callback::Browse(Filter::default().into()));
        return Screen::new(language.invoices_none()).row([browse]).row([language.home_button()]);
    }
    let lines = open.iter().map(|invoice| {
        let label = language.invoice_line(invoice.number.pretty(), money(invoice.amount));
        Button::press(label, Callback::Invoice(invoice.id))
    });
    Screen::new(language.invoices()).rows(lines).row([language.home_button()])
}

/// A page of a customer's invoices.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// The invoices, newest first.
    pub(crate) invoices: Vec<Invoice>,
    /// The one after which the page begins, if it is not the first page.
    pub(crate) after: Option<InvoiceId>,
    /// The last one, when there are older ones.
    pub(crate) older: Option<InvoiceId>,
    /// How many payments settled nothing, and whether there are more.
    pub(crate) odd: (usize, bool),
}

/// What was paid for.
pub(crate) fn history(language: Language, history: &History) -> Screen {
    let lines: Vec<String> = history
        .invoices
        .iter()
        .map(|invoice| {
            let status = match invoice.status {
                InvoiceStatus::Open => language.status_open(),
                InvoiceStatus::Settled { .. } => language.status_settled(),
                InvoiceStatus::Expired { .. } => language.status_expired(),
                InvoiceStatus::Cancelled { .. } => language.status_cancelled(),
            };
            let (date, number) = (day(invoice.created_at), invoice.number.pretty());
            let (term, amount) = (language.term(invoice.term), money(invoice.amount));
            match invoice.kind {
                InvoiceKind::Rent => language.history_rent(date, number, term, amount, status),
                InvoiceKind::Renew => language.history_renew(date, number, term, amount, status),
            }
        })
        .collect();
    let text = if lines.is_empty() {
        language.history_none()
    } else {
        format!("{}\n\n{}", language.history(), lines.join("\n"))
    };
    let (count, more) = history.odd;
    let odd = (count > 0).then(|| {
        let label = if more { language.to_attention_more(count) } else { language.to_attention(count) };
        Button::press(label, Callback::Attention(history.after))
    });
    let newest = history.after.map(|_| Button::press(language.to_newest(), Callback::History(None)));
    let older = history.older.map(|id| Button::press(language.to_older(), Callback::History(Some(id))));
    Screen::new(text).row(odd).row(newest.into_iter().chain(older)).row([language.home_button()])
}

/// Payments that settled nothing, each with the invoice it names; Back leads to the page of the history after `after`.
pub(crate) fn attention(
    language: Language,
    odd: &[(Payment, Option<Invoice>)],
    after: Option<InvoiceId>,
    house: &House,
) -> Screen {
    let support = house.support_url.clone().map(|url| Button::open(language.to_support(), url));
    let back = [language.back_button(Callback::History(after)), language.home_button()];
    if odd.is_empty() {
        return Screen::new(language.attention_none()).row(back);
    }
    let lines: Vec<String> = odd
        .iter()
        .map(|(payment, invoice)| {
            let outcome = match payment.outcome {
                Outcome::Exception { .. } => language.outcome_exception(),
                Outcome::RefundPending { .. } => language.outcome_refund_pending(),
                Outcome::Refunded { .. } => language.outcome_refunded(),
                // Neither of the last two is odd, so none of them comes here.
                Outcome::Applied { .. } | Outcome::Settled | Outcome::Deposit => language.outcome_applied(),
                Outcome::WrittenOff { .. } => language.outcome_written_off(),
            };
            format!(
                "{} · {}\n{outcome}",
                day(payment.chain_time),
                about_payment(language, payment, invoice.as_ref())
            )
        })
        .collect();
    let text = format!("{}\n\n{}\n\n{}", language.attention(), lines.join("\n\n"), language.attention_hint());
    Screen::new(text).row(support).row(back)
}

/// What is odd about a payment.
pub(crate) fn about_payment(language: Language, payment: &Payment, invoice: Option<&Invoice>) -> String {
    let amount = money(payment.amount);
    let Some(invoice) = invoice else {
        return language.attention_other(amount, "—");
    };
    let (number, due) = (invoice.number.pretty(), money(invoice.amount));
    match payment.outcome.reason() {
        Some(ExceptionReason::Underpaid) => {
            let missing = invoice.amount.checked_sub(payment.amount).unwrap_or(invoice.amount);
            language.attention_underpaid(money(missing), number, amount, due)
        }
        Some(ExceptionReason::Overpaid) => {
            let extra = payment.amount.checked_sub(invoice.amount).unwrap_or(payment.amount);
            language.attention_overpaid(money(extra), number, amount, due)
        }
        Some(ExceptionReason::WrongCurrency) => language.attention_currency(amount, number, due),
        Some(ExceptionReason::Late) => language.attention_late(amount, number),
        Some(ExceptionReason::Early) => language.attention_early(amount, number),
        Some(ExceptionReason::Duplicate) => language.attention_duplicate(amount, number),
        Some(ExceptionReason::Cancelled) => language.attention_cancelled(amount, number),
        Some(ExceptionReason::NumberGone) => language.attention_gone(amount, number),
        Some(ExceptionReason::NumberLocked) => language.attention_locked(amount, number),
        Some(ExceptionReason::Unconfirmed) => language.attention_unconfirmed(amount, number),
        Some(ExceptionReason::Disputed) => language.attention_disputed(amount, number),
        Some(
            ExceptionReason::UnknownPayload
            | ExceptionReason::NoComment
            | ExceptionReason::UnreadableComment
            | ExceptionReason::UnreadableMessage,
        )
        | None => language.attention_other(amount, number),
    }
}
