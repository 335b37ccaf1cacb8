//! From a valid request to the response that accepts (RFC 6455, section 4.2.2; RFC 8441,
//! section 5), and what is agreed on.

use http::{HeaderValue, Response, StatusCode, header};

use super::{
    rejection::{Rejection, insert_upgrade},
    request::Handshake,
};
use crate::{
    config::{Config, Subprotocol},
    deflate::DeflateParams,
};

/// What both sides agreed on.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Agreed {
    pub(crate) subprotocol: Option<Subprotocol>,
    pub(crate) deflate: Option<DeflateParams>,
}

impl Handshake {
    /// The response that accepts, and what is agreed on by it.
    ///
    /// # Errors
    ///
    /// [`Rejection::SubprotocolNotOffered`].
    pub(crate) fn accept<B: Default>(
        self,
        selected: Option<Subprotocol>,
        config: &Config,
    ) -> Result<(Response<B>, Agreed), Rejection> {
        // 4.2.2 item 5.5: the value is one of those that the client sent.
        if selected
            .as_ref()
            .is_some_and(|name| !self.offered.contains(name))
        {
            return Err(Rejection::SubprotocolNotOffered);
        }
        let offer = self.deflate.zip(config.deflate.as_ref());
        let answer = offer.map(|(offer, config)| offer.answer(config));
        let (deflate, extensions) = answer.unzip();
        let response = acceptance(self.accept, selected.as_ref(), extensions);
        let agreed = Agreed {
            subprotocol: selected,
            deflate,
        };
        Ok((response, agreed))
    }
}

/// The response that accepts: over HTTP/1.1 with `accept`, over HTTP/2 without.
pub(super) fn acceptance<B: Default>(
    accept: Option<HeaderValue>,
    subprotocol: Option<&Subprotocol>,
    extensions: Option<HeaderValue>,
) -> Response<B> {
    let mut response = Response::new(B::default());
    // 4.2.2 item 5. RFC 8441, section 5: 200, and none of the three headers.
    if let Some(accept) = accept {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        insert_upgrade(headers);
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    let headers = response.headers_mut();
    if let Some(subprotocol) = subprotocol {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            subprotocol.as_header_value().clone(),
        );
    }
    if let Some(extensions) = extensions {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, extensions);
    }
    response
}
