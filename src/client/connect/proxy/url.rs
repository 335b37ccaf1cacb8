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
    // RFC 3986, section 3.2: the authority ends there, whatever follows.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user_info, authority) = match authority.rsplit_once('@') {
        Some((user_info, authority)) => (Some(user_info), authority),
        None => (None, authority),
    };
    if !matches!(path, "" | "/") {
        return Err(InvalidProxy::new(
            "there is a path, a query or a fragment, which proxies have not; in a user or a \
             password, / ? and # are written as %2F, %3F and %23",
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
