//! Every exit code, and what cannot be typed.

use serde_json::json;

use crate::bench::{Bench, NUMBER};

#[test]
fn every_exit_code() {
    let bench = Bench::with_number();
    bench.ok(&["numbers", "show", NUMBER]);
    bench.write("letter.db", "Dear shop, ".repeat(100).as_str());
    bench.refused(&["--rental-db", "letter.db", "stats"], 1, "store.open");
    bench.refused(&["--ton-provider", "pigeon", "stats"], 2, "config.invalid");
    bench.refused(&["numbers", "show", "8888123"], 3, "number.not_found");
    let live =
        ["--ton-provider", "toncenter", "--ton-wallet", "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY"];
    let pay =
        ["sandbox", "pay", "--amount", "1", "--no-comment", "--ton-start-lt", "0", "--rental-db", "live.db"];
    bench.refused(&[&live[..], &pay].concat(), 4, "sandbox.absent");
    bench.refused(&["numbers", "restore", NUMBER], 5, "number.listed");
    bench.refused(&[&live[..], &["stats"]].concat(), 5, "shop.wallet_differs");
    bench.refused(&["admins", "remove", "1"], 6, "cancelled");
    std::fs::copy(bench.path("rental.db"), bench.path("broken.db")).unwrap();
    let db = rusqlite::Connection::open(bench.path("broken.db")).unwrap();
    db.execute("UPDATE numbers SET doc = json_set(doc, '$.added_at', 'yesterday')", []).unwrap();
    drop(db);
    bench.refused(&["--rental-db", "broken.db", "numbers", "list"], 7, "store.corrupt");
}

#[test]
fn a_program_reads_refusals_as_json() {
    let bench = Bench::with_number();
    for (arguments, exit, code) in [
        (vec!["numbers", "show", "8888123", "--json"], 3, "number.not_found"),
        (vec!["numbers", "show", "nonsense", "--json"], 2, "usage"),
        (vec!["--output", "json", "numbers", "restore", NUMBER], 5, "number.listed"),
    ] {
        let ran = bench.run(&arguments);
        let problem: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (exit, ""), "{arguments:?}");
        assert_eq!((&problem["code"], &problem["exit_code"]), (&json!(code), &json!(exit)), "{arguments:?}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

#[test]
fn what_cannot_be_typed_is_a_usage_error_and_touches_nothing() {
    let bench = Bench::new();
    for line in [
        "",
        "numbers",
        "numbers add",
        "numbers add +12025550100 --plan 30d=10",
        "numbers add +888012345678 --plan 30d=10",
        "numbers add 8888123 --plan 30d",
        "numbers add 8888123 --plan 0d=1",
        "numbers add 8888123 --plan 30d=0",
        "numbers add 8888123 --plan 30d=-1",
        "numbers add 8888123 --plan 30d=1e9",
        "numbers add 8888123 --plan 30d=0.0000000001",
        "numbers add 8888123 --plan 4000d=1",
        "numbers list --state bogus",
        "numbers list --limit 0",
        "numbers list --limit -1",
        "numbers list --all --limit 5",
        "numbers list --output yaml",
        "numbers list --json --output csv",
        "numbers price 8888123",
        "numbers lock 8888123",
        "numbers lock 8888123 --for 0s",
        "numbers await-deletion 8888123 --until tomorrow",
        "rentals extend 8888123 --by 5h",
        "invoices show inv_1",
        "invoices list --status paid",
        "payments show 12",
        "payments list --because odd",
        "payments list --outcome lost",
        "customers show alice",
        "customers ban tg:0",
        "admins add root",
        "admins add 0",
        "keys create Partner",
        "keys create",
        "sandbox pay --amount 1 --nanotons 1 --no-comment",
        "sandbox pay --kind gift",
        "sandbox pay --amount 1 --no-comment --times 0",
        "sandbox pay --amount 1 --no-comment --from UQ",
        "sandbox advance 5",
        "audit verify",
        "backup create",
        "completions tcsh",
        "unknown",
    ] {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let ran = bench.run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}: {}", ran.err);
        assert!(!ran.err.is_empty() && !ran.err.contains("panicked"), "{line}: {}", ran.err);
    }
    assert!(!bench.exists("rental.db"));
}

#[test]
fn a_negative_value_is_answered_by_what_reads_the_value() {
    let bench = Bench::new();
    for line in [
        "numbers add 8888123 --plan -1d=1",
        "numbers price 8888123 --plan -1d=1",
        "numbers import - --plan -1d=1",
        "numbers list --limit -1",
        "numbers lock 8888123 --for -1h",
        "numbers await-deletion 8888123 --until -1",
        "rentals extend 8888123 --by -5d",
        "sandbox pay --amount -1 --no-comment",
        "sandbox pay --nanotons -1 --no-comment",
        "sandbox pay --amount 1 --no-comment --times -1",
        "sandbox advance -1d",
    ] {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let ran = bench.run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}: {}", ran.err);
        assert!(
            ran.err.contains("invalid value '-") && !ran.err.contains("unexpected"),
            "{line}: {}",
            ran.err
        );
    }
    bench.ok(&["sandbox", "advance", "--json", "1s", "-y"]);
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    let bench = Bench::with_number();
    bench.ok(&["admins", "add", "1"]);
    bench.ok(&["keys", "create", "partner"]);
    for noun in ["numbers", "rentals", "customers", "admins", "keys"] {
        for form in ["table", "csv"] {
            let list = [noun, "list", "--cursor", "zz", "--output", form];
            let ran = bench.refused(&list, 2, "cursor.invalid");
            assert!(ran.out.is_empty() && ran.err.contains("leave --cursor out"), "{noun}: {ran:?}");
        }
    }
    for noun in ["invoices", "payments", "rentals"] {
        let ran = bench.run(&[noun, "list", "--cursor", "zz", "--json"]);
        assert!(ran.code == 2 && ran.err.contains("cursor.invalid"), "{noun}: {ran:?}");
        bench.ok(&[noun, "list"]);
    }
}

#[test]
fn a_reason_is_for_changes() {
    let bench = Bench::new();
    for line in [
        "numbers list",
        "numbers show 8888123",
        "rentals list",
        "rentals show 8888123",
        "invoices list",
        "payments list",
        "payments reconcile",
        "customers list",
        "customers show tg:1",
        "admins list",
        "keys list",
        "audit list",
        "stats",
        "doctor",
        "completions bash",
    ] {
        let arguments: Vec<&str> = line.split_whitespace().chain(["--reason", "underpaid"]).collect();
        let ran = bench.refused(&arguments, 2, "usage");
        assert!(ran.out.is_empty() && ran.err.contains("--because"), "{line}: {ran:?}");
    }
    assert!(!bench.exists("rental.db"));
    bench.ok(&["numbers", "add", NUMBER, "--plan", "30d=10", "--reason", "new"]);
}

#[test]
fn the_environment_comes_from_a_file_too() {
    let bench = Bench::new();
    bench.write(".env", "RENTAL_DB=other.db\n");
    bench.ok(&["numbers", "list"]);
    assert!(bench.exists("other.db") && !bench.exists("rental.db"));
    bench.write(".env", "what is this\n");
    bench.refused(&["numbers", "list"], 2, "config.dotenv");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::new();
    let lines: Vec<_> = (0..3000).map(|n| format!("+8880{n:07}")).collect();
    bench.write("n", &lines.join("\n"));
    bench.ok(&["numbers", "import", "n"]);
    let mut child = bench.program(&["numbers", "list", "--all"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
