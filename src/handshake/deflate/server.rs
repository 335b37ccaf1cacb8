//! The server's answer (RFC 7692, section 7.1).

use http::HeaderValue;

use super::element::{Element, NAME, Terms, Window};
use crate::{
    config::deflate::{DeflateConfig, DeflateParams, MAX_WINDOW_BITS},
    handshake::parameter::Extension,
};

/// The offer to be accepted, if the configuration turns compression on.
///
/// What it asks for can always be granted, so no configuration changes which one it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeflateOffer(Element);

impl DeflateOffer {
    /// The first offer, in the client's order of preference, that is not to be declined.
    pub(crate) fn first<'a>(elements: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        elements
            .map(Extension::of)
            .filter(|extension| extension.name == NAME.as_bytes())
            // 7: an offer with a parameter that is undefined, repeated or invalid is declined.
            .find_map(|extension| Element::of(&extension))
            .map(Self)
    }

    /// What is agreed, and the value of `Sec-WebSocket-Extensions` that says so.
    pub(crate) fn answer(self, config: &DeflateConfig) -> (DeflateParams, HeaderValue) {
        let Self(offer) = self;
        // 7.1.2.2: a client that does not offer it cannot be bound.
        let client_bits = match offer.client.window {
            Window::Unstated => MAX_WINDOW_BITS,
            Window::Stated | Window::AtMost(_) => config.client.window_bits,
        };
        let answer = Element {
            // 7.1.1.1, 7.1.1.2: echoed, and said also unasked.
            server: Terms {
                takeover: offer.server.takeover.and(config.server.takeover),
                window: answered(offer.server.window, config.server.window_bits),
            },
            client: Terms {
                takeover: offer.client.takeover.and(config.client.takeover),
                window: answered(offer.client.window, client_bits),
            },
        };
        (answer.params(), answer.to_header_value())
    }
}

/// 7.1.2: the same or a smaller value; none where it would say nothing.
fn answered(offered: Window, bound: u8) -> Window {
    match offered {
        Window::AtMost(bits) => Window::AtMost(bits.min(bound)),
        _ if bound < MAX_WINDOW_BITS => Window::AtMost(bound),
        _ => Window::Unstated,
    }
}
