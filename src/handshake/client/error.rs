//! Requests that cannot be made.

use http::HeaderName;

/// Why there is no request for what a user asks for.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// The URI names no WebSocket endpoint (3): which part of it is wrong.
    Uri(&'static str),
    /// The handshake sets this header, or must not have it.
    Header(HeaderName),
    /// The header cannot stand as it is: why.
    InvalidHeader(HeaderName, &'static str),
}
