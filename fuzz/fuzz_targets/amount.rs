//! Amounts and plans as people type them: what is read is written and read again as the same, to the last unit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rental_core::{Amount, Nanotons, Plan};

fuzz_target!(|text: &str| {
    if let Ok(amount) = text.parse::<Amount>() {
        assert_eq!(amount.to_string().parse(), Ok(amount));
    }
    if let Ok(amount) = text.parse::<Nanotons>() {
        assert!(amount.get() <= Nanotons::MAX.get());
    }
    if let Ok(plan) = text.parse::<Plan>() {
        assert_eq!(plan.to_string().parse(), Ok(plan));
    }
});
