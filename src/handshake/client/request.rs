//! What a client asks (RFC 6455, section 4.1; RFC 8441, sections 4 and 5).

use http::{HeaderMap, HeaderName, HeaderValue, Request, header, uri::Authority};

use super::target::{Form, RequestError, Target, host_and_port, host_header};
use crate::{
    config::{Config, Subprotocol},
    deflate::OwnOffer,
    handshake::{key, opening::Opening, rejection::insert_upgrade},
};

/// What a client asks for, and measures the answer by.
#[derive(Debug)]
pub(crate) struct ClientHandshake {
    /// `Sec-WebSocket-Key`; HTTP/2 has none (RFC 8441, section 5).
    pub(super) key: Option<HeaderValue>,
    pub(super) subprotocols: Vec<Subprotocol>,
    pub(super) offer: Option<OwnOffer>,
}

impl ClientHandshake {
    /// Over HTTP/1.1. `nonce` must be random and of this connection alone (4.1 item 7).
    pub(crate) fn new(nonce: [u8; 16], subprotocols: Vec<Subprotocol>, config: &Config) -> Self {
        Self::with_key(Some(key::of_nonce(nonce)), subprotocols, config)
    }

    /// Over HTTP/2.
    #[cfg(feature = "http2")]
    pub(crate) fn http2(subprotocols: Vec<Subprotocol>, config: &Config) -> Self {
        Self::with_key(None, subprotocols, config)
    }

    fn with_key(key: Option<HeaderValue>, subprotocols: Vec<Subprotocol>, config: &Config) -> Self {
        Self {
            key,
            subprotocols,
            offer: config.deflate.as_ref().map(OwnOffer::new),
        }
    }

    /// What opens the connection.
    pub(crate) const fn opening(&self) -> Opening {
        match self.key {
            Some(_) => Opening::Upgrade,
            None => Opening::ExtendedConnect,
        }
    }

    /// The request of HTTP/1.1, with the headers of the user's.
    ///
    /// # Errors
    ///
    /// If one of these must not be set, or cannot stand as it is.
    pub(crate) fn upgrade_request<B: Default>(
        &self,
        target: &Target,
        form: Form,
        mut own: HeaderMap,
    ) -> Result<Request<B>, RequestError> {
        let host = take_host(&mut own)?;
        let mut request = Request::new(B::default());
        // 4.1 item 3.
        *request.uri_mut() = target.uri(form);
        // 4.1 item 4; RFC 9112, section 3.2: it comes first.
        let host = host_header(host.as_ref().unwrap_or(target.authority()));
        request.headers_mut().insert(header::HOST, host);
        self.add_headers(request.headers_mut(), own);
        Ok(request)
    }

    /// The extended CONNECT of HTTP/2 but for its `:protocol`, which `http` does not know.
    ///
    /// # Errors
    ///
    /// As [`upgrade_request`](Self::upgrade_request).
    #[cfg(feature = "http2")]
    pub(crate) fn connect_request<B: Default>(
        &self,
        target: &Target,
        mut own: HeaderMap,
    ) -> Result<Request<B>, RequestError> {
        let host = take_host(&mut own)?;
        let mut request = Request::new(B::default());
        // RFC 8441, section 5: `:authority` takes the place of `Host`.
        *request.uri_mut() = target.absolute_uri(host);
        // RFC 8441, section 4.
        *request.method_mut() = http::Method::CONNECT;
        *request.version_mut() = http::Version::HTTP_2;
        self.add_headers(request.headers_mut(), own);
        Ok(request)
    }

    /// 4.1 items 5 to 12.
    fn add_headers(&self, headers: &mut HeaderMap, own: HeaderMap) {
        if let Some(key) = &self.key {
            insert_upgrade(headers);
            headers.insert(header::SEC_WEBSOCKET_KEY, key.clone());
        }
        headers.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
        if let Some(names) = self.subprotocol_names() {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, names);
        }
        if let Some(offer) = &self.offer {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, offer.to_header_value());
        }
        headers.extend(own);
    }

    /// Item 10: the names, separated by commas. 11.3.4 allows a line for each, but many servers
    /// look at the first line only.
    fn subprotocol_names(&self) -> Option<HeaderValue> {
        let names: Vec<_> = self.subprotocols.iter().map(Subprotocol::as_str).collect();
        if names.is_empty() {
            return None;
        }
        Some(HeaderValue::from_str(&names.join(", ")).expect("tokens, commas and spaces"))
    }
}

/// Why a header must not be set; `None` if it may.
pub(crate) fn misplaced(name: &HeaderName) -> Option<&'static str> {
    match name.as_str() {
        "sec-websocket-protocol" => Some("use Builder::subprotocols"),
        "sec-websocket-extensions" => Some("use Config::deflate"),
        // RFC 9110, section 10.1.1, for one.
        "content-length" | "transfer-encoding" | "trailer" | "expect" => {
            Some("a handshake has no body")
        }
        // RFC 9110, section 7.6.1: they would have to be listed in `Connection`.
        "te" | "keep-alive" | "proxy-connection" | "http2-settings" => {
            Some("it is about the connection, which the handshake takes over")
        }
        "upgrade" | "connection" => Some("it belongs to the handshake"),
        name => name
            .starts_with("sec-websocket-")
            .then_some("it belongs to the handshake"),
    }
}

/// Checks the headers of the user's, and takes `Host` out of them.
///
/// # Errors
///
/// [`RequestError::Header`] for what a handshake sets itself or must not have, and
/// [`RequestError::InvalidHeader`] for what cannot stand as it is.
pub(super) fn take_host(headers: &mut HeaderMap) -> Result<Option<Authority>, RequestError> {
    if let Some(name) = headers.keys().find(|name| misplaced(name).is_some()) {
        return Err(RequestError::Header(name.clone()));
    }
    // RFC 9112, section 3.2: exactly one. RFC 6454, section 7.3: one at most.
    for name in [header::HOST, header::ORIGIN] {
        if headers.get_all(&name).iter().nth(1).is_some() {
            return Err(RequestError::InvalidHeader(
                name,
                "it was set more than once",
            ));
        }
    }
    let Some(host) = headers.remove(header::HOST) else {
        return Ok(None);
    };
    let problem =
        RequestError::InvalidHeader(header::HOST, "it is not a host with an optional port");
    host_of(&host).map(Some).ok_or(problem)
}

/// RFC 9112, section 3.2: a host that is not empty, and maybe a port.
fn host_of(value: &HeaderValue) -> Option<Authority> {
    host_and_port(value.to_str().ok()?).ok()?;
    Authority::try_from(value.as_bytes()).ok()
}
