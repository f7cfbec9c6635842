//! How long people wait while one chat floods.

use std::collections::HashMap;
use std::time::Duration;

use bot_testing::FakeTelegram;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::rival::{self, Rival};

/// How many people write, and how often each.
const PEOPLE: i64 = 2_000;
const EACH: i64 = 5;
/// How many updates of people come in a second.
const RATE: i64 = 1_000;
/// How many updates of the flooding chat come with every batch of [`BATCH`].
const FLOOD: i64 = 20;
const BATCH: i64 = 10;

pub(crate) async fn run() {
    let people = PEOPLE * EACH;
    println!("\n{people} updates of {PEOPLE} chats, {RATE} a second\n");
    println!("| one more chat sends | p50 ms | p99 ms | longest ms |");
    println!("|---|---|---|---|");
    let rival = rival::ours().await;
    for flood in [0, FLOOD] {
        let waits = measure(&rival, flood).await;
        let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1e3;
        let rate = flood * RATE / BATCH;
        println!("| {rate}/s | {:.1} | {:.1} | {:.1} |", at(50), at(99), at(100));
    }
}

/// From each update of a person to its answer, shortest first.
async fn measure(rival: &Rival, flood: i64) -> Vec<Duration> {
    let telegram = FakeTelegram::start();
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
