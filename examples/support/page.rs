//! What examples answer to requests that are not for a WebSocket.

use http::{HeaderValue, Request, Response, StatusCode, header};

/// A page at /, and nothing elsewhere.
pub(crate) fn at_root<B>(request: &Request<B>, html: &str) -> Response<String> {
    let is_root = request.uri().path() == "/";
    let text = "The page is at /, the WebSocket at /ws.\n";
    let mut response = Response::new(String::from(if is_root { html } else { text }));
    if !is_root {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}
