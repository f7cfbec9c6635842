use super::*;
use proptest::prelude::*;

fn pattern(text: &str) -> NumberPattern {
    text.parse().unwrap_or_else(|_| panic!("{text} is a pattern"))
}

fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

#[test]
fn what_people_write_has_one_spelling() {
    for (text, spelling) in [
        ("777", "*777*"),
        ("7?7", "*7?7*"),
        ("*777", "*777"),
        ("7**7", "7*7"),
        ("0123 45??", "012345??"),
        ("+888 0123", "0123*"),
        ("+888 0123 4567", "01234567"),
        ("88801234567", "01234567"),
        ("888 8 123", "*8123*"),
        ("8???", "8???"),
        ("8123", "*8123*"),
        ("888", "*888*"),
        ("8880*", "8880*"),
        ("٧٧٧", "*777*"),
    ] {
        assert_eq!(pattern(text).as_str(), spelling, "{text}");
        assert_eq!(pattern(spelling).as_str(), spelling);
    }
    for text in ["", "*", "?", "????", "abc", "7;7", "+1 777", "+7", "123456789", "+888"] {
        assert_eq!(text.parse::<NumberPattern>(), Err(NumberPatternError), "{text}");
    }
    assert!("7".repeat(1_000_000).parse::<NumberPattern>().is_err());
}

#[test]
fn the_first_candidate_is_found_without_looking_at_any_number() {
    let first = |text: &str, from: &str| pattern(text).first_from(number(from)).map(|n| n.to_string());
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(first("*777", "+8888000"), some("+8888777"));
    assert_eq!(first("*777", "+8888778"), some("+88800000777"));
    assert_eq!(first("*777", "+88800000778"), some("+88800001777"));
    assert_eq!(first("0123????", "+8888000"), some("+88801230000"));
    assert_eq!(first("0123????", "+88801239999"), some("+88801239999"));
    assert_eq!(first("0123????", "+88801240000"), None);
    assert_eq!(first("5*", "+8888000"), None, "no number begins like that");
    assert_eq!(first("*99*", "+88809999999"), some("+88809999999"));
}

proptest! {
    #[test]
    fn leaping_finds_what_looking_finds(
        text in "[0-9?*]{1,6}",
        from in 88_800_000_000_u64..88_810_000_000,
        span in 1_u64..3_000,
    ) {
        let Ok(pattern) = text.parse::<NumberPattern>() else { return Ok(()) };
        let all = (from..(from + span).min(88_810_000_000)).filter_map(PhoneNumber::from_digits);
        let looked = all.clone().find(|number| pattern.matches(*number));
        let leapt = pattern.first_from(PhoneNumber::from_digits(from).expect("in range"));
        let leapt = leapt.filter(|number| number.as_u64() < from + span);
        prop_assert_eq!(leapt, looked);
    }

    #[test]
    fn the_short_ones_are_found_too(text in "[0-9?*]{1,5}", from in 0_u64..1000) {
        let Ok(pattern) = text.parse::<NumberPattern>() else { return Ok(()) };
        let short = (8_888_000 + from..8_889_000).filter_map(PhoneNumber::from_digits);
        let looked = short.clone().find(|number| pattern.matches(*number));
        let leapt = pattern.first_from(PhoneNumber::from_digits(8_888_000 + from).expect("in range"));
        prop_assert_eq!(leapt.filter(|number| number.as_u64() < 8_889_000), looked);
    }

    #[test]
    fn a_spelling_reads_back(text in any::<String>()) {
        if let Ok(pattern) = text.parse::<NumberPattern>() {
            prop_assert_eq!(pattern.as_str().parse(), Ok(pattern.clone()));
            prop_assert!(pattern.as_str().len() <= NumberPattern::LONGEST);
        }
    }
}
