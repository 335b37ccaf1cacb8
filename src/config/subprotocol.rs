//! Names of subprotocols (RFC 6455, section 1.9).

use std::{error::Error, fmt, str::FromStr};

use http::HeaderValue;

use crate::wire::fields::is_token;

/// The name of a subprotocol: a token (RFC 9110, section 5.6.2), compared case-sensitively.
///
/// ```
/// use tower_websock::Subprotocol;
///
/// let chat = Subprotocol::from_static("chat.v2");
/// assert_eq!(chat.as_str(), "chat.v2");
/// assert!("two words".parse::<Subprotocol>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subprotocol(HeaderValue);

impl Subprotocol {
    /// The subprotocol named `name`.
    ///
    /// # Panics
    ///
    /// If `name` is not a token. In a `const`, this is a compile error.
    pub const fn from_static(name: &'static str) -> Self {
        assert!(is_token(name.as_bytes()), "a subprotocol must be a token");
        Self(HeaderValue::from_static(name))
    }

    /// The names that an application lists; one that comes again is left out (4.1 item 10).
    ///
    /// # Panics
    ///
    /// If a name is not a token.
    #[track_caller]
    pub(crate) fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Self> {
        let mut list = Vec::new();
        for name in names {
            let name = name.as_ref();
            match name.parse() {
                Ok(name) if list.contains(&name) => {}
                Ok(subprotocol) => list.push(subprotocol),
                Err(error) => panic!("{name:?}: {error}"),
            }
        }
        list
    }

    /// The subprotocol named by these bytes.
    pub(crate) fn from_bytes(name: &[u8]) -> Result<Self, InvalidSubprotocol> {
        if !is_token(name) {
            return Err(InvalidSubprotocol);
        }
        HeaderValue::from_bytes(name)
            .map(Self)
            .map_err(|_| InvalidSubprotocol)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        // A token is visible ASCII, so this never falls back.
        self.0.to_str().unwrap_or_default()
    }

    /// The name as the value of a header.
    pub const fn as_header_value(&self) -> &HeaderValue {
        &self.0
    }
}

impl AsRef<str> for Subprotocol {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Subprotocol {
    type Err = InvalidSubprotocol;

    fn from_str(name: &str) -> Result<Self, InvalidSubprotocol> {
        Self::from_bytes(name.as_bytes())
    }
}

impl TryFrom<&str> for Subprotocol {
    type Error = InvalidSubprotocol;

    fn try_from(name: &str) -> Result<Self, InvalidSubprotocol> {
        name.parse()
    }
}

impl fmt::Display for Subprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is not a token: it is empty, or has a character that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSubprotocol;

impl fmt::Display for InvalidSubprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a subprotocol must be a token: letters, digits and !#$%&'*+-.^_`|~")
    }
}

impl Error for InvalidSubprotocol {}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4.1 item 10: all unique, in the order in which they come first.
    #[test]
    fn name_that_comes_again_is_left_out() {
        let names = Subprotocol::list(["b", "a", "b", "B", "a"]);
        assert_eq!(names, ["b", "a", "B"].map(Subprotocol::from_static));
        assert_eq!(Subprotocol::list(&names), names);
    }

    /// 4.1 item 10: a name is a token.
    #[test]
    #[should_panic(expected = "\"two words\": a subprotocol must be a token")]
    fn name_that_is_no_token_panics() {
        Subprotocol::list(["fine", "two words"]);
    }
}
