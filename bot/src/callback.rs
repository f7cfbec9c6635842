//! What a button tells the bot: one enum, written into the 64 bytes that Telegram allows.
//!
//! The first character is the version of this form; a button of another version, or of none, is *stale* and answered
//! with a fresh screen. Anybody can send any data, so nothing here proves anything: every action is checked against who
//! presses, by the core.

mod fields;
mod press;

use std::fmt;
use std::str::FromStr;

use rental_core::{Amount, Currency, InvoiceId, NumberPattern, PhoneNumber, Rental, Term, TransferToken};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::texts::Language;
use fields::{Reader, Writer};
pub(crate) use press::{Decision, LOCKS, Opened, Press, Shelf, Source};

/// The version of the form. Another one makes all buttons that are out there stale.
const VERSION: char = '1';

/// What stands before a number of dollars; without it, it is one of the chain's own coins.
const DOLLARS: char = '$';

/// What a button means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callback {
    /// Nothing: a label.
    Nothing,
    /// Take this message away.
    Close,
    /// Show the home screen.
    Home,
    /// Send news, or no more.
    News(bool),
    /// What operators press.
    Admin(Press),

    /// Show free numbers.
    Browse(Place),
    /// Show how the list can be narrowed.
    Narrow(Filter),
    /// Ask for digits to look for; where in the list that was.
    AskDigits(Place),
    /// Show a number of the list.
    Number(PhoneNumber, Place),

    /// Show what would be paid for, and ask; where in the list the number was.
    Quote(Wish, Place),
    /// Open the invoice that was shown.
    Order(Order),
    /// Show open invoices.
    Invoices,
    /// Show an invoice.
    Invoice(InvoiceId),
    /// Show an invoice's code to scan.
    Qr(InvoiceId),
    /// Ask whether to cancel an invoice.
    AskCancel(InvoiceId),
    /// Cancel an invoice.
    Cancel(InvoiceId),
    /// Pay an invoice with toy coins.
    TryPay(InvoiceId),

    /// Show the numbers that the customer holds; which page.
    Rentals(u32),
    /// Show one of them.
    Rental(PhoneNumber),
    /// Show for how long it can be renewed.
    Renew(PhoneNumber),
    /// Show how it can be handed on.
    Transfer(PhoneNumber),
    /// Ask for a person from the user's contacts.
    PickPerson(PhoneNumber),
    /// Ask for a person's id.
    AskPerson(PhoneNumber),
    /// Offer it to a person; the question's own mark.
    Offer(PhoneNumber, u64, Mark),
    /// Ask whether to make a link.
    AskLink(PhoneNumber),
    /// Offer it to whoever has a link; the question's own mark.
    MakeLink(PhoneNumber, Mark),
    /// Take an offer back.
    Withdraw(PhoneNumber),
    /// Show what is offered to the customer.
    Offered(PhoneNumber),
    /// Take what is offered to the customer.
    Accept(PhoneNumber),
    /// Say no to what is offered to the customer.
    Decline(PhoneNumber),
    /// Take what is offered with a link.
    AcceptLink(TransferToken),
    /// Say no to what is offered with a link.
    DeclineLink(TransferToken),

    /// Show the customer's invoices, older than this one.
    History(Option<InvoiceId>),
    /// Show payments that settled nothing; after which invoice the page of the history begins that led there.
    Attention(Option<InvoiceId>),
    /// Show help.
    Help,
    /// Show the rules.
    Rules(Origin),
    /// Show the languages.
    Languages,
    /// Speak a language from now on.
    Speak(Language),
}

/// A place in the list of free numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The page, from 0; one that does not exist is the last one.
    pub(crate) page: u32,
    /// What is listed.
    pub(crate) filter: Filter,
    /// The number after which the list begins, where a long one goes on.
    pub(crate) after: Option<PhoneNumber>,
}

/// What the list of free numbers is narrowed to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(crate) struct Filter {
    /// Offered for this term.
    pub(crate) term: Option<Term>,
    /// For no more than this.
    pub(crate) most: Option<Step>,
    /// With such digits.
    pub(crate) pattern: Option<NumberPattern>,
}

/// A round price: so many whole coins of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) currency: Currency,
    pub(crate) coins: u32,
}

impl Step {
    /// The price; `None` when there is not that much of anything.
    pub(crate) fn amount(self) -> Option<Amount> {
        Amount::whole(self.currency, u64::from(self.coins))
    }
}

impl From<Filter> for Place {
    fn from(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }
}

/// From where the rules were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From home, or by a command.
    Home,
    /// From the help.
    Help,
    /// From the question before an invoice.
    Quote(Wish, Place),
}

/// What somebody wants to pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) purpose: Purpose,
    pub(crate) number: PhoneNumber,
    pub(crate) term: Term,
    pub(crate) currency: Currency,
}

/// What for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A new rental.
    Rent,
    /// More time.
    Renew,
}

/// A wish at the price that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) wish: Wish,
    /// In the wish's currency.
    pub(crate) price: Amount,
    /// Tells one showing of the question from another: pressing twice is ordering once.
    pub(crate) mark: Mark,
}

/// Tells one showing of a question from another; 40 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    /// The mark of these random bits.
    pub(crate) const fn new(random: u64) -> Self {
        Self(random & ((1 << 40) - 1))
    }

    /// The mark of a rental: another holder's has another one, and so has another one of the same holder.
    pub(crate) fn of(rental: &Rental) -> Self {
        let digest = Sha256::digest(format!("{} {}", rental.holder, rental.started_at));
        Self::new(digest.iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte)))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010x}", self.0)
    }
}

/// The data is of another version, or not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale;

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Writer::default();
        match self {
            Self::Nothing => out.tag("x"),
            Self::Close => out.tag("d"),
            Self::Home => out.tag("h"),
            Self::News(wanted) => out.tag("c").number(u64::from(*wanted)),
            Self::Admin(press) => press.write(&mut out),
            Self::Browse(place) => out.tag("b").place(place),
            Self::Narrow(filter) => out.tag("f").filter(filter),
            Self::AskDigits(place) => out.tag("fd").place(place),
            Self::Number(number, place) => out.tag("n").phone(*number).place(place),
            Self::Quote(wish, place) => out.tag("q").wish(wish).place(place),
            Self::Order(Order { wish, price, mark }) => {
                out.tag("o").wish(wish).number(price.units()).number(mark.0)
            }
            Self::Invoices => out.tag("ii"),
            Self::Invoice(id) => out.tag("i").text(id),
            Self::Qr(id) => out.tag("iq").text(id),
            Self::AskCancel(id) => out.tag("ia").text(id),
            Self::Cancel(id) => out.tag("ic").text(id),
            Self::TryPay(id) => out.tag("ip").text(id),
            Self::Rentals(page) => out.tag("rr").number(u64::from(*page)),
            Self::Rental(number) => out.tag("r").phone(*number),
            Self::Renew(number) => out.tag("rn").phone(*number),
            Self::Transfer(number) => out.tag("t").phone(*number),
            Self::PickPerson(number) => out.tag("tp").phone(*number),
            Self::AskPerson(number) => out.tag("ta").phone(*number),
            Self::Offer(number, to, mark) => out.tag("to").phone(*number).number(*to).number(mark.0),
            Self::AskLink(number) => out.tag("tl").phone(*number),
            Self::MakeLink(number, mark) => out.tag("tm").phone(*number).number(mark.0),
            Self::Withdraw(number) => out.tag("tw").phone(*number),
            Self::Offered(number) => out.tag("w").phone(*number),
            Self::Accept(number) => out.tag("wa").phone(*number),
            Self::Decline(number) => out.tag("wd").phone(*number),
            Self::AcceptLink(token) => out.tag("la").text(token.expose()),
            Self::DeclineLink(token) => out.tag("ld").text(token.expose()),
            Self::History(None) => out.tag("y"),
            Self::History(Some(after)) => out.tag("yo").text(after),
            Self::Attention(None) => out.tag("z"),
            Self::Attention(Some(after)) => out.tag("zo").text(after),
            Self::Help => out.tag("e"),
            Self::Rules(Origin::Home) => out.tag("u"),
            Self::Rules(Origin::Help) => out.tag("ue"),
            Self::Rules(Origin::Quote(wish, place)) => out.tag("uq").wish(wish).place(place),
            Self::Languages => out.tag("g"),
            Self::Speak(language) => out.tag("gs").text(language.code()),
        };
        write!(f, "{VERSION}{out}")
    }
}

impl FromStr for Callback {
    type Err = Stale;

    fn from_str(text: &str) -> Result<Self, Stale> {
        let mut fields = Reader::new(text.strip_prefix(VERSION).ok_or(Stale)?);
        let callback = match fields.tag()? {
            "x" => Self::Nothing,
            "d" => Self::Close,
            "h" => Self::Home,
            "c" => match fields.number()? {
                0 => Self::News(false),
                1 => Self::News(true),
                _ => return Err(Stale),
            },
            tag if tag.starts_with('a') => Self::Admin(Press::read(tag, &mut fields)?),
            "b" => Self::Browse(fields.place()?),
            "f" => Self::Narrow(fields.filter()?),
            "fd" => Self::AskDigits(fields.place()?),
            "n" => Self::Number(fields.phone()?, fields.place()?),
            "q" => Self::Quote(fields.wish()?, fields.place()?),
            "o" => {
                let wish = fields.wish()?;
                let price = Amount::new(wish.currency, fields.number()?).ok_or(Stale)?;
                Self::Order(Order { wish, price, mark: fields.mark()? })
            }
            "ii" => Self::Invoices,
            "i" => Self::Invoice(fields.text()?),
            "iq" => Self::Qr(fields.text()?),
            "ia" => Self::AskCancel(fields.text()?),
            "ic" => Self::Cancel(fields.text()?),
            "ip" => Self::TryPay(fields.text()?),
            "rr" => Self::Rentals(fields.small()?),
            "r" => Self::Rental(fields.phone()?),
            "rn" => Self::Renew(fields.phone()?),
            "t" => Self::Transfer(fields.phone()?),
            "tp" => Self::PickPerson(fields.phone()?),
            "ta" => Self::AskPerson(fields.phone()?),
            "to" => Self::Offer(fields.phone()?, fields.user()?, fields.mark()?),
            "tl" => Self::AskLink(fields.phone()?),
            "tm" => Self::MakeLink(fields.phone()?, fields.mark()?),
            "tw" => Self::Withdraw(fields.phone()?),
            "w" => Self::Offered(fields.phone()?),
            "wa" => Self::Accept(fields.phone()?),
            "wd" => Self::Decline(fields.phone()?),
            "la" => Self::AcceptLink(fields.token()?),
            "ld" => Self::DeclineLink(fields.token()?),
            "y" => Self::History(None),
            "yo" => Self::History(Some(fields.text()?)),
            "z" => Self::Attention(None),
            "zo" => Self::Attention(Some(fields.text()?)),
            "e" => Self::Help,
            "u" => Self::Rules(Origin::Home),
            "ue" => Self::Rules(Origin::Help),
            "uq" => Self::Rules(Origin::Quote(fields.wish()?, fields.place()?)),
            "g" => Self::Languages,
            "gs" => Self::Speak(fields.language()?),
            _ => return Err(Stale),
        };
        fields.end().map(|()| callback)
    }
}

impl Writer {
    fn phone(&mut self, number: PhoneNumber) -> &mut Self {
        self.number(number.as_u64())
    }

    fn filter(&mut self, filter: &Filter) -> &mut Self {
        let Filter { term, most, pattern } = filter;
        self.optional(term.map(|term| u64::from(term.days())));
        match most {
            Some(Step { currency: Currency::Usdt, coins }) => self.marked(DOLLARS, u64::from(*coins)),
            most => self.optional(most.map(|most| u64::from(most.coins))),
        };
        self.text(pattern.as_ref().map_or("", NumberPattern::as_str))
    }

    fn place(&mut self, place: &Place) -> &mut Self {
        let Place { page, filter, after } = place;
        self.number(u64::from(*page)).filter(filter);
        match after {
            Some(after) => self.phone(*after),
            None => self,
        }
    }

    fn wish(&mut self, wish: &Wish) -> &mut Self {
        let Wish { purpose, number, term, currency } = wish;
        let purpose = match (purpose, currency) {
            (Purpose::Rent, Currency::Ton) => "n",
            (Purpose::Rent, Currency::Usdt) => "nu",
            (Purpose::Renew, Currency::Ton) => "r",
            (Purpose::Renew, Currency::Usdt) => "ru",
        };
        self.text(purpose).phone(*number).number(u64::from(term.days()))
    }
}

impl Reader<'_> {
    fn small(&mut self) -> Result<u32, Stale> {
        self.number()?.try_into().map_err(|_| Stale)
    }

    fn phone(&mut self) -> Result<PhoneNumber, Stale> {
        PhoneNumber::from_digits(self.number()?).ok_or(Stale)
    }

    fn days(days: u64) -> Result<Term, Stale> {
        u32::try_from(days).ok().and_then(|days| Term::from_days(days).ok()).ok_or(Stale)
    }

    fn filter(&mut self) -> Result<Filter, Stale> {
        Ok(Filter {
            term: self.optional()?.map(Self::days).transpose()?,
            most: self.step()?,
            pattern: self.optional_text()?,
        })
    }

    fn step(&mut self) -> Result<Option<Step>, Stale> {
        let (currency, coins) = match self.marked(DOLLARS)? {
            Some(coins) => (Currency::Usdt, Some(coins)),
            None => (Currency::Ton, self.optional()?),
        };
        let coins = coins.map(u32::try_from).transpose().map_err(|_| Stale)?;
        Ok(coins.map(|coins| Step { currency, coins }))
    }

    fn place(&mut self) -> Result<Place, Stale> {
        let (page, filter) = (self.small()?, self.filter()?);
        let after = if self.is_at_end() { None } else { Some(self.phone()?) };
        Ok(Place { page, filter, after })
    }

    fn wish(&mut self) -> Result<Wish, Stale> {
        let (purpose, currency) = match self.text::<String>()?.as_str() {
            "n" => (Purpose::Rent, Currency::Ton),
            "nu" => (Purpose::Rent, Currency::Usdt),
            "r" => (Purpose::Renew, Currency::Ton),
            "ru" => (Purpose::Renew, Currency::Usdt),
            _ => return Err(Stale),
        };
        Ok(Wish { purpose, number: self.phone()?, term: Self::days(self.number()?)?, currency })
    }

    fn mark(&mut self) -> Result<Mark, Stale> {
        let number = self.number()?;
        Some(Mark::new(number)).filter(|mark| mark.0 == number).ok_or(Stale)
    }

    fn token(&mut self) -> Result<TransferToken, Stale> {
        let text = self.text::<String>()?;
        let token = text.parse::<TransferToken>().map_err(|_| Stale)?;
        if token.expose() == text { Ok(token) } else { Err(Stale) }
    }

    fn language(&mut self) -> Result<Language, Stale> {
        let code = self.text::<String>()?;
        Language::ALL.into_iter().find(|language| language.code() == code).ok_or(Stale)
    }
}

#[cfg(test)]
mod tests;
