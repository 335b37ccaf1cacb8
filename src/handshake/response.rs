//! The server's answer to a valid handshake (RFC 6455, section 4.2.2).

use http::{HeaderValue, Response, StatusCode, header};

use crate::config::Subprotocol;

/// 4.2.2 item 5: the response that switches protocols.
pub(crate) fn switching_protocols<B: Default>(
    accept: HeaderValue,
    subprotocol: Option<&Subprotocol>,
    extensions: Option<HeaderValue>,
) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(
        header::UPGRADE,
        const { HeaderValue::from_static("websocket") },
    );
    headers.insert(
        header::CONNECTION,
        const { HeaderValue::from_static("Upgrade") },
    );
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
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
