//! What the operators' buttons tell the bot.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use rental_core::{PhoneNumber, Term, TxHash};
use serde::{Deserialize, Serialize};

use super::fields::{Reader, Writer};
use super::{Callback, Mark, Stale};

/// For how long a number can be locked with a button, in minutes.
pub(crate) const LOCKS: [u32; 2] = [15, 60];

/// What stands before a customer from whom a number was opened; no part of the pool has this letter.
const HELD: &str = "c";

/// What an operator's button means. Whoever presses it is checked; see `admin.rs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Press {
    /// Show the panel.
    Panel,

    /// Show numbers of the pool.
    Pool(Shelf, Option<PhoneNumber>),
    /// Ask for a number to show.
    AskNumber,
    /// Show a number.
    Number(Opened),
    /// Ask for numbers to add.
    AskAdd,
    /// Ask for a number's new plans.
    AskPrice(Opened),
    /// Ask whether to stop offering a number.
    AskWithdraw(Opened),
    /// Stop offering a number.
    Withdraw(Opened),
    /// Offer a number again.
    Restore(Opened),
    /// Lock a number for so many minutes, one of [`LOCKS`].
    Lock(Opened, u32),
    /// End such a lock.
    Unlock(Opened),
    /// Show by how much a rental can be made longer.
    Extend(Opened),
    /// Ask whether to make a rental longer.
    AskMore(Opened, Term),
    /// Make a rental longer; the question's own mark.
    More(Opened, Term, Mark),
    /// Ask whether to end a rental.
    AskRevoke(Opened),
    /// End a rental; the mark of the one that was asked about.
    Revoke(Opened, Mark),

    /// Show payments that need a decision; which page.
    Payments(u32),
    /// Show a payment, from this page of them.
    Payment(TxHash, u32),
    /// Ask whether to do something with a payment of this page.
    AskDecide(Decision, TxHash, u32),
    /// Do it.
    Decide(Decision, TxHash, u32),

    /// Ask for a customer to show.
    AskCustomer,
    /// Show a customer.
    Customer(u64),
    /// Ask whether to bar a customer.
    AskBan(u64),
    /// Bar a customer.
    Ban(u64),
    /// End that.
    Unban(u64),

    /// Show the admins; which page.
    Admins(u32),
    /// Ask for a new admin, from this page of them.
    AskAppoint(u32),
    /// Make a user an admin.
    Appoint(u64),
    /// Ask whether to dismiss an admin.
    AskDismiss(u64),
    /// Dismiss an admin.
    Dismiss(u64),

    /// Show figures.
    Figures,
    /// Show what operators did; which page.
    Trail(u32),

    /// Show the news that are being sent.
    News,
    /// Ask for the text of news.
    AskNews,
    /// Send the news that were shown.
    SendNews(Mark),
    /// Stop sending.
    StopNews,
}

/// A number that was opened, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// The number.
    pub(crate) number: PhoneNumber,
    /// From where.
    pub(crate) from: Source,
}

/// From where a number was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// From a page of the pool, which begins after another number.
    Pool(Shelf, Option<PhoneNumber>),
    /// From a customer who holds it.
    Customer(u64),
    /// From no list: from a message, or by its digits.
    Nowhere,
}

impl From<PhoneNumber> for Opened {
    fn from(number: PhoneNumber) -> Self {
        Self { number, from: Source::Nowhere }
    }
}

impl Opened {
    /// Where Back leads.
    pub(crate) fn back(self) -> Press {
        match self.from {
            Source::Pool(part, after) => Press::Pool(part, after),
            Source::Customer(user) => Press::Customer(user),
            // Whoever goes on to the pool finds the number at its beginning.
            Source::Nowhere => Press::Pool(Shelf::All, self.number.preceding()),
        }
    }
}

/// Which numbers of the pool are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shelf {
    /// All.
    All,
    /// Those that somebody holds.
    Held,
    /// Those that are not offered, or wait for work.
    Idle,
}

/// What can be decided about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Take it for its invoice.
    Apply,
    /// Send it back.
    Refund,
    /// It was sent back.
    Refunded,
    /// Keep it.
    WriteOff,
}

/// A letter for each of a few things.
macro_rules! lettered {
    ($type:ident: $($variant:ident = $letter:literal),*) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $letter),* })
            }
        }

        impl FromStr for $type {
            type Err = Stale;

            fn from_str(text: &str) -> Result<Self, Stale> {
                match text { $($letter => Ok(Self::$variant),)* _ => Err(Stale) }
            }
        }
    };
}
lettered!(Shelf: All = "a", Held = "h", Idle = "i");
lettered!(Decision: Apply = "a", Refund = "r", Refunded = "d", WriteOff = "w");

/// A transaction, in the 43 characters that fit into a button.
struct ShortTx(TxHash);

impl fmt::Display for ShortTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0.0))
    }
}

impl FromStr for ShortTx {
    type Err = Stale;

    fn from_str(text: &str) -> Result<Self, Stale> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| Stale)?;
        Ok(Self(TxHash(bytes.try_into().map_err(|_| Stale)?)))
    }
}

impl From<Press> for Callback {
    fn from(press: Press) -> Self {
        Self::Admin(press)
    }
}

impl Press {
    /// Writes the fields; every tag begins with an `a`.
    pub(super) fn write<'a>(&self, out: &'a mut Writer) -> &'a mut Writer {
        match self {
            Self::Panel => out.tag("a"),
            Self::Pool(part, after) => out.tag("ap").text(part).optional(after.map(PhoneNumber::as_u64)),
            Self::AskNumber => out.tag("anq"),
            Self::Number(opened) => out.tag("an").opened(*opened),
            Self::AskAdd => out.tag("aaq"),
            Self::AskPrice(opened) => out.tag("acq").opened(*opened),
            Self::AskWithdraw(opened) => out.tag("awq").opened(*opened),
            Self::Withdraw(opened) => out.tag("aw").opened(*opened),
            Self::Restore(opened) => out.tag("ar").opened(*opened),
            Self::Lock(opened, minutes) => out.tag("al").number(u64::from(*minutes)).opened(*opened),
            Self::Unlock(opened) => out.tag("au").opened(*opened),
            Self::Extend(opened) => out.tag("ae").opened(*opened),
            Self::AskMore(opened, term) => out.tag("aeq").number(u64::from(term.days())).opened(*opened),
            Self::More(opened, term, mark) => {
                out.tag("aem").number(u64::from(term.days())).number(mark.0).opened(*opened)
            }
            Self::AskRevoke(opened) => out.tag("avq").opened(*opened),
            Self::Revoke(opened, mark) => out.tag("av").number(mark.0).opened(*opened),
            Self::Payments(page) => out.tag("ay").number(u64::from(*page)),
            Self::Payment(tx, page) => out.tag("az").text(ShortTx(*tx)).page(*page),
            Self::AskDecide(decision, tx, page) => {
                out.tag("adq").text(decision).text(ShortTx(*tx)).page(*page)
            }
            Self::Decide(decision, tx, page) => out.tag("ad").text(decision).text(ShortTx(*tx)).page(*page),
            Self::AskCustomer => out.tag("akq"),
            Self::Customer(user) => out.tag("ak").number(*user),
            Self::AskBan(user) => out.tag("abq").number(*user),
            Self::Ban(user) => out.tag("ab").number(*user),
            Self::Unban(user) => out.tag("abu").number(*user),
            Self::Admins(page) => out.tag("am").number(u64::from(*page)),
            Self::AskAppoint(page) => out.tag("amq").page(*page),
            Self::Appoint(user) => out.tag("ama").number(*user),
            Self::AskDismiss(user) => out.tag("axq").number(*user),
            Self::Dismiss(user) => out.tag("ax").number(*user),
            Self::Figures => out.tag("af"),
            Self::Trail(page) => out.tag("at").number(u64::from(*page)),
            Self::News => out.tag("aj"),
            Self::AskNews => out.tag("ajq"),
            Self::SendNews(mark) => out.tag("ajs").number(mark.0),
            Self::StopNews => out.tag("ajx"),
        }
    }

    /// Reads the fields behind `tag`.
    pub(super) fn read(tag: &str, fields: &mut Reader<'_>) -> Result<Self, Stale> {
        Ok(match tag {
            "a" => Self::Panel,
            "ap" => {
                let part = fields.text()?;
                Self::Pool(part, optional_phone(fields)?)
            }
            "anq" => Self::AskNumber,
            "an" => Self::Number(opened(fields)?),
            "aaq" => Self::AskAdd,
            "acq" => Self::AskPrice(opened(fields)?),
            "awq" => Self::AskWithdraw(opened(fields)?),
            "aw" => Self::Withdraw(opened(fields)?),
            "ar" => Self::Restore(opened(fields)?),
            "al" => {
                let minutes = lock(fields)?;
                Self::Lock(opened(fields)?, minutes)
            }
            "au" => Self::Unlock(opened(fields)?),
            "ae" => Self::Extend(opened(fields)?),
            "aeq" => {
                let term = term(fields)?;
                Self::AskMore(opened(fields)?, term)
            }
            "aem" => {
                let (term, mark) = (term(fields)?, mark(fields)?);
                Self::More(opened(fields)?, term, mark)
            }
            "avq" => Self::AskRevoke(opened(fields)?),
            "av" => {
                let mark = mark(fields)?;
                Self::Revoke(opened(fields)?, mark)
            }
            "ay" => Self::Payments(small(fields)?),
            "az" => Self::Payment(fields.text::<ShortTx>()?.0, page(fields)?),
            "adq" => Self::AskDecide(fields.text()?, fields.text::<ShortTx>()?.0, page(fields)?),
            "ad" => Self::Decide(fields.text()?, fields.text::<ShortTx>()?.0, page(fields)?),
            "akq" => Self::AskCustomer,
            "ak" => Self::Customer(fields.user()?),
            "abq" => Self::AskBan(fields.user()?),
            "ab" => Self::Ban(fields.user()?),
            "abu" => Self::Unban(fields.user()?),
            "am" => Self::Admins(small(fields)?),
            "amq" => Self::AskAppoint(page(fields)?),
            "ama" => Self::Appoint(fields.user()?),
            "axq" => Self::AskDismiss(fields.user()?),
            "ax" => Self::Dismiss(fields.user()?),
            "af" => Self::Figures,
            "at" => Self::Trail(small(fields)?),
            "aj" => Self::News,
            "ajq" => Self::AskNews,
            "ajs" => Self::SendNews(mark(fields)?),
            "ajx" => Self::StopNews,
            _ => return Err(Stale),
        })
    }
}

impl Writer {
    /// A number and from where it was opened, as the last fields.
    fn opened(&mut self, opened: Opened) -> &mut Self {
        self.phone(opened.number);
        match opened.from {
            Source::Pool(part, after) => self.text(part).optional(after.map(PhoneNumber::as_u64)),
            Source::Customer(user) => self.text(HELD).number(user),
            Source::Nowhere => self,
        }
    }

    /// A page as the last field; the first one needs none.
    fn page(&mut self, page: u32) -> &mut Self {
        if page == 0 { self } else { self.number(u64::from(page)) }
    }
}

fn opened(fields: &mut Reader<'_>) -> Result<Opened, Stale> {
    let number = fields.phone()?;
    let from = if fields.is_at_end() {
        Source::Nowhere
    } else {
        match fields.text::<String>()?.as_str() {
            HELD => Source::Customer(fields.user()?),
            part => Source::Pool(part.parse()?, optional_phone(fields)?),
        }
    };
    Ok(Opened { number, from })
}

fn page(fields: &mut Reader<'_>) -> Result<u32, Stale> {
    if fields.is_at_end() { Ok(0) } else { Some(small(fields)?).filter(|page| *page > 0).ok_or(Stale) }
}

fn optional_phone(fields: &mut Reader<'_>) -> Result<Option<PhoneNumber>, Stale> {
    let digits = fields.optional()?;
    digits.map(|digits| PhoneNumber::from_digits(digits).ok_or(Stale)).transpose()
}

fn small(fields: &mut Reader<'_>) -> Result<u32, Stale> {
    u32::try_from(fields.number()?).map_err(|_| Stale)
}

/// One of the times that are offered.
fn lock(fields: &mut Reader<'_>) -> Result<u32, Stale> {
    Some(small(fields)?).filter(|minutes| LOCKS.contains(minutes)).ok_or(Stale)
}

fn term(fields: &mut Reader<'_>) -> Result<Term, Stale> {
    Term::from_days(small(fields)?).map_err(|_| Stale)
}

fn mark(fields: &mut Reader<'_>) -> Result<Mark, Stale> {
    let number = fields.number()?;
    let mark = Mark::new(number);
    if mark.0 == number { Ok(mark) } else { Err(Stale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_press_fits_and_reads_back() {
        let number: PhoneNumber = "+88801234567".parse().expect("a number");
        let term = Term::from_days(365).expect("a term");
        let (tx, user, mark) = (TxHash([255; 32]), (1 << 52) - 1, Mark::new(u64::MAX));
        let mut all = vec![
            Press::Panel,
            Press::AskNumber,
            Press::AskAdd,
            Press::Payments(u32::MAX),
            Press::AskCustomer,
            Press::Customer(user),
            Press::AskBan(user),
            Press::Ban(user),
            Press::Unban(user),
            Press::Admins(u32::MAX),
            Press::Appoint(user),
            Press::AskDismiss(user),
            Press::Dismiss(user),
            Press::Figures,
            Press::Trail(0),
            Press::News,
            Press::AskNews,
            Press::SendNews(mark),
            Press::StopNews,
        ];
        let mut sources = vec![Source::Nowhere, Source::Customer(user)];
        for part in [Shelf::All, Shelf::Held, Shelf::Idle] {
            all.extend([Press::Pool(part, None), Press::Pool(part, Some(number))]);
            sources.extend([Source::Pool(part, None), Source::Pool(part, Some(number))]);
        }
        for opened in sources.into_iter().map(|from| Opened { number, from }) {
            all.extend([
                Press::Number(opened),
                Press::AskPrice(opened),
                Press::AskWithdraw(opened),
                Press::Withdraw(opened),
                Press::Restore(opened),
                Press::Lock(opened, LOCKS[0]),
                Press::Lock(opened, LOCKS[1]),
                Press::Unlock(opened),
                Press::Extend(opened),
                Press::AskMore(opened, term),
                Press::More(opened, term, mark),
                Press::AskRevoke(opened),
                Press::Revoke(opened, mark),
            ]);
        }
        for page in [0, 1, u32::MAX] {
            all.extend([Press::Payment(tx, page), Press::AskAppoint(page)]);
            for decision in [Decision::Apply, Decision::Refund, Decision::Refunded, Decision::WriteOff] {
                all.extend([Press::AskDecide(decision, tx, page), Press::Decide(decision, tx, page)]);
            }
        }
        for press in all {
            let callback = Callback::from(press);
            let data = callback.to_string();
            assert!(data.len() <= 64, "{data}");
            assert_eq!(data.parse(), Ok(callback), "{data}");
        }
        for nonsense in [
            "1a:",
            "1ak:0",
            "1ak:zzzzzzzzzzzz",
            "1an:1",
            "1az:AAAA",
            "1ad:x:AA",
            "1azz",
            "1ap:a",
            "1al:1",
            "1amq:0",
        ] {
            assert_eq!(nonsense.parse::<Callback>(), Err(Stale), "{nonsense}");
        }
    }

    #[test]
    fn a_lock_lasts_only_as_long_as_is_offered() {
        let number: PhoneNumber = "+88801234567".parse().expect("a number");
        for minutes in [0, 1, 14, 16, 24 * 60, u32::MAX] {
            let forged = Callback::from(Press::Lock(number.into(), minutes)).to_string();
            assert_eq!(forged.parse::<Callback>(), Err(Stale), "{forged}");
        }
    }
}
