//! What a payer wrote: the body of a message, read as a comment.
//!
//! A text comment is 32 zero bits followed by UTF-8 in "snake" form: the bytes of the first cell, then those of
//! its only reference, and so on (TEP-64, TEP-74). A character may be cut anywhere between two cells, so the
//! bytes are joined before they are decoded, in a loop: chains are hundreds of cells deep.

use data_encoding::HEXLOWER;
use rental_core::Comment;
use tycho_types::cell::CellSlice;

/// Bits in an operation code.
const OP_BITS: u16 = 32;
/// The operation code of a text comment.
const TEXT: u32 = 0;
/// The operation code of a comment encrypted for the wallet's key holder.
const ENCRYPTED: u32 = 0x2167_da4b;
/// Bytes in the largest cell.
const CELL_BYTES: usize = 128;

/// Reads `body` as a comment; `None` when it is an operation, a message from contract to contract.
pub(crate) fn decode(mut body: CellSlice<'_>) -> Option<Comment> {
    if body.is_data_empty() && body.is_refs_empty() {
        return Some(Comment::None);
    }
    if body.size_bits() < OP_BITS {
        return Some(Comment::Malformed);
    }
    match body.load_u32() {
        Ok(TEXT) => Some(match snake(body).map(String::from_utf8) {
            Some(Ok(text)) => Comment::Text(text),
            Some(Err(error)) => Comment::Binary(HEXLOWER.encode(error.as_bytes())),
            None => Comment::Malformed,
        }),
        Ok(ENCRYPTED) => Some(Comment::Encrypted),
        Ok(_) => None,
        Err(_) => Some(Comment::Malformed),
    }
}

/// The joined bytes of a chain of cells; `None` when a cell ends inside a byte, has two tails or is no plain cell.
fn snake(mut cell: CellSlice<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let bits = cell.size_bits();
        if bits % 8 != 0 || cell.size_refs() > 1 {
            return None;
        }
        let mut buffer = [0; CELL_BYTES];
        bytes.extend_from_slice(cell.load_raw(&mut buffer, bits).ok()?);
        if cell.is_refs_empty() {
            return Some(bytes);
        }
        cell = cell.load_reference_as_slice().ok()?;
    }
}
