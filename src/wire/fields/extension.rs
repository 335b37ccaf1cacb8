//! `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).
//!
//! ```text
//! extension-list  = 1#extension
//! extension       = extension-token *( ";" extension-param )
//! extension-param = token [ "=" ( token | quoted-string ) ]
//! ```
//!
//! No allocation: nothing is stored of extensions that nobody knows.

use std::iter;

use http::{HeaderMap, header::SEC_WEBSOCKET_EXTENSIONS};

use super::values::is_token_byte;

/// The text of each extension, of all header lines in their order.
///
/// # Errors
///
/// 9.1: a malformed list fails the handshake, also where no extension is known to us. So
/// the whole is checked first.
pub(crate) fn elements(headers: &HeaderMap) -> Result<impl Iterator<Item = &[u8]>, Malformed> {
    let lines = headers.get_all(SEC_WEBSOCKET_EXTENSIONS);
    let scan = || {
        lines.iter().flat_map(|line| {
            let mut scanner = Scanner(line.as_bytes());
            iter::from_fn(move || scanner.element())
        })
    };
    let mut is_empty = true;
    for element in scan() {
        element?;
        is_empty = false;
    }
    // 9.1: the list has at least one element, over all lines.
    if is_empty && lines.iter().next().is_some() {
        return Err(Malformed);
    }
    Ok(scan().flatten())
}

/// The grammar is broken.
#[derive(Debug)]
pub(crate) struct Malformed;

/// The rest of a header line. Methods return `None` where the grammar is broken.
pub(crate) struct Scanner<'a>(pub(crate) &'a [u8]);

impl<'a> Scanner<'a> {
    /// The next element of the list; `None` at the end of the line.
    fn element(&mut self) -> Option<Result<&'a [u8], Malformed>> {
        self.skip_space();
        // RFC 9110, section 5.6.1: empty elements are skipped.
        while self.skip(b',') {
            self.skip_space();
        }
        (!self.0.is_empty()).then(|| self.extension().ok_or(Malformed))
    }

    fn extension(&mut self) -> Option<&'a [u8]> {
        let text = self.0;
        self.token()?;
        self.skip_space();
        while self.skip(b';') {
            self.param()?;
        }
        let extension = &text[..text.len() - self.0.len()];
        matches!(self.0.first(), None | Some(b',')).then_some(extension)
    }

    /// Behind a semicolon: the name, and the value without its quotes.
    pub(crate) fn param(&mut self) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        self.skip_space();
        let name = self.token()?;
        self.skip_space();
        if !self.skip(b'=') {
            return Some((name, None));
        }
        self.skip_space();
        let value = self.value()?;
        self.skip_space();
        Some((name, Some(value)))
    }

    fn value(&mut self) -> Option<&'a [u8]> {
        if self.skip(b'"') {
            self.quoted_token()
        } else {
            self.token()
        }
    }

    /// Behind an opening quote: 9.1: the value, unescaped, must be a token.
    fn quoted_token(&mut self) -> Option<&'a [u8]> {
        let text = self.0;
        let mut len = 0;
        loop {
            let escaped = self.skip(b'\\');
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            if byte == b'"' && !escaped {
                return (len > 0).then_some(&text[..len]);
            }
            if !is_token_byte(byte) {
                return None;
            }
            len = text.len() - rest.len();
        }
    }

    pub(crate) fn token(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|&byte| !is_token_byte(byte));
        let (token, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }

    pub(crate) fn skip(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        self.0 = &self.0[usize::from(found)..];
        found
    }

    pub(crate) fn skip_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }
}
