//! The values of header lines: one, or a comma-separated list (RFC 9110, section 5.6.1), and tokens.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

/// The elements of a list that may be spread over several header lines. Empty ones are skipped.
///
/// Not for lists whose elements may hold a comma between quotes.
pub(crate) fn elements(
    headers: &HeaderMap,
    name: HeaderName,
) -> impl Iterator<Item = &[u8]> + use<'_> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        .map(trim)
        .filter(|element| !element.is_empty())
}

/// Whether a list has `token`, in any case of its ASCII letters.
pub(crate) fn contains(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    elements(headers, name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
}

/// Whether every element of a list is well-formed (RFC 9110, sections 7.6.1 and 7.8): a token,
/// and maybe a version behind a slash.
pub(crate) fn is_list(headers: &HeaderMap, name: HeaderName) -> bool {
    elements(headers, name).all(|element| {
        let mut parts = element.splitn(2, |&byte| byte == b'/');
        parts.all(is_token)
    })
}

/// The value of a header that may stand only once, trimmed; what is wrong otherwise.
pub(crate) fn single(headers: &HeaderMap, name: HeaderName) -> Result<&[u8], Cardinality> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Err(Cardinality::Missing),
        (Some(line), None) => Ok(trim(line.as_bytes())),
        (Some(_), Some(_)) => Err(Cardinality::Repeated),
    }
}

/// Why a header has no single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cardinality {
    Missing,
    Repeated,
}

/// Without the optional white space around (RFC 9110, section 5.6.3).
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Whether a header stands at all.
pub(crate) fn is_present(headers: &HeaderMap<HeaderValue>, name: HeaderName) -> bool {
    headers.contains_key(name)
}

/// Whether the headers announce a body: anything but a length of 0 (RFC 9110, section 8.6:
/// `1*DIGIT`), on each line.
pub(crate) fn has_body(headers: &HeaderMap) -> bool {
    let is_zero = |length: &HeaderValue| {
        let digits = trim(length.as_bytes());
        !digits.is_empty() && digits.iter().all(|&digit| digit == b'0')
    };
    is_present(headers, TRANSFER_ENCODING) || !headers.get_all(CONTENT_LENGTH).iter().all(is_zero)
}

/// Whether the headers announce a body or its length, be it 0.
pub(crate) fn announces_length(headers: &HeaderMap) -> bool {
    is_present(headers, CONTENT_LENGTH) || is_present(headers, TRANSFER_ENCODING)
}

/// Whether this is a token: one or more of its characters (RFC 9110, section 5.6.2).
pub(crate) const fn is_token(bytes: &[u8]) -> bool {
    let mut i = 0;
    while i < bytes.len() {
        if !is_token_byte(bytes[i]) {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// `tchar`.
pub(super) const fn is_token_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
            | b'|' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z'
    )
}
