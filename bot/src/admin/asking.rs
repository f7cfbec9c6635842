//! What operators are asked to write, and what they have written.

use rental_core::{
    Command, Currency, CustomerId, DomainError, NoteKey, PhoneNumber, Plan, Seconds, StoreError, Writing,
};
use serde::{Deserialize, Serialize};

use super::{Answer, Desk, Press, desk, screens};
use crate::bot::{Bot, Session};
use crate::callback::Opened;
use crate::memory::Awaited;
use crate::texts::escape;
use crate::view::View;

/// How long the text of news is kept before it is sent.
const DRAFTED: Seconds = Seconds::from_hours(12);
/// The most numbers that are added with one message.
const MOST_NUMBERS: usize = 100;
/// The longest news, in characters; Telegram takes 4096 with their markup.
const LONGEST_NEWS: usize = 3500;

/// What the next message of an admin answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub(crate) enum Asked {
    /// Which number to show.
    Number,
    /// Which numbers to add, for what.
    Add,
    /// A number's new plans.
    Price {
        /// The number.
        opened: Opened,
    },
    /// Which customer to show.
    Customer,
    /// Who becomes an admin.
    Appoint {
        /// The page of the admins from which it was asked.
        page: u32,
    },
    /// What all customers are told.
    News,
}

/// News that were shown and not yet sent; noted under `draft:<user>`.
#[derive(Debug, Serialize, Deserialize)]
struct Draft {
    text: String,
}

fn draft_note(user: u64) -> NoteKey {
    NoteKey::new("draft", user).expect("a number is short and visible")
}

/// What the answer to a question of this side brings; `None` when whoever wrote it is no admin any more.
pub(crate) async fn answer_text(bot: &Bot, session: &Session, asked: Asked, text: &str) -> Option<View> {
    let desk = match desk(bot, session, None).await {
        Ok(found) => found?,
        Err(error) => return Some(View::saying(session.language.admin_refusal(&error))),
    };
    let view = match desk.take(asked, text).await {
        Ok(view) => view,
        Err(error) => screens::refused(session.language, &error).into(),
    };
    Some(view)
}

impl Desk<'_> {
    /// Asks for a text.
    pub(super) async fn ask(&self, press: Press) -> Answer {
        let language = self.session.language;
        let (asked, text, back) = match press {
            Press::AskNumber => (Asked::Number, language.admin_ask_number(), Press::Panel),
            Press::AskAdd => (Asked::Add, language.admin_ask_add(), Press::Panel),
            Press::AskPrice(opened) => {
                self.bot.rentals.number(opened.number).await?;
                let text = language.admin_ask_price(opened.number.pretty());
                (Asked::Price { opened }, text, Press::Number(opened))
            }
            Press::AskCustomer => (Asked::Customer, language.admin_ask_customer(), Press::Panel),
            Press::AskAppoint(page) if self.owner => {
                (Asked::Appoint { page }, language.admin_ask_appoint(), Press::Admins(page))
            }
            Press::AskNews => (Asked::News, language.admin_ask_news(), Press::Panel),
            _ => return Err(DomainError::Denied.into()),
        };
        self.bot.memory.ask(self.session.user, &Awaited::Desk { asked }).await?;
        Ok(screens::asking(language, text, back).into())
    }

    /// Takes the answer. A question that was not answered well stays open.
    async fn take(&self, asked: Asked, text: &str) -> Answer {
        let language = self.session.language;
        let back = match &asked {
            Asked::Price { opened } => Press::Number(*opened),
            Asked::Appoint { page } => Press::Admins(*page),
            Asked::Number | Asked::Add | Asked::Customer | Asked::News => Press::Panel,
        };
        let again = |text: String| Ok(screens::asking(language, text, back).into());
        let view = match asked {
            Asked::Number => match text.parse::<PhoneNumber>() {
                Ok(number) => self.number(number.into()).await?,
                Err(_) => return again(language.admin_bad_number()),
            },
            Asked::Add => match numbers_and_plans(text) {
                Some((numbers, plans)) => self.add(numbers, plans).await,
                None => return again(language.admin_bad_add(Currency::Ton.label())),
            },
            Asked::Price { opened } => match plans(text.split_whitespace()) {
                Some(plans) if !plans.is_empty() => {
                    let number = opened.number;
                    self.on_number(number, Command::SetPlans { number, plans }).await?;
                    self.number(opened).await?
                }
                _ => return again(language.admin_bad_price()),
            },
            Asked::Customer => match user(text) {
                Some(user) => self.customer(user).await?,
                None => return again(language.admin_bad_user()),
            },
            Asked::Appoint { page } => match user(text) {
                Some(user) => {
                    let known = self.bot.memory.person(user).await?.is_some();
                    screens::appoint_question(language, user, page, known).into()
                }
                None => return again(language.admin_bad_user()),
            },
            Asked::News if text.chars().count() > LONGEST_NEWS => {
                return again(language.admin_long_news(LONGEST_NEWS));
            }
            Asked::News => self.preview(text).await?,
        };
        self.bot.memory.answered(self.session.user).await?;
        Ok(view)
    }

    async fn add(&self, numbers: Vec<PhoneNumber>, plans: Vec<Plan>) -> View {
        let mut results = Vec::new();
        for number in numbers {
            let command = Command::AddNumber { number, plans: plans.clone() };
            results.push((number, self.execute(command).await.err()));
        }
        screens::added(self.session.language, &results).into()
    }

    async fn preview(&self, text: &str) -> Answer {
        let draft = serde_json::to_string(&Draft { text: text.to_owned() }).expect("plain data");
        let key = draft_note(self.session.user);
        self.bot.notes.put_note(&key, &draft, Writing::passing(DRAFTED)).await?;
        let everybody = crate::outgoing::Broadcasts::new(self.bot.notes.clone()).everybody().await?;
        Ok(screens::preview(self.session.language, &escape(text), everybody, self.bot.mark()).into())
    }

    /// The text of the news that were shown, without markup, if it was not forgotten; and the message that shows it.
    pub(super) async fn draft(&self) -> Result<Option<(String, Option<i32>)>, StoreError> {
        let note = self.bot.notes.note(&draft_note(self.session.user)).await?;
        let draft = note.and_then(|note| serde_json::from_str::<Draft>(&note.text).ok());
        Ok(draft.map(|draft| (draft.text, self.here)))
    }
}

/// A Telegram user's id.
fn user(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_prefix("tg:").unwrap_or(text);
    match format!("tg:{text}").parse() {
        Ok(CustomerId::Telegram(user)) => Some(user),
        _ => None,
    }
}

fn plans<'a>(words: impl Iterator<Item = &'a str>) -> Option<Vec<Plan>> {
    words.map(|word| word.trim_matches([',', ';']).parse().ok()).collect()
}

/// Numbers, one a line or with commas between, and plans such as `30d=10` for all of them.
fn numbers_and_plans(text: &str) -> Option<(Vec<PhoneNumber>, Vec<Plan>)> {
    let (mut numbers, mut offered) = (Vec::new(), Vec::new());
    for line in text.split(['\n', ',', ';']) {
        let (plan_words, rest): (Vec<_>, Vec<_>) =
            line.split_whitespace().partition(|word| word.contains('='));
        offered.extend(plans(plan_words.into_iter())?);
        if !rest.is_empty() {
            numbers.push(rest.join(" ").parse().ok()?);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    let some = !numbers.is_empty() && numbers.len() <= MOST_NUMBERS && !offered.is_empty();
    some.then_some((numbers, offered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_any_spelling_with_plans_anywhere() {
        let (numbers, plans) =
            numbers_and_plans("+888 0123 4567\n8888123, +888 0123 4567\n30d=10 7d=3").expect("good");
        assert_eq!(numbers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["+8888123", "+88801234567"]);
        assert_eq!(plans.len(), 2);
        for bad in ["", "30d=10", "+888 0123 4567", "+888 0123 4567 30d=x", "hello 30d=10", "+777 30d=10"] {
            assert_eq!(numbers_and_plans(bad), None, "{bad}");
        }
    }

    #[test]
    fn users_are_read_by_id() {
        assert_eq!((user(" 7 "), user("tg:7")), (Some(7), Some(7)));
        for bad in ["", "@name", "0", "-1", "api:demo:alice", "7 8"] {
            assert_eq!(user(bad), None, "{bad}");
        }
    }
}
