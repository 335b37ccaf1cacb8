//! Why there is no connection.

use std::{error, fmt, io};

use http::{HeaderName, Response, StatusCode};

use crate::handshake::AnswerError;

/// Why a connection could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The URI does not name a WebSocket endpoint (RFC 6455, section 3).
    Uri(&'static str),
    /// The URI is `wss:`, and TLS is not done here: see
    /// [`Builder::handshake`](super::Builder::handshake).
    Tls,
    /// A header was set that the handshake sets.
    Header(HeaderName),
    /// TCP could not connect, or the service failed that was to be connected to.
    Connect(io::Error),
    /// The HTTP connection failed, or what came was no HTTP response.
    Http(hyper::Error),
    /// The connection of HTTP/2 ended.
    Ended,
    /// The server answered with another status than 101, or 2xx over HTTP/2: a redirect, a
    /// demand for authentication, or a refusal (4.1). Status and headers are kept.
    Refused(Box<Response<()>>),
    /// The status accepts, but the response breaks the rules of the handshake (4.1).
    Answer(AnswerError),
    /// There was no answer within [`upgrade_timeout`](crate::Config::upgrade_timeout).
    TimedOut,
}

impl Error {
    /// The status with which the server refused, if that is what happened.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Error::Refused(response) => Some(response.status()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Uri(problem) => write!(f, "invalid WebSocket URI: {problem}"),
            Error::Tls => {
                f.write_str("wss needs TLS: connect it yourself and use Builder::handshake over it")
            }
            Error::Header(name) => write!(f, "the handshake sets the header {name} itself"),
            Error::Connect(_) => f.write_str("cannot connect"),
            Error::Ended => f.write_str("the HTTP/2 connection ended"),
            Error::Http(_) => f.write_str("the HTTP exchange failed"),
            Error::Refused(response) => {
                write!(f, "the server refused with {}", response.status())
            }
            Error::Answer(_) => f.write_str("the server's answer breaks the handshake"),
            Error::TimedOut => f.write_str("no answer within upgrade_timeout"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Connect(error) => Some(error),
            Error::Http(error) => Some(error),
            Error::Answer(error) => Some(error),
            Error::Uri(_)
            | Error::Tls
            | Error::Header(_)
            | Error::Ended
            | Error::Refused(_)
            | Error::TimedOut => None,
        }
    }
}
