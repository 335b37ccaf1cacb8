//! How a connection is opened, by the version of HTTP.

use http::Version;

use super::Rejection;

/// What opens a connection: told once, of a request, and asked by all that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// `Upgrade`, which takes a connection of HTTP/1.1 (RFC 6455, section 4).
    Upgrade,
    /// An extended CONNECT, which takes a stream of HTTP/2 (RFC 8441).
    ExtendedConnect,
}

impl Opening {
    /// # Errors
    ///
    /// If a request of this version opens nothing.
    pub(crate) const fn of(version: Version) -> Result<Self, Rejection> {
        match version {
            // 4.2.1 item 1: HTTP/1.1 or higher. RFC 9110, section 7.8: `Upgrade` is ignored in
            // HTTP/1.0.
            Version::HTTP_09 | Version::HTTP_10 => Err(Rejection::HttpVersion),
            Version::HTTP_11 => Ok(Opening::Upgrade),
            // RFC 9113, section 8.6: there is neither `Upgrade` nor 101.
            Version::HTTP_2 => Ok(Opening::ExtendedConnect),
            // That of HTTP/3 is not known here (RFC 9220).
            _ => Err(Rejection::ExtendedConnect),
        }
    }

    /// Whether what is opened shares its connection with others.
    pub(crate) const fn is_multiplexed(self) -> bool {
        match self {
            Opening::Upgrade => false,
            Opening::ExtendedConnect => true,
        }
    }

    /// The version of HTTP.
    #[cfg(feature = "client")]
    pub(crate) const fn version(self) -> Version {
        match self {
            Opening::Upgrade => Version::HTTP_11,
            Opening::ExtendedConnect => Version::HTTP_2,
        }
    }
}
