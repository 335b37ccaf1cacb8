//! The server's answer (RFC 7692, section 7.1).

use http::HeaderValue;

use super::element::{Element, NAME, Terms, Window};
use crate::{
    deflate::settings::{DeflateConfig, DeflateParams, MAX_WINDOW_BITS, Takeover},
    wire::fields::parameter::Extension,
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
        let DeflateParams { server, client } = config.sides();
        let answer = Element {
            // 7.1.1.1, 7.1.2.1: what was asked for, and no more: some clients refuse an answer
            // that says more, and a sender may do less without saying so.
            server: Terms {
                takeover: offer.server.takeover,
                window: match offer.server.window {
                    // The same or a smaller value.
                    Window::AtMost(bits) => Window::AtMost(bits.min(server.window_bits)),
                    Window::Unstated | Window::Stated => Window::Unstated,
                },
            },
            client: match offer.client {
                // 7.1.2.2: it cannot be bound. 7.1.1.2: nor need it know how to forget.
                Terms {
                    takeover: Takeover::Kept,
                    window: Window::Unstated,
                } => offer.client,
                Terms { takeover, window } => Terms {
                    takeover: takeover.and(client.takeover),
                    window: bound(window, client.window_bits),
                },
            },
        };
        let params = DeflateParams {
            // Our own settings hold, too, though they are not announced.
            server: answer.server.side().and(server),
            client: answer.client.side(),
        };
        (params, super::header_value([answer]))
    }
}

/// 7.1.2.2: the same or a smaller value, if it was offered; none where it would say nothing.
fn bound(offered: Window, bits: u8) -> Window {
    match offered {
        Window::AtMost(offered) => Window::AtMost(offered.min(bits)),
        Window::Stated if bits < MAX_WINDOW_BITS => Window::AtMost(bits),
        Window::Stated | Window::Unstated => Window::Unstated,
    }
}
