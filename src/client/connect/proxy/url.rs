//! How proxies are written.

use super::{InvalidProxy, credentials::Credentials, kind::Kind, server::Server};
use crate::handshake::{RequestError, host_and_port};

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
