//! Many numbers at once.

use serde_json::json;

use crate::bench::{Bench, NUMBER, ended};

#[test]
fn a_file_with_everything_in_it() {
    let bench = Bench::with_number();
    bench.write(
        "n.csv",
        "number,plans\n# a comment\n\n+888 0246 8135 # with its own\n8888123,7d=3,30d=9\n+888-0123-4567\n",
    );
    let summary = bench.json(&["numbers", "import", "n.csv", "--plan", "30d=10"]);
    assert_eq!(summary, json!({"imported": 2, "existing": [NUMBER], "invalid": 0, "not_offered": 0}));
    assert_eq!(bench.json(&["numbers", "show", "8888123"])["plans"][1]["price_display"], "9 TON");
    let again = bench.json(&["numbers", "import", "n.csv", "--plan", "30d=10"]);
    assert_eq!((&again["imported"], again["existing"].as_array().map(Vec::len)), (&json!(0), Some(3)));
}

#[test]
fn one_bad_line_stops_everything_unless_it_may_be_skipped() {
    let bench = Bench::new();
    let text = "8888123\n+1 202 555 0100\n8888124,30d=0\n8888123\n";
    let import = ["numbers", "import", "-", "--plan", "1d=1"];
    let ran = bench.run_with(&import, text);
    assert_eq!(ran.code, 2, "{ran:?}");
    for said in [
        "line 2: ",
        "line 3: ",
        "line 4: +8888123 stands in line 1 already",
        "error[import.invalid]: nothing was imported: 3 bad lines",
    ] {
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    assert_eq!(bench.json(&["numbers", "list"])["data"], json!([]));
    let ran = bench.run_with(&[&import[..], &["--skip-invalid", "--json"]].concat(), text);
    let summary: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(summary, json!({"imported": 1, "existing": [], "invalid": 3, "not_offered": 0}));
}

#[test]
fn odd_files() {
    let bench = Bench::new();
    bench.refused(&["numbers", "import", "nowhere.csv"], 1, "import.unreadable");
    bench.refused(&["numbers", "import", "."], 1, "import.unreadable");
    bench.write("empty", "");
    assert_eq!(bench.json(&["numbers", "import", "empty"])["imported"], 0);
    std::fs::write(bench.path("bytes"), b"8888123\n\xff\xfe8888124\n").unwrap();
    bench.refused(&["numbers", "import", "bytes"], 2, "import.invalid");
    bench.write("plain", "8888123\n");
    let ran = bench.ok(&["numbers", "import", "plain"]);
    assert!(ran.err.contains("1 number without a plan, not offered"), "{}", ran.err);
    bench.refused(&["numbers", "import", "plain", "--plan", "1d=1", "--plan", "1d=2"], 2, "plan.invalid");
}

#[test]
fn two_programs_at_once_lose_nothing() {
    let bench = Bench::new();
    let numbers = |prefix: u32| -> Vec<String> { (0..200).map(|n| format!("+8880{prefix}{n:03}")).collect() };
    let children = [1000, 2000].map(|prefix| {
        let mut arguments =
            vec!["numbers".to_owned(), "add".to_owned(), "--plan".to_owned(), "30d=10".to_owned()];
        arguments.extend(numbers(prefix));
        bench.program(&arguments).spawn().unwrap()
    });
    for child in children {
        let ran = ended(child);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    let listed = bench.json(&["numbers", "list", "--all"]);
    let listed: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|number| number["number"].as_str().unwrap()).collect();
    assert_eq!(listed, [numbers(1000), numbers(2000)].concat());
    bench.ok(&["doctor"]);
}

#[test]
fn ten_thousand_numbers_and_half_of_them_twice_at_once() {
    let bench = Bench::new();
    let lines = |range: std::ops::Range<u32>| {
        range.map(|n| format!("+8880{n:07},30d=10")).collect::<Vec<_>>().join("\n")
    };
    bench.write("a", &lines(0..6000));
    bench.write("b", &lines(4000..10_000));
    let children =
        ["a", "b"].map(|file| bench.program(&["numbers", "import", file, "--json"]).spawn().unwrap());
    let mut imported = 0;
    for child in children {
        let ran = ended(child);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let summary: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        imported += summary["imported"].as_u64().unwrap();
    }
    assert_eq!(imported, 10_000);
    assert_eq!(bench.json(&["stats"])["numbers"], json!({"available": 10_000}));
}
