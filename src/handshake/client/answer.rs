//! What a server answers (RFC 6455, section 4.1; RFC 8441, section 5).

use std::{error::Error, fmt};

use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};

use super::request::ClientHandshake;
use crate::{
    config::Subprotocol,
    deflate::{self, ExtensionsError},
    handshake::{accept::Agreed, key, opening::Opening},
    wire::fields::{self, Cardinality},
};

/// What a response says.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Accepted(Agreed),
    /// It is to be handled as HTTP says.
    Refused,
}

impl ClientHandshake {
    /// 4.1: reads a response.
    ///
    /// # Errors
    ///
    /// The connection is to be failed.
    pub(crate) fn check<B>(&self, response: &Response<B>) -> Result<Answer, AnswerError> {
        // 4.1 item 1: another status is to be handled as HTTP says.
        if !self.is_acceptance(response.status()) {
            return Ok(Answer::Refused);
        }
        // RFC 9110, section 7.8: 101 is an answer of HTTP/1.1.
        let (found, needed) = (response.version(), self.opening().version());
        if found != needed {
            return Err(AnswerError::HttpVersion { found, needed });
        }
        self.check_headers(response.headers()).map(Answer::Accepted)
    }

    /// Whether the status accepts: 101 (4.1 item 1), over HTTP/2 any 2xx (RFC 8441, section 5;
    /// RFC 9110, section 9.3.6).
    fn is_acceptance(&self, status: StatusCode) -> bool {
        match self.opening() {
            Opening::Upgrade => status == StatusCode::SWITCHING_PROTOCOLS,
            Opening::ExtendedConnect => status.is_success(),
        }
    }

    /// Reads the headers of a response whose status accepts.
    pub(in crate::handshake) fn check_headers(
        &self,
        headers: &HeaderMap,
    ) -> Result<Agreed, AnswerError> {
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

/// What is wrong with a response whose status accepts a handshake (RFC 6455, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// The response has another version of HTTP than the request. Only HTTP/1.1 switches protocols
    /// (RFC 9110, section 7.8), and only HTTP/2 has the CONNECT of RFC 8441.
    HttpVersion {
        /// The version of the response.
        found: Version,
        /// The version of the request.
        needed: Version,
    },
    /// There is not exactly one `Upgrade`, or it is not `websocket` (4.1 item 2).
    Upgrade,
    /// `Connection` does not list `Upgrade` (4.1 item 3).
    Connection,
    /// There is not exactly one `Sec-WebSocket-Accept`, or it does not match the key (4.1 item 4).
    /// The server does not speak WebSocket, or it answered another request.
    Accept,
    /// Over HTTP/2, the response announces a body or a length. h2 would hold the frames to it.
    Body,
    /// `Sec-WebSocket-Protocol` names a subprotocol that was not asked for (4.1 item 6).
    Subprotocol,
    /// There is more than one `Sec-WebSocket-Protocol` (11.3.4).
    SubprotocolRepeated,
    /// `Sec-WebSocket-Extensions` names an extension that was not offered (4.1 item 5).
    Extensions,
    /// `Sec-WebSocket-Extensions` is empty or malformed (9.1).
    ExtensionsMalformed,
    /// The parameters of permessage-deflate do not match any of the offers (RFC 7692, section
    /// 7.1).
    Deflate,
    /// permessage-deflate is accepted more than once (RFC 7692, section 5).
    DeflateRepeated,
}

impl AnswerError {
    pub(super) const fn of(error: ExtensionsError) -> Self {
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
