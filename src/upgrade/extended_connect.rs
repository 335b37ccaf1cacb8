//! `:protocol` of an extended CONNECT (RFC 8441, section 4), as hyper tells it.

use http::{Extensions, Method};
use hyper::ext::Protocol;

/// The protocol that a request asks for; `None` if it is no extended CONNECT.
pub(super) fn asked_for<'a>(method: &Method, extensions: &'a Extensions) -> Option<&'a str> {
    let protocol = extensions.get().map(Protocol::as_str);
    protocol.filter(|_| method == Method::CONNECT)
}
