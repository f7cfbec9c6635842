//! An address as people type it: what is read is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rental_core::Network;
use rental_ton::TonAddress;

fuzz_target!(|text: &str| {
    for network in [Network::Mainnet, Network::Testnet] {
        let Ok(address) = TonAddress::parse(text, network) else { continue };
        assert_eq!(TonAddress::parse(&address.to_string(), network), Ok(address));
        assert_eq!(TonAddress::parse(&address.friendly(network), network), Ok(address));
    }
});
