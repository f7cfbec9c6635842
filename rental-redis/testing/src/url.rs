//! Addresses with credentials.

use std::fmt::Write;
use std::path::Path;

/// `user:password@`, or less, or nothing.
pub(crate) fn credentials(user: Option<&str>, password: Option<&str>) -> String {
    match password {
        None => String::new(),
        Some(password) => format!("{}:{}@", escape(user.unwrap_or_default()), escape(password)),
    }
}

/// The address of a Unix socket, where credentials are parameters.
pub(crate) fn unix(path: &Path, user: Option<&str>, password: Option<&str>) -> String {
    let mut url = format!("unix://{}", path.display());
    let mut mark = '?';
    for (name, value) in [("user", user), ("pass", password)] {
        if let Some(value) = value {
            let _ = write!(url, "{mark}{name}={}", escape(value));
            mark = '&';
        }
    }
    url
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}
