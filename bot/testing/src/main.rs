//! A Telegram to play with: `fake-telegram [PORT]`, then `TELEGRAM_API_URL` and `BOT_TOKEN` as printed.

use std::process::ExitCode;

use bot_testing::{FakeTelegram, TOKEN};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a person at a terminal")]
fn main() -> ExitCode {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse());
    let Ok(port) = port else {
        eprintln!("usage: fake-telegram [PORT]");
        return ExitCode::from(2);
    };
    let telegram = FakeTelegram::start_on(port);
    let url = telegram.url();
    println!("export TELEGRAM_API_URL={url} BOT_TOKEN={TOKEN}");
    println!("curl {url}/play");
    loop {
        std::thread::park();
    }
}
