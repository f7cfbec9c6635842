//! A running program.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long a program may take to say what it is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running bot. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    log: Arc<Log>,
}

/// What a program has written, and a sign for those who wait for it to write more.
#[derive(Default)]
struct Log {
    written: Mutex<Written>,
    more: Condvar,
}

#[derive(Default)]
struct Written {
    text: String,
    ended: bool,
}

impl Process {
    /// Runs a command; its log is kept.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Log::default());
        let copy = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut written = copy.written.lock().unwrap();
                written.text += &line;
                written.text += "\n";
                copy.more.notify_all();
            }
            copy.written.lock().unwrap().ended = true;
            copy.more.notify_all();
        });
        Self { child, log }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.written.lock().unwrap().text.clone()
    }

    /// The first line with this word, once it is there.
    pub(crate) fn line_with(&self, word: &str) -> String {
        let lacks = |written: &mut Written| !written.ended && !written.text.contains(word);
        let written = self.log.written.lock().unwrap();
        let (written, _) = self.log.more.wait_timeout_while(written, PATIENCE, lacks).unwrap();
        let line = written.text.lines().find(|line| line.contains(word));
        line.unwrap_or_else(|| panic!("no {word:?} in:\n{}", written.text)).to_owned()
    }

    /// Asks it to end, as an operator would.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Ends it without warning.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
