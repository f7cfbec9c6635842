//! A child process that is killed and started again, and that never outlives its owner.

use std::fs;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use crate::wait::wait_until;

/// A place for one running child.
#[derive(Debug, Default)]
pub(crate) struct Process(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    paused: bool,
}

impl Process {
    /// Starts the child. There must be none.
    pub(crate) fn start(&self, command: Command) {
        assert!(self.ended(), "the process is running already");
        *self.state() = State { child: Some(spawn(command)), paused: false };
    }

    /// The number the kernel knows it by, if it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.state().child.as_ref().map(Child::id)
    }

    /// It runs, and is not paused.
    pub(crate) fn answers(&self) -> bool {
        !self.ended() && !self.state().paused
    }

    /// There is none, or no more.
    pub(crate) fn ended(&self) -> bool {
        let mut state = self.state();
        if let Some(child) = &mut state.child
            && child.try_wait().expect("asking after a child").is_some()
        {
            state.child = None;
        }
        state.child.is_none()
    }

    /// SIGKILL; it is gone when this returns. Nothing happens when there is none.
    pub(crate) fn kill(&self) {
        let mut state = self.state();
        if let Some(mut child) = state.child.take() {
            child.kill().expect("killing a child");
            child.wait().expect("waiting for a killed child");
        }
    }

    /// SIGTERM; it is gone when this returns.
    pub(crate) fn stop_gently(&self) {
        let mut state = self.state();
        let mut child = state.child.take().expect("the process is running");
        signal(&child, "TERM");
        // It takes notice when it goes on.
        signal(&child, "CONT");
        child.wait().expect("waiting for a child that was asked to end");
    }

    /// SIGSTOP; it does nothing more when this returns.
    pub(crate) fn pause(&self) {
        let mut state = self.state();
        let child = state.child.as_ref().expect("the process is running");
        signal(child, "STOP");
        let path = format!("/proc/{}/stat", child.id());
        wait_until("a stopped process", || {
            let stat = fs::read_to_string(&path).unwrap_or_default();
            // The state follows the program's name, which is in brackets.
            stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
        });
        state.paused = true;
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        let mut state = self.state();
        signal(state.child.as_ref().expect("the process is running"), "CONT");
        state.paused = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(status.expect("the program kill is installed").success(), "the child did not take SIG{name}");
}

/// The kernel ends our children with the *thread* that started them. So one thread starts them all, and it lives as
/// long as the process; the threads of tests do not.
fn spawn(command: Command) -> Child {
    type Order = (Command, Sender<Child>);
    static STARTER: OnceLock<Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::Builder::new()
            .name("starts servers".into())
            .spawn(move || {
                for (mut command, answer) in orders {
                    // Nobody waits for the answer when the program could not be run: then the channel closes.
                    if let Ok(child) = command.spawn() {
                        answer.send(child).expect("the one who ordered a process waits for it");
                    }
                }
            })
            .expect("a thread can be started");
        sender
    });
    let program = format!("{command:?}");
    let (answer, child) = mpsc::channel();
    starter.send((command, answer)).expect("the starting thread lives as long as the process");
    child.recv().unwrap_or_else(|_| panic!("could not run {program}"))
}
