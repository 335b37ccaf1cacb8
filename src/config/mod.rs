//! Limits and deadlines.

#[cfg(feature = "deflate")]
pub(crate) mod deflate;
#[cfg(not(feature = "deflate"))]
#[path = "no_deflate.rs"]
pub(crate) mod deflate;
mod subprotocol;

use std::time::Duration;

#[cfg(feature = "deflate")]
pub use deflate::DeflateConfig;
pub use subprotocol::{InvalidSubprotocol, Subprotocol};
pub(crate) use subprotocol::{is_token, is_token_byte};

/// Limits and deadlines of a connection. The defaults are meant for production.
///
/// ```
/// use std::time::Duration;
/// use tower_websock::Config;
///
/// let config = Config::new()
///     .max_message_size(64 * 1024)
///     .close_timeout(Duration::from_secs(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) max_message_size: usize,
    pub(crate) max_frame_size: usize,
    pub(crate) max_fragments: usize,
    pub(crate) write_high_water: usize,
    pub(crate) close_timeout: Duration,
    pub(crate) upgrade_timeout: Duration,
    /// permessage-deflate is negotiated if it is `Some`.
    pub(crate) deflate: Option<deflate::DeflateConfig>,
}

impl Config {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_message_size: 1 << 20,
            max_frame_size: usize::MAX,
            max_fragments: 1 << 17,
            write_high_water: 64 << 10,
            close_timeout: Duration::from_secs(5),
            upgrade_timeout: Duration::from_secs(10),
            deflate: None,
        }
    }

    /// Largest message accepted, in bytes, after reassembly.
    ///
    /// Default 1 MiB. A larger one fails the connection with 1009 as soon as a frame
    /// header announces the excess, before it is buffered (RFC 6455, section 10.4).
    pub const fn max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Largest payload of one data frame accepted, in bytes. Control frames have at most 125.
    ///
    /// Default: as [`max_message_size`](Self::max_message_size), which bounds frames too; for
    /// frames of compressed messages, whose limit is what comes out of them, none.
    /// A larger one fails the connection with 1009 at its header (RFC 6455, section 10.4).
    pub const fn max_frame_size(mut self, bytes: usize) -> Self {
        self.max_frame_size = bytes;
        self
    }

    /// Most frames that one message may consist of.
    ///
    /// Default 131,072, at least 1. More fail the connection with 1009. Fragments are joined in one
    /// buffer, so this bounds the work that a flood of empty frames makes, not memory.
    pub const fn max_fragments(mut self, frames: usize) -> Self {
        self.max_fragments = if frames == 0 { 1 } else { frames };
        self
    }

    /// Bytes queued for writing at which senders wait.
    ///
    /// Default 64 KiB, at least 1. A connection queues at most this much and one message.
    pub const fn write_high_water(mut self, bytes: usize) -> Self {
        self.write_high_water = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// How long closing may take, from our first Close frame (or our answer) to the end
    /// of the transport.
    ///
    /// Default 5 seconds. Then the transport is dropped. A handler that goes on receiving what
    /// came before the peer's Close puts off the answer for as long at most. A stream of HTTP/2
    /// whose closing handshake is done is kept for half a second at most.
    pub const fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// How long the HTTP connection may take to hand its transport over once the
    /// handshake has been answered.
    ///
    /// Default 10 seconds. It bounds the time in which the peer must take the response.
    pub const fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
