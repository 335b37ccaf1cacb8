//! The headers that a user adds to the request.

use http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority};

use super::{error::RequestError, target::host_and_port};

/// Why a header must not be set; `None` if it may.
pub(crate) fn misplaced(name: &HeaderName) -> Option<&'static str> {
    match name.as_str() {
        "sec-websocket-protocol" => Some("use Builder::subprotocols"),
        "sec-websocket-extensions" => Some("use Config::deflate"),
        // RFC 9110, section 10.1.1, for one.
        "content-length" | "transfer-encoding" | "trailer" | "expect" => {
            Some("a handshake has no body")
        }
        // RFC 9110, section 7.6.1: they would have to be listed in `Connection`.
        "te" | "keep-alive" | "proxy-connection" | "http2-settings" => {
            Some("it is about the connection, which the handshake takes over")
        }
        "upgrade" | "connection" => Some("it belongs to the handshake"),
        name => name
            .starts_with("sec-websocket-")
            .then_some("it belongs to the handshake"),
    }
}

/// Checks the headers of the user's, and takes `Host` out of them.
///
/// # Errors
///
/// [`RequestError::Header`] for what a handshake sets itself or must not have, and
/// [`RequestError::InvalidHeader`] for what cannot stand as it is.
pub(super) fn take_host(headers: &mut HeaderMap) -> Result<Option<Authority>, RequestError> {
    if let Some(name) = headers.keys().find(|name| misplaced(name).is_some()) {
        return Err(RequestError::Header(name.clone()));
    }
    // RFC 9112, section 3.2: exactly one. RFC 6454, section 7.3: one at most.
    for name in [header::HOST, header::ORIGIN] {
        if headers.get_all(&name).iter().nth(1).is_some() {
            return Err(RequestError::InvalidHeader(
                name,
                "it was set more than once",
            ));
        }
    }
    let Some(host) = headers.remove(header::HOST) else {
        return Ok(None);
    };
    let problem =
        RequestError::InvalidHeader(header::HOST, "it is not a host with an optional port");
    host_of(&host).map(Some).ok_or(problem)
}

/// RFC 9112, section 3.2: a host that is not empty, and maybe a port.
fn host_of(value: &HeaderValue) -> Option<Authority> {
    host_and_port(value.to_str().ok()?).ok()?;
    Authority::try_from(value.as_bytes()).ok()
}
