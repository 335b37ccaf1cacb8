//! How proxies are written.

use super::{InvalidProxy, credentials::Credentials, server::Server};
use crate::handshake::{RequestError, host_and_port};

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Https,
    Socks5,
}

impl Kind {
    fn of_scheme(scheme: &str) -> Result<Self, InvalidProxy> {
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

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            // RFC 1928, section 3.
            Self::Socks5 => 1080,
        }
    }
}

/// Reads a URL without a path; `default` is what is meant without a scheme.
pub(super) fn parse(url: &str, default: Kind) -> Result<Server, InvalidProxy> {
    let url = url.trim_matches(' ');
    let (kind, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Kind::of_scheme(scheme)?, rest),
        None => (default, url),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (user_info, authority) = match authority.rsplit_once('@') {
        Some((user_info, authority)) => (Some(user_info), authority),
        None => (None, authority),
    };
    if authority.contains(['/', '?', '#']) {
        return Err(InvalidProxy::new(
            "there is a path, a query or a fragment, which proxies have not",
        ));
    }
    let credentials = match user_info {
        Some(text) => Some(Credentials::of_user_info(text).ok_or(InvalidProxy::new(
            "user or password has a % that is not followed by two digits",
        ))?),
        None => None,
    };
    let (host, port) = host_and_port(authority).map_err(|error| match error {
        RequestError::Uri(problem) => InvalidProxy::new(problem),
        _ => InvalidProxy::new("the host is malformed"),
    })?;
    let port = port.unwrap_or(kind.default_port());
    let host = host.trim_matches(['[', ']']).to_owned();
    Ok(Server::new(kind, host, port, credentials))
}
