//! Numbers whose NFT is, or is not, the operator's.

use serde_json::json;

use crate::bench::{Bench, NUMBER};

#[test]
fn a_number_is_added_only_when_the_chain_says_that_it_is_ours() {
    let bench = Bench::new();
    let add = ["numbers", "add", NUMBER, "--plan", "30d=10", "--verify"];
    for (standing, said) in [
        ("sold", "belongs to 0:eeee"),
        ("auction", "is for sale"),
        ("bid", "is being sold to 0:eeee"),
        ("unminted", "does not exist on chain"),
    ] {
        bench.ok(&["sandbox", "nft", NUMBER, standing]);
        let refused = bench.run(&add);
        assert_eq!(refused.code, 5, "{}", refused.err);
        assert!(refused.err.contains(said), "{}", refused.err);
        assert_eq!(bench.run(&["numbers", "show", NUMBER]).code, 3);
    }
    bench.ok(&["sandbox", "nft", NUMBER, "ours"]);
    bench.ok(&add);
    let shown = bench.json(&["numbers", "show", NUMBER]);
    assert_eq!((&shown["state"], &shown["ownership"]), (&json!("available"), &json!("ours")));
    assert!(shown["checked_at"].is_string());
    assert_eq!(shown["item"].as_str().map(str::len), Some(48));
}

#[test]
fn a_number_that_left_is_not_offered_until_it_is_back() {
    let bench = Bench::with_number();
    assert_eq!(bench.json(&["numbers", "show", NUMBER])["ownership"], json!(null));
    bench.ok(&["sandbox", "nft", NUMBER, "sold"]);
    bench.ok(&["numbers", "verify", "--all", "--reason", "a customer asked"]);
    assert_eq!(bench.json(&["numbers", "list", "--state", "lost"])["data"][0]["number"], json!(NUMBER));
    let doctor = bench.json(&["doctor"]);
    let ownership = doctor["checks"].as_array().unwrap().iter().find(|check| check["name"] == "ownership");
    assert_eq!(ownership.unwrap()["status"], json!("warning"));
    let trail = bench.json(&["audit", "list", "--limit", "1"]);
    assert_eq!(
        (&trail["data"][0]["action"], &trail["data"][0]["reason"]),
        (&json!("number.lost"), &json!("a customer asked"))
    );
    assert_eq!(bench.run(&["numbers", "restore", NUMBER]).code, 5);
    bench.ok(&["sandbox", "nft", NUMBER, "ours"]);
    bench.ok(&["numbers", "verify", NUMBER]);
    assert_eq!(bench.json(&["numbers", "show", NUMBER])["state"], json!("available"));
    assert_eq!(bench.run(&["numbers", "verify", "8888999"]).code, 3);
    assert_eq!(bench.run(&["numbers", "verify"]).code, 2);
}
