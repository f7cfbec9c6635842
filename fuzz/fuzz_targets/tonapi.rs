//! Whatever tonapi answers: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rental_ton::{ProviderKind, fuzzing};

fuzz_target!(|bytes: &[u8]| fuzzing::answer(ProviderKind::Tonapi, bytes));
