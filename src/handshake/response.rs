//! The server's answer to a valid handshake (RFC 6455, section 4.2.2; RFC 8441, section 5).

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::config::Subprotocol;

/// The response that accepts: over HTTP/1.1 with `accept`, over HTTP/2 without.
pub(super) fn acceptance<B: Default>(
    accept: Option<HeaderValue>,
    subprotocol: Option<&Subprotocol>,
    extensions: Option<HeaderValue>,
) -> Response<B> {
    let mut response = Response::new(B::default());
    // RFC 8441, section 5: 200, and none of the three headers.
    if let Some(accept) = accept {
        switch_protocols(&mut response, accept);
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

/// 4.2.2 item 5.
fn switch_protocols<B>(response: &mut Response<B>, accept: HeaderValue) {
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    insert_upgrade(headers);
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
}

/// RFC 9110, section 7.8: what a response names that switches protocols, or asks for it.
pub(super) fn insert_upgrade(headers: &mut HeaderMap) {
    headers.insert(
        header::UPGRADE,
        const { HeaderValue::from_static("websocket") },
    );
    headers.insert(
        header::CONNECTION,
        const { HeaderValue::from_static("Upgrade") },
    );
}
