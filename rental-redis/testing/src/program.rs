//! The programs that have to be installed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// Where a program is, if it is installed.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A command that runs `redis-server`, which ends when this process ends.
pub(crate) fn redis_server() -> Command {
    let server = find("redis-server").expect("redis-server is not installed; apt-get install redis-server");
    match find("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(server);
            command
        }
        None => Command::new(server),
    }
}
