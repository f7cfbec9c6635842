//! The NFT of a number: where it lives on chain, derived without asking anybody.
//!
//! Numbers are items of a *telemint* collection. The address of an item is the hash of what it is deployed with: the
//! code that all items share, and data that name the collection and the item's index, which is the SHA-256 of the
//! number's digits. So nobody has to be trusted to say which contract speaks for a number.
//!
//! ```text
//! index   = sha256("88806825795")
//! config  = cell(uint256 index, address of the collection)
//! data    = cell(bit 0, ref config)
//! init    = cell(bits 00110, refs [code, data])
//! address = 0:hash(init)
//! ```

use rental_core::PhoneNumber;
use sha2::{Digest, Sha256};
use tycho_types::cell::{Cell, CellBuilder, CellFamily, HashBytes, Store};
use tycho_types::error::Error;
use tycho_types::models::StdAddr;

use crate::TonAddress;

/// The collection "Anonymous Telegram Numbers" on the main network.
pub const NUMBERS: TonAddress = TonAddress::new(
    0,
    [
        0x0e, 0x41, 0xdc, 0x1d, 0xc3, 0xc9, 0x06, 0x7e, 0xd2, 0x42, 0x48, 0x58, 0x0e, 0x12, 0xb3, 0x35, 0x98,
        0x18, 0xd8, 0x3d, 0xee, 0x03, 0x04, 0xfa, 0xbc, 0xf8, 0x08, 0x45, 0xea, 0xfa, 0xfd, 0xb2,
    ],
);

/// The hash of the code that all items share. The code itself is not needed.
const CODE_HASH: [u8; 32] = [
    0x5b, 0x09, 0x29, 0x91, 0x65, 0x0f, 0xbc, 0x48, 0xb3, 0x28, 0x8b, 0x08, 0xac, 0xc7, 0x67, 0x7b, 0x22,
    0xe4, 0xc2, 0x5d, 0x48, 0x45, 0x8c, 0x56, 0xd2, 0xa1, 0x7f, 0x23, 0xe8, 0x06, 0xb6, 0xb4,
];
/// How deep the tree of its cells is.
const CODE_DEPTH: u16 = 8;

/// The index of a number in its collection: the SHA-256 of its digits without the plus.
pub(crate) fn index(number: PhoneNumber) -> [u8; 32] {
    Sha256::digest(number.as_u64().to_string()).into()
}

/// The address of `number`'s NFT in `collection`.
///
/// ```
/// use rental_core::Network;
/// use rental_ton::{NUMBERS, item_address};
///
/// let item = item_address("+888 0539 7120".parse()?, &NUMBERS);
/// assert_eq!(item.bounceable(Network::Mainnet), "EQCGZEZZcYO9DK877fJSIEpYMSvfui7zmTXGhq0yq1Ce1Mb6");
/// # Ok::<(), rental_core::NumberError>(())
/// ```
///
/// # Panics
/// Never: what is stored fits into the cells.
pub fn item_address(number: PhoneNumber, collection: &TonAddress) -> TonAddress {
    let data = data(&index(number), collection).expect("an index and an address fit into a cell");
    TonAddress::new(0, state_init_hash(&data))
}

fn data(index: &[u8; 32], collection: &TonAddress) -> Result<Cell, Error> {
    let collection = StdAddr::new(collection.workchain(), HashBytes(*collection.id()));
    let mut config = CellBuilder::new();
    config.store_u256(&HashBytes(*index))?;
    collection.store_into(&mut config, Cell::empty_context())?;
    let mut data = CellBuilder::new();
    data.store_bit_zero()?;
    data.store_reference(config.build()?)?;
    data.build()
}

/// The hash of a state of the shared code and `data`. It is put together by hand, because of the code only its hash is
/// known: two descriptor bytes (two references; five bits, the last byte unfinished), the bits with their end mark, the
/// depths of the references, their hashes.
fn state_init_hash(data: &Cell) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([2, 1, 0b0011_0100]);
    hash.update(CODE_DEPTH.to_be_bytes());
    hash.update(data.repr_depth().to_be_bytes());
    hash.update(CODE_HASH);
    hash.update(data.repr_hash().0);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rental_core::Network;

    fn item(number: &str, collection: &TonAddress) -> TonAddress {
        item_address(number.parse().expect("a number"), collection)
    }

    #[test]
    fn addresses_of_real_numbers_are_derived() {
        let collection =
            TonAddress::parse("EQAOQdwdw8kGftJCSFgOErM1mBjYPe4DBPq8-AhF6vr9si5N", Network::Mainnet);
        assert_eq!(collection, Ok(NUMBERS));
        for (number, address) in [
            ("88806825795", "0:0b9ee0a208c769c420dc551b978235cec1851ddeb2c0eb52cd9125692ff3a3a0"),
            ("88805397120", "EQCGZEZZcYO9DK877fJSIEpYMSvfui7zmTXGhq0yq1Ce1Mb6"),
            ("88809696960", "EQBu6eCK84PxTdjEKyY7z8TQGhN3dbzx-935nj-Lx4FCKPaF"),
        ] {
            assert_eq!(Ok(item(number, &NUMBERS)), TonAddress::parse(address, Network::Mainnet), "{number}");
        }
    }

    #[test]
    fn another_collection_and_another_number_have_other_items() {
        let other = TonAddress::new(0, [7; 32]);
        assert_ne!(item("88806825795", &other), item("88806825795", &NUMBERS));
        assert_ne!(item("8888123", &NUMBERS), item("88806825795", &NUMBERS));
    }

    #[test]
    fn the_index_is_the_hash_of_the_digits() {
        let number = "+888 0000 1111".parse().expect("a number");
        let decimal = "73436834376558948613217883559094875954009698588780068161156220748788217530823";
        let mut value = vec![0_u8; 32];
        for digit in decimal.bytes() {
            let mut carry = u32::from(digit - b'0');
            for byte in value.iter_mut().rev() {
                let next = u32::from(*byte) * 10 + carry;
                *byte = u8::try_from(next & 0xff).expect("masked");
                carry = next >> 8;
            }
        }
        assert_eq!(index(number).as_slice(), value);
    }
}
