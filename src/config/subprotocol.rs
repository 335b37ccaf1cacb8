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
    /// If `name` is not a token. Evaluated in a `const`, that is a compile error.
    pub const fn from_static(name: &'static str) -> Self {
        assert!(is_token(name.as_bytes()), "a subprotocol must be a token");
        Self(HeaderValue::from_static(name))
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

/// The name is not a token: empty, or with a character that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSubprotocol;

impl fmt::Display for InvalidSubprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a subprotocol must be a token: letters, digits and !#$%&'*+-.^_`|~")
    }
}

impl Error for InvalidSubprotocol {}
