//! The server's reading of a handshake (RFC 6455, section 4.2.1; RFC 8441, section 5).

use http::{HeaderMap, HeaderValue, Method, Version, header, request::Parts, uri::Authority};

use super::{
    Opening, Rejection, key,
    origin::{self, Scheme},
};
use crate::{
    config::Subprotocol,
    deflate::DeflateOffer,
    wire::fields::{self, Cardinality, extension},
};

/// A valid request for a WebSocket connection.
#[derive(Debug)]
pub(crate) struct Handshake {
    opening: Opening,
    /// The value for `Sec-WebSocket-Accept`; HTTP/2 has none (RFC 8441, section 5).
    pub(super) accept: Option<HeaderValue>,
    /// The subprotocols that the client offers, in its order of preference.
    pub(super) offered: Vec<Subprotocol>,
    /// The offer of permessage-deflate that may be accepted.
    pub(super) deflate: Option<DeflateOffer>,
}

/// Whether a request tries, well or badly, to open a WebSocket connection. `protocol` is the
/// `:protocol` of an extended CONNECT.
pub(crate) fn is_attempt(version: Version, headers: &HeaderMap, protocol: Option<&str>) -> bool {
    match Opening::of(version) {
        Ok(Opening::Upgrade) => {
            fields::contains(headers, header::UPGRADE, "websocket")
                || fields::is_present(headers, header::SEC_WEBSOCKET_KEY)
        }
        // RFC 8441, section 4: another one is for somebody else.
        Ok(Opening::ExtendedConnect) => protocol.is_some_and(is_websocket),
        Err(_) => false,
    }
}

/// Whether a request says all that makes it one for a WebSocket connection. `protocol` is as above.
pub(crate) fn is_request(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
    protocol: Option<&str>,
) -> bool {
    match Opening::of(version) {
        // 4.2.1 items 1, 3 and 4.
        Ok(Opening::Upgrade) => {
            method == Method::GET
                && fields::contains(headers, header::UPGRADE, "websocket")
                && fields::contains(headers, header::CONNECTION, "upgrade")
        }
        // RFC 8441, section 5.
        Ok(Opening::ExtendedConnect) => protocol.is_some_and(is_websocket),
        Err(_) => false,
    }
}

impl Handshake {
    /// Checks every rule but that of the origin, which a policy decides. `protocol` is the
    /// `:protocol` of an extended CONNECT.
    pub(crate) fn check(parts: &Parts, protocol: Option<&str>) -> Result<Self, Rejection> {
        match Opening::of(parts.version)? {
            Opening::Upgrade => Self::check_upgrade(parts),
            Opening::ExtendedConnect => {
                Self::check_connect(parts, protocol.ok_or(Rejection::ExtendedConnect)?)
            }
        }
    }

    /// What opens the connection.
    pub(crate) const fn opening(&self) -> Opening {
        self.opening
    }

    /// Checks a request of HTTP/1.1.
    fn check_upgrade(parts: &Parts) -> Result<Self, Rejection> {
        let headers = &parts.headers;
        // 4.2.1 item 1.
        if parts.method != Method::GET {
            return Err(Rejection::Method);
        }
        // 4.2.1 item 2.
        check_host(headers)?;
        // 4.2.1 item 3.
        if !fields::contains(headers, header::UPGRADE, "websocket") {
            return Err(Rejection::Upgrade);
        }
        if !fields::is_list(headers, header::UPGRADE) {
            return Err(Rejection::UpgradeMalformed);
        }
        // 4.2.1 item 4.
        if !fields::contains(headers, header::CONNECTION, "upgrade") {
            return Err(Rejection::Connection);
        }
        if !fields::is_list(headers, header::CONNECTION) {
            return Err(Rejection::ConnectionMalformed);
        }
        // 4.2.1 item 6. 4.3: no leading zero. 11.3.5: once.
        if !has_version_13(headers) {
            return Err(Rejection::Version);
        }
        // 4.2.1 item 5. 11.3.1: once.
        let key = fields::single(headers, header::SEC_WEBSOCKET_KEY)
            .ok()
            .filter(|key| key::is_valid(key))
            .ok_or(Rejection::Key)?;
        // Stricter: the RFC does not speak of bodies, but who takes one for frames, or
        // frames for one, can be lied to.
        if fields::has_body(headers) {
            return Err(Rejection::Body);
        }
        Self::with_offers(Opening::Upgrade, Some(key::accept(key)), headers)
    }

    /// Checks an extended CONNECT of HTTP/2 whose `:protocol` is `protocol`
    /// (RFC 8441, sections 4 and 5).
    fn check_connect(parts: &Parts, protocol: &str) -> Result<Self, Rejection> {
        let headers = &parts.headers;
        // 5. RFC 9110, section 7.8: names of protocols have no case.
        if !is_websocket(protocol) {
            return Err(Rejection::Protocol);
        }
        // 4. RFC 9113, section 8.3.1: `:authority` is a host, without a user.
        let authority = parts.uri.authority().map(Authority::as_str);
        let authority = authority
            .filter(|host| origin::is_host(host.as_bytes()))
            .ok_or(Rejection::Authority)?;
        // 5: the scheme is that of HTTP. 4: there is a `:path`, as in every URI with a scheme.
        let scheme = parts.uri.scheme_str().and_then(Scheme::of);
        let scheme = scheme.ok_or(Rejection::Scheme)?;
        // RFC 9113, section 8.3.1: `Host` must not tell another one, once both are normalised.
        match fields::single(headers, header::HOST) {
            Err(Cardinality::Missing) => {}
            Ok(host) if origin::is_same_host(host, authority.as_bytes(), scheme) => {}
            Ok(_) => return Err(Rejection::HostMismatch),
            Err(Cardinality::Repeated) => return Err(Rejection::HostRepeated),
        }
        // 5: they must not be there; the server of HTTP should have seen it.
        if [header::CONNECTION, header::UPGRADE]
            .into_iter()
            .any(|name| fields::is_present(headers, name))
        {
            return Err(Rejection::ConnectionSpecific);
        }
        // 5: with the meaning that it has in RFC 6455.
        if !has_version_13(headers) {
            return Err(Rejection::Http2Version);
        }
        // RFC 9110, section 9.3.6: a CONNECT has no content. h2 holds the stream to a length that
        // is announced, also to 0: the first frame would end it.
        if fields::announces_length(headers) {
            return Err(Rejection::Body);
        }
        // 5: neither `Sec-WebSocket-Key` nor `Sec-WebSocket-Accept` is used.
        Self::with_offers(Opening::ExtendedConnect, None, headers)
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub(crate) fn offered(&self) -> &[Subprotocol] {
        &self.offered
    }

    fn with_offers(
        opening: Opening,
        accept: Option<HeaderValue>,
        headers: &HeaderMap,
    ) -> Result<Self, Rejection> {
        let offered = subprotocols(headers)?;
        let extensions = extension::elements(headers).map_err(|_| Rejection::Extensions)?;
        Ok(Self {
            opening,
            accept,
            offered,
            deflate: DeflateOffer::first(extensions),
        })
    }
}

fn is_websocket(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("websocket")
}

fn has_version_13(headers: &HeaderMap) -> bool {
    fields::single(headers, header::SEC_WEBSOCKET_VERSION) == Ok(b"13")
}

fn check_host(headers: &HeaderMap) -> Result<(), Rejection> {
    match fields::single(headers, header::HOST) {
        // RFC 9112, section 3.2: a host, and maybe a port; hyper does not look at it.
        Ok(host) if origin::is_host(host) => Ok(()),
        Ok(_) => Err(Rejection::Host),
        Err(Cardinality::Missing) => Err(Rejection::HostMissing),
        Err(Cardinality::Repeated) => Err(Rejection::HostRepeated),
    }
}

/// The offered subprotocols in the client's order of preference (4.1 item 10, 11.3.4).
fn subprotocols(headers: &HeaderMap) -> Result<Vec<Subprotocol>, Rejection> {
    if !fields::is_present(headers, header::SEC_WEBSOCKET_PROTOCOL) {
        return Ok(Vec::new());
    }
    let offered: Vec<_> = fields::elements(headers, header::SEC_WEBSOCKET_PROTOCOL)
        .map(Subprotocol::from_bytes)
        .collect::<Result<_, _>>()
        .map_err(|_| Rejection::Subprotocols)?;
    // 4.1 item 10: one or more, all unique.
    let mut names: Vec<&str> = offered.iter().map(Subprotocol::as_str).collect();
    names.sort_unstable();
    if names.is_empty() || names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Rejection::Subprotocols);
    }
    Ok(offered)
}
