//! Tunnels by HTTP CONNECT (RFC 9110, section 9.3.6).

use std::{
    future::{Future, poll_fn},
    pin::pin,
};

use http::{Method, Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::{ProxyError, credentials::Credentials};
use crate::{
    client::connect::transport::Io,
    handshake::{Target, host_header},
};

/// What the head of an answer may have, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Asks the proxy at the other end for a tunnel, and gives the transport back.
pub(super) async fn tunnel<T: Io + 'static>(
    io: T,
    target: &Target,
    credentials: Option<&Credentials>,
) -> Result<T, ProxyError> {
    let request = request(target, credentials)?;
    let (mut sender, mut connection) = http1::Builder::new()
        .max_header_size(MAX_HEAD)
        // For old proxies.
        .title_case_headers(true)
        .handshake(TokioIo::new(io))
        .await
        .map_err(ProxyError::Http)?;
    let mut answered = pin!(sender.send_request(request));
    let mut is_driven = true;
    let response = poll_fn(|cx| {
        if is_driven && connection.poll_without_shutdown(cx).is_ready() {
            // It has done its work, or failed, of which the response tells.
            is_driven = false;
        }
        answered.as_mut().poll(cx)
    })
    .await
    .map_err(ProxyError::Http)?;
    // Any 2xx is a tunnel.
    if !response.status().is_success() {
        return Err(ProxyError::Refused(Box::new(response.map(drop))));
    }
    let parts = connection.into_parts();
    // In a tunnel the client speaks first, of HTTP and of TLS.
    if !parts.read_buf.is_empty() {
        return Err(ProxyError::Answer("it goes on behind its head"));
    }
    Ok(parts.io.into_inner())
}

/// RFC 9110, section 9.3.6: host and port are the whole target.
fn request(
    target: &Target,
    credentials: Option<&Credentials>,
) -> Result<Request<String>, ProxyError> {
    let authority = target.full_authority();
    let mut request = Request::new(String::new());
    *request.method_mut() = Method::CONNECT;
    let headers = request.headers_mut();
    headers.insert(header::HOST, host_header(&authority));
    if let Some(credentials) = credentials {
        let value = credentials.basic().map_err(ProxyError::Credentials)?;
        headers.insert(header::PROXY_AUTHORIZATION, value);
    }
    *request.uri_mut() = Uri::from(authority);
    Ok(request)
}
