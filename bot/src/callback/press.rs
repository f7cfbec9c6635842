//! What the operators' buttons tell the bot.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use rental_core::{PhoneNumber, Term, TxHash};

use super::fields::{Reader, Writer};
use super::{Callback, Mark, Stale};

/// For how long a number can be locked with a button, in minutes.
pub(crate) const LOCKS: [u32; 2] = [15, 60];

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
    Number(PhoneNumber),
    /// Show a number of a page of the pool, which began after another one.
    Shelved(PhoneNumber, Shelf, Option<PhoneNumber>),
    /// Ask for numbers to add.
    AskAdd,
    /// Ask for a number's new plans.
    AskPrice(PhoneNumber),
    /// Ask whether to stop offering a number.
    AskWithdraw(PhoneNumber),
    /// Stop offering a number.
    Withdraw(PhoneNumber),
    /// Offer a number again.
    Restore(PhoneNumber),
    /// Lock a number for so many minutes, one of [`LOCKS`].
    Lock(PhoneNumber, u32),
    /// End such a lock.
    Unlock(PhoneNumber),
    /// Show by how much a rental can be made longer.
    Extend(PhoneNumber),
    /// Ask whether to make a rental longer.
    AskMore(PhoneNumber, Term),
    /// Make a rental longer; the question's own mark.
    More(PhoneNumber, Term, Mark),
    /// Ask whether to end a rental.
    AskRevoke(PhoneNumber),
    /// End a rental.
    Revoke(PhoneNumber),

    /// Show payments that need a decision; which page.
    Payments(u32),
    /// Show a payment.
    Payment(TxHash),
    /// Show a payment of a page of those that need a decision.
    Queued(TxHash, u32),
    /// Ask whether to do something with a payment.
    AskDecide(Decision, TxHash),
    /// Do it.
    Decide(Decision, TxHash),

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
    /// Ask for a new admin.
    AskAppoint,
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

/// Which numbers of the pool are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
            Self::Number(number) => out.tag("an").phone(*number),
            Self::Shelved(number, part, after) => {
                out.tag("as").phone(*number).text(part).optional(after.map(PhoneNumber::as_u64))
            }
            Self::AskAdd => out.tag("aaq"),
            Self::AskPrice(number) => out.tag("acq").phone(*number),
            Self::AskWithdraw(number) => out.tag("awq").phone(*number),
            Self::Withdraw(number) => out.tag("aw").phone(*number),
            Self::Restore(number) => out.tag("ar").phone(*number),
            Self::Lock(number, minutes) => out.tag("al").phone(*number).number(u64::from(*minutes)),
            Self::Unlock(number) => out.tag("au").phone(*number),
            Self::Extend(number) => out.tag("ae").phone(*number),
            Self::AskMore(number, term) => out.tag("aeq").phone(*number).number(u64::from(term.days())),
            Self::More(number, term, mark) => {
                out.tag("aem").phone(*number).number(u64::from(term.days())).number(mark.0)
            }
            Self::AskRevoke(number) => out.tag("avq").phone(*number),
            Self::Revoke(number) => out.tag("av").phone(*number),
            Self::Payments(page) => out.tag("ay").number(u64::from(*page)),
            Self::Payment(tx) => out.tag("az").text(ShortTx(*tx)),
            Self::Queued(tx, page) => out.tag("aq").text(ShortTx(*tx)).number(u64::from(*page)),
            Self::AskDecide(decision, tx) => out.tag("adq").text(decision).text(ShortTx(*tx)),
            Self::Decide(decision, tx) => out.tag("ad").text(decision).text(ShortTx(*tx)),
            Self::AskCustomer => out.tag("akq"),
            Self::Customer(user) => out.tag("ak").number(*user),
            Self::AskBan(user) => out.tag("abq").number(*user),
            Self::Ban(user) => out.tag("ab").number(*user),
            Self::Unban(user) => out.tag("abu").number(*user),
            Self::Admins(page) => out.tag("am").number(u64::from(*page)),
            Self::AskAppoint => out.tag("amq"),
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
            "as" => {
                let (number, part) = (fields.phone()?, fields.text()?);
                Self::Shelved(number, part, optional_phone(fields)?)
            }
            "anq" => Self::AskNumber,
            "an" => Self::Number(fields.phone()?),
            "aaq" => Self::AskAdd,
            "acq" => Self::AskPrice(fields.phone()?),
            "awq" => Self::AskWithdraw(fields.phone()?),
            "aw" => Self::Withdraw(fields.phone()?),
            "ar" => Self::Restore(fields.phone()?),
            "al" => Self::Lock(fields.phone()?, lock(fields)?),
            "au" => Self::Unlock(fields.phone()?),
            "ae" => Self::Extend(fields.phone()?),
            "aeq" => Self::AskMore(fields.phone()?, term(fields)?),
            "aem" => Self::More(fields.phone()?, term(fields)?, mark(fields)?),
            "avq" => Self::AskRevoke(fields.phone()?),
            "av" => Self::Revoke(fields.phone()?),
            "ay" => Self::Payments(small(fields)?),
            "az" => Self::Payment(fields.text::<ShortTx>()?.0),
            "aq" => Self::Queued(fields.text::<ShortTx>()?.0, small(fields)?),
            "adq" => Self::AskDecide(fields.text()?, fields.text::<ShortTx>()?.0),
            "ad" => Self::Decide(fields.text()?, fields.text::<ShortTx>()?.0),
            "akq" => Self::AskCustomer,
            "ak" => Self::Customer(fields.user()?),
            "abq" => Self::AskBan(fields.user()?),
            "ab" => Self::Ban(fields.user()?),
            "abu" => Self::Unban(fields.user()?),
            "am" => Self::Admins(small(fields)?),
            "amq" => Self::AskAppoint,
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
            Press::Number(number),
            Press::AskAdd,
            Press::AskPrice(number),
            Press::AskWithdraw(number),
            Press::Withdraw(number),
            Press::Restore(number),
            Press::Lock(number, LOCKS[0]),
            Press::Lock(number, LOCKS[1]),
            Press::Unlock(number),
            Press::Extend(number),
            Press::AskMore(number, term),
            Press::More(number, term, mark),
            Press::AskRevoke(number),
            Press::Revoke(number),
            Press::Payments(u32::MAX),
            Press::Payment(tx),
            Press::Queued(tx, u32::MAX),
            Press::AskCustomer,
            Press::Customer(user),
            Press::AskBan(user),
            Press::Ban(user),
            Press::Unban(user),
            Press::Admins(u32::MAX),
            Press::AskAppoint,
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
        for part in [Shelf::All, Shelf::Held, Shelf::Idle] {
            all.extend([Press::Pool(part, None), Press::Pool(part, Some(number))]);
            all.extend([None, Some(number)].map(|after| Press::Shelved(number, part, after)));
        }
        for decision in [Decision::Apply, Decision::Refund, Decision::Refunded, Decision::WriteOff] {
            all.extend([Press::AskDecide(decision, tx), Press::Decide(decision, tx)]);
        }
        for press in all {
            let callback = Callback::from(press);
            let data = callback.to_string();
            assert!(data.len() <= 64, "{data}");
            assert_eq!(data.parse(), Ok(callback), "{data}");
        }
        for nonsense in
            ["1a:", "1ak:0", "1ak:zzzzzzzzzzzz", "1an:1", "1az:AAAA", "1ad:x:AA", "1azz", "1ap:a", "1al:1"]
        {
            assert_eq!(nonsense.parse::<Callback>(), Err(Stale), "{nonsense}");
        }
    }

    #[test]
    fn a_lock_lasts_only_as_long_as_is_offered() {
        let number: PhoneNumber = "+88801234567".parse().expect("a number");
        for minutes in [0, 1, 14, 16, 24 * 60, u32::MAX] {
            let forged = Callback::from(Press::Lock(number, minutes)).to_string();
            assert_eq!(forged.parse::<Callback>(), Err(Stale), "{forged}");
        }
    }
}
