//! `:protocol` of an extended CONNECT (RFC 8441, section 4), as hyper tells it.

use http::{Extensions, Method, Version};
use hyper::ext::Protocol;

/// The protocol that a request asks for; `None` if it is no extended CONNECT.
pub(super) fn asked_for<'a>(
    version: Version,
    method: &Method,
    extensions: &'a Extensions,
) -> Option<&'a str> {
    let is_connect = version == Version::HTTP_2 && method == Method::CONNECT;
    is_connect.then(|| extensions.get().map(Protocol::as_str))?
}
