//! Doors for the fuzzer: what strangers write goes in, and nothing comes out but a panic. Behind the feature `fuzzing`.

use rental_core::{ChainCursor, TxHash};
use reqwest::StatusCode;
use tycho_types::boc::Boc;
use tycho_types::models::Transaction;

use crate::walk::Walk;
use crate::{ProviderKind, TonAddress, Watched, comment, provider, verify_transaction};

/// A transaction's bag of cells, read as one of the account that it names.
///
/// # Panics
/// When what is accepted under a hash does not have that hash.
pub fn transaction(bytes: &[u8]) {
    let Ok(root) = Boc::decode(bytes) else { return };
    let Ok(transaction) = root.parse::<Transaction>() else { return };
    let (hash, wallet) = (TxHash(root.repr_hash().0), TonAddress::new(0, transaction.account.0));
    if let Ok(read) = verify_transaction(bytes, &hash, &wallet) {
        assert_eq!((read.tx, read.lt), (hash, transaction.lt), "what was accepted is what was asked for");
        let other = TxHash([0; 32]);
        assert!(verify_transaction(bytes, &other, &wallet).is_err(), "another hash is refused");
    }
}

/// The body of a message, as a bag of cells.
pub fn comment(bytes: &[u8]) {
    let Ok(root) = Boc::decode(bytes) else { return };
    if let Ok(body) = root.as_slice() {
        comment::decode(body);
    }
}

/// A provider's answer to every question at once, with and without success. Rows are walked like any page.
pub fn answer(kind: ProviderKind, body: &[u8]) {
    for status in [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY] {
        let rows = provider::read_anything(kind, status, body);
        let Some(first) = rows.first().and_then(|row| row.claimed) else { continue };
        let head = ChainCursor { lt: first.lt, hash: Some(first.hash) };
        let wallet = Watched::Wallet(TonAddress::new(0, [0x39; 32]));
        if let Ok(mut walk) = Walk::new(&wallet, &head, &ChainCursor::START) {
            let _ = walk.take(&rows);
        }
    }
}
