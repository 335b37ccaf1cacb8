//! The head of a request or a response of HTTP/1.1, read as plainly as can be (RFC 9112).

use super::fields::{Fields, is_token, trim};

#[derive(Debug)]
pub struct Head {
    /// The parts of the request line or the status line.
    pub first: [Vec<u8>; 3],
    pub fields: Fields,
    /// It keeps to the grammar, and has nothing that an HTTP library looks at by itself. Else it
    /// may be refused, whatever it says.
    pub is_plain: bool,
    /// Bytes of it.
    pub size: usize,
}

/// Fields that are about more than the handshake.
const FOR_HTTP: [&str; 4] = ["content-length", "transfer-encoding", "expect", "te"];
/// Of more, HTTP libraries take no notice.
const MANY: usize = 90;

/// `None` if it has no end, or a line that is nothing at all.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let mut is_plain = true;
    let mut first: Option<[Vec<u8>; 3]> = None;
    let mut fields = Fields::default();
    let mut size = 0;
    loop {
        let len = bytes[size..].iter().position(|&byte| byte == b'\n')?;
        let line = &bytes[size..size + len];
        size += len + 1;
        // A recipient may take a bare LF for the end of a line.
        is_plain &= line.ends_with(b"\r");
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        is_plain &= line.iter().all(|&byte| byte >= b' ' && byte != 0x7F);
        if line.is_empty() {
            match first {
                Some(first) => {
                    is_plain &= fields.0.len() <= MANY;
                    is_plain &= !FOR_HTTP.iter().any(|name| fields.has(name));
                    return Some(Head {
                        first,
                        fields,
                        is_plain,
                        size,
                    });
                }
                // Empty lines in front may be skipped.
                None => is_plain = false,
            }
        } else if first.is_none() {
            let mut parts = line.splitn(3, |&byte| byte == b' ');
            let mut part = || parts.next().unwrap_or_default().to_vec();
            first = Some([part(), part(), part()]);
        } else {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let name = &line[..colon];
            // 5.1: no white space before the colon. It may be forgiven in a response.
            is_plain &= is_token(name);
            fields.push(trim(name), &line[colon + 1..]);
        }
    }
}
