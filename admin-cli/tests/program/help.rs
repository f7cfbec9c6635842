//! Help and completions: no store, no secrets.

use crate::bench::{Bench, ended};

#[test]
fn help_and_completions_touch_nothing() {
    let bench = Bench::new();
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["numbers", "--help"],
        &["payments", "refund", "--help"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
    ] {
        let ran = bench.ok(arguments);
        assert!(!ran.out.is_empty() && ran.err.is_empty(), "{arguments:?}");
        assert!(!ran.out.contains('\u{1b}'), "{arguments:?}: no colour where nobody looks");
    }
    assert_eq!(std::fs::read_dir(bench.path(".")).unwrap().count(), 0);
}

#[test]
fn help_documents_the_exit_codes_and_shows_no_value() {
    let bench = Bench::new();
    for arguments in [&["--help"][..], &["numbers", "list", "--help"], &["stats", "-h"]] {
        let mut program = bench.program(arguments);
        for name in ["TON_API_TOKEN", "REDIS_URI", "TON_API_URL", "TON_WALLET", "TON_API_TOKEN_FILE"] {
            program.env(name, "canary");
        }
        let ran = ended(program.spawn().unwrap());
        assert_eq!((ran.code, ran.out.contains("canary")), (0, false), "{}", ran.out);
    }
    let help = bench.ok(&["--help"]).out;
    for code in 0..=7 {
        assert!(help.contains(&format!("\n  {code}  ")), "{help}");
    }
}
