//! Transactions made by the real executor, each with the verdict that the rules demand.

use data_encoding::BASE64;
use rental_core::{Comment, Network, NotPayment, TxHash, Verdict};
use rental_ton::{TonAddress, TransactionError, verify_transaction};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    account: String,
    tx_boc_base64: String,
    tx_hash_hex: String,
    lt: String,
    now: u64,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    is_payment: bool,
    reason: Option<NotPayment>,
    amount_nanotons: Option<String>,
    comment: Option<String>,
    comment_kind: String,
    comment_bytes_hex: Option<String>,
    sender: Option<String>,
}

impl Vector {
    fn boc(&self) -> Vec<u8> {
        BASE64.decode(self.tx_boc_base64.as_bytes()).expect("base64")
    }

    fn wallet(&self) -> TonAddress {
        TonAddress::parse(&self.account, Network::Mainnet).expect("an address")
    }

    fn hash(&self) -> TxHash {
        self.tx_hash_hex.parse().expect("a hash")
    }
}

impl Expected {
    fn comment(&self) -> Comment {
        match self.comment_kind.as_str() {
            "none" => Comment::None,
            "text" => Comment::Text(self.comment.clone().expect("a text")),
            "encrypted" => Comment::Encrypted,
            "binary" => Comment::Binary(self.comment_bytes_hex.clone().expect("bytes")),
            "malformed" => Comment::Malformed,
            other => panic!("no payment has a comment of kind {other}"),
        }
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("data/vectors.json")).expect("the vectors are well-formed")
}

#[test]
fn every_vector_gets_its_verdict() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 31);
    for vector in vectors {
        let name = &vector.name;
        let read = verify_transaction(&vector.boc(), &vector.hash(), &vector.wallet())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.tx, vector.hash(), "{name}");
        assert_eq!(read.lt.to_string(), vector.lt, "{name}");
        assert_eq!(read.chain_time.unix(), vector.now, "{name}");
        let expected = &vector.expected;
        match &read.verdict {
            Verdict::Payment(payment) => {
                assert!(expected.is_payment, "{name}: {payment:?}");
                assert_eq!(Some(payment.amount.units().to_string()), expected.amount_nanotons, "{name}");
                assert_eq!(payment.comment, expected.comment(), "{name}");
                assert_eq!(Some(&payment.sender), expected.sender.as_ref(), "{name}");
                assert_eq!((payment.tx, payment.lt, payment.chain_time), (read.tx, read.lt, read.chain_time));
            }
            Verdict::NotPayment(reason) => assert_eq!(Some(*reason), expected.reason, "{name}"),
            Verdict::Unreadable(payment) | Verdict::FromOwner(payment) => panic!("{name}: {payment:?}"),
        }
        // Money that bounced off the wallet goes out, too, and is not the operator's doing.
        let orders = read.verdict == Verdict::NotPayment(NotPayment::ExternalIn);
        assert!(read.outgoing.is_empty() || orders, "{name}: {:?}", read.outgoing);
    }
}

/// Refuses whatever one changed byte makes of `boc`.
fn refuses_changed_bytes(name: &str, boc: &[u8], hash: &TxHash, wallet: &TonAddress) {
    for at in 0..boc.len() {
        let mut changed = boc.to_vec();
        changed[at] ^= 0xff;
        assert!(verify_transaction(&changed, hash, wallet).is_err(), "{name}: byte {at}");
    }
}

#[test]
fn every_changed_byte_is_refused() {
    for vector in vectors() {
        refuses_changed_bytes(&vector.name, &vector.boc(), &vector.hash(), &vector.wallet());
    }
    let history: History = serde_json::from_str(include_str!("data/history.json")).expect("well-formed");
    let wallet = TonAddress::parse(&history.account, Network::Mainnet).expect("an address");
    for row in history.transactions {
        let boc = BASE64.decode(row.boc.as_bytes()).expect("base64");
        refuses_changed_bytes(&row.hash, &boc, &row.hash.parse().expect("a hash"), &wallet);
    }
}

/// One bit of the envelope says whether a checksum follows; without it the same cells are read unchecked by the
/// checksum, but never by the hash.
#[test]
fn no_changed_bit_changes_what_is_read() {
    for vector in vectors().into_iter().filter(|vector| vector.name.starts_with("plain_comment")) {
        let (boc, hash, wallet) = (vector.boc(), vector.hash(), vector.wallet());
        let genuine = verify_transaction(&boc, &hash, &wallet).expect("genuine");
        let mut accepted = 0;
        for at in 0..boc.len() {
            for bit in 0..8 {
                let mut changed = boc.clone();
                changed[at] ^= 1 << bit;
                if let Ok(read) = verify_transaction(&changed, &hash, &wallet) {
                    assert_eq!(read, genuine, "{}: bit {bit} of byte {at}", vector.name);
                    accepted += 1;
                }
            }
        }
        assert!(accepted <= 1, "{}: {accepted} changes went unnoticed", vector.name);
    }
}

#[test]
fn cut_and_foreign_bytes_are_refused() {
    let vector = &vectors()[0];
    let (boc, hash, wallet) = (vector.boc(), vector.hash(), vector.wallet());
    for length in 0..boc.len() {
        assert!(verify_transaction(&boc[..length], &hash, &wallet).is_err(), "{length} bytes");
    }
    let other = TxHash([1; 32]);
    assert_eq!(
        verify_transaction(&boc, &other, &wallet),
        Err(TransactionError::WrongHash { expected: other, actual: hash })
    );
    let stranger = "0:0000000000000000000000000000000000000000000000000000000000000001";
    let stranger = TonAddress::parse(stranger, Network::Mainnet).expect("an address");
    assert!(matches!(
        verify_transaction(&boc, &hash, &stranger),
        Err(TransactionError::ForeignAccount { .. })
    ));
    // The same id in the masterchain is another account, too.
    let twin =
        TonAddress::parse(&vector.account.replacen("0:", "-1:", 1), Network::Mainnet).expect("an address");
    assert!(matches!(verify_transaction(&boc, &hash, &twin), Err(TransactionError::ForeignAccount { .. })));
}

#[derive(Deserialize)]
struct History {
    account: String,
    transactions: Vec<HistoryRow>,
}

#[derive(Deserialize)]
struct HistoryRow {
    hash: String,
    boc: String,
    case: Option<String>,
}

/// The rows of one account's whole chain, among them cases without a vector of their own.
#[test]
fn the_other_cases_of_the_history_get_their_verdict() {
    let history: History = serde_json::from_str(include_str!("data/history.json")).expect("well-formed");
    let wallet = TonAddress::parse(&history.account, Network::Mainnet).expect("an address");
    let find = |case: &str| {
        let row = history.transactions.iter().find(|row| row.case.as_deref() == Some(case));
        let row = row.unwrap_or_else(|| panic!("the history has {case}"));
        let boc = BASE64.decode(row.boc.as_bytes()).expect("base64");
        verify_transaction(&boc, &row.hash.parse().expect("a hash"), &wallet).expect("genuine").verdict
    };
    for (case, reason) in [
        ("bounceable_to_uninit_with_balance", NotPayment::ReturnedToSender),
        ("bounced_back_new_format", NotPayment::BouncedBackToUs),
        ("bounced_back_compute_failed", NotPayment::BouncedBackToUs),
        ("jetton_notification_fake_master", NotPayment::ContractOp),
    ] {
        assert_eq!(find(case), Verdict::NotPayment(reason), "{case}");
    }
    for case in [
        "snake_irregular_cells",
        "comment_300_cells_deep",
        "comment_bits_not_byte_aligned",
        "contract_asked_for_bounced_flag",
        "dust_no_gas",
        "extra_currency_rides_along",
        "from_masterchain",
        "multi_message_3_of_3",
        "plain_comment_from_v4r2",
    ] {
        let Verdict::Payment(payment) = find(case) else { panic!("{case} is a payment") };
        match case {
            "snake_irregular_cells" => assert!(payment.comment.text().is_some(), "{case}"),
            "comment_300_cells_deep" => assert!(payment.comment.text().expect("a text").len() > 300),
            "comment_bits_not_byte_aligned" => assert_eq!(payment.comment, Comment::Malformed),
            "dust_no_gas" => assert!(payment.amount.units() < 1_000, "{case}"),
            "from_masterchain" => assert!(payment.sender.starts_with("-1:"), "{case}"),
            "multi_message_3_of_3" => assert_eq!(payment.comment.text(), Some("RENT-A")),
            _ => assert!(payment.comment.text().is_some_and(|text| text.starts_with("RENT-")), "{case}"),
        }
    }
}
