//! A transaction's bag of cells from a provider: a verdict or an error, never a panic. What is accepted under a hash
//! has that hash.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rental_ton::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::transaction(bytes));
