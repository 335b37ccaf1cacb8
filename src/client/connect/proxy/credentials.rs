//! Who asks a proxy.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;

/// A user and a password, which are never shown.
#[derive(Clone)]
pub(in crate::client::connect) struct Credentials {
    user: Vec<u8>,
    password: Vec<u8>,
}

impl Credentials {
    pub(super) fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }

    /// From the user info of a URL (RFC 3986, section 3.2.1), percent-decoded. `None` if a `%` is
    /// followed by no two digits.
    pub(super) fn of_user_info(text: &str) -> Option<Self> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Some(Self {
            user: decoded(user)?,
            password: decoded(password)?,
        })
    }

    /// The value of `Proxy-Authorization` (RFC 7617, section 2).
    ///
    /// # Errors
    ///
    /// A user with a colon, of which the server would see the part before it.
    pub(super) fn basic(&self) -> Result<HeaderValue, &'static str> {
        if self.user.contains(&b':') {
            return Err("a user's name has no colon (RFC 7617)");
        }
        let pair = BASE64_STANDARD.encode([&*self.user, b":", &*self.password].concat());
        let mut value =
            HeaderValue::from_str(&format!("Basic {pair}")).expect("base64 is visible ASCII");
        value.set_sensitive(true);
        Ok(value)
    }

    /// The request of SOCKS (RFC 1929, section 2).
    ///
    /// # Errors
    ///
    /// What does not fit into it.
    pub(super) fn socks(&self) -> Result<Vec<u8>, &'static str> {
        let mut request = vec![1];
        for part in [&self.user, &self.password] {
            let len = u8::try_from(part.len());
            request.push(len.map_err(|_| "user and password have 255 bytes each at most")?);
            request.extend(part);
        }
        if self.user.is_empty() {
            return Err("the user is empty");
        }
        Ok(request)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// RFC 3986, section 2.1.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    Some(decoded)
}
