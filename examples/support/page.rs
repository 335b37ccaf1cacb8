//! What examples answer to requests that are not for a WebSocket: a page, which makes one.

use std::convert::Infallible;

use http::{HeaderValue, Request, Response, StatusCode, header};

const HTML: &str = include_str!("page.html");

/// The page at /, and nothing elsewhere.
pub(crate) async fn at_root<B>(request: Request<B>) -> Result<Response<String>, Infallible> {
    let is_root = request.uri().path() == "/";
    let text = "The page is at /, the WebSocket at /ws.\n";
    let mut response = Response::new(String::from(if is_root { HTML } else { text }));
    if !is_root {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    Ok(response)
}
