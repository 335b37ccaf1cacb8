//! Negotiation of permessage-deflate (RFC 7692, sections 5 and 7.1).

#[cfg(any(feature = "client", test))]
mod client;
mod element;
mod server;

use http::HeaderValue;

#[cfg(any(feature = "client", test))]
pub(crate) use self::client::{OwnOffer, agreed};
use self::element::Element;
pub(crate) use self::server::DeflateOffer;

/// The value of `Sec-WebSocket-Extensions` that lists these.
fn header_value(elements: impl IntoIterator<Item = Element>) -> HeaderValue {
    let elements: Vec<_> = elements
        .into_iter()
        .map(|element| element.to_string())
        .collect();
    HeaderValue::try_from(elements.join(", ")).expect("tokens are visible ASCII")
}
