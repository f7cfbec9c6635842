//! Links that open a wallet with recipient, amount and comment filled in.
//!
//! `ton://transfer/<address>?amount=<nanotons>&text=<comment>&exp=<unix seconds>` is what wallets scan and open. The
//! larger wallet apps take the same path and parameters under a web address of their own, which works where only web
//! links can be clicked. The deadline `exp` binds the payer's wallet only: it does not appear on chain. For a jetton,
//! `jetton=<master>` is added, and the amount is in the token's smallest units; the address stays that of the wallet
//! that is paid.

use std::fmt::Write as _;

use rental_core::{Network, PaymentLinks, PaymentRequest, WalletLink};

use crate::TonAddress;

/// Where `ton://` links point.
const TON: &str = "ton://transfer/";

/// A wallet app that pays from a web link.
struct App {
    /// Its stable name.
    wallet: &'static str,
    /// Its name for people.
    name: &'static str,
    /// What the address follows.
    base: &'static str,
}

/// Apps for real coins. Keeper was called Tonkeeper; its old host is an alias.
const MAINNET: [App; 3] = [
    App { wallet: "keeper", name: "Keeper (Tonkeeper)", base: "https://app.keeperwallet.com/transfer/" },
    App { wallet: "tonhub", name: "Tonhub", base: "https://tonhub.com/transfer/" },
    App { wallet: "mytonwallet", name: "MyTonWallet", base: "https://my.tt/transfer/" },
];
/// Apps for the test network. The links of the others open an app that holds real coins, so they are left out.
const TESTNET: [App; 1] =
    [App { wallet: "tonhub", name: "Tonhub (test)", base: "https://test.tonhub.com/transfer/" }];

/// The links for paying `request` on `network`.
///
/// An address in any spelling is shown non-bounceable, so that the money arrives even where no contract is
/// deployed. A text that is no address is passed on escaped, for the wallet to refuse.
///
/// ```
/// use rental_core::{Network, PaymentRequest, Timestamp};
///
/// let request = PaymentRequest {
///     address: "0:39b4243d2baddad349549c3045861f67a826f688d1af304da7efefbb874f6f3f".to_owned(),
///     amount: "1.5 TON".parse().expect("an amount"),
///     jetton: None,
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
    let address = shown(&request.address, network, TonAddress::friendly);
    let mut rest = format!("{address}?amount={}", request.amount.units());
    if let Some(master) = &request.jetton {
        rest.push_str("&jetton=");
        rest.push_str(&shown(master, network, TonAddress::bounceable));
    }
    if let Some(comment) = &request.comment {
        rest.push_str("&text=");
        rest.push_str(&escape(comment));
    }
    if let Some(deadline) = request.expires_at {
        rest.push_str("&exp=");
        rest.push_str(&deadline.unix().to_string());
    }
    let apps: &[App] = match network {
        Network::Mainnet | Network::Sandbox => &MAINNET,
        Network::Testnet => &TESTNET,
    };
    let link = |app: &App| WalletLink {
        wallet: app.wallet.to_owned(),
        name: app.name.to_owned(),
        url: format!("{}{rest}", app.base),
    };
    PaymentLinks {
        ton: format!("{TON}{rest}"),
        https: format!("{}{rest}", apps[0].base),
        wallets: apps.iter().map(link).collect(),
    }
}

/// An address in the spelling that `spell` gives it; a text that is none is escaped.
fn shown(text: &str, network: Network, spell: fn(&TonAddress, Network) -> String) -> String {
    TonAddress::parse(text, network).map_or_else(|_| escape(text), |address| spell(&address, network))
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

    fn request() -> PaymentRequest {
        PaymentRequest {
            address: "EQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP9fd".to_owned(),
            amount: "10".parse().expect("an amount"),
            jetton: None,
            comment: None,
            expires_at: None,
        }
    }

    #[test]
    fn a_jetton_is_named_by_its_master_with_an_amount_in_its_own_units() {
        let master = "0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe".to_owned();
        let amount = "25.5 USDT".parse().expect("an amount");
        let request = PaymentRequest { jetton: Some(master), amount, ..request() };
        let links = payment_links(Network::Mainnet, &request);
        let rest = "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY?amount=25500000\
                    &jetton=EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs";
        assert_eq!(links.ton, format!("ton://transfer/{rest}"));
        assert_eq!(links.https, format!("https://app.keeperwallet.com/transfer/{rest}"));
    }

    #[test]
    fn an_address_is_shown_non_bounceable_in_both_links() {
        let links = payment_links(Network::Mainnet, &request());
        let rest = "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY?amount=10000000000";
        assert_eq!(links.ton, format!("ton://transfer/{rest}"));
        assert_eq!(links.https, format!("https://app.keeperwallet.com/transfer/{rest}"));
        let urls: Vec<_> = links.wallets.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                format!("https://app.keeperwallet.com/transfer/{rest}"),
                format!("https://tonhub.com/transfer/{rest}"),
                format!("https://my.tt/transfer/{rest}"),
            ]
        );
    }

    #[test]
    fn links_of_the_test_network_open_nothing_that_holds_real_coins() {
        let links = payment_links(Network::Testnet, &request());
        assert!(links.ton.starts_with("ton://transfer/0Q"), "{}", links.ton);
        let all = links.wallets.iter().map(|link| &link.url).chain([&links.https]);
        for url in all {
            assert!(url.starts_with("https://test.tonhub.com/transfer/0Q"), "{url}");
        }
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
