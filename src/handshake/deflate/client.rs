//! The client's offer, and its reading of the answer (RFC 7692, section 7.1).

use http::{HeaderMap, HeaderValue};

use super::element::{Element, NAME, Terms, Window};
use crate::{
    config::deflate::{DeflateConfig, DeflateParams, DeflateSide, MAX_WINDOW_BITS},
    handshake::{extension, extensions_error::ExtensionsError, parameter::Extension},
};

/// What a client offers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnOffer(Element);

impl OwnOffer {
    pub(crate) fn new(config: &DeflateConfig) -> Self {
        let terms = |side: DeflateSide, unbound| Terms {
            takeover: side.takeover,
            window: match side.window_bits {
                MAX_WINDOW_BITS => unbound,
                bits => Window::AtMost(bits),
            },
        };
        Self(Element {
            server: terms(config.server, Window::Unstated),
            // 7.1.2.2: by this the server learns that it may bind us.
            client: terms(config.client, Window::Stated),
        })
    }

    /// The value of `Sec-WebSocket-Extensions` in the request.
    pub(crate) fn to_header_value(self) -> HeaderValue {
        self.0.to_header_value()
    }

    /// What an answer to it agrees on; `None` if it is no answer to it.
    fn agreed(self, answer: Element) -> Option<DeflateParams> {
        let Self(offer) = self;
        // 7.1.1.1: what was asked for is echoed.
        let is_reset = answer.server.takeover.and(offer.server.takeover) == answer.server.takeover;
        // 7.1.2.1: the same or a smaller value.
        let is_bound = answer.server.window.bits() <= offer.server.window.bits();
        // 7.1.2.2: with a value. We always offer it, and ours is a hint that the server may
        // ignore and say more.
        let is_allowed = answer.client.window != Window::Stated;
        // 7.1.1.2, 7.1.2.2: we keep to our own hints, whatever is answered.
        let DeflateParams { server, client } = answer.params();
        let client = DeflateSide {
            window_bits: client.window_bits.min(offer.client.window.bits()),
            takeover: client.takeover.and(offer.client.takeover),
        };
        (is_reset && is_bound && is_allowed).then_some(DeflateParams { server, client })
    }
}

/// What the headers of a response agree on.
///
/// Without an offer, no extension may be in use.
///
/// # Errors
///
/// The connection is to be failed (7; RFC 6455, section 4.1).
pub(crate) fn agreed(
    headers: &HeaderMap,
    offer: Option<OwnOffer>,
) -> Result<Option<DeflateParams>, ExtensionsError> {
    let elements = extension::elements(headers).map_err(|_| ExtensionsError::Malformed)?;
    let mut agreed = None;
    for element in elements {
        let extension = Extension::of(element);
        // RFC 6455 4.1: an extension that was not offered.
        let offer = offer
            .filter(|_| extension.name == NAME.as_bytes())
            .ok_or(ExtensionsError::NotOffered)?;
        // 5: one configuration is agreed on.
        if agreed.is_some() {
            return Err(ExtensionsError::Repeated);
        }
        let params = Element::of(&extension).and_then(|answer| offer.agreed(answer));
        agreed = Some(params.ok_or(ExtensionsError::Parameters)?);
    }
    Ok(agreed)
}
