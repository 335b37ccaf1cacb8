//! Requests for a WebSocket connection, over HTTP/1.1 and HTTP/2.

use http::{Request, request::Parts};

use super::protocol;
use crate::handshake::{Handshake, Rejection, is_attempt};

/// Whether a request tries, well or badly, to open a WebSocket connection.
///
/// RFC 8441, section 4: another `:protocol` is for somebody else.
pub(crate) fn is_for_us<B>(request: &Request<B>) -> bool {
    match protocol::asked_for(request.version(), request.method(), request.extensions()) {
        Some(protocol) => protocol.eq_ignore_ascii_case("websocket"),
        None => is_attempt(request.version(), request.headers()),
    }
}

/// Checks every rule but that of the origin.
pub(crate) fn check(parts: &Parts) -> Result<Handshake, Rejection> {
    match protocol::asked_for(parts.version, &parts.method, &parts.extensions) {
        Some(protocol) => Handshake::check_connect(parts, protocol),
        None => Handshake::check(parts),
    }
}
