//! Where one message of the Redis protocol ends.

/// The length of the first message in these bytes, of either version of the protocol; `None` when it is not all there.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")? + 2;
    let count = || std::str::from_utf8(&bytes[1..line - 2]).ok()?.parse::<i64>().ok();
    match bytes[0] {
        b'$' | b'!' | b'=' => {
            let end = usize::try_from(count()?).map_or(line, |content| line + content + 2);
            (bytes.len() >= end).then_some(end)
        }
        b'*' | b'~' | b'>' => all(bytes, line, count()?),
        b'%' => all(bytes, line, 2 * count()?),
        // Attributes come before the message that they belong to.
        b'|' => all(bytes, line, 2 * count()? + 1),
        _ => Some(line),
    }
}

/// Where as many messages end.
fn all(bytes: &[u8], start: usize, messages: i64) -> Option<usize> {
    (0..messages).try_fold(start, |end, _| Some(end + length(&bytes[end..])?))
}

/// The name of the command that a request runs.
pub(super) fn command(request: &[u8]) -> Option<&[u8]> {
    // *2\r\n$3\r\nGET\r\n...
    request.split(|byte| *byte == b'\n').nth(2)?.strip_suffix(b"\r")
}

#[cfg(test)]
mod tests {
    use super::{command, length};

    #[test]
    fn a_message_ends_where_it_ends() {
        for message in [
            "+OK\r\n",
            "-ERR no\r\n",
            ":12\r\n",
            "_\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "$4\r\na\r\nb\r\n",
            "$0\r\n\r\n",
            "*0\r\n",
            "*2\r\n*1\r\n:1\r\n$1\r\nx\r\n",
            "%1\r\n+key\r\n~2\r\n:1\r\n#t\r\n",
            "|1\r\n+hint\r\n:1\r\n*1\r\n,1.5\r\n",
            ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n",
        ] {
            let more = format!("{message}+NEXT\r\n");
            assert_eq!(length(more.as_bytes()), Some(message.len()), "{message:?}");
            for part in 0..message.len() {
                assert_eq!(length(&message.as_bytes()[..part]), None, "{part} bytes of {message:?}");
            }
        }
    }

    #[test]
    fn a_request_names_its_command() {
        assert_eq!(command(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"), Some(&b"GET"[..]));
        assert_eq!(command(b"PING\r\n"), None);
    }
}
