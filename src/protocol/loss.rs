//! Why a connection ended without a closing handshake.

use std::{error, fmt};

/// Why a connection was lost, in [`Error::Lost`](crate::Error::Lost).
///
/// No Close frame came from the peer, so the close code is 1006 (RFC 6455, section 7.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// The transport ended without a Close frame from the peer.
    Ended,
    /// Nothing came from the peer, not even an answer to a ping:
    /// [`Config::keep_alive`](crate::Config::keep_alive).
    NoPong,
    /// The peer took nothing of what waited to be written:
    /// [`Config::write_timeout`](crate::Config::write_timeout).
    WriteStalled,
    /// The peer did not do its part of the closing in time:
    /// [`Config::close_timeout`](crate::Config::close_timeout) and
    /// [`Config::max_close_time`](crate::Config::max_close_time).
    CloseTimedOut,
    /// This side dropped the connection: its task was aborted, or its transport was cut.
    Cut,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::Ended => "the transport ended",
            Loss::NoPong => "nothing came from the peer in time (keep_alive)",
            Loss::WriteStalled => "the peer took no output in time (write_timeout)",
            Loss::CloseTimedOut => "the peer did not close in time (close_timeout)",
            Loss::Cut => "this side dropped the connection",
        })
    }
}

impl error::Error for Loss {}
