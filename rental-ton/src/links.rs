//! Links that open a wallet with recipient, amount and comment filled in.
//!
//! `ton://transfer/<address>?amount=<nanotons>&text=<comment>&exp=<unix seconds>` is what wallets scan and open;
//! `https://app.keeperwallet.com/transfer/…` takes the same parameters and works where only web links can be
//! clicked (Keeper is the wallet that was called Tonkeeper; its old host is an alias). The deadline `exp` binds the
//! payer's wallet only: it does not appear on chain.

use std::fmt::Write as _;

use rental_core::{Network, PaymentLinks, PaymentRequest};

use crate::TonAddress;

/// Where `ton://` links point.
const TON: &str = "ton://transfer/";
/// Where web links point.
const HTTPS: &str = "https://app.keeperwallet.com/transfer/";

/// The links for paying `request` on `network`.
///
/// An address in any spelling is shown non-bounceable, so that the money arrives even where no contract is
/// deployed. A text that is no address is passed on escaped, for the wallet to refuse.
///
/// ```
/// use rental_core::{Nanotons, Network, PaymentRequest, Timestamp};
///
/// let request = PaymentRequest {
///     address: "0:39b4243d2baddad349549c3045861f67a826f688d1af304da7efefbb874f6f3f".to_owned(),
///     amount: Nanotons::new(1_500_000_000).expect("in range"),
///     comment: Some("RENT 7&F".to_owned()),
///     expires_at: Some(Timestamp::from_unix(1_767_225_650)),
/// };
/// assert_eq!(
///     rental_ton::payment_links(Network::Mainnet, &request).ton,
///     "ton://transfer/UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY\
///      ?amount=1500000000&text=RENT%207%26F&exp=1767225650"
/// );
/// ```
pub fn payment_links(network: Network, request: &PaymentRequest) -> PaymentLinks {
    let address = TonAddress::parse(&request.address, network)
        .map_or_else(|_| escape(&request.address), |address| address.friendly(network));
    let mut rest = format!("{address}?amount={}", request.amount.get());
    if let Some(comment) = &request.comment {
        rest.push_str("&text=");
        rest.push_str(&escape(comment));
    }
    if let Some(deadline) = request.expires_at {
        rest.push_str("&exp=");
        rest.push_str(&deadline.unix().to_string());
    }
    PaymentLinks { ton: format!("{TON}{rest}"), https: format!("{HTTPS}{rest}") }
}

/// `text` with everything percent-encoded but the unreserved characters of RFC 3986; a space is `%20`, not `+`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes everything");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::Nanotons;

    fn request() -> PaymentRequest {
        PaymentRequest {
            address: "EQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP9fd".to_owned(),
            amount: Nanotons::from_ton(10).expect("in range"),
            comment: None,
            expires_at: None,
        }
    }

    #[test]
    fn an_address_is_shown_non_bounceable_in_both_links() {
        let links = payment_links(Network::Mainnet, &request());
        let rest = "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY?amount=10000000000";
        assert_eq!(links.ton, format!("ton://transfer/{rest}"));
        assert_eq!(links.https, format!("https://app.keeperwallet.com/transfer/{rest}"));
        assert!(payment_links(Network::Testnet, &request()).ton.starts_with("ton://transfer/0Q"));
    }

    #[test]
    fn comments_are_percent_encoded_utf_8() {
        let comment = Some("a b+c/é\u{1F642}".to_owned());
        let links = payment_links(Network::Mainnet, &PaymentRequest { comment, ..request() });
        assert!(links.ton.ends_with("&text=a%20b%2Bc%2F%C3%A9%F0%9F%99%82"), "{}", links.ton);
    }

    #[test]
    fn a_foreign_text_cannot_add_parameters() {
        let address = "x?amount=1&y".to_owned();
        let links = payment_links(Network::Mainnet, &PaymentRequest { address, ..request() });
        assert_eq!(links.ton, "ton://transfer/x%3Famount%3D1%26y?amount=10000000000");
    }
}
