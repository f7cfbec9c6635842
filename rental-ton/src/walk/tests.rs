//! The walk over a whole recorded chain, told truly and falsely.

use data_encoding::BASE64;
use proptest::prelude::*;
use rental_core::Network;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct History {
    account: String,
    transactions: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    lt: String,
    hash: String,
    boc: String,
}

/// The wallet and its whole chain, newest first.
fn history() -> (Watched, Vec<Row>) {
    let history: History =
        serde_json::from_str(include_str!("../../tests/data/history.json")).expect("well-formed");
    let wallet = TonAddress::parse(&history.account, Network::Mainnet).expect("an address");
    let wallet = Watched::Wallet(wallet);
    let rows = history.transactions.into_iter().map(|recorded| Row {
        claimed: Some(Link {
            lt: recorded.lt.parse().expect("a number"),
            hash: recorded.hash.parse().expect("a hash"),
        }),
        boc: BASE64.decode(recorded.boc.as_bytes()).expect("base64"),
    });
    (wallet, rows.collect())
}

fn cursor(row: &Row) -> ChainCursor {
    let link = row.claimed.expect("recorded rows say what they are");
    ChainCursor { lt: link.lt, hash: Some(link.hash) }
}

/// Walks from the head of `rows` to `after`, served in pages of `size` that begin at the asked row, as by the real
/// server, or with `overlap` at the row before it.
fn walk(
    wallet: &Watched,
    head: &ChainCursor,
    rows: &[Row],
    after: &ChainCursor,
    size: usize,
    overlap: bool,
) -> Result<Vec<ChainTransaction>, GatewayError> {
    let mut walk = Walk::new(wallet, head, after)?;
    let mut first = true;
    while let Some(link) = walk.next() {
        let asked = rows.iter().position(|row| row.claimed == Some(link)).unwrap_or(rows.len());
        let start = if overlap && !first { asked.saturating_sub(1) } else { asked };
        let end = rows.len().min(asked + size);
        walk.take(&rows[start..end.max(start)])?;
        first = false;
    }
    Ok(walk.finish())
}

#[test]
fn the_whole_chain_is_read_with_every_page_size() {
    let (wallet, rows) = history();
    let head = cursor(&rows[0]);
    for size in 1..=20 {
        for overlap in [false, true] {
            let read = walk(&wallet, &head, &rows, &ChainCursor::START, size, overlap).expect("genuine");
            let hashes: Vec<_> = read.iter().rev().map(ChainTransaction::cursor).collect();
            assert_eq!(hashes, rows.iter().map(cursor).collect::<Vec<_>>(), "pages of {size}");
        }
    }
}

#[test]
fn the_walk_ends_at_the_cursor() {
    let (wallet, rows) = history();
    let head = cursor(&rows[0]);
    for (index, row) in rows.iter().enumerate() {
        let known = cursor(row);
        let bare = ChainCursor { hash: None, ..known };
        let between = ChainCursor { lt: known.lt + 1, hash: None };
        for after in [known, bare, between] {
            let read = walk(&wallet, &head, &rows, &after, 7, false).expect("genuine");
            assert_eq!(read.len(), index, "after {after:?}");
        }
    }
}

#[test]
fn a_cursor_that_the_chain_contradicts_is_refused() {
    let (wallet, rows) = history();
    let head = cursor(&rows[0]);
    for row in &rows {
        let known = cursor(row);
        for foreign in
            [ChainCursor { hash: Some(TxHash([7; 32])), ..known }, ChainCursor { lt: known.lt - 1, ..known }]
        {
            // The oldest row has nothing before it: there a cursor is of a former life of the account.
            if foreign.lt < cursor(&rows[rows.len() - 1]).lt {
                continue;
            }
            let refused = walk(&wallet, &head, &rows, &foreign, 100, false);
            assert!(matches!(refused, Err(GatewayError::Unverified(_))), "{foreign:?}: {refused:?}");
        }
    }
}

#[test]
fn a_chain_that_began_anew_is_read_from_its_beginning() {
    let (wallet, rows) = history();
    let former = ChainCursor { lt: 1_000, hash: Some(TxHash([7; 32])) };
    let read = walk(&wallet, &cursor(&rows[0]), &rows, &former, 100, false).expect("accepted");
    assert_eq!(read.len(), rows.len());
}

#[test]
fn a_head_behind_the_cursor_is_waited_for_and_a_vanished_chain_is_refused() {
    let (wallet, rows) = history();
    let (newest, older) = (cursor(&rows[0]), cursor(&rows[5]));
    assert!(matches!(Walk::new(&wallet, &older, &newest), Err(GatewayError::Unavailable(_))));
    assert!(matches!(Walk::new(&wallet, &ChainCursor::START, &newest), Err(GatewayError::Unverified(_))));
    let future = ChainCursor { lt: newest.lt + 5, hash: None };
    for head in [newest, ChainCursor::START] {
        assert_eq!(Walk::new(&wallet, &head, &future).expect("nothing new").next(), None);
    }
}

fn refused(rows: &[Row], head: &ChainCursor, wallet: &Watched) -> bool {
    // One page with all rows, so that what is wrong cannot be skipped by asking for the right row.
    let mut walk = Walk::new(wallet, head, &ChainCursor::START).expect("a plain head");
    while walk.next().is_some() {
        match walk.take(rows) {
            Ok(()) => {}
            Err(GatewayError::Unverified(_)) => return true,
            Err(other) => panic!("{other}"),
        }
    }
    false
}

#[test]
fn dropped_and_doctored_rows_are_refused() {
    let (wallet, rows) = history();
    let head = cursor(&rows[0]);
    assert!(!refused(&rows, &head, &wallet));
    for at in 0..rows.len() {
        let mut dropped = rows.clone();
        dropped.remove(at);
        assert!(refused(&dropped, &head, &wallet), "without row {at}");

        let mut doctored = rows.clone();
        let middle = doctored[at].boc.len() / 2;
        doctored[at].boc[middle] ^= 1;
        assert!(refused(&doctored, &head, &wallet), "row {at} doctored");

        let mut misnamed = rows.clone();
        misnamed[at].claimed = Some(Link { lt: 5, hash: TxHash([5; 32]) });
        assert!(refused(&misnamed, &head, &wallet), "row {at} misnamed");
    }
}

#[test]
fn reordered_and_repeated_rows_do_no_harm() {
    let (wallet, rows) = history();
    let head = cursor(&rows[0]);
    let truth: Vec<_> = rows.iter().rev().map(cursor).collect();
    let read = |rows: &[Row]| {
        let mut walk = Walk::new(&wallet, &head, &ChainCursor::START).expect("a plain head");
        walk.take(rows).expect("all rows are there");
        walk.finish().iter().map(ChainTransaction::cursor).collect::<Vec<_>>()
    };
    let reversed: Vec<_> = rows.iter().rev().cloned().collect();
    let twice = [rows.clone(), reversed.clone()].concat();
    for odd in [reversed, twice] {
        assert_eq!(read(&odd), truth);
    }
}

#[test]
fn a_refused_page_leaves_the_walk_where_another_providers_page_can_go_on() {
    let (wallet, rows) = history();
    let mut walk = Walk::new(&wallet, &cursor(&rows[0]), &ChainCursor::START).expect("a plain head");
    let mut gap = rows.clone();
    gap.remove(20);
    assert!(matches!(walk.take(&gap), Err(GatewayError::Unverified(_))));
    assert_eq!(walk.next(), rows[20].claimed);
    walk.take(&rows[20..]).expect("genuine");
    assert_eq!(walk.finish().len(), rows.len());
}

#[test]
fn a_chain_that_contradicts_the_cursor_does_so_whoever_hands_it_over() {
    let (wallet, rows) = history();
    let foreign = ChainCursor { hash: Some(TxHash([7; 32])), ..cursor(&rows[30]) };
    let mut walk = Walk::new(&wallet, &cursor(&rows[0]), &foreign).expect("a plain head");
    for _ in 0..3 {
        assert!(matches!(walk.take(&rows), Err(GatewayError::Unverified(_))));
        assert!(walk.next().is_some(), "the walk is not over");
    }
}

#[test]
fn pages_that_do_not_go_on_are_refused() {
    let (wallet, rows) = history();
    let mut walk = Walk::new(&wallet, &cursor(&rows[0]), &ChainCursor::START).expect("a plain head");
    walk.take(&rows[..3]).expect("genuine");
    for page in [&rows[..0], &rows[2..3], &rows[..3]] {
        let mut looping =
            Walk { watched: walk.watched, after: walk.after, next: walk.next, met: walk.met.clone() };
        assert!(matches!(looping.take(page), Err(GatewayError::Unverified(_))), "{} rows", page.len());
    }
}

#[test]
fn another_account_is_refused() {
    let (_, rows) = history();
    let stranger = TonAddress::new(0, [1; 32]);
    assert!(refused(&rows, &cursor(&rows[0]), &Watched::Wallet(stranger)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a provider serves: the result is the truth or an error.
    #[test]
    fn a_read_is_the_truth_or_an_error(
        edits in proptest::collection::vec((0..45usize, 0..45usize, 0..4u8), 0..4),
        after in 0..45usize,
        size in 1..20usize,
        overlap: bool,
    ) {
        let (wallet, truth) = history();
        let mut rows = truth.clone();
        for (one, other, kind) in edits {
            let (one, other) = (one % rows.len(), other % rows.len());
            match kind {
                0 => drop(rows.remove(one)),
                1 => rows.swap(one, other),
                2 => rows.insert(one, rows[other].clone()),
                _ => {
                    let at = other * 7 % rows[one].boc.len();
                    rows[one].boc[at] ^= 0x55;
                }
            }
        }
        if let Ok(read) = walk(&wallet, &cursor(&truth[0]), &rows, &cursor(&truth[after]), size, overlap) {
            let read: Vec<_> = read.iter().rev().map(ChainTransaction::cursor).collect();
            prop_assert_eq!(read, truth[..after].iter().map(cursor).collect::<Vec<_>>());
        }
    }
}
