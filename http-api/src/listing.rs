//! Lists: a page of entries and an opaque place to go on from.

use data_encoding::BASE64URL_NOPAD;
use rental_core::{Page, PageRequest};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::problem::Problem;

/// The longest page.
const MOST: usize = 100;
/// The length of a page when nobody asks for another.
const USUAL: usize = 50;
/// Bytes of a cursor that tie it to its list.
const SEAL: usize = 6;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The entries. A page can be shorter than its limit before the end.
    pub(crate) data: Vec<T>,
    /// Send this as `cursor` for the next page; null at the end.
    pub(crate) next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page of the list called `name`, each entry shown by `show`.
    pub(crate) fn of<R>(name: &str, page: Page<R>, show: impl FnMut(R) -> T) -> Self {
        Self {
            data: page.items.into_iter().map(show).collect(),
            next_cursor: page.next.map(|place| seal(name, &place)),
        }
    }
}

/// The page of the list called `name` that a query asks for.
pub(crate) fn page(name: &str, limit: Option<&str>, cursor: Option<&str>) -> Result<PageRequest, Problem> {
    Ok(PageRequest {
        after: cursor.map(|cursor| open(name, cursor)).transpose()?,
        limit: self::limit(limit)?,
    })
}

/// How many entries a query asks for.
pub(crate) fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let limit = text.map_or(Some(USUAL), |text| {
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|limit| plain && (1..=MOST).contains(limit))
    });
    limit
        .ok_or_else(|| Problem::invalid("limit.invalid", format!("limit is a whole number from 1 to {MOST}")))
}

/// A place in a list as a client sees it: opaque, and of use for this list only.
fn seal(name: &str, place: &str) -> String {
    let mut bytes = digest(name, place).to_vec();
    bytes.extend_from_slice(place.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

fn open(name: &str, cursor: &str) -> Result<String, Problem> {
    let place = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok().and_then(|bytes| {
        let (seal, place) = bytes.split_at_checked(SEAL)?;
        let place = str::from_utf8(place).ok()?;
        (*seal == digest(name, place)).then(|| place.to_owned())
    });
    place.ok_or_else(|| {
        let detail = "send the next_cursor of the page before, unchanged, to the same list";
        Problem::invalid("cursor.invalid", detail)
    })
}

fn digest(name: &str, place: &str) -> [u8; SEAL] {
    let hash = Sha256::new_with_prefix(name).chain_update([0]).chain_update(place).finalize();
    std::array::from_fn(|i| hash[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_its_own_list_only() {
        let cursor = seal("numbers", "+88801234567");
        assert_eq!(open("numbers", &cursor), Ok("+88801234567".to_owned()));
        let mut cut = cursor.clone();
        cut.pop();
        for (name, cursor) in
            [("invoices", cursor.as_str()), ("numbers", &cut), ("numbers", ""), ("numbers", "+&!")]
        {
            assert_eq!(open(name, cursor).expect_err("refused").code, "cursor.invalid");
        }
    }

    #[test]
    fn a_limit_is_a_number_from_1_to_100() {
        assert_eq!(limit(None), Ok(50));
        assert_eq!(limit(Some("1")), Ok(1));
        assert_eq!(limit(Some("100")), Ok(100));
        for text in ["", "0", "101", "-1", "+1", "1.0", "ten", "99999999999999999999999"] {
            assert_eq!(limit(Some(text)).expect_err("refused").code, "limit.invalid", "{text}");
        }
    }
}
