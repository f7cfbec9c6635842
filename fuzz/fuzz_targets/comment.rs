//! A message body from anybody.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rental_ton::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::comment(bytes));
