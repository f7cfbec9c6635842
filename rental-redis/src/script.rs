//! The scripts. Each file says what its keys and arguments are; each has one typed caller.

use std::sync::LazyLock;

use redis::{Cmd, Script, ToRedisArgs};

/// A script's text and the hash under which servers know it.
pub(crate) struct Code {
    text: &'static str,
    hash: LazyLock<String>,
}

macro_rules! scripts {
    ($($name:ident: $file:literal,)*) => {
        $(
            pub(crate) static $name: Code = Code {
                text: include_str!(concat!("scripts/", $file)),
                hash: LazyLock::new(|| Script::new(include_str!(concat!("scripts/", $file))).get_hash().to_owned()),
            };
        )*
    };
}

scripts! {
    LOAD: "load.lua",
    COMMIT: "commit.lua",
    DUE: "due.lua",
    NUMBERS: "numbers.lua",
    NEWEST: "newest.lua",
    CLAIM: "claim.lua",
    DISPOSE: "dispose.lua",
    FORGET: "forget.lua",
    ACQUIRE: "acquire.lua",
    RENEW: "renew.lua",
    RELEASE: "release.lua",
    HIT: "hit.lua",
    PACE: "pace.lua",
    NOTE: "note.lua",
    UNNOTE: "unnote.lua",
    NAMED: "named.lua",
    TOTALS: "totals.lua",
    CONFIRM: "confirm.lua",
    BEGIN: "begin.lua",
    FILL: "fill.lua",
    FINISH: "finish.lua",
    ONCE: "once.lua",
    DELIVERIES: "deliveries.lua",
}

/// A command to send, which may be a call of a script.
#[derive(Clone)]
pub(crate) struct Call {
    /// The command; of a script, by its hash.
    pub(crate) cmd: Cmd,
    /// The script's text, for a server that does not know it.
    text: Option<&'static str>,
    /// Commands that are sent with it, right behind it on the same connection; if any, the answers come together.
    pub(crate) then: Vec<Cmd>,
    /// Whether sending it twice does no harm.
    pub(crate) repeatable: bool,
}

impl Call {
    /// A call of `code` with these keys; arguments follow. It may be sent twice.
    pub(crate) fn script(code: &Code, keys: &[String]) -> Self {
        let mut cmd = Cmd::with_capacity(64, 2048);
        cmd.arg("EVALSHA").arg(code.hash.as_str()).arg(keys.len()).arg(keys);
        Self { cmd, text: Some(code.text), then: Vec::new(), repeatable: true }
    }

    /// A plain command, which may be sent twice.
    pub(crate) fn command(name: &str) -> Self {
        Self { cmd: redis::cmd(name), text: None, then: Vec::new(), repeatable: true }
    }

    /// With one more argument.
    pub(crate) fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        self.cmd.arg(arg);
        self
    }

    /// With `next` right behind it.
    pub(crate) fn then(mut self, next: Self) -> Self {
        self.then.push(next.cmd);
        self
    }

    /// Not to be sent again when the first answer was lost.
    pub(crate) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// The same call with the script's text instead of its hash.
    pub(crate) fn spelled_out(&self) -> Cmd {
        let mut cmd = Cmd::new();
        let Some(text) = self.text else { return self.cmd.clone() };
        cmd.arg("EVAL").arg(text);
        for arg in self.cmd.args_iter().skip(2) {
            if let redis::Arg::Simple(arg) = arg {
                cmd.arg(arg);
            }
        }
        cmd
    }
}
