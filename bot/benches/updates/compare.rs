//! The same screens by two bots.

use std::time::{Duration, Instant};

use bot_testing::{Chat, FakeTelegram};

use crate::rival::{self, Rival};

/// How many people.
const PEOPLE: i64 = 2_000;
/// How often a bot is started.
const STARTS: usize = 5;

/// What was measured of one bot.
struct Figures {
    name: &'static str,
    updates: f64,
    seconds: f64,
    processor: Duration,
    idle: f64,
    most: f64,
    start: Duration,
}

pub(crate) async fn run() {
    println!("\n{PEOPLE} people: /start, then the list of free numbers and home again\n");
    println!("| bot | updates/s | µs of processor each | MiB idle | MiB at most | start to first poll |");
    println!("|---|---|---|---|---|---|");
    let ours = measure(&rival::ours().await, 5).await;
    print(&ours);
    let Some(rival) = rival::aiogram() else { return };
    let theirs = measure(&rival, 1).await;
    print(&theirs);
    println!(
        "| ratio | {:.1} × | {:.1} × | {:.1} × | {:.1} × | {:.0} × |",
        ours.rate() / theirs.rate(),
        theirs.cost() / ours.cost(),
        theirs.idle / ours.idle,
        theirs.most / ours.most,
        theirs.start.as_secs_f64() / ours.start.as_secs_f64(),
    );
}

/// `rounds` times there and back.
async fn measure(rival: &Rival, rounds: i64) -> Figures {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let telegram = FakeTelegram::start();
        let bot = rival.start(&telegram).await;
        starts.push(bot.started_in);
        bot.end();
    }
    starts.sort();
    let telegram = FakeTelegram::start();
    let bot = rival.start(&telegram).await;
    let people: Vec<_> = (1000..1000 + PEOPLE).map(|id| telegram.user(id, "en")).collect();
    people[0].send("/start"); // what is done only once
    people[0].wait_for_text("888").await;
    let idle = bot.memory();
    let (before, begun) = (bot.processor(), Instant::now());
    for person in &people {
        person.send("/start");
    }
    done(&telegram, 1 + PEOPLE, 0).await;
    for round in 0..rounds {
        for (turn, name) in ["📞", "🏠"].into_iter().enumerate() {
            for person in &people {
                press(person, name);
            }
            done(&telegram, 1 + PEOPLE, PEOPLE * (2 * round + 1 + i64::from(turn == 1))).await;
        }
        telegram.forget_calls();
    }
    telegram.wait_for_silence().await;
    let figures = Figures {
        name: rival.name,
        updates: f64::from(u32::try_from(PEOPLE * (1 + 2 * rounds)).expect("a small number")),
        seconds: begun.elapsed().as_secs_f64(),
        processor: bot.processor().saturating_sub(before),
        idle,
        most: bot.most_memory(),
        start: starts[STARTS / 2],
    };
    bot.end();
    figures
}

/// Presses the button that begins with this sign, on what the person sees.
fn press(person: &Chat, sign: &str) {
    let messages = person.messages();
    let screen = messages.iter().rev().find(|message| message.is_from_bot()).expect("a screen");
    let mut buttons = screen.buttons().iter().flatten();
    let button = buttons.find(|button| button.text.starts_with(sign));
    let button = button.unwrap_or_else(|| panic!("no button {sign} in {}", person.shown()));
    person.press(screen, &button.text);
}

/// Waits until so many messages were sent, and so many changed and presses answered.
async fn done(telegram: &FakeTelegram, sent: i64, changed: i64) {
    let (sent, changed) = (sent.unsigned_abs(), changed.unsigned_abs());
    telegram
        .wait_until("answers", |counters| {
            counters.of("sendMessage") >= sent
                && counters.of("editMessageText") >= changed
                && counters.of("answerCallbackQuery") >= changed
        })
        .await;
    let refused = telegram.counters().refused;
    assert!(refused.is_empty(), "refused: {refused:?}\n{}", telegram.transcript());
}

impl Figures {
    fn rate(&self) -> f64 {
        self.updates / self.seconds
    }

    fn cost(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.updates
    }
}

fn print(figures: &Figures) {
    println!(
        "| {} | {:.0} | {:.0} | {:.1} | {:.1} | {:.0} ms |",
        figures.name,
        figures.rate(),
        figures.cost(),
        figures.idle,
        figures.most,
        figures.start.as_secs_f64() * 1e3,
    );
}
