//! The client's side of the opening handshake (RFC 6455, section 4.1; RFC 8441, section 5),
//! without IO.

mod error;
mod headers;
mod target;

use std::{error::Error, fmt};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};

pub(crate) use self::{
    error::RequestError,
    headers::{misplaced, take_host},
    target::{Target, host_header},
};
use super::{Opening, key};
use crate::{
    config::{Config, Subprotocol},
    deflate::{self, DeflateParams, ExtensionsError, OwnOffer},
    wire::fields::{self, Cardinality},
};

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

    /// Whether the handshake sets this header, or the answer to it.
    pub(crate) fn sets(name: &HeaderName) -> bool {
        [header::UPGRADE, header::CONNECTION].contains(name)
            || name.as_str().starts_with("sec-websocket-")
    }

    /// Whether the status of a response accepts: 101 (4.1 item 1), over HTTP/2 any 2xx
    /// (RFC 8441, section 5; RFC 9110, section 9.3.6).
    pub(crate) fn accepts(&self, status: StatusCode) -> bool {
        match self.key {
            Some(_) => status == StatusCode::SWITCHING_PROTOCOLS,
            None => status.is_success(),
        }
    }

    /// What opens the connection.
    pub(crate) const fn opening(&self) -> Opening {
        match self.key {
            Some(_) => Opening::Upgrade,
            None => Opening::ExtendedConnect,
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
        match &self.key {
            // RFC 9112, section 6.3: a 101 has no body, whatever its headers say.
            Some(key) => check_switch(headers, key)?,
            // Stricter than RFC 9110, sections 8.6 and 9.3.6: h2 holds the frames to the length,
            // also to 0.
            None if fields::announces_length(headers) => return Err(AnswerError::Body),
            None => {}
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
        let name = match fields::single(headers, header::SEC_WEBSOCKET_PROTOCOL) {
            Ok(name) => name,
            Err(Cardinality::Missing) => return Ok(None),
            Err(Cardinality::Repeated) => return Err(AnswerError::SubprotocolRepeated),
        };
        let mut asked_for = self.subprotocols.iter();
        asked_for
            .find(|asked_for| asked_for.as_str().as_bytes() == name)
            .map(|name| Some(name.clone()))
            .ok_or(AnswerError::Subprotocol)
    }
}

/// 4.1: the connection was switched to this protocol, for who sent `key`.
fn check_switch(headers: &HeaderMap, key: &HeaderValue) -> Result<(), AnswerError> {
    // 4.1 item 2 of the response: the value is a match, not a list that has one.
    let upgrade = fields::single(headers, header::UPGRADE);
    if !upgrade.is_ok_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
        return Err(AnswerError::Upgrade);
    }
    // Item 3.
    if !fields::contains(headers, header::CONNECTION, "upgrade") {
        return Err(AnswerError::Connection);
    }
    // Item 4: without white space around. 11.3.3: once.
    let accept = fields::single(headers, header::SEC_WEBSOCKET_ACCEPT);
    if accept != Ok(key::accept(key.as_bytes()).as_bytes()) {
        return Err(AnswerError::Accept);
    }
    Ok(())
}

/// Why the answer to a handshake is not one, though its status accepts (RFC 6455, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// The response is of another version of HTTP than the handshake: only HTTP/1.1 switches
    /// protocols (RFC 9110, section 7.8), and only HTTP/2 has the CONNECT of RFC 8441.
    HttpVersion {
        /// The response's.
        found: Version,
        /// The handshake's.
        needed: Version,
    },
    /// `Upgrade` is not `websocket`, or not there once (4.1 item 2).
    Upgrade,
    /// `Connection` does not list `Upgrade` (4.1 item 3).
    Connection,
    /// `Sec-WebSocket-Accept` is not what follows from the key, or not there once (4.1 item 4):
    /// who answered is no WebSocket server, or answered another request.
    Accept,
    /// The response over HTTP/2 announces a body or a length, to which the frames would be held.
    Body,
    /// The value of `Sec-WebSocket-Protocol` is not one of those that were asked for (4.1 item 6).
    Subprotocol,
    /// `Sec-WebSocket-Protocol` is there more than once (11.3.4).
    SubprotocolRepeated,
    /// `Sec-WebSocket-Extensions` uses what was not offered (4.1 item 5).
    Extensions,
    /// `Sec-WebSocket-Extensions` is empty or malformed (9.1).
    ExtensionsMalformed,
    /// The parameters of permessage-deflate answer none of the offers (RFC 7692, section 7.1).
    Deflate,
    /// permessage-deflate is accepted more than once (RFC 7692, section 5).
    DeflateRepeated,
}

impl AnswerError {
    const fn of(error: ExtensionsError) -> Self {
        match error {
            ExtensionsError::Malformed => AnswerError::ExtensionsMalformed,
            ExtensionsError::NotOffered => AnswerError::Extensions,
            ExtensionsError::Repeated => AnswerError::DeflateRepeated,
            ExtensionsError::Parameters => AnswerError::Deflate,
        }
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AnswerError::HttpVersion { found, needed } => {
                return write!(
                    f,
                    "the response is {found:?}, and this handshake needs {needed:?}"
                );
            }
            AnswerError::Upgrade => {
                "the response needs exactly one header 'Upgrade: websocket' \
                 (a proxy may have removed it)"
            }
            AnswerError::Connection => {
                "the response needs the header 'Connection: Upgrade' \
                 (a proxy may have removed it)"
            }
            AnswerError::Accept => {
                "the response needs exactly one header 'Sec-WebSocket-Accept', \
                 with the value that follows from this request's key"
            }
            AnswerError::Body => "the response announces a body or its length",
            AnswerError::Subprotocol => {
                "the value of 'Sec-WebSocket-Protocol' is not a subprotocol that was asked for"
            }
            AnswerError::SubprotocolRepeated => {
                "the response has more than one header 'Sec-WebSocket-Protocol'"
            }
            AnswerError::Extensions => "the server uses an extension that was not offered",
            AnswerError::ExtensionsMalformed => {
                "'Sec-WebSocket-Extensions' is empty or malformed (RFC 6455, section 9.1)"
            }
            AnswerError::Deflate => {
                "the server's parameters of permessage-deflate do not answer the offer \
                 (RFC 7692, section 7.1)"
            }
            AnswerError::DeflateRepeated => "the server accepts permessage-deflate more than once",
        })
    }
}

impl Error for AnswerError {}
