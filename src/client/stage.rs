//! How far an opening connection has come.

use std::fmt;

/// What a connection that is being opened was waiting for; see
/// [`Error::TimedOut`](super::Error::TimedOut).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The addresses of the host.
    Lookup,
    /// A connection to one of these, or to a Unix socket.
    Connect,
    /// A proxy: a connection to it, and its answer.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The server's answer to the handshake's request.
    Answer,
}

/// As the subject of a sentence.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookup => "no address of the host",
            Self::Connect => "no connection",
            Self::Proxy => "no tunnel through the proxy",
            Self::Tls => "no end of the TLS handshake",
            Self::Answer => "no answer",
        })
    }
}
