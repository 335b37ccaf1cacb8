//! Without the feature `http2` no request is an extended CONNECT.

use http::{Extensions, Method};

pub(super) const fn asked_for(_: &Method, _: &Extensions) -> Option<&'static str> {
    None
}
