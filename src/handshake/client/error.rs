//! What is wrong with a request to be made, and with an answer.

use std::{error::Error, fmt};

use http::{HeaderName, Version};

use crate::deflate::ExtensionsError;

/// Why there is no request for what a user asks for.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// The URI names no WebSocket endpoint (3): which part of it is wrong.
    Uri(&'static str),
    /// The handshake sets this header, or must not have it.
    Header(HeaderName),
    /// The header cannot stand as it is: why.
    InvalidHeader(HeaderName, &'static str),
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
