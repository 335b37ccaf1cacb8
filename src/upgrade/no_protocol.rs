//! Without the feature `http2` no request is an extended CONNECT.

use http::{Extensions, Method, Version};

pub(super) const fn asked_for(_: Version, _: &Method, _: &Extensions) -> Option<&'static str> {
    None
}
