//! Requests for a WebSocket connection, over HTTP/1.1 and HTTP/2.

use http::{Request, request::Parts};

use super::extended_connect;
use crate::handshake::{Handshake, Rejection, is_attempt};

/// Whether a request tries, well or badly, to open a WebSocket connection.
pub(crate) fn is_for_us<B>(request: &Request<B>) -> bool {
    let protocol = extended_connect::asked_for(request.method(), request.extensions());
    is_attempt(request.version(), request.headers(), protocol)
}

/// Checks every rule but that of the origin.
pub(crate) fn check(parts: &Parts) -> Result<Handshake, Rejection> {
    let protocol = extended_connect::asked_for(&parts.method, &parts.extensions);
    Handshake::check(parts, protocol)
}
