//! How long people wait while one chat floods.

use std::collections::HashMap;
use std::time::Duration;

use bot_testing::{FakeTelegram, Fault, Where};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::rival::{self, Rival};

/// How many people write, and how often each.
const PEOPLE: i64 = 2_000;
const EACH: i64 = 5;
/// How many updates of people come in a second.
const RATE: i64 = 1_000;
const BATCH: i64 = 10;
/// How many updates of one more chat come with every [`BATCH`].
const FLOODS: [i64; 3] = [0, 1, 20];
/// How long Telegram takes for a message, in milliseconds, when it is far away.
const DELAY: u64 = 100;

pub(crate) async fn run() {
    let people = PEOPLE * EACH;
    println!("\n{people} updates of {PEOPLE} chats, {RATE} a second\n");
    println!("| Telegram takes for a message | one more chat sends | p50 ms | p99 ms | longest ms |");
    println!("|---|---|---|---|---|");
    let rival = rival::ours().await;
    for delay in [0, DELAY] {
        for flood in FLOODS {
            let waits = measure(&rival, flood, Duration::from_millis(delay)).await;
            let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1e3;
            let rate = flood * RATE / BATCH;
            println!("| {delay} ms | {rate}/s | {:.1} | {:.1} | {:.1} |", at(50), at(99), at(100));
        }
    }
}

/// From each update of a person to its answer, shortest first.
async fn measure(rival: &Rival, flood: i64, delay: Duration) -> Vec<Duration> {
    let telegram = FakeTelegram::start();
    if !delay.is_zero() {
        telegram.fail(Where::method("sendMessage"), Fault::Delay(delay));
    }
    let bot = rival.start(&telegram).await;
    let people: Vec<_> = (1000..1000 + PEOPLE).map(|id| telegram.user(id, "en")).collect();
    let flooding = telegram.user(7, "en");
    let period = Duration::from_millis((1000 * BATCH / RATE).unsigned_abs());
    let mut beat = interval(period);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent: HashMap<i64, Vec<Instant>> = HashMap::new();
    for _ in 0..EACH {
        for some in people.chunks(usize::try_from(BATCH).expect("a small number")) {
            beat.tick().await;
            for _ in 0..flood {
                flooding.send("/start");
            }
            for person in some {
                sent.entry(person.id()).or_default().push(Instant::now());
                person.send("/start");
            }
        }
    }
    telegram.wait_for_silence().await;
    bot.end();
    let mut waits = Vec::new();
    let mut answers: HashMap<i64, Vec<Instant>> = HashMap::new();
    for call in telegram.calls_of("sendMessage") {
        assert!(call.is_ok(), "{call:?}");
        answers.entry(call.chat.expect("a message has a chat")).or_default().push(call.at);
    }
    for (chat, sent) in sent {
        let answers = &answers[&chat];
        assert_eq!(answers.len(), sent.len(), "chat {chat} has an answer to each of its messages");
        waits.extend(answers.iter().zip(&sent).map(|(answer, sent)| *answer - *sent));
    }
    waits.sort();
    waits
}
