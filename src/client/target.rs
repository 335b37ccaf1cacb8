//! Where a URI leads (RFC 6455, section 3).

use http::{
    HeaderValue, Uri,
    uri::{PathAndQuery, Scheme},
};

use super::Error;

/// A `ws:` or `wss:` URI, taken apart.
#[derive(Debug)]
pub(super) struct Target {
    host: String,
    port: u16,
    is_secure: bool,
    resource: String,
}

impl Target {
    pub(super) fn parse(uri: &str) -> Result<Self, Error> {
        // 3: fragment identifiers must not be used; the parser would drop one.
        if uri.contains('#') {
            return Err(Error::Uri("a WebSocket URI has no fragment"));
        }
        let uri: Uri = uri.parse().map_err(|_| Error::Uri("not a URI"))?;
        let is_secure = match uri.scheme_str() {
            Some(scheme) if scheme.eq_ignore_ascii_case("ws") => false,
            Some(scheme) if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(Error::Uri("the scheme is neither ws nor wss")),
        };
        let authority = uri.authority().ok_or(Error::Uri("there is no host"))?;
        if authority.as_str().contains('@') {
            return Err(Error::Uri("user names and passwords go into a header"));
        }
        let default_port = if is_secure { 443 } else { 80 };
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("" | ":") => Some(default_port),
            behind => behind
                .and_then(|behind| behind.strip_prefix(':'))
                .and_then(|port| port.parse().ok()),
        };
        // 3: the resource name is "/" if the path is empty, and has the query.
        let resource = match uri.path_and_query().map(PathAndQuery::as_str) {
            None | Some("") => String::from("/"),
            Some(query) if query.starts_with('?') => format!("/{query}"),
            Some(resource) => resource.to_owned(),
        };
        Ok(Self {
            host: authority.host().to_owned(),
            port: port.ok_or(Error::Uri("the port is not a number below 65,536"))?,
            is_secure,
            resource,
        })
    }

    /// Whether TLS comes first.
    pub(super) const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Host and port to connect to.
    pub(super) fn address(&self) -> (&str, u16) {
        (self.host.trim_matches(['[', ']']), self.port)
    }

    /// 4.1 item 4: `Host`, with the port unless it is the default one.
    pub(super) fn host_header(&self) -> Result<HeaderValue, Error> {
        HeaderValue::from_str(&self.authority()).map_err(|_| Error::Uri("the host is malformed"))
    }

    /// 4.1 item 3: the resource name.
    pub(super) fn origin_form(&self) -> Result<Uri, Error> {
        let uri = self.resource.parse();
        uri.map_err(|_| Error::Uri("the path is malformed"))
    }

    /// 4.1 item 3: or the absolute URI, of the scheme of HTTP.
    pub(super) fn absolute_form(&self) -> Result<Uri, Error> {
        let scheme = if self.is_secure {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(self.authority())
            .path_and_query(&*self.resource)
            .build();
        uri.map_err(|_| Error::Uri("the host or the path is malformed"))
    }

    fn authority(&self) -> String {
        match (self.is_secure, self.port) {
            (false, 80) | (true, 443) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3, 4.1: what becomes of URIs.
    #[test]
    fn uri_is_taken_apart() {
        for (uri, address, host, resource) in [
            ("ws://h", ("h", 80), "h", "/"),
            ("ws://h:80/", ("h", 80), "h", "/"),
            ("WSS://h", ("h", 443), "h", "/"),
            ("wss://h:80/a", ("h", 80), "h:80", "/a"),
            ("ws://h:8080?q=1", ("h", 8080), "h:8080", "/?q=1"),
            (
                "ws://[::1]:9/a/b?c#".trim_end_matches('#'),
                ("::1", 9),
                "[::1]:9",
                "/a/b?c",
            ),
        ] {
            let target = Target::parse(uri).expect(uri);
            assert_eq!(target.address(), address);
            assert_eq!(target.host_header().expect(uri), host);
            assert_eq!(target.origin_form().expect(uri), resource);
            let absolute = target.absolute_form().expect(uri);
            assert_eq!(absolute.authority().expect("one").as_str(), host);
            assert_eq!(absolute.path_and_query().expect("one").as_str(), resource);
        }
    }

    /// 3: what is no WebSocket URI is refused, with what is wrong.
    #[test]
    fn other_uris_are_refused() {
        for uri in [
            "",
            "h",
            "/ws",
            "http://h/",
            "ws:",
            "ws://",
            "ws://h/#f",
            "ws://u:p@h/",
            "ws://h:99999/",
            "ws://h h/",
            "ws://h/\r\nx: y",
        ] {
            assert!(matches!(Target::parse(uri), Err(Error::Uri(_))), "{uri}");
        }
    }
}
