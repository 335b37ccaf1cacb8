//! What proxies speak.

use super::InvalidProxy;

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Https,
    Socks5,
}

impl Kind {
    pub(super) fn of_scheme(scheme: &str) -> Result<Self, InvalidProxy> {
        match &*scheme.to_ascii_lowercase() {
            "http" => Ok(Self::Http),
            "https" if cfg!(feature = "rustls") => Ok(Self::Https),
            "https" => Err(InvalidProxy::new(
                "the scheme https needs the feature `rustls` of tower-websock",
            )),
            "socks5" | "socks5h" => Ok(Self::Socks5),
            _ => Err(InvalidProxy::new(
                "the scheme is none of http, https, socks5 and socks5h",
            )),
        }
    }

    pub(super) const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            // RFC 1928, section 3.
            Self::Socks5 => 1080,
        }
    }
}
