//! Lengths of time as they are typed: `90s`, `30m`, `12h`, `20d`.

use rental_core::Seconds;

/// The longest span: ten years.
const MOST: u64 = 3650 * 86_400;

/// Reads a length of time, at least one second.
///
/// # Errors
/// A text for the person who typed it.
pub(crate) fn parse(text: &str) -> Result<Seconds, String> {
    let refused = || "write a length of time such as 90s, 30m, 12h or 20d, up to 3650d".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(refused()),
    };
    let count = &text[..text.len() - 1];
    if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refused());
    }
    count
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(unit))
        .filter(|seconds| (1..=MOST).contains(seconds))
        .map(Seconds)
        .ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_four_units_and_nothing_else() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("30m", 1800), ("12h", 43_200), ("3650d", MOST)] {
            assert_eq!(parse(text), Ok(Seconds(seconds)), "{text}");
        }
        for text in [
            "",
            "0s",
            "5",
            "s",
            "-1s",
            "+1s",
            "1.5h",
            "1 h",
            "1w",
            "3651d",
            "1é",
            "999999999999999999999d",
            "18446744073709551615d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
