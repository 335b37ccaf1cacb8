//! `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).
//!
//! ```text
//! extension-list  = 1#extension
//! extension       = extension-token *( ";" extension-param )
//! extension-param = token [ "=" ( token | quoted-string ) ]
//! ```
//!
//! One pass, no allocation: nothing is stored of extensions that nobody knows.

use http::{HeaderMap, header::SEC_WEBSOCKET_EXTENSIONS};

use super::Rejection;
use crate::config::is_token_byte;

/// 9.1: a malformed list fails the handshake, also where no extension is known to us.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut lines = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().peekable();
    if lines.peek().is_none() {
        return Ok(());
    }
    let mut extensions = 0;
    for line in lines {
        let mut scanner = Scanner(line.as_bytes());
        extensions += scanner.list().ok_or(Rejection::Extensions)?;
    }
    // 9.1: the list has at least one element, over all lines.
    if extensions == 0 {
        return Err(Rejection::Extensions);
    }
    Ok(())
}

/// The rest of a header line. Methods return `None` where the grammar is broken.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    /// A whole line; returns the number of its extensions.
    fn list(&mut self) -> Option<usize> {
        let mut extensions = 0;
        loop {
            self.skip_space();
            if !matches!(self.0.first(), None | Some(b',')) {
                self.extension()?;
                extensions += 1;
            }
            // RFC 9110, section 5.6.1: empty elements are skipped.
            if !self.skip(b',') {
                return self.0.is_empty().then_some(extensions);
            }
        }
    }

    fn extension(&mut self) -> Option<()> {
        self.token()?;
        self.skip_space();
        while self.skip(b';') {
            self.skip_space();
            self.token()?;
            self.skip_space();
            if self.skip(b'=') {
                self.skip_space();
                self.value()?;
                self.skip_space();
            }
        }
        Some(())
    }

    fn value(&mut self) -> Option<()> {
        if self.skip(b'"') {
            self.quoted_token()
        } else {
            self.token()
        }
    }

    /// Behind an opening quote: 9.1: the value, unescaped, must be a token.
    fn quoted_token(&mut self) -> Option<()> {
        let mut is_empty = true;
        loop {
            let escaped = self.skip(b'\\');
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            if byte == b'"' && !escaped {
                return (!is_empty).then_some(());
            }
            if !is_token_byte(byte) {
                return None;
            }
            is_empty = false;
        }
    }

    fn token(&mut self) -> Option<()> {
        let end = self.0.iter().position(|&byte| !is_token_byte(byte));
        let len = end.unwrap_or(self.0.len());
        self.0 = &self.0[len..];
        (len > 0).then_some(())
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        self.0 = &self.0[usize::from(found)..];
        found
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }
}
