//! Addresses of TON accounts, in every spelling that people and programs write.
//!
//! An account has one identity and many spellings: raw (`0:` and 64 hex digits in either case) and the 48
//! characters of "user-friendly" form, which adds two flags (bounceable, test network) and a checksum and comes
//! in two base64 alphabets. [`TonAddress`] keeps the identity only and prints the two spellings we use. Layout of
//! the friendly form: tag byte, workchain byte, 32 bytes of account id, CRC16-XMODEM (TEP-2).

use std::fmt;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXLOWER_PERMISSIVE};
use rental_core::Network;

/// The tag of a friendly address that asks for bounceable messages.
const BOUNCEABLE: u8 = 0x11;
/// The tag of a friendly address that asks for messages that do not bounce.
const NON_BOUNCEABLE: u8 = 0x51;
/// Set in the tag of an address that is meant for test networks only.
const TEST_ONLY: u8 = 0x80;
/// Length of the friendly form: 36 bytes in base64.
const FRIENDLY_LENGTH: usize = 48;

/// An account: its workchain and the 256 bits of its id.
///
/// `Display` prints the raw form in lower case, the one that is stored and compared.
///
/// ```
/// use rental_core::Network;
/// use rental_ton::TonAddress;
///
/// let shown = "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY";
/// let address = TonAddress::parse(shown, Network::Mainnet)?;
/// assert_eq!(address.to_string(), "0:39b4243d2baddad349549c3045861f67a826f688d1af304da7efefbb874f6f3f");
/// assert_eq!(address.friendly(Network::Mainnet), shown);
/// # Ok::<(), rental_ton::AddressError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TonAddress {
    workchain: i8,
    id: [u8; 32],
}

/// Why a text is not an address that we may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither 48 characters of base64 nor `workchain:hex`.
    #[error("a TON address is 48 characters such as UQ… or EQ…, or 0: and 64 hex digits; copy it again")]
    Malformed,
    /// The checksum does not fit: a character was mistyped.
    #[error("the address has a typing error: its checksum does not fit; copy it again")]
    Checksum,
    /// The first byte is not one of the four known tags.
    #[error("the address begins with an unknown tag; write it as UQ…, EQ… or in raw form")]
    Tag,
    /// The workchain is neither the basechain (0) nor the masterchain (-1).
    #[error("the address is of workchain {0}; only 0 and -1 exist")]
    Workchain(i8),
    /// A test-network spelling where real coins are meant.
    #[error(
        "the address is spelled for a test network (kQ… or 0Q…) but the network is {0}; use its UQ… form"
    )]
    TestnetSpelling(Network),
}

impl TonAddress {
    /// The account `id` in `workchain`, 0 or -1.
    pub(crate) const fn new(workchain: i8, id: [u8; 32]) -> Self {
        Self { workchain, id }
    }

    /// Reads any spelling, for use on `network`.
    ///
    /// Surrounding white space is ignored. On a test network every spelling is welcome, because the same account
    /// exists on both networks and many tools print the mainnet form.
    ///
    /// # Errors
    /// [`AddressError`]; on [`Network::Mainnet`] the spellings for test networks are refused.
    pub fn parse(text: &str, network: Network) -> Result<Self, AddressError> {
        let text = text.trim();
        match text.split_once(':') {
            Some((workchain, id)) => Self::parse_raw(workchain, id),
            None => Self::parse_friendly(text, network),
        }
    }

    fn parse_raw(workchain: &str, id: &str) -> Result<Self, AddressError> {
        let number: i8 = workchain.parse().map_err(|_| AddressError::Malformed)?;
        // One number has one spelling: neither "+0" nor "00".
        if number.to_string() != workchain {
            return Err(AddressError::Malformed);
        }
        let bytes = HEXLOWER_PERMISSIVE.decode(id.as_bytes()).map_err(|_| AddressError::Malformed)?;
        Self::checked(number, bytes.try_into().map_err(|_| AddressError::Malformed)?)
    }

    fn parse_friendly(text: &str, network: Network) -> Result<Self, AddressError> {
        if text.len() != FRIENDLY_LENGTH {
            return Err(AddressError::Malformed);
        }
        let standard = text.replace('-', "+").replace('_', "/");
        let bytes = BASE64.decode(standard.as_bytes()).map_err(|_| AddressError::Malformed)?;
        let bytes: [u8; 36] = bytes.try_into().map_err(|_| AddressError::Malformed)?;
        let [tag, workchain, id @ .., high, low] = bytes;
        if crc16(&bytes[..34]) != u16::from_be_bytes([high, low]) {
            return Err(AddressError::Checksum);
        }
        if ![BOUNCEABLE, NON_BOUNCEABLE].contains(&(tag & !TEST_ONLY)) {
            return Err(AddressError::Tag);
        }
        if tag & TEST_ONLY != 0 && network == Network::Mainnet {
            return Err(AddressError::TestnetSpelling(network));
        }
        Self::checked(i8::from_be_bytes([workchain]), id)
    }

    fn checked(workchain: i8, id: [u8; 32]) -> Result<Self, AddressError> {
        if workchain == 0 || workchain == -1 {
            Ok(Self { workchain, id })
        } else {
            Err(AddressError::Workchain(workchain))
        }
    }

    /// The form for payers: non-bounceable and URL-safe, `UQ…` (`0Q…` on the test network).
    ///
    /// Non-bounceable, so that a deposit is kept even while the wallet's contract is not deployed.
    pub fn friendly(&self, network: Network) -> String {
        self.tagged(NON_BOUNCEABLE, network)
    }

    /// The form for contracts: bounceable and URL-safe, `EQ…` (`kQ…` on the test network), as explorers show them.
    pub fn bounceable(&self, network: Network) -> String {
        self.tagged(BOUNCEABLE, network)
    }

    fn tagged(&self, tag: u8, network: Network) -> String {
        let test_only = if network == Network::Testnet { TEST_ONLY } else { 0 };
        let mut bytes = [0; 36];
        bytes[0] = tag | test_only;
        bytes[1] = self.workchain.to_be_bytes()[0];
        bytes[2..34].copy_from_slice(&self.id);
        let checksum = crc16(&bytes[..34]);
        bytes[34..].copy_from_slice(&checksum.to_be_bytes());
        BASE64URL.encode(&bytes)
    }

    /// The workchain: 0, or -1 for the masterchain.
    pub(crate) const fn workchain(&self) -> i8 {
        self.workchain
    }

    /// The 256 bits of the account id.
    pub(crate) const fn id(&self) -> &[u8; 32] {
        &self.id
    }
}

impl fmt::Display for TonAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.workchain, HEXLOWER.encode(&self.id)))
    }
}

impl fmt::Debug for TonAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// CRC16-XMODEM: polynomial 0x1021, initial value 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RAW: &str = "0:39b4243d2baddad349549c3045861f67a826f688d1af304da7efefbb874f6f3f";

    /// Every friendly spelling of `address`: both alphabets, bounceable or not, for test networks or not.
    fn spellings(address: &TonAddress) -> Vec<(String, bool)> {
        let mut all = Vec::new();
        for tag in [BOUNCEABLE, NON_BOUNCEABLE, BOUNCEABLE | TEST_ONLY, NON_BOUNCEABLE | TEST_ONLY] {
            let mut bytes = vec![tag, address.workchain.to_be_bytes()[0]];
            bytes.extend(address.id);
            bytes.extend(crc16(&bytes).to_be_bytes());
            all.push((BASE64.encode(&bytes), tag & TEST_ONLY != 0));
            all.push((BASE64URL.encode(&bytes), tag & TEST_ONLY != 0));
        }
        all
    }

    #[test]
    fn reads_every_spelling_of_one_account() {
        let address = TonAddress::parse(RAW, Network::Mainnet).expect("valid");
        let known = spellings(&address);
        for prefix in ["EQ", "UQ", "kQ", "0Q"] {
            assert!(known.iter().any(|(text, _)| text.starts_with(prefix)), "{prefix}");
        }
        let upper = RAW.to_uppercase();
        let padded = format!(" {RAW}\n");
        for text in [RAW, &upper, &padded].into_iter().chain(known.iter().map(|(text, _)| text.as_str())) {
            assert_eq!(TonAddress::parse(text, Network::Testnet), Ok(address), "{text}");
        }
        assert_eq!(address.friendly(Network::Mainnet), "UQA5tCQ9K63a00lUnDBFhh9nqCb2iNGvME2n7--7h09vP4oY");
        assert_eq!(address.friendly(Network::Sandbox), address.friendly(Network::Mainnet));
        assert!(address.friendly(Network::Testnet).starts_with("0Q"));
    }

    #[test]
    fn refuses_testnet_spellings_on_mainnet() {
        let address = TonAddress::parse(RAW, Network::Mainnet).expect("valid");
        for (text, test_only) in spellings(&address) {
            let expected =
                if test_only { Err(AddressError::TestnetSpelling(Network::Mainnet)) } else { Ok(address) };
            assert_eq!(TonAddress::parse(&text, Network::Mainnet), expected, "{text}");
        }
    }

    #[test]
    fn knows_the_masterchain() {
        let text = "-1:3333333333333333333333333333333333333333333333333333333333333333";
        let elector = TonAddress::parse(text, Network::Mainnet).expect("valid");
        assert_eq!(elector.to_string(), text);
        let shown = "Ef8zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM0vF";
        assert_eq!(TonAddress::parse(shown, Network::Mainnet), Ok(elector));
    }

    #[test]
    fn refuses_what_is_not_an_address() {
        let id = &RAW[2..];
        for (text, error) in [
            (String::new(), AddressError::Malformed),
            ("garbage".to_owned(), AddressError::Malformed),
            (id.to_owned(), AddressError::Malformed),
            (format!("+0:{id}"), AddressError::Malformed),
            (format!("00:{id}"), AddressError::Malformed),
            (format!("0:{id}0"), AddressError::Malformed),
            (format!("0:{id}:"), AddressError::Malformed),
            (format!("0:{}", &id[1..]), AddressError::Malformed),
            (format!("1:{id}"), AddressError::Workchain(1)),
            (format!("300:{id}"), AddressError::Malformed),
            ("ÿ".repeat(24), AddressError::Malformed),
        ] {
            assert_eq!(TonAddress::parse(&text, Network::Mainnet), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_noticed(id: [u8; 32], at in 0..48usize, other in "[A-Za-z0-9_-]") {
            let address = TonAddress { workchain: 0, id };
            let mut text = address.friendly(Network::Mainnet);
            prop_assume!(text[at..=at] != other);
            text.replace_range(at..=at, &other);
            prop_assert!(TonAddress::parse(&text, Network::Mainnet).is_err());
        }

        #[test]
        fn what_is_printed_reads_back(id: [u8; 32], masterchain: bool) {
            let address = TonAddress { workchain: if masterchain { -1 } else { 0 }, id };
            prop_assert_eq!(TonAddress::parse(&address.to_string(), Network::Mainnet), Ok(address));
            for network in [Network::Mainnet, Network::Testnet, Network::Sandbox] {
                prop_assert_eq!(TonAddress::parse(&address.friendly(network), network), Ok(address));
            }
        }

        #[test]
        fn never_panics(text in ".{0,80}") {
            let _ = TonAddress::parse(&text, Network::Mainnet);
        }
    }
}
