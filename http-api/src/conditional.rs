//! Answers that a client may keep until their tag changes.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// `body` under the weak tag `tag`, or 304 when the client holds that one. Weak, because some fields (the server's
/// time) change without the record.
pub(crate) fn tagged(request: &HeaderMap, tag: &str, body: impl Serialize) -> Response {
    let tag = format!("W/\"{tag}\"");
    let mut response = if holds(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("tags are letters and digits"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn holds(request: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|candidate| candidate.trim() == "*" || opaque(candidate) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_the_same_tag_gets_no_body() {
        for (sent, status) in [
            ("W/\"3-open\"", 304),
            ("\"3-open\"", 304),
            ("\"1\", W/\"3-open\"", 304),
            ("*", 304),
            ("W/\"2-open\"", 200),
            ("3-open", 200),
            ("", 200),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(sent));
            assert_eq!(tagged(&headers, "3-open", "body").status().as_u16(), status, "{sent}");
        }
    }
}
