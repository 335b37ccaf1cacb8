//! The client's offer, and its reading of the answer (RFC 7692, section 7.1).

use http::{HeaderMap, HeaderValue};

use super::element::{Element, NAME, Terms, Window};
use crate::{
    deflate::extensions_error::ExtensionsError,
    deflate::settings::{ClientWindow, DeflateConfig, DeflateParams, DeflateSide},
    wire::fields::{extension, parameter::Extension},
};

/// What a client offers.
#[derive(Clone, Debug)]
pub(crate) struct OwnOffer {
    /// 5: in the order of preference. No two are equal.
    elements: Vec<Element>,
    /// How the client compresses, whatever is answered.
    own: DeflateSide,
}

impl OwnOffer {
    pub(crate) fn new(config: &DeflateConfig) -> Self {
        // 7.1.2.2: by this the server learns that it may bind us.
        let client_window = match config.client_window {
            ClientWindow::Offered => Window::Stated,
            ClientWindow::Omitted => Window::Unstated,
        };
        let hint = match (client_window, config.client.set_window_bits()) {
            (Window::Stated, Some(bits)) => Window::AtMost(bits),
            _ => client_window,
        };
        let server_window = config.server.set_window_bits();
        let server_window = server_window.map_or(Window::Unstated, Window::AtMost);
        let element = |config: &DeflateConfig, server_window, client_window| Element {
            server: Terms {
                takeover: config.server.takeover,
                window: server_window,
            },
            client: Terms {
                takeover: config.client.takeover,
                window: client_window,
            },
        };
        // 7: a server declines what it does not support, so there are fall-backs. Windows are
        // what fewest support.
        let wanted = element(config, server_window, hint);
        let any_window = element(config, Window::Unstated, client_window);
        let of_browsers = element(&DeflateConfig::new(), Window::Unstated, client_window);
        let mut elements = vec![wanted];
        if wanted != of_browsers {
            for fall_back in [any_window, of_browsers, Element::default()] {
                if !elements.contains(&fall_back) {
                    elements.push(fall_back);
                }
            }
        }
        Self {
            elements,
            own: config.sides().client,
        }
    }

    /// The value of `Sec-WebSocket-Extensions` in the request.
    pub(crate) fn to_header_value(&self) -> HeaderValue {
        super::header_value(self.elements.iter().copied())
    }

    /// What an answer to it agrees on; `None` if it answers none of what was offered.
    fn agreed(&self, answer: Element) -> Option<DeflateParams> {
        let mut offered = self.elements.iter();
        offered
            .any(|&offered| answer.answers(offered))
            .then(|| DeflateParams {
                server: answer.server.side(),
                // 7.1.1.2, 7.1.2.2: we keep to our own hints, whatever is answered.
                client: answer.client.side().and(self.own),
            })
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
    offer: Option<&OwnOffer>,
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
