//! The client's side of the opening handshake (RFC 6455, section 4.1; RFC 8441, section 5),
//! without IO.

use std::{error::Error, fmt};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};

use super::{
    deflate::{self, OwnOffer},
    extensions_error::ExtensionsError,
    key, token,
};
use crate::config::{Config, Subprotocol, deflate::DeflateParams};

/// The headers that the handshake itself sets.
const OWN: [HeaderName; 6] = [
    header::UPGRADE,
    header::CONNECTION,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_EXTENSIONS,
];

/// What a client asks for, and measures the answer by.
#[derive(Debug)]
pub(crate) struct ClientHandshake {
    /// `Sec-WebSocket-Key`; HTTP/2 has none (RFC 8441, section 5).
    key: Option<HeaderValue>,
    subprotocols: Vec<Subprotocol>,
    offer: Option<OwnOffer>,
}

/// What was agreed on.
#[derive(Debug, PartialEq)]
pub(crate) struct Agreed {
    pub(crate) subprotocol: Option<Subprotocol>,
    pub(crate) deflate: Option<DeflateParams>,
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

    /// Whether the handshake sets this header.
    pub(crate) fn sets(name: &HeaderName) -> bool {
        OWN.contains(name)
    }

    /// Whether the status of a response accepts: 101 (4.1 item 1), over HTTP/2 any 2xx
    /// (RFC 8441, section 5; RFC 9110, section 9.3.6).
    pub(crate) fn accepts(&self, status: StatusCode) -> bool {
        match self.key {
            Some(_) => status == StatusCode::SWITCHING_PROTOCOLS,
            None => status.is_success(),
        }
    }

    /// The version of a response that accepts.
    pub(crate) const fn version(&self) -> Version {
        match self.key {
            Some(_) => Version::HTTP_11,
            None => Version::HTTP_2,
        }
    }

    /// 4.1 items 5 to 11: adds the headers of the request.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(key) = &self.key {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
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

    /// 4.1: reads the headers of a response whose status accepts.
    ///
    /// # Errors
    ///
    /// The connection is to be failed.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Agreed, AnswerError> {
        if let Some(key) = &self.key {
            check_switch(headers, key)?;
        }
        // Stricter: frames and a body could be taken for each other. RFC 9110, section 8.6: to a
        // CONNECT not even the length 0, by which h2 would end the stream at its first DATA.
        let announces_body = match self.key {
            Some(_) => token::has_body(headers),
            None => token::announces_length(headers),
        };
        if announces_body {
            return Err(AnswerError::Body);
        }
        // Item 5.
        let deflate = deflate::agreed(headers, self.offer.as_ref()).map_err(AnswerError::of)?;
        // Item 6.
        let subprotocol = self.subprotocol(headers)?;
        Ok(Agreed {
            subprotocol,
            deflate,
        })
    }

    /// Item 6: one of those that were asked for, or none. 11.3.4: at most once.
    fn subprotocol(&self, headers: &HeaderMap) -> Result<Option<Subprotocol>, AnswerError> {
        if !token::is_present(headers, header::SEC_WEBSOCKET_PROTOCOL) {
            return Ok(None);
        }
        let name = token::single(headers, header::SEC_WEBSOCKET_PROTOCOL).ok();
        let mut asked_for = self.subprotocols.iter();
        asked_for
            .find(|asked_for| Some(asked_for.as_str().as_bytes()) == name)
            .map(|name| Some(name.clone()))
            .ok_or(AnswerError::Subprotocol)
    }
}

/// 4.1: the connection was switched to this protocol, for who sent `key`.
fn check_switch(headers: &HeaderMap, key: &HeaderValue) -> Result<(), AnswerError> {
    // 4.1 item 2 of the response: the value is a match, not a list that has one.
    let upgrade = token::single(headers, header::UPGRADE);
    if !upgrade.is_ok_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
        return Err(AnswerError::Upgrade);
    }
    // Item 3.
    if !token::contains(headers, header::CONNECTION, "upgrade") {
        return Err(AnswerError::Connection);
    }
    // Item 4: without white space around. 11.3.3: once.
    let accept = token::single(headers, header::SEC_WEBSOCKET_ACCEPT);
    if accept != Ok(key::accept(key.as_bytes()).as_bytes()) {
        return Err(AnswerError::Accept);
    }
    Ok(())
}

/// Why the answer to a handshake is not one, though its status accepts (RFC 6455, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// `Upgrade` is not `websocket`, or not there once.
    Upgrade,
    /// `Connection` does not list `Upgrade`.
    Connection,
    /// `Sec-WebSocket-Accept` is not what follows from the key: who answered is no WebSocket
    /// server, or answered another request.
    Accept,
    /// The response has a body, whose bytes could pass for frames, or over HTTP/2 a length.
    Body,
    /// The server selected a subprotocol that was not asked for, or more than one.
    Subprotocol,
    /// `Sec-WebSocket-Extensions` is malformed (9.1), or uses what was not offered.
    Extensions,
    /// The parameters of permessage-deflate are no answer to the offer (RFC 7692, section 7.1).
    Deflate,
}

impl AnswerError {
    const fn of(error: ExtensionsError) -> Self {
        match error {
            ExtensionsError::Malformed | ExtensionsError::NotOffered => AnswerError::Extensions,
            ExtensionsError::Repeated | ExtensionsError::Parameters => AnswerError::Deflate,
        }
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AnswerError::Upgrade => "the response lacks the header 'Upgrade: websocket'",
            AnswerError::Connection => "the response lacks the header 'Connection: Upgrade'",
            AnswerError::Accept => "'Sec-WebSocket-Accept' does not answer this request",
            AnswerError::Body => "the response announces a body or its length",
            AnswerError::Subprotocol => "the server selected a subprotocol that was not asked for",
            AnswerError::Extensions => "the server uses an extension that was not offered",
            AnswerError::Deflate => {
                "the server's parameters of permessage-deflate do not answer the offer"
            }
        })
    }
}

impl Error for AnswerError {}
