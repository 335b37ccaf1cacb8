//! What a client asks (RFC 6455, section 4.1; RFC 8441, sections 4 and 5).

use http::{HeaderMap, HeaderValue, Request, header, uri::Authority};

use super::{
    asked::ClientHandshake,
    error::RequestError,
    headers::take_host,
    target::{Form, Target, host_header},
};
use crate::{config::Subprotocol, handshake::response::insert_upgrade};

impl ClientHandshake {
    /// The request of HTTP/1.1, with the headers of the user's.
    ///
    /// # Errors
    ///
    /// If one of these must not be set, or cannot stand as it is.
    pub(crate) fn upgrade_request<B: Default>(
        &self,
        target: &Target,
        form: Form,
        own: HeaderMap,
    ) -> Result<Request<B>, RequestError> {
        let (mut request, host) = self.head(own)?;
        // 4.1 item 3.
        *request.uri_mut() = target.uri(form);
        // 4.1 item 4.
        let host = host_header(host.as_ref().unwrap_or(target.authority()));
        request.headers_mut().insert(header::HOST, host);
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
        own: HeaderMap,
    ) -> Result<Request<B>, RequestError> {
        let (mut request, host) = self.head(own)?;
        // RFC 8441, section 5: `:authority` takes the place of `Host`.
        *request.uri_mut() = target.absolute_uri(host);
        // RFC 8441, section 4.
        *request.method_mut() = http::Method::CONNECT;
        *request.version_mut() = http::Version::HTTP_2;
        Ok(request)
    }

    /// The headers, and the host that the user named.
    fn head<B: Default>(
        &self,
        mut own: HeaderMap,
    ) -> Result<(Request<B>, Option<Authority>), RequestError> {
        let host = take_host(&mut own)?;
        let mut request = Request::new(B::default());
        self.add_headers(request.headers_mut());
        request.headers_mut().extend(own);
        Ok((request, host))
    }

    /// 4.1 items 5 to 11.
    fn add_headers(&self, headers: &mut HeaderMap) {
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
