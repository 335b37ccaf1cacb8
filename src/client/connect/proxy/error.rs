//! Why there is no tunnel.

use std::{error, fmt, io};

use http::{Response, StatusCode};

use super::super::tls_error::TlsError;
use crate::wire::WithCauses;

/// Why there is no tunnel through a proxy.
///
/// As with [`Error`](crate::client::Error), `Display` includes the causes, and
/// [`source`](error::Error::source) is `None`. None of them shows a user or a password.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy could not be looked up or connected to. The text names its host, or each address
    /// that was tried.
    Connect(io::Error),
    /// TLS to an `https` proxy failed.
    Tls(TlsError),
    /// User and password cannot be sent. The text says why.
    Credentials(&'static str),
    /// An HTTP proxy refused: the status of its answer was not 2xx. This holds the status and the
    /// headers, such as `Proxy-Authenticate` for 407.
    Refused(Box<Response<()>>),
    /// A SOCKS proxy refused. The number is its reply's (RFC 1928, section 6).
    SocksRefused(u8),
    /// A SOCKS proxy wants a user and a password, another way to tell them, or others.
    SocksCredentials,
    /// The connection to the proxy failed, or it did not answer with an HTTP response.
    Http(hyper::Error),
    /// The connection to a SOCKS proxy failed.
    Io(io::Error),
    /// What the proxy answered breaks its protocol. The text says how.
    Answer(&'static str),
}

impl ProxyError {
    /// The status with which an HTTP proxy refused, if it did.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(response) => Some(response.status()),
            _ => None,
        }
    }

    /// Whether the proxy wants a user and a password, or others than it was told: 407 of HTTP, and
    /// the like of SOCKS.
    pub fn is_unauthorized(&self) -> bool {
        match self {
            Self::Refused(response) => {
                response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            }
            Self::SocksCredentials => true,
            _ => false,
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => {
                write!(f, "cannot connect to the proxy: {}", WithCauses(error))
            }
            Self::Tls(error) => write!(f, "no TLS to the proxy: {error}"),
            Self::Credentials(problem) => {
                write!(f, "the proxy cannot be told who asks: {problem}")
            }
            Self::Refused(response) => write!(f, "the proxy refused with {}", response.status()),
            Self::SocksRefused(reply) => {
                write!(f, "the proxy refused with {reply}: {}", of_reply(*reply))
            }
            Self::SocksCredentials => {
                f.write_str("the proxy wants a user and a password, or others")
            }
            Self::Http(error) => {
                write!(
                    f,
                    "the exchange with the proxy failed: {}",
                    WithCauses(error)
                )
            }
            Self::Io(error) => {
                write!(
                    f,
                    "the exchange with the proxy failed: {}",
                    WithCauses(error)
                )
            }
            Self::Answer(problem) => {
                write!(f, "the proxy's answer breaks its protocol: {problem}")
            }
        }
    }
}

impl error::Error for ProxyError {}

/// RFC 1928, section 6.
const fn of_reply(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reply",
    }
}
