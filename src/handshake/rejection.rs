//! Refusals of the opening handshake.

use std::{error::Error, fmt};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::observe;

/// Why a WebSocket handshake was refused.
///
/// `Display` is a sentence for the client's developer. It is also the body of the response. The
/// `Rejection` itself is in the response's extensions, where an outer layer can find it:
///
/// ```
/// # use tower_websock::Rejection;
/// # let response: http::Response<bytes::Bytes> = Rejection::Origin.into_response();
/// if let Some(rejection) = response.extensions().get::<Rejection>() {
///     eprintln!("refused with {}: {rejection}", response.status());
/// }
/// # assert_eq!(response.status(), 403);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// 405: the method is not GET (RFC 6455, section 4.2.1 item 1).
    Method,
    /// 426: HTTP/1.0 cannot be upgraded (4.2.1 item 1; RFC 9110, section 7.8).
    HttpVersion,
    /// 405: over HTTP/2, the request is not an extended CONNECT (RFC 8441, section 4), or the
    /// server does not recognise it as one. Over HTTP/3, every handshake.
    ExtendedConnect,
    /// 501: `:protocol` is not `websocket` (RFC 8441, section 5).
    Protocol,
    /// 400: over HTTP/2, `:authority` is missing or not a host (RFC 8441, section 4; RFC 9113,
    /// section 8.3.1).
    Authority,
    /// 400: over HTTP/2, `:scheme` is neither `http` nor `https` (RFC 8441, section 5).
    Scheme,
    /// 400: over HTTP/2, `Host` differs from `:authority` (RFC 9113, section 8.3.1).
    HostMismatch,
    /// 400: `Connection` or `Upgrade` over HTTP/2 (RFC 8441, section 5).
    ConnectionSpecific,
    /// 400: no `Host` (4.2.1 item 2; RFC 9112, section 3.2).
    HostMissing,
    /// 400: more than one `Host` (RFC 9112, section 3.2).
    HostRepeated,
    /// 400: `Host` is empty, or is not a host with an optional port (RFC 9112, section 3.2).
    Host,
    /// 426: `Upgrade` does not list `websocket` (4.2.1 item 3).
    Upgrade,
    /// 400: `Upgrade` lists `websocket` and something malformed (RFC 9110, section 7.8).
    UpgradeMalformed,
    /// 400: `Connection` does not list `Upgrade` (4.2.1 item 4).
    Connection,
    /// 400: `Connection` lists `Upgrade` and something malformed (RFC 9110, section 7.6.1).
    ConnectionMalformed,
    /// 426: `Sec-WebSocket-Version` is not 13 (4.2.1 item 6, 4.2.2 item 4, 4.4).
    Version,
    /// 400: over HTTP/2, `Sec-WebSocket-Version` is not 13. There is no upgrade to ask for with
    /// 426.
    Http2Version,
    /// 400: there is not exactly one `Sec-WebSocket-Key` with 16 bytes in base64 (4.2.1 item 5).
    Key,
    /// 400: the request announces a body, whose bytes could pass for frames. Over HTTP/2, even
    /// `Content-Length: 0` is refused: the stream would end at the first frame.
    Body,
    /// 400: `Sec-WebSocket-Protocol` is malformed or repeats a name (4.1 item 10).
    Subprotocols,
    /// 400: `Sec-WebSocket-Extensions` is malformed (9.1).
    Extensions,
    /// 403: the page's origin is not allowed (4.2.2 item 2, 10.2).
    Origin,
    /// 403: more than one `Origin` (RFC 6454, section 7.3).
    OriginRepeated,
    /// 403: the host is not one of [`OriginPolicy::hosts`](crate::OriginPolicy::hosts).
    ForeignHost,
    /// 404: there is no WebSocket endpoint at this path (4.2.2 item 3).
    Path,
    /// 500: the application selected a subprotocol that the client did not offer (4.2.2 item 5.5).
    SubprotocolNotOffered,
    /// 500: the request cannot be upgraded. It does not come from hyper and has no
    /// [`ProvidedIo`](crate::ProvidedIo), or something else has taken its upgrade.
    NotUpgradable,
    /// 503: there are as many connections as [`Connections::max`](crate::Connections::max) allows
    /// (RFC 9110, section 15.6.4).
    TooManyConnections {
        /// When to try again, in seconds: the header `Retry-After`.
        retry_after: u32,
    },
    /// 503: there are as many connections with the request's key as
    /// [`Connections::max_per_key`](crate::Connections::max_per_key) allows (RFC 9110, section
    /// 15.6.4).
    TooManyOfKey {
        /// When to try again, in seconds: the header `Retry-After`.
        retry_after: u32,
    },
    /// 503: the server is about to stop, by [`Connections::drain`](crate::Connections::drain) (RFC
    /// 9110, section 15.6.4).
    Draining {
        /// When to try again, in seconds: the header `Retry-After`.
        retry_after: u32,
    },
}

impl Rejection {
    /// The status of the response.
    pub const fn status(&self) -> StatusCode {
        match self {
            Rejection::Method | Rejection::ExtendedConnect => StatusCode::METHOD_NOT_ALLOWED,
            Rejection::Protocol => StatusCode::NOT_IMPLEMENTED,
            Rejection::HttpVersion | Rejection::Upgrade | Rejection::Version => {
                StatusCode::UPGRADE_REQUIRED
            }
            Rejection::Origin | Rejection::OriginRepeated | Rejection::ForeignHost => {
                StatusCode::FORBIDDEN
            }
            Rejection::Path => StatusCode::NOT_FOUND,
            Rejection::SubprotocolNotOffered | Rejection::NotUpgradable => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Rejection::TooManyConnections { .. }
            | Rejection::TooManyOfKey { .. }
            | Rejection::Draining { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Rejection::Authority
            | Rejection::Scheme
            | Rejection::HostMismatch
            | Rejection::ConnectionSpecific
            | Rejection::HostMissing
            | Rejection::HostRepeated
            | Rejection::Host
            | Rejection::UpgradeMalformed
            | Rejection::Connection
            | Rejection::ConnectionMalformed
            | Rejection::Http2Version
            | Rejection::Key
            | Rejection::Body
            | Rejection::Subprotocols
            | Rejection::Extensions => StatusCode::BAD_REQUEST,
        }
    }

    /// A short name that stays the same, for logs and as the label of a metric: that of the
    /// variant, in lower case with underscores.
    pub const fn name(&self) -> &'static str {
        match self {
            Rejection::Method => "method",
            Rejection::HttpVersion => "http_version",
            Rejection::ExtendedConnect => "extended_connect",
            Rejection::Protocol => "protocol",
            Rejection::Authority => "authority",
            Rejection::Scheme => "scheme",
            Rejection::HostMismatch => "host_mismatch",
            Rejection::ConnectionSpecific => "connection_specific",
            Rejection::HostMissing => "host_missing",
            Rejection::HostRepeated => "host_repeated",
            Rejection::Host => "host",
            Rejection::Upgrade => "upgrade",
            Rejection::UpgradeMalformed => "upgrade_malformed",
            Rejection::Connection => "connection",
            Rejection::ConnectionMalformed => "connection_malformed",
            Rejection::Version => "version",
            Rejection::Http2Version => "http2_version",
            Rejection::Key => "key",
            Rejection::Body => "body",
            Rejection::Subprotocols => "subprotocols",
            Rejection::Extensions => "extensions",
            Rejection::Origin => "origin",
            Rejection::OriginRepeated => "origin_repeated",
            Rejection::ForeignHost => "foreign_host",
            Rejection::Path => "path",
            Rejection::TooManyConnections { .. } => "too_many_connections",
            Rejection::TooManyOfKey { .. } => "too_many_of_key",
            Rejection::Draining { .. } => "draining",
            Rejection::SubprotocolNotOffered => "subprotocol_not_offered",
            Rejection::NotUpgradable => "not_upgradable",
        }
    }

    /// Makes the response, with the sentence of `Display` as its body.
    ///
    /// With the features `metrics` and `tracing`, this is where a refused handshake is counted and
    /// shown.
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        observe::refused(self.name(), self.status().as_u16(), &self);
        let sentence = format!("{self}\n");
        let length = HeaderValue::from(sentence.len());
        let mut response = Response::new(B::from(sentence.into()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            const { HeaderValue::from_static("text/plain; charset=utf-8") },
        );
        headers.insert(header::CONTENT_LENGTH, length);
        self.add_headers(headers);
        response.extensions_mut().insert(self);
        response
    }

    fn add_headers(self, headers: &mut HeaderMap) {
        match self {
            // RFC 9110, section 15.5.6.
            Rejection::Method => {
                headers.insert(header::ALLOW, const { HeaderValue::from_static("GET") });
            }
            Rejection::ExtendedConnect => {
                headers.insert(header::ALLOW, const { HeaderValue::from_static("CONNECT") });
            }
            // RFC 9110, section 15.5.22.
            Rejection::HttpVersion | Rejection::Upgrade | Rejection::Version => {
                insert_upgrade(headers);
            }
            // RFC 9110, section 10.2.3.
            Rejection::TooManyConnections { retry_after }
            | Rejection::TooManyOfKey { retry_after }
            | Rejection::Draining { retry_after } => {
                headers.insert(header::RETRY_AFTER, retry_after.into());
            }
            _ => {}
        }
        // 4.4: the versions that the server understands.
        if matches!(self, Rejection::Version | Rejection::Http2Version) {
            headers.insert(
                header::SEC_WEBSOCKET_VERSION,
                const { HeaderValue::from_static("13") },
            );
        }
    }
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

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rejection::Method => "over HTTP/1.1 a WebSocket is opened with the method GET",
            Rejection::HttpVersion => "a WebSocket handshake needs HTTP/1.1 or later",
            Rejection::ExtendedConnect => {
                "over HTTP/2 and HTTP/3 a WebSocket is opened with CONNECT and \
                 ':protocol: websocket' (RFC 8441), where the server has enabled it"
            }
            Rejection::Protocol => "the only ':protocol' here is 'websocket'",
            Rejection::Authority => {
                "the request needs an ':authority' that is a host with an optional port"
            }
            Rejection::Scheme => "':scheme' must be 'http' or 'https', not 'ws' or 'wss'",
            Rejection::HostMismatch => "'Host' names another host than ':authority'",
            Rejection::ConnectionSpecific => {
                "'Connection' and 'Upgrade' must not be sent over HTTP/2"
            }
            Rejection::HostMissing => "the request needs a 'Host' header",
            Rejection::HostRepeated => "the request has more than one 'Host' header",
            Rejection::Host => {
                "'Host' is not a host with an optional port, \
                 such as 'example.com' or 'example.com:8080'"
            }
            Rejection::Upgrade => {
                "this is a WebSocket endpoint: the request needs the header \
                 'Upgrade: websocket' (a proxy may have removed it)"
            }
            Rejection::Connection => {
                "the request needs the header 'Connection: Upgrade' (a proxy may have removed it)"
            }
            Rejection::UpgradeMalformed => {
                "'Upgrade' lists 'websocket' and something that is no protocol \
                 (RFC 9110, section 7.8)"
            }
            Rejection::ConnectionMalformed => {
                "'Connection' lists 'Upgrade' and something that is no token \
                 (RFC 9110, section 7.6.1)"
            }
            Rejection::Version | Rejection::Http2Version => {
                "the request needs exactly one header 'Sec-WebSocket-Version: 13'"
            }
            Rejection::Key => {
                "the request needs exactly one header 'Sec-WebSocket-Key' \
                 with 16 bytes in base64 (24 characters)"
            }
            Rejection::Body => {
                "the request announces a body, or over HTTP/2 its length: \
                 leave out 'Content-Length' and 'Transfer-Encoding'"
            }
            Rejection::Subprotocols => {
                "'Sec-WebSocket-Protocol' must list one or more tokens, each once"
            }
            Rejection::Extensions => {
                "'Sec-WebSocket-Extensions' is malformed (RFC 6455, section 9.1)"
            }
            Rejection::Origin => {
                "pages of this origin may not connect; the server's OriginPolicy decides"
            }
            Rejection::OriginRepeated => "the request has more than one 'Origin'",
            Rejection::ForeignHost => {
                "this server does not answer to the host that the request names; \
                 its OriginPolicy lists the hosts"
            }
            Rejection::Path => "there is no WebSocket endpoint at this path",
            Rejection::SubprotocolNotOffered => {
                "the server selected a subprotocol that the client did not offer"
            }
            Rejection::NotUpgradable => {
                "the server has no connection to upgrade: the request does not come from \
                 its HTTP server, or another layer or extractor took the upgrade first"
            }
            Rejection::TooManyConnections { .. } => {
                "the server has as many connections as it takes; try again later"
            }
            Rejection::TooManyOfKey { .. } => {
                "you have as many connections as the server allows; close one first"
            }
            Rejection::Draining { .. } => "the server is about to stop; connect to another",
        })
    }
}

impl Error for Rejection {}
